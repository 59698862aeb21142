//! A language model on loopback that speaks OpenAI's chat completions, and misbehaves on demand.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// What is done with the next request.
#[derive(Clone, Debug)]
pub enum Play {
    /// These words, and a proper end.
    Words(&'static [&'static str]),
    /// These words, then nothing for ever.
    Stall(&'static [&'static str]),
    /// These words, then the connection is cut.
    Cut(&'static [&'static str]),
    /// These words, then the stream ends without an end.
    Trail(&'static [&'static str]),
    /// What is no JSON.
    Garbage,
    Status(u16),
    /// A look into the store.
    Tool(&'static str, &'static str),
}

#[derive(Default)]
struct Script {
    plays: Mutex<VecDeque<Play>>,
    /// The bodies that came, and the keys that came with them.
    heard: Mutex<Vec<(Value, String)>>,
    /// Held by each answer that is under way.
    answering: Arc<()>,
}

/// The server.
pub struct Model {
    pub url: String,
    script: Arc<Script>,
    _server: AbortOnDropHandle<()>,
}

impl Model {
    /// Plays these, one for each request, the last for all that come after.
    pub async fn start(plays: &[Play]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let script = Arc::new(Script { plays: Mutex::new(plays.to_vec().into()), ..Script::default() });
        let router = Router::new().route("/v1/chat/completions", post(answer)).with_state(script.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, script, _server: AbortOnDropHandle::new(server) }
    }

    /// What was asked.
    pub fn heard(&self) -> Vec<(Value, String)> {
        self.script.heard.lock().clone()
    }

    /// How many answers are under way.
    pub fn answering(&self) -> usize {
        Arc::strong_count(&self.script.answering) - 1
    }

    /// Everything that was ever said to it.
    pub fn everything(&self) -> String {
        self.heard().iter().map(|(body, _)| body.to_string()).collect()
    }
}

async fn answer(State(script): State<Arc<Script>>, headers: HeaderMap, body: Bytes) -> Response {
    let key = headers.get("authorization").map(|key| key.to_str().unwrap().to_owned()).unwrap_or_default();
    script.heard.lock().push((serde_json::from_slice(&body).unwrap(), key));
    let play = {
        let mut plays = script.plays.lock();
        if plays.len() > 1 { plays.pop_front() } else { plays.front().cloned() }
    };
    let words = |words: &'static [&'static str]| -> Vec<String> {
        words.iter().map(|word| chunk(json!({ "content": word }), None)).collect()
    };
    let end = || vec![chunk(json!({}), Some("stop")), usage(), "data: [DONE]\n\n".to_owned()];
    let held = script.answering.clone();
    let events = |blocks, stall, cut| events(blocks, stall, cut, held.clone());
    match play.expect("a script") {
        Play::Words(said) => events([words(said), end()].concat(), false, false),
        Play::Stall(said) => events(words(said), true, false),
        Play::Cut(said) => events(words(said), false, true),
        Play::Trail(said) => events(words(said), false, false),
        Play::Garbage => events(vec!["data: {\"choices\": [oops\n\n".to_owned()], false, false),
        Play::Status(status) => {
            let error = json!({ "error": { "message": "no", "type": "t", "param": null, "code": null } });
            let status = StatusCode::from_u16(status).unwrap();
            (status, [("content-type", "application/json")], error.to_string()).into_response()
        }
        Play::Tool(name, arguments) => {
            let (one, other) = arguments.split_at(arguments.len() / 2);
            let first = json!({ "index": 0, "id": "call_1", "type": "function",
                "function": { "name": name, "arguments": one } });
            let second = json!({ "index": 0, "function": { "arguments": other } });
            let calls = [first, second].map(|call| chunk(json!({ "tool_calls": [call] }), None));
            let end = [chunk(json!({}), Some("tool_calls")), "data: [DONE]\n\n".to_owned()];
            events(calls.into_iter().chain(end).collect(), false, false)
        }
    }
}

fn chunk(delta: Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    let chunk = json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice] });
    format!("data: {chunk}\n\n")
}

fn usage() -> String {
    let usage = json!({ "prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100 });
    format!("data: {}\n\n", json!({ "choices": [], "usage": usage }))
}

fn events(blocks: Vec<String>, stall: bool, cut: bool, held: Arc<()>) -> Response {
    let blocks: Vec<_> =
        blocks.into_iter().map(|block| Ok::<_, std::io::Error>(Bytes::from(block))).collect();
    let rest = stream::once(async move {
        let _held = held;
        if stall {
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
        // Time for the words before it to go out.
        tokio::time::sleep(Duration::from_millis(20)).await;
        cut.then(|| Err(std::io::Error::other("cut")))
    });
    let body = Body::from_stream(stream::iter(blocks).chain(rest.filter_map(std::future::ready)));
    ([("content-type", "text/event-stream")], body).into_response()
}
