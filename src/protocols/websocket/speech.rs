//! How a connection is spoken to: in JSON or in MessagePack, compressed or not. The bytes of an event are made once for each
//! of these ways and shared.

use bytes::Bytes;

use super::frames;
use crate::bus::{Form, Published};
use crate::domain::{Error, Result};
use crate::protocols::deflate::{self, Deflate};
use crate::protocols::link::{Payload, put_message};
use crate::wire;

/// The subprotocols; a client that names none of them speaks JSON.
pub(super) const SUBPROTOCOLS: &[&str] = &[MSGPACK, "petstore.json"];
const MSGPACK: &str = "petstore.msgpack";

/// Deepest value that is read; nothing that is asked for here is deeper than three.
const MAX_DEPTH: usize = 32;

/// What was agreed on with a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speech {
    binary: bool,
    deflate: Option<Deflate>,
}

impl Speech {
    pub fn new(subprotocol: Option<&str>, deflate: Option<Deflate>) -> Self {
        Self { binary: subprotocol == Some(MSGPACK), deflate }
    }

    /// Whether frames are binary.
    pub fn is_binary(self) -> bool {
        self.binary
    }

    /// What a client's frames must be.
    pub fn wanted(self) -> &'static str {
        if self.binary { "must be a binary frame of MessagePack" } else { "must be a text frame of JSON" }
    }

    /// Whether frames are compressed.
    pub fn is_deflated(self) -> bool {
        self.deflate.is_some()
    }

    /// Appends a frame that is written as JSON.
    pub fn put(self, out: &mut Vec<u8>, json: &str) {
        if self.binary {
            self.put_parts(out, &[&packed(json.as_bytes())]);
        } else {
            self.put_parts(out, &[json.as_bytes()]);
        }
    }

    fn put_parts(self, out: &mut Vec<u8>, parts: &[&[u8]]) {
        match self.deflate {
            Some(deflate) => put_message(out, self.payload(), true, &[&deflate.payload(&parts.concat())]),
            None => put_message(out, self.payload(), false, parts),
        }
    }

    fn payload(self) -> Payload {
        if self.binary { Payload::Binary } else { Payload::Text }
    }

    /// What stands before the envelope in the frames of the subscription `id`.
    pub fn event_prefix(self, id: &str) -> Bytes {
        if !self.binary {
            return frames::event_prefix(id).into();
        }
        // A map of three, whose last value is the envelope.
        let mut prefix = vec![0x83];
        for text in ["op", "event", "id", id, "event"] {
            prefix.extend(packed(serde_json::Value::from(text).to_string().as_bytes()));
        }
        prefix.into()
    }

    /// Appends the frame of an event: the shared envelope between what the subscription adds.
    pub fn put_event(self, out: &mut Vec<u8>, prefix: &[u8], published: &Published) {
        let last: &[u8] = if self.binary { b"" } else { b"}" };
        if self.deflate.is_some_and(Deflate::shares) {
            let payload = deflate::join(prefix, self.block(published), last);
            return put_message(out, self.payload(), true, &[&payload]);
        }
        self.put_parts(out, &[prefix, self.envelope(published), last]);
    }

    fn envelope(self, published: &Published) -> &Bytes {
        if self.binary {
            published.form(Form::Packed, |event| packed(wire::event::envelope(event).as_bytes()))
        } else {
            published.form(Form::Envelope, wire::event::envelope)
        }
    }

    fn block(self, published: &Published) -> &Bytes {
        let form = if self.binary { Form::PackedBlock } else { Form::EnvelopeBlock };
        let envelope = self.envelope(published);
        published.form(form, |_| deflate::block(envelope))
    }

    /// The JSON of a frame that came as MessagePack.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is none, or has values that JSON does not have.
    pub fn unpack(bytes: &[u8]) -> Result<String> {
        let malformed = |error: &dyn std::fmt::Display| {
            Error::malformed("frame", format!("must be MessagePack of what JSON can say: {error}"))
        };
        let mut reader = rmp_serde::Deserializer::new(std::io::Cursor::new(bytes));
        reader.set_max_depth(MAX_DEPTH);
        let value: serde_json::Value =
            serde::Deserialize::deserialize(&mut reader).map_err(|error| malformed(&error))?;
        if reader.position() != bytes.len() as u64 {
            return Err(malformed(&"there is more after the first value"));
        }
        Ok(value.to_string())
    }
}

/// JSON as MessagePack. Once for each event and reply, so the way over a tree of values is short enough.
fn packed(json: &[u8]) -> Vec<u8> {
    // What was written here as JSON can be read, and a vector takes everything.
    let value: serde_json::Value = serde_json::from_slice(json).unwrap_or_default();
    rmp_serde::to_vec(&value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_frame_is_the_same_in_both_ways() {
        let speech = Speech::new(Some(MSGPACK), None);
        let frame = json!({ "op": "error", "id": "é", "list": [1, -2, 2.5, null, true, "x".repeat(300)] });
        let mut bytes = Vec::new();
        speech.put(&mut bytes, &frame.to_string());
        // Behind the head of a frame of medium length.
        assert_eq!(bytes[..2], [0x82, 126]);
        assert_eq!(serde_json::from_str::<Value>(&Speech::unpack(&bytes[4..]).unwrap()).unwrap(), frame);
        bytes.clear();
        Speech::new(None, None).put(&mut bytes, "{}");
        assert_eq!(bytes, b"\x81\x02{}");
    }

    #[test]
    fn an_event_stands_between_what_the_subscription_adds() {
        let prefix = Speech::new(Some(MSGPACK), None).event_prefix("s1");
        let whole = [&prefix[..], &packed(br#"{"a":1}"#)].concat();
        let read: Value = serde_json::from_str(&Speech::unpack(&whole).unwrap()).unwrap();
        assert_eq!(read, json!({ "op": "event", "id": "s1", "event": { "a": 1 } }));
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        let deep = [vec![0x91; 100], vec![0xc0]].concat();
        // Bytes; an extension; a map whose key is a list; nothing; two values; too deep; cut off; a number that is none.
        let bad: [&[u8]; 8] = [
            &[0xc4, 1, 7],
            &[0xd4, 1, 0],
            &[0x81, 0x90, 1],
            &[],
            &[1, 2],
            &deep,
            &[0x82, 0xa1, b'a'],
            &[0xc1],
        ];
        for bytes in bad {
            assert!(Speech::unpack(bytes).is_err(), "{bytes:?}");
        }
    }
}
