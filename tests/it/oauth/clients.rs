//! Clients that act for themselves, ask about tokens, give them back, and are taken away.

use http::Method;
use serde_json::json;

use super::{CALLBACK, Client, error_of, refused};
use crate::support::{Channel, Setup, TestServer};

const CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_acts_for_itself_within_its_scopes() {
    let server = TestServer::demo().await;
    let client =
        Client::confidential(&server, &["read:pets", "write:pets", "write:orders", "read:orders"]).await;
    let tokens = client.post("/token", &[CREDENTIALS]).await.result().unwrap();
    assert!(tokens.get("refresh_token").is_none());
    let backend = client.bearer(&tokens);
    backend.create_pet("Rex").await;
    let fewer = client.token(&[CREDENTIALS, ("scope", "read:pets")]).await.result().unwrap();
    assert_eq!(fewer["scope"], "read:pets");
    assert_eq!(
        client
            .bearer(&fewer)
            .post("/v1/pets", json!({"name":"A","species":"DOG","ageMonths":1,"price":"1.00"}))
            .await
            .status,
        403
    );
    assert_eq!(client.bearer(&fewer).get("/v1/orders").await.status, 403);
    for (form, error) in [
        (&[CREDENTIALS, ("scope", "admin")][..], "invalid_scope"),
        (&[("grant_type", "password"), ("username", "alice")], "unsupported_grant_type"),
        (&[("grant_type", "")], "invalid_request"),
        (&[CREDENTIALS, CREDENTIALS], "invalid_request"),
        (&[("grant_type", "authorization_code")], "invalid_request"),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")], "invalid_grant"),
    ] {
        assert_eq!(error_of(&client.token(form).await), refused(400, error), "{form:?}");
    }
    let wrong = Client { secret: Some("wrong".into()), id: client.id.clone(), api: client.api.clone() };
    let none = Client { secret: None, id: client.id.clone(), api: client.api.clone() };
    let unknown = Client { secret: None, id: "nobody".into(), api: client.api.clone() };
    for client in [&wrong, &none, &unknown] {
        assert_eq!(error_of(&client.token(&[CREDENTIALS]).await), refused(401, "invalid_client"));
    }
    let public = Client::public(&server, &["read:pets"]).await;
    assert_eq!(error_of(&public.token(&[CREDENTIALS]).await), refused(400, "unauthorized_client"));
    let json = client.api.post("/oauth/token", json!({ "grant_type": "client_credentials" })).await;
    assert_eq!(error_of(&json), refused(400, "invalid_request"), "a form it must be");
    let twice =
        client.api.request(Method::POST, "/oauth/token").basic_auth(&client.id, client.secret.as_ref());
    let twice = twice.basic_auth(&client.id, client.secret.as_ref()).body("grant_type=client_credentials");
    let twice = client.api.send(twice.header("content-type", "application/x-www-form-urlencoded")).await;
    assert_eq!(error_of(&twice), refused(400, "invalid_request"), "two Authorization headers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_asked_about_and_given_back() {
    let server = TestServer::demo().await;
    let client = Client::confidential(&server, &["read:pets", "read:orders"]).await;
    let tokens = client.token(&[CREDENTIALS]).await.result().unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    let about = client.post("/oauth/introspect", &[("token", access)]).await.result().unwrap();
    assert_eq!((&about["active"], &about["client_id"]), (&json!(true), &json!(client.id)));
    assert_eq!((&about["scope"], &about["iss"]), (&json!("read:pets read:orders"), &json!(server.url)));
    assert_eq!(about["token_type"], "Bearer");
    let alice = server.user("alice").await;
    let hers = client
        .post("/oauth/introspect", &[("token", alice.token.as_deref().unwrap())])
        .await
        .result()
        .unwrap();
    assert_eq!((&hers["username"], &hers["sub"]), (&json!("alice"), &json!(alice.user_id())));
    for (token, status) in [("x", 200), ("", 400)] {
        let answer = client.post("/oauth/introspect", &[("token", token)]).await;
        assert_eq!(answer.status, status);
        assert!(
            status == 400 || answer.body == json!({ "active": false }),
            "and nothing else: {}",
            answer.body
        );
    }
    let public = Client::public(&server, &["read:pets"]).await;
    let curious = public.post("/oauth/introspect", &[("token", access)]).await;
    assert_eq!(error_of(&curious), refused(401, "invalid_client"));

    let theirs = client.post("/oauth/revoke", &[("token", alice.token.as_deref().unwrap())]).await;
    assert_eq!(error_of(&theirs), refused(400, "unauthorized_client"));
    assert_eq!(client.post("/oauth/revoke", &[("token", "x")]).await.status, 200, "RFC 7009 §2.2");
    let listener = Channel::WebSocket.listen(&client.bearer(&tokens), &["orders"], None).await.unwrap();
    assert_eq!(client.post("/oauth/revoke", &[("token", access)]).await.status, 200);
    assert_eq!(listener.ended("a revoked token's connection").await.text, "token_revoked");
    let about = client.post("/oauth/introspect", &[("token", access)]).await.result().unwrap();
    assert_eq!(about, json!({ "active": false }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_keep_the_clients() {
    let server = TestServer::demo().await;
    let admin = server.user("admin").await;
    let path = "/v1/admin/oauth-clients";
    let bad = json!({ "name": "", "redirectUris": ["http://a.example/"], "grantTypes": ["magic"], "scopes": ["root"] });
    let refusal = admin.post(path, bad).await.refusal();
    assert_eq!(refusal.fields, ["name", "grantTypes[0]", "scopes[0]", "redirectUris[0]"], "{refusal:?}");
    let client = Client::confidential(&server, &["read:pets", "read:orders"]).await;
    let tokens = client.token(&[CREDENTIALS]).await.result().unwrap();
    let app = client.bearer(&tokens);
    let own = format!("{path}/{}", client.id);
    let known = admin.get(&own).await.result().unwrap();
    assert!(known.get("secret").is_none() && known["redirectUris"] == json!([CALLBACK]), "{known}");
    assert_eq!(admin.get(path).await.result().unwrap()["data"][0], known);
    let patch = crate::support::api::with_json(
        admin.request(Method::PATCH, &own),
        &json!({ "scopes": ["read:pets"] }),
    );
    assert_eq!(admin.send(patch).await.result().unwrap()["scopes"], json!(["read:pets"]));
    assert_eq!(app.get("/v1/orders").await.refusal().code, "token_revoked", "it went further");
    let fewer = client.token(&[CREDENTIALS]).await.result().unwrap();
    assert_eq!(fewer["scope"], "read:pets");
    let app = client.bearer(&fewer);
    let listener = Channel::Sse.listen(&app, &["pets"], None).await.unwrap();
    assert_eq!(admin.delete(&own).await.status, 204);
    assert_eq!(listener.ended("a deleted client's stream").await.code, "token_revoked");
    assert_eq!(app.get("/v1/orders").await.refusal().code, "token_revoked");
    assert_eq!(error_of(&client.token(&[CREDENTIALS]).await), refused(401, "invalid_client"));
    assert_eq!(admin.get(&own).await.status, 404);
    let rows = "SELECT action FROM audit WHERE entity_type = 'OAUTH_CLIENTS' ORDER BY id";
    let rows = server.database().await.texts(rows).await;
    assert_eq!(
        rows,
        [
            "OAUTH_CLIENT_CREATED",
            "TOKEN_ISSUED",
            "OAUTH_CLIENT_UPDATED",
            "TOKEN_ISSUED",
            "OAUTH_CLIENT_DELETED"
        ]
    );
    let kept =
        server.database().await.texts("SELECT after FROM audit WHERE action = 'OAUTH_CLIENT_CREATED'").await;
    assert!(!kept[0].contains(client.secret.as_deref().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_the_settings_are_there_from_the_start() {
    let secret = "a-secret-of-at-least-32-characters";
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("petstore.toml");
    let text = format!(
        "[[oauth.clients]]\nid = \"nightly\"\nname = \"Nightly\"\nsecret = \"{secret}\"\n\
         grant_types = [\"client_credentials\"]\nscopes = [\"read:pets\"]\n"
    );
    std::fs::write(&file, &text).unwrap();
    let settings = petstore::config::Settings::load(Some(&file), std::iter::empty(), Vec::new()).unwrap();
    assert!(!format!("{settings:?}").contains(secret));
    let server = Setup::demo().clients(settings.oauth.clients).start().await;
    let client = Client { id: "nightly".into(), secret: Some(secret.into()), api: server.anonymous() };
    let tokens = client.token(&[CREDENTIALS]).await.result().unwrap();
    assert_eq!(client.bearer(&tokens).get("/v1/inventory").await.status, 200);

    std::fs::write(&file, text.replace("id = ", "idd = ")).unwrap();
    let refused = petstore::config::Settings::load(Some(&file), std::iter::empty(), Vec::new()).unwrap_err();
    assert!(
        refused.to_string().contains("oauth.clients") && !refused.to_string().contains(secret),
        "{refused}"
    );
}
