//! All clients come back at once after a restart: paced by what the server told them, they are back and whole within
//! seconds. A small dose here; 5,000 of them with `PETSTORE_SOAK=1` (`make soak`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::binary::Binary;
use crate::support::{Api, eventually};

const EVENTS: usize = 20;

/// Each event has this once, on both channels; what follows is its id.
const MARK: &[u8] = b"\"cursor\":\"";

#[derive(Default)]
struct Client {
    cursor: Option<String>,
    events: usize,
    /// When it first tried to come back.
    tried: Option<Instant>,
    /// When it had all events.
    whole: Option<Instant>,
    /// What it was told to wait before it comes back.
    told: Option<Duration>,
}

/// What clients tell the test.
#[derive(Default)]
struct Crowd {
    joined: AtomicUsize,
    clients: Vec<Mutex<Client>>,
}

impl Crowd {
    fn whole(&self, events: usize) -> usize {
        self.clients.iter().filter(|client| client.lock().events >= events).count()
    }
}

async fn follow(crowd: Arc<Crowd>, number: usize, server: SocketAddr) {
    let websocket = number.is_multiple_of(2);
    let mut joined = false;
    loop {
        let after = crowd.clients[number].lock().cursor.clone();
        if joined {
            crowd.clients[number].lock().tried.get_or_insert_with(Instant::now);
        }
        let opened = if websocket {
            open_websocket(server, after.as_deref()).await
        } else {
            open_stream(server, after.as_deref()).await
        };
        if let Ok(stream) = opened {
            if !std::mem::replace(&mut joined, true) {
                crowd.joined.fetch_add(1, Ordering::SeqCst);
            }
            read(&crowd.clients[number], stream).await;
        }
        // Told by the server, or a library's own choice when there is none.
        let told = crowd.clients[number].lock().told.take();
        let random = u64::from(uuid::Uuid::new_v4().as_bytes()[0]);
        tokio::time::sleep(told.unwrap_or(Duration::from_millis(100 + random))).await;
    }
}

type Stream = BufReader<TcpStream>;

async fn open_stream(server: SocketAddr, after: Option<&str>) -> std::io::Result<Stream> {
    let mut stream = BufReader::new(TcpStream::connect(server).await?);
    let last = after.map(|after| format!("Last-Event-ID: {after}\r\n")).unwrap_or_default();
    let head =
        format!("GET /v1/events?topics=pets HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n{last}\r\n");
    stream.write_all(head.as_bytes()).await?;
    until(&mut stream, b"retry:").await?;
    Ok(stream)
}

async fn open_websocket(server: SocketAddr, after: Option<&str>) -> std::io::Result<Stream> {
    let mut stream = BufReader::new(TcpStream::connect(server).await?);
    let head = "GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    until(&mut stream, b"\r\n\r\n").await?;
    let subscribe = json!({ "op": "subscribe", "id": "s", "topics": ["pets"], "after": after }).to_string();
    // A masked text frame with a mask of zeros (RFC 6455 §5.2).
    let length = u8::try_from(subscribe.len()).unwrap();
    let mut frame = vec![0x81, 0x80 | 126, 0, length, 0, 0, 0, 0];
    frame.extend_from_slice(subscribe.as_bytes());
    stream.write_all(&frame).await?;
    // It tells a cursor of its own.
    until(&mut stream, b"\"resumed\":").await?;
    Ok(stream)
}

async fn until(stream: &mut Stream, wanted: &[u8]) -> std::io::Result<()> {
    let mut seen = Vec::new();
    while !seen.windows(wanted.len()).any(|window| window == wanted) {
        // One by one, so that nothing after it is taken.
        seen.push(stream.read_u8().await?);
    }
    Ok(())
}

/// Reads until the server ends it.
async fn read(client: &Mutex<Client>, mut stream: Stream) {
    let mut bytes = Vec::new();
    while matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
        let mut client = client.lock();
        while let Some(at) = find(&bytes, MARK) {
            let start = at + MARK.len();
            let Some(end) = find(&bytes[start..], b"\"") else { break };
            client.cursor = Some(String::from_utf8(bytes[start..start + end].to_vec()).unwrap());
            client.events += 1;
            bytes.drain(..start + end);
        }
        if client.events >= 2 * EVENTS {
            client.whole.get_or_insert_with(Instant::now);
        }
        client.told =
            wait_in(&bytes, b"come back in ").or_else(|| wait_in(&bytes, b"retry: ")).or(client.told);
    }
}

fn wait_in(bytes: &[u8], before: &[u8]) -> Option<Duration> {
    let digits = &bytes[find(bytes, before)? + before.len()..];
    let digits: String =
        digits.iter().map(|&byte| char::from(byte)).take_while(char::is_ascii_digit).collect();
    digits.parse().ok().map(Duration::from_millis)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

async fn change(staff: &Api, pet: &str) {
    for number in 0..EVENTS {
        staff.put(&format!("/v1/pets/{pet}"), json!({ "ageMonths": number })).await.result().unwrap();
    }
}

/// Pages of the log that the server has read for those who are behind.
async fn pages_read(binary: &Binary) -> u64 {
    let answer = binary.anonymous().get("/metrics").await;
    let text = answer.body.as_str().expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("petstore_log_pages_read_total "));
    line.expect("a count of pages").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_comes_back_at_once() {
    let count = if std::env::var_os("PETSTORE_SOAK").is_some() { 5_000 } else { 100 };
    let settings = [("PETSTORE_RATE_LIMIT_ENABLED", "false"), ("PETSTORE_SSE_RETRY_MS", "500")];
    let mut binary = Binary::start(&settings).await;
    let server: SocketAddr = binary.url.strip_prefix("http://").unwrap().parse().unwrap();
    let staff = binary.anonymous().log_in("staff").await;
    let pet = staff.create_pet("Storm").await;
    let pet = crate::support::api::id(&pet).to_owned();
    let clients = (0..count).map(|_| Mutex::default()).collect();
    let crowd = Arc::new(Crowd { joined: AtomicUsize::new(0), clients });
    let mut following = JoinSet::new();
    for number in 0..count {
        following.spawn(follow(crowd.clone(), number, server));
    }
    eventually("all have joined", async || (crowd.joined.load(Ordering::SeqCst) == count).then_some(()))
        .await;
    change(&staff, &pet).await;
    eventually("all have the first events", async || (crowd.whole(EVENTS) == count).then_some(())).await;

    binary.terminate().await;
    assert!(binary.exit().await.success());
    binary = binary.restart().await;
    let ready = Instant::now();
    change(&staff, &pet).await;
    let written = Instant::now();
    let limit = Duration::from_secs(20);
    while crowd.whole(2 * EVENTS) < count && ready.elapsed() < limit {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut took = Vec::new();
    for client in &crowd.clients {
        let client = client.lock();
        assert_eq!(client.events, 2 * EVENTS, "lost or doubled, {:?} after the restart", ready.elapsed());
        let from = client.tried.unwrap().max(written);
        took.push(client.whole.unwrap().saturating_duration_since(from));
    }
    took.sort();
    let (p95, last) = (took[(took.len() - 1) * 95 / 100], ready.elapsed());
    let pages = pages_read(&binary).await;
    println!(
        "{count} clients are whole: p95 {p95:?} after they tried, all {last:?} after the restart ({:?} after the last \
         event was written), {pages} pages read",
        last.saturating_sub(written.duration_since(ready))
    );
    // They stand at the same position; those who come while more is written stand at one that is near.
    assert!(pages <= 4 * EVENTS as u64, "{pages} pages of the log for {count} clients");
    assert!(p95 <= Duration::from_secs(2), "p95 {p95:?}");
    assert!(last <= limit, "all {last:?}");
    following.abort_all();
    assert_eq!(binary.errors(), [""; 0]);
}
