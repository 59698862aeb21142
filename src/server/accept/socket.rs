//! A TCP connection that counts as open until it is dropped, and that does not wait for ever for its reader.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

use super::addresses::Place;
use crate::telemetry::GaugeGuard;

/// Keeps a socket counted as open (`server.max_connections`, `petstore_open_sockets`) until it is dropped.
#[derive(Debug)]
pub struct OpenSocket {
    _slot: OwnedSemaphorePermit,
    _place: Place,
    _gauge: GaugeGuard,
}

impl OpenSocket {
    pub(super) fn new(slot: OwnedSemaphorePermit, place: Place, gauge: GaugeGuard) -> Self {
        Self { _slot: slot, _place: place, _gauge: gauge }
    }
}

/// A connection, in clear or not.
#[derive(Debug)]
pub enum Stream {
    Plain(TcpStream),
    /// Boxed: a TLS connection is a kilobyte, and most servers have none or nothing else.
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// What hyper reads and writes; after an upgrade [`Socket::from_upgraded`] takes it out again. A write that the
/// peer takes no byte of within the time limit fails with [`io::ErrorKind::TimedOut`].
#[derive(Debug)]
pub struct Socket {
    stream: Stream,
    write_timeout: Duration,
    /// Only there while a write waits, so that an idle connection pays eight bytes.
    stalled: Option<Pin<Box<Sleep>>>,
    open: OpenSocket,
}

impl Socket {
    pub(super) fn new(stream: Stream, write_timeout: Duration, open: OpenSocket) -> Self {
        Self { stream, write_timeout, stalled: None, open }
    }

    /// Takes the socket out of an upgraded connection, with what the peer sent ahead. It drops hyper's read
    /// buffer of 8 KiB and two layers of calls.
    ///
    /// # Errors
    /// Gives `upgraded` back when it is not a connection of this server.
    pub fn from_upgraded(upgraded: Upgraded) -> Result<(Self, Bytes), Upgraded> {
        let parts = upgraded.downcast::<TokioIo<Self>>()?;
        // Copied, since an empty or short piece would keep the whole buffer alive.
        Ok((parts.io.into_inner(), Bytes::copy_from_slice(&parts.read_buf)))
    }

    /// The bare stream, without a time limit on writes, and the count that must live as long as it.
    #[must_use]
    pub fn into_parts(self) -> (Stream, OpenSocket) {
        (self.stream, self.open)
    }

    fn bound<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let write_timeout = self.write_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(write_timeout)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.bound(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.bound(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Over TLS this is where what was taken is really written.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.bound(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
