//! Conversations.

use async_graphql::{Enum, ID, SimpleObject};

use super::scalars::{Cursor, DateTime};
use crate::domain::chat::Happening;
use crate::domain::event::Data;
use crate::domain::{self, RoomId};
use crate::wire;

/// Who wrote a message.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "crate::domain::chat::Author")]
pub enum ChatAuthor {
    /// The user whose conversation it is.
    User,
    /// The advisor.
    Advisor,
    /// The member of the staff who has taken over.
    Staff,
    /// The store itself: a notice.
    System,
}

/// A user's conversation.
#[derive(Clone, SimpleObject)]
pub struct ChatRoom {
    /// The conversation's id.
    id: ID,
    /// Whose it is.
    user_id: ID,
    /// What it is called.
    title: Option<String>,
    /// The member of the staff who has taken over; the advisor is silent meanwhile.
    agent_id: Option<ID>,
    /// Since when the user waits for a member of the staff.
    waiting_since: Option<DateTime>,
    /// When it was opened.
    created_at: DateTime,
    /// When something was last written in it.
    updated_at: DateTime,
}

impl From<domain::chat::Room> for ChatRoom {
    fn from(room: domain::chat::Room) -> Self {
        Self {
            id: room.id.into(),
            user_id: room.user_id.into(),
            title: room.title,
            agent_id: room.agent_id.map(Into::into),
            waiting_since: room.waiting_since.map(Into::into),
            created_at: room.created_at.into(),
            updated_at: room.updated_at.into(),
        }
    }
}

/// An entry of the knowledge base that an answer rests on.
#[derive(SimpleObject)]
pub struct ChatCitation {
    /// The entry's id.
    id: ID,
    /// What it is about.
    title: String,
    /// Who published what it says.
    sources: Vec<String>,
}

/// A picture of a message.
#[derive(SimpleObject)]
pub struct ChatAttachment {
    /// The picture's id.
    id: ID,
    /// Its type, as image/png.
    content_type: String,
    /// Where it is; needs the token of somebody who may read the conversation.
    url: String,
}

impl ChatAttachment {
    /// A picture of a conversation.
    pub fn of(room: RoomId, attachment: &domain::chat::Attachment) -> Self {
        Self {
            id: attachment.id.into(),
            content_type: attachment.content_type.clone(),
            url: wire::chat::Attachment::of(room, attachment).url,
        }
    }
}

/// A message. The text is plain: show it as text, never as HTML.
#[derive(SimpleObject)]
pub struct ChatMessage {
    /// The message's id.
    id: ID,
    /// The conversation that it is in.
    room_id: ID,
    /// Who wrote it.
    author: ChatAuthor,
    /// The user or member of the staff who wrote it.
    author_id: Option<ID>,
    /// What it says; empty once it is deleted.
    text: String,
    /// What the advisor's words rest on.
    citations: Vec<ChatCitation>,
    /// Pictures.
    attachments: Vec<ChatAttachment>,
    /// When it was written.
    created_at: DateTime,
    /// When it was last edited.
    edited_at: Option<DateTime>,
    /// When it was deleted.
    deleted_at: Option<DateTime>,
}

impl From<domain::chat::Message> for ChatMessage {
    fn from(message: domain::chat::Message) -> Self {
        let room = message.room_id;
        let citations = message.citations.into_iter().map(|citation| ChatCitation {
            id: ID(citation.id),
            title: citation.title,
            sources: citation.sources,
        });
        let attachments = message.attachments.iter().map(|attachment| ChatAttachment::of(room, attachment));
        Self {
            id: message.id.into(),
            room_id: room.into(),
            author: message.author.into(),
            author_id: message.author_id.map(Into::into),
            text: message.text,
            citations: citations.collect(),
            attachments: attachments.collect(),
            created_at: message.created_at.into(),
            edited_at: message.edited_at.map(Into::into),
            deleted_at: message.deleted_at.map(Into::into),
        }
    }
}

/// How far a reader of a conversation has got.
#[derive(SimpleObject)]
pub struct ChatReceipt {
    /// The reader.
    user_id: ID,
    /// The newest message that reached the reader.
    delivered: Option<ID>,
    /// The newest message that the reader has seen.
    read: Option<ID>,
    /// When the reader last got further.
    updated_at: DateTime,
}

impl From<domain::chat::Receipt> for ChatReceipt {
    fn from(receipt: domain::chat::Receipt) -> Self {
        Self {
            user_id: receipt.user_id.into(),
            delivered: receipt.delivered.map(Into::into),
            read: receipt.read.map(Into::into),
            updated_at: receipt.updated_at.into(),
        }
    }
}

/// A message that was written (`chat.messageCreated`).
#[derive(SimpleObject)]
pub struct ChatMessageCreated {
    /// The event's id; the same on every channel.
    event_id: ID,
    /// Its place in the log: give it back as `after` to go on behind it.
    cursor: Cursor,
    /// The message.
    message: ChatMessage,
}

impl ChatMessageCreated {
    /// The message that `event` tells of, when it tells of one.
    pub fn of(event: &domain::Event) -> Option<Self> {
        let Data::Chat { happening: Happening::Message(message), .. } = &event.data else { return None };
        Some(Self {
            event_id: event.id.into(),
            cursor: Cursor(event.position.to_cursor()),
            message: message.clone().into(),
        })
    }
}
