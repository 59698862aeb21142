//! The opening handshake of WebSocket (RFC 6455 §4.2) over an HTTP/1.1 upgrade, shared by all protocols that speak it.
//!
//! Ours rather than axum's, because the frame size, the buffers and the hand-over of the socket are what decides how
//! little an idle connection costs.

use std::sync::Arc;

use ::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use axum::body::Body;
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::deflate::{Deflate, Inflating};
use super::link::{self, Half, Outbox, Pump, Wire};
use crate::domain::{Error, Result};

/// Most bytes of a library's own answers that may wait.
const MAX_ANSWERS_BYTES: usize = 64 * 1024;
/// Bytes that wait before they are written without a flush.
const WRITE_BUFFER_BYTES: usize = 64 * 1024;
/// Most bytes that may wait where the library writes; a batch of the largest events is less.
const MAX_WRITE_BUFFER_BYTES: usize = 16 * 1024 * 1024;

/// The frames that come in on an open WebSocket; what is sent goes through its [`Outbox`].
pub type Frames = WebSocketStream<Inflating<Half>>;

/// An open WebSocket that is read and written by the library.
pub type Socket = WebSocketStream<Inflating<Half>>;

/// A connection that has become a WebSocket.
pub struct Opened {
    wire: Arc<Wire>,
    ahead: Bytes,
    limits: SocketLimits,
    /// Longest message, inflated, where compression was agreed on.
    inflated: Option<usize>,
}

impl Opened {
    /// The two sides of the connection.
    pub async fn frames(self, pump: &Pump) -> (Frames, Outbox) {
        let outbox = pump.outbox(self.wire.clone());
        let config = self.config().write_buffer_size(0).max_write_buffer_size(MAX_ANSWERS_BYTES);
        let half = Half::new(self.wire, self.ahead, Some(outbox.sender()));
        let io = Inflating::new(half, self.inflated);
        (WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await, outbox)
    }

    /// The connection for who has few messages to send, and sends them with the library.
    pub async fn socket(self) -> Socket {
        let config = self
            .config()
            // A threshold, not an allocation: what waits goes out in one write.
            .write_buffer_size(WRITE_BUFFER_BYTES)
            // What came may go back, with its head.
            .max_write_buffer_size(
                MAX_WRITE_BUFFER_BYTES.max(self.limits.max_message_bytes.saturating_mul(2)),
            );
        let io = Inflating::new(Half::new(self.wire, self.ahead, None), self.inflated);
        WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await
    }

    fn config(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(self.limits.read_buffer_bytes)
            .max_message_size(Some(self.limits.hard_limit()))
            .max_frame_size(Some(self.limits.hard_limit()))
    }

    /// The connection as it is, and what came with the handshake.
    pub fn into_parts(self) -> (Arc<Wire>, Bytes) {
        (self.wire, self.ahead)
    }
}

/// Sizes of an open WebSocket, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// Largest message that gets an answer; a larger one gets an error.
    pub max_message_bytes: usize,
    /// What is read at once.
    pub read_buffer_bytes: usize,
    /// Whether messages are compressed for clients that can (RFC 7692).
    pub deflate: bool,
}

impl SocketLimits {
    /// Messages up to this are read to be refused politely; beyond it the connection is closed with 1009.
    pub fn hard_limit(&self) -> usize {
        self.max_message_bytes.saturating_mul(4)
    }
}

/// A handshake that was accepted: the answer, and the socket to come once the answer is sent.
pub struct Accepted {
    pub response: Response<Body>,
    /// The subprotocol that was agreed on.
    pub subprotocol: Option<&'static str>,
    /// What was agreed on about compression; then messages may come compressed, and may be sent so.
    pub deflate: Option<Deflate>,
    pending: OnUpgrade,
    limits: SocketLimits,
}

impl Accepted {
    /// The answer to send, and the connection once it is sent.
    pub fn split(self) -> (Response<Body>, impl Future<Output = Option<Opened>> + Send + 'static) {
        let (pending, limits) = (self.pending, self.limits);
        let inflated = self.deflate.map(|_| limits.hard_limit());
        let opened = async move {
            let (wire, ahead) = link::Socket::from_upgraded(pending.await.ok()?).ok()?;
            Some(Opened { wire, ahead, limits, inflated })
        };
        (self.response, opened)
    }
}

/// Whether the request wants to become a WebSocket.
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    has_token(headers, &header::UPGRADE, "websocket")
}

/// The refusal of a request that asks for no WebSocket, or for another version: 426 says what would be spoken
/// (RFC 9110 §15.5.22, RFC 6455 §4.2.2).
pub fn refuse(headers: &HeaderMap) -> Option<Response<Body>> {
    let version = headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    if is_upgrade(headers) && version {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    Some(response)
}

/// Accepts the handshake with the first of `subprotocols` that the client offers.
///
/// # Errors
/// [`Error::Malformed`] naming the header that is missing or wrong.
pub fn accept(
    request: &mut Request<Body>,
    subprotocols: &[&'static str],
    limits: SocketLimits,
) -> Result<Accepted> {
    let headers = request.headers();
    if !has_token(headers, &header::CONNECTION, "upgrade") {
        return Err(Error::malformed("Connection", "must contain \"Upgrade\" to open a WebSocket"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Error::malformed("Sec-WebSocket-Version", "must be 13 (RFC 6455)"));
    }
    let key = headers
        .get(header::SEC_WEBSOCKET_KEY)
        .ok_or_else(|| Error::malformed("Sec-WebSocket-Key", "is required to open a WebSocket"))?;
    let accept_key = derive_accept_key(key.as_bytes());
    let offered = tokens(headers, &header::SEC_WEBSOCKET_PROTOCOL);
    let subprotocol = subprotocols.iter().copied().find(|ours| offered.iter().any(|theirs| theirs == ours));
    let deflate = if limits.deflate { Deflate::negotiate(headers) } else { None };
    let pending = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or_else(|| Error::malformed("Upgrade", "needs HTTP/1.1"))?;

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(value) = HeaderValue::from_str(&accept_key) {
        answer.insert(header::SEC_WEBSOCKET_ACCEPT, value);
    }
    if let Some(subprotocol) = subprotocol {
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
    }
    let deflate = deflate.map(|(deflate, extensions)| {
        answer.insert(header::SEC_WEBSOCKET_EXTENSIONS, extensions);
        deflate
    });
    Ok(Accepted { response, subprotocol, deflate, pending, limits })
}

fn tokens(headers: &HeaderMap, name: &header::HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|token| token.trim().to_owned()).collect()
}

fn has_token(headers: &HeaderMap, name: &header::HeaderName, wanted: &str) -> bool {
    tokens(headers, name).iter().any(|token| token.eq_ignore_ascii_case(wanted))
}

/// The close code and reason (RFC 6455 §7.4.1) for what cannot be read; nothing when the connection is gone anyway.
pub fn unreadable(error: &tungstenite::Error) -> Option<(u16, &'static str)> {
    match error {
        tungstenite::Error::Capacity(_) => Some((1009, "the message is too large")),
        tungstenite::Error::Utf8(_) => Some((1007, "a text message must be UTF-8")),
        tungstenite::Error::Protocol(_) => Some((1002, "that is no WebSocket frame")),
        _ => None,
    }
}
