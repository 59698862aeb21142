use std::convert::Infallible;

use super::*;
use axum::body::Body;
use axum::routing::get;
use axum::{Extension, Router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::protocols::http::PeerAddr;
use crate::protocols::link::Half;
use crate::telemetry::Stopwatch;

const PATIENCE: Duration = Duration::from_secs(10);

fn settings() -> AcceptSettings {
    AcceptSettings {
        max_connections: 100,
        max_connections_per_address: 100,
        exempt: Vec::new(),
        accepts_per_s: 10_000,
        header_read_timeout: PATIENCE,
        write_timeout: PATIENCE,
        unread: UnreadLimits { max_bytes: 1_000_000, timeout: PATIENCE },
        shutdown_timeout: PATIENCE,
        http1_buffer_bytes: 8192,
        http2_max_streams: 8,
        http2_keep_alive: PATIENCE,
        tls: None,
    }
}

struct Running {
    addr: SocketAddr,
    tasks: Tasks,
    metrics: Metrics,
}

impl Running {
    async fn start(app: Router, settings: AcceptSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let tasks = Tasks::new();
        let metrics = Metrics::new(tasks.clone());
        tasks.spawn("http", serve(listener, app, settings, tasks.clone(), metrics.clone()));
        Self { addr, tasks, metrics }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    fn open_sockets(&self) -> i64 {
        let text = self.metrics.render();
        let line = text.lines().find(|line| line.starts_with("petstore_open_sockets ")).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    async fn until_open_sockets(&self, count: i64) {
        let wait = async {
            while self.open_sockets() != count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the number of open sockets");
    }
}

fn echo_peer() -> Router {
    let show = |Extension(PeerAddr(peer)): Extension<PeerAddr>, version: http::Version| async move {
        format!("{version:?} {peer}")
    };
    Router::new().route("/", get(show))
}

/// Sends `request` and reads until the answer holds `until`, the peer closes, or patience ends.
async fn ask(stream: &mut TcpStream, request: &str, until: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = async {
        while !String::from_utf8_lossy(&answer).contains(until) {
            if stream.read_buf(&mut answer).await.unwrap_or(0) == 0 {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads until the peer closes the connection.
async fn until_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let closed = stream.read_to_end(&mut rest);
    let _ = tokio::time::timeout(PATIENCE, closed).await.expect("the connection is closed");
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn http1_requests_see_their_peer_and_keep_the_connection() {
    let server = Running::start(echo_peer(), settings()).await;
    let mut stream = server.connect().await;
    let peer = stream.local_addr().unwrap().to_string();
    for _ in 0..2 {
        let answer = ask(&mut stream, GET, &peer).await;
        assert!(answer.contains("HTTP/1.1 200") && answer.contains("HTTP/1.1 127.0.0.1"), "{answer}");
    }
    assert_eq!(server.open_sockets(), 1);
    assert!(server.tasks.drain(PATIENCE).await, "an idle connection does not hold the shutdown");
    until_closed(&mut stream).await;
    assert_eq!((server.open_sockets(), server.tasks.panics()), (0, 0));
}

#[tokio::test]
async fn http2_is_served_on_the_same_port() {
    let limited = AcceptSettings { shutdown_timeout: Duration::from_millis(100), ..settings() };
    let server = Running::start(echo_peer(), limited).await;
    let mut stream = server.connect().await;
    let settings_frame = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    // HEADERS, END_STREAM and END_HEADERS, stream 1: GET http / and the authority "x" (RFC 7541 §6).
    let headers_frame = [0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 1, b'x'];
    stream.write_all(HTTP2_PREFACE).await.unwrap();
    stream.write_all(&settings_frame).await.unwrap();
    stream.write_all(&headers_frame).await.unwrap();
    let answer = ask(&mut stream, "", "HTTP/2.0 127.0.0.1").await;
    assert!(answer.contains("HTTP/2.0 127.0.0.1:"), "{answer:?}");
    // This client does not take part in the closing of HTTP/2 (GOAWAY and PING), so it is cut.
    assert!(server.tasks.drain(PATIENCE).await);
    until_closed(&mut stream).await;
    assert_eq!(server.open_sockets(), 0);
}

#[tokio::test]
async fn a_preface_that_trickles_in_is_waited_for() {
    let server = Running::start(echo_peer(), settings()).await;
    let mut stream = server.connect().await;
    stream.set_nodelay(true).unwrap();
    for part in HTTP2_PREFACE.chunks(9) {
        stream.write_all(part).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    // An empty SETTINGS frame; the server's own first frame is SETTINGS too (type 4).
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    let mut head = [0; 9];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut head)).await.expect("a frame").unwrap();
    assert_eq!(head[3], 4, "{head:?}");
}

#[tokio::test]
async fn silent_and_slow_heads_are_cut() {
    let limited = AcceptSettings { header_read_timeout: Duration::from_millis(50), ..settings() };
    let server = Running::start(echo_peer(), limited).await;
    for begin in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nhost: "] {
        let mut stream = server.connect().await;
        stream.write_all(begin.as_bytes()).await.unwrap();
        until_closed(&mut stream).await;
    }
    let mut stream = server.connect().await;
    ask(&mut stream, GET, "127.0.0.1").await;
    until_closed(&mut stream).await;
    server.until_open_sockets(0).await;
}

#[tokio::test]
async fn a_head_beyond_the_buffer_is_431() {
    let server = Running::start(echo_peer(), settings()).await;
    let mut stream = server.connect().await;
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(9_000));
    assert!(ask(&mut stream, &request, "431").await.contains("431"));
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_slot() {
    let server = Running::start(echo_peer(), AcceptSettings { max_connections: 1, ..settings() }).await;
    let mut first = server.connect().await;
    ask(&mut first, GET, "127.0.0.1").await;
    let mut second = server.connect().await;
    second.write_all(GET.as_bytes()).await.unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(50), second.read(&mut byte)).await;
    assert!(early.is_err(), "the second connection must wait");
    assert_eq!(server.metrics.limit_hits("server.max_connections"), 1);
    drop(first);
    assert!(ask(&mut second, "", "127.0.0.1").await.contains("200"));
    assert!(server.tasks.drain(PATIENCE).await);
}

#[tokio::test]
async fn connections_beyond_those_of_an_address_are_closed() {
    let limited = AcceptSettings { max_connections_per_address: 1, ..settings() };
    let server = Running::start(echo_peer(), limited).await;
    let mut first = server.connect().await;
    ask(&mut first, GET, "127.0.0.1").await;
    until_closed(&mut server.connect().await).await;
    assert_eq!(server.metrics.limit_hits("server.max_connections_per_address"), 1);
    drop(first);
    server.until_open_sockets(0).await;
    assert!(ask(&mut server.connect().await, GET, "127.0.0.1").await.contains("200"));
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut() {
    let endless = get(|| async {
        let chunk = bytes::Bytes::from(vec![0; 64 * 1024]);
        Body::from_stream(futures_util::stream::repeat(Ok::<_, Infallible>(chunk)))
    });
    let limited = AcceptSettings { write_timeout: Duration::from_millis(100), ..settings() };
    let server = Running::start(Router::new().route("/", endless), limited).await;
    let mut stream = server.connect().await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    server.until_open_sockets(1).await;
    server.until_open_sockets(0).await;
}

#[tokio::test]
async fn an_upgraded_socket_still_counts_and_can_be_taken_out() {
    let upgrade = get(|Extension(tasks): Extension<Tasks>, mut request: axum::extract::Request| async move {
        let upgrading = hyper::upgrade::on(&mut request);
        tasks.spawn_connection("echo", async move {
            let upgraded = upgrading.await.unwrap();
            let (wire, ahead) = Socket::from_upgraded(upgraded).unwrap();
            let (mut reader, mut writer) = tokio::io::split(Half::new(wire, ahead, None));
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        });
        let switch =
            http::Response::builder().status(101).header("connection", "upgrade").header("upgrade", "echo");
        switch.body(Body::empty()).unwrap()
    });
    let helpers = Tasks::new();
    let app = Router::new().route("/", upgrade).layer(Extension(helpers.clone()));
    let server = Running::start(app, settings()).await;
    let mut stream = server.connect().await;
    let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    assert!(ask(&mut stream, request, "\r\n\r\n").await.contains("101"));
    assert_eq!(ask(&mut stream, "hello", "hello").await, "hello");
    assert_eq!(server.open_sockets(), 1);
    drop(stream);
    server.until_open_sockets(0).await;
    assert!(helpers.drain(PATIENCE).await && helpers.panics() == 0);
}

#[tokio::test]
async fn a_request_under_way_is_finished_and_new_connections_are_refused() {
    let slow = get(|Extension(tasks): Extension<Tasks>| async move {
        tasks.shutdown().cancelled().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        "finished"
    });
    let tasks = Tasks::new();
    let app = Router::new().route("/", slow).layer(Extension(tasks.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tasks.spawn("http", serve(listener, app, settings(), tasks.clone(), Metrics::new(tasks.clone())));
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(GET.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let (drained, answer) = tokio::join!(tasks.drain(PATIENCE), ask(&mut stream, "", "finished"));
    assert!(drained && answer.contains("finished"), "{answer}");
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn an_address_is_had_once_at_a_time() {
    let listener = bind("127.0.0.1:0".parse().unwrap(), 16).unwrap();
    let taken = listener.local_addr().unwrap();
    assert_eq!(bind(taken, 16).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    // Closed by the server first, so that it is left behind in TIME_WAIT.
    let client = TcpStream::connect(taken).await.unwrap();
    drop((listener.accept().await.unwrap(), client));
    drop(listener);
    bind(taken, 16).unwrap();
}

#[tokio::test]
async fn the_drain_is_bounded() {
    let stuck = get(std::future::pending::<&'static str>);
    let limited = AcceptSettings { shutdown_timeout: Duration::from_millis(50), ..settings() };
    let server = Running::start(Router::new().route("/", stuck), limited).await;
    let mut stream = server.connect().await;
    stream.write_all(GET.as_bytes()).await.unwrap();
    server.until_open_sockets(1).await;
    let watch = Stopwatch::start();
    assert!(server.tasks.drain(PATIENCE).await, "the stuck request is cut");
    assert!(watch.elapsed() < PATIENCE / 2);
    until_closed(&mut stream).await;
}

/// An upload whose handler answers without reading it.
fn refuse_all() -> Router {
    Router::new().route("/", axum::routing::post(|_body: Body| async { (http::StatusCode::FORBIDDEN, "no") }))
}

#[tokio::test]
async fn the_answer_reaches_who_still_sends_and_the_connection_lives_on() {
    let server = Running::start(refuse_all(), settings()).await;
    let mut stream = server.connect().await;
    for _ in 0..3 {
        stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n").await.unwrap();
        for _ in 0..9 {
            stream.write_all(&[b'x'; 100_000]).await.expect("what is sent is taken");
        }
        let answer = ask(&mut stream, "", "no").await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }
    assert_eq!(server.metrics.limit_hits("server.max_unread_bytes"), 0);
}

#[tokio::test]
async fn who_sends_without_end_is_cut_off() {
    for (unread, limit) in [
        (UnreadLimits { max_bytes: 100_000, timeout: PATIENCE }, "server.max_unread_bytes"),
        (
            UnreadLimits { max_bytes: usize::MAX, timeout: Duration::from_millis(50) },
            "server.unread_timeout_ms",
        ),
    ] {
        let server = Running::start(refuse_all(), AcceptSettings { unread, ..settings() }).await;
        let mut stream = server.connect().await;
        let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 900000000000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let sending = async { while stream.write_all(&[b'x'; 10_000]).await.is_ok() {} };
        tokio::time::timeout(PATIENCE, sending).await.expect("to be cut off");
        assert_eq!(server.metrics.limit_hits(limit), 1, "{limit}");
    }
}
