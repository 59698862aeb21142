//! The connection below a WebSocket, which notes what the client takes and can be cut.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use super::flow::Flow;

/// A connection with its [`Flow`].
pub(super) struct Line<S> {
    stream: S,
    flow: Arc<Flow>,
    _end: oneshot::Sender<Infallible>,
}

impl<S> Line<S> {
    /// The second value ends when the engine lets go of the line.
    pub fn new(stream: S, flow: Arc<Flow>) -> (Self, oneshot::Receiver<Infallible>) {
        let (_end, ended) = oneshot::channel();
        (Self { stream, flow, _end }, ended)
    }

    /// Fails when the line was cut.
    fn whole(&self) -> io::Result<()> {
        if self.flow.is_cut() { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() {
            self.flow.wake_reader(cx.waker());
        }
        // After the registration, so that no cut is missed.
        self.whole()?;
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if written.is_pending() {
            self.flow.wake_writer(cx.waker());
        } else {
            self.flow.wrote();
        }
        self.whole()?;
        written
    }

    /// The engine flushes when its buffer is empty and everything is written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let handed = self.flow.handed();
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.flow.drained(handed);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::flow::{Flows, Window};
    use super::*;

    #[tokio::test]
    async fn a_flush_is_what_the_client_took() {
        let flow = Flows::default().unnamed();
        let (stream, _peer) = tokio::io::duplex(64);
        let (mut line, _) = Line::new(stream, flow.clone());
        flow.hand(40);
        line.write_all(&[0; 40]).await.unwrap();
        let window = Window::new(50, 1);
        assert!(!flow.room(window, 20, std::time::Duration::from_millis(5)).await);
        line.flush().await.unwrap();
        assert!(flow.room(window, 20, std::time::Duration::from_millis(5)).await);
    }

    #[tokio::test]
    async fn a_cut_ends_both_ways_at_once() {
        let flow = Flows::default().unnamed();
        let (stream, _peer) = tokio::io::duplex(16);
        let (mut reader, mut writer) = tokio::io::split(Line::new(stream, flow.clone()).0);
        let reading = async { reader.read_u8().await.unwrap_err().kind() };
        let writing = async { writer.write_all(&[0; 64]).await.unwrap_err().kind() };
        let cutting = async {
            tokio::task::yield_now().await;
            flow.cut();
        };
        let (read, written, ()) = tokio::join!(reading, writing, cutting);
        assert_eq!((read, written), (ErrorKind::ConnectionAborted, ErrorKind::ConnectionAborted));
    }
}
