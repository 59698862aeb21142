//! What happens in conversations.

use super::{Data, EventType, Fact};
use crate::domain::chat::{Happening, Message, Receipt, Room};

impl Fact {
    /// A user opened a conversation.
    pub fn chat_room_created(room: &Room) -> Self {
        Self::chat(EventType::ChatRoomCreated, room, Happening::Room)
    }

    /// Somebody wrote a message.
    pub fn chat_message_created(room: &Room, message: &Message) -> Self {
        Self::chat(EventType::ChatMessageCreated, room, Happening::Message(message.clone()))
    }

    /// A message was edited or deleted.
    pub fn chat_message_updated(room: &Room, message: &Message) -> Self {
        Self::chat(EventType::ChatMessageUpdated, room, Happening::Message(message.clone()))
    }

    /// A reader has got further.
    pub fn chat_receipt_changed(room: &Room, receipt: &Receipt) -> Self {
        Self::chat(EventType::ChatReceiptChanged, room, Happening::Receipt(receipt.clone()))
    }

    /// A user asked for a member of the staff.
    pub fn chat_waiting(room: &Room) -> Self {
        Self::chat(EventType::ChatWaiting, room, Happening::Room)
    }

    /// A member of the staff took over.
    pub fn chat_assigned(room: &Room) -> Self {
        Self::chat(EventType::ChatAssigned, room, Happening::Room)
    }

    /// The member of the staff left.
    pub fn chat_released(room: &Room) -> Self {
        Self::chat(EventType::ChatReleased, room, Happening::Room)
    }

    fn chat(kind: EventType, room: &Room, happening: Happening) -> Self {
        Self { tenant: room.tenant, kind, data: Data::Chat { room: room.clone(), happening } }
    }
}
