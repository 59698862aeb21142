//! A subscription's events as a stream, for connections that carry several subscriptions and write them themselves.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;

use crate::app::Feed;
use crate::bus::Published;
use crate::domain::Result;
use crate::telemetry::{ChannelMetrics, GaugeGuard};

/// Events that are taken from the feed at once.
const BATCH: usize = 64;

/// The events of one subscription, in batches, until its first error. While it lives it counts as active on its channel.
pub struct Batches {
    feed: Feed,
    channel: Arc<ChannelMetrics>,
    active: GaugeGuard,
    over: bool,
}

impl Batches {
    /// The events of `feed`, counted on `channel`.
    pub fn new(feed: Feed, channel: Arc<ChannelMetrics>) -> Self {
        let active = channel.subscription();
        Self { feed, channel, active, over: false }
    }

    /// What it is made of, for another way out.
    pub fn into_parts(self) -> (Feed, GaugeGuard) {
        (self.feed, self.active)
    }
}

impl Stream for Batches {
    type Item = Result<Vec<Arc<Published>>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let mut events = Vec::new();
        let filled = ready!(self.feed.poll_next(cx, BATCH, &mut |published| {
            events.push(published.clone());
            true
        }));
        if self.feed.take_lagged() {
            self.channel.lagged();
        }
        self.over = filled.is_err();
        Poll::Ready(Some(filled.map(|()| events)))
    }
}
