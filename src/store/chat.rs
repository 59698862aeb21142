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
    /// Up to `limit` rooms of every tenant that the advisor owes an answer.
    async fn unanswered_rooms(&self, limit: u32) -> Result<Vec<chat::Room>>;
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
    async fn attachment(
        &mut self,
        tenant: Tenant,
        room: RoomId,
        id: AttachmentId,
    ) -> Result<Option<chat::Attachment>>;
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
