//! What comes from a room: signals and events, as one stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use crate::app::Feed;
use crate::bus::{Published, Signal};
use crate::domain::Error;
use crate::protocols::batches::Batches;
use crate::telemetry::ChannelMetrics;

/// Something from a room.
pub enum FromRoom {
    Events(Vec<Arc<Published>>),
    Signal(Signal),
    /// Nothing more comes; why.
    Ended(Error),
}

/// A room that is watched.
pub struct RoomWatch {
    events: Batches,
    signals: BroadcastStream<Signal>,
}

impl RoomWatch {
    /// From a room's events and its signals.
    pub fn new(feed: Feed, signals: broadcast::Receiver<Signal>, channel: Arc<ChannelMetrics>) -> Self {
        Self { events: Batches::new(feed, channel), signals: BroadcastStream::new(signals) }
    }
}

impl Stream for RoomWatch {
    type Item = FromRoom;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<FromRoom>> {
        // Signals first: the advisor's words come before the message that they make up. Who missed some has the message.
        while let Poll::Ready(Some(signal)) = Pin::new(&mut self.signals).poll_next(cx) {
            if let Ok(signal) = signal {
                return Poll::Ready(Some(FromRoom::Signal(signal)));
            }
        }
        Pin::new(&mut self.events).poll_next(cx).map(|batch| {
            batch.map(|batch| match batch {
                Ok(events) => FromRoom::Events(events),
                Err(error) => FromRoom::Ended(error),
            })
        })
    }
}
