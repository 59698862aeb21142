//! What surrounds every request: its id, the metrics, the access log, and the last resort when a handler panics.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use ::http::{HeaderName, HeaderValue, Request};
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};

use crate::clock::Ids;
use crate::domain::Error;
use crate::protocols::http::RequestId;
use crate::protocols::rest::{LimitHit, Refusal};
use crate::telemetry::{Metrics, Stopwatch};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id of a client that is taken over.
const MAX_REQUEST_ID: usize = 64;

/// The route that a request turns out to have, noted in its extensions; nothing in it when there is none.
#[derive(Clone, Default)]
pub struct Route(Arc<OnceLock<Option<MatchedPath>>>);

impl Route {
    /// Notes it.
    pub fn note(request: &Request<Body>, path: Option<MatchedPath>) {
        if let Some(route) = request.extensions().get::<Self>() {
            // There is one route.
            let _ = route.0.set(path);
        }
    }

    /// Layer of the router, which knows it: notes it.
    pub fn tell(request: Request<Body>) -> Request<Body> {
        Self::note(&request, request.extensions().get::<MatchedPath>().cloned());
        request
    }

    /// As metrics name it.
    fn label(&self) -> &str {
        match self.0.get() {
            Some(Some(path)) => path.as_str(),
            Some(None) => "unmatched",
            // Answered before its route was looked for: a preflight, a type that nobody gives, one login too many.
            None => "edge",
        }
    }
}

/// What it takes to observe a request.
pub struct Observed {
    pub ids: Ids,
    pub metrics: Metrics,
}

/// Gives the request an id (the client's own when it is sane), and counts and logs its answer.
pub async fn observe(
    Observed { ids, metrics }: &Observed,
    mut request: Request<Body>,
    answer: impl AsyncFnOnce(Request<Body>) -> Response,
) -> Response {
    let watch = Stopwatch::start();
    let id = match request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()) {
        Some(id) if is_sane(id) => id.to_owned(),
        _ => ids.uuid_v7().to_string(),
    };
    request.extensions_mut().insert(RequestId(id.clone()));
    let route = Route::default();
    request.extensions_mut().insert(route.clone());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = answer(request).await;
    let (status, took) = (response.status().as_u16(), watch.elapsed());
    metrics.request("http", &method, route.label(), status, took);
    if let Some(LimitHit(limit)) = response.extensions().get() {
        metrics.limit_hit(limit);
    }
    // Below INFO: a line for each request costs more than most requests.
    let (path, took_us) = (uri.path(), took.as_micros());
    tracing::debug!(target: "petstore::access", request_id = %id, %method, path, status, took_us);
    if let Ok(id) = HeaderValue::try_from(id) {
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
