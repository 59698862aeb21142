//! `/v1/echo/hooks/{id}`: an inspector for webhooks. Whatever is sent to it is kept for a while, in memory, and shown: as
//! a list, or live. Who knows the id sees it, so ids should be hard to guess.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use ::http::request::Parts;
use ::http::{HeaderValue, Request, StatusCode, header};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use hashlink::LinkedHashMap;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::Notify;

use super::Echo;
use super::request::Described;
use crate::domain::{Error, Result, Timestamp};
use crate::protocols::http::{self, Query};
use crate::protocols::rest::Told;
use crate::wire::Problem;

/// Longest id, bytes.
const MAX_ID: usize = 64;

/// What a kept request takes besides its text, bytes.
const OVERHEAD_BYTES: usize = 256;

/// A request that was kept.
struct Kept {
    number: u64,
    /// As JSON, once for all who look.
    text: Bytes,
}

/// The inspector of one id.
#[derive(Default)]
struct Hook {
    kept: VecDeque<Kept>,
    arrived: Arc<Notify>,
}

/// All inspectors, the one that was used last at the end.
pub(super) struct Hooks {
    all: Mutex<Shelf>,
    /// Since when this process counts, milliseconds: the same number of another process is another request.
    epoch: i64,
    max_hooks: usize,
    requests: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct Shelf {
    hooks: LinkedHashMap<String, Hook>,
    bytes: usize,
    /// Requests so far. One count for all, so that an inspector that had to make room does not begin anew.
    received: u64,
}

impl Hook {
    fn bytes(&self) -> usize {
        self.kept.iter().map(|kept| kept.text.len() + OVERHEAD_BYTES).sum()
    }
}

impl Hooks {
    pub fn new(epoch: i64, max_hooks: usize, requests: usize, max_bytes: usize) -> Self {
        Self { all: Mutex::default(), epoch, max_hooks, requests, max_bytes }
    }

    /// The number in the id of a block; zero, before all, when it is not of this process.
    fn number(&self, last_event_id: &str) -> u64 {
        let of_here = last_event_id.split_once('-').filter(|(epoch, _)| *epoch == self.epoch.to_string());
        of_here.and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
    }

    /// Keeps a request; its number. The second value names the limit that made others go.
    fn keep(&self, id: &str, text: Bytes) -> (u64, Option<&'static str>) {
        let mut shelf = self.all.lock();
        let Shelf { hooks, bytes, received } = &mut *shelf;
        let mut hook = hooks.remove(id).unwrap_or_default();
        *received += 1;
        let number = *received;
        *bytes += text.len() + OVERHEAD_BYTES;
        hook.kept.push_back(Kept { number, text });
        if hook.kept.len() > self.requests {
            *bytes -= hook.kept.pop_front().map_or(0, |kept| kept.text.len() + OVERHEAD_BYTES);
        }
        hook.arrived.notify_waiters();
        hooks.insert(id.to_owned(), hook);
        let mut limit = None;
        while hooks.len() > self.max_hooks || (*bytes > self.max_bytes && hooks.len() > 1) {
            limit = Some(if hooks.len() > self.max_hooks { "echo.max_hooks" } else { "echo.hooks_bytes" });
            let Some((_, gone)) = hooks.pop_front() else { break };
            *bytes -= gone.bytes();
            gone.arrived.notify_waiters();
        }
        // One alone gives up its own oldest ones.
        while *bytes > self.max_bytes
            && let Some(kept) = hooks.get_mut(id).and_then(|hook| hook.kept.pop_front())
        {
            limit = Some("echo.hooks_bytes");
            *bytes -= kept.text.len() + OVERHEAD_BYTES;
        }
        (number, limit)
    }

    /// The requests of an inspector after a number.
    fn after(&self, id: &str, number: u64) -> Vec<(u64, Bytes)> {
        let shelf = self.all.lock();
        let newer = shelf.hooks.get(id).into_iter().flat_map(|hook| &hook.kept);
        let newer = newer.filter(|kept| kept.number > number);
        newer.map(|kept| (kept.number, kept.text.clone())).collect()
    }

    /// What tells of the next request, also where there was none yet.
    fn arrivals(&self, id: &str) -> Arc<Notify> {
        let mut shelf = self.all.lock();
        if let Some(hook) = shelf.hooks.get(id) {
            return hook.arrived.clone();
        }
        let hook = Hook::default();
        let arrived = hook.arrived.clone();
        shelf.hooks.insert(id.to_owned(), hook);
        if shelf.hooks.len() > self.max_hooks {
            shelf.bytes -= shelf.hooks.pop_front().map_or(0, |(_, gone)| gone.bytes());
        }
        arrived
    }

    fn clear(&self, id: &str) {
        let mut shelf = self.all.lock();
        if let Some(hook) = shelf.hooks.get_mut(id) {
            let freed = hook.bytes();
            hook.kept.clear();
            shelf.bytes -= freed;
        }
    }
}

/// What a sender is told.
#[derive(Serialize)]
struct Taken {
    number: u64,
}

fn sane(id: &str) -> Result<()> {
    let good = (1..=MAX_ID).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if good {
        return Ok(());
    }
    Err(Error::malformed("id", format!("must be 1 to {MAX_ID} letters, digits, \"-\", \"_\" or \".\"")))
}

/// Whether the sender wants to see what happens when its receiver is down.
fn is_told_to_fail(parts: &Parts) -> bool {
    Query::of(&parts.uri).take("status").as_deref() == Some("503")
}

/// Keeps the request and thanks for it; with `?status=503` it keeps it and fails.
pub(super) async fn take(State(echo): State<Echo>, Path(id): Path<String>, request: Request<Body>) -> Told {
    http::charge(request.extensions(), None)?;
    sane(&id)?;
    let (parts, body) = request.into_parts();
    let body = echo.body(body).await?;
    let described = Described::new(&parts, &body, Timestamp::from_ms(echo.0.clock.now_ms()));
    let text = serde_json::to_vec(&described).map_err(Error::internal)?;
    let (number, limit) = echo.0.hooks.keep(&id, text.into());
    if let Some(limit) = limit {
        echo.0.metrics.limit_hit(limit);
    }
    if is_told_to_fail(&parts) {
        // Nothing is wrong here, so nothing is logged.
        let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
        response.extensions_mut().insert(Problem::from(&Error::Unavailable(None)));
        return Ok(response);
    }
    Ok(axum::Json(Taken { number }).into_response())
}

/// Shows what is kept, the oldest first: as a list, or as a stream that goes on.
pub(super) async fn show(State(echo): State<Echo>, Path(id): Path<String>, request: Request<Body>) -> Told {
    http::charge(request.extensions(), None)?;
    sane(&id)?;
    let headers = request.headers();
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::ACCEPT).is_some_and(|accept| accept.contains("text/event-stream")) {
        let last = text(header::HeaderName::from_static("last-event-id"));
        let after = last.map_or(0, |last| echo.0.hooks.number(last));
        return Ok(live(echo, id, after));
    }
    // What is kept is shared by all who look, however slowly they read.
    let mut list = vec![Bytes::from_static(b"{\"data\":[")];
    for (_, text) in echo.0.hooks.after(&id, 0) {
        if list.len() > 1 {
            list.push(Bytes::from_static(b","));
        }
        list.push(text);
    }
    list.push(Bytes::from_static(b"]}"));
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(stream::iter(list.into_iter().map(Ok::<_, Infallible>)))).into_response())
}

fn live(echo: Echo, id: String, after: u64) -> Response {
    let blocks = stream::unfold((echo, id, after, true), |(echo, id, mut after, mut fresh)| async move {
        let (shutdown, settings) = (echo.0.tasks.shutdown().clone(), &echo.0.settings);
        let arrived = echo.0.hooks.arrivals(&id);
        let mut arrival = std::pin::pin!(arrived.notified());
        // Before the look, so that nothing that comes between the two is missed.
        arrival.as_mut().enable();
        let mut newer = echo.0.hooks.after(&id, after);
        if newer.is_empty() && !std::mem::take(&mut fresh) {
            tokio::select! {
                () = shutdown.cancelled() => return None,
                () = arrival => newer = echo.0.hooks.after(&id, after),
                () = echo.0.clock.sleep(settings.ping_interval) => {}
            }
        }
        fresh = false;
        let mut pieces = Vec::new();
        for (number, request) in newer {
            let epoch = echo.0.hooks.epoch;
            pieces.push(Bytes::from(format!("id: {epoch}-{number}\nevent: request\ndata: ")));
            pieces.extend([request, Bytes::from_static(b"\n\n")]);
            after = number;
        }
        if pieces.is_empty() {
            pieces.push(Bytes::from_static(b": waiting\n\n"));
        }
        Some((stream::iter(pieces.into_iter().map(Ok::<_, Infallible>)), (echo, id, after, fresh)))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(blocks.flatten())).into_response()
}

/// Forgets what is kept.
pub(super) async fn clear(State(echo): State<Echo>, Path(id): Path<String>, request: Request<Body>) -> Told {
    http::charge(request.extensions(), None)?;
    sane(&id)?;
    echo.0.hooks.clear(&id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: usize) -> Bytes {
        vec![b'x'; bytes].into()
    }

    fn numbers(hooks: &Hooks, id: &str) -> Vec<u64> {
        hooks.after(id, 0).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn the_last_requests_are_kept_in_their_order() {
        let hooks = Hooks::new(7, 2, 3, 1 << 20);
        for _ in 0..5 {
            hooks.keep("a", text(10));
        }
        assert_eq!(numbers(&hooks, "a"), [3, 4, 5]);
        hooks.clear("a");
        assert!(numbers(&hooks, "a").is_empty());
        assert_eq!(hooks.keep("a", text(1)).0, 6, "numbers go on, so that no listener misses one");
        assert_eq!(hooks.all.lock().bytes, 1 + OVERHEAD_BYTES);
    }

    #[test]
    fn a_number_of_another_process_is_none() {
        let hooks = Hooks::new(7, 2, 3, 1 << 20);
        let numbers = ["7-12", "8-12", "12", "7-", "7-x"].map(|id| hooks.number(id));
        assert_eq!(numbers, [12, 0, 0, 0, 0]);
    }

    #[test]
    fn inspectors_make_room_for_new_ones() {
        let hooks = Hooks::new(7, 2, 3, 1 << 20);
        for id in ["a", "b", "a", "c"] {
            hooks.keep(id, text(10));
        }
        assert!(!hooks.all.lock().hooks.contains_key("b"));
        assert_eq!(numbers(&hooks, "a"), [1, 3]);
    }

    #[test]
    fn memory_is_bounded() {
        let hooks = Hooks::new(7, 10, 100, 10_000);
        for number in 0..100 {
            let (_, limit) = hooks.keep(if number < 3 { "first" } else { "second" }, text(1000));
            assert!(hooks.all.lock().bytes <= 10_000);
            // The first inspector goes when there are eight, and then the second has its own last seven.
            let full = number == 7 || number >= 10;
            assert_eq!(limit, full.then_some("echo.hooks_bytes"), "request {number}");
        }
        assert!(numbers(&hooks, "first").is_empty());
        assert_eq!(numbers(&hooks, "second").len(), 7);
    }
}
