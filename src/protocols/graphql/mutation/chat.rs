//! Conversations.

use async_graphql::{Context, ID, Object, Result};

use super::payload::payloads;
use crate::chat::Desk;
use crate::domain::{self, Error, MessageId, RoomId};
use crate::protocols::graphql::schema::{CHANGE_COST, app, caller};
use crate::protocols::graphql::types::chat::{ChatAttachment, ChatMessage, ChatReceipt, ChatRoom};
use crate::protocols::graphql::types::upload::Upload;
use crate::wire::chat::MessageInput;

payloads! {
    OpenChatRoomPayload = "opening a conversation" {
        /// The conversation.
        room: ChatRoom,
    }
    PostChatMessagePayload = "writing a message" {
        /// The message.
        message: ChatMessage,
    }
    AttachChatPicturePayload = "sending a picture" {
        /// The picture; name its id with the message that shows it.
        attachment: ChatAttachment,
    }
    EditChatMessagePayload = "editing a message" {
        /// The message as it is now.
        message: ChatMessage,
    }
    DeleteChatMessagePayload = "taking the content of a message away" {
        /// The message as it is now.
        message: ChatMessage,
    }
    MarkChatMessagesPayload = "noting how far one has read" {
        /// How far that is.
        receipt: ChatReceipt,
    }
    TypeInChatRoomPayload = "saying that one types" {
        /// What was said.
        typing: bool,
    }
    CallChatStaffPayload = "asking for the staff" {
        /// The conversation as it is now.
        room: ChatRoom,
    }
    JoinChatRoomPayload = "taking a conversation over" {
        /// The conversation as it is now.
        room: ChatRoom,
    }
    LeaveChatRoomPayload = "leaving a conversation" {
        /// The conversation as it is now.
        room: ChatRoom,
    }
}

fn desk<'c>(ctx: &Context<'c>) -> domain::Result<&'c Desk> {
    let desk = ctx.data_opt::<Option<Desk>>().and_then(Option::as_ref);
    desk.ok_or_else(|| Error::unavailable("the desk of the advisor is not open"))
}

fn room_id(id: &ID) -> domain::Result<RoomId> {
    RoomId::parse_address("room", id)
}

/// Conversations.
#[derive(Default)]
pub struct ChatMutations;

#[Object]
impl ChatMutations {
    /// Opens a conversation.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn open_chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is called; the first message names it when it is left out.")] title: Option<
            String,
        >,
    ) -> Result<OpenChatRoomPayload> {
        let room = app(ctx)?.open_room(caller(ctx)?, title).await;
        OpenChatRoomPayload::of(room.map(|room| (room.into(),)))
    }

    /// Writes a message; the advisor answers it, unless the staff has taken over.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn post_chat_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "What it says.")] text: String,
        #[graphql(desc = "Ids of pictures that were sent before.")] attachments: Option<Vec<ID>>,
    ) -> Result<PostChatMessagePayload> {
        let caller = caller(ctx)?;
        let post = async || {
            let attachments = attachments.into_iter().flatten().map(|id| id.0).collect();
            let draft = MessageInput { text: Some(text), attachments }.into_draft()?;
            desk(ctx)?.post(caller, room_id(&room)?, draft).await
        };
        PostChatMessagePayload::of(post().await.map(|(_, message)| (message.into(),)))
    }

    /// Sends a picture (JPEG, PNG or WebP, told by its content) for a message that is to be written. The file is sent as
    /// graphql-multipart-request.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn attach_chat_picture(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "The file.")] file: Upload,
    ) -> Result<AttachChatPicturePayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let attach = async || {
            let room = room_id(&room)?;
            let bytes = file.file(ctx)?.read(app.moderation().limits().max_picture_bytes).await?;
            let attachment = app.attach_picture(caller, room, bytes).await?;
            Ok((ChatAttachment::of(room, &attachment),))
        };
        AttachChatPicturePayload::of(attach().await)
    }

    /// Replaces the text of one's own message.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn edit_chat_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "The message's id.")] id: ID,
        #[graphql(desc = "What it says from now on.")] text: String,
    ) -> Result<EditChatMessagePayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let edit = async || {
            let (room, id) = (room_id(&room)?, MessageId::parse_address("id", &id)?);
            app.edit_message(caller, room, id, text).await
        };
        EditChatMessagePayload::of(edit().await.map(|message| (message.into(),)))
    }

    /// Takes the content of a message away: who wrote it, or the staff.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn delete_chat_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "The message's id.")] id: ID,
    ) -> Result<DeleteChatMessagePayload> {
        let (desk, caller) = (desk(ctx)?, caller(ctx)?);
        let delete = async || {
            let (room, id) = (room_id(&room)?, MessageId::parse_address("id", &id)?);
            desk.delete(caller, room, id).await
        };
        DeleteChatMessagePayload::of(delete().await.map(|message| (message.into(),)))
    }

    /// Notes that messages up to one were read, or have only reached a device.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn mark_chat_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "The newest of the messages.")] upto: ID,
        #[graphql(desc = "Whether they were read; true when it is left out.")] read: Option<bool>,
    ) -> Result<MarkChatMessagesPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let mark = async || {
            let (room, upto) = (room_id(&room)?, MessageId::parse_address("upto", &upto)?);
            app.receive_messages(caller, room, upto, read.unwrap_or(true)).await
        };
        MarkChatMessagesPayload::of(mark().await.map(|receipt| (receipt.into(),)))
    }

    /// Says that one types, or stops to; it is told to those who are in the conversation now.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn type_in_chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
        #[graphql(desc = "Whether one types.")] typing: bool,
    ) -> Result<TypeInChatRoomPayload> {
        let caller = caller(ctx)?;
        let say = async || desk(ctx)?.typing(&caller.principal, room_id(&room)?, typing).await;
        TypeInChatRoomPayload::of(say().await.map(|()| (typing,)))
    }

    /// Asks for a member of the staff.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn call_chat_staff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
    ) -> Result<CallChatStaffPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let call = async || app.call_staff(caller, room_id(&room)?).await;
        CallChatStaffPayload::of(call().await.map(|room| (room.into(),)))
    }

    /// Takes a conversation over (staff): the advisor falls silent.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn join_chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
    ) -> Result<JoinChatRoomPayload> {
        let caller = caller(ctx)?;
        let join = async || desk(ctx)?.join(caller, room_id(&room)?).await;
        JoinChatRoomPayload::of(join().await.map(|room| (room.into(),)))
    }

    /// Leaves a conversation that was taken over (staff): the advisor answers again.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn leave_chat_room(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The conversation's id.")] room: ID,
    ) -> Result<LeaveChatRoomPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let leave = async || app.leave_room(caller, room_id(&room)?).await;
        LeaveChatRoomPayload::of(leave().await.map(|room| (room.into(),)))
    }
}
