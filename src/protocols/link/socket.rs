//! A TCP connection that counts as open until it is dropped, that its reader and its writer share, and that does not
//! wait for ever for its peer.

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Sleep;

/// Keeps a socket counted as open (`server.max_connections`, `petstore_open_sockets`) until it is dropped.
pub struct OpenSocket {
    /// What counts it, and what is given back with it.
    _held: Box<dyn Send + Sync>,
}

impl OpenSocket {
    /// Holds the places that the connection was given, and its gauge.
    pub fn new(held: impl Send + Sync + 'static) -> Self {
        Self { _held: Box::new(held) }
    }
}

/// What bytes can be read from and written to.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection, in clear or not.
pub enum Stream {
    Plain(TcpStream),
    /// Boxed: a TLS connection is a kilobyte, and most servers have none or nothing else. With what the connection below it
    /// has carried.
    Tls(Box<dyn Duplex>, Carried),
}

enum Ends {
    /// The reading half, which knows from a short read that there is nothing more, and need not ask; and the writing half,
    /// which says the end when it is dropped.
    Plain(Mutex<OwnedReadHalf>, OwnedWriteHalf),
    Tls(Mutex<Box<dyn Duplex>>, Carried),
}

/// Bytes that the peer's side has taken. TLS takes what the connection below it does not, so what is written there tells
/// nothing of the peer.
#[derive(Clone, Default)]
pub struct Carried(Arc<AtomicU64>);

/// A connection whose written bytes are counted.
pub struct Counted<S> {
    stream: S,
    carried: Carried,
}

impl<S> Counted<S> {
    /// Counts into `carried`.
    pub fn new(stream: S, carried: Carried) -> Self {
        Self { stream, carried }
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = &written {
            self.carried.0.fetch_add(*count as u64, Ordering::Relaxed);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// An open connection. One reader and one writer may wait at the same time, in whichever task.
pub struct Wire {
    ends: Ends,
    _open: OpenSocket,
}

impl Wire {
    fn new(stream: Stream, open: OpenSocket) -> Self {
        let ends = match stream {
            Stream::Plain(stream) => {
                let (reading, writing) = stream.into_split();
                Ends::Plain(Mutex::new(reading), writing)
            }
            Stream::Tls(stream, carried) => Ends::Tls(Mutex::new(stream), carried),
        };
        Self { ends, _open: open }
    }

    /// As [`AsyncRead::poll_read`].
    pub fn poll_read(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &self.ends {
            Ends::Plain(stream, _) => Pin::new(&mut *stream.lock()).poll_read(cx, buf),
            Ends::Tls(stream, _) => Pin::new(&mut **stream.lock()).poll_read(cx, buf),
        }
    }

    /// As [`AsyncWrite::poll_write`].
    pub fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &self.ends {
            Ends::Plain(_, stream) => {
                let stream = stream.as_ref();
                poll_plain(stream, cx, || stream.try_write(buf))
            }
            Ends::Tls(stream, _) => Pin::new(&mut **stream.lock()).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match &self.ends {
            Ends::Plain(_, stream) => {
                let stream = stream.as_ref();
                poll_plain(stream, cx, || stream.try_write_vectored(bufs))
            }
            Ends::Tls(stream, _) => Pin::new(&mut **stream.lock()).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.ends {
            Ends::Plain(..) => true,
            Ends::Tls(stream, _) => stream.lock().is_write_vectored(),
        }
    }

    /// As [`AsyncWrite::poll_flush`]: over TLS this is where what was taken is really written.
    pub fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.ends {
            Ends::Plain(..) => Poll::Ready(Ok(())),
            Ends::Tls(stream, _) => Pin::new(&mut **stream.lock()).poll_flush(cx),
        }
    }

    /// Over TLS: how many bytes the connection below it has carried. What is written in clear the connection has taken.
    pub fn carried(&self) -> Option<u64> {
        match &self.ends {
            Ends::Plain(..) => None,
            Ends::Tls(_, Carried(count)) => Some(count.load(Ordering::Relaxed)),
        }
    }

    /// Says over TLS that nothing was cut off (close_notify, RFC 8446 §6.1), if that can be said at once.
    pub fn say_end(&self) {
        if let Ends::Tls(..) = &self.ends {
            let _ = self.poll_shutdown(&mut Context::from_waker(Waker::noop()));
        }
    }

    fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.ends {
            Ends::Plain(_, stream) => Poll::Ready(SockRef::from(stream.as_ref()).shutdown(Shutdown::Write)),
            Ends::Tls(stream, _) => Pin::new(&mut **stream.lock()).poll_shutdown(cx),
        }
    }
}

/// Tries first and asks when that fails: a socket takes nearly always what it is given.
fn poll_plain(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    mut write: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        match write() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(stream.poll_write_ready(cx))?,
            written => return Poll::Ready(written),
        }
    }
}

/// What hyper reads and writes; after an upgrade [`Socket::from_upgraded`] takes it out again. A write that the
/// peer takes no byte of within the time limit fails with [`io::ErrorKind::TimedOut`].
pub struct Socket {
    wire: Arc<Wire>,
    write_timeout: Duration,
    /// Only there while a write waits, so that an idle connection pays eight bytes.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    /// A connection that was accepted.
    pub fn new(stream: Stream, write_timeout: Duration, open: OpenSocket) -> Self {
        Self { wire: Arc::new(Wire::new(stream, open)), write_timeout, stalled: None }
    }

    /// Takes the connection out of an upgraded one, with what the peer sent ahead. It drops hyper's read buffer of 8 KiB
    /// and two layers of calls.
    ///
    /// # Errors
    /// Gives `upgraded` back when it is not a connection of this server.
    pub fn from_upgraded(upgraded: Upgraded) -> Result<(Arc<Wire>, Bytes), Upgraded> {
        let parts = upgraded.downcast::<TokioIo<Self>>()?;
        // Copied, since an empty or short piece would keep the whole buffer alive.
        Ok((parts.io.into_inner().wire, Bytes::copy_from_slice(&parts.read_buf)))
    }

    /// The connection, for who takes it over from hyper.
    pub fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }

    fn bound<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let write_timeout = self.write_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(write_timeout)));
        stalled.as_mut().poll(cx).map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.wire.poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.wire.poll_write(cx, buf);
        self.bound(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.wire.poll_write_vectored(cx, bufs);
        self.bound(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.wire.poll_flush(cx);
        self.bound(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire.poll_shutdown(cx)
    }
}
