//! The writing side of a connection: events and replies out, everything that waits in one write.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{SplitSink, Stream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_stream::StreamMap;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;

use super::frames::{self, Reply};
use super::reader::{Heard, Names};
use super::speech::Speech;
use super::{Told, WebSocket, close_code};
use crate::app::Ending;
use crate::bus::Published;
use crate::domain::{Error, Result};
use crate::protocols::batches::Batches;
use crate::protocols::upgrade::Socket;

/// How long the closing frame may take.
const FAREWELL: Duration = Duration::from_secs(1);

type Sink = SplitSink<Socket, Message>;
type Batch = Result<Vec<Arc<Published>>>;

/// A subscription as the writing side knows it.
struct Subscription {
    /// What stands before the envelope in its frames.
    prefix: Bytes,
    batches: Batches,
}

impl Stream for Subscription {
    type Item = (Batch, Bytes);

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        Pin::new(&mut self.batches).poll_next(cx).map(|next| next.map(|batch| (batch, self.prefix.clone())))
    }
}

/// Why the writing side ends.
enum End {
    /// The other side closed it.
    Gone,
    /// The socket failed: there is nobody to tell.
    Broken,
    Close(u16, &'static str),
}

/// Why frames could not be written.
enum Unwritten {
    /// The token ended while they waited.
    Ended(Error),
    /// The other side took nothing for as long as a write may take.
    Slow,
    /// The connection is gone.
    Broken,
}

/// The writing side.
pub(super) struct Writer {
    websocket: WebSocket,
    told: mpsc::Receiver<Told>,
    heard: Arc<Heard>,
    ending: Ending,
    names: Names,
    speech: Speech,
    subscriptions: StreamMap<String, Subscription>,
}

impl Writer {
    pub fn new(
        websocket: WebSocket,
        told: mpsc::Receiver<Told>,
        heard: Arc<Heard>,
        ending: Ending,
        names: Names,
        speech: Speech,
    ) -> Self {
        Self { websocket, told, heard, ending, names, speech, subscriptions: StreamMap::new() }
    }

    /// Writes until the connection ends.
    pub async fn run(mut self, mut sink: Sink) {
        let end = self.write_all(&mut sink).await;
        let (code, reason) = match end {
            End::Gone => (1000, ""),
            End::Broken => return,
            End::Close(code, reason) => (code, reason),
        };
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) };
        let close = async {
            let _ = sink.send(Message::Close(Some(frame))).await;
            let _ = sink.close().await;
        };
        let _ = timeout(FAREWELL, close).await;
    }

    async fn write_all(&mut self, sink: &mut Sink) -> End {
        let parts = self.websocket.0.clone();
        let period = parts.settings.ping_interval;
        let mut pings = interval_at(Instant::now() + period, period);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_since: Option<Instant> = None;
        loop {
            let silence = async {
                match silent_since {
                    Some(since) => tokio::time::sleep_until(since + parts.settings.pong_timeout).await,
                    None => std::future::pending().await,
                }
            };
            let written = tokio::select! {
                biased;
                () = parts.tasks.shutdown().cancelled() => {
                    return End::Close(close_code::RESTART, "the server restarts; come back");
                }
                reason = &mut self.ending => return End::Close(close_code::UNAUTHENTICATED, reason.code()),
                told = self.told.recv() => match told {
                    Some(Told::End(code, reason)) => return End::Close(code, reason),
                    Some(told) => self.obey(told, sink).await,
                    None => return End::Gone,
                },
                Some((id, (batch, prefix))) = self.subscriptions.next() => {
                    self.forward(&id, &prefix, batch, sink).await
                }
                () = silence => {
                    if !self.heard.take() {
                        return End::Close(close_code::SILENT, "no pong came in time");
                    }
                    silent_since = None;
                    Ok(())
                }
                _ = pings.tick() => {
                    self.heard.take();
                    silent_since.get_or_insert_with(Instant::now);
                    flush(&self.websocket, &mut self.ending, sink, vec![Message::Ping(Bytes::new())]).await
                }
            };
            match written {
                Ok(()) => {}
                Err(Unwritten::Ended(reason)) => {
                    return End::Close(close_code::UNAUTHENTICATED, reason.code());
                }
                Err(Unwritten::Slow) => {
                    return End::Close(close_code::SLOW, "reads too slowly; resume from the last cursor");
                }
                Err(Unwritten::Broken) => return End::Broken,
            }
        }
    }

    async fn obey(&mut self, told: Told, sink: &mut Sink) -> Result<(), Unwritten> {
        let frame = match told {
            Told::Frame(text) => self.speech.frame(text),
            Told::End(..) => return Ok(()),
            Told::Principal(principal) => {
                self.ending = self.websocket.0.app.ending(&principal);
                let expires_at = principal.expires_at().map(|at| at.to_string());
                self.speech.frame(Reply::Authenticated { expires_at }.text())
            }
            Told::Unsubscribed { id } => {
                self.subscriptions.remove(&id);
                self.speech.frame(Reply::Unsubscribed { id: &id }.text())
            }
            Told::Subscribed { id, feed } => {
                let (cursor, live_from, resumed) = (feed.cursor(), feed.live_from(), feed.resumed());
                let reply = Reply::Subscribed { id: &id, cursor, live_from, resumed }.text();
                let prefix = self.speech.event_prefix(&id);
                let batches = Batches::new(*feed, self.websocket.0.channel.clone());
                self.subscriptions.insert(id, Subscription { prefix, batches });
                self.speech.frame(reply)
            }
        };
        flush(&self.websocket, &mut self.ending, sink, vec![frame]).await
    }

    async fn forward(
        &mut self,
        id: &str,
        prefix: &Bytes,
        batch: Batch,
        sink: &mut Sink,
    ) -> Result<(), Unwritten> {
        match batch {
            Ok(events) => {
                self.websocket.0.channel.delivered(events.len() as u64);
                let frames = events.iter().map(|published| self.speech.event(prefix, published)).collect();
                flush(&self.websocket, &mut self.ending, sink, frames).await
            }
            Err(error) => {
                self.subscriptions.remove(id);
                self.names.lock().remove(id);
                tracing::debug!(code = error.code(), cause = ?std::error::Error::source(&error), "a subscription ended");
                // First why, then that it is over: an error alone may also answer a request.
                let why = self.speech.frame(frames::error(Some(id), &error));
                let over = self.speech.frame(Reply::Unsubscribed { id }.text());
                flush(&self.websocket, &mut self.ending, sink, vec![why, over]).await
            }
        }
    }
}

/// Hands frames to the socket in one write, within the time that a write may take, and while the token is good: who reads
/// slowly is told no more than others.
async fn flush(
    websocket: &WebSocket,
    ending: &mut Ending,
    sink: &mut Sink,
    frames: Vec<Message>,
) -> Result<(), Unwritten> {
    let write = async {
        for frame in frames {
            sink.feed(frame).await?;
        }
        sink.flush().await
    };
    let written = tokio::select! {
        biased;
        reason = ending => return Err(Unwritten::Ended(reason)),
        written = timeout(websocket.0.settings.write_timeout, write) => written,
    };
    match written {
        Ok(written) => written.map_err(|_| Unwritten::Broken),
        Err(_) => {
            websocket.0.metrics.limit_hit("websocket.write_timeout_ms");
            Err(Unwritten::Slow)
        }
    }
}
