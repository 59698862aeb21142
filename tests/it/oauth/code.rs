//! The authorization code grant: the way through it, and every way around it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::browser::{Browser, Page};
use super::{CALLBACK, Client, error_of, refused};
use crate::support::channel::query_of;
use crate::support::{Answer, Channel, Setup, TestServer};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk-and-more";
const STATE: &str = "a b&c=d/ü";

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref())
}

/// The address of a good request, with some parameters changed; an empty value takes one away.
fn address(client: &Client, changes: &[(&'static str, &str)]) -> String {
    let mut pairs = vec![
        ("response_type", "code".to_owned()),
        ("client_id", client.id.clone()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("scope", "read:pets read:orders".to_owned()),
        ("state", STATE.to_owned()),
        ("code_challenge", challenge(VERIFIER)),
        ("code_challenge_method", "S256".to_owned()),
    ];
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push((name, (*value).to_owned()));
        }
    }
    format!("/oauth/authorize?{}", query_of(&pairs))
}

/// Logs in as alice and allows it: where the browser is sent.
async fn allowed(client: &Client, address: &str) -> Page {
    let mut browser = Browser::new(&client.api);
    let login = browser.get(address).await;
    assert!(login.text.contains("Log in"), "{}", login.text);
    let consent = browser.log_in(&login, "alice").await;
    assert!(consent.text.contains("Allow access?") && consent.text.contains("alice"), "{}", consent.text);
    browser.submit(&consent, &[("action", "allow")]).await
}

async fn redeem(client: &Client, code: &str, changes: &[(&str, &str)]) -> Answer {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    client.token(&pairs).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_lets_a_client_in_and_no_further() {
    let server = TestServer::demo().await;
    for client in [
        Client::public(&server, &["read:pets", "read:orders", "write:pets"]).await,
        Client::confidential(&server, &["read:pets", "read:orders", "write:pets"]).await,
    ] {
        let sent = allowed(&client, &address(&client, &[("scope", "read:orders write:pets")])).await;
        assert!(sent.location.as_deref().unwrap().starts_with("http://127.0.0.1/callback?code="));
        assert_eq!((sent.sent_one("state"), sent.sent_one("iss")), (STATE.to_owned(), server.url.clone()));
        let tokens = redeem(&client, &sent.sent_one("code"), &[]).await;
        assert_eq!((tokens.status, tokens.header("cache-control")), (200, "no-store"), "{}", tokens.body);
        let tokens = tokens.body;
        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(86_400)));
        assert_eq!(tokens["scope"], "read:orders", "alice is not of the staff, and so no client of hers is");
        let app = client.bearer(&tokens);
        assert_eq!(app.get("/v1/orders").await.status, 200);
        assert_eq!(app.get("/v1/users/me").await.status, 400, "there is no such id");
        assert_eq!(app.post("/v1/pets", json!({})).await.status, 403);
        assert_eq!(app.delete("/v1/pets/019b4132-70aa-764f-b315-e2803d882a24").await.status, 403);
        assert_eq!(app.get("/v1/inventory").await.status, 403, "read:pets was not asked for");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_good_once_and_a_second_use_takes_back_what_it_gave() {
    let server = TestServer::demo().await;
    let client = Client::public(&server, &["read:pets", "read:orders"]).await;
    let code = allowed(&client, &address(&client, &[])).await.sent_one("code");
    let other = Client::public(&server, &["read:pets", "read:orders"]).await;
    for (what, answer) in [
        ("another client", redeem(&other, &code, &[]).await),
        ("PKCE left out", redeem(&client, &code, &[("code_verifier", "")]).await),
        ("another verifier", redeem(&client, &code, &[("code_verifier", &"x".repeat(43))]).await),
        (
            "the challenge for the verifier",
            redeem(&client, &code, &[("code_verifier", &challenge(VERIFIER))]).await,
        ),
        (
            "another redirect URI",
            redeem(&client, &code, &[("redirect_uri", "http://127.0.0.1:1/callback")]).await,
        ),
        ("no redirect URI", redeem(&client, &code, &[("redirect_uri", "")]).await),
        ("another code", redeem(&client, "x", &[]).await),
    ] {
        assert_eq!(error_of(&answer), refused(400, "invalid_grant"), "{what}");
    }
    let tokens = redeem(&client, &code, &[]).await.result().unwrap();
    let app = client.bearer(&tokens);
    let listener = Channel::Sse.listen(&app, &["orders"], None).await.unwrap();
    assert_eq!(error_of(&redeem(&client, &code, &[]).await), refused(400, "invalid_grant"));
    assert_eq!(listener.ended("the stream of a replayed code").await.code, "token_revoked");
    assert_eq!(app.get("/v1/orders").await.refusal().code, "token_revoked");
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(error_of(&client.token(&refresh).await), refused(400, "invalid_grant"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_ends_soon() {
    let clock = petstore::clock::Clock::manual(1_790_000_000_000);
    let server = Setup::demo().clock(&clock).start().await;
    let client = Client::public(&server, &["read:pets", "read:orders"]).await;
    let code = allowed(&client, &address(&client, &[])).await.sent_one("code");
    clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(error_of(&redeem(&client, &code, &[]).await), refused(400, "invalid_grant"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_sent_where_the_client_has_not_registered() {
    let server = TestServer::demo().await;
    let client = Client::public(&server, &["read:pets", "read:orders"]).await;
    let mut browser = Browser::new(&client.api);
    for bad in [
        "https://evil.example/callback",
        "http://127.0.0.1/callback/../evil",
        "http://127.0.0.1/callback?x=1",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "//evil.example",
        "javascript:alert(1)",
        "/callback",
    ] {
        let page = browser.get(&address(&client, &[("redirect_uri", bad)])).await;
        assert_eq!((page.status, page.location), (400, None), "{bad}");
    }
    for (name, value) in [("client_id", "nobody"), ("client_id", "")] {
        let page = browser.get(&address(&client, &[(name, value)])).await;
        assert_eq!((page.status, page.location), (400, None), "{name}={value}");
    }
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", address(&client, &[]));
    let page = browser.get(&twice).await;
    assert_eq!((page.status, page.location), (400, None), "a parameter that is there twice");

    // The port of a loopback address is the application's choice, at the moment it runs (RFC 8252 §7.3).
    let loopback = address(&client, &[("redirect_uri", "http://127.0.0.1:49152/callback")]);
    assert!(
        allowed(&client, &loopback)
            .await
            .location
            .unwrap()
            .starts_with("http://127.0.0.1:49152/callback?code=")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_else_is_wrong_the_client_is_told_at_its_own_address() {
    let server = TestServer::demo().await;
    let client = Client::public(&server, &["read:pets", "read:orders"]).await;
    let mut browser = Browser::new(&client.api);
    for (changes, error) in [
        (&[("response_type", "token")][..], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (&[("scope", "root")], "invalid_scope"),
        (&[("scope", "admin")], "invalid_scope"),
    ] {
        let page = browser.get(&address(&client, changes)).await;
        assert_eq!(page.status, 303, "{changes:?}: {}", page.text);
        assert!(page.location.as_deref().unwrap().starts_with("http://127.0.0.1/callback?"));
        let told = (page.sent_one("error"), page.sent_one("state"), page.sent_one("iss"));
        assert_eq!(told, (error.to_owned(), STATE.to_owned(), server.url.clone()), "{changes:?}");
    }
    let login = browser.get(&address(&client, &[])).await;
    let consent = browser.log_in(&login, "alice").await;
    assert!(
        consent.answer.header("content-security-policy").contains("form-action 'self' http://127.0.0.1;")
    );
    let denied = browser.submit(&consent, &[("action", "deny")]).await;
    assert_eq!(denied.sent_one("error"), "access_denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_site_can_send_the_forms() {
    let server = TestServer::demo().await;
    let client = Client::public(&server, &["read:pets", "read:orders"]).await;
    let mut browser = Browser::new(&client.api);
    let login = browser.get(&address(&client, &[])).await;
    let mut stranger = Browser::new(&client.api);
    let theirs = stranger.get(&address(&client, &[])).await;
    for token in ["", "x", theirs.token.as_str()] {
        let pairs = [
            ("form_token", token),
            ("session", "login"),
            ("username", "alice"),
            ("password", "petstore-demo"),
        ];
        let pairs = pairs.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(browser.post(&login.action, &pairs).await.status, 403, "{token:?}");
    }
    let wrong = [("session", "login"), ("username", "alice"), ("password", "not-the-password")];
    let again = browser.submit(&login, &wrong).await;
    assert!(again.status == 403 && again.text.contains("The user name or the password is wrong."));
    assert!(again.text.contains("value=\"alice\"") && !again.text.contains("not-the-password"));
    let consent = browser.log_in(&again, "alice").await;
    // The token of before the login is of no use after it.
    let stale = Page { action: consent.action.clone(), ..login };
    assert_eq!(browser.submit(&stale, &[("action", "allow")]).await.status, 403);
    // Nor is the cookie, once its user has logged out everywhere.
    let alice = server.user("alice").await;
    assert_eq!(alice.delete("/v1/auth/tokens?all=true").await.status, 204);
    let sent = browser.submit(&consent, &[("action", "allow")]).await;
    assert_eq!(sent.location, Some(consent.action.clone()), "to log in again");
    assert!(browser.get(&consent.action).await.text.contains("Log in"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_refreshes_its_own_tokens_alone() {
    let server = TestServer::demo().await;
    let client = Client::confidential(&server, &["read:pets", "read:orders"]).await;
    let code = allowed(&client, &address(&client, &[])).await.sent_one("code");
    let tokens = redeem(&client, &code, &[]).await.result().unwrap();
    let form = |tokens: &Value| {
        [
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap().to_owned()),
        ]
    };
    let refresh = async |client: &Client, tokens: &Value, more: &[(&str, &str)]| {
        let form = form(tokens);
        let mut pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        pairs.extend_from_slice(more);
        client.token(&pairs).await
    };
    let other = Client::confidential(&server, &["read:pets", "read:orders"]).await;
    assert_eq!(error_of(&refresh(&other, &tokens, &[]).await), refused(400, "invalid_grant"));
    let own =
        server.anonymous().post("/v1/auth/tokens", json!({ "refreshToken": tokens["refresh_token"] })).await;
    assert_eq!(own.status, 401, "a client's refresh token is no user's");
    let wider = refresh(&client, &tokens, &[("scope", "read:pets write:pets")]).await;
    assert_eq!(error_of(&wider), refused(400, "invalid_scope"));
    let narrow = refresh(&client, &tokens, &[("scope", "read:pets")]).await.result().unwrap();
    assert_eq!(narrow["scope"], "read:pets");
    assert_eq!(client.bearer(&narrow).get("/v1/orders").await.status, 403);
    let whole =
        client.post("/refresh", &[("refresh_token", narrow["refresh_token"].as_str().unwrap())]).await;
    let whole = whole.result().unwrap();
    assert_eq!(whole["scope"], "read:pets read:orders", "narrowing is for one token");
    assert_eq!(error_of(&refresh(&client, &tokens, &[]).await), refused(400, "invalid_grant"), "used twice");
    assert_eq!(client.bearer(&whole).get("/v1/orders").await.refusal().code, "token_revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_may_change_the_user_cannot_take_the_account_over() {
    let server = TestServer::demo().await;
    let client = Client::public(&server, &["read:user", "write:user"]).await;
    let sent = allowed(&client, &address(&client, &[("scope", "read:user write:user")])).await;
    let tokens = redeem(&client, &sent.sent_one("code"), &[]).await.result().unwrap();
    let (app, alice, bob) = (client.bearer(&tokens), server.user("alice").await, server.user("bob").await);
    let own = format!("/v1/users/{}", alice.user_id());
    for (field, value) in [("password", "another-secret"), ("email", "evil@example.com")] {
        let refusal = app.put(&own, json!({ field: value })).await.refusal();
        assert_eq!((refusal.status, refusal.code.as_str()), (Some(403), "forbidden"), "{refusal:?}");
        assert!(refusal.text.contains(field), "it names {field}: {refusal:?}");
    }
    let others = app.put(&format!("/v1/users/{}", bob.user_id()), json!({ "lastName": "X" })).await;
    assert_eq!(others.status, 403);
    assert_eq!(app.delete(&own).await.status, 403);
    assert_eq!(app.put(&own, json!({ "lastName": "Doe" })).await.result().unwrap()["lastName"], "Doe");
    assert_eq!(alice.get(&own).await.status, 200);

    let admin = server.user("admin").await;
    let refusal = admin.delete(&format!("/v1/users/{}", admin.user_id())).await.refusal();
    assert_eq!((refusal.status, refusal.code.as_str()), (Some(409), "own_account"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_to_become_a_login_ends_with_the_logins() {
    let server = TestServer::demo().await;
    let client = Client::public(&server, &["read:pets", "read:orders"]).await;
    let code = allowed(&client, &address(&client, &[])).await.sent_one("code");
    let alice = server.user("alice").await;
    assert_eq!(alice.delete("/v1/auth/tokens?all=true").await.status, 204);
    assert_eq!(error_of(&redeem(&client, &code, &[]).await), refused(400, "invalid_grant"));

    // A refresh token that was exchanged still ends its login when it is given back.
    let code = allowed(&client, &address(&client, &[])).await.sent_one("code");
    let first = redeem(&client, &code, &[]).await.result().unwrap();
    let rotated = first["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", rotated)];
    let second = client.token(&form).await.result().unwrap();
    let app = client.bearer(&second);
    assert_eq!(app.get("/v1/orders").await.status, 200);
    assert_eq!(client.post("/oauth/revoke", &[("token", rotated)]).await.status, 200);
    assert_eq!(app.get("/v1/orders").await.refusal().code, "token_revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_narrowed_or_gone_loses_its_users_connections_too() {
    let server = TestServer::demo().await;
    let client = Client::public(&server, &["read:pets", "read:orders"]).await;
    let code = allowed(&client, &address(&client, &[])).await.sent_one("code");
    let tokens = redeem(&client, &code, &[]).await.result().unwrap();
    let app = client.bearer(&tokens);
    let listener = Channel::WebSocket.listen(&app, &["orders"], None).await.unwrap();
    let admin = server.user("admin").await;
    let path = format!("/v1/admin/oauth-clients/{}", client.id);
    admin.patch(&path, json!({ "name": "Renamed" })).await.result().unwrap();
    assert_eq!(app.get("/v1/orders").await.status, 200, "a name is no right");
    admin.patch(&path, json!({ "scopes": ["read:pets"] })).await.result().unwrap();
    assert_eq!(listener.ended("the socket of a narrowed client").await.text, "token_revoked");
    let form =
        [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(error_of(&client.token(&form).await), refused(400, "invalid_grant"));
}
