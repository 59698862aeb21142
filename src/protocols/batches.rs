//! A subscription's events as a stream, for connections that carry several subscriptions.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::unfold;
use sync_wrapper::SyncWrapper;

use crate::app::Feed;
use crate::bus::Published;
use crate::domain::Result;
use crate::telemetry::ChannelMetrics;

/// Events that are taken from the feed at once, and so go out in one write.
const BATCH: usize = 64;

/// The events of one subscription, in batches, until its first error. While it lives it counts as active on its channel.
pub struct Batches(SyncWrapper<Pin<Box<dyn Stream<Item = Batch> + Send>>>);

type Batch = Result<Vec<Arc<Published>>>;

impl Batches {
    /// The events of `feed`, counted on `channel`.
    pub fn new(feed: Feed, channel: Arc<ChannelMetrics>) -> Self {
        let active = channel.subscription();
        Self(SyncWrapper::new(Box::pin(unfold(Some((feed, channel, active)), |state| async {
            let (mut feed, channel, active) = state?;
            let batch = feed.next(BATCH).await;
            if feed.take_lagged() {
                channel.lagged();
            }
            let more = batch.is_ok().then_some((feed, channel, active));
            Some((batch, more))
        }))))
    }
}

impl Stream for Batches {
    type Item = Batch;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Batch>> {
        self.0.get_mut().as_mut().poll_next(cx)
    }
}
