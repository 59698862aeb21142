//! `/chat/rooms`: conversations.

use ::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::IntoResponse;
use axum::routing::MethodRouter;
use serde::{Deserialize, Serialize};

use super::extract::{By, Id, Json, Params, read_body};
use super::once::once;
use super::{Rest, Told, collection, created, json};
use crate::app::App;
use crate::domain::chat::{self as domain, RoomFilter, Span};
use crate::domain::{AttachmentId, Error, MessageId, Result, RoomId, UserId, Violation};
use crate::wire::chat::{Attachment, Message, MessageInput, Receipt, ReceiptInput, Room, RoomInput};

/// Messages of one answer when nothing is said.
const DEFAULT_LIMIT: u32 = 50;
/// What a form has beside the picture, in bytes.
const FORM_BYTES: usize = 65_536;

/// openChatRoom
pub async fn open(State(rest): State<Rest>, By(caller): By, Json(input): Json<RoomInput>) -> Told {
    let encode = |room: &domain::Room| created(&format!("/v1/chat/rooms/{}", room.id), &Room::from(room));
    once(&rest, caller, encode, async |caller| rest.app.open_room(caller, input.title).await).await
}

/// listChatRooms
pub async fn list(State(rest): State<Rest>, By(caller): By, mut params: Params) -> Told {
    let filter = RoomFilter {
        user_id: params.read("userId", |text| UserId::parse("userId", text)),
        agent_id: params.read("agentId", |text| UserId::parse("agentId", text)),
        waiting: params.flag("waiting").unwrap_or(false),
    };
    let (request, query) = params.page()?;
    let page = rest.app.list_rooms(&caller.principal, filter, request).await?;
    Ok(collection(&page, "/v1/chat/rooms", &query, |room| Room::from(room)))
}

/// getChatRoom
pub async fn get(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let room = rest.app.get_room(&caller.principal, room_id(&id.0)?).await?;
    Ok(json(StatusCode::OK, &Room::from(&room)))
}

/// A part of a conversation, with where it goes on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct History {
    data: Vec<Message>,
    /// Give it back as `before` for what is older; null when there is nothing.
    older: Option<String>,
    /// Give it back as `after` for what is newer.
    newer: Option<String>,
}

/// listChatMessages
pub async fn messages(State(rest): State<Rest>, By(caller): By, id: Id, mut params: Params) -> Told {
    let before = params.read("before", |text| MessageId::parse("before", text));
    let after = params.read("after", |text| MessageId::parse("after", text));
    let limit = params.number("limit", 1, 100).unwrap_or(DEFAULT_LIMIT);
    params.done()?;
    let span = match (before, after) {
        (Some(_), Some(_)) => {
            let violation =
                Violation::new("after", "contradiction", "must not be given together with before");
            return Err(Error::invalid(violation).into());
        }
        (before, None) => Span::Before(before),
        (None, Some(after)) => Span::After(after),
    };
    let messages = rest.app.list_messages(&caller.principal, room_id(&id.0)?, span, limit).await?;
    let full = messages.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let begins = matches!(span, Span::After(_)) || full;
    let history = History {
        older: messages.first().filter(|_| begins).map(|message| message.id.to_string()),
        newer: messages.last().map(|message| message.id.to_string()).or(after.map(|id| id.to_string())),
        data: messages.iter().map(Message::from).collect(),
    };
    Ok(json(StatusCode::OK, &history))
}

/// postChatMessage
pub async fn post(State(rest): State<Rest>, By(caller): By, id: Id, Json(input): Json<MessageInput>) -> Told {
    let room = room_id(&id.0)?;
    let draft = input.into_draft()?;
    let encode = move |(_, message): &(domain::Room, domain::Message)| {
        created(&format!("/v1/chat/rooms/{room}/messages/{}", message.id), &Message::from(message))
    };
    once(&rest, caller, encode, async |caller| rest.desk.post(caller, room, draft).await).await
}

type Ids = Id<(String, String)>;

/// getChatMessage
pub async fn message(State(rest): State<Rest>, By(caller): By, ids: Ids) -> Told {
    let (room, message) = message_id(&ids)?;
    let message = rest.app.get_message(&caller.principal, room, message).await?;
    Ok(json(StatusCode::OK, &Message::from(&message)))
}

/// editChatMessage
pub async fn edit(
    State(rest): State<Rest>,
    By(caller): By,
    ids: Ids,
    Json(input): Json<MessageInput>,
) -> Told {
    let (room, message) = message_id(&ids)?;
    if !input.attachments.is_empty() {
        let violation = Violation::new("attachments", "unchangeable", "cannot be changed; only the text can");
        return Err(Error::invalid(violation).into());
    }
    let message = rest.app.edit_message(&caller, room, message, input.text.unwrap_or_default()).await?;
    Ok(json(StatusCode::OK, &Message::from(&message)))
}

/// deleteChatMessage
pub async fn delete(State(rest): State<Rest>, By(caller): By, ids: Ids) -> Told {
    let (room, message) = message_id(&ids)?;
    rest.desk.delete(&caller, room, message).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// markChatMessages
pub async fn receive(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    Json(input): Json<ReceiptInput>,
) -> Told {
    let (message, read) = input.read()?;
    let receipt = rest.app.receive_messages(&caller, room_id(&id.0)?, message, read).await?;
    Ok(json(StatusCode::OK, &Receipt::from(&receipt)))
}

/// listChatReceipts
pub async fn receipts(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let receipts = rest.app.receipts(&caller.principal, room_id(&id.0)?).await?;
    let receipts: Vec<Receipt> = receipts.iter().map(Receipt::from).collect();
    Ok(json(StatusCode::OK, &serde_json::json!({ "data": receipts })))
}

/// The body of typeInChatRoom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypingInput {
    typing: bool,
}

/// typeInChatRoom
pub async fn typing(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    Json(input): Json<TypingInput>,
) -> Told {
    rest.desk.typing(&caller.principal, room_id(&id.0)?, input.typing).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// joinChatRoom
pub async fn join(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let room = rest.desk.join(&caller, room_id(&id.0)?).await?;
    Ok(json(StatusCode::OK, &Room::from(&room)))
}

/// leaveChatRoom
pub async fn leave(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let room = rest.app.leave_room(&caller, room_id(&id.0)?).await?;
    Ok(json(StatusCode::OK, &Room::from(&room)))
}

/// callStaff
pub async fn call_staff(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let room = rest.app.call_staff(&caller, room_id(&id.0)?).await?;
    Ok(json(StatusCode::OK, &Room::from(&room)))
}

/// The route of attachPicture, with a limit of its own for the body: a picture, and what parts it from a form.
pub fn attach_route(app: &App) -> MethodRouter<Rest> {
    let limit = app.moderation().limits().max_picture_bytes.saturating_add(FORM_BYTES);
    axum::routing::post(attach).layer(DefaultBodyLimit::max(limit))
}

/// attachPicture: a form with the picture as `file`, or the picture itself; what it is, is told by its content.
async fn attach(State(rest): State<Rest>, By(caller): By, id: Id, request: Request<Body>) -> Told {
    let room = room_id(&id.0)?;
    // Before the body is read: who may not be here sends nothing.
    rest.app.get_room(&caller.principal, room).await?;
    let max_bytes = rest.app.moderation().limits().max_picture_bytes;
    let form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/"));
    let bytes = match form {
        true => super::images::one_file(request, max_bytes).await?,
        false => read_body(request.into_body(), max_bytes).await?.to_vec(),
    };
    let attachment = rest.app.attach_picture(&caller, room, bytes).await?;
    let attachment = Attachment::of(room, &attachment);
    Ok(created(&attachment.url, &attachment))
}

/// getPicture
pub async fn picture(State(rest): State<Rest>, By(caller): By, Id((room, id)): Ids) -> Told {
    let id = AttachmentId::parse_address("attachment", &id)?;
    let tag = HeaderValue::from_str(&format!("\"{id}\"")).map_err(Error::internal)?;
    let (content_type, bytes) = rest.app.get_picture(&caller.principal, room_id(&room)?, id).await?;
    let content_type = HeaderValue::from_str(&content_type).map_err(Error::internal)?;
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable")),
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
    ];
    Ok((headers, bytes).into_response())
}

pub(super) fn room_id(text: &str) -> Result<RoomId> {
    RoomId::parse_address("id", text)
}

fn message_id(Id((room, message)): &Ids) -> Result<(RoomId, MessageId)> {
    Ok((room_id(room)?, MessageId::parse_address("message", message)?))
}
