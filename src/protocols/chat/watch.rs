//! What comes from a room: whispers and events, as one stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use crate::app::Feed;
use crate::bus::Published;
use crate::chat::Whisper;
use crate::domain::Error;
use crate::protocols::batches::Batches;
use crate::telemetry::ChannelMetrics;

/// Something from a room.
pub enum FromRoom {
    Events(Vec<Arc<Published>>),
    Whisper(Whisper),
    /// Nothing more comes; why.
    Ended(Error),
}

/// A room that is watched.
pub struct RoomWatch {
    events: Batches,
    whispers: BroadcastStream<Whisper>,
}

impl RoomWatch {
    /// From a room's events and its whispers.
    pub fn new(feed: Feed, whispers: broadcast::Receiver<Whisper>, channel: Arc<ChannelMetrics>) -> Self {
        Self { events: Batches::new(feed, channel), whispers: BroadcastStream::new(whispers) }
    }
}

impl Stream for RoomWatch {
    type Item = FromRoom;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<FromRoom>> {
        // Whispers first: the advisor's words come before the message that they make up. Who missed some has the message.
        while let Poll::Ready(Some(whisper)) = Pin::new(&mut self.whispers).poll_next(cx) {
            if let Ok(whisper) = whisper {
                return Poll::Ready(Some(FromRoom::Whisper(whisper)));
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
