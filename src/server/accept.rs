//! The accept loop: TCP connections in, with TLS or without, HTTP/1.1 or HTTP/2 requests out to who answers them.
//!
//! An own loop, because a server of many idle streams needs what a ready-made one does not give: a limit on open
//! sockets that also counts upgraded ones, time limits on heads and writes, small buffers, and tasks that are
//! supervised. The loop ends with the shutdown token; what is open then gets `shutdown_timeout` to finish.

mod addresses;
mod descriptors;
mod service;
mod tls;
mod turnstile;
mod unread;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub use descriptors::raise as raise_descriptors;
pub use tls::Tls;
pub use unread::UnreadLimits;

use addresses::{Addresses, Place};
use service::{PeerService, Responder};
use turnstile::Turnstile;

use crate::config::ServerSettings;
use crate::domain::Network;
use crate::protocols::link::{Carried, Counted, Handover, OpenSocket, Socket, Stream, Wire};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// How long to wait after an accept that failed for lack of something (file descriptors, memory): it fails
/// again until something is closed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// What the kernel takes of a connection beyond what the peer has room for, bytes.
#[cfg(target_os = "linux")]
const MAX_UNSENT_BYTES: u32 = 64 * 1024;

/// Most that one HTTP/2 stream may buffer for a slow reader, bytes.
const HTTP2_SEND_BUFFER_BYTES: usize = 64 * 1024;

/// RFC 9113 §3.4.
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How often to look again whether the rest of an HTTP/2 preface has come.
const PREFACE_PAUSE: Duration = Duration::from_millis(20);

/// Addresses of this machine: a reverse proxy, or tools of who runs the server.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// Limits of the accept loop and of each connection.
#[derive(Clone, Debug)]
pub struct AcceptSettings {
    /// Open sockets, upgraded ones included; more wait in the kernel's queue.
    pub max_connections: usize,
    /// Of these, from one address that is not in `exempt`; more are closed at once.
    pub max_connections_per_address: usize,
    /// Networks whose addresses stand for many clients.
    pub exempt: Vec<Network>,
    /// Connections accepted in a second.
    pub accepts_per_s: u32,
    /// Time for a request head, and longest pause between two requests on HTTP/1.1.
    pub header_read_timeout: Duration,
    /// Longest time that a peer may take no byte of what is sent.
    pub write_timeout: Duration,
    /// What is taken of a request after its answer stands.
    pub unread: UnreadLimits,
    /// Time that open connections get to finish after the shutdown began.
    pub shutdown_timeout: Duration,
    /// Read and write buffer of HTTP/1.1, and so the largest request head, bytes; at least 8192.
    pub http1_buffer_bytes: usize,
    /// Concurrent requests on one HTTP/2 connection.
    pub http2_max_streams: u32,
    /// Time between HTTP/2 pings, and for their answer.
    pub http2_keep_alive: Duration,
    /// TLS, when it is spoken; then nothing else is.
    pub tls: Option<Tls>,
}

impl From<&ServerSettings> for AcceptSettings {
    fn from(settings: &ServerSettings) -> Self {
        Self {
            max_connections: settings.max_connections,
            max_connections_per_address: settings.max_connections_per_address,
            exempt: LOOPBACK
                .iter()
                .copied()
                .chain(settings.trusted_proxies.iter().map(String::as_str))
                .filter_map(Network::parse)
                .collect(),
            accepts_per_s: settings.accepts_per_s,
            header_read_timeout: Duration::from_millis(settings.header_read_timeout_ms),
            write_timeout: Duration::from_millis(settings.write_timeout_ms),
            unread: UnreadLimits {
                max_bytes: settings.max_unread_bytes,
                timeout: Duration::from_millis(settings.unread_timeout_ms),
            },
            shutdown_timeout: Duration::from_millis(settings.shutdown_timeout_ms),
            http1_buffer_bytes: settings.http1_buffer_bytes,
            http2_max_streams: settings.http2_max_streams,
            http2_keep_alive: Duration::from_millis(settings.http2_keep_alive_ms),
            tls: None,
        }
    }
}

/// Listens on `address`; up to `backlog` connections may wait to be accepted.
///
/// # Errors
/// When it cannot be had.
pub fn bind(address: SocketAddr, backlog: u16) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // What a process before this one left behind of its connections must not keep it from starting.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog.into())
}

/// Serves `app` on `listener` until the shutdown token of `tasks` is cancelled, then waits for the open sockets,
/// at most `shutdown_timeout`. Long responses must end by themselves when they see the token.
pub async fn serve(
    listener: TcpListener,
    app: impl Responder,
    settings: AcceptSettings,
    tasks: Tasks,
    metrics: Metrics,
) {
    let slots = Arc::new(Semaphore::new(settings.max_connections));
    let shutdown = tasks.shutdown().clone();
    let addresses = Addresses::new(settings.max_connections_per_address, settings.exempt.clone());
    let turnstile = Turnstile::new(settings.accepts_per_s);
    let server = Arc::new(Server {
        http1: http1_builder(&settings),
        http2: http2_builder(&settings, &tasks),
        app,
        tls: settings.tls,
        header_read_timeout: settings.header_read_timeout,
        write_timeout: settings.write_timeout,
        unread: settings.unread,
        shutdown_timeout: settings.shutdown_timeout,
        shutdown: shutdown.clone(),
        tasks,
        metrics,
    });
    shutdown.run_until_cancelled(accept_all(&listener, &slots, (&addresses, turnstile), &server)).await;
    drop(listener);
    let all = u32::try_from(settings.max_connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(settings.shutdown_timeout, slots.acquire_many(all)).await.is_err() {
        let open = settings.max_connections.saturating_sub(slots.available_permits());
        tracing::warn!(open, "sockets are still open after the shutdown time-out");
    }
}

/// What every connection shares.
struct Server<A> {
    http1: http1::Builder,
    http2: http2::Builder<StreamExecutor>,
    app: A,
    tls: Option<Tls>,
    header_read_timeout: Duration,
    write_timeout: Duration,
    unread: UnreadLimits,
    shutdown_timeout: Duration,
    shutdown: CancellationToken,
    tasks: Tasks,
    metrics: Metrics,
}

fn http1_builder(settings: &AcceptSettings) -> http1::Builder {
    // Vectored writes stay on (hyper's choice for TCP): the flat buffer would keep the size of the largest
    // response for as long as the connection lives.
    let mut http1 = http1::Builder::new();
    http1
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_read_timeout)
        .max_buf_size(settings.http1_buffer_bytes);
    http1
}

fn http2_builder(settings: &AcceptSettings, tasks: &Tasks) -> http2::Builder<StreamExecutor> {
    let mut http2 = http2::Builder::new(StreamExecutor(tasks.clone()));
    http2
        .timer(TokioTimer::new())
        .keep_alive_interval(settings.http2_keep_alive)
        .keep_alive_timeout(settings.http2_keep_alive)
        .max_concurrent_streams(settings.http2_max_streams)
        .max_header_list_size(u32::try_from(settings.http1_buffer_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(HTTP2_SEND_BUFFER_BYTES);
    http2
}

async fn accept_all<A: Responder>(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    (addresses, mut turnstile): (&Addresses, Turnstile),
    server: &Arc<Server<A>>,
) {
    let mut was_full = false;
    loop {
        let slot = if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
            was_full = false;
            slot
        } else {
            server.metrics.limit_hit("server.max_connections");
            if !std::mem::replace(&mut was_full, true) {
                tracing::warn!("server.max_connections is reached, new connections wait");
            }
            let Ok(slot) = Arc::clone(slots).acquire_owned().await else {
                return;
            };
            slot
        };
        if turnstile.pass().await {
            server.metrics.limit_hit("server.accepts_per_s");
        }
        let (stream, peer) = accept_one(listener, server).await;
        let Some(place) = addresses.enter(peer.ip()) else {
            server.metrics.limit_hit("server.max_connections_per_address");
            tracing::debug!(%peer, "closed: its address has server.max_connections_per_address already");
            continue;
        };
        let connection = serve_connection(Arc::clone(server), stream, peer, (slot, place));
        server.tasks.spawn_connection("http connection", connection);
    }
}

async fn accept_one<A>(listener: &TcpListener, server: &Server<A>) -> (TcpStream, SocketAddr) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Events are small and must not wait for an acknowledgement. A socket that refuses the option
                // is broken, which its first read will tell.
                let _ = stream.set_nodelay(true);
                // What the kernel takes and does not send would hide for long whether a slow reader reads at all, and weigh
                // megabytes for each.
                #[cfg(target_os = "linux")]
                let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT_BYTES);
                return (stream, SocketAddr::new(peer.ip().to_canonical(), peer.port()));
            }
            // The peer has gone before we came: nothing is short.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {
            }
            Err(error) => {
                server.metrics.limit_hit("os.accept");
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_connection<A: Responder>(
    server: Arc<Server<A>>,
    stream: TcpStream,
    peer: SocketAddr,
    (slot, place): (OwnedSemaphorePermit, Place),
) {
    // What is needed only for a moment, or by few connections, is boxed: the task of an idle connection stays
    // small. That is also why hyper-util's builder for both protocols is not used, which sets aside the room of
    // an HTTP/2 connection for every HTTP/1.1 one.
    let opening = Box::pin(open(&server, stream));
    let Some(Some((stream, protocol))) = server.shutdown.run_until_cancelled(opening).await else {
        return;
    };
    let open = OpenSocket::new((slot, place, server.metrics.socket()));
    let socket = Socket::new(stream, server.write_timeout, open);
    let mut service = PeerService { server: Arc::clone(&server), peer, handover: None };
    let ended = match protocol {
        Protocol::Http1 => {
            let (handover, wire) = (Arc::<Handover>::default(), socket.wire().clone());
            service.handover = Some(handover.clone());
            let connection = server.http1.serve_connection(TokioIo::new(socket), service).with_upgrades();
            let driven =
                drive(&server, Box::pin(connection), http1::UpgradeableConnection::graceful_shutdown);
            // The connection of hyper is dropped, and what it holds, before the answer goes on without it.
            let ended = tokio::select! {
                biased;
                ended = driven => Some(ended),
                () = handover.arrived() => None,
            };
            match ended {
                Some(ended) => ended,
                None => return go_on(&handover, wire).await,
            }
        }
        Protocol::Http2 => {
            let connection = server.http2.serve_connection(TokioIo::new(socket), service);
            drive(&server, Box::pin(connection), http2::Connection::graceful_shutdown).await
        }
    };
    if let Err(error) = ended {
        // The peer's doing in all but rare cases (reset, time-out, no HTTP), so never an error of ours.
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Serves what took the connection over.
async fn go_on(handover: &Handover, wire: Arc<Wire>) {
    if let Some(serving) = handover.go_on(wire) {
        serving.await;
    }
}

/// What was agreed on, in time: by the handshake of TLS, or by the first bytes.
async fn open<A>(server: &Server<A>, stream: TcpStream) -> Option<(Stream, Protocol)> {
    if let Some(tls) = &server.tls {
        let carried = Carried::default();
        let counted = Counted::new(stream, carried.clone());
        let (stream, protocol) = tls.accept(counted, &server.metrics).await?;
        return Some((Stream::Tls(stream, carried), protocol));
    }
    let choosing = tokio::time::timeout(server.header_read_timeout, choose_protocol(&stream));
    let protocol = choosing.await.ok()?.ok()?;
    Some((Stream::Plain(stream), protocol))
}

/// Serves a connection until it ends; after the shutdown began, `finish` and a time limit see to that.
async fn drive<A, C>(server: &Server<A>, mut connection: Pin<Box<C>>, finish: fn(Pin<&mut C>)) -> C::Output
where
    C: Future<Output = hyper::Result<()>>,
{
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = server.shutdown.cancelled() => finish(connection.as_mut()),
    }
    let finishing = Box::pin(tokio::time::timeout(server.shutdown_timeout, connection));
    finishing.await.unwrap_or_else(|_| {
        tracing::debug!("connection cut at the shutdown time-out");
        Ok(())
    })
}

#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

/// Looks at the first bytes, without taking them, until they are or are not the preface of HTTP/2.
async fn choose_protocol(stream: &TcpStream) -> io::Result<Protocol> {
    let mut head = [0; HTTP2_PREFACE.len()];
    loop {
        let seen = stream.peek(&mut head).await?;
        if seen == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !HTTP2_PREFACE.starts_with(&head[..seen]) {
            return Ok(Protocol::Http1);
        }
        if seen == head.len() {
            return Ok(Protocol::Http2);
        }
        // Bytes that were peeked at stay readable, so readiness says nothing about the next ones.
        tokio::time::sleep(PREFACE_PAUSE).await;
    }
}

/// Starts the tasks of HTTP/2 streams under supervision.
#[derive(Clone)]
struct StreamExecutor(Tasks);

impl<F> hyper::rt::Executor<F> for StreamExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        self.0.spawn_connection("http2 stream", stream);
    }
}

#[cfg(test)]
mod tests;
