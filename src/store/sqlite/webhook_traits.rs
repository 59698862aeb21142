//! Both sides of sending webhooks again and of what other systems sent here.

use async_trait::async_trait;

use super::engine::SqliteEngine;
use super::reads::SqliteReads;
use super::{attempts, deliveries, events, inbound, redeliveries, webhooks};
use crate::domain::inbound::{Inbound, InboundFilter, InboundSource, Settled, SourceOrder};
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Attempt, AttemptFilter, Delivery, Endpoint, Job, RecordedAttempt};
use crate::domain::{DeliveryId, EndpointId, InboundId, JobId, OrderId, Result, Seq, Tenant, Timestamp};
use crate::store::{LogBounds, WebhookReads, WebhookWrites};

#[async_trait]
impl WebhookReads for SqliteReads {
    async fn list_endpoint_attempts(
        &self,
        tenant: Tenant,
        endpoint: EndpointId,
        filter: &AttemptFilter,
        page: PageRequest,
    ) -> Result<Page<Attempt>> {
        attempts::of_endpoint(&mut self.reading().await?.link(), tenant, endpoint, filter, page).await
    }

    async fn attempts_after(
        &self,
        tenant: Tenant,
        endpoint: EndpointId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<RecordedAttempt>> {
        attempts::after(&mut self.reading().await?.link(), tenant, endpoint, after, limit).await
    }

    async fn attempt_bounds(&self, tenant: Tenant, endpoint: EndpointId) -> Result<Option<LogBounds>> {
        attempts::bounds(&mut self.reading().await?.link(), tenant, endpoint).await
    }

    async fn find_job(&self, tenant: Tenant, id: JobId) -> Result<Option<Job>> {
        redeliveries::find_job(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn list_jobs(&self, tenant: Tenant, endpoint: EndpointId, page: PageRequest) -> Result<Page<Job>> {
        redeliveries::list_jobs(&mut self.reading().await?.link(), tenant, endpoint, page).await
    }

    async fn find_inbound(&self, tenant: Tenant, id: InboundId) -> Result<Option<Inbound>> {
        inbound::find(&mut self.reading().await?.link(), tenant, id).await
    }

    async fn list_inbound(
        &self,
        tenant: Tenant,
        filter: &InboundFilter,
        page: PageRequest,
    ) -> Result<Page<Inbound>> {
        inbound::list(&mut self.reading().await?.link(), tenant, filter, page).await
    }
}

#[async_trait(?Send)]
impl WebhookWrites for SqliteEngine {
    async fn endpoint_or_lane(&mut self, tenant: Tenant, id: EndpointId) -> Result<Option<Endpoint>> {
        webhooks::find_any(&mut self.link(), tenant, id).await
    }

    async fn delivery(&mut self, tenant: Tenant, id: DeliveryId) -> Result<Option<Delivery>> {
        deliveries::find(&mut self.link(), tenant, id).await
    }

    async fn reopen_delivery(&mut self, tenant: Tenant, id: DeliveryId, now: Timestamp) -> Result<bool> {
        redeliveries::reopen(&mut self.link(), tenant, id, now).await
    }

    async fn redeliver(&mut self, deliveries: &[Delivery]) -> Result<u64> {
        redeliveries::redeliver(&mut self.link(), deliveries).await
    }

    async fn reopen_failed(&mut self, job: &Job, now: Timestamp, limit: u32) -> Result<Job> {
        redeliveries::reopen_failed(&mut self.link(), job, now, limit).await
    }

    async fn insert_job(&mut self, job: &Job) -> Result<()> {
        redeliveries::insert_job(&mut self.link(), job).await
    }

    async fn update_job(&mut self, job: &Job) -> Result<()> {
        redeliveries::update_job(&mut self.link(), job).await
    }

    async fn running_job(&mut self, last: Option<JobId>) -> Result<Option<Job>> {
        redeliveries::running_job(&mut self.link(), last).await
    }

    async fn job(&mut self, tenant: Tenant, id: JobId) -> Result<Option<Job>> {
        redeliveries::find_job(&mut self.link(), tenant, id).await
    }

    async fn count_running_jobs(&mut self, endpoint: EndpointId) -> Result<u64> {
        redeliveries::count_running(&mut self.link(), endpoint).await
    }

    async fn bounds(&mut self) -> Result<LogBounds> {
        events::bounds(&mut self.link()).await
    }

    async fn seq_before(&mut self, at: Timestamp) -> Result<Seq> {
        redeliveries::seq_before(&mut self.link(), at).await
    }

    async fn inbound(&mut self, tenant: Tenant, id: InboundId) -> Result<Option<Inbound>> {
        inbound::find(&mut self.link(), tenant, id).await
    }

    async fn inbound_by_key(
        &mut self,
        tenant: Tenant,
        source: InboundSource,
        external_id: &str,
    ) -> Result<Option<Inbound>> {
        inbound::by_key(&mut self.link(), tenant, source, external_id).await
    }

    async fn insert_inbound(&mut self, inbound: &Inbound) -> Result<()> {
        inbound::insert(&mut self.link(), inbound).await
    }

    async fn update_inbound(&mut self, inbound: &Inbound) -> Result<()> {
        inbound::update(&mut self.link(), inbound).await
    }

    async fn source_order(
        &mut self,
        tenant: Tenant,
        source: InboundSource,
        external_id: &str,
    ) -> Result<Option<SourceOrder>> {
        inbound::source_order(&mut self.link(), tenant, source, external_id).await
    }

    async fn put_source_order(
        &mut self,
        tenant: Tenant,
        source: InboundSource,
        order: &SourceOrder,
    ) -> Result<()> {
        inbound::put_source_order(&mut self.link(), tenant, source, order).await
    }

    async fn settled_by(&mut self, tenant: Tenant, source: InboundSource, order: OrderId) -> Result<Settled> {
        inbound::settled(&mut self.link(), tenant, source, order).await
    }

    async fn put_settled_by(
        &mut self,
        tenant: Tenant,
        source: InboundSource,
        order: OrderId,
        settled: Settled,
    ) -> Result<()> {
        inbound::put_settled(&mut self.link(), tenant, source, order, settled).await
    }

    async fn purge_inbound(&mut self, before: Timestamp, limit: u32) -> Result<u64> {
        inbound::purge(&mut self.link(), before, limit).await
    }
}
