//! A subscription's way out: its events as frames.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;

use super::frames::{self, Reply};
use crate::app::Feed;
use crate::bus::Form;
use crate::domain::Error;
use crate::protocols::link::{Filled, Lane, ROOM_BYTES, put_text};
use crate::telemetry::{ChannelMetrics, GaugeGuard};
use crate::wire;

/// Events that are taken from the feed at once.
const BATCH: usize = 64;

/// The subscriptions of a connection: their ids, and the names of their lanes. Shared, because a lane that ends by itself
/// gives its id back.
pub(super) type Names = Arc<Mutex<HashMap<String, u64>>>;

/// A subscription.
pub(super) struct Events {
    id: String,
    /// What stands before the envelope in its frames.
    prefix: Vec<u8>,
    feed: Feed,
    names: Names,
    channel: Arc<ChannelMetrics>,
    _active: GaugeGuard,
}

impl Events {
    /// The subscription `id` of the connection that has `names`.
    pub fn new(id: String, feed: Feed, names: Names, channel: Arc<ChannelMetrics>) -> Self {
        let (prefix, _active) = (frames::event_prefix(&id).into(), channel.subscription());
        Self { id, prefix, feed, names, channel, _active }
    }

    fn end(&mut self, error: &Error, out: &mut Vec<u8>) {
        self.names.lock().remove(&self.id);
        tracing::debug!(code = error.code(), cause = ?std::error::Error::source(error), "a subscription ended");
        // First why, then that it is over: an error alone may also answer a request.
        put_text(out, &[frames::error(Some(&self.id), error).as_bytes()]);
        put_text(out, &[Reply::Unsubscribed { id: &self.id }.text().as_bytes()]);
    }
}

impl Lane for Events {
    fn poll_fill(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Filled> {
        let (prefix, mut count) = (&self.prefix, 0);
        let filled = self.feed.poll_next(cx, BATCH, &mut |published| {
            let envelope = published.form(Form::Envelope, wire::event::envelope);
            put_text(out, &[prefix, &envelope, b"}"]);
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
                self.end(&error, out);
                Filled::Over
            }
        })
    }
}
