//! Conversations: rooms of users, and what is written in them by the user, the advisor and the staff.

use super::pet::check_text;
use super::{
    AttachmentId, Error, MessageId, Result, RoomId, Tenant, Timestamp, UserId, Violation, named_enum,
};

named_enum! {
    /// Who wrote a message.
    Author {
        User => "USER",
        Advisor => "ADVISOR",
        Staff => "STAFF",
        /// The store itself: a notice such as that somebody took over.
        System => "SYSTEM",
    }
}

/// Longest title of a room, in characters.
pub const MAX_TITLE: usize = 120;
/// Most attachments of one message.
pub const MAX_ATTACHMENTS: usize = 4;

/// One user's conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub id: RoomId,
    pub tenant: Tenant,
    /// Whose it is.
    pub user_id: UserId,
    pub title: Option<String>,
    /// The member of the staff who took over; the advisor is silent meanwhile.
    pub agent_id: Option<UserId>,
    /// Since when the user waits for a member of the staff.
    pub waiting_since: Option<Timestamp>,
    /// The user's message that the advisor has yet to answer.
    pub unanswered: Option<MessageId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// An entry of the knowledge base that an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    pub id: String,
    pub title: String,
    pub sources: Vec<String>,
}

/// A picture that belongs to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub id: AttachmentId,
    pub content_type: String,
    pub size_bytes: u64,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub tenant: Tenant,
    pub room_id: RoomId,
    pub author: Author,
    /// The user or member of the staff who wrote it.
    pub author_id: Option<UserId>,
    /// Empty once it is deleted.
    pub text: String,
    pub citations: Vec<Citation>,
    pub attachments: Vec<Attachment>,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
}

impl Message {
    /// Bytes of the texts in it that are free in length.
    pub fn text_bytes(&self) -> usize {
        let cited = self
            .citations
            .iter()
            .map(|citation| citation.title.len() + citation.sources.iter().map(String::len).sum::<usize>());
        self.text.len() + cited.sum::<usize>()
    }
}

/// How far a reader has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub room_id: RoomId,
    pub user_id: UserId,
    /// The newest message that reached a device of the reader.
    pub delivered: Option<MessageId>,
    /// The newest message that the reader has seen; delivered as well.
    pub read: Option<MessageId>,
    pub updated_at: Timestamp,
}

/// What happened in a room, beside its own state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The room itself.
    Room,
    Message(Message),
    Receipt(Receipt),
}

/// Which rooms are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomFilter {
    pub user_id: Option<UserId>,
    pub agent_id: Option<UserId>,
    /// Only those that wait for the staff, who has waited longest first.
    pub waiting: bool,
}

/// A part of a room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The newest, or those before a message, the newest last.
    Before(Option<MessageId>),
    /// Those after a message, in order.
    After(MessageId),
}

/// What somebody wants to write.
#[derive(Clone, Debug, Default)]
pub struct MessageDraft {
    pub text: String,
    pub attachments: Vec<AttachmentId>,
}

/// Checks the text of a message: something must be said, or shown.
///
/// # Errors
/// [`Error::Invalid`] naming `text` or `attachments`.
pub fn check_message(draft: &MessageDraft, max_chars: usize) -> Result<()> {
    let mut found: Vec<Violation> = Vec::new();
    if draft.text.trim().is_empty() && draft.attachments.is_empty() {
        found.push(Violation::required("text"));
    }
    found.extend(check_text("text", &draft.text, 0, max_chars));
    if draft.attachments.len() > MAX_ATTACHMENTS {
        let message = format!("must be at most {MAX_ATTACHMENTS} pictures");
        found.push(Violation::new("attachments", "too_many", message));
    }
    for (at, id) in draft.attachments.iter().enumerate() {
        if draft.attachments[..at].contains(id) {
            let field = format!("attachments[{at}]");
            found.push(Violation::new(field, "duplicate", "is named twice"));
        }
    }
    if found.is_empty() { Ok(()) } else { Err(Error::Invalid(found)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<&'static str> {
        let draft = MessageDraft { text: text.to_owned(), attachments: Vec::new() };
        check_message(&draft, 20).err().map(|error| error.violations().remove(0).code)
    }

    #[test]
    fn a_message_says_something_that_can_be_shown() {
        assert_eq!(refused("is my cat ill?"), None);
        assert_eq!(refused(" \n"), Some("required"));
        assert_eq!(refused("\u{0}\u{1}\u{2}"), Some("control_character"));
        assert!(refused(&"x".repeat(21)).is_some());
    }
}
