//! Answers that go on without HTTP's machinery.
//!
//! An event stream is an answer that does not end. What hyper keeps for it (its buffers, its state, the body that it asks
//! for more) is several times what the stream needs. So a handler may answer with a [`Takeover`]: when the answer has gone
//! through all layers, the accept loop drops hyper's connection, and hands the bare one and the answer's head over.

use std::pin::Pin;
use std::sync::Arc;

use ::http::{HeaderValue, Request, Response, Version, header};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::socket::Wire;

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;
type Serve = Box<dyn FnOnce(Arc<Wire>, Vec<u8>) -> Serving + Send>;

/// With a request: its connection can be taken over.
#[derive(Clone, Copy)]
pub struct Takeable;

impl Takeable {
    /// Whether the answer to this request can go on without HTTP's machinery: chunks are of HTTP/1.1.
    pub fn offer<B>(request: &Request<B>) -> Option<Self> {
        let fits = request.version() == Version::HTTP_11 && request.method() == ::http::Method::GET;
        fits.then_some(Self)
    }
}

/// With an answer: who goes on. Its body is not looked at, and its `Date` (RFC 9110 §6.6.1) is its own to set.
#[derive(Clone)]
pub struct Takeover(Arc<Mutex<Option<Serve>>>);

impl Takeover {
    /// `serve` gets the connection and the head of the answer, which it has to send first; what follows it are chunks
    /// (RFC 9112 §7.1). The connection ends with it.
    pub fn new<F>(serve: impl FnOnce(Arc<Wire>, Vec<u8>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(Mutex::new(Some(Box::new(|wire, head| Box::pin(serve(wire, head)))))))
    }
}

/// Where an answer waits that takes its connection over.
#[derive(Default)]
pub struct Handover {
    waiting: Mutex<Option<(Serve, Vec<u8>)>>,
    arrived: Notify,
}

impl Handover {
    /// Takes an answer in that wants to take over. `false`: it is one like any other.
    pub fn take_in<B>(&self, response: &mut Response<B>) -> bool {
        let takeover = response.extensions_mut().remove::<Takeover>();
        let Some(serve) = takeover.and_then(|takeover| takeover.0.lock().take()) else { return false };
        let headers = response.headers_mut();
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        // Of the body that is not looked at.
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        *self.waiting.lock() = Some((serve, head(response)));
        self.arrived.notify_one();
        true
    }

    /// Waits for an answer that takes over.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// What goes on, with the connection.
    pub fn go_on(&self, wire: Arc<Wire>) -> Option<Serving> {
        let (serve, head) = self.waiting.lock().take()?;
        Some(serve(wire, head))
    }
}

fn head<B>(response: &Response<B>) -> Vec<u8> {
    let mut head = Vec::with_capacity(512);
    let status = response.status();
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(status.as_str().as_bytes());
    head.push(b' ');
    head.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    head.extend_from_slice(b"\r\n");
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Appends a chunk.
pub fn put_chunk(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// What follows the last chunk.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_all_headers_and_ends() {
        let response = Response::builder().header("x-one", "1").header("x-two", "2").body(()).unwrap();
        assert_eq!(head(&response), b"HTTP/1.1 200 OK\r\nx-one: 1\r\nx-two: 2\r\n\r\n");
    }

    #[test]
    fn only_streams_of_http_1_1_are_taken_over() {
        let request = |version, method| Request::builder().version(version).method(method).body(()).unwrap();
        assert!(Takeable::offer(&request(Version::HTTP_11, "GET")).is_some());
        assert!(Takeable::offer(&request(Version::HTTP_11, "HEAD")).is_none());
        assert!(Takeable::offer(&request(Version::HTTP_10, "GET")).is_none());
        assert!(Takeable::offer(&request(Version::HTTP_2, "GET")).is_none());
    }
}
