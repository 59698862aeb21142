//! An event stream on a connection of its own, past HTTP's machinery: see [`crate::protocols::link::Takeover`].

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::ReadBuf;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use super::stream::{closing, greeting, keep_alive, restarting};
use super::{Sse, SseSettings, block};
use crate::app::Feed;
use crate::bus::Form;
use crate::domain::Principal;
use crate::protocols::link::{Filled, LAST_CHUNK, Lane, Outbox, ROOM_BYTES, Wire, put_chunk, together};
use crate::telemetry::{ChannelMetrics, GaugeGuard};

/// Events that are taken from the feed at once.
const BATCH: usize = 64;
/// How long the last block may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// Most bytes that a client may send after its request; they are not looked at.
const MAX_SURPLUS_BYTES: usize = 64 * 1024;

/// The only lane of the connection.
struct Blocks {
    feed: Feed,
    channel: Arc<ChannelMetrics>,
    _active: GaugeGuard,
    /// Goes with the lane, which the session waits for.
    _end: oneshot::Sender<Infallible>,
}

impl Lane for Blocks {
    fn poll_fill(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Filled> {
        let mut count = 0;
        let filled = self.feed.poll_next(cx, BATCH, &mut |published| {
            out.extend_from_slice(published.form(Form::SseChunk, |_| {
                let mut chunk = Vec::new();
                put_chunk(&mut chunk, block(published));
                chunk
            }));
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
                put_chunk(out, &closing(&error));
                out.extend_from_slice(LAST_CHUNK);
                Filled::Over
            }
        })
    }

    fn idle(&mut self, out: &mut Vec<u8>) {
        put_chunk(out, &keep_alive(&mut self.feed));
    }
}

/// Serves a stream until the client goes, or the stream ends. `head` is of the answer.
pub(super) async fn run(sse: Sse, feed: Feed, principal: Principal, wire: Arc<Wire>, mut head: Vec<u8>) {
    let _open = sse.streams.connection();
    let outbox = sse.pump.outbox(wire);
    put_chunk(&mut head, &greeting(&sse.settings, &feed));
    let (_end, ended) = oneshot::channel();
    let (channel, _active) = (sse.streams.clone(), sse.streams.subscription());
    outbox.add(&head, outbox.name(), Box::new(Blocks { feed, channel, _active, _end }));
    drop(head);
    let last = tokio::select! {
        biased;
        () = sse.tasks.shutdown().cancelled() => Some(restarting(&sse)),
        reason = sse.app.ending(&principal) => Some(closing(&reason)),
        // It has said why.
        _ = ended => None,
        () = outbox.broken() => return,
        () = gone(outbox.wire()) => return,
        () = keep_time(&outbox, &sse.settings) => {
            sse.limits.limit_hit("server.write_timeout_ms");
            Some(": closed because it was read too slowly; resume from the last id\n\n".into())
        }
    };
    let mut bytes = Vec::new();
    if let Some(last) = last {
        put_chunk(&mut bytes, &last);
        bytes.extend_from_slice(LAST_CHUNK);
    }
    outbox.finish(&bytes);
    let _ = timeout(FAREWELL, outbox.drained()).await;
}

/// Waits until the client is gone.
async fn gone(wire: &Wire) {
    let mut surplus = 0;
    while surplus < MAX_SURPLUS_BYTES {
        let mut bytes = [0; 64];
        let read = std::future::poll_fn(|cx| {
            let mut buffer = ReadBuf::new(&mut bytes);
            wire.poll_read(cx, &mut buffer).map_ok(|()| buffer.filled().len())
        });
        match read.await {
            Ok(0) | Err(_) => return,
            Ok(count) => surplus += count,
        }
    }
}

/// Keeps a quiet stream alive; ends when the client has taken nothing for too long.
async fn keep_time(outbox: &Outbox, settings: &SseSettings) {
    // What was written in one half counts in the next, so no silence is longer than a whole.
    let half = settings.keep_alive / 2;
    let mut tick = together(Instant::now() + half, half);
    loop {
        let stall = outbox.stalled().map(|since| since + settings.write_timeout);
        // A stall that begins meanwhile is found in time.
        let look = tick.min(Instant::now() + settings.write_timeout);
        sleep_until(stall.map_or(look, |stall| stall.min(look))).await;
        let now = Instant::now();
        if outbox.stalled().is_some_and(|since| now >= since + settings.write_timeout) {
            return;
        }
        if now >= tick {
            outbox.idle();
            tick = together(now + half, half);
        }
    }
}
