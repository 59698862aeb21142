//! Conversations: queries, and the subscription to a conversation's messages. The mutations are in `mutation/chat.rs`.

use async_graphql::{Context, ID, Object, Result};

use super::connection::{Part, numbered};
use super::inputs::filters::{ChatRoomFilterInput, Violations};
use super::schema::{LOOKUP_COST, app, caller, connection_cost, list_cost, optional};
use super::subscription::{Items, run};
use super::types::ChatRoomConnection;
use super::types::chat::{ChatMessage, ChatMessageCreated, ChatReceipt, ChatRoom};
use super::types::scalars::Cursor;
use crate::app::{App, Watched};
use crate::domain::chat::{RoomFilter, Span};
use crate::domain::{Error, EventType, MessageId, RoomId, Topic, Violation};

/// Conversations.
#[derive(Default)]
pub struct ChatQuery;

#[Object]
impl ChatQuery {
    /// A page of conversations: the staff's of the tenant, a user's own. `chatRoomsConnection` can do more.
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
        let page = numbered(page, limit, Violations::default())?;
        let rooms = app(ctx)?.list_rooms(&caller(ctx)?.principal, filter, page).await?;
        Ok(rooms.items.into_iter().map(Into::into).collect())
    }

    /// The conversations: the staff's of the tenant, a user's own.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn chat_rooms_connection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which conversations; all when it is left out.")] filter: Option<
            ChatRoomFilterInput,
        >,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<ChatRoomConnection> {
        let page = Part { first, after, last, before }.page()?;
        let filter = filter.unwrap_or_default().read()?;
        Ok(app(ctx)?.list_rooms(&caller(ctx)?.principal, filter, page).await?.into())
    }

    /// One conversation; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] id: ID,
    ) -> Result<Option<ChatRoom>> {
        let room = app(ctx)?.get_room(&caller(ctx)?.principal, RoomId::parse_address("room", &id)?).await;
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
        #[graphql(desc = "Only those after this message, instead.")] after: Option<ID>,
        #[graphql(desc = "How many, 1 to 100; 20 when it is left out.")] limit: Option<i32>,
    ) -> Result<Vec<ChatMessage>> {
        let id = |field, id: ID| MessageId::parse_address(field, &id);
        let span = match (before, after) {
            (Some(_), Some(_)) => {
                let message = "must not be given together with before";
                return Err(Error::invalid(Violation::new("after", "contradiction", message)).into());
            }
            (before, None) => Span::Before(before.map(|before| id("before", before)).transpose()?),
            (None, Some(after)) => Span::After(id("after", after)?),
        };
        let limit = numbered(None, limit, Violations::default())?.limit;
        let room = RoomId::parse_address("room", &room)?;
        let messages = app(ctx)?.list_messages(&caller(ctx)?.principal, room, span, limit).await?;
        Ok(messages.into_iter().map(Into::into).collect())
    }

    /// One message of a conversation; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn chat_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "The message's id.")] id: ID,
    ) -> Result<Option<ChatMessage>> {
        let (room, id) = (RoomId::parse_address("room", &room)?, MessageId::parse_address("id", &id)?);
        let message = app(ctx)?.get_message(&caller(ctx)?.principal, room, id).await;
        Ok(optional(message)?.map(Into::into))
    }

    /// How far the readers of a conversation have got.
    #[graphql(complexity = "list_cost(None, child_complexity)")]
    async fn chat_receipts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
    ) -> Result<Vec<ChatReceipt>> {
        let room = RoomId::parse_address("room", &room)?;
        let receipts = app(ctx)?.receipts(&caller(ctx)?.principal, room).await?;
        Ok(receipts.into_iter().map(Into::into).collect())
    }

    /// The users who are in a conversation now, on whichever channel.
    #[graphql(complexity = "2 * LOOKUP_COST")]
    async fn chat_room_watchers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
    ) -> Result<Vec<ID>> {
        let room = Watched::Room(RoomId::parse_address("room", &room)?);
        let watchers = app(ctx)?.list_watchers(&caller(ctx)?.principal, room).await?;
        Ok(watchers.into_iter().map(Into::into).collect())
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
        after: Option<Cursor>,
    ) -> Result<Items<ChatMessageCreated>> {
        let topics = |_: &App| {
            let room = RoomId::parse("room", &room);
            Ok(vec![Topic::Room(room.map_err(|violation: Violation| Error::invalid(violation))?)])
        };
        run(ctx, Some(EventType::ChatMessageCreated), topics, after, ChatMessageCreated::of).await
    }
}
