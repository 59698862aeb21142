//! One connection: what comes in is answered, and what comes from rooms goes out.

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio_stream::StreamMap;
use tokio_tungstenite::tungstenite::Message;

use super::{ChatSocket, Told, answer, refused, typed};
use crate::app::Caller;
use crate::domain::{Error, Principal, RoomId};
use crate::protocols::chat::watch::{FromRoom, RoomWatch};
use crate::protocols::chat::{Talk, frames};
use crate::protocols::link::put_text;
use crate::protocols::upgrade::Opened;
use crate::protocols::websocket::connection::{Connection, End};

struct Session {
    chat: ChatSocket,
    principal: Principal,
    connection: Connection,
    talk: Talk,
    rooms: StreamMap<RoomId, RoomWatch>,
}

/// Serves a connection until it ends.
pub(super) async fn run(chat: ChatSocket, caller: Caller, opened: Opened) {
    let parts = chat.0.clone();
    let _open = parts.channel.connection();
    let connection = Connection::new(opened, &parts.pump, parts.settings.pulse, parts.metrics.clone()).await;
    let (principal, user) = (caller.principal.clone(), caller.principal.user_id().map(|id| id.to_string()));
    let talk = Talk::new(parts.desk.clone(), caller, parts.channel.clone(), parts.max_joined);
    let mut session = Session { chat, principal, connection, talk, rooms: StreamMap::new() };
    session.write([json!({ "type": "connected", "userId": user })]);
    let end = loop {
        let ending = parts.desk.app().ending(&session.principal);
        // Whatever a frame waits for: who reads slowly is told no more than others.
        let served = tokio::select! {
            biased;
            () = parts.tasks.shutdown().cancelled() => Err(End::restart(parts.pump.comeback())),
            reason = ending => Err(End::of_token(&reason)),
            served = session.serve() => served,
        };
        if let Err(end) = served {
            break end;
        }
    };
    // Boxed, so that a connection that lives does not hold its room.
    Box::pin(session.leave().farewell(end)).await;
}

impl Session {
    /// Leaves the rooms.
    fn leave(self) -> Connection {
        self.connection
    }

    /// Answers and tells until the token is renewed, or the connection ends.
    async fn serve(&mut self) -> Result<(), End> {
        loop {
            let renewed = tokio::select! {
                message = self.connection.next() => {
                    let message = message?;
                    // Boxed, so that a connection that waits does not hold the room that an answer needs.
                    let told = Box::pin(self.hear(&message)).await;
                    self.obey(told)
                }
                Some((room, from)) = self.rooms.next() => {
                    self.forward(room, from).await?;
                    false
                }
            };
            self.connection.room().await?;
            if renewed {
                return Ok(());
            }
        }
    }

    async fn hear(&mut self, message: &Message) -> Told {
        match message {
            Message::Text(text) => answer(&self.chat, &mut self.talk, text).await,
            _ => Told::Frame(refused(None, &Error::malformed("frame", "must be a text frame of JSON"))),
        }
    }

    /// `true`: the principal is another now.
    fn obey(&mut self, told: Told) -> bool {
        let (frame, renewed) = match told {
            Told::Frame(frame) => (frame, false),
            Told::Joined(room, watch, frame) => {
                self.rooms.insert(room, *watch);
                (frame, false)
            }
            Told::Left(room, frame) => {
                self.rooms.remove(&room);
                (frame, false)
            }
            Told::Renewed(principal, frame) => {
                self.principal = *principal;
                (frame, true)
            }
        };
        self.write([frame]);
        renewed
    }

    async fn forward(&mut self, room: RoomId, from: FromRoom) -> Result<(), End> {
        match from {
            FromRoom::Events(events) => {
                self.chat.0.channel.delivered(events.len() as u64);
                for (kind, frame) in events.iter().filter_map(|published| frames::of_event(&published.event))
                {
                    self.write([typed(kind.frame(), None, frame)]);
                    self.connection.room().await?;
                }
            }
            FromRoom::Signal(signal) => {
                let (kind, frame) = frames::of_signal(room, &signal);
                self.write([typed(kind.frame(), None, frame)]);
            }
            FromRoom::Ended(error) => {
                self.rooms.remove(&room);
                self.talk.joined().lock().remove(&room);
                let left = typed("left", None, json!({ "room": room.to_string() }));
                self.write([refused(None, &error), left]);
            }
        }
        Ok(())
    }

    fn write(&self, frames: impl IntoIterator<Item = Value>) {
        let mut bytes = Vec::new();
        for frame in frames {
            put_text(&mut bytes, &[frame.to_string().as_bytes()]);
        }
        self.connection.outbox().send(&bytes);
    }
}
