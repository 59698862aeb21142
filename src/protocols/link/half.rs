//! The reading half of a connection, for the library that reads WebSocket frames.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::outbox::{Outbox, Sender};
use super::socket::Wire;

/// Reads from the connection. What is written to it, which are the library's own answers to pings and closes, goes the way
/// of everything else, through the outbox.
pub struct Half {
    wire: Arc<Wire>,
    /// What came with the handshake.
    ahead: Bytes,
    sender: Option<Sender>,
}

impl Half {
    /// With what was read already. Without a sender what is written goes straight to the connection.
    pub fn new(wire: Arc<Wire>, ahead: Bytes, sender: Option<Sender>) -> Self {
        Self { wire, ahead, sender }
    }
}

/// Both ways of a connection, for a library that writes frames of its own between those of the outbox.
pub struct Through {
    half: Half,
    outbox: Arc<Outbox>,
}

impl Through {
    /// With what was read already.
    pub fn new(outbox: Arc<Outbox>, ahead: Bytes) -> Self {
        Self { half: Half::new(outbox.wire().clone(), ahead, None), outbox }
    }
}

impl AsyncRead for Through {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.half).poll_read(cx, buf)
    }
}

impl AsyncWrite for Through {
    /// Takes everything: what is written is whole frames, and little.
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.outbox.send(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.poll_drained(cx).map(Ok)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl AsyncRead for Half {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return self.wire.poll_read(cx, buf);
        }
        let count = self.ahead.len().min(buf.remaining());
        buf.put_slice(&self.ahead[..count]);
        self.ahead.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Half {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &self.sender {
            // Whole frames. A pong that finds no room is tried again with the next frame that is read; there is only ever
            // one.
            Some(sender) if sender.offer(buf) => Poll::Ready(Ok(buf.len())),
            Some(_) => Poll::Pending,
            None => self.wire.poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.sender.is_some() { Poll::Ready(Ok(())) } else { self.wire.poll_flush(cx) }
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
