//! Subscribers of each channel, spoken by hand so that a thousand of them cost the load process little: each reads
//! bytes and counts the events in them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A channel under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sse,
    WebSocket,
    SocketIo,
    GraphQl,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Sse, Kind::WebSocket, Kind::SocketIo, Kind::GraphQl];

    pub const fn name(self) -> &'static str {
        match self {
            Kind::Sse => "SSE",
            Kind::WebSocket => "WebSocket",
            Kind::SocketIo => "Socket.IO",
            Kind::GraphQl => "GraphQL",
        }
    }
}

/// Every event has this once, on every channel.
const MARK: &[u8] = b"\"eventId\":";

/// Subscribes to the events of one pet and counts them into `received` until aborted.
pub async fn subscribe(
    kind: Kind,
    address: SocketAddr,
    pet: &str,
    received: Arc<AtomicU64>,
) -> JoinHandle<()> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let topic = format!("pets/{pet}");
    match kind {
        Kind::Sse => {
            let head = format!("GET /v1/events?topics={topic} HTTP/1.1\r\nHost: petstore\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            until(&mut stream, b"retry:").await;
        }
        Kind::WebSocket => {
            upgrade(&mut stream, "/v1/ws", "").await;
            let subscribe = format!(r#"{{"op":"subscribe","id":"s","topics":["{topic}"]}}"#);
            say(&mut stream, &subscribe, b"subscribed").await;
        }
        Kind::SocketIo => {
            upgrade(&mut stream, "/socket.io/?EIO=4&transport=websocket", "").await;
            say(&mut stream, "40", b"40{").await;
            say(&mut stream, &format!(r#"420["subscribe",{{"topics":["{topic}"]}}]"#), b"430[").await;
        }
        Kind::GraphQl => {
            upgrade(&mut stream, "/v1/graphql", "Sec-WebSocket-Protocol: graphql-transport-ws\r\n").await;
            say(&mut stream, r#"{"type":"connection_init"}"#, b"connection_ack").await;
            let query = format!(
                r#"subscription {{ events(topics: [\"{topic}\"]) {{ eventId eventType timestamp cursor data }} }}"#
            );
            let subscribe = format!(r#"{{"id":"s","type":"subscribe","payload":{{"query":"{query}"}}}}"#);
            write_frame(&mut stream, &subscribe).await;
        }
    }
    tokio::spawn(async move {
        let mut buffer = vec![0; 4096];
        let mut matched = 0;
        loop {
            let count = stream.read(&mut buffer).await.unwrap_or(0);
            if count == 0 {
                return;
            }
            let found = marks(&buffer[..count], &mut matched);
            if found > 0 {
                received.fetch_add(found, Ordering::SeqCst);
            }
        }
    })
}

/// Counts the marks in a piece of the stream; `matched` carries a mark that is cut in two.
fn marks(bytes: &[u8], matched: &mut usize) -> u64 {
    let mut found = 0;
    for &byte in bytes {
        // The mark begins with its only quote-e, so a mismatch can restart at most at its first byte.
        *matched = if byte == MARK[*matched] { *matched + 1 } else { usize::from(byte == MARK[0]) };
        if *matched == MARK.len() {
            found += 1;
            *matched = 0;
        }
    }
    found
}

async fn upgrade(stream: &mut TcpStream, path: &str, extra: &str) {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: petstore\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extra}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    until(stream, b"\r\n\r\n").await;
}

/// Sends a text frame and waits for an answer with `wanted` in it.
async fn say(stream: &mut TcpStream, text: &str, wanted: &[u8]) {
    write_frame(stream, text).await;
    until(stream, wanted).await;
}

/// A masked text frame (RFC 6455 §5.2); a mask of zeros leaves the payload as it is.
async fn write_frame(stream: &mut TcpStream, text: &str) {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    stream.write_all(&frame).await.unwrap();
}

async fn until(stream: &mut TcpStream, wanted: &[u8]) {
    let mut seen = Vec::new();
    while !seen.windows(wanted.len()).any(|window| window == wanted) {
        let count = stream.read_buf(&mut seen).await.unwrap();
        assert!(
            count > 0,
            "closed before {:?}: {}",
            String::from_utf8_lossy(wanted),
            String::from_utf8_lossy(&seen)
        );
    }
}
