//! Conversations: queries, mutations, and the subscription to a conversation's messages.

use async_graphql::{Context, ID, Object, Result};

use super::schema::{LOOKUP_COST, app, caller, list_cost, optional, page_request};
use super::subscription::{Items, run};
use super::types::chat::{ChatMessage, ChatMessageCreated, ChatReceipt, ChatRoom};
use crate::app::App;
use crate::chat::Desk;
use crate::domain::chat::{MessageDraft, RoomFilter, Span};
use crate::domain::{Error, EventType, MessageId, RoomId, Topic, Violation};
use crate::wire::chat::MessageInput;

fn room_id(id: &ID) -> Result<RoomId> {
    Ok(RoomId::parse_address("room", id)?)
}

fn message_id(field: &'static str, id: &ID) -> Result<MessageId> {
    Ok(MessageId::parse_address(field, id)?)
}

fn desk<'c>(ctx: &Context<'c>) -> Result<&'c Desk> {
    let desk = ctx.data::<Option<Desk>>()?;
    Ok(desk.as_ref().ok_or_else(|| Error::unavailable("the desk of the advisor is not open"))?)
}

/// Conversations.
#[derive(Default)]
pub struct ChatQuery;

#[Object]
impl ChatQuery {
    /// A page of conversations: the staff's of the tenant, a user's own.
    #[graphql(complexity = "list_cost(limit, child_complexity)")]
    async fn chat_rooms(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that wait for the staff, the longest wait first (staff).")]
        waiting: Option<bool>,
        #[graphql(desc = "Page, counted from 1; 1 when it is left out.")] page: Option<i32>,
        #[graphql(desc = "Items on a page, 1 to 100; 20 when it is left out.")] limit: Option<i32>,
    ) -> Result<Vec<ChatRoom>> {
        let filter = RoomFilter { waiting: waiting.unwrap_or(false), ..RoomFilter::default() };
        let page = page_request(page, limit, Vec::new())?;
        let rooms = app(ctx)?.list_rooms(&caller(ctx)?.principal, filter, page).await?;
        Ok(rooms.items.into_iter().map(Into::into).collect())
    }

    /// One conversation; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] id: ID,
    ) -> Result<Option<ChatRoom>> {
        let room = app(ctx)?.get_room(&caller(ctx)?.principal, room_id(&id)?).await;
        Ok(optional(room)?.map(Into::into))
    }

    /// A part of a conversation, the oldest message first.
    #[graphql(complexity = "list_cost(limit, child_complexity)")]
    async fn chat_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "Only those before this message; the newest when it is left out.")] before: Option<
            ID,
        >,
        #[graphql(desc = "How many, 1 to 100; 20 when it is left out.")] limit: Option<i32>,
    ) -> Result<Vec<ChatMessage>> {
        let before = before.map(|id| message_id("before", &id)).transpose()?;
        let limit = page_request(None, limit, Vec::new())?.limit;
        let principal = &caller(ctx)?.principal;
        let messages =
            app(ctx)?.list_messages(principal, room_id(&room)?, Span::Before(before), limit).await?;
        Ok(messages.into_iter().map(Into::into).collect())
    }

    /// How far the readers of a conversation have got.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn chat_receipts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
    ) -> Result<Vec<ChatReceipt>> {
        let receipts = app(ctx)?.receipts(&caller(ctx)?.principal, room_id(&room)?).await?;
        Ok(receipts.into_iter().map(Into::into).collect())
    }
}

/// Conversations.
#[derive(Default)]
pub struct ChatMutation;

#[Object]
impl ChatMutation {
    /// Opens a conversation.
    async fn open_chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is called; the first message names it when it is left out.")] title: Option<
            String,
        >,
    ) -> Result<ChatRoom> {
        Ok(app(ctx)?.open_room(caller(ctx)?, title).await?.into())
    }

    /// Writes a message; the advisor answers it, unless the staff has taken over.
    async fn post_chat_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "What it says.")] text: String,
        #[graphql(desc = "Ids of pictures that were sent before.")] attachments: Option<Vec<ID>>,
    ) -> Result<ChatMessage> {
        let attachments = attachments.into_iter().flatten().map(|id| id.0).collect();
        let draft: MessageDraft = MessageInput { text: Some(text), attachments }.into_draft()?;
        Ok(desk(ctx)?.post(caller(ctx)?, room_id(&room)?, draft).await?.1.into())
    }

    /// Replaces the text of one's own message.
    async fn edit_chat_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "The message's id.")] id: ID,
        #[graphql(desc = "What it says from now on.")] text: String,
    ) -> Result<ChatMessage> {
        let id = message_id("id", &id)?;
        Ok(app(ctx)?.edit_message(caller(ctx)?, room_id(&room)?, id, text).await?.into())
    }

    /// Takes the content of a message away: who wrote it, or the staff.
    async fn delete_chat_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "The message's id.")] id: ID,
    ) -> Result<ChatMessage> {
        Ok(desk(ctx)?.delete(caller(ctx)?, room_id(&room)?, message_id("id", &id)?).await?.into())
    }

    /// Notes that messages up to one were read, or have only reached a device.
    async fn mark_chat_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "The newest of the messages.")] upto: ID,
        #[graphql(desc = "Whether they were read; true when it is left out.")] read: Option<bool>,
    ) -> Result<ChatReceipt> {
        let upto = message_id("upto", &upto)?;
        let read = read.unwrap_or(true);
        Ok(app(ctx)?.receive_messages(caller(ctx)?, room_id(&room)?, upto, read).await?.into())
    }

    /// Says that one types, or stops to; it is told to those who are in the conversation now.
    async fn type_in_chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "Whether one types.")] typing: bool,
    ) -> Result<bool> {
        desk(ctx)?.typing(&caller(ctx)?.principal, room_id(&room)?, typing).await?;
        Ok(typing)
    }

    /// Asks for a member of the staff.
    async fn call_chat_staff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
    ) -> Result<ChatRoom> {
        Ok(app(ctx)?.call_staff(caller(ctx)?, room_id(&room)?).await?.into())
    }

    /// Takes a conversation over (staff): the advisor falls silent.
    async fn join_chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
    ) -> Result<ChatRoom> {
        Ok(desk(ctx)?.join(caller(ctx)?, room_id(&room)?).await?.into())
    }

    /// Leaves a conversation that was taken over (staff): the advisor answers again.
    async fn leave_chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
    ) -> Result<ChatRoom> {
        Ok(app(ctx)?.leave_room(caller(ctx)?, room_id(&room)?).await?.into())
    }
}

/// Conversations.
#[derive(Default)]
pub struct ChatSubscription;

#[async_graphql::Subscription]
impl ChatSubscription {
    /// The messages of a conversation as they are written.
    async fn chat_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<String>,
    ) -> Result<Items<ChatMessageCreated>> {
        let topics = |_: &App| {
            let room = RoomId::parse("room", &room);
            Ok(vec![Topic::Room(room.map_err(|violation: Violation| Error::invalid(violation))?)])
        };
        run(ctx, Some(EventType::ChatMessageCreated), topics, after, ChatMessageCreated::of).await
    }
}
