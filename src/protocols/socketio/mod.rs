//! `/socket.io/`: the events over Socket.IO (protocol 5, Engine.IO 4), by WebSocket and by long-polling.
//!
//! Client to server: `subscribe {id?, topics, after?}`, `unsubscribe {id}` and `authenticate {token}`, which renews the
//! connection's token, answered in their acknowledgements. Server to client: each event under its type, with the envelope as the one argument; `problem` for what has no
//! acknowledgement to be told in. Conversations: `joinChat`, `leaveChat`, `chatMessage`,
//! `typing`, `stopTyping`, `read` and more ([`chat`]); the server emits `connected`, `chatMessage`, `chatDelta`,
//! `agentAssigned`, `typing`, `stopTyping`, `read` and `error`.
//!
//! The library speaks the protocol; what it lacks is here: [`flow`] keeps it from dropping packets, [`door`] and [`line`]
//! see what the client takes and can end a connection, [`direct`] sends ready packets past it, [`own`] serves a client that
//! listens without it, and recovery is the feed's, by `after`.

mod calls;
mod chat;
mod direct;
mod door;
mod echo;
mod ending;
mod envelopes;
mod error;
mod farewell;
mod flow;
mod incoming;
mod line;
mod own;
mod raw;
mod reception;
mod sending;
mod session;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use socketioxide::service::SocketIoService;
use socketioxide::{ParserConfig, SocketIo};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tower::Layer as _;

use crate::app::App;
use crate::chat::Desk;
use crate::protocols::edge::Rate;
use crate::protocols::link::Pump;
use crate::tasks::Tasks;
use crate::telemetry::{Channel, ChannelMetrics, Metrics};
use door::{Door, Returned};
use envelopes::Envelopes;
use flow::{Flows, Window};
use reception::Reception;

/// Most that is handed to the engine for one client before the client takes it, bytes; a quarter of the engine's write
/// buffer, so that one flush writes all of it.
const WINDOW_BYTES: usize = 32 * 1024;

/// What the engine reads at once, bytes: clients say little.
const READ_BUFFER_BYTES: usize = 512;

/// Attachments of one packet from a client; nothing that is asked for here has any.
const MAX_ATTACHMENTS: usize = 4;

/// Places in the engine's buffer for its own packets: pings, the answer to the handshake, the close.
const ENGINE_PACKETS: usize = 16;

/// Connections that wait to be served by the engine again.
const RETURNS: usize = 16;

/// Settings of Socket.IO connections.
#[derive(Clone, Copy, Debug)]
pub struct SocketIoSettings {
    /// Time between Engine.IO pings.
    pub ping_interval: Duration,
    /// How long a pong may take before the connection is closed.
    pub ping_timeout: Duration,
    /// How long a client may take to join the namespace.
    pub connect_timeout: Duration,
    /// Largest payload from a client, bytes; also of one answer to a poll.
    pub max_payload_bytes: usize,
    /// Most packets that wait for one client, in either direction.
    pub max_buffered_packets: usize,
    /// Most subscriptions of one connection.
    pub max_subscriptions: usize,
    /// Most conversations that one connection is in.
    pub max_joined: usize,
    /// Longest time that a client for which packets wait may take nothing.
    pub stall_timeout: Duration,
    /// How long what a client posts may take to come.
    pub request_timeout: Duration,
    /// How often a socket of the namespace `/echo` may emit; without it there is no such namespace.
    pub echo: Option<Rate>,
    /// Whether the suites of the protocols judge: then every namespace that they know mirrors what they send.
    pub judged: bool,
}

/// What sessions work with.
struct Parts {
    app: App,
    desk: Desk,
    settings: SocketIoSettings,
    window: Window,
    metrics: Metrics,
    channel: Arc<ChannelMetrics>,
    tasks: Tasks,
    flows: Flows,
    envelopes: Envelopes,
    /// Where connections go that the engine is to serve again.
    returns: mpsc::Sender<Returned>,
    /// The sessions that run.
    present: TaskTracker,
}

/// The route. At shutdown the clients are told and disconnected, in a way that makes them come back by themselves.
pub fn router(desk: Desk, settings: SocketIoSettings, metrics: Metrics, tasks: Tasks, pump: Pump) -> Router {
    // Half of a payload: the engine sets a packet aside that does not fit into the answer to a poll, and forgets it when
    // the session moves on to a WebSocket.
    let window_bytes = WINDOW_BYTES.min(settings.max_payload_bytes / 2);
    let flows = Flows::default();
    let (layer, io) = SocketIo::builder()
        .req_path("/socket.io")
        .ping_interval(settings.ping_interval)
        .ping_timeout(settings.ping_timeout)
        .connect_timeout(settings.connect_timeout)
        .upgrade_timeout(door::UPGRADE_TIMEOUT)
        .max_payload(settings.max_payload_bytes as u64)
        .ws_max_message_size(settings.max_payload_bytes)
        .ws_max_frame_size(settings.max_payload_bytes)
        .ws_read_buffer_size(READ_BUFFER_BYTES)
        // A WebSocket is seen to have taken its packets a moment late, when as many may have come again.
        .max_buffer_size(settings.max_buffered_packets.saturating_mul(2).saturating_add(ENGINE_PACKETS))
        .with_parser(
            ParserConfig::common()
                .max_incoming_binaries(MAX_ATTACHMENTS)
                .max_incoming_binary_buf_size(settings.max_payload_bytes),
        )
        .build_layer();
    let (returns, returned) = mpsc::channel(RETURNS);
    let parts = Arc::new(Parts {
        app: desk.app().clone(),
        desk,
        settings,
        window: Window::new(window_bytes, settings.max_buffered_packets),
        channel: metrics.channel(Channel::SocketIo),
        metrics,
        tasks: tasks.clone(),
        flows: flows.clone(),
        envelopes: Envelopes::new(),
        returns,
        present: TaskTracker::new(),
    });
    tasks.spawn("socket.io farewell", farewell::run(io.clone(), parts.clone()));
    let clock = parts.app.clock().clone();
    io.ns("/", Reception(parts));
    if let Some(rate) = settings.echo {
        io.ns("/echo", echo::Echo { pace: Some((rate, clock)), judged: false, flows: flows.clone() });
    }
    let door = Door {
        engine: layer.layer(Router::new()),
        path: "/socket.io/",
        flows: flows.clone(),
        tasks: tasks.clone(),
        request_timeout: settings.request_timeout,
        pump: pump.clone(),
    };
    tasks.spawn("socket.io returns", door.clone().reopen_all(returned));
    let router =
        Router::new().route("/socket.io/", any(door::enter::<SocketIoService<Router>>)).with_state(door);
    if settings.judged {
        io.ns("/custom", echo::Echo { pace: None, judged: true, flows });
        return router.merge(raw::router(settings, tasks, pump));
    }
    router
}
