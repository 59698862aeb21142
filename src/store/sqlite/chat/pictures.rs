//! Pictures in conversations.

use crate::domain::chat::Attachment;
use crate::domain::{AttachmentId, MessageId, Result, RoomId, Tenant, Timestamp, UserId};
use crate::store::Picture;
use crate::store::sqlite::link::{Link, Statement, places};
use crate::store::sqlite::row::{Fields, Row};

const ATTACHMENT: &str = "id, content_type, length(bytes)";

fn read_attachment(row: &Row) -> Result<Attachment> {
    let mut fields = Fields::of(row);
    Ok(Attachment {
        id: AttachmentId(fields.take()?),
        content_type: fields.take()?,
        size_bytes: fields.int()?,
    })
}

/// A picture that `user` sent and no message names.
pub(super) async fn unused(
    link: &mut Link<'_>,
    (tenant, room, user): (Tenant, RoomId, UserId),
    id: AttachmentId,
) -> Result<Option<Attachment>> {
    let select = Statement::read(format!(
        "SELECT {ATTACHMENT} FROM chat_attachments \
         WHERE id = ? AND room_id = ? AND tenant = ? AND user_id = ? AND message_id IS NULL"
    ));
    link.row(select.bind(id.0).bind(room.0).bind(tenant.as_uuid()).bind(user.0), read_attachment).await
}

pub(super) async fn use_picture(
    link: &mut Link<'_>,
    tenant: Tenant,
    id: AttachmentId,
    message: MessageId,
) -> Result<()> {
    let update = Statement::write("UPDATE chat_attachments SET message_id = ? WHERE id = ? AND tenant = ?");
    link.queue(update.bind(message.0).bind(id.0).bind(tenant.as_uuid())).await
}

/// Of every tenant: how long a picture may wait for its message is the same for all.
pub(super) async fn purge(link: &mut Link<'_>, before: Timestamp, limit: u32) -> Result<u64> {
    let delete = Statement::write(
        "DELETE FROM chat_attachments WHERE id IN \
         (SELECT id FROM chat_attachments WHERE message_id IS NULL AND created_at < ? LIMIT ?)",
    );
    link.queue(delete.bind(before).bind(limit)).await?;
    link.flush().await
}

/// The bytes of a picture with their type.
pub(super) async fn picture(
    link: &mut Link<'_>,
    tenant: Tenant,
    room: RoomId,
    id: AttachmentId,
) -> Result<Option<(String, Vec<u8>)>> {
    let select = Statement::read(
        "SELECT content_type, bytes FROM chat_attachments WHERE id = ? AND room_id = ? AND tenant = ?",
    );
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        Ok((fields.take()?, fields.take()?))
    };
    link.row(select.bind(id.0).bind(room.0).bind(tenant.as_uuid()), read).await
}

pub(super) async fn count_pictures(link: &mut Link<'_>, tenant: Tenant, room: RoomId) -> Result<u64> {
    let select = Statement::read("SELECT count(*) FROM chat_attachments WHERE room_id = ? AND tenant = ?");
    let count = link.row(select.bind(room.0).bind(tenant.as_uuid()), |row| Fields::of(row).int());
    Ok(count.await?.unwrap_or(0))
}

pub(super) async fn insert_picture(
    link: &mut Link<'_>,
    (tenant, room, user): (Tenant, RoomId, UserId),
    picture: &Picture,
    at: Timestamp,
) -> Result<()> {
    let insert = Statement::write(format!(
        "INSERT INTO chat_attachments (id, tenant, room_id, user_id, content_type, bytes, created_at) VALUES {}",
        places(7, 1)
    ));
    let insert = insert
        .bind(picture.id.0)
        .bind(tenant.as_uuid())
        .bind(room.0)
        .bind(user.0)
        .bind(&picture.content_type)
        .bind(&picture.bytes[..])
        .bind(at);
    link.queue(insert).await
}

pub(super) async fn delete_picture(link: &mut Link<'_>, tenant: Tenant, id: AttachmentId) -> Result<()> {
    let delete = Statement::write("DELETE FROM chat_attachments WHERE id = ? AND tenant = ?");
    link.queue(delete.bind(id.0).bind(tenant.as_uuid())).await
}
