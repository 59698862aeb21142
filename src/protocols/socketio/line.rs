//! The connection below a WebSocket, which notes what the client takes, can be cut, and can be taken from the engine.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use super::flow::{Flow, fence_of};
use super::incoming::Frames;
use crate::protocols::link::Outbox;

/// The engine's ping as it is written, and the pong as a client would send it (masked with zeros).
const PING: &[u8] = b"\x81\x012";
const PONG: &[u8] = b"\x81\x81\0\0\0\x003";

/// A connection with its [`Flow`].
pub(super) struct Line<S> {
    stream: Frames<S>,
    flow: Arc<Flow>,
    /// Where fences lead past the engine.
    outbox: Weak<Outbox>,
    first_ping: FirstPing,
    /// Bytes of the frame that is under way, while somebody looks at frames.
    rest: u64,
    /// The packet that opens a session is still to be taken out: the client has one.
    reopens: bool,
    _end: oneshot::Sender<Infallible>,
}

/// What is done about the ping that the engine sends right after the handshake, an interval before the client expects
/// one. Clients are to be spared it, so it is taken out, and answered. Until then nothing is read: the pong has to come
/// after the ping and between two frames of the client.
enum FirstPing {
    /// It is the engine's to send, and the client's to answer.
    Passed,
    /// It has not been written yet; who waits to read.
    Awaited(Option<Waker>),
    /// It was taken; how much of the pong was read.
    Answered(usize),
}

impl<S> Line<S> {
    /// Keeps the first ping from the client.
    pub fn answer_first_ping(&mut self) {
        self.first_ping = FirstPing::Awaited(None);
    }

    /// Keeps the packet that opens the session from a client that has one, and the first ping.
    pub fn reopen(&mut self) {
        self.reopens = true;
        self.answer_first_ping();
    }

    /// The second value ends when the engine lets go of the line.
    pub fn new(stream: S, flow: Arc<Flow>, outbox: Weak<Outbox>) -> (Self, oneshot::Receiver<Infallible>) {
        let (_end, ended) = oneshot::channel();
        (
            Self {
                stream: Frames::new(stream),
                flow,
                outbox,
                first_ping: FirstPing::Passed,
                rest: 0,
                reopens: false,
                _end,
            },
            ended,
        )
    }

    /// Takes the frame out that begins here, if it is not for the client. Gives back its length.
    fn take_out(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.reopens {
            self.reopens = false;
            return usize::try_from(frame_length(bytes)).ok();
        }
        if let FirstPing::Awaited(reader) = &mut self.first_ping
            && bytes.starts_with(PING)
        {
            if let Some(reader) = reader.take() {
                reader.wake();
            }
            self.first_ping = FirstPing::Answered(0);
            return Some(PING.len());
        }
        let (fence, length) = fence(bytes)?;
        self.flow.pass(fence, &self.outbox);
        Some(length)
    }

    /// Lets the connection go if somebody wants it, and the engine has got nothing but whole messages.
    fn is_handed_over(&mut self) -> bool {
        self.flow.is_handed_over()
            || self.stream.incoming().between_messages() && self.flow.hand_over(self.stream.ahead())
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
        match &mut self.first_ping {
            FirstPing::Passed => {}
            FirstPing::Awaited(reader) => {
                *reader = Some(cx.waker().clone());
                self.flow.wake_reader(cx.waker());
                self.whole()?;
                return Poll::Pending;
            }
            FirstPing::Answered(read) => {
                let rest = &PONG[*read..];
                let piece = &rest[..rest.len().min(buf.remaining())];
                buf.put_slice(piece);
                *read += piece.len();
                if *read == PONG.len() {
                    self.first_ping = FirstPing::Passed;
                }
                return Poll::Ready(Ok(()));
            }
        }
        // To the engine it has ended.
        if self.is_handed_over() {
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.stream.incoming().had_attachments() {
            self.flow.keep();
        }
        if read.is_pending() {
            self.flow.wake_reader(cx.waker());
            // After the registration, so that neither is missed.
            if self.is_handed_over() {
                return Poll::Ready(Ok(()));
            }
        }
        self.whole()?;
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.flow.is_handed_over() {
            return Poll::Ready(Ok(buf.len()));
        }
        let mut buf = buf;
        // Begins between two frames: what is written is whole frames, and taken whole where there are fences.
        let looks = matches!(self.first_ping, FirstPing::Awaited(_)) || self.flow.awaits_fence();
        if looks && self.rest == 0 {
            if let Some(length) = self.take_out(buf) {
                return Poll::Ready(Ok(length));
            }
            self.rest = frame_length(buf);
        }
        if self.rest > 0 {
            // Not past the end of a frame: the next one may be the one.
            buf = &buf[..buf.len().min(usize::try_from(self.rest).unwrap_or(usize::MAX))];
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = &written {
            self.rest = self.rest.saturating_sub(*written as u64);
        }
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
        if self.flow.is_handed_over() {
            return Poll::Ready(Ok(()));
        }
        let handed = self.flow.handed();
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.flow.drained(handed);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.flow.is_handed_over() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The fence that the frame that begins here is, if it is one, and its length.
fn fence(bytes: &[u8]) -> Option<(u64, usize)> {
    // A text frame of fewer bytes than need more than one for their number.
    let [0x81, length @ 0..126, payload @ ..] = bytes else { return None };
    let digits = payload.get(..usize::from(*length))?.strip_prefix(b"43")?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    let id = std::str::from_utf8(&digits[..end]).ok()?.parse().ok()?;
    Some((fence_of(id)?, usize::from(*length) + 2))
}

/// The length of the frame that begins here, head included (RFC 6455 §5.2); a server's frames have no mask.
fn frame_length(bytes: &[u8]) -> u64 {
    let wide = |from: usize, to: usize| {
        let field = bytes.get(from..to).unwrap_or_default();
        to as u64 + field.iter().fold(0, |length, byte| (length << 8) | u64::from(*byte))
    };
    match bytes.get(1) {
        Some(127) => wide(2, 10),
        Some(126) => wide(2, 4),
        Some(length) => 2 + u64::from(*length),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::flow::{Flows, Window, fence_id};
    use super::*;

    #[tokio::test]
    async fn a_flush_is_what_the_client_took() {
        let flow = Flows::default().unnamed();
        let (stream, _peer) = tokio::io::duplex(64);
        let (mut line, _) = Line::new(stream, flow.clone(), Weak::new());
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
        let (mut reader, mut writer) = tokio::io::split(Line::new(stream, flow.clone(), Weak::new()).0);
        let reading = async { reader.read_u8().await.unwrap_err().kind() };
        let writing = async { writer.write_all(&[0; 64]).await.unwrap_err().kind() };
        let cutting = async {
            tokio::task::yield_now().await;
            flow.cut();
        };
        let (read, written, ()) = tokio::join!(reading, writing, cutting);
        assert_eq!((read, written), (ErrorKind::ConnectionAborted, ErrorKind::ConnectionAborted));
    }

    #[tokio::test]
    async fn the_first_ping_is_answered_before_the_client_is_read() {
        let flow = Flows::default().unnamed();
        let (stream, mut peer) = tokio::io::duplex(1024);
        let (mut line, _) = Line::new(stream, flow, Weak::new());
        line.answer_first_ping();
        let (mut reader, mut writer) = tokio::io::split(line);
        peer.write_all(b"client").await.unwrap();
        let long = [&[0x81, 126, 0, 200][..], &[b'x'; 200]].concat();
        let frames = [&long[..], b"\x81\x03abc", PING, b"\x81\x011", PING].concat();
        let writing = async {
            tokio::task::yield_now().await;
            writer.write_all(&frames).await.unwrap();
        };
        let mut read = vec![0; PONG.len() + 6];
        let (got, ()) = tokio::join!(reader.read_exact(&mut read), writing);
        got.unwrap();
        assert_eq!(read, [PONG, b"client"].concat());
        let expected = [&long[..], b"\x81\x03abc", b"\x81\x011", PING].concat();
        let mut sent = vec![0; expected.len()];
        peer.read_exact(&mut sent).await.unwrap();
        assert_eq!(sent, expected, "one ping less, and nothing else");
    }

    #[tokio::test]
    async fn a_fence_comes_by_and_is_taken_out() {
        let flow = Flows::default().unnamed();
        let (stream, mut peer) = tokio::io::duplex(1024);
        let (mut line, _) = Line::new(stream, flow.clone(), Weak::new());
        let fence = flow.fence();
        let payload = format!("43{}[]", fence_id(fence));
        let marked = [&[0x81, u8::try_from(payload.len()).unwrap()], payload.as_bytes()].concat();
        let frames = [b"\x81\x0443[]", &marked[..], b"\x81\x0543[2]"].concat();
        line.write_all(&frames).await.unwrap();
        assert!(!flow.awaits_fence() && flow.passed(fence, std::time::Duration::ZERO).await);
        let mut sent = [0; 13];
        peer.read_exact(&mut sent).await.unwrap();
        assert_eq!(&sent, b"\x81\x0443[]\x81\x0543[2]");
        // Nobody waits for one: nothing is looked at.
        line.write_all(&marked).await.unwrap();
        let mut sent = vec![0; marked.len()];
        peer.read_exact(&mut sent).await.unwrap();
        assert_eq!(sent, marked);
    }

    #[tokio::test]
    async fn a_client_that_has_a_session_sees_neither_its_opening_nor_the_first_ping() {
        let flow = Flows::default().unnamed();
        let (stream, mut peer) = tokio::io::duplex(1024);
        let (mut line, _) = Line::new(stream, flow, Weak::new());
        line.reopen();
        let frames = [b"\x81\x040{}\n", PING, b"\x81\x0240"].concat();
        line.write_all(&frames).await.unwrap();
        let mut sent = [0; 4];
        peer.read_exact(&mut sent).await.unwrap();
        assert_eq!(&sent, b"\x81\x0240");
    }

    #[tokio::test]
    async fn it_is_handed_over_between_two_messages() {
        let flow = Flows::default().unnamed();
        let (stream, mut peer) = tokio::io::duplex(1024);
        let (mut line, _) = Line::new(stream, flow.clone(), Weak::new());
        // The mask is zeros.
        let (first, second) = (b"\x01\x82\0\0\0\x0042", b"\x80\x82\0\0\0\0[]");
        peer.write_all(&[&first[..], second, b"\x81\x81\0\0\0\x003\x81"].concat()).await.unwrap();
        let mut read = [0; 64];
        assert_eq!(line.read(&mut read).await.unwrap(), first.len(), "one frame at a time");
        flow.ask_over();
        assert!(!flow.is_handed_over(), "a message is under way");
        assert_eq!(line.read(&mut read).await.unwrap(), second.len());
        assert_eq!(line.read(&mut read).await.unwrap(), 0, "to the engine it has ended");
        assert_eq!(&flow.handed_over().await[..], b"\x81\x81\0\0\0\x003\x81");
        line.write_all(b"\x88\0").await.unwrap();
        line.shutdown().await.unwrap();
        drop(line);
        let mut written = Vec::new();
        peer.read_to_end(&mut written).await.unwrap();
        assert!(written.is_empty(), "the engine's last words are not for the client");
    }

    #[tokio::test]
    async fn a_reader_that_waits_lets_go_when_it_is_asked() {
        let flow = Flows::default().unnamed();
        let (stream, _peer) = tokio::io::duplex(16);
        let (mut line, _) = Line::new(stream, flow.clone(), Weak::new());
        let asking = async {
            tokio::task::yield_now().await;
            flow.ask_over();
            flow.handed_over().await
        };
        let mut read = [0; 8];
        let (ended, ahead) = tokio::join!(line.read(&mut read), asking);
        assert!(ended.unwrap() == 0 && ahead.is_empty());
    }

    #[tokio::test]
    async fn one_whose_packets_have_attachments_stays() {
        let flow = Flows::default().unnamed();
        let (stream, mut peer) = tokio::io::duplex(64);
        let (mut line, _) = Line::new(stream, flow.clone(), Weak::new());
        peer.write_all(b"\x81\x86\0\0\0\x00451-[]").await.unwrap();
        let mut read = [0; 64];
        assert_eq!(line.read(&mut read).await.unwrap(), 12);
        flow.ask_over();
        peer.write_all(b"\x82\x81\0\0\0\0x").await.unwrap();
        assert_eq!(line.read(&mut read).await.unwrap(), 7);
        assert!(!flow.is_handed_over());
    }
}
