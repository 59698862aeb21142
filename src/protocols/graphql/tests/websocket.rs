//! The protocol cases of graphql-transport-ws.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::support::{Fixture, STAFF, settings, text};
use crate::protocols::edge::{Meter, Rate, RateLimitSettings, RateLimits};
use crate::protocols::graphql::{GraphQlSettings, PATH};
use crate::protocols::link::{OpenSocket, PulseSettings, Socket, Stream};

const EVENTS: &str = "subscription { events(topics: [\"pets\"]) { eventType } }";

struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn open(store: &Fixture, subprotocol: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, gauge) = (store.router.clone(), store.metrics.socket());
        store.tasks.spawn_connection("test server", async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (stream, open) = (Stream::Plain(stream), OpenSocket::new(gauge));
            let io = hyper_util::rt::TokioIo::new(Socket::new(stream, Duration::from_secs(10), open));
            let service = hyper_util::service::TowerToHyperService::new(router);
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .with_upgrades()
                .await;
        });
        let mut request = format!("ws://{address}{PATH}").into_client_request().unwrap();
        if let Some(subprotocol) = subprotocol {
            request.headers_mut().insert("sec-websocket-protocol", subprotocol.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        Self(tokio_tungstenite::client_async(request, stream).await.unwrap().0)
    }

    async fn ready(store: &Fixture, payload: Value) -> Self {
        let mut client = Self::open(store, Some("graphql-transport-ws")).await;
        client.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
        client
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.say(json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
    }

    async fn receive(&mut self) -> Message {
        let received = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await;
        received.expect("nothing came").expect("the connection ended").unwrap()
    }

    async fn hear(&mut self) -> Value {
        match self.receive().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("no text: {other:?}"),
        }
    }

    async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.receive().await {
                Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.as_str().to_owned()),
                Message::Close(None) => panic!("no reason"),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn every_operation_is_charged() {
    let mut store = Fixture::new().await;
    let rate = |burst| Rate { period: Duration::from_secs(60), burst: NonZeroU32::new(burst).unwrap() };
    let limits = RateLimitSettings { reads: rate(3), writes: rate(2), logins: rate(1), slots: 64 };
    let limits = Arc::new(RateLimits::new(&limits, &store.clock));
    let opening = ::http::Request::builder().uri(PATH).body(()).unwrap();
    let meter = Arc::new(Meter::new(&limits, &opening));
    store.router = store.router.layer(axum::Extension(meter));
    let mut client = Client::ready(&store, Value::Null).await;
    let log_in = "mutation { createToken(input: {}) { userErrors { code } } }";
    // One read is the handshake's.
    for (number, (query, taken)) in [
        ("{ __typename }", true),
        (EVENTS, true),
        ("{ __typename }", false),
        (log_in, true),
        (log_in, false),
        ("mutation { revokeToken { revoked } }", false),
    ]
    .into_iter()
    .enumerate()
    {
        client.subscribe(&number.to_string(), query).await;
        if query == EVENTS {
            continue;
        }
        let told = client.hear().await;
        let limited = told.to_string().contains("rate_limited");
        assert_eq!(
            (told["id"].as_str(), limited),
            (Some(number.to_string().as_str()), !taken),
            "{query}: {told}"
        );
        if taken {
            assert_eq!(client.hear().await["type"], "complete");
        }
    }
}

#[tokio::test]
async fn a_connection_is_opened_first() {
    let store = Fixture::with(GraphQlSettings { init_timeout_ms: 50, ..settings() }).await;
    let mut silent = Client::open(&store, Some("graphql-transport-ws")).await;
    assert_eq!(silent.closed().await, (4408, "Connection initialisation timeout".into()));
    for offered in [None, Some("soap")] {
        let opened = std::panic::AssertUnwindSafe(Client::open(&store, offered));
        // The client library itself refuses an answer without the subprotocol that it offered.
        if let Ok(mut client) = futures_util::FutureExt::catch_unwind(opened).await {
            assert_eq!(client.closed().await.0, 4406);
        }
    }
    let store = Fixture::new().await;
    let mut hasty = Client::open(&store, Some("graphql-transport-ws")).await;
    hasty.subscribe("1", "{ __typename }").await;
    assert_eq!(hasty.closed().await, (4401, "Unauthorized".into()));
    let mut twice = Client::ready(&store, json!({})).await;
    twice.say(json!({ "type": "connection_init" })).await;
    assert_eq!(twice.closed().await, (4429, "Too many initialisation requests".into()));
    let mut wrong = Client::open(&store, Some("graphql-transport-ws")).await;
    wrong.say(json!({ "type": "connection_init", "payload": { "authorization": "Basic x" } })).await;
    assert_eq!(wrong.closed().await.0, 4403);
}

#[tokio::test]
async fn a_bad_message_ends_the_connection_with_a_reason() {
    let store = Fixture::new().await;
    for message in
        ["{", "{}", "[]", r#"{"type":"start"}"#, r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#]
    {
        let mut client = Client::ready(&store, json!(null)).await;
        client.0.send(Message::text(message)).await.unwrap();
        let (code, reason) = client.closed().await;
        assert_eq!(code, 4400, "{message}: {reason}");
        assert!(!reason.is_empty() && reason.len() <= 123);
    }
    for (message, code) in [
        (Message::binary("{}"), 4400),
        (Message::text("x".repeat(5_000)), 1009),
        (Message::text("x".repeat(50_000)), 1009),
    ] {
        let mut client = Client::ready(&store, json!(null)).await;
        client.0.send(message).await.unwrap();
        assert_eq!(client.closed().await.0, code);
    }
}

#[tokio::test]
async fn operations_run_side_by_side() {
    let store = Fixture::new().await;
    let mut client = Client::ready(&store, json!({ "authorization": format!("Bearer {STAFF}") })).await;
    client.subscribe("live", EVENTS).await;
    client.subscribe("q", "{ __typename }").await;
    assert_eq!(
        client.hear().await,
        json!({ "id": "q", "type": "next", "payload": { "data": { "__typename": "Query" } } })
    );
    assert_eq!(client.hear().await, json!({ "id": "q", "type": "complete" }));
    client.subscribe("bad", "{ nope }").await;
    let error = client.hear().await;
    assert_eq!((&error["id"], &error["type"]), (&json!("bad"), &json!("error")));
    assert_eq!(error["payload"][0]["extensions"]["code"], "validation_failed");
    client.subscribe("topic", "subscription { events(topics: [\"dragons\"]) { eventId } }").await;
    let error = client.hear().await;
    assert_eq!(
        (&error["type"], &error["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("validation_failed"))
    );

    store.pet().await;
    let next = client.hear().await;
    assert_eq!(
        (&next["id"], &next["payload"]["data"]["events"]["eventType"]),
        (&json!("live"), &json!("pet.created"))
    );
    client.say(json!({ "id": "live", "type": "complete" })).await;
    client.say(json!({ "type": "ping", "payload": { "n": 1 } })).await;
    assert_eq!(client.hear().await, json!({ "type": "pong", "payload": { "n": 1 } }));
    store.pet().await;
    client.subscribe("live", "{ __typename }").await;
    assert_eq!(text(&client.hear().await["id"]), "live");
    assert_eq!(
        client.hear().await["type"],
        "complete",
        "the id is free again, and nothing more came for the old one"
    );
}

#[tokio::test]
async fn an_id_is_used_once_at_a_time_and_operations_are_limited() {
    let store = Fixture::new().await;
    let mut client = Client::ready(&store, json!({})).await;
    for id in ["1", "2", "3", "4", "5"] {
        client.subscribe(id, EVENTS).await;
    }
    let refused = client.hear().await;
    assert_eq!((&refused["id"], &refused["type"]), (&json!("5"), &json!("error")));
    assert_eq!(refused["payload"][0]["extensions"]["code"], "limit_reached");
    assert_eq!(store.metrics.limit_hits("graphql.max_subscriptions"), 1);
    client.subscribe("1", EVENTS).await;
    assert_eq!(client.closed().await, (4409, "Subscriber for 1 already exists".into()));
}

#[tokio::test]
async fn a_connection_ends_with_its_token_and_with_the_server() {
    let store = Fixture::new().await;
    let alice = store.customer("alice").await;
    let mut hers = Client::ready(&store, json!({ "token": alice })).await;
    let mut anyones = Client::ready(&store, json!({})).await;
    store.clock.advance(Duration::from_secs(61));
    assert_eq!(hers.closed().await, (4401, "token_expired".into()));
    store.tasks.shutdown().cancel();
    assert_eq!(anyones.closed().await.0, 1012);
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_let_go() {
    let short = Duration::from_millis(50);
    let pulse = PulseSettings { ping_interval: short, pong_timeout: short, ..settings().pulse };
    let store = Fixture::with(GraphQlSettings { pulse, ..settings() }).await;
    let mut client = Client::ready(&store, json!({})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    // It did not read, so it did not answer.
    assert_eq!(client.closed().await.0, 1001);
    let mut lively = Client::ready(&store, json!({})).await;
    for _ in 0..5 {
        assert!(matches!(lively.receive().await, Message::Ping(_)));
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let pulse = PulseSettings { write_timeout: Duration::from_millis(200), ..settings().pulse };
    let store = Fixture::with(GraphQlSettings { pulse, ..settings() }).await;
    let mut client = Client::ready(&store, json!({ "token": STAFF })).await;
    let channel = store.metrics.channel(crate::telemetry::Channel::GraphQl);
    let page = r#"{ pets(limit: 100) { description } }"#;
    for _ in 0..20 {
        let input = format!(
            "{{name: \"Rex\", species: DOG, ageMonths: 1, price: \"1\", description: \"{}\"}}",
            "x".repeat(3_000)
        );
        store
            .data(
                Some(STAFF),
                &format!("mutation {{ createPet(input: {input}) {{ pet {{ id }} }} }}"),
                json!({}),
            )
            .await;
    }
    // Answers of 60 KB that are never read.
    for round in 0..2_000 {
        let message = json!({ "id": round.to_string(), "type": "subscribe", "payload": { "query": page } });
        if channel.connections() == 0 || client.0.send(Message::text(message.to_string())).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::timeout(Duration::from_secs(10), async {
        while channel.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("a reader that stopped keeps its connection");
}

#[tokio::test]
async fn the_predecessor_has_other_words() {
    let store = Fixture::new().await;
    let mut client = Client::open(&store, Some("graphql-ws")).await;
    client.say(json!({ "type": "connection_init", "payload": { "authorization": "Bearer staff" } })).await;
    assert_eq!(client.hear().await, json!({ "type": "connection_ack" }));
    let start = |id: &str, query: &str| json!({ "id": id, "type": "start", "payload": { "query": query } });
    client.say(start("q", "{ __typename }")).await;
    let data = json!({ "id": "q", "type": "data", "payload": { "data": { "__typename": "Query" } } });
    assert_eq!(client.hear().await, data);
    assert_eq!(client.hear().await, json!({ "id": "q", "type": "complete" }));
    client.say(start("bad", "{ unknown }")).await;
    let error = client.hear().await;
    assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("bad")));
    assert!(error["payload"]["errors"][0]["message"].is_string(), "{error}");
    client.say(start("s", EVENTS)).await;
    while store.metrics.channel(crate::telemetry::Channel::GraphQl).subscriptions() == 0 {
        tokio::task::yield_now().await;
    }
    store.pet().await;
    let event = client.hear().await;
    assert_eq!(
        (&event["type"], &event["payload"]["data"]["events"]["eventType"]),
        (&json!("data"), &json!("pet.created"))
    );
    client.say(json!({ "id": "s", "type": "stop" })).await;
    client.say(json!({ "type": "connection_terminate" })).await;
    assert_eq!(client.closed().await.0, 1000);
    let mut mixed = Client::open(&store, Some("graphql-ws")).await;
    mixed.say(json!({ "type": "connection_init" })).await;
    assert_eq!(mixed.hear().await["type"], "connection_ack");
    mixed.subscribe("s", "{ __typename }").await;
    assert_eq!(mixed.closed().await.0, 4400);
}
