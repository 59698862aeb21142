//! What is of the moment: who watches an order or a conversation, which is whoever listens to its events, on whichever
//! channel; and what is said there without being kept.
//!
//! It is of this process: nothing is kept, and no change is made.

use tokio::sync::broadcast;

use super::App;
use crate::bus::{Signal, Watch};
use crate::domain::chat::Room;
use crate::domain::event::{Collection, Key};
use crate::domain::{MessageId, OrderId, Principal, Result, RoomId, UserId};

/// Collections whose resources have watchers.
const WATCHED: &[Collection] = &[Collection::Orders, Collection::Chat];

/// What can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    Order(OrderId),
    Room(RoomId),
}

impl App {
    /// Who watches, in the order of their ids.
    ///
    /// # Errors
    /// As [`App::get_order`] or [`App::get_room`].
    pub async fn list_watchers(&self, principal: &Principal, watched: Watched) -> Result<Vec<UserId>> {
        let place = self.place(principal, watched).await?;
        Ok(self.0.signals.watchers(place))
    }

    /// What happens there without being kept, from now on, and who watches now.
    ///
    /// # Errors
    /// As [`App::list_watchers`].
    pub async fn listen_to(
        &self,
        principal: &Principal,
        watched: Watched,
    ) -> Result<(broadcast::Receiver<Signal>, Vec<UserId>)> {
        let place = self.place(principal, watched).await?;
        // In this order: who comes between the two is told twice rather than never.
        let signals = self.0.signals.listen(place);
        Ok((signals, self.0.signals.watchers(place)))
    }

    async fn place(&self, principal: &Principal, watched: Watched) -> Result<Key> {
        match watched {
            Watched::Order(id) => {
                let order = self.get_order(principal, id).await?;
                Ok(Key::Resource(order.tenant, Collection::Orders, order.id.0))
            }
            Watched::Room(id) => Ok(room_place(&self.get_room(principal, id).await?)),
        }
    }

    /// Tells those who listen to a conversation that somebody types there, or has stopped to; the advisor when there is
    /// no user.
    pub fn tell_typing(&self, room: &Room, user: Option<UserId>, on: bool) {
        self.0.signals.say(room_place(room), Signal::Typing { user, on });
    }

    /// Tells them words of a message that is to come under that id.
    pub fn tell_words(&self, room: &Room, message: MessageId, text: String) {
        self.0.signals.say(room_place(room), Signal::Delta { message, text: text.into() });
    }

    /// Notes that the principal watches what these keys name.
    pub(super) fn watches(&self, principal: &Principal, keys: &[Key]) -> Vec<Watch> {
        let Some(user) = principal.user_id() else { return Vec::new() };
        let watched =
            |key: &&Key| matches!(key, Key::Resource(_, collection, _) if WATCHED.contains(collection));
        keys.iter().filter(watched).map(|place| self.0.signals.watch(*place, user)).collect()
    }
}

fn room_place(room: &Room) -> Key {
    Key::Resource(room.tenant, Collection::Chat, room.id.0)
}
