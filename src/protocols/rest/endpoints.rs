//! `/webhook-endpoints`, and what was delivered to them.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::IntoResponse;

use super::extract::{By, Id, Json, Params};
use super::once::once;
use super::users::not_stored;
use super::{Rest, Told, collection, created, json};
use crate::app::Caller;
use crate::domain::webhook as domain;
use crate::domain::{DeliveryId, EndpointId, Error, EventType};
use crate::wire::webhook::{Attempt, Delivery, Endpoint, EndpointInput};

/// createWebhookEndpoint
pub async fn create(State(rest): State<Rest>, By(caller): By, Json(input): Json<EndpointInput>) -> Told {
    let draft = input.draft()?;
    let encode = |(endpoint, secret): &(domain::Endpoint, String)| {
        let body = Endpoint { secret: Some(secret.clone()), ..Endpoint::from(endpoint) };
        not_stored(created(&format!("/v1/webhook-endpoints/{}", endpoint.id), &body))
    };
    once(&rest, caller, encode, async |caller| rest.app.create_endpoint(caller, draft).await).await
}

/// listWebhookEndpoints
pub async fn list(State(rest): State<Rest>, By(caller): By, params: Params) -> Told {
    let (request, query) = params.page()?;
    let page = rest.app.list_endpoints(&caller.principal, request).await?;
    Ok(collection(&page, "/v1/webhook-endpoints", &query, |endpoint| Endpoint::from(endpoint)))
}

/// getWebhookEndpoint
pub async fn get(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let endpoint = rest.app.get_endpoint(&caller.principal, endpoint_id(&id.0)?).await?;
    Ok(json(StatusCode::OK, &Endpoint::from(&endpoint)))
}

/// updateWebhookEndpoint
pub async fn update(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    Json(input): Json<EndpointInput>,
) -> Told {
    let endpoint = rest.app.update_endpoint(&caller, endpoint_id(&id.0)?, input.draft()?).await?;
    Ok(json(StatusCode::OK, &Endpoint::from(&endpoint)))
}

/// deleteWebhookEndpoint
pub async fn delete(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    rest.app.delete_endpoint(&caller, endpoint_id(&id.0)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// listDeliveries
pub async fn deliveries(State(rest): State<Rest>, By(caller): By, id: Id, mut params: Params) -> Told {
    let id = endpoint_id(&id.0)?;
    let filter = domain::DeliveryFilter {
        status: params.read("status", |text| domain::DeliveryStatus::parse("status", text)),
        event_type: params.read("eventType", |text| EventType::parse("eventType", text)),
        status_code: status_code(&mut params),
        since: params.time("since"),
        until: params.time("until"),
    };
    let (request, query) = params.page()?;
    let page = rest.app.list_deliveries(&caller.principal, id, &filter, request).await?;
    let path = format!("/v1/webhook-endpoints/{id}/deliveries");
    Ok(collection(&page, &path, &query, |delivery| Delivery::from(delivery)))
}

pub(super) type Ids = Id<(String, String)>;

/// getDelivery
pub async fn delivery(State(rest): State<Rest>, By(caller): By, ids: Ids) -> Told {
    let (delivery, _) = find(&rest, &caller, ids).await?;
    Ok(json(StatusCode::OK, &Delivery::from(&delivery)))
}

/// listAttempts
pub async fn attempts(State(rest): State<Rest>, By(caller): By, ids: Ids) -> Told {
    let (_, attempts) = find(&rest, &caller, ids).await?;
    let attempts: Vec<Attempt> = attempts.iter().map(Attempt::from).collect();
    Ok(json(StatusCode::OK, &serde_json::json!({ "data": attempts })))
}

/// listEndpointAttempts
pub async fn all_attempts(State(rest): State<Rest>, By(caller): By, id: Id, mut params: Params) -> Told {
    let id = endpoint_id(&id.0)?;
    let filter = domain::AttemptFilter {
        succeeded: params.flag("succeeded"),
        event_type: params.read("eventType", |text| EventType::parse("eventType", text)),
        status_code: status_code(&mut params),
        since: params.time("since"),
        until: params.time("until"),
    };
    let (request, query) = params.page()?;
    let page = rest.app.list_attempts(&caller.principal, id, &filter, request).await?;
    let path = format!("/v1/webhook-endpoints/{id}/attempts");
    Ok(collection(&page, &path, &query, |attempt| Attempt::from(attempt)))
}

fn status_code(params: &mut Params) -> Option<u16> {
    params.number("statusCode", 100, 999).and_then(|code| u16::try_from(code).ok())
}

async fn find(
    rest: &Rest,
    caller: &Caller,
    Id((endpoint, delivery)): Ids,
) -> Result<(domain::Delivery, Vec<domain::Attempt>), Error> {
    let delivery = DeliveryId::parse_address("deliveryId", &delivery)?;
    rest.app.get_delivery(&caller.principal, endpoint_id(&endpoint)?, delivery).await
}

pub(super) fn endpoint_id(text: &str) -> Result<EndpointId, Error> {
    EndpointId::parse_address("id", text)
}
