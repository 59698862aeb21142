//! Tokens: the ways to send one, one that is none, and one that ends while somebody listens.

use std::time::Duration;

use http::Method;
use petstore::clock::Clock;
use serde_json::json;

use crate::support::channel::query_of;
use crate::support::sse::Stream;
use crate::support::websocket::{Connection, Opening};
use crate::support::{Channel, Setup, TestServer, websocket, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_token_is_refused_on_every_channel() {
    let server = TestServer::demo().await;
    let liar = server.anonymous().with_token("not.a.token");
    let now = websocket::position(&server.anonymous()).await.unwrap();
    for channel in Channel::ALL {
        let refusal = channel.listen(&liar, &["pets"], Some(&now)).await.err();
        let refusal = refusal.unwrap_or_else(|| panic!("{channel:?} takes any token"));
        match channel {
            Channel::GraphQlWs => assert!(matches!(refusal.status, Some(4401 | 4403)), "{refusal:?}"),
            Channel::WebSocket => assert_eq!(refusal.status, Some(401), "{refusal:?}"),
            _ => assert_eq!(refusal.code, "unauthenticated", "{channel:?}: {refusal:?}"),
        }
    }
    for scheme in ["Basic YWxpY2U6cGV0", "Bearer", ""] {
        let request = server.anonymous().request(Method::GET, "/v1/pets").header("authorization", scheme);
        let answer = server.anonymous().send(request).await;
        assert_eq!(answer.refusal().code, "unauthenticated", "{scheme:?}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "RFC 6750 §3");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_takes_its_token_in_three_ways() {
    let server = TestServer::demo().await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let mut in_query = Connection::open(&alice).await.unwrap();
    let mut in_header =
        Connection::open_with(&alice, Opening { bearer: true, ..Opening::default() }).await.unwrap();
    let mut in_frame = Connection::open(&server.anonymous()).await.unwrap();
    assert_eq!(in_frame.subscribe("s0", &["orders"], None).await.unwrap_err().code, "unauthenticated");
    let wrong = in_frame.ask(json!({ "op": "auth", "token": "not.a.token" }).to_string()).await.unwrap();
    assert_eq!((&wrong["op"], &wrong["error"]["status"]), (&json!("error"), &json!(401)), "{wrong}");
    let auth = json!({ "op": "auth", "token": alice.token });
    let answer = in_frame.ask(auth.to_string()).await.unwrap();
    assert_eq!(answer["op"], "authenticated", "{answer}");
    for connection in [&mut in_query, &mut in_header, &mut in_frame] {
        connection.subscribe("s1", &["orders"], None).await.unwrap();
        let other = json!({ "op": "auth", "token": bob.token });
        let answer = connection.ask(other.to_string()).await.unwrap();
        assert_eq!(answer["error"]["code"], "forbidden", "a connection keeps its user: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_stream_takes_its_token_in_the_url() {
    let server = TestServer::demo().await;
    let alice = server.user("alice").await;
    let query = query_of(&[("topics", "orders".to_owned()), ("access_token", alice.token.clone().unwrap())]);
    let anonymous = server.anonymous();
    let mut stream =
        Stream::open(anonymous.request(Method::GET, &format!("/v1/events?{query}"))).await.unwrap();
    assert_eq!(stream.headers["cache-control"], "no-store");
    let greeting = within("the greeting", stream.block()).await.unwrap().unwrap();
    let order = alice.place_order_of(&server.user("staff").await.create_pet("Rex").await).await;
    let block = within("the order", stream.block()).await.unwrap().unwrap();
    assert_eq!(block.event.as_deref(), Some("order.created"));
    assert!(block.data.unwrap().contains(crate::support::api::id(&order)));

    // What a browser sends when it comes back wins over the URL that the page once made.
    let request =
        alice.request(Method::GET, &format!("/v1/events?topics=orders&after={}", block.id.unwrap()));
    let mut again = Stream::open(request.header("last-event-id", greeting.id.unwrap())).await.unwrap();
    within("the greeting", again.block()).await.unwrap();
    let block = within("the order again", again.block()).await.unwrap().unwrap();
    assert_eq!(block.event.as_deref(), Some("order.created"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_ends_its_connections_with_a_code() {
    const TTL_S: u64 = 600;
    let clock = Clock::manual(1_790_000_000_000);
    let server = Setup::demo().clock(&clock).set("auth.token_ttl_s", TTL_S).start().await;
    let alice = server.user("alice").await;
    clock.advance(Duration::from_secs(TTL_S / 2));
    let renewed = server.user("alice").await;
    let mut longer = Connection::open(&alice).await.unwrap();
    longer.ask(json!({ "op": "auth", "token": renewed.token }).to_string()).await.unwrap();
    let mut listeners = Vec::new();
    for channel in Channel::STREAMING {
        listeners.push((channel, channel.listen(&alice, &["orders"], None).await.unwrap()));
    }
    let anonymous = Channel::WebSocket.listen(&server.anonymous(), &["pets"], None).await.unwrap();
    clock.advance(Duration::from_secs(TTL_S / 2 + 1));
    for (channel, listener) in &listeners {
        let end = listener.ended(&format!("the end of {channel:?}")).await;
        match channel {
            Channel::WebSocket | Channel::GraphQlWs => {
                assert_eq!(
                    (end.status, end.text.as_str()),
                    (Some(4401), "token_expired"),
                    "{channel:?}: {end:?}"
                )
            }
            _ => assert_eq!(end.code, "token_expired", "{channel:?}: {end:?}"),
        }
    }
    let pong = longer.ask(json!({ "op": "ping" }).to_string()).await.unwrap();
    assert_eq!(pong["op"], "pong", "a renewed token keeps its connection");
    let staff = server.user("staff").await;
    staff.create_pet("Rex").await;
    anonymous.until("those without a token go on", |events| !events.is_empty()).await;
    assert_eq!(alice.get("/v1/orders").await.refusal().code, "token_expired");
}
