//! The staff in conversations: who waits, who takes over, who leaves.

use super::super::change::{Audited, Change};
use super::super::policy::{Operation, authorize, is_admin};
use super::super::{App, Caller};
use super::NEEDS_USER;
use crate::domain::audit::{Action, Snapshot};
use crate::domain::chat::{Author, Room};
use crate::domain::event::Fact;
use crate::domain::{Error, Result, RoomId, UserId};

const JOINED: &str = "A member of the staff has joined and answers from here on.";
const LEFT: &str = "The member of the staff has left; the advisor answers again.";
const WAITS: &str = "The staff has been called. The advisor answers until somebody joins.";
const WAITS_ANEW: &str = "The staff has been called again. Any of them can take over.";
/// Conversations that are handed back at a time when a member of the staff goes.
const RELEASED: u32 = 100;

impl App {
    /// Takes a conversation over: the advisor falls silent.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who is not of the staff; [`Error::Taken`] when somebody else has it, unless the user waits
    /// all the same or an administrator takes over.
    pub async fn join_room(&self, caller: &Caller, room: RoomId) -> Result<Room> {
        authorize(Operation::ServeChat, &caller.principal)?;
        let agent = caller.principal.user_id().ok_or(NEEDS_USER)?;
        let known = self.get_room(&caller.principal, room).await?;
        if known.agent_id == Some(agent) {
            return Ok(known);
        }
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let before = change.room_for(&principal, room).await?;
            if before.user_id == agent {
                return Err(Error::Forbidden("nobody serves in a conversation of their own"));
            }
            let held = before.agent_id.is_some_and(|other| other != agent) && before.waiting_since.is_none();
            if held && !is_admin(&principal) {
                return Err(Error::Taken("agentId"));
            }
            if let Some(newest) = before.unanswered {
                change.writes.set_answered(change.tenant, before.id, newest).await?;
            }
            let mut room =
                Room { agent_id: Some(agent), waiting_since: None, unanswered: None, ..before.clone() };
            change.note(&mut room, JOINED).await?;
            change.state(Fact::chat_assigned(&room)).await?;
            Ok((room.clone(), audited(Action::RoomAssigned, before, room)))
        })
        .await
    }

    /// Leaves a conversation that was taken over: the advisor answers again.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for a conversation that somebody else has, but for an administrator.
    pub async fn leave_room(&self, caller: &Caller, room: RoomId) -> Result<Room> {
        authorize(Operation::ServeChat, &caller.principal)?;
        let known = self.get_room(&caller.principal, room).await?;
        if known.agent_id.is_none() {
            return Ok(known);
        }
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let before = change.room_for(&principal, room).await?;
            if before.agent_id != principal.user_id() && !is_admin(&principal) {
                return Err(Error::Forbidden("somebody else has taken this conversation over"));
            }
            let room = change.release(before.clone()).await?;
            Ok((room.clone(), audited(Action::RoomReleased, before, room)))
        })
        .await
    }

    /// Asks for a member of the staff, also when the one who has taken over does not answer; who waits longest comes first
    /// in their queue.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for another's.
    pub async fn call_staff(&self, caller: &Caller, room: RoomId) -> Result<Room> {
        authorize(Operation::Chat, &caller.principal)?;
        self.admit_sign(&caller.principal)?;
        let known = self.get_room(&caller.principal, room).await?;
        if known.waiting_since.is_some() {
            return Ok(known);
        }
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let before = change.room_for(&principal, room).await?;
            if principal.user_id() != Some(before.user_id) {
                return Err(Error::Forbidden("only the user of a conversation may call the staff"));
            }
            let mut room = Room { waiting_since: Some(change.now), ..before.clone() };
            let text = if room.agent_id.is_some() { WAITS_ANEW } else { WAITS };
            change.note(&mut room, text).await?;
            change.state(Fact::chat_waiting(&room)).await?;
            Ok((room.clone(), audited(Action::RoomWaiting, before, room)))
        })
        .await
    }
}

fn audited(action: Action, before: Room, after: Room) -> Audited {
    Audited::new(action, Some(Snapshot::Room(before)), Some(Snapshot::Room(after)))
}

impl Change<'_> {
    /// Hands back what a member of the staff has taken over who is one no longer.
    pub(in crate::app) async fn release_rooms_of(&mut self, agent: UserId) -> Result<()> {
        loop {
            let rooms = self.writes.rooms_of_agent(self.tenant, agent, RELEASED).await?;
            if rooms.is_empty() {
                return Ok(());
            }
            for room in rooms {
                self.release(room).await?;
            }
        }
    }

    async fn release(&mut self, room: Room) -> Result<Room> {
        let mut room = Room { agent_id: None, ..room };
        self.note(&mut room, LEFT).await?;
        self.state(Fact::chat_released(&room)).await?;
        Ok(room)
    }

    /// A notice of the store itself in `room`, which is written as it now is.
    async fn note(&mut self, room: &mut Room, text: &str) -> Result<()> {
        let message = self.blank_message(room, Author::System, text.to_owned());
        self.add_message(room, &message).await
    }
}
