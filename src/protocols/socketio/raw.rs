//! `/engine.io/`: Engine.IO without Socket.IO, for the suite of that protocol. Each message is answered with itself.

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use bytes::Bytes;
use engineioxide::config::EngineIoConfig;
use engineioxide::handler::EngineIoHandler;
use engineioxide::service::EngineIoService;
use engineioxide::{DisconnectReason, Socket, Str};

use super::SocketIoSettings;
use super::door::{self, Door};
use super::flow::Flows;
use crate::protocols::link::Pump;
use crate::tasks::Tasks;

/// Answers each message with itself.
#[derive(Debug)]
pub(super) struct Mirror;

impl EngineIoHandler for Mirror {
    type Data = ();

    fn on_connect(self: Arc<Self>, _socket: Arc<Socket<()>>) {}

    fn on_disconnect(&self, _socket: Arc<Socket<()>>, _reason: DisconnectReason) {}

    fn on_message(self: &Arc<Self>, message: Str, socket: Arc<Socket<()>>) {
        // A client that takes nothing gets no more.
        let _ = socket.emit(message);
    }

    fn on_binary(self: &Arc<Self>, message: Bytes, socket: Arc<Socket<()>>) {
        let _ = socket.emit_binary(message);
    }
}

/// The route.
pub(super) fn router(settings: SocketIoSettings, tasks: Tasks, pump: Pump) -> Router {
    let config = EngineIoConfig::builder()
        .req_path("/engine.io")
        .ping_interval(settings.ping_interval)
        .ping_timeout(settings.ping_timeout)
        .max_payload(settings.max_payload_bytes as u64)
        .ws_max_message_size(settings.max_payload_bytes)
        .ws_max_frame_size(settings.max_payload_bytes)
        .max_buffer_size(settings.max_buffered_packets)
        .build();
    let (flows, shutdown) = (Flows::default(), tasks.shutdown().clone());
    let open = flows.clone();
    tasks.spawn("engine.io farewell", async move {
        shutdown.cancelled().await;
        open.cut_all();
    });
    let door = Door {
        engine: EngineIoService::with_config(Arc::new(Mirror), config),
        path: "/engine.io/",
        flows,
        tasks,
        request_timeout: settings.request_timeout,
        pump,
    };
    Router::new().route("/engine.io/", any(door::enter::<EngineIoService<Mirror>>)).with_state(door)
}
