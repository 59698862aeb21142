//! What was sent, or is to be sent, to webhook endpoints.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};

use super::scalars::{Cursor, DateTime};
use super::webhook::WebhookEndpoint;
use crate::domain::webhook::RecordedAttempt;
use crate::domain::{DeliveryId, EndpointId, webhook};
use crate::protocols::graphql::loaders::{AttemptsOf, load};
use crate::protocols::graphql::schema::{LOOKUP_COST, list_cost, nested_limit};

/// Where a delivery stands.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::webhook::DeliveryStatus")]
pub enum WebhookDeliveryStatus {
    /// It waits for its next attempt.
    Pending,
    /// The receiver took it.
    Succeeded,
    /// It was given up; it can be sent again by hand.
    #[graphql(name = "DEAD_LETTER")]
    Dead,
}

/// What a job sends again.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::webhook::JobKind")]
pub enum WebhookJobKind {
    /// Deliveries that failed.
    ResendFailed,
    /// Every event that is for the endpoint.
    Replay,
}

/// One event for one endpoint.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct WebhookDelivery {
    /// The delivery's id.
    pub(super) id: ID,
    /// The endpoint that it goes to.
    endpoint_id: ID,
    /// The event.
    event_id: ID,
    /// The event's type.
    event_type: &'static str,
    /// Where it stands.
    status: WebhookDeliveryStatus,
    /// How many attempts were made so far.
    attempt_count: u32,
    /// What the last attempt was answered.
    last_status_code: Option<u16>,
    /// When the next attempt is due.
    next_attempt_at: Option<DateTime>,
    /// When it was made.
    created_at: DateTime,
    /// When it was taken or given up.
    settled_at: Option<DateTime>,
    #[graphql(skip)]
    ids: (EndpointId, DeliveryId),
}

/// One HTTP try of a delivery.
#[derive(Clone, SimpleObject)]
pub struct WebhookAttempt {
    /// The attempt's id.
    pub(super) id: ID,
    /// The delivery that was tried.
    delivery_id: ID,
    /// Counted from 1.
    number: u32,
    /// When it began.
    started_at: DateTime,
    /// How long it took, milliseconds.
    duration_ms: u32,
    /// The address that was connected to.
    address: Option<String>,
    /// What was sent; the values of the owner's own headers are masked.
    request_headers: Vec<WebhookHeader>,
    /// What the receiver answered; null when it did not.
    status_code: Option<u16>,
    /// The headers of the answer.
    response_headers: Vec<WebhookHeader>,
    /// Why there was no answer, or why it counts as failed.
    error: Option<String>,
    /// The first bytes of the answer's body.
    response_body: Option<String>,
}

/// An attempt that was made, and what it means for its delivery.
#[derive(SimpleObject)]
pub struct WebhookDeliveryUpdate {
    /// Its place among the attempts: give it back as `after` to go on behind it.
    cursor: Cursor,
    /// When the attempt began.
    timestamp: DateTime,
    /// The attempt.
    attempt: WebhookAttempt,
    /// The delivery as it is now; later attempts of it may have been made since.
    delivery: WebhookDelivery,
}

/// A header; there may be several of a name.
#[derive(Clone, SimpleObject)]
pub struct WebhookHeader {
    /// Its name.
    name: String,
    /// Its value.
    value: String,
}

/// Sending again in bulk.
#[derive(Clone, SimpleObject)]
pub struct WebhookJob {
    /// The job's id.
    pub(super) id: ID,
    /// The endpoint that it sends to.
    endpoint_id: ID,
    /// What it sends again.
    kind: WebhookJobKind,
    /// Whether it has come to its end, or was cancelled.
    finished: bool,
    /// How much is done.
    progress_percent: u64,
    /// Deliveries that it made due.
    queued: u64,
    /// Since when what happened is sent again.
    since: Option<DateTime>,
    /// When it was started.
    created_at: DateTime,
    /// Whether it was ended before its end.
    cancelled: bool,
    /// When it came to its end, or was cancelled.
    finished_at: Option<DateTime>,
}

#[ComplexObject]
impl WebhookDelivery {
    /// The endpoint that it goes to.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn endpoint(&self, ctx: &Context<'_>) -> Result<Option<WebhookEndpoint>> {
        Ok(load(ctx, self.ids.0).await?.map(Into::into))
    }

    /// Its newest attempts, in their order.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn attempts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
    ) -> Result<Vec<WebhookAttempt>> {
        let attempts = load(ctx, AttemptsOf(self.ids.1, nested_limit(first)?)).await?;
        Ok(attempts.unwrap_or_default().into_iter().map(Into::into).collect())
    }
}

impl From<webhook::Delivery> for WebhookDelivery {
    fn from(delivery: webhook::Delivery) -> Self {
        Self {
            id: delivery.id.into(),
            endpoint_id: delivery.endpoint_id.into(),
            event_id: delivery.event_id.into(),
            event_type: delivery.event_type.name(),
            status: delivery.status.into(),
            attempt_count: delivery.attempts,
            last_status_code: delivery.last_status_code,
            next_attempt_at: delivery.next_attempt_at.map(Into::into),
            created_at: delivery.created_at.into(),
            settled_at: delivery.settled_at.map(Into::into),
            ids: (delivery.endpoint_id, delivery.id),
        }
    }
}

impl From<Arc<RecordedAttempt>> for WebhookDeliveryUpdate {
    fn from(recorded: Arc<RecordedAttempt>) -> Self {
        let RecordedAttempt { position, attempt, delivery } = &*recorded;
        Self {
            cursor: Cursor(position.to_attempts_cursor()),
            timestamp: attempt.started_at.into(),
            attempt: attempt.clone().into(),
            delivery: delivery.clone().into(),
        }
    }
}

fn headers(headers: webhook::Headers) -> Vec<WebhookHeader> {
    headers.into_iter().map(|(name, value)| WebhookHeader { name, value }).collect()
}

impl From<webhook::Attempt> for WebhookAttempt {
    fn from(attempt: webhook::Attempt) -> Self {
        Self {
            id: attempt.id.into(),
            delivery_id: attempt.delivery_id.into(),
            number: attempt.number,
            started_at: attempt.started_at.into(),
            duration_ms: attempt.duration_ms,
            address: attempt.address,
            request_headers: headers(attempt.request_headers),
            status_code: attempt.status_code,
            response_headers: headers(attempt.response_headers),
            error: attempt.error,
            response_body: attempt.response_body,
        }
    }
}

impl From<webhook::Job> for WebhookJob {
    fn from(job: webhook::Job) -> Self {
        Self {
            id: job.id.into(),
            endpoint_id: job.endpoint_id.into(),
            kind: job.kind.into(),
            finished: job.finished_at.is_some(),
            progress_percent: job.progress_percent(),
            queued: job.queued,
            since: job.since.map(Into::into),
            created_at: job.created_at.into(),
            cancelled: job.cancelled,
            finished_at: job.finished_at.map(Into::into),
        }
    }
}
