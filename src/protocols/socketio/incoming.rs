//! Where the messages of a client begin and end on a WebSocket (RFC 6455 §5.2), for who takes the connection between two
//! of them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that the head of a frame can be, its mask included.
const MAX_HEAD: usize = 14;

const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const TEXT: u8 = 0x1;
const MASKED: u8 = 0x80;
/// Opcodes from here on are control frames, which may stand between the frames of a message.
const CONTROL: u8 = 0x8;

/// Follows the frames of a client.
#[derive(Default)]
pub(super) struct Incoming {
    head: [u8; MAX_HEAD],
    /// Bytes of the head that have come; none between two frames, and all while the payload comes.
    have: usize,
    /// Bytes of the payload that are still to come.
    rest: u64,
    /// A message has begun and is not over.
    fragmented: bool,
    /// How the payload of a text begins, unmasked.
    start: [u8; 2],
    started: usize,
    binary: bool,
}

impl Incoming {
    /// Follows `bytes` to the end of the frame that they are in. Gives back how many they are.
    pub fn advance(&mut self, bytes: &[u8]) -> usize {
        for (at, byte) in bytes.iter().enumerate() {
            if self.have < self.head_length() {
                self.head[self.have] = *byte;
                self.have += 1;
                if self.have < self.head_length() {
                    continue;
                }
                self.begin();
            } else {
                self.payload(*byte);
                // The rest of a long payload at once.
                let more = bytes.len() - at - 1;
                let skipped = usize::try_from(self.rest).unwrap_or(usize::MAX).min(more);
                if self.started == self.start.len() && skipped > 0 {
                    self.rest -= skipped as u64;
                    if self.rest > 0 {
                        return bytes.len();
                    }
                    self.end();
                    return at + 1 + skipped;
                }
            }
            if self.rest == 0 {
                self.end();
                return at + 1;
            }
        }
        bytes.len()
    }

    /// Whether everything so far was whole messages.
    pub fn between_messages(&self) -> bool {
        self.have == 0 && !self.fragmented
    }

    /// Whether a packet of Socket.IO came that has attachments: they are messages of their own, and belong to it.
    pub fn had_attachments(&self) -> bool {
        self.binary
    }

    /// The length of the head as far as it is known.
    fn head_length(&self) -> usize {
        if self.have < 2 {
            return 2;
        }
        let wide = match self.head[1] & !MASKED {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + wide + if self.head[1] & MASKED == 0 { 0 } else { 4 }
    }

    /// The head is whole.
    fn begin(&mut self) {
        let wide =
            |to: usize| self.head[2..to].iter().fold(0, |length, byte| (length << 8) | u64::from(*byte));
        self.rest = match self.head[1] & !MASKED {
            126 => wide(4),
            127 => wide(10),
            length => u64::from(length),
        };
        let opcode = self.head[0] & OPCODE;
        // Only of the first frame of a text.
        self.started = if opcode == TEXT { 0 } else { self.start.len() };
    }

    fn payload(&mut self, byte: u8) {
        self.rest -= 1;
        if let Some(place) = self.start.get_mut(self.started) {
            let mask = if self.head[1] & MASKED == 0 { 0 } else { self.head[self.have - 4 + self.started] };
            *place = byte ^ mask;
            self.started += 1;
            // A message of Engine.IO, with an event or an acknowledgement that has attachments.
            self.binary |= self.started == 2 && (self.start == *b"45" || self.start == *b"46");
        }
    }

    fn end(&mut self) {
        if self.head[0] & OPCODE < CONTROL {
            self.fragmented = self.head[0] & FIN == 0;
        }
        self.have = 0;
    }
}

/// A connection of which one frame at a time is read, so that who reads never holds a piece of the next one.
pub(super) struct Frames<S> {
    stream: S,
    incoming: Incoming,
    /// What was read and not given yet.
    ahead: Bytes,
}

impl<S> Frames<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, incoming: Incoming::default(), ahead: Bytes::new() }
    }

    /// Where the messages are.
    pub fn incoming(&self) -> &Incoming {
        &self.incoming
    }

    /// What was read and not given yet.
    pub fn ahead(&mut self) -> &mut Bytes {
        &mut self.ahead
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Frames<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.ahead.is_empty() {
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
            let read = &buf.filled()[before..];
            let length = this.incoming.advance(read);
            this.ahead = Bytes::copy_from_slice(&read[length..]);
            buf.set_filled(before + length);
        } else {
            let fits = this.ahead.len().min(buf.remaining());
            let length = this.incoming.advance(&this.ahead[..fits]);
            buf.put_slice(&this.ahead[..length]);
            this.ahead.advance(length);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..126 => frame.push(MASKED | u8::try_from(length).unwrap()),
            length => {
                frame.push(MASKED | 126);
                frame.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    /// Follows all of it in pieces of that size; gives back where frames and messages end.
    fn ends(bytes: &[u8], piece: usize) -> (Vec<usize>, Vec<usize>, bool) {
        let (mut incoming, mut frames, mut messages) = (Incoming::default(), Vec::new(), Vec::new());
        let mut at = 0;
        while at < bytes.len() {
            let used = incoming.advance(&bytes[at..bytes.len().min(at + piece)]);
            assert!(used > 0);
            at += used;
            if incoming.have == 0 {
                frames.push(at);
            }
            if incoming.between_messages() {
                messages.push(at);
            }
        }
        (frames, messages, incoming.had_attachments())
    }

    #[test]
    fn frames_and_messages_end_where_they_end() {
        let parts = [
            frame(0x81, b"3"),
            frame(0x01, &[b'x'; 300]),
            frame(0x89, b""),
            frame(0x80, b"y"),
            frame(0x81, b"42[]"),
        ];
        let mut lengths = Vec::new();
        for part in &parts {
            lengths.push(lengths.last().unwrap_or(&0) + part.len());
        }
        let messages = vec![lengths[0], lengths[3], lengths[4]];
        let bytes = parts.concat();
        for piece in [1, 2, 3, 7, 64, 1000] {
            assert_eq!(
                ends(&bytes, piece),
                (lengths.clone(), messages.clone(), false),
                "in pieces of {piece}"
            );
        }
    }

    #[test]
    fn attachments_are_announced_by_their_packet() {
        for piece in [1, 5, 100] {
            assert!(ends(&frame(0x81, b"451-[\"x\",{\"_placeholder\":true,\"num\":0}]"), piece).2);
            assert!(ends(&frame(0x81, b"461-7[]"), piece).2);
            assert!(!ends(&frame(0x81, b"42[\"45\"]"), piece).2);
            assert!(!ends(&frame(0x82, b"45"), piece).2);
        }
    }
}
