//! `/v1/echo`: examples of each protocol for those who make or learn clients. Nothing of the store is touched, nobody is
//! asked who they are, and everything is limited: requests by address, messages by connection, memory in all.

mod events;
mod hooks;
mod request;
mod sockets;

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, header};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use bytes::Bytes;

use crate::clock::Clock;
use crate::domain::{Error, Result};
use crate::protocols::edge::{Pace, Rate};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use hooks::Hooks;

/// Settings of the examples.
#[derive(Clone, Copy, Debug)]
pub struct EchoSettings {
    /// Largest message that is echoed, and largest body that is described or kept, bytes.
    pub max_message_bytes: usize,
    /// How often a connection may send; who sends faster is read slower.
    pub messages: Rate,
    /// Most events of one stream.
    pub max_events: u32,
    /// Longest time between two of them.
    pub max_interval: Duration,
    /// Most inspectors, requests that each keeps, and memory for all.
    pub max_hooks: usize,
    pub hook_requests: usize,
    pub hooks_bytes: usize,
    /// How long a WebSocket may be silent before it is asked whether it lives, and before it is taken for dead.
    pub ping_interval: Duration,
    /// Longest time that one write to a WebSocket may take.
    pub write_timeout: Duration,
}

/// What the examples work with; cheap to clone.
#[derive(Clone)]
pub struct Echo(Arc<Parts>);

struct Parts {
    settings: EchoSettings,
    hooks: Hooks,
    clock: Clock,
    metrics: Metrics,
    tasks: Tasks,
}

impl Echo {
    /// With the server's parts.
    pub fn new(settings: EchoSettings, clock: Clock, metrics: Metrics, tasks: Tasks) -> Self {
        let hooks =
            Hooks::new(clock.now_ms(), settings.max_hooks, settings.hook_requests, settings.hooks_bytes);
        Self(Arc::new(Parts { settings, hooks, clock, metrics, tasks }))
    }

    /// How often a new connection may send.
    fn pace(&self) -> Pace {
        Pace::new(self.0.settings.messages, self.0.clock.clone())
    }

    /// The body of a request.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    async fn body(&self, body: Body) -> Result<Bytes> {
        let max_bytes = self.0.settings.max_message_bytes;
        to_bytes(body, max_bytes).await.map_err(|_| {
            self.0.metrics.limit_hit("echo.max_message_bytes");
            Error::TooLarge { field: "body", max_bytes }
        })
    }
}

/// The routes below `/v1`.
pub fn router(echo: Echo) -> Router {
    Router::new()
        .route("/echo/ws", get(sockets::open))
        .route("/echo/sse", get(events::listen).post(events::post))
        .route(
            "/echo/http",
            get(request::describe)
                .post(request::describe)
                .put(request::describe)
                .patch(request::describe)
                .delete(request::describe),
        )
        .route(
            "/echo/hooks/{id}",
            get(hooks::show).post(hooks::take).put(hooks::take).patch(hooks::take).delete(hooks::clear),
        )
        .with_state(echo)
}

/// What is told of headers that hold credentials: that they were there, and how long they are. Others see them, or
/// scripts that are not to.
const MASKED: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
];

/// The headers as they came, credentials masked.
fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &HeaderName, value: &[u8]| {
        if !MASKED.contains(name) {
            return String::from_utf8_lossy(value).into_owned();
        }
        let scheme = value.split(|byte| *byte == b' ').next().filter(|scheme| scheme.len() < value.len());
        let scheme = scheme.filter(|_| *name == header::AUTHORIZATION).map(String::from_utf8_lossy);
        format!("{} ({} characters)", scheme.as_deref().unwrap_or("masked"), value.len())
    };
    headers.iter().map(|(name, value)| (name.to_string(), text(name, value.as_bytes()))).collect()
}
