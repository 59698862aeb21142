//! Reading what a client asks for.

use serde::Deserialize;

use crate::domain::{AttachmentId, Error, MessageId, Result, RoomId, Violation};
use crate::wire;
use crate::wire::chat::{MessageInput, ReceiptInput};

/// The kinds of frames that a client can send.
pub const KINDS: [&str; 13] = [
    "auth", "join", "leave", "message", "edit", "delete", "typing", "receipt", "history", "call", "takeOver",
    "handBack", "ping",
];
/// Messages of one answer at most, and when nothing is said.
const MAX_LIMIT: u32 = 100;
const DEFAULT_LIMIT: u32 = 50;

/// The room that is named; it may be missing where one can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named(pub Option<RoomId>);

impl Named {
    /// The room.
    ///
    /// # Errors
    /// [`Error::Invalid`] when none is named.
    pub fn required(self) -> Result<RoomId> {
        self.0.ok_or_else(|| Error::invalid(Violation::required("room")))
    }
}

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Ask {
    pub room: Named,
    pub deed: Deed,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Deed {
    Join { after: Option<String> },
    Leave,
    Message { text: String, attachments: Vec<AttachmentId> },
    Edit { message: MessageId, text: String },
    Delete { message: MessageId },
    Typing { on: bool },
    Receipt { message: MessageId, read: bool },
    History { before: Option<MessageId>, limit: u32 },
    CallStaff,
    TakeOver,
    HandBack,
}

/// A frame, or the argument of a Socket.IO event. Not `Debug`: it may hold a token.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Input {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Comes back with the answer.
    pub id: Option<String>,
    pub room: Option<String>,
    after: Option<String>,
    text: Option<String>,
    attachments: Option<Vec<String>>,
    typing: Option<bool>,
    message_id: Option<String>,
    status: Option<String>,
    before: Option<String>,
    limit: Option<u32>,
    /// Of `auth`.
    pub token: Option<String>,
}

impl Input {
    /// About a room, and no more.
    pub fn of_room(room: String) -> Self {
        Self { room: Some(room), ..Self::default() }
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Invalid`] naming the field.
    pub fn read(text: &[u8]) -> Result<Self> {
        wire::json::read(text)
    }

    /// What the name of a Socket.IO event says beside its argument.
    pub fn detail(&mut self, detail: Option<&str>) {
        match detail {
            Some("typing") => self.typing = Some(true),
            Some("stopTyping") => self.typing = Some(false),
            Some(status) => self.status = Some(status.to_owned()),
            None => {}
        }
    }

    /// What it asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field.
    pub fn ask(self) -> Result<Ask> {
        let kind = self.kind.ok_or_else(|| Error::invalid(Violation::required("type")))?;
        let room = self.room.map(|room| RoomId::parse("room", &room)).transpose().map_err(Error::invalid)?;
        let message = |id: Option<String>| {
            let id = id.ok_or_else(|| Error::invalid(Violation::required("messageId")))?;
            MessageId::parse("messageId", &id).map_err(Error::invalid)
        };
        let deed = match kind.as_str() {
            "join" => Deed::Join { after: self.after },
            "leave" => Deed::Leave,
            "message" => {
                let attachments = self.attachments.unwrap_or_default();
                let draft = MessageInput { text: self.text, attachments }.into_draft()?;
                Deed::Message { text: draft.text, attachments: draft.attachments }
            }
            "edit" => Deed::Edit { message: message(self.message_id)?, text: self.text.unwrap_or_default() },
            "delete" => Deed::Delete { message: message(self.message_id)? },
            "typing" => Deed::Typing { on: self.typing.unwrap_or(true) },
            "receipt" => {
                let (message, read) =
                    ReceiptInput { message_id: self.message_id, status: self.status }.read()?;
                Deed::Receipt { message, read }
            }
            "history" => {
                let before = self.before.map(|id| MessageId::parse("before", &id)).transpose();
                let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
                if !(1..=MAX_LIMIT).contains(&limit) {
                    let message = format!("must be between 1 and {MAX_LIMIT}");
                    return Err(Error::invalid(Violation::new("limit", "out_of_range", message)));
                }
                Deed::History { before: before.map_err(Error::invalid)?, limit }
            }
            "call" => Deed::CallStaff,
            "takeOver" => Deed::TakeOver,
            "handBack" => Deed::HandBack,
            _ => return Err(Error::invalid(Violation::one_of("type", &kind, &KINDS))),
        };
        Ok(Ask { room: Named(room), deed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field() {
        let field = |text: &str| {
            let asked = Input::read(text.as_bytes()).and_then(Input::ask);
            asked.unwrap_err().violations().remove(0).field
        };
        assert_eq!(field("[]"), "body");
        assert_eq!(field("{}"), "type");
        assert_eq!(field(r#"{"type":"sing"}"#), "type");
        assert_eq!(field(r#"{"type":"message","room":"1"}"#), "room");
        assert_eq!(field(r#"{"type":"message","txt":"x"}"#), "txt");
        assert_eq!(field(r#"{"type":"receipt"}"#), "messageId");
        assert_eq!(field(r#"{"type":"history","limit":0}"#), "limit");
        assert_eq!(field(r#"{"type":"message","text":"x","attachments":["y"]}"#), "attachments[0]");
    }
}
