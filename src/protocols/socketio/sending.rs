//! How a session's packets go out: to the engine as soon as the client has room for them, or past it.

use std::sync::Arc;

use serde::Serialize;
use socketioxide::extract::AckSender;
use socketioxide::handler::{FromMessageParts as _, Value};
use socketioxide::socket::Socket;
use socketioxide::{SendError, SocketError};
use tokio::time::timeout;

use super::direct::{Direct, json};
use super::ending::End;
use super::session::{SMALL_PACKET_BYTES, Session};
use crate::domain::Error;

impl Session {
    pub(super) async fn emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        argument: &T,
        bytes: usize,
    ) -> Result<(), End> {
        if let Some(direct) = &self.direct {
            let argument = json(argument).map_err(End::Failed)?;
            self.room(direct).await?;
            direct.send("42", &format!("\"{event}\",{argument}"));
            return Ok(());
        }
        let socket = self.engines()?;
        self.hand_over(bytes, || socket.emit(event, argument)).await
    }

    /// The library's socket.
    fn engines(&self) -> Result<&Arc<Socket>, End> {
        self.socket.as_ref().ok_or(End::Gone)
    }

    /// Waits until there is room on the way past the engine.
    async fn room(&self, direct: &Direct) -> Result<(), End> {
        let room = timeout(self.parts.settings.stall_timeout, direct.outbox().room()).await;
        room.map_err(|_| End::Stalled)
    }

    pub(super) async fn acknowledge<T: Serialize>(&self, answer: &T, ack: Option<i64>) -> Result<(), End> {
        if let (Some(direct), Some(ack)) = (&self.direct, ack) {
            let answer = json(answer).map_err(End::Failed)?;
            self.room(direct).await?;
            direct.send(&format!("43{ack}"), &answer);
            return Ok(());
        }
        let socket = self.engines()?;
        let send = || {
            let Ok(sender) =
                AckSender::from_message_parts(socket, &mut Value::Bytes(bytes::Bytes::new()), &ack);
            sender.send(answer)
        };
        if ack.is_none() { Ok(()) } else { self.hand_over(SMALL_PACKET_BYTES, send).await }
    }

    /// Hands a packet over as soon as the client has room for it.
    async fn hand_over(&self, bytes: usize, send: impl Fn() -> Result<(), SendError>) -> Result<(), End> {
        let (flow, patience) = (&self.seat.flow, self.parts.settings.stall_timeout);
        let (window, cost) = (self.parts.window, self.parts.window.cost(bytes));
        loop {
            if !flow.room(window, cost, patience).await {
                return Err(End::Stalled);
            }
            match send() {
                Ok(()) => {
                    flow.hand(cost);
                    return Ok(());
                }
                // The window is there to keep this from happening.
                Err(SendError::Socket(SocketError::InternalChannelFull)) => {
                    if !flow.moved(patience).await {
                        return Err(End::Stalled);
                    }
                }
                Err(SendError::Socket(SocketError::Closed)) => return Err(End::Gone),
                Err(SendError::Serialize(error)) => {
                    return Err(End::Failed(Error::internal(error.to_string())));
                }
            }
        }
    }
}
