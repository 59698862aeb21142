//! Conversations.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Unreadable, Violations};
use crate::domain::chat::{self, Author, Happening, MessageDraft};
use crate::domain::{AttachmentId, Error, MessageId, RoomId, Tenant, Timestamp, UserId, Violation};

/// A conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    pub id: String,
    pub user_id: String,
    pub title: Option<String>,
    /// The member of the staff who took over.
    pub agent_id: Option<String>,
    pub waiting_since: Option<String>,
    /// The message that the advisor has yet to answer.
    pub unanswered: Option<String>,
    pub created_at: String,
    pub updated_at: String,
    pub tenant_id: Option<Uuid>,
}

impl From<&chat::Room> for Room {
    fn from(room: &chat::Room) -> Self {
        Self {
            id: room.id.to_string(),
            user_id: room.user_id.to_string(),
            title: room.title.clone(),
            agent_id: room.agent_id.map(|id| id.to_string()),
            waiting_since: room.waiting_since.map(|at| at.to_string()),
            unanswered: room.unanswered.map(|id| id.to_string()),
            created_at: room.created_at.to_string(),
            updated_at: room.updated_at.to_string(),
            tenant_id: room.tenant.id(),
        }
    }
}

/// A picture of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    pub id: String,
    pub content_type: String,
    pub size_bytes: u64,
    /// Where it is; needs the token of somebody who may read the conversation.
    pub url: String,
}

/// An entry of the knowledge base that an answer rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Citation {
    pub id: String,
    pub title: String,
    pub sources: Vec<String>,
}

/// A message. The text is plain: show it as text, never as HTML.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: String,
    pub room_id: String,
    pub author: String,
    pub author_id: Option<String>,
    pub text: String,
    pub citations: Vec<Citation>,
    pub attachments: Vec<Attachment>,
    pub created_at: String,
    pub edited_at: Option<String>,
    pub deleted_at: Option<String>,
    pub tenant_id: Option<Uuid>,
}

impl From<&chat::Citation> for Citation {
    fn from(citation: &chat::Citation) -> Self {
        let chat::Citation { id, title, sources } = citation.clone();
        Self { id, title, sources }
    }
}

impl From<Citation> for chat::Citation {
    fn from(Citation { id, title, sources }: Citation) -> Self {
        Self { id, title, sources }
    }
}

impl Attachment {
    /// An attachment of a message in `room`.
    pub fn of(room: RoomId, attachment: &chat::Attachment) -> Self {
        Self {
            id: attachment.id.to_string(),
            content_type: attachment.content_type.clone(),
            size_bytes: attachment.size_bytes,
            url: format!("/v1/chat/rooms/{room}/attachments/{}", attachment.id),
        }
    }

    /// The attachment that this was written from.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn restore(self) -> Result<chat::Attachment, Unreadable> {
        let id =
            AttachmentId::parse("id", &self.id).map_err(|_| Unreadable("attachment", self.id.clone()))?;
        Ok(chat::Attachment { id, content_type: self.content_type, size_bytes: self.size_bytes })
    }
}

impl From<&chat::Message> for Message {
    fn from(message: &chat::Message) -> Self {
        Self {
            id: message.id.to_string(),
            room_id: message.room_id.to_string(),
            author: message.author.to_string(),
            author_id: message.author_id.map(|id| id.to_string()),
            text: message.text.clone(),
            citations: message.citations.iter().map(Into::into).collect(),
            attachments: message.attachments.iter().map(|a| Attachment::of(message.room_id, a)).collect(),
            created_at: message.created_at.to_string(),
            edited_at: message.edited_at.map(|at| at.to_string()),
            deleted_at: message.deleted_at.map(|at| at.to_string()),
            tenant_id: message.tenant.id(),
        }
    }
}

/// How far a reader has got.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    pub room_id: String,
    pub user_id: String,
    pub delivered: Option<String>,
    pub read: Option<String>,
    pub updated_at: String,
}

impl From<&chat::Receipt> for Receipt {
    fn from(receipt: &chat::Receipt) -> Self {
        Self {
            room_id: receipt.room_id.to_string(),
            user_id: receipt.user_id.to_string(),
            delivered: receipt.delivered.map(|id| id.to_string()),
            read: receipt.read.map(|id| id.to_string()),
            updated_at: receipt.updated_at.to_string(),
        }
    }
}

/// The data of the events of conversations.
#[derive(Serialize, Deserialize)]
pub(super) struct ChatData {
    room: Room,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

pub(super) fn happened(room: &chat::Room, happening: &Happening) -> ChatData {
    let (message, receipt) = match happening {
        Happening::Room => (None, None),
        Happening::Message(message) => (Some(message.into()), None),
        Happening::Receipt(receipt) => (None, Some(receipt.into())),
    };
    ChatData { room: room.into(), message, receipt }
}

impl ChatData {
    pub(super) fn restore(self) -> Result<(chat::Room, Happening), Unreadable> {
        let Self { room, message, receipt } = self;
        let happening = match (message, receipt) {
            (Some(message), _) => Happening::Message(message.restore()?),
            (None, Some(receipt)) => Happening::Receipt(receipt.restore()?),
            (None, None) => Happening::Room,
        };
        Ok((room.restore()?, happening))
    }
}

/// Reads what this program wrote.
fn own<T>(what: &'static str, text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Unreadable> {
    read(text).ok_or_else(|| Unreadable(what, text.to_owned()))
}

fn own_option<T>(
    what: &'static str,
    text: Option<&String>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Unreadable> {
    text.map(|text| own(what, text, read)).transpose()
}

fn user(text: &str) -> Option<UserId> {
    UserId::parse("userId", text).ok()
}

fn message_id(text: &str) -> Option<MessageId> {
    MessageId::parse("messageId", text).ok()
}

fn room_id(text: &str) -> Option<RoomId> {
    RoomId::parse("roomId", text).ok()
}

impl Room {
    fn restore(self) -> Result<chat::Room, Unreadable> {
        Ok(chat::Room {
            id: own("room", &self.id, room_id)?,
            tenant: Tenant::from_uuid(self.tenant_id.unwrap_or_default()),
            user_id: own("room", &self.user_id, user)?,
            title: self.title,
            agent_id: own_option("room", self.agent_id.as_ref(), user)?,
            waiting_since: own_option("room", self.waiting_since.as_ref(), Timestamp::parse)?,
            unanswered: own_option("room", self.unanswered.as_ref(), message_id)?,
            created_at: own("room", &self.created_at, Timestamp::parse)?,
            updated_at: own("room", &self.updated_at, Timestamp::parse)?,
        })
    }
}

impl Message {
    fn restore(self) -> Result<chat::Message, Unreadable> {
        Ok(chat::Message {
            id: own("message", &self.id, message_id)?,
            tenant: Tenant::from_uuid(self.tenant_id.unwrap_or_default()),
            room_id: own("message", &self.room_id, room_id)?,
            author: own("message", &self.author, Author::from_name)?,
            author_id: own_option("message", self.author_id.as_ref(), user)?,
            text: self.text,
            citations: self.citations.into_iter().map(Into::into).collect(),
            attachments: self.attachments.into_iter().map(Attachment::restore).collect::<Result<_, _>>()?,
            created_at: own("message", &self.created_at, Timestamp::parse)?,
            edited_at: own_option("message", self.edited_at.as_ref(), Timestamp::parse)?,
            deleted_at: own_option("message", self.deleted_at.as_ref(), Timestamp::parse)?,
        })
    }
}

impl Receipt {
    fn restore(self) -> Result<chat::Receipt, Unreadable> {
        Ok(chat::Receipt {
            room_id: own("receipt", &self.room_id, room_id)?,
            user_id: own("receipt", &self.user_id, user)?,
            delivered: own_option("receipt", self.delivered.as_ref(), message_id)?,
            read: own_option("receipt", self.read.as_ref(), message_id)?,
            updated_at: own("receipt", &self.updated_at, Timestamp::parse)?,
        })
    }
}

/// The body that opens a room.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoomInput {
    pub title: Option<String>,
}

/// What somebody writes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageInput {
    pub text: Option<String>,
    #[serde(default)]
    pub attachments: Vec<String>,
}

impl MessageInput {
    /// The draft; whether it may be sent is checked by the use case.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the attachment whose id is none.
    pub fn into_draft(self) -> Result<MessageDraft, Error> {
        let mut found = Violations::default();
        let ids = self.attachments.iter().enumerate();
        let attachments = ids
            .filter_map(|(at, id)| found.take(AttachmentId::parse(&format!("attachments[{at}]"), id)))
            .collect();
        found.finish(MessageDraft { text: self.text.unwrap_or_default(), attachments })
    }
}

/// How far somebody has got.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceiptInput {
    pub message_id: Option<String>,
    /// `DELIVERED`, or `READ` when it is left out.
    pub status: Option<String>,
}

impl ReceiptInput {
    /// The message, and whether it was read.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field.
    pub fn read(self) -> Result<(MessageId, bool), Error> {
        let id = self.message_id.ok_or_else(|| Error::invalid(Violation::required("messageId")))?;
        let id = MessageId::parse("messageId", &id).map_err(Error::invalid)?;
        match self.status.as_deref().map(str::to_ascii_uppercase).as_deref() {
            None | Some("READ") => Ok((id, true)),
            Some("DELIVERED") => Ok((id, false)),
            Some(other) => Err(Error::invalid(Violation::one_of("status", other, &["DELIVERED", "READ"]))),
        }
    }
}
