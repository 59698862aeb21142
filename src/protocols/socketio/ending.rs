//! Why and how a session ends.

use socketioxide::TransportType;
use tokio::time::timeout;

use super::direct::json;
use super::door::Returned;
use super::error::{PROBLEM, Told, problem};
use super::farewell::{self, LAST_WORDS};
use super::own::{self, Own};
use super::session::{SMALL_PACKET_BYTES, Session};
use crate::domain::Error;
use crate::protocols::link::CloseReason;
use crate::wire::Problem;

/// The codes of close frames (RFC 6455 §7.4.1).
const NORMAL: u16 = 1000;
const FAILED: u16 = 1011;
const RESTART: u16 = 1012;

/// Why a session ends.
pub(super) enum End {
    /// The client is gone.
    Gone,
    /// The client has left the namespace; its own connection goes back to the engine.
    Left,
    /// The client speaks another language; its own connection is closed with that code and reason.
    Closed(u16, &'static str),
    /// The client takes nothing any more.
    Stalled,
    /// The server stops. The client is told here and disconnected with all others.
    Shutdown,
    /// The client has to go, and need not come back at once.
    Dismissed(Error),
    /// A fault of ours; the client comes back and resumes.
    Failed(Error),
}

impl End {
    /// The client has to come again, to be served by the engine.
    pub fn again() -> Self {
        Self::Closed(RESTART, "connect again to join another namespace")
    }
}

impl Session {
    pub(super) async fn end(&mut self, end: End) {
        // Before the last words, which are the last.
        if let Some(direct) = &mut self.direct {
            direct.stop();
        }
        if let End::Dismissed(Error::LimitReached { limit, .. }) = &end {
            self.parts.metrics.limit_hit(limit);
        }
        if let End::Stalled = &end {
            self.parts.metrics.limit_hit("socketio.stall_timeout_ms");
            tracing::debug!(client = ?self.seat.origin.ip_address, "client cut off: it took nothing for socketio.stall_timeout_ms");
        }
        match self.own.take() {
            Some(own) => self.end_own(*own, end).await,
            None => self.end_with_engine(end).await,
        }
    }

    async fn end_own(&self, own: Own, end: End) {
        let Some(direct) = &self.direct else { return };
        let close = |code, reason| Some(CloseReason { code, reason });
        let last = match end {
            End::Stalled => return,
            End::Left => {
                own::ping(direct.outbox());
                let opening = self.opening.as_deref().cloned().unwrap_or_default();
                let returned = Returned { outbox: direct.outbox().clone(), ahead: own.let_go(), opening };
                // When nobody takes it, the server stops.
                let _ = self.parts.returns.send(returned).await;
                return;
            }
            End::Gone => None,
            End::Closed(code, reason) => close(code, reason.into()),
            // Clients come back by themselves only when the transport is closed and not the namespace.
            End::Shutdown => {
                self.tell(farewell::problem());
                close(RESTART, "the server restarts".into())
            }
            End::Dismissed(error) => {
                self.tell(problem(&error));
                direct.leave_namespace();
                close(NORMAL, error.code().into())
            }
            End::Failed(error) => {
                self.tell(problem(&error));
                close(FAILED, error.code().into())
            }
        };
        own.farewell(direct.outbox(), last).await;
    }

    async fn end_with_engine(&self, end: End) {
        let (seat, Some(socket)) = (&self.seat, &self.socket) else { return };
        match end {
            End::Gone | End::Left => {}
            End::Stalled | End::Closed(..) => seat.flow.cut(),
            // A poll is answered with the first packet that comes, and there will be no other: it has to be the close.
            End::Shutdown if socket.transport_type() == TransportType::Polling => {}
            End::Shutdown => self.last_words(farewell::problem()).await,
            End::Dismissed(error) => {
                self.tell(problem(&error));
                if socket.clone().disconnect().is_err() {
                    seat.flow.cut();
                }
            }
            End::Failed(error) => {
                self.last_words(problem(&error)).await;
                seat.flow.cut();
            }
        }
    }

    /// Tells a problem that does not wait for room: the engine's buffer has places that the window leaves free.
    fn tell(&self, problem: Problem) {
        if let Some(direct) = &self.direct {
            let told = json(&Told { problem, subscription: None }).unwrap_or_default();
            return direct.send("42", &format!("\"{PROBLEM}\",{told}"));
        }
        let told = Told { problem, subscription: None };
        if self.socket.as_ref().is_some_and(|socket| socket.emit(PROBLEM, &told).is_ok()) {
            self.seat.flow.hand(self.parts.window.cost(SMALL_PACKET_BYTES));
        }
    }

    /// Tells a problem and waits a while for the client to take it.
    async fn last_words(&self, problem: Problem) {
        self.tell(problem);
        let _ = match &self.direct {
            Some(direct) => timeout(LAST_WORDS, direct.outbox().drained()).await,
            None => timeout(LAST_WORDS, self.seat.flow.settled(LAST_WORDS)).await,
        };
    }
}
