//! The connection below a WebSocket library that knows no compression: compressed messages come out of it as plain ones,
//! frame by frame, everything else as it came. What is wrong comes out as something that the library refuses.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BufMut as _, BytesMut};
use flate2::{Decompress, FlushDecompress, Status};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{TAIL, WINDOW_BITS};

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV: u8 = 0x70;
const MASK: u8 = 0x80;

/// What is read from the connection at once.
const READ_BYTES: usize = 4096;

/// A connection whose messages may be compressed.
pub struct Inflating<S> {
    stream: S,
    /// Nothing where no compression was agreed on.
    inflate: Option<Box<Inflate>>,
}

/// Where the incoming side stands.
struct Inflate {
    /// Longest message, inflated.
    max_bytes: usize,
    /// What came and was not looked at yet.
    raw: BytesMut,
    /// What the library gets.
    ready: BytesMut,
    part: Part,
    message: Option<Compressed>,
}

enum Part {
    /// The next byte begins a frame.
    Head,
    /// So many bytes are handed on as they are.
    Plain(u64),
    /// So many bytes of a compressed frame are to come.
    Deflated { rest: u64, mask: [u8; 4], turn: usize, first: u8 },
    /// Something was wrong; the library knows, and nothing more is read.
    Broken,
}

/// A compressed message that is under way.
struct Compressed {
    inflater: Decompress,
    /// Of the frame that is under way.
    out: Vec<u8>,
    /// Of the frames before it, bytes.
    done: usize,
    ended: bool,
}

impl<S> Inflating<S> {
    /// Where compression was agreed on, messages may be `max_bytes` long when inflated.
    pub fn new(stream: S, max_bytes: Option<usize>) -> Self {
        let inflate = max_bytes.map(|max_bytes| {
            let (raw, ready) = (BytesMut::new(), BytesMut::new());
            Box::new(Inflate { max_bytes, raw, ready, part: Part::Head, message: None })
        });
        Self { stream, inflate }
    }

    /// The connection below; what was read of it and not taken is lost.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl Inflate {
    /// Turns what came into what the library gets.
    fn work(&mut self) {
        loop {
            match &mut self.part {
                Part::Broken => return self.raw.clear(),
                Part::Head => {
                    if !self.head() {
                        return;
                    }
                }
                Part::Plain(rest) => {
                    let length = self.raw.len().min(usize::try_from(*rest).unwrap_or(usize::MAX));
                    *rest -= length as u64;
                    self.ready.extend_from_slice(&self.raw.split_to(length));
                    if *rest > 0 {
                        return;
                    }
                    self.part = Part::Head;
                }
                Part::Deflated { rest, mask, turn, first } => {
                    let length = self.raw.len().min(usize::try_from(*rest).unwrap_or(usize::MAX));
                    let mut piece = self.raw.split_to(length);
                    for byte in piece.iter_mut() {
                        *byte ^= mask[*turn % 4];
                        *turn += 1;
                    }
                    *rest -= length as u64;
                    let (whole, first) = (*rest == 0, *first);
                    let Some(message) = &mut self.message else { return };
                    let last = whole && first & FIN != 0;
                    let inflated = message
                        .add(&piece, self.max_bytes)
                        .and_then(|()| if last { message.add(&TAIL, self.max_bytes) } else { Ok(()) });
                    if let Err(wrong) = inflated {
                        self.fail(wrong, first);
                        return;
                    }
                    if !whole {
                        return;
                    }
                    put_head(&mut self.ready, first & !RSV1, message.out.len() as u64);
                    self.ready.extend_from_slice(&message.out);
                    message.done += message.out.len();
                    message.out.clear();
                    if last {
                        self.message = None;
                    }
                    self.part = Part::Head;
                }
            }
        }
    }

    /// Reads the head of a frame; false when it is not all there.
    fn head(&mut self) -> bool {
        let [first, second, ..] = self.raw[..] else { return false };
        let (wide, masked) = (second & !MASK, second & MASK != 0);
        let length_bytes = match wide {
            127 => 8,
            126 => 2,
            _ => 0,
        };
        let size = 2 + length_bytes + if masked { 4 } else { 0 };
        if self.raw.len() < size {
            return false;
        }
        let length = match length_bytes {
            0 => u64::from(wide),
            bytes => self.raw[2..2 + bytes].iter().fold(0, |length, byte| (length << 8) | u64::from(*byte)),
        };
        let begins = first & RSV == RSV1 && matches!(first & 0x0f, 1 | 2) && self.message.is_none();
        let goes_on = first & (RSV | 0x0f) == 0 && self.message.is_some();
        if !masked || !(begins || goes_on) {
            self.ready.extend_from_slice(&self.raw.split_to(size));
            self.part = Part::Plain(length);
            return true;
        }
        if begins {
            self.message = Some(Compressed {
                inflater: Decompress::new_with_window_bits(false, WINDOW_BITS),
                out: Vec::new(),
                done: 0,
                ended: false,
            });
        }
        let mut mask = [0; 4];
        mask.copy_from_slice(&self.raw[size - 4..size]);
        self.raw.advance(size);
        self.part = Part::Deflated { rest: length, mask, turn: 0, first };
        true
    }

    /// Has the library refuse: a message that is too long, or a frame that is none.
    fn fail(&mut self, wrong: Wrong, first: u8) {
        self.message = None;
        self.part = Part::Broken;
        match wrong {
            Wrong::TooLong => put_head(&mut self.ready, first & !RSV1, u64::MAX >> 1),
            Wrong::Unreadable => put_head(&mut self.ready, first | RSV, 0),
        }
    }
}

enum Wrong {
    TooLong,
    Unreadable,
}

impl Compressed {
    fn add(&mut self, mut piece: &[u8], max_bytes: usize) -> Result<(), Wrong> {
        // After a final block there is nothing, whatever comes (RFC 7692 §7.2.3.4).
        while !self.ended {
            if self.done + self.out.len() > max_bytes {
                return Err(Wrong::TooLong);
            }
            if self.out.len() == self.out.capacity() {
                self.out.reserve(READ_BYTES.max(self.out.len()));
            }
            let before = self.inflater.total_in();
            let status = self.inflater.decompress_vec(piece, &mut self.out, FlushDecompress::Sync);
            let taken = usize::try_from(self.inflater.total_in() - before).unwrap_or(piece.len());
            piece = &piece[taken..];
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) if piece.is_empty() && self.out.len() < self.out.capacity() => break,
                // Nothing is taken and nothing comes: there is room, so this cannot go on.
                Ok(_) if taken == 0 && self.out.len() < self.out.capacity() => return Err(Wrong::Unreadable),
                Ok(_) => {}
                Err(_) => return Err(Wrong::Unreadable),
            }
        }
        if self.done + self.out.len() > max_bytes { Err(Wrong::TooLong) } else { Ok(()) }
    }
}

/// The head of a client's frame, with a mask of zeros.
fn put_head(to: &mut BytesMut, first: u8, length: u64) {
    to.put_u8(first);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ 0..=125), _) => to.put_u8(MASK | length),
        (_, Ok(length)) => {
            to.put_u8(MASK | 126);
            to.put_u16(length);
        }
        _ => {
            to.put_u8(MASK | 127);
            to.put_u64(length);
        }
    }
    to.put_u32(0);
}

impl<S: AsyncRead + Unpin> AsyncRead for Inflating<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, inflate } = self.get_mut();
        let Some(inflate) = inflate else { return Pin::new(stream).poll_read(cx, buf) };
        while inflate.ready.is_empty() {
            let mut room = [0; READ_BYTES];
            let mut piece = ReadBuf::new(&mut room);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            inflate.raw.extend_from_slice(piece.filled());
            inflate.work();
        }
        let length = inflate.ready.len().min(buf.remaining());
        buf.put_slice(&inflate.ready[..length]);
        inflate.ready.advance(length);
        if inflate.ready.is_empty() && inflate.raw.is_empty() {
            // An idle connection keeps no buffers.
            (inflate.ready, inflate.raw) = (BytesMut::new(), BytesMut::new());
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Inflating<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
