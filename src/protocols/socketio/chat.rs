//! Conversations over Socket.IO.

use serde_json::json;

use super::ending::End;
use super::error::{Refused, problem};
use super::session::{SMALL_PACKET_BYTES, Session};
use crate::domain::{Error, RoomId};
use crate::protocols::chat::ask::Ask;
use crate::protocols::chat::watch::FromRoom;
use crate::protocols::chat::{Done, frames};

/// The event that tells of a refusal to who did not wait for an acknowledgement.
const ERROR: &str = "error";
/// The event that tells who has joined where the conversation stands.
const CONNECTED: &str = "connected";

impl Session {
    /// Does what is asked in a conversation, and acknowledges it.
    pub(super) async fn talk(&mut self, ask: Ask, ack: Option<i64>) -> Result<(), End> {
        match self.talk.handle(ask).await {
            Ok(Done::Told(answer)) => self.acknowledge(&answer, ack).await,
            Ok(Done::Left { room, answer }) => {
                self.rooms.remove(&room);
                self.acknowledge(&answer, ack).await
            }
            Ok(Done::Joined { room, watch, answer }) => {
                self.acknowledge(&answer, ack).await?;
                // Before the first event, which cannot come while the room is not in the map.
                self.emit(CONNECTED, &answer, answer.to_string().len()).await?;
                self.rooms.insert(room, *watch);
                Ok(())
            }
            Err(error) => self.refuse_talk(&error, ack).await,
        }
    }

    async fn refuse_talk(&self, error: &Error, ack: Option<i64>) -> Result<(), End> {
        if let Error::RateLimited { limit, .. } | Error::LimitReached { limit, .. } = error {
            self.parts.metrics.limit_hit(limit);
        }
        let refused = Refused { error: problem(error) };
        match ack {
            Some(_) => self.acknowledge(&refused, ack).await,
            None => self.emit(ERROR, &refused, SMALL_PACKET_BYTES).await,
        }
    }

    /// Tells what comes from a room.
    pub(super) async fn forward_room(&mut self, room: RoomId, from: FromRoom) -> Result<(), End> {
        match from {
            FromRoom::Events(events) => {
                for published in events {
                    if let Some((kind, told)) = frames::of_event(&published.event) {
                        self.emit(kind.event(), &told, told.to_string().len()).await?;
                        self.parts.channel.delivered(1);
                    }
                }
                Ok(())
            }
            FromRoom::Signal(signal) => {
                let (kind, told) = frames::of_signal(room, &signal);
                self.emit(kind.event(), &told, SMALL_PACKET_BYTES).await
            }
            FromRoom::Ended(error) => {
                self.rooms.remove(&room);
                self.talk.joined().lock().remove(&room);
                let told = json!({ "room": room.to_string(), "error": problem(&error) });
                self.emit(ERROR, &told, SMALL_PACKET_BYTES).await
            }
        }
    }
}
