//! Presence: who watches an order, which is whoever listens to its events, on whichever channel.
//!
//! It is of the moment and of this process: nothing is kept, and no change is made.

use tokio::sync::broadcast;

use super::App;
use crate::bus::{Signal, Watch};
use crate::domain::event::{Collection, Key};
use crate::domain::{OrderId, Principal, Result, UserId};

/// Collections whose resources have watchers.
const WATCHED: &[Collection] = &[Collection::Orders];

impl App {
    /// Who watches an order, in the order of their ids.
    ///
    /// # Errors
    /// As [`App::get_order`].
    pub async fn list_order_watchers(&self, principal: &Principal, id: OrderId) -> Result<Vec<UserId>> {
        let place = self.order_place(principal, id).await?;
        Ok(self.0.signals.watchers(place))
    }

    /// What happens at an order without being kept, from now on, and who watches it now.
    ///
    /// # Errors
    /// As [`App::get_order`].
    pub async fn listen_to_order(
        &self,
        principal: &Principal,
        id: OrderId,
    ) -> Result<(broadcast::Receiver<Signal>, Vec<UserId>)> {
        let place = self.order_place(principal, id).await?;
        // In this order: who comes between the two is told twice rather than never.
        let signals = self.0.signals.listen(place);
        Ok((signals, self.0.signals.watchers(place)))
    }

    async fn order_place(&self, principal: &Principal, id: OrderId) -> Result<Key> {
        let order = self.get_order(principal, id).await?;
        Ok(Key::Resource(order.tenant, Collection::Orders, order.id.0))
    }

    /// Notes that the principal watches what these keys name.
    pub(super) fn watches(&self, principal: &Principal, keys: &[Key]) -> Vec<Watch> {
        let Some(user) = principal.user_id() else { return Vec::new() };
        let watched =
            |key: &&Key| matches!(key, Key::Resource(_, collection, _) if WATCHED.contains(collection));
        keys.iter().filter(watched).map(|place| self.0.signals.watch(*place, user)).collect()
    }
}
