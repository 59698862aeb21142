//! What is done to webhook endpoints by hand, and the types of events that they can get.

use ::http::StatusCode;
use axum::extract::State;

use super::endpoints::{Ids, endpoint_id};
use super::extract::{By, Id, JsonOrNone, Params, time};
use super::once::once;
use super::users::not_stored;
use super::{Rest, Told, collection, json};
use crate::app::Caller;
use crate::domain::webhook::{self as domain, JobKind, JobStart};
use crate::domain::{DeliveryId, Error, EventId, EventType, JobId, Violation};
use crate::wire::event_types;
use crate::wire::webhook::{Delivery, Endpoint, Job, JobInput, RotateInput};

/// rotateWebhookSecret
pub async fn rotate(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    JsonOrNone(input): JsonOrNone<RotateInput>,
) -> Told {
    let id = endpoint_id(&id.0)?;
    let encode = |(endpoint, secret): &(domain::Endpoint, String)| {
        not_stored(json(
            StatusCode::OK,
            &Endpoint { secret: Some(secret.clone()), ..Endpoint::from(endpoint) },
        ))
    };
    let rotate =
        async |caller: &Caller| rest.app.rotate_endpoint_secret(caller, id, input.overlap_seconds).await;
    once(&rest, caller, encode, rotate).await
}

/// pauseWebhookEndpoint
pub async fn pause(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    set_paused(&rest, &caller, &id, true).await
}

/// resumeWebhookEndpoint
pub async fn resume(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    set_paused(&rest, &caller, &id, false).await
}

async fn set_paused(rest: &Rest, caller: &Caller, id: &Id, paused: bool) -> Told {
    let endpoint = rest.app.pause_endpoint(caller, endpoint_id(&id.0)?, paused).await?;
    Ok(json(StatusCode::OK, &Endpoint::from(&endpoint)))
}

/// testWebhookEndpoint
pub async fn test(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let id = endpoint_id(&id.0)?;
    let encode = |event: &EventId| {
        let kind = EventType::EndpointTest.name();
        json(StatusCode::ACCEPTED, &serde_json::json!({ "eventId": event.to_string(), "eventType": kind }))
    };
    once(&rest, caller, encode, async |caller| rest.app.test_endpoint(caller, id).await).await
}

/// resendDelivery
pub async fn resend(State(rest): State<Rest>, By(caller): By, Id((endpoint, delivery)): Ids) -> Told {
    let delivery = DeliveryId::parse_address("deliveryId", &delivery)?;
    let endpoint = endpoint_id(&endpoint)?;
    let encode = |delivery: &domain::Delivery| json(StatusCode::ACCEPTED, &Delivery::from(delivery));
    once(&rest, caller, encode, async |caller| rest.app.resend_delivery(caller, endpoint, delivery).await)
        .await
}

/// resendFailedDeliveries
pub async fn resend_failed(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    JsonOrNone(input): JsonOrNone<JobInput>,
) -> Told {
    if input.cursor.is_some() {
        let message = "is for a replay; failed deliveries are found by time";
        return Err(Error::invalid(Violation::new("cursor", "unknown_field", message)).into());
    }
    start(&rest, caller, &id, JobKind::ResendFailed, input).await
}

/// replayEvents
pub async fn replay(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    JsonOrNone(input): JsonOrNone<JobInput>,
) -> Told {
    start(&rest, caller, &id, JobKind::Replay, input).await
}

async fn start(rest: &Rest, caller: Caller, id: &Id, kind: JobKind, input: JobInput) -> Told {
    let id = endpoint_id(&id.0)?;
    let from = match (input.since, input.cursor) {
        (Some(since), None) => JobStart::Since(time("since", &since).map_err(Error::invalid)?),
        (None, Some(cursor)) => rest.app.job_start(&cursor).await?,
        (None, None) => return Err(Error::invalid(Violation::required("since")).into()),
        (Some(_), Some(_)) => {
            let message = "cannot be given together with since";
            return Err(Error::invalid(Violation::new("cursor", "conflict", message)).into());
        }
    };
    let encode = |job: &domain::Job| json(StatusCode::ACCEPTED, &Job::from(job));
    once(rest, caller, encode, async |caller| rest.app.start_webhook_job(caller, id, kind, from).await).await
}

/// listWebhookJobs
pub async fn jobs(State(rest): State<Rest>, By(caller): By, id: Id, params: Params) -> Told {
    let id = endpoint_id(&id.0)?;
    let (request, query) = params.page()?;
    let page = rest.app.list_webhook_jobs(&caller.principal, id, request).await?;
    Ok(collection(&page, &format!("/v1/webhook-endpoints/{id}/jobs"), &query, |job| Job::from(job)))
}

/// getWebhookJob
pub async fn job(State(rest): State<Rest>, By(caller): By, Id((endpoint, job)): Ids) -> Told {
    let job = JobId::parse_address("jobId", &job)?;
    let job = rest.app.get_webhook_job(&caller.principal, endpoint_id(&endpoint)?, job).await?;
    Ok(json(StatusCode::OK, &Job::from(&job)))
}

/// cancelWebhookJob
pub async fn cancel_job(State(rest): State<Rest>, By(caller): By, Id((endpoint, job)): Ids) -> Told {
    let job = JobId::parse_address("jobId", &job)?;
    let job = rest.app.cancel_webhook_job(&caller, endpoint_id(&endpoint)?, job).await?;
    Ok(json(StatusCode::OK, &Job::from(&job)))
}

/// listEventTypes
pub async fn event_types() -> Told {
    let types: Vec<_> = EventType::ALL.iter().map(|kind| event_types::describe(*kind)).collect();
    Ok(json(StatusCode::OK, &serde_json::json!({ "data": types })))
}

/// getEventType
pub async fn event_type(id: Id) -> Told {
    let kind = EventType::from_name(&id.0).ok_or(Error::NotFound("event type"))?;
    Ok(json(StatusCode::OK, &event_types::describe(kind)))
}
