//! The door: guesses, floods, bad passwords, the mode without one, and what the log must not tell.

use std::time::{Duration, Instant};

use petstore::clock::Clock;
use serde_json::{Value, json};

use crate::support::api::DEMO_PASSWORD as DEMO;
use crate::support::binary::Binary;
use crate::support::socketio::{Socket, Transport};
use crate::support::websocket::Connection;
use crate::support::{Answer, Api, Channel, Setup, TestServer, graphql};

async fn try_in(api: &Api, username: &str, password: &str) -> Answer {
    api.post("/v1/auth/tokens", json!({ "username": username, "password": password })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_locked_after_too_many_guesses_and_opens_by_time() {
    let clock = Clock::manual(1_790_000_000_000);
    let server = Setup::demo()
        .clock(&clock)
        .set("auth.login_failures_per_account", 3)
        .set("auth.login_lock_s", 600)
        .start()
        .await;
    let anonymous = server.anonymous();
    for name in ["alice", "nobody-of-that-name"] {
        for _ in 0..3 {
            assert_eq!(
                try_in(&anonymous, name, "not-the-password").await.refusal().code,
                "wrong_credentials"
            );
        }
        let locked = try_in(&anonymous, name, DEMO).await;
        assert_eq!(
            (locked.status, locked.header("retry-after")),
            (429, "600"),
            "{name}: the same, known or not"
        );
    }
    let mail = try_in(&anonymous, "ALICE@example.com", DEMO).await;
    assert_eq!(mail.status, 429, "one account, whatever it is called");
    assert_eq!(try_in(&anonymous, "bob", DEMO).await.status, 200, "others come in");
    clock.advance(Duration::from_secs(600));
    assert_eq!(try_in(&anonymous, "alice", DEMO).await.status, 200);
    let audit = "SELECT action || ' ' || coalesce(entity_type, '-') FROM audit WHERE action LIKE 'LOGIN%' ORDER BY id";
    let noted = server.database().await.texts(audit).await;
    // The first failure of each account, and each lock.
    assert_eq!(noted, ["LOGIN_FAILED USERS", "LOGIN_LOCKED USERS", "LOGIN_FAILED -", "LOGIN_LOCKED -"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_locked_after_too_many_guesses() {
    let server = Setup::demo().set("auth.login_failures_per_address", 5).start().await;
    let anonymous = server.anonymous();
    for number in 0..5 {
        assert_eq!(try_in(&anonymous, &format!("name-{number}"), "not-the-password").await.status, 401);
    }
    assert_eq!(try_in(&anonymous, "bob", DEMO).await.status, 429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_logins_does_not_hold_up_orders() {
    let server = Setup::demo()
        .set("auth.argon2_memory_kib", 19_456)
        .set("auth.argon2_iterations", 2)
        .set("auth.hash_concurrency", 1)
        .set("auth.hash_queue", 8)
        .set("auth.login_failures_per_address", 1_000_000)
        .start()
        .await;
    let staff = server.user("staff").await;
    let pet = staff.create_pet("Rex").await;
    let flood: Vec<_> = (0..64)
        .map(|number| {
            let anonymous = server.anonymous();
            tokio::spawn(async move {
                try_in(&anonymous, &format!("name-{number}"), "not-the-password").await.status
            })
        })
        .collect();
    let since = Instant::now();
    staff.place_order_of(&pet).await;
    let took = since.elapsed();
    let mut answers = Vec::new();
    for login in flood {
        answers.push(login.await.unwrap());
    }
    assert!(answers.iter().all(|status| matches!(status, 401 | 429)), "{answers:?}");
    assert!(answers.contains(&429), "the queue is bounded: {answers:?}");
    assert!(took < Duration::from_secs(2), "an order took {took:?} beside a flood of logins");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_everyone_tries_is_not_taken() {
    let server = Setup::empty().start().await;
    let sign_up = async |username: &str, password: &str| {
        let email = format!("{username}@example.com");
        let body = json!({ "username": username, "email": email, "password": password });
        server.anonymous().post("/v1/users", body).await
    };
    for (password, code) in [
        ("short", "length"),
        ("Password1", "too_common"),
        ("12345678", "too_common"),
        ("i-am-margaret!", "contains_name"),
    ] {
        let answer = sign_up("margaret", password).await;
        assert_eq!(
            (answer.status, &answer.body["errors"][0]["code"]),
            (422, &json!(code)),
            "{}",
            answer.body
        );
        assert!(!answer.body.to_string().contains(password), "a refusal does not repeat it");
    }
    assert_eq!(sign_up("margaret", "three green bicycles").await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_open_mode_takes_any_bearer_for_staff_and_says_so() {
    let server = Binary::start(&[("PETSTORE_AUTH", "open")]).await;
    let banner = server.banner.join("\n");
    assert!(banner.contains("WARNING") && banner.contains("--auth open"), "{banner}");
    let tenant = "550e8400-e29b-41d4-a716-446655440000";
    let anyone = server.anonymous().with_token("whatever-a-learner-sends");
    assert_eq!(anyone.create_pet("Rex").await["tenantId"], Value::Null);
    assert_eq!(anyone.in_tenant(tenant).create_pet("Rex").await["tenantId"], tenant);
    assert_eq!(anyone.get("/v1/orders").await.status, 200, "staff of the pool");
    assert_eq!(anyone.get("/v1/admin/oauth-clients").await.status, 403, "and no more than staff");
    assert_eq!(server.anonymous().get("/v1/orders").await.status, 401, "without one nobody");
    // Tokens of the server are what they say, and what was revoked is anyone's text again.
    let alice = server.anonymous().log_in("alice").await;
    assert_eq!(alice.post("/v1/pets", json!({})).await.status, 403);

    let strict = Binary::start(&[]).await;
    assert!(!strict.banner.join("\n").contains("WARNING"));
    assert_eq!(strict.anonymous().with_token("whatever").get("/v1/pets").await.status, 401);
}

/// Uses every way to send a secret, and gives back all that were used.
async fn use_secrets(url: &str) -> Vec<String> {
    let anonymous = Api::anonymous(url);
    let mut secrets =
        vec![DEMO.to_owned(), "wrong-secret-4711".to_owned(), "three purple bicycles".to_owned()];
    let tokens = try_in(&anonymous, "alice", DEMO).await.result().unwrap();
    assert_eq!(try_in(&anonymous, "alice", "wrong-secret-4711").await.status, 401);
    let body =
        json!({ "username": "secretive", "email": "s@example.com", "password": "three purple bicycles" });
    let signed_up = anonymous.post("/v1/users", body).await.result().unwrap();
    let refreshed =
        anonymous.post("/v1/auth/tokens", json!({ "refreshToken": tokens["refreshToken"] })).await;
    let refreshed = refreshed.result().unwrap();
    for answer in [&tokens, &signed_up, &refreshed] {
        secrets.extend(["token", "refreshToken"].map(|field| answer[field].as_str().unwrap().to_owned()));
    }
    let alice = anonymous.with_token(refreshed["token"].as_str().unwrap());
    for channel in Channel::ALL {
        channel.listen(&alice, &["orders"], None).await.unwrap();
    }
    let mut connection = Connection::open(&alice).await.unwrap();
    connection.ask(json!({ "op": "auth", "token": alice.token }).to_string()).await.unwrap();
    connection.ask(json!({ "op": "auth", "token": "wrong-secret-4711" }).to_string()).await.unwrap();
    let mut socket = Socket::connect(&alice, Transport::Polling).await.unwrap();
    socket.call("authenticate", &[json!({ "token": alice.token })]).await.unwrap();
    drop(graphql::Connection::open(&alice).await.unwrap());
    let webhook = json!({ "url": "https://example.com/hook", "eventTypes": ["order.created"] });
    let webhook = alice.post("/v1/webhook-endpoints", webhook).await.result().unwrap();
    secrets.push(webhook["secret"].as_str().unwrap().to_owned());
    let admin = anonymous.log_in("admin").await;
    secrets.push(admin.token.clone().unwrap());
    let client =
        json!({ "name": "Secretive", "grantTypes": ["client_credentials"], "scopes": ["read:pets"] });
    let client = admin.post("/v1/admin/oauth-clients", client).await.result().unwrap();
    secrets.push(client["secret"].as_str().unwrap().to_owned());
    let (id, secret) = (client["id"].as_str().unwrap(), client["secret"].as_str().unwrap());
    for (secret, status) in [(secret, 200), ("wrong-secret-4711", 401)] {
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let pairs: Vec<(&str, String)> = form.map(|(name, value)| (name, value.to_owned())).to_vec();
        let request = anonymous
            .request(http::Method::POST, "/oauth/token")
            .body(crate::support::channel::query_of(&pairs));
        let answer =
            anonymous.send(request.header("content-type", "application/x-www-form-urlencoded")).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        secrets.extend(answer.body["access_token"].as_str().map(str::to_owned));
    }
    let card = json!({ "amount": "75.00", "currency": "USD", "source": { "object": "card", "name": "Alice",
        "number": "4242424242424242", "cvc": "987", "expMonth": 12, "expYear": 2099 } });
    let order = alice.place_order_of(&admin.create_pet("Rex").await).await;
    alice
        .post(&format!("/v1/orders/{}/payment", order["id"].as_str().unwrap()), card)
        .await
        .result()
        .unwrap();
    secrets.push("4242424242424242".to_owned());
    assert_eq!(alice.delete("/v1/auth/tokens").await.status, 204);
    secrets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_ever_in_the_log() {
    for format in ["json", "text"] {
        let env: [(&'static str, &'static str); 2] =
            [("PETSTORE_LOG_FILTER", "trace"), ("PETSTORE_LOG_FORMAT", format)];
        let mut server = Binary::start(&env).await;
        let secrets = use_secrets(&server.url).await;
        server.terminate().await;
        assert!(server.exit().await.success());
        let log = server.log.lock().join("\n");
        assert!(log.lines().count() > 20 && log.contains("/oauth/token"), "the log tells what happened");
        for secret in &secrets {
            // The signature of a token alone is of no use, and its first two parts are.
            let telling = secret.rsplit_once('.').map_or(secret.as_str(), |(signed, _)| signed);
            let line = log.lines().find(|line| line.contains(telling));
            assert!(line.is_none(), "{format}: a secret is in the log: {line:?}");
        }
        assert!(secrets.len() > 12);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verified_token_is_remembered_only_while_it_is_good() {
    let clock = Clock::manual(1_790_000_000_000);
    let server =
        Setup::demo().clock(&clock).set("auth.token_ttl_s", 60).set("auth.verified_tokens", 2).start().await;
    let mut users = Vec::new();
    for name in ["alice", "bob", "staff", "admin"] {
        users.push(server.user(name).await);
    }
    for _ in 0..3 {
        for user in &users {
            assert_eq!(user.get("/v1/orders").await.status, 200);
        }
    }
    clock.advance(Duration::from_secs(60));
    for user in &users {
        assert_eq!(user.get("/v1/orders").await.refusal().code, "token_expired");
    }
    let _: &TestServer = &server;
}
