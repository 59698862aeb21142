//! The short way out of a WebSocket: packets that are ready go past the engine, straight to the connection.
//!
//! The engine makes a text of each packet for each client, and takes it through two queues and a task. What is the same for
//! all clients need not be made again: an event's packet is made once, frame included, and the pump writes it. The engine
//! keeps what it is good at: the handshake, namespaces, and long-polling; a client that listens is served without it
//! ([`super::own`]).

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::Notify;

use crate::app::Feed;
use crate::bus::{Form, Published};
use crate::domain::Error;
use crate::protocols::link::{Filled, Lane, Outbox, ROOM_BYTES, put_text};
use crate::telemetry::{ChannelMetrics, GaugeGuard};
use crate::wire;

/// Events that are taken from the feed at once.
const BATCH: usize = 64;

/// A session's own way out.
pub(super) struct Direct {
    outbox: Arc<Outbox>,
    /// The lanes of the subscriptions, by id.
    lanes: HashMap<Arc<str>, u64>,
    ended: Arc<Ended>,
}

/// Subscriptions that have ended, with the reason of each. A channel would keep 3 KiB for what hardly ever happens.
#[derive(Default)]
struct Ended {
    waiting: Mutex<Vec<(Arc<str>, Error)>>,
    arrived: Notify,
}

impl Direct {
    pub fn new(outbox: Arc<Outbox>) -> Self {
        Self { outbox, lanes: HashMap::new(), ended: Arc::default() }
    }

    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Sends a packet (Socket.IO protocol 5) on the default namespace: `head` is its type, and its acknowledgement's id.
    pub fn send(&self, head: &str, arguments: &str) {
        let mut frame = Vec::new();
        put_text(&mut frame, &[head.as_bytes(), b"[", arguments.as_bytes(), b"]"]);
        self.outbox.send(&frame);
    }

    /// Tells the client that it is connected no more, and need not come back by itself.
    pub fn leave_namespace(&self) {
        let mut frame = Vec::new();
        put_text(&mut frame, &[b"41"]);
        self.outbox.send(&frame);
    }

    /// Sends the events of a subscription from now on.
    pub fn join(&mut self, id: Arc<str>, feed: Feed, active: GaugeGuard, channel: Arc<ChannelMetrics>) {
        let name = self.outbox.name();
        let lane = Packets { id: id.clone(), feed, channel, ended: self.ended.clone(), _active: active };
        self.lanes.insert(id, name);
        self.outbox.add(&[], name, Box::new(lane));
    }

    /// `false`: there is no such subscription.
    pub fn leave(&mut self, id: &str) -> bool {
        let lane = self.lanes.remove(id);
        if let Some(lane) = lane {
            self.outbox.remove(lane, &[]);
        }
        lane.is_some()
    }

    pub fn has(&self, id: &str) -> bool {
        self.lanes.contains_key(id)
    }

    pub fn count(&self) -> usize {
        self.lanes.len()
    }

    /// Ends all subscriptions. The connection may go on without them: it is the namespace that was left.
    pub fn stop(&mut self) {
        for (_, lane) in self.lanes.drain() {
            self.outbox.remove(lane, &[]);
        }
    }

    /// Waits for the end of a subscription, with its reason; none is lost when the waiting is given up.
    pub async fn ended(&self) -> (Arc<str>, Error) {
        loop {
            if let Some(ended) = self.ended.waiting.lock().pop() {
                return ended;
            }
            self.ended.arrived.notified().await;
        }
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A subscription.
struct Packets {
    id: Arc<str>,
    feed: Feed,
    channel: Arc<ChannelMetrics>,
    ended: Arc<Ended>,
    _active: GaugeGuard,
}

impl Lane for Packets {
    fn poll_fill(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Filled> {
        let mut count = 0;
        let filled = self.feed.poll_next(cx, BATCH, &mut |published| {
            out.extend_from_slice(packet(published));
            count += 1;
            out.len() < ROOM_BYTES
        });
        let filled = ready!(filled);
        if count > 0 {
            self.channel.delivered(count);
        }
        if self.feed.take_lagged() {
            self.channel.lagged();
        }
        Poll::Ready(match filled {
            Ok(()) => Filled::More,
            Err(error) => {
                // The session says what there is to say. There is one for each subscription, of which there are few.
                self.ended.waiting.lock().push((self.id.clone(), error));
                self.ended.arrived.notify_one();
                Filled::Over
            }
        })
    }
}

/// The packet of an event, in its frame.
fn packet(published: &Published) -> &[u8] {
    published.form(Form::SocketIo, |event| {
        let mut frame = Vec::new();
        let envelope = published.form(Form::Envelope, wire::event::envelope);
        put_text(&mut frame, &[b"42[\"", event.kind.name().as_bytes(), b"\",", envelope, b"]"]);
        frame
    })
}

/// The argument of a packet, as JSON.
pub(super) fn json<T: Serialize + ?Sized>(argument: &T) -> Result<String, Error> {
    serde_json::to_string(argument).map_err(Error::internal)
}
