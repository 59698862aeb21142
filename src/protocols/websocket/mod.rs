//! `/v1/ws`: the events over WebSocket, several subscriptions on one connection.
//!
//! Frames are JSON texts, or MessagePack when that subprotocol was asked for ([`speech`]). Client to server: `auth`, `subscribe`, `unsubscribe`, `ping`. Server to client: `authenticated`, `subscribed`,
//! `unsubscribed`, `event`, `pong`, `error`. A frame that cannot be understood gets an `error`, and the connection lives.

mod frames;
mod reader;
mod speech;
mod writer;

pub(in crate::protocols) use crate::protocols::upgrade::unreadable;
pub(in crate::protocols) use reader::Heard;

use std::sync::Arc;
use std::time::Duration;

use ::http::Request;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use futures_util::StreamExt as _;
use speech::{SUBPROTOCOLS, Speech};
use tokio::sync::mpsc;

use crate::app::App;
use crate::domain::Principal;
use crate::protocols::http::{self, Query};
use crate::protocols::rest::Refusal;
use crate::protocols::upgrade::{self, Socket, SocketLimits};
use crate::tasks::Tasks;
use crate::telemetry::{ChannelMetrics, Metrics};

/// Settings of WebSocket connections.
#[derive(Clone, Copy, Debug)]
pub struct WebSocketSettings {
    pub limits: SocketLimits,
    /// Most subscriptions of one connection.
    pub max_subscriptions: usize,
    /// Time between pings.
    pub ping_interval: Duration,
    /// Longest silence after a ping before the other side counts as gone.
    pub pong_timeout: Duration,
    /// Longest time that a write may take.
    pub write_timeout: Duration,
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
}

impl WebSocket {
    /// With the server's parts.
    pub fn new(app: App, settings: WebSocketSettings, metrics: Metrics, tasks: Tasks) -> Self {
        let channel = metrics.channel(crate::telemetry::Channel::WebSocket);
        Self(Arc::new(Parts { app, settings, metrics, channel, tasks }))
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
    let (response, socket) = accepted.split();
    let tasks = websocket.0.tasks.clone();
    tasks.spawn_connection("websocket", async move {
        if let Some(socket) = socket.await {
            run(websocket, principal, speech, socket).await;
        }
    });
    Ok(response)
}

/// What the reading side tells the writing side.
enum Told {
    /// A frame to send.
    Frame(String),
    Subscribed {
        id: String,
        feed: Box<crate::app::Feed>,
    },
    Unsubscribed {
        id: String,
    },
    /// The principal of the connection is another now.
    Principal(Box<Principal>),
    /// What came cannot be read on: close with that code and reason.
    End(u16, &'static str),
}

/// Frames that the reading side may have waiting at the writing side; beyond it the client is not read until it reads.
const REPLIES: usize = 16;

/// The two sides are two tasks: each wake-up for an event would otherwise poll the socket's read half as well.
async fn run(websocket: WebSocket, principal: Principal, speech: Speech, socket: Socket) {
    let _open = websocket.0.channel.connection();
    let (sink, stream) = socket.split();
    let (tell, told) = mpsc::channel(REPLIES);
    let heard = Arc::new(reader::Heard::new());
    let names = reader::Names::default();
    let ending = websocket.0.app.ending(&principal);
    let writer = writer::Writer::new(websocket.clone(), told, heard.clone(), ending, names.clone(), speech);
    let done = tokio_util::sync::CancellationToken::new();
    let reading = reader::Reader::new(websocket.clone(), principal, tell, heard, names).run(stream, speech);
    let stop = done.clone();
    websocket.0.tasks.spawn_connection("websocket reader", async move {
        tokio::select! {
            () = reading => {}
            () = stop.cancelled() => {}
        }
    });
    writer.run(sink).await;
    done.cancel();
}
