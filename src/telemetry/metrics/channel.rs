//! The numbers of the streaming channels, and the guards that count what is open.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::register;

/// A way in which events reach a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Server-sent events.
    Sse,
    /// Plain WebSocket.
    WebSocket,
    /// Socket.IO over WebSocket or long-polling.
    SocketIo,
    /// GraphQL subscriptions.
    GraphQl,
    /// The poll form of the event stream.
    Poll,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 5] =
        [Channel::Sse, Channel::WebSocket, Channel::SocketIo, Channel::GraphQl, Channel::Poll];

    /// The value of the `channel` label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Channel::Sse => "sse",
            Channel::WebSocket => "websocket",
            Channel::SocketIo => "socketio",
            Channel::GraphQl => "graphql",
            Channel::Poll => "poll",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChannelLabel {
    channel: &'static str,
}

/// The numbers of one channel; the handle for its hot path.
#[derive(Clone, Debug, Default)]
pub struct ChannelMetrics {
    connections: Gauge,
    subscriptions: Gauge,
    delivered: Counter,
    lagged: Counter,
}

impl ChannelMetrics {
    /// Counts a connection as open until the guard is dropped.
    pub fn connection(&self) -> GaugeGuard {
        GaugeGuard::new(&self.connections)
    }

    /// Counts a subscription as active until the guard is dropped.
    pub fn subscription(&self) -> GaugeGuard {
        GaugeGuard::new(&self.subscriptions)
    }

    /// Counts events that were handed to a client's socket.
    pub fn delivered(&self, events: u64) {
        self.delivered.inc_by(events);
    }

    /// Counts one reader that the ring had overrun and that was served from the log instead.
    pub fn lagged(&self) {
        self.lagged.inc();
    }

    /// Events handed to clients so far.
    #[must_use]
    pub fn delivered_total(&self) -> u64 {
        self.delivered.get()
    }

    /// Readers served from the log so far.
    #[must_use]
    pub fn lagged_total(&self) -> u64 {
        self.lagged.get()
    }

    /// Connections open now.
    #[must_use]
    pub fn connections(&self) -> i64 {
        self.connections.get()
    }

    /// Subscriptions active now.
    #[must_use]
    pub fn subscriptions(&self) -> i64 {
        self.subscriptions.get()
    }
}

/// Holds a gauge one higher for as long as it lives.
#[derive(Debug)]
#[must_use = "the gauge goes down again when the guard is dropped"]
pub struct GaugeGuard(Gauge);

impl GaugeGuard {
    pub(super) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

pub(super) fn register_channels(registry: &mut Registry) -> [Arc<ChannelMetrics>; Channel::ALL.len()] {
    let connections =
        register(registry, "connections", "Open connections", Family::<ChannelLabel, Gauge>::default());
    let subscriptions =
        register(registry, "subscriptions", "Active subscriptions", Family::<ChannelLabel, Gauge>::default());
    let delivered = register(
        registry,
        "events_delivered",
        "Events sent to clients",
        Family::<ChannelLabel, Counter>::default(),
    );
    let lagged = register(
        registry,
        "events_lagged",
        "Times that a slow reader was served from the log",
        Family::<ChannelLabel, Counter>::default(),
    );
    Channel::ALL.map(|channel| {
        let label = ChannelLabel { channel: channel.label() };
        Arc::new(ChannelMetrics {
            connections: connections.get_or_create_owned(&label),
            subscriptions: subscriptions.get_or_create_owned(&label),
            delivered: delivered.get_or_create_owned(&label),
            lagged: lagged.get_or_create_owned(&label),
        })
    })
}
