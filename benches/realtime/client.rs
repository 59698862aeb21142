//! Subscribers of every server, spoken by hand so that thousands of them cost the load process little: each reads bytes
//! and counts the messages in them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// How a server is subscribed to.
#[derive(Clone, Debug)]
pub enum Way {
    /// Connect, and listen.
    Raw,
    /// `GET` that path as an event stream.
    EventStream(String),
    /// A WebSocket at that path, and the dialogue on it: what is said, and what the answer has in it.
    WebSocket { path: String, headers: String, dialogue: Vec<(String, &'static str)> },
}

/// What subscribers have got.
#[derive(Default)]
pub struct Received {
    count: AtomicU64,
    /// When, while somebody asks.
    times: Mutex<Option<Vec<Instant>>>,
}

impl Received {
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Begins to note when each message comes; gives back what was noted so far.
    pub fn note_times(&self) -> Vec<Instant> {
        self.times.lock().unwrap().replace(Vec::new()).unwrap_or_default()
    }

    fn add(&self, found: u64) {
        if let Some(times) = &mut *self.times.lock().unwrap() {
            times.extend((0..found).map(|_| Instant::now()));
        }
        self.count.fetch_add(found, Ordering::SeqCst);
    }
}

/// Every message has this once, whatever carries it.
const MARK: &[u8] = b"\"eventId\"";

/// The pings of WebSocket and of Engine.IO with their pongs, masked with zeros.
const PINGS: [(&[u8], &[u8]); 2] =
    [(b"\x89\x00", b"\x8a\x80\0\0\0\0"), (b"\x81\x012", b"\x81\x81\0\0\0\x003")];

/// Subscribes, and counts messages into `received` until aborted.
pub async fn subscribe(way: &Way, address: SocketAddr, received: Arc<Received>) -> JoinHandle<()> {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let stream = introduce(way, stream).await;
    tokio::spawn(count(stream, received))
}

/// Subscribes, and reads nothing of what comes then.
pub async fn subscribe_and_sleep(way: &Way, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // So that the server learns of it soon.
    socket.set_recv_buffer_size(4096).unwrap();
    introduce(way, socket.connect(address).await.unwrap()).await
}

async fn introduce(way: &Way, mut stream: TcpStream) -> TcpStream {
    match way {
        Way::Raw => {}
        Way::EventStream(path) => {
            let head = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            until(&mut stream, b"\r\n\r\n").await;
        }
        Way::WebSocket { path, headers, dialogue } => {
            let head = format!(
                "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            until(&mut stream, b"\r\n\r\n").await;
            for (said, heard) in dialogue {
                write_frame(&mut stream, said).await;
                if !heard.is_empty() {
                    until(&mut stream, heard.as_bytes()).await;
                }
            }
        }
    }
    stream
}

async fn count(stream: TcpStream, received: Arc<Received>) {
    let mut matched = 0;
    // Only while something comes, so that an idle one costs the load process little.
    while stream.readable().await.is_ok() {
        let mut buffer = Vec::with_capacity(16 * 1024);
        match stream.try_read_buf(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {
                // Those who do not answer are missed. Servers ping in a write of its own, or behind what waits.
                let pong = PINGS.iter().find(|(ping, _)| buffer.ends_with(ping));
                if pong.is_some_and(|(_, pong)| stream.try_write(pong).is_err()) {
                    return;
                }
                let found = marks(&buffer, &mut matched);
                if found > 0 {
                    received.add(found);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// Counts the marks in a piece of the stream; `matched` carries a mark that is cut in two.
fn marks(bytes: &[u8], matched: &mut usize) -> u64 {
    let mut found = 0;
    for &byte in bytes {
        // The mark begins with a quote, so a mismatch can restart at most at its first byte.
        *matched = if byte == MARK[*matched] { *matched + 1 } else { usize::from(byte == MARK[0]) };
        if *matched == MARK.len() {
            found += 1;
            *matched = 0;
        }
    }
    found
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
        let (wanted, seen) = (String::from_utf8_lossy(wanted), String::from_utf8_lossy(&seen));
        assert!(count > 0, "closed before {wanted:?}: {seen}");
    }
}
