//! The body of an event stream: a feed, written block by block, with comments while nothing happens.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;

use super::{Sse, SseSettings, block};
use crate::app::{Ending, Feed};
use crate::bus::Published;
use crate::domain::{Error, Principal};
use crate::protocols::link::ROOM_BYTES;
use crate::telemetry::{ChannelMetrics, GaugeGuard};
use crate::wire::Problem;

/// Events that go out in one write at most.
const BATCH: usize = 64;

/// Where a stream stands.
struct Stream {
    sse: Sse,
    feed: Feed,
    settings: SseSettings,
    metrics: Arc<ChannelMetrics>,
    ending: Ending,
    greeted: bool,
    /// Events that did not fit into the last write.
    waiting: VecDeque<Arc<Published>>,
    _open: (GaugeGuard, GaugeGuard),
}

/// The body of the answer to a subscribe.
pub(super) fn body(sse: &Sse, feed: Feed, principal: &Principal) -> Body {
    let stream = Stream {
        sse: sse.clone(),
        feed,
        settings: sse.settings,
        metrics: sse.streams.clone(),
        ending: sse.app.ending(principal),
        greeted: false,
        waiting: VecDeque::new(),
        _open: (sse.streams.connection(), sse.streams.subscription()),
    };
    Body::from_stream(stream::unfold(Some(stream), |stream| async {
        let mut stream = stream?;
        let (bytes, more) = stream.next().await;
        Some((Ok::<_, Infallible>(bytes), more.then_some(stream)))
    }))
}

impl Stream {
    /// The next bytes, and whether more come after them.
    async fn next(&mut self) -> (Bytes, bool) {
        if !self.greeted {
            self.greeted = true;
            return (greeting(&self.settings, &self.feed), true);
        }
        if !self.waiting.is_empty() {
            return (join(&mut self.waiting), true);
        }
        tokio::select! {
            biased;
            () = self.sse.tasks.shutdown().cancelled() => (restarting(&self.sse), false),
            reason = &mut self.ending => (closing(&reason), false),
            events = self.feed.next(BATCH) => match events {
                Ok(events) => {
                    self.metrics.delivered(events.len() as u64);
                    if self.feed.take_lagged() {
                        self.metrics.lagged();
                    }
                    self.waiting.extend(events);
                    (join(&mut self.waiting), true)
                }
                Err(error) => (closing(&error), false),
            },
            () = tokio::time::sleep(self.settings.keep_alive) => {
                (keep_alive(&mut self.feed), true)
            }
        }
    }
}

/// The first block. One without data is not dispatched but sets the last event id: who is cut off before the first event
/// resumes from where it joined.
pub(super) fn greeting(settings: &SseSettings, feed: &Feed) -> Bytes {
    format!("retry: {}\nid: {}\n\n", settings.retry.as_millis(), feed.cursor()).into()
}

/// What keeps a quiet stream alive; with the cursor, so that a quiet client does not come back with one that is too old.
pub(super) fn keep_alive(feed: &mut Feed) -> Bytes {
    format!(": keep-alive\nid: {}\n\n", feed.idle_cursor()).into()
}

/// The last block when the server stops: everyone is told another time to come back.
pub(super) fn restarting(sse: &Sse) -> Bytes {
    let retry = sse.pump.comeback().draw_ms();
    format!("retry: {retry}\n: the server restarts; come back\n\n").into()
}

/// Takes the blocks of the first events, as one piece of bytes and so one write: of one, or of as many as there is room
/// for.
fn join(events: &mut VecDeque<Arc<Published>>) -> Bytes {
    let Some(first) = events.pop_front() else { return Bytes::new() };
    let fits = |len: usize, next: &Arc<Published>| len + block(next).len() <= ROOM_BYTES;
    if !events.front().is_some_and(|next| fits(block(&first).len(), next)) {
        return block(&first).clone();
    }
    let mut bytes = BytesMut::from(&block(&first)[..]);
    while let Some(next) = events.pop_front_if(|next| fits(bytes.len(), next)) {
        bytes.extend_from_slice(block(&next));
    }
    bytes.freeze()
}

/// The last block of a stream that ends for a reason that the client must know.
pub(super) fn closing(error: &Error) -> Bytes {
    tracing::debug!(code = error.code(), cause = ?std::error::Error::source(error), "a stream ended");
    let problem = serde_json::to_string(&Problem::from(error)).unwrap_or_default();
    format!("event: stream.closed\ndata: {problem}\n\n").into()
}
