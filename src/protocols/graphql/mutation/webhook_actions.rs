//! What is done to webhook deliveries by hand.

use async_graphql::{Context, ID, Object, Result};

use super::payload::payloads;
use crate::app::{App, Caller};
use crate::domain::webhook::{Job, JobKind, JobStart};
use crate::domain::{self, DeliveryId, EndpointId, Error, JobId, Violation};
use crate::protocols::graphql::inputs::webhooks::{ReplayEventsInput, ResendFailedDeliveriesInput};
use crate::protocols::graphql::schema::{CHANGE_COST, app, caller};
use crate::protocols::graphql::types::delivery::{WebhookDelivery, WebhookJob};

payloads! {
    TestWebhookEndpointPayload = "trying a webhook endpoint" {
        /// The event that it gets, and it alone.
        event_id: ID,
    }
    ResendWebhookDeliveryPayload = "sending a delivery again" {
        /// The delivery as it is now.
        delivery: WebhookDelivery,
    }
    ResendFailedDeliveriesPayload = "sending failed deliveries again" {
        /// The job that does it.
        job: WebhookJob,
    }
    ReplayEventsPayload = "sending events again" {
        /// The job that does it.
        job: WebhookJob,
    }
    CancelWebhookJobPayload = "cancelling a webhook job" {
        /// The job as it is now.
        job: WebhookJob,
    }
}

/// Deliveries by hand.
#[derive(Default)]
pub struct WebhookActions;

async fn start(
    (app, caller): (&App, &Caller),
    endpoint: &str,
    kind: JobKind,
    from: JobStart,
) -> domain::Result<(WebhookJob,)> {
    let endpoint = EndpointId::parse_address("id", endpoint)?;
    let job: Job = app.start_webhook_job(caller, endpoint, kind, from).await?;
    Ok((job.into(),))
}

#[Object]
impl WebhookActions {
    /// Sends a webhook endpoint, and it alone, an event `endpoint.test`.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn test_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] id: ID,
    ) -> Result<TestWebhookEndpointPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let test = async || app.test_endpoint(caller, EndpointId::parse_address("id", &id)?).await;
        TestWebhookEndpointPayload::of(test().await.map(|event| (event.into(),)))
    }

    /// Sends a delivery again now, with the schedule from its beginning.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn resend_webhook_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The delivery's id.")] id: ID,
    ) -> Result<ResendWebhookDeliveryPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let resend = async || {
            let id = DeliveryId::parse_address("id", &id)?;
            let delivery = app.delivery_by_id(&caller.principal, id).await?;
            app.resend_delivery(caller, delivery.endpoint_id, id).await
        };
        ResendWebhookDeliveryPayload::of(resend().await.map(|delivery| (delivery.into(),)))
    }

    /// Sends every failed delivery of an endpoint again that was made since a time.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn resend_failed_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] id: ID,
        #[graphql(desc = "Which of them.")] input: ResendFailedDeliveriesInput,
    ) -> Result<ResendFailedDeliveriesPayload> {
        let by = (app(ctx)?, caller(ctx)?);
        let resend = async || {
            let since = input.since.at("since").map_err(Error::invalid)?;
            start(by, &id, JobKind::ResendFailed, JobStart::Since(since)).await
        };
        ResendFailedDeliveriesPayload::of(resend().await)
    }

    /// Sends every event again that is for an endpoint, since a time or after a place in the log.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn replay_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] id: ID,
        #[graphql(desc = "Which of them.")] input: ReplayEventsInput,
    ) -> Result<ReplayEventsPayload> {
        let by = (app(ctx)?, caller(ctx)?);
        let replay = async || {
            let from = match (input.since, input.cursor) {
                (Some(since), None) => JobStart::Since(since.at("since").map_err(Error::invalid)?),
                (None, Some(cursor)) => by.0.job_start(&cursor.0).await?,
                (None, None) => return Err(Error::invalid(Violation::required("since"))),
                (Some(_), Some(_)) => {
                    let message = "cannot be given together with since";
                    return Err(Error::invalid(Violation::new("cursor", "conflict", message)));
                }
            };
            start(by, &id, JobKind::Replay, from).await
        };
        ReplayEventsPayload::of(replay().await)
    }

    /// Ends a job where it is: what it has made due is sent, nothing more is. One that has ended stays as it is.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn cancel_webhook_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] endpoint: ID,
        #[graphql(desc = "The job's id.")] id: ID,
    ) -> Result<CancelWebhookJobPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let cancel = async || {
            let endpoint = EndpointId::parse_address("endpoint", &endpoint)?;
            app.cancel_webhook_job(caller, endpoint, JobId::parse_address("id", &id)?).await
        };
        CancelWebhookJobPayload::of(cancel().await.map(|job| (job.into(),)))
    }
}
