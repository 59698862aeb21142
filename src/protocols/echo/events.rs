//! `/v1/echo/sse`: what is posted, streamed back as server-sent events (WHATWG HTML §9.2), as often as asked.
//!
//! The ids are numbers from 1, so a client that was cut off goes on where it was; one that has everything is told not to
//! come back.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::Echo;
use crate::domain::{Error, Result, Violation};
use crate::protocols::http::{self, Query};
use crate::protocols::rest::Told;

/// What a client asks for.
struct Asked {
    event: String,
    count: u32,
    interval: Duration,
    /// The last number that it has.
    after: u32,
}

/// For `EventSource`, which can only get: the data is in the query.
pub(super) async fn listen(State(echo): State<Echo>, request: Request<Body>) -> Told {
    http::charge(request.extensions(), None)?;
    let mut query = Query::of(request.uri());
    let data = query.take("data").unwrap_or_default();
    let asked = read(&echo, query, request.headers())?;
    Ok(answer(&echo, asked, &data))
}

/// Streams the body back.
pub(super) async fn post(State(echo): State<Echo>, request: Request<Body>) -> Told {
    http::charge(request.extensions(), None)?;
    let (parts, body) = request.into_parts();
    let asked = read(&echo, Query::of(&parts.uri), &parts.headers)?;
    let body = echo.body(body).await?;
    let data = std::str::from_utf8(&body).map_err(|_| Error::malformed("body", "must be UTF-8"))?;
    Ok(answer(&echo, asked, data))
}

fn read(echo: &Echo, mut query: Query, headers: &HeaderMap) -> Result<Asked> {
    let settings = &echo.0.settings;
    let mut violations = Vec::new();
    let mut number = |name: &'static str, default: u64, least: u64, most: u64| {
        let Some(text) = query.take(name) else { return default };
        text.parse().ok().filter(|number| (least..=most).contains(number)).unwrap_or_else(|| {
            let message = format!("must be a whole number between {least} and {most}");
            violations.push(Violation::new(name, "out_of_range", message));
            default
        })
    };
    let count = number("count", 1, 1, settings.max_events.into());
    let longest_ms = u64::try_from(settings.max_interval.as_millis()).unwrap_or(u64::MAX);
    let interval = Duration::from_millis(number("intervalMs", 0, 0, longest_ms));
    let event = query.take("event").unwrap_or_else(|| "message".to_owned());
    if event.is_empty() || event.len() > 64 || event.contains(['\r', '\n', '\0']) {
        violations.push(Violation::new("event", "length", "must be one line of 1 to 64 bytes"));
    }
    violations.extend(
        query
            .rest()
            .map(|name| Violation::new(name, "unknown_parameter", "is not known here, or given twice")),
    );
    if !violations.is_empty() {
        return Err(Error::Invalid(violations));
    }
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok());
    let after = last.and_then(|last| last.parse().ok()).unwrap_or(0);
    Ok(Asked { event, count: u32::try_from(count).unwrap_or(u32::MAX), interval, after })
}

fn answer(echo: &Echo, asked: Asked, data: &str) -> Response {
    if asked.after >= asked.count {
        // What makes an `EventSource` stop.
        return StatusCode::NO_CONTENT.into_response();
    }
    // Shared by all its repetitions, of which there are no more than a connection may send.
    let payload = Bytes::from(payload(&asked.event, data));
    let pace = Arc::new(echo.pace());
    let (clock, shutdown) = (echo.0.clock.clone(), echo.0.tasks.shutdown().clone());
    let first = asked.after;
    let blocks = stream::unfold(asked, move |mut asked| {
        let (clock, shutdown) = (clock.clone(), shutdown.clone());
        let (payload, pace) = (payload.clone(), pace.clone());
        async move {
            if asked.after >= asked.count {
                return None;
            }
            if asked.after > first && !asked.interval.is_zero() {
                shutdown.run_until_cancelled(clock.sleep(asked.interval)).await?;
            }
            shutdown.run_until_cancelled(pace.step()).await?;
            asked.after += 1;
            let id = Bytes::from(format!("id: {}\n", asked.after));
            Some((stream::iter([id, payload].map(Ok::<_, Infallible>)), asked))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(blocks.flatten())).into_response()
}

/// The block of an event without its id: one `data` for each line, whichever way the lines end.
fn payload(event: &str, data: &str) -> String {
    let mut text = String::with_capacity(data.len() + event.len() + 32);
    if event != "message" {
        text.push_str(&format!("event: {event}\n"));
    }
    for line in data.replace("\r\n", "\n").split(['\n', '\r']) {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::payload;

    #[test]
    fn every_line_gets_its_field() {
        assert_eq!(payload("message", "a\r\nb\rc\n"), "data: a\ndata: b\ndata: c\ndata: \n\n");
        assert_eq!(payload("tick", ""), "event: tick\ndata: \n\n");
    }
}
