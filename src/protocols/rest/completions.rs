//! `/chat/completions`: the advisor for OpenAI's clients.

use std::convert::Infallible;

use ::http::{HeaderValue, StatusCode, header};
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse as _;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use super::extract::{By, Json};
use super::{Rest, Told, json};
use crate::chat::{self, Consultation, Finish, Piece, Pieces, Role, Turn};
use crate::domain::{Error, Result};
use crate::wire::Problem;
use crate::wire::completion::{
    Answer, Choice, Chunk, ChunkChoice, Completion, CompletionInput, Delta, Grounds, Head, Message, Speaker,
    Usage,
};

/// Pieces that go out in one write at most, when they are there.
const BATCH: usize = 64;

/// createChatCompletion
pub async fn create(State(rest): State<Rest>, By(caller): By, Json(input): Json<CompletionInput>) -> Told {
    let asked = input.read(rest.app.moderation().limits().max_message_chars)?;
    let head = |object: &'static str| Head {
        id: format!("chatcmpl_{}", rest.app.new_id()),
        object,
        created: rest.app.now().as_ms().div_euclid(1000),
        model: asked.model.clone(),
    };
    let (stream, include_usage) = (asked.stream, asked.include_usage);
    let head = head(if stream { "chat.completion.chunk" } else { "chat.completion" });
    let pieces = rest.desk.consult(consultation(caller, asked)).await?;
    if stream {
        return Ok(event_stream(head, pieces, include_usage));
    }
    let answer = whole(head, pieces).await?;
    Ok(json(StatusCode::CREATED, &answer))
}

fn consultation(caller: crate::app::Caller, asked: Completion) -> Consultation {
    let turns = asked.turns.into_iter().map(|(speaker, text)| Turn {
        role: match speaker {
            Speaker::Instructions => Role::System,
            Speaker::User => Role::User,
            Speaker::Assistant => Role::Assistant,
        },
        text,
    });
    let turns = turns.collect();
    Consultation { caller, turns, max_tokens: asked.max_tokens, temperature: asked.temperature }
}

fn reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
    }
}

fn grounds(known: &chat::Grounds) -> Grounds {
    Grounds {
        citations: known.citations.iter().map(Into::into).collect(),
        red_flags: known.red_flags.clone(),
        pets: known.pets.iter().map(ToString::to_string).collect(),
    }
}

async fn whole(head: Head, mut pieces: Pieces) -> Result<Answer> {
    let (mut content, mut known, mut finish, mut usage) =
        (String::new(), Grounds::default(), Finish::Stop, Usage::new(0, 0));
    while let Some(piece) = pieces.next().await {
        match piece? {
            Piece::Grounds(told) => known = grounds(&told),
            Piece::Text(words) => content.push_str(&words),
            Piece::End { finish: how, usage: cost } => {
                finish = how;
                usage = Usage::new(cost.prompt_tokens, cost.completion_tokens);
            }
        }
    }
    let message = Message { role: "assistant", content, refusal: None };
    let finish = reason(finish);
    let choice = Choice { index: 0, message, finish, finish_reason: finish };
    Ok(Answer { head, choices: [choice], usage, grounds: known })
}

/// The answer as events. When the client goes, the body is dropped, and the advisor's work with it.
fn event_stream(head: Head, pieces: Pieces, include_usage: bool) -> axum::response::Response {
    let first = delta(&head, Delta { role: Some("assistant"), content: Some(String::new()) }, None);
    let events = pieces.ready_chunks(BATCH).map(move |batch| {
        let mut bytes = BytesMut::new();
        for piece in batch {
            bytes.extend_from_slice(&event(&head, piece, include_usage));
        }
        Ok::<_, Infallible>(bytes.freeze())
    });
    let body = Body::from_stream(stream::iter([Ok(first)]).chain(events));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Reverse proxies must not hold the words back (nginx).
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (StatusCode::CREATED, headers, body).into_response()
}

fn event(head: &Head, piece: Result<Piece>, include_usage: bool) -> Bytes {
    match piece {
        Ok(Piece::Grounds(known)) => {
            let choice = ChunkChoice { index: 0, delta: Delta::default(), finish: None, finish_reason: None };
            data(&Chunk { head, choices: vec![choice], usage: None, grounds: Some(grounds(&known)) })
        }
        Ok(Piece::Text(words)) => delta(head, Delta { role: None, content: Some(words) }, None),
        Ok(Piece::End { finish, usage }) => {
            let mut bytes = BytesMut::from(&delta(head, Delta::default(), Some(reason(finish)))[..]);
            if include_usage {
                let usage = Some(Usage::new(usage.prompt_tokens, usage.completion_tokens));
                bytes.extend_from_slice(&data(&Chunk { head, choices: Vec::new(), usage, grounds: None }));
            }
            bytes.extend_from_slice(b"data: [DONE]\n\n");
            bytes.freeze()
        }
        Err(error) => broken(&error),
    }
}

/// An error in the middle of a stream, where OpenAI's clients look for it.
fn broken(error: &Error) -> Bytes {
    tracing::warn!(code = error.code(), cause = ?std::error::Error::source(error), "an answer broke off");
    data(&serde_json::json!({ "error": Problem::from(error) }))
}

fn delta(head: &Head, delta: Delta, finish: Option<&'static str>) -> Bytes {
    let choice = ChunkChoice { index: 0, delta, finish, finish_reason: finish };
    data(&Chunk { head, choices: vec![choice], usage: None, grounds: None })
}

fn data<T: Serialize>(value: &T) -> Bytes {
    // Plain structs of strings and numbers have nothing that JSON cannot say.
    format!("data: {}\n\n", serde_json::to_string(value).unwrap_or_default()).into()
}
