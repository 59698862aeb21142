//! An open WebSocket: what comes in, its time, and its end. What goes out is its outbox's.

use std::borrow::Cow;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::close_code;
use crate::domain::Error;
use crate::protocols::link::{self, CloseReason, Comeback, Due, Outbox, Pulse, PulseSettings, Pump};
use crate::protocols::upgrade::{self, Frames, Opened};
use crate::telemetry::Metrics;

/// How long the closing frames may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a connection ends.
pub enum End {
    /// The other side closed it.
    Closed,
    /// The socket failed: there is nobody to tell.
    Gone,
    /// We close it, with a code and a reason.
    Close(u16, Cow<'static, str>),
}

impl End {
    /// The server stops; the client is told when to come back.
    pub fn restart(comeback: &Comeback) -> Self {
        let wait = comeback.draw_ms();
        Self::Close(close_code::RESTART, format!("the server restarts; come back in {wait} ms").into())
    }

    /// The token of the connection is good no more.
    pub fn of_token(reason: &Error) -> Self {
        Self::Close(close_code::UNAUTHENTICATED, reason.code().into())
    }
}

/// A connection.
pub struct Connection {
    frames: Frames,
    outbox: Outbox,
    pulse: Pulse,
    settings: PulseSettings,
    metrics: Metrics,
}

impl Connection {
    /// Of a WebSocket that was opened.
    pub async fn new(opened: Opened, pump: &Pump, settings: PulseSettings, metrics: Metrics) -> Self {
        let (frames, outbox) = opened.frames(pump).await;
        Self { frames, outbox, pulse: Pulse::new(settings), settings, metrics }
    }

    /// What goes out.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Waits for the next text or binary message, and keeps the time meanwhile. Nothing is lost when the waiting is given up.
    ///
    /// # Errors
    /// The end of the connection.
    pub async fn next(&mut self) -> Result<Message, End> {
        loop {
            let timer = sleep_until(self.pulse.next(&self.outbox));
            let next = tokio::select! {
                next = self.frames.next() => next,
                () = self.outbox.broken() => return Err(End::Gone),
                () = timer => {
                    self.on_time()?;
                    continue;
                }
            };
            self.pulse.heard();
            match next {
                None => return Err(End::Gone),
                Some(Err(error)) => {
                    let told = upgrade::unreadable(&error);
                    return Err(told.map_or(End::Gone, |(code, reason)| End::Close(code, reason.into())));
                }
                // A ping is answered by the library, with the next read.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_))) => return Err(End::Closed),
                Some(Ok(message)) => return Ok(message),
            }
        }
    }

    fn on_time(&mut self) -> Result<(), End> {
        match self.pulse.look(&self.outbox) {
            Due::Nothing => Ok(()),
            Due::Ping => {
                self.outbox.send(&link::ping());
                Ok(())
            }
            Due::Silent => Err(End::Close(close_code::SILENT, "no pong came in time".into())),
            Due::Slow => Err(self.slow()),
        }
    }

    /// Waits until there is room for the next answer.
    ///
    /// # Errors
    /// The end of a connection whose client did not make any in time.
    pub async fn room(&self) -> Result<(), End> {
        timeout(self.settings.write_timeout, self.outbox.room()).await.map_err(|_| self.slow())
    }

    fn slow(&self) -> End {
        self.metrics.limit_hit("websocket.write_timeout_ms");
        End::Close(close_code::SLOW, "reads too slowly; resume from the last cursor".into())
    }

    /// Says why it ends, and waits a while for the client to take it.
    pub async fn farewell(mut self, end: End) {
        let ours = matches!(end, End::Close(..));
        match end {
            End::Gone => return,
            End::Closed => {
                // Nothing follows a close frame.
                self.outbox.clear();
                // The library answers the close with its next read.
                let _ = timeout(FAREWELL, self.frames.next()).await;
                self.outbox.finish(&[]);
            }
            End::Close(code, reason) => {
                self.outbox.finish(&link::close(&CloseReason { code, reason }));
            }
        }
        // What is not read would reset the connection, and the close frame with it.
        let closing = async {
            self.outbox.drained().await;
            if ours {
                while let Some(Ok(_)) = self.frames.next().await {}
            }
        };
        let _ = timeout(FAREWELL, closing).await;
    }
}
