//! What the store keeps of conversations.

use async_trait::async_trait;

use crate::domain::chat;
use crate::domain::page::{Page, PageRequest};
use crate::domain::{AttachmentId, MessageId, Result, RoomId, Tenant, Timestamp, UserId};

/// A picture that somebody sends into a conversation.
#[derive(Clone, Debug)]
pub struct Picture {
    pub id: AttachmentId,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// What can be read of conversations.
#[async_trait]
pub trait ChatReads: Send + Sync {
    async fn find_room(&self, tenant: Tenant, id: RoomId) -> Result<Option<chat::Room>>;
    /// The one with the newest message first; those that wait for the staff with the longest wait first.
    async fn list_rooms(
        &self,
        tenant: Tenant,
        filter: &chat::RoomFilter,
        page: PageRequest,
    ) -> Result<Page<chat::Room>>;
    /// Up to `limit` rooms of every tenant, behind `after` in the order of ids, that the advisor owes an answer.
    async fn unanswered_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<chat::Room>>;
    /// What the advisor owes an answer in a room, in order.
    async fn owed_messages(&self, tenant: Tenant, room: RoomId) -> Result<Vec<MessageId>>;
    /// In the order in which they were written.
    async fn list_messages(
        &self,
        tenant: Tenant,
        room: RoomId,
        span: chat::Span,
        limit: u32,
    ) -> Result<Vec<chat::Message>>;
    async fn find_message(
        &self,
        tenant: Tenant,
        room: RoomId,
        id: MessageId,
    ) -> Result<Option<chat::Message>>;
    /// Whether `one` was written before `other`, or is the same.
    async fn is_in_order(&self, tenant: Tenant, one: MessageId, other: MessageId) -> Result<bool>;
    /// How far the readers of a room have got.
    async fn receipts_of(&self, tenant: Tenant, room: RoomId) -> Result<Vec<chat::Receipt>>;
    /// The content type and the bytes of a picture.
    async fn find_picture(
        &self,
        tenant: Tenant,
        room: RoomId,
        id: AttachmentId,
    ) -> Result<Option<(String, Vec<u8>)>>;
}

/// What can be done to conversations inside one transaction.
#[async_trait(?Send)]
pub trait ChatWrites {
    async fn room(&mut self, tenant: Tenant, id: RoomId) -> Result<Option<chat::Room>>;
    async fn insert_room(&mut self, room: &chat::Room) -> Result<()>;
    async fn update_room(&mut self, room: &chat::Room) -> Result<()>;
    /// What the advisor owes an answer in a room, in order.
    async fn owed(&mut self, tenant: Tenant, room: RoomId) -> Result<Vec<MessageId>>;
    /// The advisor has nothing to say any more to the messages of a room up to `upto`.
    async fn set_answered(&mut self, tenant: Tenant, room: RoomId, upto: MessageId) -> Result<()>;
    /// Up to `limit` rooms that a member of the staff has taken over.
    async fn rooms_of_agent(&mut self, tenant: Tenant, agent: UserId, limit: u32) -> Result<Vec<chat::Room>>;
    /// Takes a user's rooms away with all that is in them.
    async fn delete_rooms_of(&mut self, tenant: Tenant, user: UserId) -> Result<()>;
    async fn count_rooms(&mut self, tenant: Tenant, user: UserId) -> Result<u64>;
    async fn message(&mut self, tenant: Tenant, room: RoomId, id: MessageId)
    -> Result<Option<chat::Message>>;
    async fn insert_message(&mut self, message: &chat::Message) -> Result<()>;
    /// Replaces text, lists and the times of edit and deletion.
    async fn update_message(&mut self, message: &chat::Message) -> Result<()>;
    /// Whether `one` was written before `other`, or is the same.
    async fn in_order(&mut self, tenant: Tenant, one: MessageId, other: MessageId) -> Result<bool>;
    async fn receipts(&mut self, tenant: Tenant, room: RoomId) -> Result<Vec<chat::Receipt>>;
    async fn put_receipt(&mut self, tenant: Tenant, receipt: &chat::Receipt) -> Result<()>;
    /// A picture that `user` sent and no message names.
    async fn unused_picture(
        &mut self,
        tenant: Tenant,
        room: RoomId,
        user: UserId,
        id: AttachmentId,
    ) -> Result<Option<chat::Attachment>>;
    /// The picture belongs to `message` from now on.
    async fn use_picture(&mut self, tenant: Tenant, id: AttachmentId, message: MessageId) -> Result<()>;
    /// Deletes up to `limit` pictures that no message names and that were sent before `before`; says how many.
    async fn purge_pictures(&mut self, before: Timestamp, limit: u32) -> Result<u64>;
    async fn count_pictures(&mut self, tenant: Tenant, room: RoomId) -> Result<u64>;
    async fn insert_picture(
        &mut self,
        tenant: Tenant,
        room: RoomId,
        user: UserId,
        picture: &Picture,
        at: Timestamp,
    ) -> Result<()>;
    async fn delete_picture(&mut self, tenant: Tenant, id: AttachmentId) -> Result<()>;
}
