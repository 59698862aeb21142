//! Frames of WebSocket (RFC 6455 §5.2) as a server writes them: whole messages, unmasked.

const FIN: u8 = 0x80;
/// The message is compressed (RFC 7692 §6).
const RSV1: u8 = 0x40;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;

/// Longest reason of a close frame, in bytes (RFC 6455 §5.5).
const MAX_REASON: usize = 123;

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason {
    pub code: u16,
    pub reason: std::borrow::Cow<'static, str>,
}

/// What the payload of a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    Text,
    Binary,
}

/// Appends a text message that is made of `parts`.
pub fn put_text(out: &mut Vec<u8>, parts: &[&[u8]]) {
    put_message(out, Payload::Text, false, parts);
}

/// Appends a message that is made of `parts`, which are its compressed form when it is `deflated`.
pub fn put_message(out: &mut Vec<u8>, payload: Payload, deflated: bool, parts: &[&[u8]]) {
    let opcode = match payload {
        Payload::Text => TEXT,
        Payload::Binary => BINARY,
    };
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    out.reserve(length + 10);
    head(out, if deflated { RSV1 | opcode } else { opcode }, length);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// A close frame; the reason is cut to what fits into one.
pub fn close(CloseReason { code, reason }: &CloseReason) -> Vec<u8> {
    let reason = &reason[..reason.floor_char_boundary(MAX_REASON)];
    let mut frame = Vec::with_capacity(reason.len() + 4);
    head(&mut frame, CLOSE, reason.len() + 2);
    frame.extend_from_slice(&code.to_be_bytes());
    frame.extend_from_slice(reason.as_bytes());
    frame
}

/// A ping without payload.
pub const fn ping() -> [u8; 2] {
    [FIN | PING, 0]
}

#[expect(clippy::cast_possible_truncation, reason = "each arm is for what fits")]
fn head(out: &mut Vec<u8>, first: u8, length: usize) {
    out.push(FIN | first);
    match length {
        0..126 => out.push(length as u8),
        126..0x1_0000 => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    async fn read(bytes: &[u8]) -> Vec<Message> {
        let stream = tokio_test_io(bytes);
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        socket.filter_map(|message| async { message.ok() }).collect().await
    }

    /// A stream that has these bytes and then ends.
    fn tokio_test_io(bytes: &[u8]) -> tokio::io::Join<std::io::Cursor<Vec<u8>>, tokio::io::Sink> {
        tokio::io::join(std::io::Cursor::new(bytes.to_vec()), tokio::io::sink())
    }

    #[tokio::test]
    async fn messages_of_every_length_are_read_by_the_library() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let text = "x".repeat(length);
            let mut bytes = Vec::new();
            put_text(&mut bytes, &[b"[", text.as_bytes(), b"]"]);
            assert_eq!(read(&bytes).await, [Message::text(format!("[{text}]"))]);
        }
        assert_eq!(read(&ping()).await, [Message::Ping(bytes::Bytes::new())]);
        let mut bytes = Vec::new();
        put_message(&mut bytes, Payload::Binary, false, &[b"a", b"b"]);
        assert_eq!(read(&bytes).await, [Message::Binary(bytes::Bytes::from_static(b"ab"))]);
        assert_eq!(bytes[0], FIN | BINARY);
        bytes.clear();
        put_message(&mut bytes, Payload::Text, true, &[b"ab"]);
        assert_eq!(bytes, [FIN | RSV1 | TEXT, 2, b'a', b'b']);
    }

    #[tokio::test]
    async fn a_long_reason_is_cut_between_characters() {
        let bytes = close(&CloseReason { code: 4400, reason: "é".repeat(100).into() });
        let Message::Close(Some(frame)) = read(&bytes).await.remove(0) else { panic!("no close frame") };
        assert_eq!((u16::from(frame.code), frame.reason.len()), (4400, 122));
    }
}
