//! Conversations over WebSocket, Socket.IO and GraphQL: two in one room.

use std::collections::VecDeque;

use petstore::clock::Clock;
use serde_json::{Value, json};

use super::{advice, open_room, say};
use crate::support::api::{id, text};
use crate::support::channel::query_of;
use crate::support::socketio::{Socket, Transport};
use crate::support::websocket::{self, Opening, Stream};
use crate::support::{Api, Refusal, Setup, TestServer, graphql, within};

/// A connection to `/v1/ws/chat`, and the frames that came while another was waited for.
pub struct Chat(Stream, VecDeque<Value>);

impl Chat {
    pub async fn open(api: &Api) -> Result<Self, Refusal> {
        let query = api.token.as_ref().map(|token| query_of(&[("token", token.clone())])).unwrap_or_default();
        let path = format!("/v1/ws/chat?{query}");
        let mut chat = Self(websocket::open(api, &path, Opening::default()).await?, VecDeque::new());
        assert_eq!(text(&chat.frame().await, "type"), "connected");
        Ok(chat)
    }

    async fn send(&mut self, frame: Value) {
        use futures_util::SinkExt as _;
        within("a frame to be sent", self.0.send(frame.to_string().into())).await.unwrap();
    }

    async fn frame(&mut self) -> Value {
        match self.1.pop_front() {
            Some(early) => early,
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Value {
        let text = within("a frame", websocket::text(&mut self.0)).await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The next frame of that type; what comes before it is passed over.
    pub async fn next(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// How it ends; frames before that are passed over.
    pub async fn end(&mut self) -> Refusal {
        loop {
            if let Err(end) = within("the end", websocket::text(&mut self.0)).await {
                return end;
            }
        }
    }

    pub async fn ask(&mut self, mut frame: Value) -> Value {
        frame["id"] = "q".into();
        self.send(frame).await;
        loop {
            let frame = self.read().await;
            if frame["id"] == "q" {
                return frame;
            }
            self.1.push_back(frame);
        }
    }
}

/// A Socket.IO client, and the events that came while another was waited for.
struct Seat(Socket, Vec<(String, Value)>);

impl Seat {
    /// The first event of that name that was not taken yet.
    async fn event(&mut self, wanted: &str) -> Value {
        loop {
            if let Some(at) = self.1.iter().position(|(name, _)| name == wanted) {
                return self.1.remove(at).1;
            }
            let event = within("an event", self.0.event()).await.unwrap();
            self.1.push(event);
        }
    }

    async fn call(&mut self, name: &str, argument: Value) -> Value {
        self.0.call(name, &[argument]).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_in_one_room_hear_each_other() {
    let server = TestServer::demo().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let mut chat = Chat::open(&alice).await.unwrap();
    let joined = chat.ask(json!({ "type": "join" })).await;
    assert_eq!(joined["type"], "joined", "{joined}");
    let room = id(&joined["room"]).to_owned();

    let mut desk = Seat(Socket::connect(&staff, Transport::WebSocket).await.unwrap(), Vec::new());
    let ack = desk.call("joinChat", json!(room)).await;
    assert_eq!(id(&ack["room"]), room);
    assert_eq!(id(&desk.event("connected").await["room"]), room);
    // Each sees who is there.
    assert_eq!((&joined["watchers"], &ack["watchers"]), (&json!([]), &json!([alice.user_id()])));
    for there in [&alice, &staff] {
        let told = chat.next("watching").await;
        assert_eq!((&told["userId"], &told["watching"]), (&json!(there.user_id()), &json!(true)), "{told}");
    }
    assert_eq!(desk.event("watching").await["userId"], staff.user_id());
    let path = format!("/v1/chat/rooms/{room}/watchers");
    assert_eq!(alice.get(&path).await.body["data"].as_array().unwrap().len(), 2);
    assert_eq!(server.user("bob").await.get(&path).await.status, 404);

    // The advisor's words come to both before the message that they make up.
    let sent = chat.ask(json!({ "type": "message", "room": room, "text": "can rabbits eat carrots" })).await;
    assert_eq!((&sent["type"], &sent["message"]["author"]), (&json!("sent"), &json!("USER")));
    let mut words = String::new();
    let answer = loop {
        let frame = chat.frame().await;
        match text(&frame, "type") {
            "delta" => words.push_str(text(&frame, "text")),
            "message" if frame["message"]["author"] == "ADVISOR" => break frame,
            _ => {}
        }
    };
    assert_eq!(words, text(&answer["message"], "text"));
    assert_eq!(desk.event("chatMessage").await["message"]["id"], sent["message"]["id"]);
    assert!(text(&desk.event("chatDelta").await, "text").len() > 1);

    desk.call("takeOver", json!({ "room": room })).await;
    assert_eq!(chat.next("assigned").await["agentId"].as_str(), Some(staff.user_id()));
    assert_eq!(desk.event("agentAssigned").await["event"], "chat.assigned");
    desk.call("typing", json!({ "room": room })).await;
    let typing = loop {
        let frame = chat.next("typing").await;
        if frame["userId"].is_string() {
            break frame;
        }
    };
    assert_eq!((typing["userId"].as_str(), &typing["typing"]), (Some(staff.user_id()), &json!(true)));
    let ack = desk.call("chatMessage", json!({ "room": room, "text": "One thin slice." })).await;
    let heard = loop {
        let frame = chat.next("message").await;
        if frame["message"]["author"] == "STAFF" {
            break frame;
        }
    };
    assert_eq!(heard["message"], ack["message"]);
    chat.ask(json!({ "type": "receipt", "room": room, "messageId": ack["message"]["id"] })).await;
    assert_eq!(desk.event("read").await["receipt"]["read"], ack["message"]["id"]);
    assert_eq!(desk.call("leaveChat", json!(room)).await["room"], room.as_str());

    // Who was away resumes behind the last that was seen.
    drop(chat);
    say(&staff, &format!("/v1/chat/rooms/{room}"), "Still there?").await;
    let mut again = Chat::open(&alice).await.unwrap();
    let joined = again.ask(json!({ "type": "join", "room": room, "after": heard["cursor"] })).await;
    assert_eq!((&joined["resumed"], &joined["messages"]), (&json!(true), &json!([])));
    assert_eq!(again.next("message").await["message"]["text"], "Still there?");
    let past = again.ask(json!({ "type": "history", "room": room, "limit": 2 })).await;
    assert_eq!((&past["type"], past["messages"].as_array().unwrap().len()), (&json!("history"), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_named_and_the_connection_lives() {
    let server = TestServer::demo().await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    assert_eq!(Chat::open(&server.anonymous()).await.err().unwrap().status, Some(401));
    let room = open_room(&bob).await.rsplit('/').next().unwrap().to_owned();
    let mut chat = Chat::open(&alice).await.unwrap();
    for (frame, code) in [
        (json!({ "type": "sing" }), "validation_failed"),
        (json!({ "type": "message", "text": "x" }), "validation_failed"),
        (json!({ "type": "join", "room": room }), "not_found"),
        (json!({ "type": "message", "room": room, "text": "x" }), "not_found"),
        (json!({ "type": "typing", "room": room }), "not_found"),
        (json!({ "type": "history", "room": room }), "not_found"),
        (json!({ "type": "takeOver", "room": room }), "forbidden"),
    ] {
        let refused = chat.ask(frame.clone()).await;
        assert_eq!((&refused["type"], &refused["error"]["code"]), (&json!("error"), &json!(code)), "{frame}");
    }
    for raw in ["nonsense", "[]", "{\"type\":7}", "\u{0}"] {
        use futures_util::SinkExt as _;
        chat.0.send(raw.into()).await.unwrap();
        assert_eq!(chat.frame().await["type"], "error", "{raw:?}");
    }
    assert_eq!(chat.ask(json!({ "type": "ping" })).await["type"], "pong");
    let mut socket = Socket::connect(&alice, Transport::Polling).await.unwrap();
    let refused = socket.call("joinChat", &[json!(room)]).await.unwrap();
    assert_eq!(refused["error"]["code"], "not_found");
    let refused = socket.call("chatMessage", &[json!({ "room": room, "text": "x" })]).await.unwrap();
    assert_eq!(refused["error"]["code"], "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_speaks_of_the_same_rooms() {
    let server = TestServer::demo().await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let room = alice
        .graphql("mutation { openChatRoom(title: \"Rex\") { room { id title } userErrors { code } } }")
        .await
        .unwrap();
    let id = id(&room).to_owned();
    let mut connection = graphql::Connection::open(&alice).await.unwrap();
    let cursor = alice.graphql("{ eventsCursor }").await.unwrap();
    let query = format!(
        "subscription {{ chatMessages(room: \"{id}\", after: {cursor}) {{ cursor message {{ author text }} }} }}"
    );
    connection.send(&json!({ "type": "subscribe", "id": "1", "payload": { "query": query } })).await;
    let post = format!(
        "mutation {{ postChatMessage(room: \"{id}\", text: \"is my dog too fat?\") {{ message {{ id author }} userErrors {{ code }} }} }}"
    );
    assert_eq!(alice.graphql(&post).await.unwrap()["author"], "USER");
    let path = format!("/v1/chat/rooms/{id}");
    advice(&alice, &path).await;
    let mut authors = Vec::new();
    while authors.len() < 2 {
        let message = within("an item", connection.message()).await.unwrap();
        assert_eq!(message["type"], "next", "{message}");
        authors.push(message["payload"]["data"]["chatMessages"]["message"]["author"].clone());
    }
    assert_eq!(authors, [json!("USER"), json!("ADVISOR")]);
    let query = format!("{{ chatMessages(room: \"{id}\") {{ author citations {{ id }} }} }}");
    let messages = alice.graphql(&query).await.unwrap();
    assert_eq!(messages[1]["citations"][0]["id"], "weight-control");
    assert_eq!(bob.graphql(&query).await.unwrap_err().code, "not_found");
    assert_eq!(bob.graphql(&post).await.unwrap_err().code, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_which_frame_it_is_of_and_leaves_nothing() {
    let server = Setup::demo().set("chat.max_joined", 1).start().await;
    let alice = server.user("alice").await;
    let mut chat = Chat::open(&alice).await.unwrap();
    // `ask` waits for the id to come back.
    assert_eq!(chat.ask(json!({ "type": "join", "rom": "x" })).await["error"]["code"], "validation_failed");
    assert_eq!(chat.ask(json!({ "type": "join", "room": 7 })).await["type"], "error");
    chat.send(json!({ "type": "ping", "id": "i".repeat(65) })).await;
    let refused = chat.frame().await;
    assert_eq!((&refused["type"], &refused["error"]["errors"][0]["field"]), (&json!("error"), &json!("id")));
    let refused = chat.ask(json!({ "type": "join", "after": "nonsense" })).await;
    assert_eq!(refused["error"]["errors"][0]["field"], "room", "{refused}");
    assert_eq!(alice.get("/v1/chat/rooms").await.body["data"], json!([]));
    // Who is in may join again; another is one too many.
    let room = id(&chat.ask(json!({ "type": "join" })).await["room"]).to_owned();
    assert_eq!(chat.ask(json!({ "type": "join", "room": room })).await["type"], "joined");
    assert_eq!(chat.ask(json!({ "type": "join" })).await["error"]["code"], "limit_reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_signs_is_refused_and_told_to_nobody() {
    let clock = Clock::manual(1_800_000_000_000);
    let server = Setup::demo().clock(&clock).set("chat.signs_per_minute", 10).start().await;
    let alice = server.user("alice").await;
    let mut chat = Chat::open(&alice).await.unwrap();
    let room = id(&chat.ask(json!({ "type": "join" })).await["room"]).to_owned();
    let mut done = 0;
    for _ in 0..30 {
        let answer = chat.ask(json!({ "type": "typing", "room": room })).await;
        match text(&answer, "type") {
            "done" => done += 1,
            _ => assert_eq!(answer["error"]["code"], "rate_limited"),
        }
    }
    assert_eq!(done, 9, "and one for coming in");
    assert_eq!(server.metrics().limit_hits("chat.signs_per_minute"), 21);
    // A megabyte in one frame ends this connection and no other.
    let mut other = Chat::open(&alice).await.unwrap();
    chat.send(json!({ "type": "message", "room": room, "text": "x".repeat(1_000_000) })).await;
    assert_eq!(chat.end().await.status, Some(1009));
    assert_eq!(other.ask(json!({ "type": "ping" })).await["type"], "pong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_behind_writes_nothing() {
    let server = TestServer::demo().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let room = open_room(&alice).await;
    staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    let (first, second) = (say(&alice, &room, "one").await, say(&alice, &room, "two").await);
    let topic = room.replace("/v1/chat/rooms/", "/v1/events?limit=100&topics=chat/");
    let mark = async |message: &Value, status: &str| {
        let body = json!({ "messageId": message["id"], "status": status });
        staff.post(&format!("{room}/receipts"), body).await.result().unwrap();
        staff.get(&topic).await.body["data"].as_array().unwrap().len()
    };
    let known = mark(&second, "READ").await;
    for (message, status) in
        [(&first, "READ"), (&first, "DELIVERED"), (&second, "READ"), (&second, "DELIVERED")]
    {
        assert_eq!(mark(message, status).await, known);
    }
}
