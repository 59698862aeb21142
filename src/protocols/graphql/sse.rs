//! GraphQL over event streams: the distinct connections mode of the graphql-sse protocol. One request is one operation,
//! and its answer a stream of `next` events and one `complete`. The same as parts of one answer: the multipart protocol for
//! subscriptions of Apollo.
//!
//! Each event of a subscription carries its cursor as `id:`, so that an `EventSource` that reconnects by itself goes on
//! where it was.

use std::collections::VecDeque;
use std::convert::Infallible;

use ::http::request::Parts;
use ::http::{HeaderValue, header};
use async_graphql::parser::types::OperationType;
use async_graphql::{Response as Execution, ServerError};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};

use super::error::{encode, refusal};
use super::http::{execute, request_id};
use super::live::{Live, Opening};
use super::media::Form;
use super::operation::Operation;
use super::subscription::Item;
use super::{GraphQl, ms};
use crate::app::{Caller, Ending};
use crate::protocols::link::ROOM_BYTES;
use crate::telemetry::GaugeGuard;

/// A comment; begins every stream, so that a client knows at once that it stands, and keeps a quiet one alive.
const COMMENT: &str = ":\n\n";
const BOUNDARY: &str = "--graphql";
const PART: &str = "\r\nContent-Type: application/json; charset=utf-8\r\n\r\n";
/// What keeps a quiet answer in parts alive.
const HEARTBEAT: &str = "\r\nContent-Type: application/json; charset=utf-8\r\n\r\n{}\r\n--graphql";
/// With a data field, without which a browser would not dispatch it.
const COMPLETE: &str = "event: complete\ndata:\n\n";

/// Answers with a stream. What is wrong with the operation is told in it, as the protocol wants.
pub(super) async fn respond(
    graphql: &GraphQl,
    parts: &Parts,
    caller: Caller,
    operation: Result<Operation, Vec<ServerError>>,
    form: Form,
) -> Response {
    let request_id = request_id(parts);
    let body = match operation {
        Ok(operation) if operation.kind == OperationType::Subscription => {
            let ending = graphql.0.app.ending(&caller.principal);
            let last_seen = parts.headers.get("last-event-id").filter(|id| !id.is_empty());
            let resume_after = last_seen.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
            let opening = Opening { operation, caller, resume_after };
            match Live::open(graphql, opening).await {
                Ok(live) => {
                    let _connected = graphql.0.channel.connection();
                    Body::from_stream(events(Streaming {
                        graphql: graphql.clone(),
                        live,
                        ending,
                        request_id,
                        ended: false,
                        waiting: VecDeque::new(),
                        form,
                        _connected,
                    }))
                }
                Err(errors) => Body::from(alone(form, Execution::from_errors(errors), request_id.as_deref())),
            }
        }
        operation => {
            let response = execute(graphql, caller, operation).await;
            Body::from(alone(form, response, request_id.as_deref()))
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// The end of a stream: one result and `complete`.
fn last(form: Form, response: Execution, request_id: Option<&str>) -> String {
    let json = encode(response, request_id).json;
    if form == Form::Multipart {
        return format!("{}--\r\n", part(&json));
    }
    format!("event: next\ndata: {json}\n\n{COMPLETE}")
}

/// A stream of one result.
fn alone(form: Form, response: Execution, request_id: Option<&str>) -> String {
    let beginning = if form == Form::Multipart { BOUNDARY } else { "" };
    beginning.to_owned() + &last(form, response, request_id)
}

/// One result as a part. The boundary that ends it comes with it, so that a client need not wait for the next one.
fn part(result: &str) -> String {
    format!("{PART}{{\"payload\":{result}}}\r\n{BOUNDARY}")
}

struct Streaming {
    graphql: GraphQl,
    live: Live,
    ending: Ending,
    request_id: Option<String>,
    ended: bool,
    /// Items that did not fit into the last chunk.
    waiting: VecDeque<Item>,
    form: Form,
    _connected: GaugeGuard,
}

fn events(streaming: Streaming) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let beginning = if streaming.form == Form::Multipart { BOUNDARY } else { COMMENT };
    let beginning = stream::iter([Bytes::from_static(beginning.as_bytes())]);
    let rest = stream::unfold(streaming, |mut streaming| async move {
        let chunk = streaming.next().await?;
        Some((chunk, streaming))
    });
    beginning.chain(rest).map(Ok)
}

impl Streaming {
    /// What to write next. Nothing ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if !self.waiting.is_empty() {
            return Some(self.chunk().await);
        }
        let taken = tokio::select! {
            biased;
            // Without `complete`, after which a client would not come back.
            () = self.graphql.0.tasks.shutdown().cancelled() => return None,
            reason = &mut self.ending => Err(reason),
            taken = self.live.next() => taken,
            () = tokio::time::sleep(ms(self.graphql.0.settings.keep_alive_ms)) => {
                let quiet = if self.form == Form::Multipart { HEARTBEAT } else { COMMENT };
                return Some(Bytes::from_static(quiet.as_bytes()));
            }
        };
        match taken {
            Ok(items) => {
                self.waiting.extend(items);
                Some(self.chunk().await)
            }
            Err(error) => {
                self.ended = true;
                let response = Execution::from_errors(vec![refusal(error)]);
                Some(Bytes::from(last(self.form, response, self.request_id.as_deref())))
            }
        }
    }

    /// What waits, or as much of it as there is room for.
    async fn chunk(&mut self) -> Bytes {
        let mut chunk = String::new();
        while chunk.len() < ROOM_BYTES
            && let Some(item) = self.waiting.pop_front()
        {
            let cursor = item.cursor();
            let result = self.live.result(&item).get().await;
            self.graphql.0.channel.delivered(1);
            if self.form == Form::Multipart {
                chunk.push_str(&part(&result));
                continue;
            }
            chunk.extend(["id: ", &cursor, "\nevent: next\ndata: ", &result, "\n\n"]);
        }
        Bytes::from(chunk)
    }
}
