//! How a connection to a conversation ends, and how it goes on: its token, and silence.

use serde_json::json;

use super::sockets::Chat;
use crate::support::api::id;
use crate::support::{Setup, TestServer, eventually, websocket, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_renewed_in_band_and_ends_with_its_token() {
    let server = TestServer::demo().await;
    let (first, second) = (server.user("alice").await, server.user("alice").await);
    let bob = server.user("bob").await;
    let mut chat = Chat::open(&first).await.unwrap();
    let room = id(&chat.ask(json!({ "type": "join" })).await["room"]).to_owned();
    for (token, code) in [(Some(&bob.token), "forbidden"), (None, "validation_failed")] {
        let refused = chat.ask(json!({ "type": "auth", "token": token })).await;
        assert_eq!(refused["error"]["code"], code, "{refused}");
    }
    let renewed = chat.ask(json!({ "type": "auth", "token": second.token })).await;
    assert!(renewed["type"] == "authenticated" && renewed["expiresAt"].is_string(), "{renewed}");

    // The token that it came with is nothing to it any more, and the conversation goes on.
    assert_eq!(first.delete("/v1/auth/tokens").await.status, 204);
    let sent = chat.ask(json!({ "type": "message", "room": room, "text": "can rabbits eat carrots" })).await;
    assert_eq!(chat.next("message").await["message"]["id"], sent["message"]["id"]);
    assert_eq!(second.delete("/v1/auth/tokens").await.status, 204);
    let end = chat.end().await;
    assert_eq!((end.status, end.text.as_str()), (Some(4401), "token_revoked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_a_ping_is_let_go() {
    let server = Setup::demo()
        .set("websocket.ping_interval_ms", 100)
        .set("websocket.pong_timeout_ms", 100)
        .start()
        .await;
    let alice = server.user("alice").await;
    let path = format!("/v1/ws/chat?token={}", alice.token.clone().unwrap());
    let mut silent = websocket::open(&alice, &path, websocket::Opening::default()).await.unwrap();
    assert!(within("the greeting", websocket::text(&mut silent)).await.unwrap().contains("connected"));
    // A stream that is not read answers no ping.
    eventually("the connection to be let go", async || {
        let gone = |line: &str| line.contains("connections") && line.ends_with("channel=\"websocket\"} 0");
        server.metrics().render().lines().any(gone).then_some(())
    })
    .await;
    let end = within("the end", websocket::text(&mut silent)).await.unwrap_err();
    assert_eq!(end.status, Some(4408), "{end:?}");
}
