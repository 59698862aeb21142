//! What surrounds every request: its id, the log, the metrics, and the last resort when a handler panics.

use std::any::Any;

use ::http::{HeaderName, HeaderValue, Request};
use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use tracing::Instrument as _;

use crate::clock::Ids;
use crate::domain::Error;
use crate::protocols::http::RequestId;
use crate::protocols::rest::{LimitHit, Refusal};
use crate::telemetry::{Metrics, Stopwatch};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id of a client that is taken over.
const MAX_REQUEST_ID: usize = 64;

/// What the middleware works with.
#[derive(Clone)]
pub struct Observed {
    pub ids: Ids,
    pub metrics: Metrics,
}

/// Middleware: gives the request an id (the client's own when it is sane), and counts and logs its answer.
pub async fn observe(State(observed): State<Observed>, mut request: Request<Body>, next: Next) -> Response {
    let watch = Stopwatch::start();
    let id = match request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()) {
        Some(id) if is_sane(id) => id.to_owned(),
        _ => observed.ids.uuid_v7().to_string(),
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::info_span!("request", request_id = %id);
    let mut response = next.run(request).instrument(span).await;
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let (status, took) = (response.status().as_u16(), watch.elapsed());
    observed.metrics.request("http", &method, route, status, took);
    if let Some(LimitHit(limit)) = response.extensions().get() {
        observed.metrics.limit_hit(limit);
    }
    // Below INFO: a line for each request costs more than most requests.
    tracing::debug!(target: "petstore::access", request_id = %id, %method, path, status, took_us = took.as_micros());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn is_sane(id: &str) -> bool {
    (1..=MAX_REQUEST_ID).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The answer when a handler panicked: a bug of ours, told as such.
pub fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    Refusal(Error::internal(format!("a handler panicked: {message}"))).into_response()
}
