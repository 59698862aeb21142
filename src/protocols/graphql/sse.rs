//! GraphQL over event streams: the distinct connections mode of the graphql-sse protocol. One request is one operation,
//! and its answer a stream of `next` events and one `complete`.
//!
//! Each event of a subscription carries its cursor as `id:`, so that an `EventSource` that reconnects by itself goes on
//! where it was.

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
use super::{GraphQl, ms};
use crate::app::{Caller, Ending};
use crate::telemetry::GaugeGuard;

/// A comment; begins every stream, so that a client knows at once that it stands, and keeps a quiet one alive.
const COMMENT: &str = ":\n\n";
/// With a data field, without which a browser would not dispatch it.
const COMPLETE: &str = "event: complete\ndata:\n\n";

/// Answers with a stream. What is wrong with the operation is told in it, as the protocol wants.
pub(super) async fn respond(
    graphql: &GraphQl,
    parts: &Parts,
    caller: Caller,
    operation: Result<Operation, Vec<ServerError>>,
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
                        _connected,
                    }))
                }
                Err(errors) => Body::from(last(Execution::from_errors(errors), request_id.as_deref())),
            }
        }
        operation => Body::from(last(execute(graphql, caller, operation).await, request_id.as_deref())),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Form::Stream.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// The end of a stream: one result and `complete`.
fn last(response: Execution, request_id: Option<&str>) -> String {
    format!("event: next\ndata: {}\n\n{COMPLETE}", encode(response, request_id).json)
}

struct Streaming {
    graphql: GraphQl,
    live: Live,
    ending: Ending,
    request_id: Option<String>,
    ended: bool,
    _connected: GaugeGuard,
}

fn events(streaming: Streaming) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let beginning = stream::iter([Bytes::from_static(COMMENT.as_bytes())]);
    let rest = stream::unfold(streaming, |mut streaming| async move {
        let chunk = streaming.next().await?;
        Some((chunk, streaming))
    });
    beginning.chain(rest).map(Ok)
}

impl Streaming {
    /// What to write next; everything that waits is one chunk. Nothing ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let taken = tokio::select! {
            biased;
            // Without `complete`, after which a client would not come back.
            () = self.graphql.0.tasks.shutdown().cancelled() => return None,
            reason = &mut self.ending => Err(reason),
            taken = self.live.next() => taken,
            () = tokio::time::sleep(ms(self.graphql.0.settings.keep_alive_ms)) => {
                return Some(Bytes::from_static(COMMENT.as_bytes()));
            }
        };
        match taken {
            Ok(events) => {
                let mut chunk = String::new();
                for event in &events {
                    let cursor = event.event.position.to_cursor();
                    let result = self.live.result(event).get().await;
                    chunk.extend(["id: ", &cursor, "\nevent: next\ndata: ", &result, "\n\n"]);
                }
                self.graphql.0.channel.delivered(events.len() as u64);
                Some(Bytes::from(chunk))
            }
            Err(error) => {
                self.ended = true;
                let response = Execution::from_errors(vec![refusal(error)]);
                Some(Bytes::from(last(response, self.request_id.as_deref())))
            }
        }
    }
}
