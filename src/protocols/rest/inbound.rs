//! What other systems send here (seeds 003 and 004), and what an administrator does with it.

use ::http::{HeaderMap, Request, StatusCode};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::post;

use super::extract::{By, Id, Params, read_body};
use super::{Rest, Told, collection, json};
use crate::app::Caller;
use crate::domain::audit::Channel;
use crate::domain::inbound::{InboundFilter, InboundSource, InboundStatus};
use crate::domain::{Error, InboundId, OrderId, Principal, Result, Tenant};
use crate::protocols::http;
use crate::wire::inbound::{Execution, Inbound};

const OFF: Error = Error::UnknownOperation("there is nothing at this path");

/// The routes that lie where their senders expect them, outside `/v1`.
pub fn root_router(rest: Rest) -> Router {
    Router::new().route("/api/service/webhook-event/{kind}", post(provider)).with_state(rest)
}

/// A sender is nobody of the store's users; its tenant is a setting.
fn sender(parts: &::http::request::Parts, tenant: Tenant) -> Caller {
    Caller::new(Principal::anonymous(tenant), http::origin(parts, Channel::Inbound))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

async fn text(body: Body, rest: &Rest) -> Result<(bytes::Bytes, String)> {
    let bytes = read_body(body, rest.max_body_bytes).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::malformed("body", "must be in UTF-8"))?;
    let text = text.to_owned();
    Ok((bytes, text))
}

/// providerWebhookEvent
async fn provider(State(rest): State<Rest>, Id(kind): Id, request: Request<Body>) -> Told {
    let provider = rest.integrations.provider.as_ref().ok_or(OFF)?;
    let (parts, body) = request.into_parts();
    let (raw, body) = text(body, &rest).await?;
    provider.verify(header(&parts.headers, "x-ivy-signature"), &raw)?;
    let draft = provider.read(&kind, &body)?;
    rest.app.receive_inbound(&sender(&parts, provider.tenant), draft).await?;
    Ok(json(StatusCode::OK, &serde_json::json!({ "received": true })))
}

/// anyspendOrderCompleted
pub async fn anyspend(State(rest): State<Rest>, request: Request<Body>) -> Told {
    let anyspend = rest.integrations.anyspend.as_ref().ok_or(OFF)?;
    let (parts, body) = request.into_parts();
    anyspend.verify(header(&parts.headers, "x-api-key"))?;
    let (_, body) = text(body, &rest).await?;
    let draft = anyspend.read(&body)?;
    let inbound = rest.app.receive_inbound(&sender(&parts, anyspend.tenant), draft).await?;
    let ids = (inbound.id.to_string(), inbound.run_id.to_string());
    Ok(json(StatusCode::OK, &serde_json::json!({ "executionId": ids.0, "runId": ids.1 })))
}

/// listInboundDeliveries
pub async fn list(State(rest): State<Rest>, By(caller): By, mut params: Params) -> Told {
    let filter = InboundFilter {
        source: params.read("source", |text| InboundSource::parse("source", text)),
        status: params.read("status", |text| InboundStatus::parse("status", text)),
        order_id: params.read("orderId", |text| OrderId::parse("orderId", text)),
        since: params.time("since"),
        until: params.time("until"),
    };
    let (request, query) = params.page()?;
    let page = rest.app.list_inbound(&caller.principal, &filter, request).await?;
    Ok(collection(&page, "/v1/admin/inbound-deliveries", &query, |inbound| Inbound::from(inbound)))
}

/// getInboundDelivery
pub async fn get(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let inbound = rest.app.get_inbound(&caller.principal, inbound_id(&id.0)?).await?;
    Ok(json(StatusCode::OK, &Inbound { body: Some(inbound.body.clone()), ..Inbound::from(&inbound) }))
}

/// reprocessInboundDelivery
pub async fn reprocess(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let id = inbound_id(&id.0)?;
    let inbound = rest.app.get_inbound(&caller.principal, id).await?;
    let draft = rest.integrations.understand(&inbound)?;
    let inbound = rest.app.reprocess_inbound(&caller, id, draft).await?;
    Ok(json(StatusCode::OK, &Inbound::from(&inbound)))
}

/// getExecution
pub async fn execution(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let inbound = rest.app.get_inbound(&caller.principal, inbound_id(&id.0)?).await?;
    Ok(json(StatusCode::OK, &Execution::from(&inbound)))
}

fn inbound_id(text: &str) -> Result<InboundId> {
    InboundId::parse_address("id", text)
}
