//! Reads of many things at once: what a protocol asks for that follows links from one list to another (GraphQL). Each is
//! one statement, however many ids it is given.

use async_trait::async_trait;

use crate::domain::audit::AuditRecord;
use crate::domain::inbound::Inbound;
use crate::domain::oauth::Client;
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::PaymentFilter;
use crate::domain::webhook::{Attempt, Delivery, Endpoint};
use crate::domain::{
    AuditId, DeliveryId, EndpointId, InboundId, Order, OrderId, Payment, PaymentId, Pet, PetId, Receipt,
    ReceiptId, Result, Tenant, User, UserId,
};

/// Something with the buyer of the order that it belongs to, who decides who may see it.
pub type Bought<T> = (T, Option<UserId>);

/// Something with the owner of the webhook endpoint that it belongs to; nobody for the staff's.
pub type Owned<T> = (T, Option<UserId>);

/// What can be read of many at once. What there is not is left out; the order is that of no list, unless one is told.
#[async_trait]
pub trait BatchReads: Send + Sync {
    async fn pets_by_id(&self, tenant: Tenant, ids: &[PetId]) -> Result<Vec<Pet>>;
    async fn users_by_id(&self, tenant: Tenant, ids: &[UserId]) -> Result<Vec<User>>;
    async fn orders_by_id(&self, tenant: Tenant, ids: &[OrderId]) -> Result<Vec<Order>>;
    /// The newest `limit` orders of each pet, newest first; only those of `buyer` when given.
    async fn orders_of_pets(
        &self,
        tenant: Tenant,
        pets: &[PetId],
        buyer: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Order>>;
    /// The newest `limit` orders of each user, newest first.
    async fn orders_of_users(&self, tenant: Tenant, users: &[UserId], limit: u32) -> Result<Vec<Order>>;
    /// A page of the orders of each pet, newest first; only those of `buyer` when given. A pet whose list the place of the
    /// request is not of is left out.
    async fn order_pages_of_pets(
        &self,
        tenant: Tenant,
        pets: &[PetId],
        buyer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Vec<(PetId, Page<Order>)>>;
    /// The same of each user.
    async fn order_pages_of_users(
        &self,
        tenant: Tenant,
        users: &[UserId],
        page: PageRequest,
    ) -> Result<Vec<(UserId, Page<Order>)>>;
    /// The same of the payments of each order.
    async fn payment_pages_of_orders(
        &self,
        tenant: Tenant,
        orders: &[OrderId],
        buyer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Vec<(OrderId, Page<Payment>)>>;
    async fn payments_by_id(&self, tenant: Tenant, ids: &[PaymentId]) -> Result<Vec<Bought<Payment>>>;
    /// The newest `limit` payments of each order, newest first.
    async fn payments_of_orders(
        &self,
        tenant: Tenant,
        orders: &[OrderId],
        limit: u32,
    ) -> Result<Vec<Bought<Payment>>>;
    async fn receipts_of_payments(
        &self,
        tenant: Tenant,
        payments: &[PaymentId],
    ) -> Result<Vec<Bought<Receipt>>>;
    /// With the buyer of the order.
    async fn receipts_by_id(&self, tenant: Tenant, ids: &[ReceiptId]) -> Result<Vec<Bought<Receipt>>>;
    async fn endpoints_by_id(&self, tenant: Tenant, ids: &[EndpointId]) -> Result<Vec<Endpoint>>;
    /// With the owner of the endpoint; not those of callbacks.
    async fn deliveries_by_id(&self, tenant: Tenant, ids: &[DeliveryId]) -> Result<Vec<Owned<Delivery>>>;
    /// The newest `limit` attempts of each delivery, in their order, with the owner of the endpoint.
    async fn attempts_of_deliveries(
        &self,
        tenant: Tenant,
        deliveries: &[DeliveryId],
        limit: u32,
    ) -> Result<Vec<Owned<Attempt>>>;
    async fn audit_by_id(&self, tenant: Tenant, ids: &[AuditId]) -> Result<Vec<AuditRecord>>;
    async fn inbound_by_id(&self, tenant: Tenant, ids: &[InboundId]) -> Result<Vec<Inbound>>;
    async fn oauth_clients_by_id(&self, tenant: Tenant, ids: &[String]) -> Result<Vec<Client>>;
    /// Newest first; only those of orders of `buyer` when given.
    async fn list_payments(
        &self,
        tenant: Tenant,
        buyer: Option<UserId>,
        filter: &PaymentFilter,
        page: PageRequest,
    ) -> Result<Page<Payment>>;
}
