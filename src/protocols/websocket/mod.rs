//! `/v1/ws`: the events over WebSocket, several subscriptions on one connection.
//!
//! Frames are JSON texts, or MessagePack when that subprotocol was asked for ([`speech`]). Client to server: `auth`,
//! `subscribe`, `unsubscribe`, `ping`. Server to client: `authenticated`, `subscribed`, `unsubscribed`,
//! `event`, `pong`, `error`. A frame that cannot be understood gets an `error`, and the connection lives.

pub mod connection;
mod frames;
mod lane;
mod session;
mod speech;

use std::sync::Arc;

use ::http::Request;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use speech::{SUBPROTOCOLS, Speech};

use crate::app::App;
use crate::protocols::http::{self, Query};
use crate::protocols::link::{PulseSettings, Pump};
use crate::protocols::rest::Refusal;
use crate::protocols::upgrade::{self, SocketLimits};
use crate::tasks::Tasks;
use crate::telemetry::{ChannelMetrics, Metrics};

/// Settings of WebSocket connections.
#[derive(Clone, Copy, Debug)]
pub struct WebSocketSettings {
    pub limits: SocketLimits,
    /// Most subscriptions of one connection.
    pub max_subscriptions: usize,
    pub pulse: PulseSettings,
}

/// Close codes: those of RFC 6455 §7.4.1, and of the private range for reasons of ours.
pub mod close_code {
    /// The server stops; come back.
    pub const RESTART: u16 = 1012;
    /// The token has expired or was revoked; the reason is the code of the error.
    pub const UNAUTHENTICATED: u16 = 4401;
    /// No pong came in time.
    pub const SILENT: u16 = 4408;
    /// What waits was not read for too long.
    pub const SLOW: u16 = 4413;
}

/// What connections work with.
#[derive(Clone)]
pub struct WebSocket(Arc<Parts>);

struct Parts {
    app: App,
    settings: WebSocketSettings,
    metrics: Metrics,
    channel: Arc<ChannelMetrics>,
    tasks: Tasks,
    pump: Pump,
}

impl WebSocket {
    /// With the server's parts.
    pub fn new(app: App, settings: WebSocketSettings, metrics: Metrics, tasks: Tasks, pump: Pump) -> Self {
        let channel = metrics.channel(crate::telemetry::Channel::WebSocket);
        Self(Arc::new(Parts { app, settings, metrics, channel, tasks, pump }))
    }
}

/// The route below `/v1`.
pub fn router(websocket: WebSocket) -> Router {
    Router::new().route("/ws", get(open)).with_state(websocket)
}

async fn open(State(websocket): State<WebSocket>, request: Request<Body>) -> Result<Response, Refusal> {
    if let Some(refused) = upgrade::refuse(request.headers()) {
        return Ok(refused);
    }
    let (parts, body) = request.into_parts();
    let token = Query::of(&parts.uri).take("token");
    let principal = http::principal(&websocket.0.app, &parts, token.as_deref())?;
    let mut request = Request::from_parts(parts, body);
    let accepted = upgrade::accept(&mut request, SUBPROTOCOLS, websocket.0.settings.limits)?;
    let speech = Speech::new(accepted.subprotocol, accepted.deflate);
    let (response, opened) = accepted.split();
    let tasks = websocket.0.tasks.clone();
    tasks.spawn_connection("websocket", async move {
        if let Some(opened) = opened.await {
            session::run(websocket, principal, speech, opened).await;
        }
    });
    Ok(response)
}
