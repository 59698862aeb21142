//! A login that ends takes its tokens and its open connections with it, on every channel, within a second.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::channel::Listener;
use crate::support::socketio::{Socket, Transport};
use crate::support::websocket::Connection;
use crate::support::{Api, Channel, TestServer};

/// What issue 4 promises.
const AT_ONCE: Duration = Duration::from_secs(1);

async fn everywhere(api: &Api) -> Vec<(Channel, Listener)> {
    let mut listeners = Vec::new();
    for channel in Channel::STREAMING {
        listeners.push((channel, channel.listen(api, &["orders"], None).await.unwrap()));
    }
    listeners
}

async fn all_end(what: &str, since: Instant, listeners: &[(Channel, Listener)]) {
    for (channel, listener) in listeners {
        let end = listener.ended(&format!("{what}: the end of {channel:?}")).await;
        match channel {
            Channel::WebSocket | Channel::GraphQlWs => {
                assert_eq!(
                    (end.status, end.text.as_str()),
                    (Some(4401), "token_revoked"),
                    "{what}: {channel:?}"
                );
            }
            _ => assert_eq!(end.code, "token_revoked", "{what}: {channel:?}: {end:?}"),
        }
    }
    assert!(since.elapsed() < AT_ONCE, "{what}: it took {:?}", since.elapsed());
}

async fn tokens_of(server: &TestServer, name: &str) -> (Api, Value) {
    let body = json!({ "username": name, "password": "petstore-demo" });
    let answer = server.anonymous().post("/v1/auth/tokens", body).await.result().unwrap();
    (server.anonymous().with_token(answer["token"].as_str().unwrap()), answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_ends_one_login_on_every_channel() {
    let server = TestServer::demo().await;
    let (first, tokens) = tokens_of(&server, "alice").await;
    let second = server.user("alice").await;
    let (ending, staying) = (everywhere(&first).await, everywhere(&second).await);
    let since = Instant::now();
    assert_eq!(first.delete("/v1/auth/tokens").await.status, 204);
    all_end("logout", since, &ending).await;

    let refused = first.get("/v1/orders").await;
    assert_eq!((refused.status, refused.refusal().code.as_str()), (401, "token_revoked"));
    assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""));
    let refresh = json!({ "refreshToken": tokens["refreshToken"] });
    assert_eq!(first.post("/v1/auth/tokens", refresh).await.status, 401);
    for (channel, listener) in &staying {
        assert!(listener.events().is_empty(), "{channel:?} goes on");
    }
    assert_eq!(second.get("/v1/orders").await.status, 200);

    // Every login at once, and the revocations outlive the process.
    let since = Instant::now();
    assert_eq!(second.delete("/v1/auth/tokens?all=true").await.status, 204);
    all_end("logout everywhere", since, &staying).await;
    let third = server.user("alice").await;
    let server = server.restart().await;
    for (token, status) in [(&first, 401), (&second, 401), (&third, 200)] {
        assert_eq!(token.get("/v1/orders").await.status, status);
    }
    assert_eq!(server.anonymous().delete("/v1/auth/tokens").await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_and_a_new_password_end_every_login_on_every_channel() {
    let server = TestServer::demo().await;
    let (alice, bob, admin) =
        (server.user("alice").await, server.user("bob").await, server.user("admin").await);
    let listeners = everywhere(&alice).await;
    let staying = everywhere(&bob).await;
    let since = Instant::now();
    let path = format!("/v1/admin/users/{}/status", alice.user_id());
    admin.patch(&path, json!({ "status": "SUSPENDED" })).await.result().unwrap();
    all_end("suspension", since, &listeners).await;
    assert_eq!(alice.get("/v1/orders").await.refusal().code, "token_revoked");
    for (channel, listener) in &staying {
        assert!(listener.events().is_empty(), "{channel:?} of another user goes on");
    }
    // Not from the call on: the new password is hashed first, which takes its time.
    let own = format!("/v1/users/{}", bob.user_id());
    bob.put(&own, json!({ "password": "another-secret" })).await.result().unwrap();
    all_end("a new password", Instant::now(), &staying).await;
    assert_eq!(bob.get("/v1/orders").await.refusal().code, "token_revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_that_is_used_twice_ends_everything_that_came_of_it() {
    let server = TestServer::demo().await;
    let (stolen, tokens) = tokens_of(&server, "alice").await;
    let anonymous = server.anonymous();
    let refresh = async |tokens: &Value| {
        anonymous.post("/v1/auth/tokens", json!({ "refreshToken": tokens["refreshToken"] })).await
    };
    let newer = refresh(&tokens).await.result().unwrap();
    let theirs = anonymous.with_token(newer["token"].as_str().unwrap());
    let listeners = everywhere(&theirs).await;
    let since = Instant::now();
    assert_eq!(refresh(&tokens).await.status, 401);
    all_end("refresh reuse", since, &listeners).await;
    assert_eq!(theirs.get("/v1/orders").await.refusal().code, "token_revoked");
    assert_eq!(stolen.get("/v1/orders").await.refusal().code, "token_revoked");
    assert_eq!(refresh(&newer).await.status, 401);
    let actions = server.database().await.texts("SELECT action FROM audit ORDER BY id DESC LIMIT 1").await;
    assert_eq!(actions, ["REFRESH_TOKEN_REUSED"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_renewed_in_band_and_keeps_its_subscriptions() {
    let server = TestServer::demo().await;
    let (first, bob, staff) =
        (server.user("alice").await, server.user("bob").await, server.user("staff").await);
    let second = server.user("alice").await;
    let mut websocket = Connection::open(&first).await.unwrap();
    websocket.subscribe("s1", &["orders"], None).await.unwrap();
    let mut socket = Socket::connect(&first, Transport::WebSocket).await.unwrap();
    let mut polling = Socket::connect(&first, Transport::Polling).await.unwrap();
    for socket in [&mut socket, &mut polling] {
        socket.call("subscribe", &[json!({ "id": "s1", "topics": ["orders"] })]).await.unwrap();
        let refused = socket.call("authenticate", &[json!({ "token": bob.token })]).await.unwrap();
        assert_eq!(refused["error"]["code"], "forbidden", "{refused}");
        let refused = socket.call("authenticate", &[json!({ "token": "x" })]).await.unwrap();
        assert_eq!(refused["error"]["status"], 401, "{refused}");
        let renewed = socket.call("authenticate", &[json!({ "token": second.token })]).await.unwrap();
        assert!(renewed["expiresAt"].is_string(), "{renewed}");
    }
    let renewed = websocket.ask(json!({ "op": "auth", "token": second.token }).to_string()).await.unwrap();
    assert_eq!(renewed["op"], "authenticated");

    // The token that they came with is nothing to them any more.
    assert_eq!(first.delete("/v1/auth/tokens").await.status, 204);
    let order = second.place_order_of(&staff.create_pet("Rex").await).await;
    let event = websocket.frame().await.unwrap();
    assert_eq!((&event["id"], &event["event"]["data"]["order"]["id"]), (&json!("s1"), &order["id"]));
    for socket in [&mut socket, &mut polling] {
        let (name, event) = socket.event().await.unwrap();
        assert_eq!((name.as_str(), &event["data"]["order"]["id"]), ("order.created", &order["id"]));
    }
    assert_eq!(second.delete("/v1/auth/tokens").await.status, 204);
    assert_eq!(websocket.frame().await.unwrap_err().text, "token_revoked");
}
