//! GraphQL subscriptions: graphql-transport-ws over WebSocket, and graphql-sse in distinct connections mode.

use futures_util::SinkExt as _;
use http::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::channel::Listener;
use super::inbox::Sender;
use super::{Api, Envelope, Refusal, api, sse, websocket, within};

const PATH: &str = "/v1/graphql";

/// The subscription to the feed. Arguments stand in the text, so that no type of theirs is named.
pub fn events(topics: &[&str], after: Option<&str>) -> String {
    let after = after.map_or(String::new(), |after| format!(", after: {}", json!(after)));
    format!(
        "subscription {{ events(topics: {}{after}) {{ eventId eventType timestamp data cursor }} }}",
        json!(topics)
    )
}

/// A connection of graphql-transport-ws.
pub struct Connection(pub websocket::Stream);

impl Connection {
    /// Opens and initialises a connection; the token goes into `connection_init`.
    pub async fn open(api: &Api) -> Result<Self, Refusal> {
        let mut connection = Self::open_silent(api, None).await?;
        let payload = api
            .token
            .as_ref()
            .map_or(json!({}), |token| json!({ "authorization": format!("Bearer {token}") }));
        connection.send(&json!({ "type": "connection_init", "payload": payload })).await;
        let ack = within("connection_ack", connection.message()).await?;
        assert_eq!(ack["type"], "connection_ack", "{ack}");
        Ok(connection)
    }

    /// Opens a connection and says nothing.
    pub async fn open_silent(api: &Api, receive_buffer: Option<u32>) -> Result<Self, Refusal> {
        let subprotocol = Some("graphql-transport-ws");
        let opening = websocket::Opening { subprotocol, receive_buffer, ..Default::default() };
        websocket::open(api, PATH, opening).await.map(Self)
    }

    pub async fn send(&mut self, message: &Value) {
        self.send_raw(message.to_string()).await;
    }

    pub async fn send_raw(&mut self, message: impl Into<Message>) {
        within("a message to be sent", self.0.send(message.into())).await.unwrap();
    }

    /// The next message; pings are answered.
    pub async fn message(&mut self) -> Result<Value, Refusal> {
        loop {
            let message: Value = serde_json::from_str(&websocket::text(&mut self.0).await?).unwrap();
            if message["type"] != "ping" {
                return Ok(message);
            }
            self.send(&json!({ "type": "pong" })).await;
        }
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.send(&json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    /// The next result of a subscription: the value of its one root field.
    pub async fn next(&mut self) -> Result<(String, Value), Refusal> {
        let message = self.message().await?;
        let id = message["id"].as_str().unwrap_or_default().to_owned();
        match message["type"].as_str() {
            Some("next") => result(&message["payload"]).map(|value| (id, value)),
            Some("error") => Err(Refusal::of_graphql(&message["payload"])),
            Some("complete") => Err(Refusal::closed(None, "the subscription was completed")),
            _ => panic!("unexpected message {message}"),
        }
    }
}

fn result(payload: &Value) -> Result<Value, Refusal> {
    if payload["errors"].is_array() {
        return Err(Refusal::of_graphql(&payload["errors"]));
    }
    let data = payload["data"].as_object().unwrap_or_else(|| panic!("no data: {payload}"));
    Ok(data.values().next().expect("one root field").clone())
}

/// Subscribes on a connection of its own.
pub async fn listen_ws(api: &Api, topics: &[&str], after: Option<&str>) -> Result<Listener, Refusal> {
    let mut connection = Connection::open(api).await?;
    connection.subscribe("s1", &events(topics, after)).await;
    Ok(listener(connection))
}

/// Reads the events of the connection's subscription.
pub fn listener(mut connection: Connection) -> Listener {
    Listener::start(None, move |sender| async move { read_ws(&mut connection, &sender).await })
}

async fn read_ws(connection: &mut Connection, sender: &Sender) -> Refusal {
    loop {
        match connection.next().await {
            Ok((_, event)) => sender.push(Envelope::read(&event)),
            Err(refusal) => return refusal,
        }
    }
}

/// Subscribes by an event stream of its own.
pub async fn listen_sse(api: &Api, topics: &[&str], after: Option<&str>) -> Result<Listener, Refusal> {
    let body = json!({ "query": events(topics, after) });
    let request = api::with_json(api.request(Method::POST, PATH), &body);
    let mut stream = sse::Stream::open(request).await?;
    Ok(Listener::start(None, move |sender| async move { read_sse(&mut stream, &sender).await }))
}

async fn read_sse(stream: &mut sse::Stream, sender: &Sender) -> Refusal {
    loop {
        let block = match stream.block().await {
            Ok(Some(block)) => block,
            Ok(None) => return Refusal::closed(None, "the stream ended"),
            Err(refusal) => return refusal,
        };
        match block.event.as_deref() {
            Some("next") => match result(&serde_json::from_str(&block.data.expect("next has data")).unwrap())
            {
                Ok(event) => sender.push(Envelope::read(&event)),
                Err(refusal) => return refusal,
            },
            Some("complete") => return Refusal::closed(None, "the subscription was completed"),
            None => assert!(block.data.is_none(), "{block:?}"),
            Some(_) => panic!("unexpected block {block:?}"),
        }
    }
}
