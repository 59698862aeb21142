//! A session's own connection: a WebSocket that the engine has let go of.
//!
//! Of what an idle session weighs, the engine's three tasks and its channel are the most, and all that they do for one who
//! listens on a WebSocket is to ping, and to read the few packets that come. So once a client has subscribed, and everything
//! that was given to the engine is out, the connection is taken from it between two messages ([`super::line`]). To the engine
//! it has ended; the client notices nothing. The packets are still read by the library's parser. A client that leaves the
//! namespace goes back to the engine, with a session that it does not see.

use bytes::Bytes;
use futures_util::StreamExt as _;
use socketioxide_core::Str;
use socketioxide_core::packet::{Packet, PacketData};
use socketioxide_core::parser::{Parse as _, ParseConfig, ParseError, ParserState};
use socketioxide_parser_common::CommonParser;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::calls::Call;
use super::ending::End;
use super::farewell::LAST_WORDS;
use super::incoming::Frames;
use super::{MAX_ATTACHMENTS, READ_BUFFER_BYTES, SocketIoSettings};
use crate::protocols::link::{CloseReason, Due, Half, Outbox, Pulse, PulseSettings, close, put_text};
use crate::protocols::upgrade;

/// Most bytes of the library's own answers that may wait.
const MAX_ANSWERS_BYTES: usize = 4 * 1024;

/// The code of the close frame (RFC 6455 §7.4.1) for what cannot be read.
const PROTOCOL: u16 = 1002;

/// Reads a connection, and keeps its time.
pub(super) struct Own {
    frames: WebSocketStream<Frames<Half>>,
    pulse: Pulse,
    parser: ParserState,
    parsing: ParseConfig,
}

impl Own {
    /// The connection below `outbox`, with what was read of it already.
    pub async fn new(outbox: &Outbox, ahead: Bytes, settings: &SocketIoSettings) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(Some(settings.max_payload_bytes))
            .max_frame_size(Some(settings.max_payload_bytes))
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_ANSWERS_BYTES);
        let half = Half::new(outbox.wire().clone(), ahead, Some(outbox.sender()));
        let frames = WebSocketStream::from_raw_socket(Frames::new(half), Role::Server, Some(config)).await;
        let SocketIoSettings { ping_interval, ping_timeout: pong_timeout, stall_timeout, .. } = *settings;
        let pulse = PulseSettings { ping_interval, pong_timeout, write_timeout: stall_timeout };
        // The engine's last ping was an interval ago at most, and the client waits for the next as long as for a pong besides.
        let pulse = Pulse::with_first(pulse, ping_interval.min(pong_timeout) / 2);
        let parsing = ParseConfig {
            max_incoming_binaries: MAX_ATTACHMENTS,
            max_incoming_binary_buf_size: settings.max_payload_bytes,
            ..ParseConfig::default()
        };
        Self { frames, pulse, parser: ParserState::default(), parsing }
    }

    /// Waits for what the client emits next, and keeps the time meanwhile. Nothing is lost when the waiting is given up.
    pub async fn next(&mut self, outbox: &Outbox) -> Result<Call, End> {
        loop {
            let timer = sleep_until(self.pulse.next(outbox));
            let next = tokio::select! {
                next = self.frames.next() => next,
                () = outbox.broken() => return Err(End::Gone),
                () = timer => {
                    self.on_time(outbox)?;
                    continue;
                }
            };
            self.pulse.heard();
            let packet = match next {
                Some(Ok(Message::Text(text))) => self.read(&text)?,
                Some(Ok(Message::Binary(bytes))) => {
                    self.parsed(CommonParser.decode_bin(&self.parsing, &self.parser, bytes))?
                }
                // A ping is answered by the library, with the next read.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
                Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
                Some(Err(error)) => {
                    let told = upgrade::unreadable(&error);
                    return Err(told.map_or(End::Gone, |(code, reason)| End::Closed(code, reason)));
                }
            };
            if let Some(call) = packet.map(of_packet).transpose()?.flatten() {
                return Ok(call);
            }
        }
    }

    fn on_time(&mut self, outbox: &Outbox) -> Result<(), End> {
        match self.pulse.look(outbox) {
            Due::Nothing => Ok(()),
            Due::Ping => {
                ping(outbox);
                Ok(())
            }
            Due::Silent => Err(End::Gone),
            Due::Slow => Err(End::Stalled),
        }
    }

    /// Reads a packet of Engine.IO. Gives back the one of Socket.IO that is in it.
    fn read(&self, text: &str) -> Result<Option<Packet>, End> {
        match text.as_bytes() {
            [b'4', ..] => {
                let packet = Str::copy_from_slice(&text[1..]);
                self.parsed(CommonParser.decode_str(&self.parsing, &self.parser, packet))
            }
            // Pings are the server's to send; the engine passes one over.
            [b'2' | b'3' | b'6', ..] => Ok(None),
            [b'1', ..] => Err(End::Gone),
            _ => Err(End::Closed(PROTOCOL, "that is no packet of Engine.IO")),
        }
    }

    fn parsed(&self, packet: Result<Packet, ParseError>) -> Result<Option<Packet>, End> {
        match packet {
            Ok(packet) => Ok(Some(packet)),
            Err(ParseError::NeedsMoreBinaryData) => Ok(None),
            Err(error) => {
                tracing::debug!("a packet of Socket.IO that cannot be read: {error}");
                Err(End::Closed(PROTOCOL, "that is no packet of Socket.IO"))
            }
        }
    }

    /// Lets go of the connection. Gives back what was read of it and is not answered.
    pub fn let_go(self) -> Bytes {
        std::mem::take(self.frames.into_inner().ahead())
    }

    /// Closes the connection, and waits a while for the client to do the same.
    pub async fn farewell(mut self, outbox: &Outbox, reason: Option<CloseReason>) {
        let ours = reason.is_some();
        let closing = async {
            match reason {
                Some(reason) => outbox.finish(&close(&reason)),
                None => {
                    // The library answers a close with its next read.
                    let _ = timeout(LAST_WORDS, self.frames.next()).await;
                    outbox.finish(&[]);
                }
            }
            outbox.drained().await;
            // What is not read would reset the connection, and the last words with it.
            if ours {
                while let Some(Ok(_)) = self.frames.next().await {}
            }
        };
        let _ = timeout(LAST_WORDS, closing).await;
    }
}

/// Has the client wait for the next ping from now on.
pub(super) fn ping(outbox: &Outbox) {
    send(outbox, b"2", b"");
}

/// A packet of Engine.IO.
fn send(outbox: &Outbox, kind: &[u8], payload: &[u8]) {
    let mut frame = Vec::new();
    put_text(&mut frame, &[kind, payload]);
    outbox.send(&frame);
}

/// What is to be answered of a packet.
fn of_packet(packet: Packet) -> Result<Option<Call>, End> {
    if packet.ns != "/" {
        // Those of other namespaces are with the engine, and the client connects to all of them when it comes again.
        return match packet.inner {
            PacketData::Connect(_) => Err(End::again()),
            _ => Ok(None),
        };
    }
    match packet.inner {
        PacketData::Event(packet, ack) | PacketData::BinaryEvent(packet, ack) => {
            Ok(Some(Call { packet, ack }))
        }
        PacketData::Disconnect => Err(End::Left),
        // Nothing that is sent asks for an acknowledgement, and who is connected stays so.
        _ => Ok(None),
    }
}
