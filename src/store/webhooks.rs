//! Sending webhooks again, and what other systems sent here.

use async_trait::async_trait;

use super::LogBounds;
use crate::domain::inbound::{Inbound, InboundFilter, InboundSource, Settled, SourceOrder};
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Attempt, AttemptFilter, Delivery, Endpoint, Job, RecordedAttempt};
use crate::domain::{
    DeliveryId, EndpointId, InboundId, JobId, OrderId, Result, Seq, Tenant, Timestamp, UserId,
};

/// Whose endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    Staff,
    User(UserId),
    /// All users together.
    Users,
}

/// What can be read of it.
#[async_trait]
pub trait WebhookReads: Send + Sync {
    /// Those of the newest event first.
    async fn list_endpoint_attempts(
        &self,
        tenant: Tenant,
        endpoint: EndpointId,
        filter: &AttemptFilter,
        page: PageRequest,
    ) -> Result<Page<Attempt>>;
    /// The first `limit` attempts for an endpoint after a position, in the order in which they were recorded.
    async fn attempts_after(
        &self,
        tenant: Tenant,
        endpoint: EndpointId,
        after: Seq,
        limit: u32,
    ) -> Result<Vec<RecordedAttempt>>;
    /// Which positions of an endpoint's attempts can be gone on after: all attempts after `floor` are kept, and no position
    /// is beyond `head`. Nothing when there is no such endpoint.
    async fn attempt_bounds(&self, tenant: Tenant, endpoint: EndpointId) -> Result<Option<LogBounds>>;
    async fn find_job(&self, tenant: Tenant, id: JobId) -> Result<Option<Job>>;
    /// Newest first.
    async fn list_jobs(&self, tenant: Tenant, endpoint: EndpointId, page: PageRequest) -> Result<Page<Job>>;
    async fn find_inbound(&self, tenant: Tenant, id: InboundId) -> Result<Option<Inbound>>;
    /// Newest first.
    async fn list_inbound(
        &self,
        tenant: Tenant,
        filter: &InboundFilter,
        page: PageRequest,
    ) -> Result<Page<Inbound>>;
}

/// What can be done to it inside a transaction.
#[async_trait(?Send)]
pub trait WebhookWrites {
    /// An endpoint, or a lane of callbacks, which has a health as well.
    async fn endpoint_or_lane(&mut self, tenant: Tenant, id: EndpointId) -> Result<Option<Endpoint>>;
    async fn delivery(&mut self, tenant: Tenant, id: DeliveryId) -> Result<Option<Delivery>>;
    /// Makes a delivery due at `now`, with the schedule from its beginning; false when its event is no longer kept.
    async fn reopen_delivery(&mut self, tenant: Tenant, id: DeliveryId, now: Timestamp) -> Result<bool>;
    /// Makes the deliveries due, whether they exist or not; those that are pending stay as they are. Returns how many it
    /// made due.
    async fn redeliver(&mut self, deliveries: &[Delivery]) -> Result<u64>;
    /// Makes up to `limit` failed deliveries that `job` is about due at `now`. Returns the job as it is then.
    async fn reopen_failed(&mut self, job: &Job, now: Timestamp, limit: u32) -> Result<Job>;
    async fn insert_job(&mut self, job: &Job) -> Result<()>;
    /// Replaces how far it is.
    async fn update_job(&mut self, job: &Job) -> Result<()>;
    /// One that is not finished, of any tenant: the oldest of those after `last`, else the oldest.
    async fn running_job(&mut self, last: Option<JobId>) -> Result<Option<Job>>;
    /// One of the tenant's.
    async fn job(&mut self, tenant: Tenant, id: JobId) -> Result<Option<Job>>;
    async fn count_running_jobs(&mut self, endpoint: EndpointId) -> Result<u64>;
    /// Where the log begins and ends.
    async fn bounds(&mut self) -> Result<LogBounds>;
    /// The position before the first event that occurred at `at` or later.
    async fn seq_before(&mut self, at: Timestamp) -> Result<Seq>;

    async fn inbound(&mut self, tenant: Tenant, id: InboundId) -> Result<Option<Inbound>>;
    async fn inbound_by_key(
        &mut self,
        tenant: Tenant,
        source: InboundSource,
        external_id: &str,
    ) -> Result<Option<Inbound>>;
    async fn insert_inbound(&mut self, inbound: &Inbound) -> Result<()>;
    /// Replaces what was made of it.
    async fn update_inbound(&mut self, inbound: &Inbound) -> Result<()>;
    /// What the source said last of one of its orders.
    async fn source_order(
        &mut self,
        tenant: Tenant,
        source: InboundSource,
        external_id: &str,
    ) -> Result<Option<SourceOrder>>;
    async fn put_source_order(
        &mut self,
        tenant: Tenant,
        source: InboundSource,
        order: &SourceOrder,
    ) -> Result<()>;
    /// Takes away up to `limit` that came before `before`, but for those that someone must look at.
    /// What a source has done to the money of an order.
    async fn settled_by(&mut self, tenant: Tenant, source: InboundSource, order: OrderId) -> Result<Settled>;
    async fn put_settled_by(
        &mut self,
        tenant: Tenant,
        source: InboundSource,
        order: OrderId,
        settled: Settled,
    ) -> Result<()>;
    async fn purge_inbound(&mut self, before: Timestamp, limit: u32) -> Result<u64>;
}
