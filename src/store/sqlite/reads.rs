//! The readers' side: a pool of connections that cannot write.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;

use super::failure;
use super::link::Link;
use super::totals::Totals;
use super::{
    DirectoryLock, answers, attempts, audit, deliveries, events, orders, payments, pet_images, pet_list,
    pets, stats, tokens, users, webhooks,
};
use crate::domain::audit::{AuditFilter, AuditRecord};
use crate::domain::event::Key;
use crate::domain::image::PetImage;
use crate::domain::inventory::SpeciesStock;
use crate::domain::order::OrderFilter;
use crate::domain::page::{Page, PageRequest};
use crate::domain::pet::PetFilter;
use crate::domain::stats::StoreStats;
use crate::domain::user::UserFilter;
use crate::domain::webhook::{Attempt, Delivery, DeliveryFilter, Endpoint};
use crate::domain::{
    AuditId, DeliveryId, EndpointId, Epoch, Error, Event, ImageId, Order, OrderId, Payment, Pet, PetId,
    Receipt, ReceiptId, Result, Seq, Tenant, Timestamp, User, UserId,
};
use crate::store::{Credentials, KeptAnswer, LogBounds, Reads, Revocation, Writer};

/// The connections that read, each a snapshot of its own for each statement.
pub(super) struct SqliteReads {
    pool: SqlitePool,
    epoch: Epoch,
    /// To ask whether it can write.
    writer: Writer,
    totals: Arc<Totals>,
    lock: DirectoryLock,
}

/// A connection from the pool for the length of one call.
pub(super) struct Reading(PoolConnection<Sqlite>);

impl Reading {
    pub(super) fn link(&mut self) -> Link<'_> {
        Link::pool(&mut self.0)
    }
}

impl SqliteReads {
    /// Reads the log that `epoch` names.
    pub fn new(
        pool: SqlitePool,
        epoch: Epoch,
        writer: Writer,
        totals: Arc<Totals>,
        lock: DirectoryLock,
    ) -> Self {
        Self { pool, epoch, writer, totals, lock }
    }

    pub(super) async fn reading(&self) -> Result<Reading> {
        self.pool.acquire().await.map(Reading).map_err(failure::of_pool)
    }
}

#[async_trait]
impl Reads for SqliteReads {
    async fn find_pet(&self, tenant: Tenant, id: PetId) -> Result<Option<Pet>> {
        pets::find(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn list_pets(&self, tenant: Tenant, filter: &PetFilter, page: PageRequest) -> Result<Page<Pet>> {
        pet_list::page(&mut self.reading().await?.link(), &self.totals, tenant, filter, page).await
    }

    async fn inventory(&self, tenant: Tenant) -> Result<Vec<SpeciesStock>> {
        pets::inventory(&mut self.reading().await?.link(), tenant).await
    }

    async fn find_pet_image(&self, tenant: Tenant, pet: PetId, id: ImageId) -> Result<Option<PetImage>> {
        pet_images::find(&mut self.reading().await?.link(), tenant, pet, id).await
    }

    async fn unknown_images(&self, ids: &[ImageId]) -> Result<Vec<ImageId>> {
        pet_images::unknown(&mut self.reading().await?.link(), ids).await
    }

    async fn find_user(&self, tenant: Tenant, id: UserId) -> Result<Option<User>> {
        users::find(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn list_users(&self, tenant: Tenant, filter: &UserFilter, page: PageRequest) -> Result<Page<User>> {
        users::list(&mut self.reading().await?.link(), tenant, filter, page).await
    }

    async fn find_audit(&self, tenant: Tenant, id: AuditId) -> Result<Option<AuditRecord>> {
        audit::find(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn list_audit(
        &self,
        tenant: Tenant,
        filter: &AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>> {
        audit::list(&mut self.reading().await?.link(), tenant, filter, page).await
    }

    async fn stats(&self, tenant: Tenant, first_day: i64, now: Timestamp) -> Result<StoreStats> {
        stats::all(&mut self.reading().await?.link(), tenant, first_day, now).await
    }

    async fn find_credentials(&self, tenant: Tenant, login: &str) -> Result<Option<Credentials>> {
        users::credentials(&mut self.reading().await?.link(), tenant, login).await
    }

    async fn revocations(&self) -> Result<Vec<Revocation>> {
        tokens::revocations(&mut self.reading().await?.link()).await
    }

    async fn has_users(&self) -> Result<bool> {
        users::any(&mut self.reading().await?.link()).await
    }

    async fn find_answer(&self, tenant: Tenant, id: &[u8; 32]) -> Result<Option<KeptAnswer>> {
        answers::find(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn find_order(&self, tenant: Tenant, id: OrderId) -> Result<Option<Order>> {
        orders::find(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn list_orders(
        &self,
        tenant: Tenant,
        filter: &OrderFilter,
        page: PageRequest,
    ) -> Result<Page<Order>> {
        orders::list(&mut self.reading().await?.link(), tenant, filter, page).await
    }

    async fn payments_of(&self, tenant: Tenant, order: OrderId) -> Result<Vec<Payment>> {
        payments::of_order(&mut self.reading().await?.link(), tenant, order).await
    }

    async fn find_receipt(&self, tenant: Tenant, id: ReceiptId) -> Result<Option<(Receipt, Payment, Order)>> {
        payments::find_receipt(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn find_endpoint(&self, tenant: Tenant, id: EndpointId) -> Result<Option<Endpoint>> {
        webhooks::find(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn list_endpoints(
        &self,
        tenant: Tenant,
        owner: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Endpoint>> {
        webhooks::list(&mut self.reading().await?.link(), tenant, owner, page).await
    }

    async fn enabled_endpoints(&self, tenants: &[Tenant]) -> Result<Vec<Endpoint>> {
        webhooks::enabled(&mut self.reading().await?.link(), tenants).await
    }

    async fn find_delivery(&self, tenant: Tenant, id: DeliveryId) -> Result<Option<Delivery>> {
        deliveries::find(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn list_deliveries(
        &self,
        tenant: Tenant,
        endpoint: EndpointId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<Delivery>> {
        deliveries::list(&mut self.reading().await?.link(), tenant, endpoint, filter, page).await
    }

    async fn list_attempts(&self, tenant: Tenant, delivery: DeliveryId) -> Result<Vec<Attempt>> {
        attempts::of_delivery(&mut self.reading().await?.link(), tenant, delivery).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        deliveries::next_due(&mut self.reading().await?.link()).await
    }

    async fn log_bounds(&self) -> Result<LogBounds> {
        events::bounds(&mut self.reading().await?.link()).await
    }

    async fn read_events(&self, keys: &[Key], after: Seq, upto: Seq, limit: u32) -> Result<Vec<Event>> {
        events::page(&mut self.reading().await?.link(), self.epoch, keys, (after, upto), limit).await
    }

    async fn ping(&self) -> Result<()> {
        if !self.writer.is_open() {
            return Err(Error::unavailable("the writer has ended"));
        }
        self.log_bounds().await.map(drop)
    }

    async fn close(&self) {
        self.pool.close().await;
        // A handle that is still somewhere is of no use any more, and must not keep the next process out.
        let _ = self.lock.unlock();
    }
}
