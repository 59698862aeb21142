//! A client of Socket.IO that listens on a WebSocket: its connection is taken from the library's engine between two
//! messages, and it notices nothing.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::websocket::{self, Opening, Stream};
use crate::support::{Api, Setup, TestServer, api, within};

const PATH: &str = "/socket.io/?EIO=4&transport=websocket";

/// How a connection ended: the code of the close frame.
type Ended = Option<u16>;

/// A connection, packet by packet.
struct Client(Stream);

impl Client {
    async fn connect(api: &Api) -> Self {
        let mut client = Self(websocket::open(api, PATH, Opening::default()).await.unwrap());
        assert!(client.packet().await.unwrap().starts_with("0{"));
        let token = api.token.as_ref().map_or(json!({}), |token| json!({ "token": token }));
        client.send(&format!("40{token}")).await;
        assert!(client.packet().await.unwrap().starts_with("40{"));
        client
    }

    /// One that the engine serves no more: what comes after two calls that were answered is not the engine's.
    async fn listening(api: &Api) -> Self {
        let mut client = Self::connect(api).await;
        client.subscribe(0).await;
        client.subscribe(1).await;
        client
    }

    async fn subscribe(&mut self, ack: u32) {
        let answer = self.ask(ack, r#"["subscribe",{"topics":["pets"]}]"#).await;
        assert!(answer["cursor"].is_string(), "{answer}");
    }

    async fn ask(&mut self, ack: u32, call: &str) -> Value {
        self.send(&format!("42{ack}{call}")).await;
        self.answer(&format!("43{ack}")).await
    }

    async fn answer(&mut self, head: &str) -> Value {
        let packet = self.packet().await.unwrap();
        let arguments = packet.strip_prefix(head).unwrap_or_else(|| panic!("{head} was expected: {packet}"));
        serde_json::from_str::<Vec<Value>>(arguments).unwrap().remove(0)
    }

    async fn send(&mut self, packet: &str) {
        self.0.send(Message::text(packet)).await.unwrap();
    }

    async fn packet(&mut self) -> Result<String, Ended> {
        loop {
            match within("a packet", self.0.next()).await {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| u16::from(frame.code))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// How it ends, whatever comes before.
    async fn end(mut self) -> Ended {
        loop {
            if let Err(ended) = self.packet().await {
                return ended;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_goes_on_as_if_nothing_had_been() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let mut client = Client::listening(&staff).await;
    let pet = staff.create_pet("Rex").await;
    for _ in 0..2 {
        let packet = client.packet().await.unwrap();
        assert!(packet.starts_with(r#"42["pet.created""#) && packet.contains(api::id(&pet)), "{packet}");
    }
    for ack in [7, 8] {
        let refused = client.ask(ack, r#"["subscribe",{"topics":["dragons"]}]"#).await;
        assert_eq!(refused["error"]["code"], "validation_failed", "{refused}");
    }
    assert_eq!(client.ask(9, r#"["unsubscribe",{"id":"s1"}]"#).await["id"], "s1");
    // What waits in one packet, in pieces, and behind another.
    let text = Message::text(r#"4210["subscribe",{"topics":["orders"]}]"#);
    client.0.feed(Message::text("3")).await.unwrap();
    client.0.feed(text).await.unwrap();
    client.0.flush().await.unwrap();
    assert!(client.answer("4310").await["cursor"].is_string());
    assert_eq!(server.metrics().limit_hits("socketio.stall_timeout_ms"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_are_read_with_their_packet() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let call = r#"["subscribe",{"topics":[{"_placeholder":true,"num":0}]}]"#;
    // Before the connection is taken, and after.
    for mut client in [Client::connect(&staff).await, Client::listening(&staff).await] {
        client.send(&format!("451-5{call}")).await;
        client.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
        let refused = client.answer("435").await;
        assert_eq!(refused["error"]["errors"][0]["field"], "topics[0]", "{refused}");
        client.subscribe(6).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_packet_closes_it_with_the_reason() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let text = |text: &str| Message::text(text);
    let table = [
        (text("9"), Some(1002)),
        (text(""), Some(1002)),
        (text("0{}"), Some(1002)),
        (text("4"), Some(1002)),
        (text("49"), Some(1002)),
        (text("459-[\"subscribe\"]"), Some(1002)),
        (Message::binary(vec![1]), Some(1002)),
        (text(&"x".repeat(65_537)), Some(1009)),
        (text("1"), None),
    ];
    let mut bystander = Client::listening(&staff).await;
    for (message, code) in table {
        let mut client = Client::listening(&staff).await;
        let what = format!("{message:?}").chars().take(60).collect::<String>();
        client.0.send(message).await.unwrap();
        assert_eq!(client.end().await, code, "{what}");
    }
    bystander.subscribe(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_pinged_in_time_and_missed_when_it_is_silent() {
    let pings = Setup::demo().set("socketio.ping_interval_ms", 200).set("socketio.ping_timeout_ms", 150);
    let server = pings.start().await;
    let staff = server.user("staff").await;
    let mut client = Client::listening(&staff).await;
    for _ in 0..3 {
        assert_eq!(client.packet().await.unwrap(), "2");
        client.send("3").await;
    }
    client.subscribe(2).await;
    let silent = Client::listening(&staff).await;
    silent.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_namespace_stays_with_the_engine() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let mut both = Client::connect(&staff).await;
    both.send("40/echo,").await;
    assert!(both.packet().await.unwrap().starts_with("40/echo,"));
    both.subscribe(0).await;
    both.subscribe(1).await;
    both.send(r#"42/echo,3["x",1]"#).await;
    assert_eq!(both.packet().await.unwrap(), "43/echo,3[1]");
    staff.create_pet("Rex").await;
    assert!(both.packet().await.unwrap().starts_with(r#"42["pet.created""#));
    // One that comes later has the client come again, and connect to both.
    let mut later = Client::listening(&staff).await;
    later.send("40/echo,").await;
    assert_eq!(later.end().await, Some(1012));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_leaves_the_namespace_may_come_again() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let join = format!("40{}", json!({ "token": staff.token }));
    let mut client = Client::listening(&staff).await;
    for round in 0..3 {
        // In one piece, so that the second is read with the first.
        client.0.feed(Message::text("41")).await.unwrap();
        client.0.feed(Message::text(join.as_str())).await.unwrap();
        client.0.flush().await.unwrap();
        assert_eq!(client.packet().await.unwrap(), "2", "so that it does not miss the engine's");
        client.0.feed(Message::text("3")).await.unwrap();
        assert!(client.packet().await.unwrap().starts_with("40{"), "round {round}");
        client.subscribe(0).await;
        client.subscribe(1).await;
    }
    staff.create_pet("Rex").await;
    for _ in 0..2 {
        assert!(client.packet().await.unwrap().starts_with(r#"42["pet.created""#));
    }
}
