//! Delivery and read receipts.

use super::super::change::{Audited, Change, found};
use super::super::policy::{Operation, authorize};
use super::super::{App, Caller};
use super::NEEDS_USER;
use crate::domain::audit::{Action, Snapshot};
use crate::domain::chat::Receipt;
use crate::domain::event::Fact;
use crate::domain::{MessageId, Principal, Result, RoomId};

impl App {
    /// Notes that messages up to `upto` have reached the caller (or were read). Receipts only move forward; one that is
    /// behind changes nothing.
    ///
    /// # Errors
    /// [`crate::domain::Error::NotFound`] for another's room and for a message that is not in it.
    pub async fn receive_messages(
        &self,
        caller: &Caller,
        room: RoomId,
        upto: MessageId,
        read: bool,
    ) -> Result<Receipt> {
        authorize(Operation::Chat, &caller.principal)?;
        self.admit_sign(&caller.principal)?;
        let user_id = caller.principal.user_id().ok_or(NEEDS_USER)?;
        let known = self.receipts(&caller.principal, room).await?;
        if let Some(known) = known.into_iter().find(|known| known.user_id == user_id)
            && let Some(reached) = if read { known.read } else { known.delivered.or(known.read) }
        {
            // Asked outside of a change, so that one that is behind writes nothing.
            let store = self.0.store.read();
            found(store.find_message(caller.principal.tenant, room, upto).await?, "message")?;
            if store.is_in_order(caller.principal.tenant, upto, reached).await? {
                return Ok(known);
            }
        }
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let room = change.room_for(&principal, room).await?;
            let message = found(change.writes.message(change.tenant, room.id, upto).await?, "message")?;
            let known = change.writes.receipts(change.tenant, room.id).await?;
            let known = known.into_iter().find(|known| known.user_id == user_id);
            let (delivered, seen) = known.map_or((None, None), |known| (known.delivered, known.read));
            let delivered = later(change, delivered, upto).await?;
            let read = if read { Some(later(change, seen, upto).await?) } else { seen };
            let receipt = Receipt {
                room_id: room.id,
                user_id,
                delivered: Some(delivered),
                read,
                updated_at: change.now,
            };
            change.writes.put_receipt(change.tenant, &receipt).await?;
            change.state(Fact::chat_receipt_changed(&room, &receipt)).await?;
            Ok((receipt, Audited::new(Action::MessagesReceived, None, Some(Snapshot::Message(message)))))
        })
        .await
    }

    /// How far the readers of a room have got.
    ///
    /// # Errors
    /// As [`App::get_room`].
    pub async fn receipts(&self, principal: &Principal, room: RoomId) -> Result<Vec<Receipt>> {
        let room = self.get_room(principal, room).await?;
        self.0.store.read().receipts_of(room.tenant, room.id).await
    }
}

/// The later of two messages of one room.
async fn later(change: &mut Change<'_>, known: Option<MessageId>, upto: MessageId) -> Result<MessageId> {
    match known {
        Some(known) if change.writes.in_order(change.tenant, upto, known).await? => Ok(known),
        _ => Ok(upto),
    }
}
