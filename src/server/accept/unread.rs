//! What a handler leaves unread of a request over HTTP/1.
//!
//! An answer may stand before its request has come whole: who may not upload is told at once. A connection that is
//! closed while its client still sends is reset, and the answer is lost with it (RFC 9112 §9.6). So the rest is taken
//! and thrown away, within limits; then the connection may even be used again. HTTP/2 needs nothing of this: there a
//! stream is reset with `NO_ERROR` and the answer stands (RFC 9113 §8.1).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};

use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// How much of an answered request is still taken, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct UnreadLimits {
    /// Bytes.
    pub max_bytes: usize,
    /// Time after the handler let go of the body.
    pub timeout: Duration,
}

/// The body of a request whose unread rest is taken when it is dropped.
struct Unread {
    /// Nothing once it has ended.
    body: Option<Incoming>,
    limits: UnreadLimits,
    tasks: Tasks,
    metrics: Metrics,
}

/// The request as the router gets it.
pub fn keep(
    request: Request<Incoming>,
    limits: UnreadLimits,
    tasks: &Tasks,
    metrics: &Metrics,
) -> Request<Body> {
    // Who waits for "100 Continue" sends nothing until the handler reads: there is no rest to take.
    let waits = request.headers().contains_key(hyper::header::EXPECT);
    let is_http1 = request.version() <= hyper::Version::HTTP_11;
    if waits || !is_http1 || request.body().is_end_stream() {
        return request.map(Body::new);
    }
    request.map(|body| {
        Body::new(Unread { body: Some(body), limits, tasks: tasks.clone(), metrics: metrics.clone() })
    })
}

impl hyper::body::Body for Unread {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            let (limits, metrics) = (self.limits, self.metrics.clone());
            self.tasks.spawn_connection("unread request body", async move {
                match tokio::time::timeout(limits.timeout, discard(body, limits.max_bytes)).await {
                    Ok(true) => {}
                    Ok(false) => metrics.limit_hit("server.max_unread_bytes"),
                    Err(_) => metrics.limit_hit("server.unread_timeout_ms"),
                }
            });
        }
    }
}

/// Whether `body` ended within `max_bytes`.
async fn discard(mut body: Incoming, max_bytes: usize) -> bool {
    let mut left = max_bytes;
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        if bytes > left {
            return false;
        }
        left -= bytes;
    }
    true
}
