//! The advisor and conversations.

mod bad_input;
mod completions;
mod ends;
mod golden;
mod graphql;
mod model;
mod pictures;
mod rooms;
mod sockets;
mod staff;
mod turns;

use serde_json::{Value, json};

use crate::support::api::{id, text};
use crate::support::{Api, eventually};

/// A new conversation; its path.
async fn open_room(api: &Api) -> String {
    let room = api.post("/v1/chat/rooms", json!({})).await.result().unwrap();
    format!("/v1/chat/rooms/{}", id(&room))
}

async fn say(api: &Api, room: &str, words: &str) -> Value {
    api.post(&format!("{room}/messages"), json!({ "text": words })).await.result().unwrap()
}

/// The messages of a conversation, the oldest first.
async fn history(api: &Api, room: &str) -> Vec<Value> {
    let page = api.get(&format!("{room}/messages?limit=100")).await.result().unwrap();
    page["data"].as_array().unwrap().clone()
}

/// The advisor's answer to the last question; waits for it.
async fn advice(api: &Api, room: &str) -> Value {
    eventually("the advisor's answer", async || {
        let last = history(api, room).await.pop()?;
        (text(&last, "author") == "ADVISOR").then_some(last)
    })
    .await
}
