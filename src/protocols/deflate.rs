//! permessage-deflate (RFC 7692): messages of WebSocket, compressed.
//!
//! The WebSocket library does not know it, so it is added around it: what comes in is inflated below the library
//! ([`Inflating`]), what goes out is a frame that is already compressed. Neither side ever keeps a window from one message
//! to the next (`server_no_context_takeover`, `client_no_context_takeover`): an idle connection then costs nothing, and the
//! bytes of an event are compressed once for everyone who gets it ([`block`], [`join`]).

mod inflating;
mod offers;

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

pub use inflating::Inflating;
pub use offers::Deflate;

/// The largest window, which every client takes that does not ask for less.
const WINDOW_BITS: u8 = 15;

/// What a flush ends with, and a message on the wire does not (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Longest piece of a stored block (RFC 1951 §3.2.4).
const STORED: usize = 65_535;

thread_local! {
    /// A compressor is a quarter of a megabyte, and used for one message at a time.
    static COMPRESSORS: RefCell<Vec<(u8, Compress)>> = const { RefCell::new(Vec::new()) };
}

/// `bytes` as DEFLATE blocks that end at the boundary of a byte and refer to nothing before them.
fn blocks(bytes: &[u8], window_bits: u8) -> Vec<u8> {
    let taken = COMPRESSORS.with_borrow_mut(|idle| {
        let place = idle.iter().position(|(bits, _)| *bits == window_bits)?;
        Some(idle.swap_remove(place).1)
    });
    let mut compressor =
        taken.unwrap_or_else(|| Compress::new_with_window_bits(Compression::new(4), false, window_bits));
    let mut out = Vec::with_capacity(bytes.len() / 2 + 64);
    let mut rest = bytes;
    loop {
        let before = compressor.total_in();
        let status = compressor.compress_vec(rest, &mut out, FlushCompress::Sync);
        let taken = usize::try_from(compressor.total_in() - before).unwrap_or(rest.len());
        rest = &rest[taken..];
        // An error is not possible without a misuse of the stream; what was made until then would not be readable.
        if rest.is_empty() && (out.len() < out.capacity() || !matches!(status, Ok(Status::Ok))) {
            break;
        }
        out.reserve(out.len().max(64));
    }
    compressor.reset();
    COMPRESSORS.with_borrow_mut(|idle| idle.push((window_bits, compressor)));
    out
}

/// Compressed bytes that [`join`] makes messages of; made once and shared.
pub fn block(bytes: &[u8]) -> Vec<u8> {
    blocks(bytes, WINDOW_BITS)
}

/// The payload of a message of `before`, the bytes that `block` was made of, and `after`.
pub fn join(before: &[u8], block: &[u8], after: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(before.len() + block.len() + after.len() + 16);
    store(&mut payload, before);
    payload.extend_from_slice(block);
    store(&mut payload, after);
    // The head of the empty block whose rest the other side adds.
    payload.push(0);
    payload
}

/// Appends bytes as they are, in blocks of DEFLATE.
fn store(payload: &mut Vec<u8>, bytes: &[u8]) {
    for piece in bytes.chunks(STORED) {
        let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
        payload.push(0);
        payload.extend_from_slice(&length.to_le_bytes());
        payload.extend_from_slice(&(!length).to_le_bytes());
        payload.extend_from_slice(piece);
    }
}

impl Deflate {
    /// The payload of a message of its own.
    pub fn payload(self, bytes: &[u8]) -> Vec<u8> {
        let mut payload = blocks(bytes, self.window_bits);
        if payload.ends_with(&TAIL) {
            payload.truncate(payload.len() - TAIL.len());
        }
        payload
    }

    /// The same message, compressed; anything but texts and binary messages stays as it is.
    pub fn message(self, message: Message) -> Message {
        let (kind, bytes): (Data, Bytes) = match message {
            Message::Text(text) => (Data::Text, text.into()),
            Message::Binary(bytes) => (Data::Binary, bytes),
            other => return other,
        };
        let header = FrameHeader { rsv1: true, opcode: OpCode::Data(kind), ..FrameHeader::default() };
        Message::Frame(Frame::from_payload(header, self.payload(&bytes).into()))
    }
}

#[cfg(test)]
mod tests;
