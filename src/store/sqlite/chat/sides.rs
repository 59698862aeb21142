//! Conversations as the two sides of the store see them: each call sends the SQL of its name.

use async_trait::async_trait;

use super as sql;
use crate::domain::chat::{Attachment, Message, Receipt, Room, RoomFilter, Span};
use crate::domain::page::{Page, PageRequest};
use crate::domain::{AttachmentId, MessageId, Result, RoomId, Tenant, Timestamp, UserId};
use crate::store::sqlite::engine::SqliteEngine;
use crate::store::sqlite::reads::SqliteReads;
use crate::store::{ChatReads, ChatWrites, Picture};

#[async_trait]
impl ChatReads for SqliteReads {
    async fn find_room(&self, tenant: Tenant, id: RoomId) -> Result<Option<Room>> {
        sql::room(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn list_rooms(&self, tenant: Tenant, filter: &RoomFilter, page: PageRequest) -> Result<Page<Room>> {
        sql::rooms(&mut self.reading().await?.link(), tenant, filter, page).await
    }

    async fn unanswered_rooms(&self, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
        sql::unanswered(&mut self.reading().await?.link(), after, limit).await
    }

    async fn owed_messages(&self, tenant: Tenant, room: RoomId) -> Result<Vec<MessageId>> {
        sql::owed(&mut self.reading().await?.link(), tenant, room).await
    }

    async fn list_messages(
        &self,
        tenant: Tenant,
        room: RoomId,
        span: Span,
        limit: u32,
    ) -> Result<Vec<Message>> {
        sql::messages(&mut self.reading().await?.link(), tenant, room, span, limit).await
    }

    async fn find_message(&self, tenant: Tenant, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        sql::message(&mut self.reading().await?.link(), tenant, room, id).await
    }

    async fn is_in_order(&self, tenant: Tenant, one: MessageId, other: MessageId) -> Result<bool> {
        sql::in_order(&mut self.reading().await?.link(), tenant, one, other).await
    }

    async fn receipts_of(&self, tenant: Tenant, room: RoomId) -> Result<Vec<Receipt>> {
        sql::receipts(&mut self.reading().await?.link(), tenant, room).await
    }

    async fn find_picture(
        &self,
        tenant: Tenant,
        room: RoomId,
        id: AttachmentId,
    ) -> Result<Option<(String, Vec<u8>)>> {
        sql::pictures::picture(&mut self.reading().await?.link(), tenant, room, id).await
    }
}

#[async_trait(?Send)]
impl ChatWrites for SqliteEngine {
    async fn room(&mut self, tenant: Tenant, id: RoomId) -> Result<Option<Room>> {
        sql::room(&mut self.link(), tenant, id).await
    }

    async fn insert_room(&mut self, room: &Room) -> Result<()> {
        sql::insert_room(&mut self.link(), room).await
    }

    async fn update_room(&mut self, room: &Room) -> Result<()> {
        sql::update_room(&mut self.link(), room).await
    }

    async fn owed(&mut self, tenant: Tenant, room: RoomId) -> Result<Vec<MessageId>> {
        sql::owed(&mut self.link(), tenant, room).await
    }

    async fn set_answered(&mut self, tenant: Tenant, room: RoomId, upto: MessageId) -> Result<()> {
        sql::set_answered(&mut self.link(), tenant, room, upto).await
    }

    async fn rooms_of_agent(&mut self, tenant: Tenant, agent: UserId, limit: u32) -> Result<Vec<Room>> {
        sql::rooms_of_agent(&mut self.link(), tenant, agent, limit).await
    }

    async fn delete_rooms_of(&mut self, tenant: Tenant, user: UserId) -> Result<()> {
        sql::delete_rooms_of(&mut self.link(), tenant, user).await
    }

    async fn count_rooms(&mut self, tenant: Tenant, user: UserId) -> Result<u64> {
        sql::count_rooms(&mut self.link(), tenant, user).await
    }

    async fn message(&mut self, tenant: Tenant, room: RoomId, id: MessageId) -> Result<Option<Message>> {
        sql::message(&mut self.link(), tenant, room, id).await
    }

    async fn insert_message(&mut self, message: &Message) -> Result<()> {
        sql::insert_message(&mut self.link(), message).await
    }

    async fn update_message(&mut self, message: &Message) -> Result<()> {
        sql::update_message(&mut self.link(), message).await
    }

    async fn in_order(&mut self, tenant: Tenant, one: MessageId, other: MessageId) -> Result<bool> {
        sql::in_order(&mut self.link(), tenant, one, other).await
    }

    async fn receipts(&mut self, tenant: Tenant, room: RoomId) -> Result<Vec<Receipt>> {
        sql::receipts(&mut self.link(), tenant, room).await
    }

    async fn put_receipt(&mut self, tenant: Tenant, receipt: &Receipt) -> Result<()> {
        sql::put_receipt(&mut self.link(), tenant, receipt).await
    }

    async fn unused_picture(
        &mut self,
        tenant: Tenant,
        room: RoomId,
        user: UserId,
        id: AttachmentId,
    ) -> Result<Option<Attachment>> {
        sql::pictures::unused(&mut self.link(), (tenant, room, user), id).await
    }

    async fn use_picture(&mut self, tenant: Tenant, id: AttachmentId, message: MessageId) -> Result<()> {
        sql::pictures::use_picture(&mut self.link(), tenant, id, message).await
    }

    async fn purge_pictures(&mut self, before: Timestamp, limit: u32) -> Result<u64> {
        sql::pictures::purge(&mut self.link(), before, limit).await
    }

    async fn count_pictures(&mut self, tenant: Tenant, room: RoomId) -> Result<u64> {
        sql::pictures::count_pictures(&mut self.link(), tenant, room).await
    }

    async fn insert_picture(
        &mut self,
        tenant: Tenant,
        room: RoomId,
        user: UserId,
        picture: &Picture,
        at: Timestamp,
    ) -> Result<()> {
        sql::pictures::insert_picture(&mut self.link(), (tenant, room, user), picture, at).await
    }

    async fn delete_picture(&mut self, tenant: Tenant, id: AttachmentId) -> Result<()> {
        sql::pictures::delete_picture(&mut self.link(), tenant, id).await
    }
}
