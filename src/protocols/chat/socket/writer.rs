//! The writing side of a connection: answers, what comes from rooms, pings; and its end.

use std::borrow::Cow;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_stream::StreamMap;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::{ChatSocket, Told, refused, typed};
use crate::app::Ending;
use crate::domain::RoomId;
use crate::protocols::chat::watch::{FromRoom, RoomWatch};
use crate::protocols::chat::{Joined, frames};
use crate::protocols::upgrade::Socket;
use crate::protocols::websocket::close_code;

/// How long the closing frame may take.
const FAREWELL: Duration = Duration::from_secs(1);

type Sink = SplitSink<Socket, Message>;

/// Whether anything was heard from the other side since the last look.
pub(super) struct Heard(AtomicBool);

impl Heard {
    pub fn new() -> Self {
        Self(AtomicBool::new(true))
    }

    /// Something came.
    pub fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether anything came since the last call.
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// The writing side.
pub(super) struct Writer {
    chat: ChatSocket,
    told: mpsc::Receiver<Told>,
    heard: Arc<Heard>,
    ending: Ending,
    joined: Joined,
    rooms: StreamMap<RoomId, RoomWatch>,
}

/// Why the writing side ends: with a close code, or because the other side is gone.
struct End(Option<(u16, Cow<'static, str>)>);

impl End {
    fn close(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Self(Some((code, reason.into())))
    }
}

impl Writer {
    pub fn new(
        chat: ChatSocket,
        told: mpsc::Receiver<Told>,
        heard: Arc<Heard>,
        ending: Ending,
        joined: Joined,
    ) -> Self {
        Self { chat, told, heard, ending, joined, rooms: StreamMap::new() }
    }

    /// Writes until the connection ends.
    pub async fn run(mut self, mut sink: Sink, greeting: Value) {
        let end = match self.write(&mut sink, [greeting]).await {
            Ok(()) => self.serve(&mut sink).await,
            Err(end) => end,
        };
        let Some((code, reason)) = end.0 else { return };
        let frame = CloseFrame { code: code.into(), reason: reason.into_owned().into() };
        let close = async {
            let _ = sink.send(Message::Close(Some(frame))).await;
            let _ = sink.close().await;
        };
        let _ = timeout(FAREWELL, close).await;
    }

    async fn serve(&mut self, sink: &mut Sink) -> End {
        let parts = self.chat.0.clone();
        let period = parts.settings.pulse.ping_interval;
        let mut pings = interval_at(Instant::now() + period, period);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_since: Option<Instant> = None;
        loop {
            let silence = async {
                match silent_since {
                    Some(since) => sleep_until(since + parts.settings.pulse.pong_timeout).await,
                    None => pending().await,
                }
            };
            let written = tokio::select! {
                biased;
                () = parts.tasks.shutdown().cancelled() => {
                    let wait = parts.comeback.draw_ms();
                    let reason = format!("the server restarts; come back in {wait} ms");
                    return End::close(close_code::RESTART, reason);
                }
                reason = &mut self.ending => {
                    return End::close(close_code::UNAUTHENTICATED, reason.code());
                }
                told = self.told.recv() => match told {
                    Some(Told::End(code, reason)) => return End::close(code, reason),
                    Some(told) => self.obey(told, sink).await,
                    None => return End::close(1000, ""),
                },
                Some((room, from)) = self.rooms.next() => self.forward(room, from, sink).await,
                () = silence => {
                    if !self.heard.take() {
                        return End::close(close_code::SILENT, "no pong came in time");
                    }
                    silent_since = None;
                    Ok(())
                }
                _ = pings.tick() => {
                    self.heard.take();
                    silent_since.get_or_insert_with(Instant::now);
                    self.send(sink, vec![Message::Ping(Bytes::new())]).await
                }
            };
            if let Err(end) = written {
                return end;
            }
        }
    }

    async fn obey(&mut self, told: Told, sink: &mut Sink) -> Result<(), End> {
        let frame = match told {
            Told::Frame(frame) => frame,
            Told::Joined(room, watch, frame) => {
                self.rooms.insert(room, *watch);
                frame
            }
            Told::Left(room, frame) => {
                self.rooms.remove(&room);
                frame
            }
            Told::Renewed(principal, frame) => {
                self.ending = self.chat.0.desk.app().ending(&principal);
                frame
            }
            Told::End(..) => return Ok(()),
        };
        self.write(sink, [frame]).await
    }

    async fn forward(&mut self, room: RoomId, from: FromRoom, sink: &mut Sink) -> Result<(), End> {
        match from {
            FromRoom::Events(events) => {
                self.chat.0.channel.delivered(events.len() as u64);
                let told = events.iter().filter_map(|published| frames::of_event(&published.event));
                let told: Vec<Value> = told.map(|(kind, frame)| typed(kind.frame(), None, frame)).collect();
                self.write(sink, told).await
            }
            FromRoom::Whisper(whisper) => {
                let (kind, frame) = frames::of_whisper(room, &whisper);
                self.write(sink, [typed(kind.frame(), None, frame)]).await
            }
            FromRoom::Ended(error) => {
                self.rooms.remove(&room);
                self.joined.lock().remove(&room);
                let left = typed("left", None, json!({ "room": room.to_string() }));
                self.write(sink, [refused(None, &error), left]).await
            }
        }
    }

    async fn write(&mut self, sink: &mut Sink, frames: impl IntoIterator<Item = Value>) -> Result<(), End> {
        let frames = frames.into_iter().map(|frame| Message::text(frame.to_string())).collect();
        self.send(sink, frames).await
    }

    /// Everything in one write, within the time that a write may take, and while the token is good: who reads slowly is
    /// told no more than others.
    async fn send(&mut self, sink: &mut Sink, frames: Vec<Message>) -> Result<(), End> {
        let write = async {
            for frame in frames {
                sink.feed(frame).await?;
            }
            sink.flush().await
        };
        let written = tokio::select! {
            biased;
            reason = &mut self.ending => {
                return Err(End::close(close_code::UNAUTHENTICATED, reason.code()));
            }
            written = timeout(self.chat.0.settings.pulse.write_timeout, write) => written,
        };
        match written {
            Ok(written) => written.map_err(|_| End(None)),
            Err(_) => {
                self.chat.0.metrics.limit_hit("websocket.write_timeout_ms");
                Err(End::close(close_code::SLOW, "reads too slowly; resume from the last cursor"))
            }
        }
    }
}
