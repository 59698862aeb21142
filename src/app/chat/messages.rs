//! Writing, editing and deleting messages.

use super::super::change::{Audited, found};
use super::super::policy::{Operation, authorize};
use super::super::{App, Caller};
use super::NEEDS_USER;
use crate::domain::audit::{Action, Snapshot};
use crate::domain::chat::{Author, Citation, Message, MessageDraft, Room, check_message};
use crate::domain::event::Fact;
use crate::domain::{Error, MessageId, Principal, Result, RoomId, Violation};

/// Characters of the first message that name a room without a title.
const TITLE_CHARS: usize = 60;

/// What the advisor says.
#[derive(Clone, Debug)]
pub struct Advice {
    pub id: MessageId,
    /// The message that it answers.
    pub answers: MessageId,
    pub text: String,
    pub citations: Vec<Citation>,
}

impl App {
    /// Writes a message: the room's user, or the member of the staff who has taken over.
    ///
    /// # Errors
    /// [`Error::NotFound`] for another's room; [`Error::Invalid`]; [`Error::RateLimited`]; [`Error::Forbidden`] for the staff
    /// in a conversation that they have not taken over.
    pub async fn post_message(
        &self,
        caller: &Caller,
        room: RoomId,
        draft: MessageDraft,
    ) -> Result<(Room, Message)> {
        authorize(Operation::Chat, &caller.principal)?;
        self.0.moderation.admit(&caller.principal)?;
        check_message(&draft, self.0.moderation.limits().max_message_chars)?;
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let mut room = change.room_for(&principal, room).await?;
            let author = author(&principal, &room)?;
            let mut message = change.blank_message(&room, author, draft.text);
            message.author_id = principal.user_id();
            for (at, id) in draft.attachments.into_iter().enumerate() {
                let user = principal.user_id().ok_or(NEEDS_USER)?;
                let attachment = change.writes.unused_picture(change.tenant, room.id, user, id).await?;
                let field = format!("attachments[{at}]");
                message.attachments.push(attachment.ok_or_else(|| {
                    let message = "is no picture that you sent into this conversation and no message has";
                    Error::invalid(Violation::new(field, "unknown", message))
                })?);
                change.writes.use_picture(change.tenant, id, message.id).await?;
            }
            match author {
                Author::User if room.agent_id.is_none() => room.unanswered = Some(message.id),
                // The user waits no longer for an agent who speaks.
                Author::Staff => room.waiting_since = None,
                _ => {}
            }
            if room.title.is_none() && !message.text.is_empty() {
                room.title = Some(title_of(&message.text));
            }
            change.add_message(&mut room, &message).await?;
            if room.agent_id.is_some() {
                change.writes.set_answered(change.tenant, room.id, message.id).await?;
            }
            let audited = Audited::new(Action::MessagePosted, None, Some(Snapshot::Message(message.clone())));
            Ok(((room, message), audited))
        })
        .await
    }

    /// Writes what the advisor says.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is nothing to answer any more: the staff has taken over, or was there meanwhile, or
    /// the question was deleted.
    pub async fn post_advice(&self, caller: &Caller, room: RoomId, advice: Advice) -> Result<Message> {
        self.change(caller, async move |change| {
            let room = found(change.writes.room(change.tenant, room).await?, "conversation")?;
            let owed = change.writes.owed(change.tenant, room.id).await?;
            let is_owed = room.agent_id.is_none() && owed.contains(&advice.answers);
            let mut room = found(Some(room).filter(|_| is_owed), "unanswered question")?;
            let mut message = change.blank_message(&room, Author::Advisor, advice.text);
            (message.id, message.citations) = (advice.id, advice.citations);
            if owed.last() == Some(&advice.answers) {
                room.unanswered = None;
            }
            change.writes.set_answered(change.tenant, room.id, advice.answers).await?;
            change.add_message(&mut room, &message).await?;
            let audited = Audited::new(Action::MessagePosted, None, Some(Snapshot::Message(message.clone())));
            Ok((message, audited))
        })
        .await
    }

    /// Replaces the text of one's own message; the audit log keeps the old one.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for another's; [`Error::Invalid`]; [`Error::RateLimited`].
    pub async fn edit_message(
        &self,
        caller: &Caller,
        room: RoomId,
        id: MessageId,
        text: String,
    ) -> Result<Message> {
        authorize(Operation::Chat, &caller.principal)?;
        self.0.moderation.admit(&caller.principal)?;
        let draft = MessageDraft { text: text.clone(), attachments: Vec::new() };
        check_message(&draft, self.0.moderation.limits().max_message_chars)?;
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let mut room = change.room_for(&principal, room).await?;
            let before = change.writes.message(change.tenant, room.id, id).await?;
            let before = found(before.filter(|message| message.deleted_at.is_none()), "message")?;
            if before.author_id.is_none() || before.author_id != principal.user_id() {
                return Err(Error::Forbidden("only who wrote a message may edit it"));
            }
            let message = Message { text, edited_at: Some(change.now), ..before.clone() };
            if room.title == Some(title_of(&before.text)) {
                room.title = Some(title_of(&message.text));
                change.writes.update_room(&room).await?;
            }
            change.writes.update_message(&message).await?;
            change.state(Fact::chat_message_updated(&room, &message)).await?;
            let (before, after) = (Snapshot::Message(before), Snapshot::Message(message.clone()));
            Ok((message, Audited::new(Action::MessageEdited, Some(before), Some(after))))
        })
        .await
    }

    /// Takes the content of a message away: who wrote it, or the staff. That it was there stays to be seen, and the audit log
    /// keeps what it said.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for another's.
    pub async fn delete_message(&self, caller: &Caller, room: RoomId, id: MessageId) -> Result<Message> {
        authorize(Operation::Chat, &caller.principal)?;
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let mut room = change.room_for(&principal, room).await?;
            let before = change.writes.message(change.tenant, room.id, id).await?;
            let before = found(before.filter(|message| message.deleted_at.is_none()), "message")?;
            if before.author_id != principal.user_id() && !principal.is_staff() {
                return Err(Error::Forbidden("only who wrote a message, or the staff, may delete it"));
            }
            for attachment in &before.attachments {
                change.writes.delete_picture(change.tenant, attachment.id).await?;
            }
            let message = Message {
                text: String::new(),
                citations: Vec::new(),
                attachments: Vec::new(),
                deleted_at: Some(change.now),
                ..before.clone()
            };
            change.writes.update_message(&message).await?;
            let titled = !before.text.is_empty() && room.title == Some(title_of(&before.text));
            if titled {
                room.title = None;
            }
            if room.unanswered == Some(id) {
                room.unanswered = change.writes.owed(change.tenant, room.id).await?.pop();
            }
            change.writes.update_room(&room).await?;
            change.state(Fact::chat_message_updated(&room, &message)).await?;
            let (before, after) = (Snapshot::Message(before), Snapshot::Message(message.clone()));
            Ok((message, Audited::new(Action::MessageDeleted, Some(before), Some(after))))
        })
        .await
    }
}

/// The title that a message gives a room which has none.
fn title_of(text: &str) -> String {
    text.chars().take(TITLE_CHARS).collect()
}

/// As whom the principal writes in `room`.
fn author(principal: &Principal, room: &Room) -> Result<Author> {
    let user = principal.user_id();
    if user == Some(room.user_id) {
        Ok(Author::User)
    } else if user.is_some() && user == room.agent_id {
        Ok(Author::Staff)
    } else {
        Err(Error::Forbidden("take the conversation over before you write in it"))
    }
}
