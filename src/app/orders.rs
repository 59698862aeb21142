//! Orders: place, read, ship, deliver, cancel.

use super::change::{Audited, Change, found};
use super::policy::{Operation, authorize, authorize_order};
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::event::{ChangedBy, Fact};
use crate::domain::order::{OrderCommand, OrderFilter};
use crate::domain::page::{Page, PageRequest};
use crate::domain::{Error, Order, OrderId, OrderStatus, PaymentStatus, PetId, PetStatus, Principal, Result};

impl App {
    /// Orders a pet, which is then PENDING. Two buyers of one pet: exactly one wins.
    ///
    /// # Errors
    /// [`Error::NotFound`] without such a pet; [`Error::PetNotAvailable`].
    pub async fn place_order(&self, caller: &Caller, pet_id: PetId) -> Result<Order> {
        authorize(Operation::PlaceOrder, &caller.principal)?;
        let (id, user_id) = (OrderId(self.0.ids.uuid_v7()), caller.principal.user_id());
        self.change(caller, async move |change| {
            let pet = found(change.writes.pet(change.tenant, pet_id).await?, "pet")?;
            if pet.status != PetStatus::Available {
                return Err(Error::PetNotAvailable(pet.status.name()));
            }
            let order = Order {
                id,
                tenant: change.tenant,
                pet_id,
                user_id,
                status: OrderStatus::Placed,
                total_amount: pet.price,
                currency: pet.currency,
                created_at: change.now,
                updated_at: change.now,
            };
            change.writes.insert_order(&order).await?;
            change.state(Fact::order_created(&order)).await?;
            let pet = change.move_pet(pet, PetStatus::Pending).await?;
            change.state_stock(&pet).await?;
            let audited = Audited::new(Action::OrderPlaced, None, Some(Snapshot::Order(order.clone())));
            Ok((order, audited))
        })
        .await
    }

    /// One order.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for another's.
    pub async fn get_order(&self, principal: &Principal, id: OrderId) -> Result<Order> {
        authorize(Operation::ReadOrders, principal)?;
        let order = found(self.0.store.read().find_order(principal.tenant, id).await?, "order")?;
        authorize_order(principal, &order)?;
        Ok(order)
    }

    /// A page of orders: the staff's of the tenant, a user's own.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn list_orders(
        &self,
        principal: &Principal,
        mut filter: OrderFilter,
        page: PageRequest,
    ) -> Result<Page<Order>> {
        authorize(Operation::ReadOrders, principal)?;
        if !principal.is_staff() {
            if filter.user_id.is_some() && filter.user_id != principal.user_id() {
                return Err(Error::Forbidden("only the staff may list the orders of others"));
            }
            filter.user_id = principal.user_id();
        }
        self.0.store.read().list_orders(principal.tenant, &filter, page).await
    }

    /// Sends an order on its way.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::IllegalTransition`] unless it is APPROVED.
    pub async fn ship_order(&self, caller: &Caller, id: OrderId) -> Result<Order> {
        self.fulfil(caller, id, OrderCommand::Ship, Action::OrderShipped).await
    }

    /// Notes that an order arrived.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::IllegalTransition`] unless it is SHIPPED.
    pub async fn deliver_order(&self, caller: &Caller, id: OrderId) -> Result<Order> {
        self.fulfil(caller, id, OrderCommand::Deliver, Action::OrderDelivered).await
    }

    async fn fulfil(
        &self,
        caller: &Caller,
        id: OrderId,
        command: OrderCommand,
        action: Action,
    ) -> Result<Order> {
        authorize(Operation::FulfilOrder, &caller.principal)?;
        self.change(caller, async move |change| {
            let before = found(change.writes.order(change.tenant, id).await?, "order")?;
            let order = change.move_order(&before, command, ChangedBy::Staff).await?;
            let audited =
                Audited::new(action, Some(Snapshot::Order(before)), Some(Snapshot::Order(order.clone())));
            Ok((order, audited))
        })
        .await
    }

    /// Cancels an order: its pet is free again, and a captured payment is given back.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for another's; [`Error::IllegalTransition`] unless it is PLACED or
    /// APPROVED.
    pub async fn cancel_order(&self, caller: &Caller, id: OrderId) -> Result<Order> {
        authorize(Operation::CancelOrder, &caller.principal)?;
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let before = found(change.writes.order(change.tenant, id).await?, "order")?;
            authorize_order(&principal, &before)?;
            let by = match principal.user_id() {
                Some(user) if before.user_id == Some(user) => ChangedBy::User(user),
                _ => ChangedBy::Staff,
            };
            let order = change.end_order(&before, OrderCommand::Cancel, by).await?;
            let audited = Audited::new(
                Action::OrderCancelled,
                Some(Snapshot::Order(before)),
                Some(Snapshot::Order(order.clone())),
            );
            Ok((order, audited))
        })
        .await
    }
}

impl Change<'_> {
    /// Moves an order along its life, and states it.
    pub async fn move_order(
        &mut self,
        before: &Order,
        command: OrderCommand,
        by: ChangedBy,
    ) -> Result<Order> {
        let mut order = before.clone();
        order.status = before.status.after(command)?;
        order.updated_at = self.now;
        self.writes.update_order(before.status, &order).await?;
        self.state(Fact::order_status_changed(&order, before.status, by)).await?;
        Ok(order)
    }

    /// Ends an order by `command`: a captured payment is given back, and the pet is free again unless someone else has
    /// ordered it since.
    pub async fn end_order(&mut self, before: &Order, command: OrderCommand, by: ChangedBy) -> Result<Order> {
        let order = self.move_order(before, command, by).await?;
        self.refund(&order).await?;
        let taken = self.writes.pet_ordered_again(&order).await?;
        let pet = self.writes.pet(self.tenant, order.pet_id).await?;
        if let Some(pet) =
            pet.filter(|pet| !taken && matches!(pet.status, PetStatus::Pending | PetStatus::Adopted))
        {
            let pet = self.move_pet(pet, PetStatus::Available).await?;
            self.state_stock(&pet).await?;
        }
        Ok(order)
    }

    /// Gives a captured payment of the order back, when there is one.
    pub async fn refund(&mut self, order: &Order) -> Result<()> {
        let Some(mut payment) = self.writes.captured_payment(self.tenant, order.id).await? else {
            return Ok(());
        };
        let before = std::mem::replace(&mut payment.status, PaymentStatus::Refunded);
        self.writes.update_payment(before, &payment).await?;
        self.state(Fact::payment_refunded(&payment, order)).await
    }
}
