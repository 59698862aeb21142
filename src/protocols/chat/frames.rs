//! What is told of a room: events of the log and signals, as JSON.

use serde_json::{Value, json};

use crate::bus::Signal;
use crate::domain::chat::Happening;
use crate::domain::event::Data;
use crate::domain::{Event, EventType, RoomId};
use crate::wire::chat::{Message, Receipt, Room};

/// What kind of thing is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Message,
    Receipt,
    Assigned,
    Delta,
    Typing,
    StopTyping,
    Watching,
}

impl Kind {
    /// The `type` of a WebSocket frame.
    pub fn frame(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Receipt => "receipt",
            Self::Assigned => "assigned",
            Self::Delta => "delta",
            Self::Typing | Self::StopTyping => "typing",
            Self::Watching => "watching",
        }
    }

    /// The event of Socket.IO.
    pub fn event(self) -> &'static str {
        match self {
            Self::Message => "chatMessage",
            Self::Receipt => "read",
            Self::Assigned => "agentAssigned",
            Self::Delta => "chatDelta",
            Self::Typing => "typing",
            Self::StopTyping => "stopTyping",
            Self::Watching => "watching",
        }
    }
}

/// An event of the log; nothing for what a room is not told.
pub fn of_event(event: &Event) -> Option<(Kind, Value)> {
    let Data::Chat { room, happening } = &event.data else { return None };
    let (id, cursor, name) = (room.id.to_string(), event.position.to_cursor(), event.kind.name());
    let told = match happening {
        Happening::Message(message) => {
            let message = Message::from(message);
            (Kind::Message, json!({ "room": id, "event": name, "message": message, "cursor": cursor }))
        }
        Happening::Receipt(receipt) => {
            let receipt = Receipt::from(receipt);
            (Kind::Receipt, json!({ "room": id, "receipt": receipt, "cursor": cursor }))
        }
        Happening::Room if event.kind == EventType::ChatRoomCreated => return None,
        Happening::Room => {
            let state = Room::from(room);
            let agent = room.agent_id.map(|id| id.to_string());
            let told =
                json!({ "room": id, "event": name, "agentId": agent, "state": state, "cursor": cursor });
            (Kind::Assigned, told)
        }
    };
    Some(told)
}

/// Something of the moment.
pub fn of_signal(room: RoomId, signal: &Signal) -> (Kind, Value) {
    let room = room.to_string();
    match signal {
        Signal::Typing { user, on } => {
            let kind = if *on { Kind::Typing } else { Kind::StopTyping };
            let user = user.map(|id| id.to_string());
            (kind, json!({ "room": room, "userId": user, "typing": on }))
        }
        Signal::Delta { message, text } => {
            (Kind::Delta, json!({ "room": room, "messageId": message.to_string(), "text": &**text }))
        }
        Signal::Watching { user, on } => {
            (Kind::Watching, json!({ "room": room, "userId": user.to_string(), "watching": on }))
        }
    }
}
