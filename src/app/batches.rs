//! Reads of many things at once, for protocols that follow links from one list to another (GraphQL). Who may see what is
//! the same as when each is asked for alone; what may not be seen is left out.

use super::App;
use super::policy::{self, Operation, authorize};
use super::webhooks::owner;
use crate::domain::audit::AuditRecord;
use crate::domain::inbound::Inbound;
use crate::domain::oauth::Client;
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::PaymentFilter;
use crate::domain::webhook::{Attempt, Delivery, Endpoint};
use crate::domain::{
    AuditId, DeliveryId, EndpointId, InboundId, Order, OrderId, Payment, PaymentId, Pet, PetId, Principal,
    Receipt, ReceiptId, Result, User, UserId,
};
use crate::store::batches::{Bought, Owned};

/// Whose orders the principal sees: the staff all, a user the user's own.
fn buyer(principal: &Principal) -> Option<UserId> {
    if principal.is_staff() { None } else { principal.user_id() }
}

/// Those that belong to orders which the principal may see.
fn visible<T>(principal: &Principal, found: Vec<Bought<T>>) -> Vec<T> {
    let own = |(_, buyer): &Bought<T>| principal.is_self_or_staff(*buyer);
    found.into_iter().filter(own).map(|(thing, _)| thing).collect()
}

/// Those that belong to endpoints which are the principal's to handle.
fn owned<T>(principal: &Principal, found: Vec<Owned<T>>) -> Vec<T> {
    let asker = owner(principal);
    let own = |(_, owner): &Owned<T>| asker.is_none() || *owner == asker;
    found.into_iter().filter(own).map(|(thing, _)| thing).collect()
}

impl App {
    /// Those of the pets that there are.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn pets_by_id(&self, principal: &Principal, ids: &[PetId]) -> Result<Vec<Pet>> {
        authorize(Operation::ReadPets, principal)?;
        self.0.store.read().pets_by_id(principal.tenant, ids).await
    }

    /// Those of the users that there are, and whether the principal may see more than what is public of each.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn users_by_id(&self, principal: &Principal, ids: &[UserId]) -> Result<Vec<(User, bool)>> {
        authorize(Operation::ReadUser, principal)?;
        let users = self.0.store.read().users_by_id(principal.tenant, ids).await?;
        let whole = |user: User| {
            let whole = principal.is_self_or_staff(Some(user.id));
            (user, whole)
        };
        Ok(users.into_iter().map(whole).collect())
    }

    /// Those of the orders that there are and that the principal may see.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn orders_by_id(&self, principal: &Principal, ids: &[OrderId]) -> Result<Vec<Order>> {
        authorize(Operation::ReadOrders, principal)?;
        let orders = self.0.store.read().orders_by_id(principal.tenant, ids).await?;
        Ok(orders.into_iter().filter(|order| principal.is_self_or_staff(order.user_id)).collect())
    }

    /// The newest `limit` orders of each pet, newest first: the staff's all, a user's own.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn orders_of_pets(
        &self,
        principal: &Principal,
        pets: &[PetId],
        limit: u32,
    ) -> Result<Vec<Order>> {
        authorize(Operation::ReadOrders, principal)?;
        self.0.store.read().orders_of_pets(principal.tenant, pets, buyer(principal), limit).await
    }

    /// The newest `limit` orders of each user, newest first.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`] for another user's, unless the principal is of the staff.
    pub async fn orders_of_users(
        &self,
        principal: &Principal,
        users: &[UserId],
        limit: u32,
    ) -> Result<Vec<Order>> {
        authorize(Operation::ReadOrders, principal)?;
        policy::authorize_orders_of(principal, users)?;
        self.0.store.read().orders_of_users(principal.tenant, users, limit).await
    }

    /// A page of the orders of each pet, newest first: the staff's all, a user's own. A pet whose list the place of the
    /// request is not of is left out.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn order_pages_of_pets(
        &self,
        principal: &Principal,
        pets: &[PetId],
        page: PageRequest,
    ) -> Result<Vec<(PetId, Page<Order>)>> {
        authorize(Operation::ReadOrders, principal)?;
        self.0.store.read().order_pages_of_pets(principal.tenant, pets, buyer(principal), page).await
    }

    /// The same of each user.
    ///
    /// # Errors
    /// As [`App::orders_of_users`].
    pub async fn order_pages_of_users(
        &self,
        principal: &Principal,
        users: &[UserId],
        page: PageRequest,
    ) -> Result<Vec<(UserId, Page<Order>)>> {
        authorize(Operation::ReadOrders, principal)?;
        policy::authorize_orders_of(principal, users)?;
        self.0.store.read().order_pages_of_users(principal.tenant, users, page).await
    }

    /// The same of the payments of each order.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn payment_pages_of_orders(
        &self,
        principal: &Principal,
        orders: &[OrderId],
        page: PageRequest,
    ) -> Result<Vec<(OrderId, Page<Payment>)>> {
        authorize(Operation::ReadOrders, principal)?;
        self.0.store.read().payment_pages_of_orders(principal.tenant, orders, buyer(principal), page).await
    }

    /// Those of the payments that there are and that the principal may see.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn payments_by_id(&self, principal: &Principal, ids: &[PaymentId]) -> Result<Vec<Payment>> {
        authorize(Operation::ReadOrders, principal)?;
        let found = self.0.store.read().payments_by_id(principal.tenant, ids).await?;
        Ok(visible(principal, found))
    }

    /// The newest `limit` payments of each of those orders that the principal may see, newest first.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn payments_of_orders(
        &self,
        principal: &Principal,
        orders: &[OrderId],
        limit: u32,
    ) -> Result<Vec<Payment>> {
        authorize(Operation::ReadOrders, principal)?;
        let found = self.0.store.read().payments_of_orders(principal.tenant, orders, limit).await?;
        Ok(visible(principal, found))
    }

    /// The receipts of those payments that have one and that the principal may see.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn receipts_of_payments(
        &self,
        principal: &Principal,
        payments: &[PaymentId],
    ) -> Result<Vec<Receipt>> {
        authorize(Operation::ReadReceipt, principal)?;
        let found = self.0.store.read().receipts_of_payments(principal.tenant, payments).await?;
        Ok(visible(principal, found))
    }

    /// Those of the receipts that there are and that the principal may see.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn receipts_by_id(&self, principal: &Principal, ids: &[ReceiptId]) -> Result<Vec<Receipt>> {
        authorize(Operation::ReadReceipt, principal)?;
        let found = self.0.store.read().receipts_by_id(principal.tenant, ids).await?;
        Ok(visible(principal, found))
    }

    /// Those of the webhook endpoints that there are and that are the principal's to handle.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn endpoints_by_id(&self, principal: &Principal, ids: &[EndpointId]) -> Result<Vec<Endpoint>> {
        authorize(Operation::ReadWebhooks, principal)?;
        let found = self.0.store.read().endpoints_by_id(principal.tenant, ids).await?;
        let owner = owner(principal);
        Ok(found.into_iter().filter(|endpoint| owner.is_none() || endpoint.owner == owner).collect())
    }

    /// Those of the deliveries that there are, of endpoints that are the principal's to handle.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn deliveries_by_id(&self, principal: &Principal, ids: &[DeliveryId]) -> Result<Vec<Delivery>> {
        authorize(Operation::ReadWebhooks, principal)?;
        let found = self.0.store.read().deliveries_by_id(principal.tenant, ids).await?;
        Ok(owned(principal, found))
    }

    /// The newest `limit` attempts of each delivery, in their order.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn attempts_of_deliveries(
        &self,
        principal: &Principal,
        deliveries: &[DeliveryId],
        limit: u32,
    ) -> Result<Vec<Attempt>> {
        authorize(Operation::ReadWebhooks, principal)?;
        let found = self.0.store.read().attempts_of_deliveries(principal.tenant, deliveries, limit).await?;
        Ok(owned(principal, found))
    }

    /// Those of the audit rows that there are.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn audit_by_id(&self, principal: &Principal, ids: &[AuditId]) -> Result<Vec<AuditRecord>> {
        authorize(Operation::Administer, principal)?;
        self.0.store.read().audit_by_id(principal.tenant, ids).await
    }

    /// Those of the inbound deliveries that there are.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn inbound_by_id(&self, principal: &Principal, ids: &[InboundId]) -> Result<Vec<Inbound>> {
        authorize(Operation::HandleInbound, principal)?;
        self.0.store.read().inbound_by_id(principal.tenant, ids).await
    }

    /// Those of the OAuth2 clients that there are.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn oauth_clients_by_id(&self, principal: &Principal, ids: &[String]) -> Result<Vec<Client>> {
        authorize(Operation::ManageOAuthClients, principal)?;
        self.0.store.read().oauth_clients_by_id(principal.tenant, ids).await
    }

    /// A page of payments, newest first: the staff's of the tenant, a user's own.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn list_all_payments(
        &self,
        principal: &Principal,
        filter: &PaymentFilter,
        page: PageRequest,
    ) -> Result<Page<Payment>> {
        authorize(Operation::ReadOrders, principal)?;
        self.0.store.read().list_payments(principal.tenant, buyer(principal), filter, page).await
    }
}
