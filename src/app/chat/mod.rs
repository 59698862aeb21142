//! Conversations: open, write, read, take over. What the advisor says is worked out by [`crate::chat`], and comes in here
//! like any other message.

mod messages;
mod moderation;
mod pictures;
mod receipts;
mod service;

pub use messages::Advice;
pub use moderation::{ChatLimits, Moderation};

use super::change::{Audited, Change, found};
use super::policy::{Operation, authorize, authorize_room};
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::chat::{Author, MAX_TITLE, Message, Room, RoomFilter, Span};
use crate::domain::event::Fact;
use crate::domain::page::{Page, PageRequest};
use crate::domain::pet::check_text;
use crate::domain::{Error, MessageId, Principal, Result, RoomId};

const NEEDS_USER: Error = Error::Unauthenticated("a conversation needs a user's token");

impl App {
    /// Opens a conversation.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the title; [`Error::LimitReached`] when the user has too many.
    pub async fn open_room(&self, caller: &Caller, title: Option<String>) -> Result<Room> {
        authorize(Operation::Chat, &caller.principal)?;
        let user_id = caller.principal.user_id().ok_or(NEEDS_USER)?;
        if let Some(violation) = title.as_ref().and_then(|title| check_text("title", title, 1, MAX_TITLE)) {
            return Err(Error::invalid(violation));
        }
        let (id, max) = (RoomId(self.0.ids.uuid_v7()), self.0.moderation.limits().max_rooms);
        self.change(caller, async move |change| {
            if change.writes.count_rooms(change.tenant, user_id).await? >= max {
                let message = format!("a user can have at most {max} conversations");
                return Err(Error::LimitReached { limit: "chat.max_rooms", message });
            }
            let room = Room {
                id,
                tenant: change.tenant,
                user_id,
                title,
                agent_id: None,
                waiting_since: None,
                unanswered: None,
                created_at: change.now,
                updated_at: change.now,
            };
            change.writes.insert_room(&room).await?;
            change.state(Fact::chat_room_created(&room)).await?;
            let audited = Audited::new(Action::RoomOpened, None, Some(Snapshot::Room(room.clone())));
            Ok((room, audited))
        })
        .await
    }

    /// One conversation.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another's.
    pub async fn get_room(&self, principal: &Principal, id: RoomId) -> Result<Room> {
        authorize(Operation::Chat, principal)?;
        let room = found(self.0.store.read().find_room(principal.tenant, id).await?, "conversation")?;
        authorize_room(principal, &room)?;
        Ok(room)
    }

    /// A page of conversations: the staff's of the tenant, a user's own.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a user who asks for those of others, or for the staff's queue.
    pub async fn list_rooms(
        &self,
        principal: &Principal,
        mut filter: RoomFilter,
        page: PageRequest,
    ) -> Result<Page<Room>> {
        authorize(if filter.waiting { Operation::ServeChat } else { Operation::Chat }, principal)?;
        if !principal.is_staff() {
            if filter.user_id.is_some() && filter.user_id != principal.user_id() {
                return Err(Error::Forbidden("only the staff may list the conversations of others"));
            }
            filter.user_id = Some(principal.user_id().ok_or(NEEDS_USER)?);
        }
        self.0.store.read().list_rooms(principal.tenant, &filter, page).await
    }

    /// A part of a conversation, in order.
    ///
    /// # Errors
    /// As [`App::get_room`]; [`Error::NotFound`] when there is no message where the part is to begin.
    pub async fn list_messages(
        &self,
        principal: &Principal,
        room: RoomId,
        span: Span,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let room = self.get_room(principal, room).await?;
        if let Span::Before(Some(id)) | Span::After(id) = span {
            found(self.0.store.read().find_message(principal.tenant, room.id, id).await?, "message")?;
        }
        self.0.store.read().list_messages(principal.tenant, room.id, span, limit).await
    }

    /// One message.
    ///
    /// # Errors
    /// As [`App::get_room`]; [`Error::NotFound`].
    pub async fn get_message(&self, principal: &Principal, room: RoomId, id: MessageId) -> Result<Message> {
        let room = self.get_room(principal, room).await?;
        found(self.0.store.read().find_message(principal.tenant, room.id, id).await?, "message")
    }

    /// Conversations, of every tenant, whose question the advisor has not answered: what a crash left to do.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn unanswered_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        self.0.store.read().unanswered_rooms(after, limit).await
    }

    /// What the advisor, who belongs to the store, owes an answer in a conversation.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn owed_messages(&self, room: &Room) -> Result<Vec<MessageId>> {
        self.0.store.read().owed_messages(room.tenant, room.id).await
    }

    /// One message of a conversation for the advisor.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn asked_message(&self, room: &Room, id: MessageId) -> Result<Message> {
        let message = self.0.store.read().find_message(room.tenant, room.id, id).await?;
        found(message.filter(|message| message.deleted_at.is_none()), "message")
    }

    /// A part of a conversation for the advisor, who belongs to the store.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn room_history(&self, room: &Room, span: Span, limit: u32) -> Result<Vec<Message>> {
        self.0.store.read().list_messages(room.tenant, room.id, span, limit).await
    }

    /// Whether the principal may ask the advisor now; counts as a message.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`]; [`Error::RateLimited`].
    pub fn admit_question(&self, principal: &Principal) -> Result<()> {
        authorize(Operation::Chat, principal)?;
        self.0.moderation.admit(principal)
    }

    /// Whether the principal may do now what is no message but is told or written: receipts, typing, calls, coming into
    /// a room.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub fn admit_sign(&self, principal: &Principal) -> Result<()> {
        self.0.moderation.admit_sign(principal)
    }

    /// What may be written, and how often.
    pub fn moderation(&self) -> &Moderation {
        &self.0.moderation
    }
}

impl Change<'_> {
    /// The room, when the principal may be in it.
    async fn room_for(&mut self, principal: &Principal, id: RoomId) -> Result<Room> {
        let room = found(self.writes.room(self.tenant, id).await?, "conversation")?;
        authorize_room(principal, &room)?;
        Ok(room)
    }

    /// A new message in `room` by nobody yet.
    fn blank_message(&self, room: &Room, author: Author, text: String) -> Message {
        Message {
            id: MessageId(self.ids.uuid_v7()),
            tenant: self.tenant,
            room_id: room.id,
            author,
            author_id: None,
            text,
            citations: Vec::new(),
            attachments: Vec::new(),
            created_at: self.now,
            edited_at: None,
            deleted_at: None,
        }
    }

    /// Puts a message into its room, and states it.
    async fn add_message(&mut self, room: &mut Room, message: &Message) -> Result<()> {
        room.updated_at = self.now;
        self.writes.insert_message(message).await?;
        self.writes.update_room(room).await?;
        self.state(Fact::chat_message_created(room, message)).await
    }
}
