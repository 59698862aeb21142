//! Conversations: rooms, messages, receipts and pictures.

pub(super) mod pictures;
mod sides;

use super::link::{Link, Statement, places};
use super::list::{Filter, Sort};
use super::row::{Fields, Row, Value};
use crate::domain::chat::{Author, Message, Receipt, Room, RoomFilter, Span};
use crate::domain::page::{Page, PageRequest};
use crate::domain::{MessageId, Result, RoomId, Tenant, UserId};
use crate::wire::chat as wire;

const ROOM: &str = "id, tenant, user_id, title, agent_id, waiting_since, unanswered, created_at, updated_at";
const MESSAGE: &str = "id, tenant, room_id, author, author_id, text, citations, attachments, created_at, edited_at, \
                       deleted_at";

fn read_room(row: &Row) -> Result<Room> {
    let mut fields = Fields::of(row);
    Ok(Room {
        id: RoomId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        user_id: UserId(fields.take()?),
        title: fields.take()?,
        agent_id: fields.take::<Option<_>>()?.map(UserId),
        waiting_since: fields.time_or_none()?,
        unanswered: fields.take::<Option<_>>()?.map(MessageId),
        created_at: fields.time()?,
        updated_at: fields.time()?,
    })
}

fn read_message(row: &Row) -> Result<Message> {
    let mut fields = Fields::of(row);
    Ok(Message {
        id: MessageId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        room_id: RoomId(fields.take()?),
        author: fields.named(Author::from_name)?,
        author_id: fields.take::<Option<_>>()?.map(UserId),
        text: fields.take()?,
        citations: fields.json::<Vec<wire::Citation>>()?.into_iter().map(Into::into).collect(),
        attachments: fields
            .json::<Vec<wire::Attachment>>()?
            .into_iter()
            .map(wire::Attachment::restore)
            .collect::<Result<_, _>>()?,
        created_at: fields.time()?,
        edited_at: fields.time_or_none()?,
        deleted_at: fields.time_or_none()?,
    })
}

fn read_receipt(row: &Row) -> Result<Receipt> {
    let mut fields = Fields::of(row);
    Ok(Receipt {
        room_id: RoomId(fields.take()?),
        user_id: UserId(fields.take()?),
        delivered: fields.take::<Option<_>>()?.map(MessageId),
        read: fields.take::<Option<_>>()?.map(MessageId),
        updated_at: fields.time()?,
    })
}

pub(super) async fn room(link: &mut Link<'_>, tenant: Tenant, id: RoomId) -> Result<Option<Room>> {
    let select = Statement::read(format!("SELECT {ROOM} FROM chat_rooms WHERE id = ? AND tenant = ?"));
    link.row(select.bind(id.0).bind(tenant.as_uuid()), read_room).await
}

pub(super) async fn rooms(
    link: &mut Link<'_>,
    tenant: Tenant,
    filter: &RoomFilter,
    request: PageRequest,
) -> Result<Page<Room>> {
    let waiting = if filter.waiting { "tenant = ? AND waiting_since IS NOT NULL" } else { "tenant = ?" };
    let order = if filter.waiting {
        Sort::ascending("waiting_since", "id")
    } else {
        Sort::descending("updated_at", "id")
    };
    Filter::tenant(waiting, tenant)
        .and("user_id = ?", filter.user_id.map(|id| id.0))
        .and("agent_id = ?", filter.agent_id.map(|id| id.0))
        .page(link, (ROOM, "chat_rooms", order), request, read_room)
        .await
}

/// Rooms of every tenant whose question the advisor owes an answer.
pub(super) async fn unanswered(link: &mut Link<'_>, after: Option<RoomId>, limit: u32) -> Result<Vec<Room>> {
    let select =
        format!("SELECT {ROOM} FROM chat_rooms WHERE unanswered IS NOT NULL AND id > ? ORDER BY id LIMIT ?");
    let after = after.map_or(uuid::Uuid::nil(), |id| id.0);
    link.rows(Statement::read(select).bind(after).bind(limit)).await?.iter().map(read_room).collect()
}

/// The user's messages that are behind the newest which needs no answer any more.
pub(super) async fn owed(link: &mut Link<'_>, tenant: Tenant, room: RoomId) -> Result<Vec<MessageId>> {
    let select = Statement::read(
        "SELECT message.id FROM chat_rooms room \
         JOIN chat_messages message ON message.room_id = room.id \
         WHERE room.id = ? AND room.tenant = ? AND room.unanswered IS NOT NULL \
         AND message.author = 'USER' AND message.deleted_at IS NULL \
         AND message.place > coalesce((SELECT place FROM chat_messages WHERE id = room.answered), 0) \
         ORDER BY message.place",
    );
    let rows = link.rows(select.bind(room.0).bind(tenant.as_uuid())).await?;
    rows.iter().map(|row| Fields::of(row).take().map(MessageId)).collect()
}

pub(super) async fn set_answered(
    link: &mut Link<'_>,
    tenant: Tenant,
    room: RoomId,
    upto: MessageId,
) -> Result<()> {
    let update = Statement::write("UPDATE chat_rooms SET answered = ? WHERE id = ? AND tenant = ?");
    link.queue(update.bind(upto.0).bind(room.0).bind(tenant.as_uuid())).await
}

pub(super) async fn rooms_of_agent(
    link: &mut Link<'_>,
    tenant: Tenant,
    agent: UserId,
    limit: u32,
) -> Result<Vec<Room>> {
    let select =
        format!("SELECT {ROOM} FROM chat_rooms WHERE tenant = ? AND agent_id = ? ORDER BY id LIMIT ?");
    let select = Statement::read(select).bind(tenant.as_uuid()).bind(agent.0).bind(limit);
    link.rows(select).await?.iter().map(read_room).collect()
}

/// Takes a user's rooms away with all that is in them, what refers to others first.
pub(super) async fn delete_rooms_of(link: &mut Link<'_>, tenant: Tenant, user: UserId) -> Result<()> {
    for table in ["chat_attachments", "chat_receipts", "chat_messages"] {
        let delete = Statement::write(format!(
            "DELETE FROM {table} WHERE room_id IN (SELECT id FROM chat_rooms WHERE tenant = ? AND user_id = ?)"
        ));
        link.queue(delete.bind(tenant.as_uuid()).bind(user.0)).await?;
    }
    let delete = Statement::write("DELETE FROM chat_rooms WHERE tenant = ? AND user_id = ?");
    link.queue(delete.bind(tenant.as_uuid()).bind(user.0)).await
}

pub(super) async fn count_rooms(link: &mut Link<'_>, tenant: Tenant, user: UserId) -> Result<u64> {
    let select = Statement::read("SELECT count(*) FROM chat_rooms WHERE tenant = ? AND user_id = ?");
    let count = link.row(select.bind(tenant.as_uuid()).bind(user.0), |row| Fields::of(row).int());
    Ok(count.await?.unwrap_or(0))
}

pub(super) async fn insert_room(link: &mut Link<'_>, room: &Room) -> Result<()> {
    let insert = Statement::write(format!("INSERT INTO chat_rooms ({ROOM}) VALUES {}", places(9, 1)));
    let insert = insert
        .bind(room.id.0)
        .bind(room.tenant.as_uuid())
        .bind(room.user_id.0)
        .bind(room.title.as_ref())
        .bind(room.agent_id.map(|id| id.0))
        .bind(room.waiting_since)
        .bind(room.unanswered.map(|id| id.0))
        .bind(room.created_at)
        .bind(room.updated_at);
    link.queue(insert).await
}

pub(super) async fn update_room(link: &mut Link<'_>, room: &Room) -> Result<()> {
    let update = Statement::write_one(
        "conversation",
        "UPDATE chat_rooms SET title = ?, agent_id = ?, waiting_since = ?, unanswered = ?, updated_at = ? \
         WHERE id = ? AND tenant = ?",
    );
    let update = update
        .bind(room.title.as_ref())
        .bind(room.agent_id.map(|id| id.0))
        .bind(room.waiting_since)
        .bind(room.unanswered.map(|id| id.0))
        .bind(room.updated_at)
        .bind(room.id.0)
        .bind(room.tenant.as_uuid());
    link.queue(update).await
}

pub(super) async fn message(
    link: &mut Link<'_>,
    tenant: Tenant,
    room: RoomId,
    id: MessageId,
) -> Result<Option<Message>> {
    let select = format!("SELECT {MESSAGE} FROM chat_messages WHERE id = ? AND room_id = ? AND tenant = ?");
    let select = Statement::read(select).bind(id.0).bind(room.0).bind(tenant.as_uuid());
    link.row(select, read_message).await
}

/// A part of a room's history, in order.
pub(super) async fn messages(
    link: &mut Link<'_>,
    tenant: Tenant,
    room: RoomId,
    span: Span,
    limit: u32,
) -> Result<Vec<Message>> {
    const PLACE: &str = "(SELECT place FROM chat_messages WHERE id = ? AND tenant = ?)";
    let (condition, order, bound) = match span {
        Span::Before(None) => (String::new(), "DESC", None),
        Span::Before(Some(id)) => (format!(" AND place < {PLACE}"), "DESC", Some(id)),
        Span::After(id) => (format!(" AND place > {PLACE}"), "ASC", Some(id)),
    };
    let select = format!(
        "SELECT {MESSAGE} FROM chat_messages WHERE room_id = ? AND tenant = ?{condition} \
         ORDER BY place {order} LIMIT ?"
    );
    let select = Statement::read(select)
        .bind(room.0)
        .bind(tenant.as_uuid())
        .bind_all(bound.into_iter().flat_map(|id| [Value::from(id.0), tenant.as_uuid().into()]))
        .bind(limit);
    let mut messages: Vec<Message> =
        link.rows(select).await?.iter().map(read_message).collect::<Result<_>>()?;
    if order == "DESC" {
        messages.reverse();
    }
    Ok(messages)
}

/// Whether `one` was written before `other`, or is the same.
pub(super) async fn in_order(
    link: &mut Link<'_>,
    tenant: Tenant,
    one: MessageId,
    other: MessageId,
) -> Result<bool> {
    let select = Statement::read(
        "SELECT one.place <= other.place FROM chat_messages one, chat_messages other \
         WHERE one.id = ? AND one.tenant = ? AND other.id = ? AND other.tenant = ?",
    );
    let tenant = tenant.as_uuid();
    let select = select.bind(one.0).bind(tenant).bind(other.0).bind(tenant);
    Ok(link.row(select, |row| Fields::of(row).take()).await?.unwrap_or(false))
}

fn lists(message: &Message) -> Result<[Value; 2]> {
    let citations: Vec<wire::Citation> = message.citations.iter().map(Into::into).collect();
    let attachments: Vec<wire::Attachment> =
        message.attachments.iter().map(|a| wire::Attachment::of(message.room_id, a)).collect();
    Ok([Value::json(&citations)?, Value::json(&attachments)?])
}

pub(super) async fn insert_message(link: &mut Link<'_>, message: &Message) -> Result<()> {
    let insert = Statement::write(format!("INSERT INTO chat_messages ({MESSAGE}) VALUES {}", places(11, 1)));
    let insert = insert
        .bind(message.id.0)
        .bind(message.tenant.as_uuid())
        .bind(message.room_id.0)
        .bind(message.author.name())
        .bind(message.author_id.map(|id| id.0))
        .bind(&message.text)
        .bind_all(lists(message)?)
        .bind(message.created_at)
        .bind(message.edited_at)
        .bind(message.deleted_at);
    link.queue(insert).await
}

pub(super) async fn update_message(link: &mut Link<'_>, message: &Message) -> Result<()> {
    let update = Statement::write_one(
        "message",
        "UPDATE chat_messages SET text = ?, citations = ?, attachments = ?, edited_at = ?, deleted_at = ? \
         WHERE id = ? AND tenant = ?",
    );
    let update = update
        .bind(&message.text)
        .bind_all(lists(message)?)
        .bind(message.edited_at)
        .bind(message.deleted_at)
        .bind(message.id.0)
        .bind(message.tenant.as_uuid());
    link.queue(update).await
}

pub(super) async fn receipts(link: &mut Link<'_>, tenant: Tenant, room: RoomId) -> Result<Vec<Receipt>> {
    let select = Statement::read(
        "SELECT room_id, user_id, delivered, read, updated_at FROM chat_receipts \
         WHERE room_id = ? AND tenant = ? ORDER BY user_id",
    );
    link.rows(select.bind(room.0).bind(tenant.as_uuid())).await?.iter().map(read_receipt).collect()
}

pub(super) async fn put_receipt(link: &mut Link<'_>, tenant: Tenant, receipt: &Receipt) -> Result<()> {
    let insert = Statement::write(
        "INSERT INTO chat_receipts (room_id, user_id, tenant, delivered, read, updated_at) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (room_id, user_id) DO UPDATE \
         SET delivered = excluded.delivered, read = excluded.read, updated_at = excluded.updated_at",
    );
    let insert = insert
        .bind(receipt.room_id.0)
        .bind(receipt.user_id.0)
        .bind(tenant.as_uuid())
        .bind(receipt.delivered.map(|id| id.0))
        .bind(receipt.read.map(|id| id.0))
        .bind(receipt.updated_at);
    link.queue(insert).await
}
