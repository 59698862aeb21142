//! Connections that are held open, flooded or filled for nothing.

use flate2::{Compress, Compression, FlushCompress};
use futures_util::SinkExt as _;
use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::websocket::Connection;
use crate::support::{Setup, TestServer, within};

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap()
}

/// Opens a WebSocket by hand; what the server says to it.
async fn upgrade(server: &TestServer, path: &str, more: &str) -> (TcpStream, String) {
    let mut stream = connect(server).await;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within("the answer to the handshake", stream.read_u8()).await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap().to_lowercase())
}

/// The code of the close frame that ends the connection; frames before it are passed over.
async fn close_code(stream: &mut TcpStream) -> u16 {
    let close = async {
        loop {
            let (first, length) = (stream.read_u8().await.unwrap(), stream.read_u8().await.unwrap());
            let mut payload = vec![0; usize::from(length)];
            assert!(length < 126, "a short frame");
            stream.read_exact(&mut payload).await.unwrap();
            if first == 0x88 {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    };
    within("a close frame", close).await
}

/// A message of a client, masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[first, 0xfe, length[0], length[1], 0, 0, 0, 0], payload].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_bomb_is_refused_with_1009() {
    let server = Setup::empty().set("websocket.deflate", true).start().await;
    let mut payload = Vec::with_capacity(1 << 20);
    let mut compressor = Compress::new(Compression::best(), false);
    compressor.compress_vec(&vec![b' '; 32 << 20], &mut payload, FlushCompress::Sync).unwrap();
    assert!(payload.len() < 65_536);
    for path in ["/v1/ws", "/v1/echo/ws"] {
        let offer = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";
        let (mut stream, head) = upgrade(&server, path, offer).await;
        assert!(head.contains("sec-websocket-extensions: permessage-deflate"), "{head}");
        stream.write_all(&frame(0xc1, &payload)).await.unwrap();
        assert_eq!(close_code(&mut stream).await, 1009, "{path}");
    }
    let (mut stream, _) = upgrade(&server, "/v1/echo/ws", "").await;
    stream.write_all(&frame(0xc1, &payload[..200])).await.unwrap();
    assert_eq!(close_code(&mut stream).await, 1002, "compressed without an agreement");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_subscriptions_names_the_limit() {
    const FLOOD: usize = 10_000;
    let server = Setup::empty().start().await;
    let mut connection = Connection::open(&server.anonymous()).await.unwrap();
    let (mut taken, mut refused) = (0, 0);
    for round in 0..FLOOD / 100 {
        for number in 0..100 {
            let id = format!("{round}-{number}");
            let frame = json!({ "op": "subscribe", "id": id, "topics": ["pets"] }).to_string();
            connection.0.feed(Message::text(frame)).await.unwrap();
        }
        connection.0.flush().await.unwrap();
        for _ in 0..100 {
            let answer = within("an answer", connection.frame()).await.unwrap();
            if answer["op"] == "subscribed" {
                taken += 1;
                continue;
            }
            assert_eq!(answer["error"]["code"], "limit_reached", "{answer}");
            assert!(answer["error"]["detail"].as_str().unwrap().contains("64 subscriptions"), "{answer}");
            refused += 1;
        }
    }
    assert_eq!((taken, refused), (64, FLOOD - 64));
    assert!(server.metrics().limit_hits("websocket.max_subscriptions") > 9_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_sockets_are_closed() {
    let server = Setup::empty()
        .set("websocket.ping_interval_ms", 100)
        .set("websocket.pong_timeout_ms", 100)
        .set("server.header_read_timeout_ms", 150)
        .start()
        .await;
    for path in ["/v1/ws", "/v1/echo/ws"] {
        let (mut stream, _) = upgrade(&server, path, "").await;
        assert_eq!(close_code(&mut stream).await, 4408, "{path}");
    }
    // Slow heads, at any pace.
    let mut stream = connect(&server).await;
    for byte in b"GET /v1/pets HTTP/1.1\r\nhost: x\r\nx-slow: " {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut rest = Vec::new();
    let _ = within("the end of a slow head", stream.read_to_end(&mut rest)).await;
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_is_not_to_be_abused() {
    let server = Setup::empty().set("server.request_timeout_ms", 200).start().await;
    let api = server.anonymous();
    let open = || async {
        let opened = api.request(Method::GET, "/socket.io/?EIO=4&transport=polling").send().await.unwrap();
        let text = opened.text().await.unwrap();
        serde_json::from_str::<serde_json::Value>(&text[1..]).unwrap()["sid"].as_str().unwrap().to_owned()
    };
    let address = |sid: &str| format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    // Two polls at once end the session.
    let sid = open().await;
    let (one, two) = tokio::join!(
        api.request(Method::GET, &address(&sid)).send(),
        api.request(Method::GET, &address(&sid)).send()
    );
    let mut statuses = [one.unwrap().status().as_u16(), two.unwrap().status().as_u16()];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && statuses[1] >= 400, "{statuses:?}");
    assert_eq!(api.get(&address(&sid)).await.status, 400);
    // A session of nobody, and one whose name is none.
    for sid in ["AAAAAAAAAAAAAAAA", "../../etc", "%00"] {
        assert_eq!(api.get(&address(sid)).await.status, 400, "{sid}");
    }
    // A body that never comes.
    let sid = open().await;
    let mut stream = connect(&server).await;
    let head = format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n4", address(&sid));
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    within("the answer to a slow body", stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408");
    assert_eq!(api.get("/healthz").await.status, 200);
}
