//! An event in the ring, with the forms that it was encoded into.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::domain::Event;

/// The ways an event is written; each is made at most once for an event, by the first who needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The JSON envelope, which WebSocket and poll answers embed.
    Envelope,
    /// A block of an event stream.
    Sse,
    /// The same as a chunk of an HTTP/1.1 answer.
    SseChunk,
    /// A Socket.IO packet in a WebSocket frame.
    SocketIo,
    /// The envelope as a block of DEFLATE.
    EnvelopeBlock,
    /// The envelope as MessagePack, and as a block of that.
    Packed,
    PackedBlock,
}

/// Number of [`Form`]s.
const FORMS: usize = 7;

/// A committed event on its way out. The bytes of each form are shared by all who send them.
#[derive(Debug)]
pub struct Published {
    pub event: Event,
    forms: [OnceLock<Bytes>; FORMS],
}

impl Published {
    /// An event that nobody has encoded yet.
    pub fn new(event: Event) -> Self {
        Self { event, forms: [const { OnceLock::new() }; FORMS] }
    }

    /// The bytes of `form`, made by `encode` if nobody has yet.
    pub fn form<T>(&self, form: Form, encode: impl FnOnce(&Event) -> T) -> &Bytes
    where
        Bytes: From<T>,
    {
        self.forms[form as usize].get_or_init(|| Bytes::from(encode(&self.event)))
    }
}
