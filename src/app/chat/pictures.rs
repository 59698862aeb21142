//! Pictures in conversations.

use super::super::change::{Audited, found};
use super::super::policy::{Operation, authorize};
use super::super::{App, Caller};
use super::NEEDS_USER;
use crate::domain::audit::{Action, Snapshot};
use crate::domain::chat::Attachment;
use crate::domain::{AttachmentId, Error, Principal, Result, RoomId};
use crate::store::Picture;

impl App {
    /// Keeps a picture for a message that is to come.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::UnsupportedMediaType`] by its content; [`Error::LimitReached`]; [`Error::NotFound`].
    pub async fn attach_picture(&self, caller: &Caller, room: RoomId, bytes: Vec<u8>) -> Result<Attachment> {
        authorize(Operation::Chat, &caller.principal)?;
        self.0.moderation.admit(&caller.principal)?;
        let user = caller.principal.user_id().ok_or(NEEDS_USER)?;
        let limits = *self.0.moderation.limits();
        if bytes.len() > limits.max_picture_bytes {
            return Err(Error::TooLarge { field: "file", max_bytes: limits.max_picture_bytes });
        }
        let content_type = self.0.images.inspect(&bytes)?.media_type.to_string();
        let picture = Picture { id: AttachmentId(self.0.ids.uuid_v7()), content_type, bytes };
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let room = change.room_for(&principal, room).await?;
            if change.writes.count_pictures(change.tenant, room.id).await? >= limits.max_pictures {
                let message = format!("a conversation can have at most {} pictures", limits.max_pictures);
                return Err(Error::LimitReached { limit: "chat.max_pictures", message });
            }
            change.writes.insert_picture(change.tenant, room.id, user, &picture, change.now).await?;
            let attachment = Attachment {
                id: picture.id,
                content_type: picture.content_type,
                size_bytes: picture.bytes.len() as u64,
            };
            Ok((attachment, Audited::new(Action::PictureAttached, None, Some(Snapshot::Room(room)))))
        })
        .await
    }

    /// The content type and the bytes of a picture.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another's.
    pub async fn get_picture(
        &self,
        principal: &Principal,
        room: RoomId,
        id: AttachmentId,
    ) -> Result<(String, Vec<u8>)> {
        let room = self.get_room(principal, room).await?;
        found(self.0.store.read().find_picture(principal.tenant, room.id, id).await?, "picture")
    }
}
