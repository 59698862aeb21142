//! A subscription's way out: its events as frames.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use parking_lot::Mutex;

use super::frames::{self, Reply};
use super::speech::Speech;
use crate::app::Feed;
use crate::domain::Error;
use crate::protocols::link::{Filled, Lane, ROOM_BYTES};
use crate::telemetry::{ChannelMetrics, GaugeGuard};

/// Events that are taken from the feed at once.
const BATCH: usize = 64;

/// The subscriptions of a connection: their ids, and the names of their lanes. Shared, because a lane that ends by itself
/// gives its id back.
pub(super) type Names = Arc<Mutex<HashMap<String, u64>>>;

/// A subscription.
pub(super) struct Events {
    id: String,
    speech: Speech,
    /// What stands before the envelope in its frames.
    prefix: Bytes,
    feed: Feed,
    names: Names,
    channel: Arc<ChannelMetrics>,
    _active: GaugeGuard,
}

impl Events {
    /// The subscription `id` of the connection that has `names`.
    pub fn new(id: String, feed: Feed, names: Names, speech: Speech, channel: Arc<ChannelMetrics>) -> Self {
        let (prefix, _active) = (speech.event_prefix(&id), channel.subscription());
        Self { id, speech, prefix, feed, names, channel, _active }
    }

    fn end(&mut self, error: &Error, out: &mut Vec<u8>) {
        self.names.lock().remove(&self.id);
        tracing::debug!(code = error.code(), cause = ?std::error::Error::source(error), "a subscription ended");
        // First why, then that it is over: an error alone may also answer a request.
        self.speech.put(out, &frames::error(Some(&self.id), error));
        self.speech.put(out, &Reply::Unsubscribed { id: &self.id }.text());
    }
}

impl Lane for Events {
    fn poll_fill(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Filled> {
        let (speech, prefix, mut count) = (self.speech, &self.prefix, 0);
        let (mut taken, mut weight) = (Vec::new(), out.len());
        let filled = self.feed.poll_next(cx, BATCH, &mut |published| {
            count += 1;
            if speech.is_deflated() {
                // Compressing takes longer than the ring should be held.
                taken.push(published.clone());
                weight += published.event.weight();
                return weight < ROOM_BYTES;
            }
            speech.put_event(out, prefix, published);
            out.len() < ROOM_BYTES
        });
        let filled = ready!(filled);
        taken.iter().for_each(|published| speech.put_event(out, prefix, published));
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
