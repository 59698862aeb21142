//! The opening handshake of WebSocket (RFC 6455 §4.2) over an HTTP/1.1 upgrade, shared by all protocols that speak it.
//!
//! Ours rather than axum's, because the frame size, the buffers and the hand-over of the socket are what decides how
//! little an idle connection costs.

use ::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use axum::body::Body;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::deflate::{Deflate, Inflating};
use crate::domain::{Error, Result};

/// Bytes that wait before they are written without a flush.
const WRITE_BUFFER_BYTES: usize = 64 * 1024;
/// Most bytes that may wait; a batch of the largest events is less.
const MAX_WRITE_BUFFER_BYTES: usize = 16 * 1024 * 1024;

/// The connection below a WebSocket.
pub type Io = TokioIo<Upgraded>;

/// An open WebSocket.
pub type Socket = WebSocketStream<Inflating<Io>>;

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
    /// The answer to send, and the socket that opens after it.
    pub fn split(self) -> (Response<Body>, impl Future<Output = Option<Socket>> + Send + 'static) {
        let (pending, limits) = (self.pending, self.limits);
        let inflated = self.deflate.map(|_| limits.hard_limit());
        let socket = async move {
            let config = WebSocketConfig::default()
                .read_buffer_size(limits.read_buffer_bytes)
                // A threshold, not an allocation: what waits goes out in one write.
                .write_buffer_size(WRITE_BUFFER_BYTES)
                // What came may go back, with its head.
                .max_write_buffer_size(MAX_WRITE_BUFFER_BYTES.max(limits.max_message_bytes.saturating_mul(2)))
                .max_message_size(Some(limits.hard_limit()))
                .max_frame_size(Some(limits.hard_limit()));
            let io = Inflating::new(TokioIo::new(pending.await.ok()?), inflated);
            Some(WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await)
        };
        (self.response, socket)
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
