//! The body of an event stream: a feed, written block by block, with comments while nothing happens.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;

use super::{Sse, SseSettings, block};
use crate::app::{Ending, Feed};
use crate::bus::Published;
use crate::domain::{Error, Principal};
use crate::telemetry::{ChannelMetrics, GaugeGuard};
use crate::wire::Problem;

/// Events that go out in one write at most.
const BATCH: usize = 64;

/// Where a stream stands.
struct Stream {
    feed: Feed,
    settings: SseSettings,
    metrics: Arc<ChannelMetrics>,
    shutdown: tokio_util::sync::CancellationToken,
    jitter: Duration,
    ending: Ending,
    greeted: bool,
    _open: (GaugeGuard, GaugeGuard),
}

/// The body of the answer to a subscribe.
pub(super) fn body(sse: &Sse, feed: Feed, principal: &Principal) -> Body {
    let spread = u64::try_from(sse.settings.retry_jitter.as_millis()).unwrap_or(0) + 1;
    let stream = Stream {
        feed,
        settings: sse.settings,
        metrics: sse.streams.clone(),
        shutdown: sse.tasks.shutdown().clone(),
        jitter: Duration::from_millis(u64::from_be_bytes(sse.ids.random_bytes::<8>()) % spread),
        ending: sse.app.ending(principal),
        greeted: false,
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
            // A block without data is not dispatched but sets the last event id: who is cut off before the first event
            // resumes from where it joined.
            let (retry, cursor) = (self.settings.retry.as_millis(), self.feed.cursor());
            return (format!("retry: {retry}\nid: {cursor}\n\n").into(), true);
        }
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => {
                let retry = (self.settings.retry + self.jitter).as_millis();
                (format!("retry: {retry}\n: the server restarts; come back\n\n").into(), false)
            }
            reason = &mut self.ending => (closing(&reason), false),
            events = self.feed.next(BATCH) => match events {
                Ok(events) => {
                    self.metrics.delivered(events.len() as u64);
                    if self.feed.take_lagged() {
                        self.metrics.lagged();
                    }
                    (join(&events), true)
                }
                Err(error) => (closing(&error), false),
            },
            () = tokio::time::sleep(self.settings.keep_alive) => {
                // With the cursor, so that a quiet client does not come back with one that is too old.
                (format!(": keep-alive\nid: {}\n\n", self.feed.idle_cursor()).into(), true)
            }
        }
    }
}

/// The blocks of events, as one piece of bytes and so one write.
fn join(events: &[Arc<Published>]) -> Bytes {
    if let [single] = events {
        return block(single);
    }
    let blocks: Vec<Bytes> = events.iter().map(|published| block(published)).collect();
    let mut bytes = BytesMut::with_capacity(blocks.iter().map(Bytes::len).sum());
    for block in blocks {
        bytes.extend_from_slice(&block);
    }
    bytes.freeze()
}

/// The last block of a stream that ends for a reason that the client must know.
fn closing(error: &Error) -> Bytes {
    tracing::debug!(code = error.code(), cause = ?std::error::Error::source(error), "a stream ended");
    let problem = serde_json::to_string(&Problem::from(error)).unwrap_or_default();
    format!("event: stream.closed\ndata: {problem}\n\n").into()
}
