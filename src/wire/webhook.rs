//! Webhook endpoints, deliveries and attempts.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::webhook::{self, EndpointDraft};

/// An endpoint. `secret` is shown once, when it was made.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    pub id: String,
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub event_types: Vec<String>,
    pub enabled: bool,
    pub disabled_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    pub user_id: Option<String>,
    pub created_at: String,
    pub updated_at: String,
    pub tenant_id: Option<Uuid>,
}

impl From<&webhook::Endpoint> for Endpoint {
    fn from(endpoint: &webhook::Endpoint) -> Self {
        Self {
            id: endpoint.id.to_string(),
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            event_types: endpoint.event_types.iter().map(ToString::to_string).collect(),
            enabled: endpoint.enabled,
            disabled_reason: endpoint.disabled_reason.clone(),
            secret: None,
            user_id: endpoint.owner.map(|id| id.to_string()),
            created_at: endpoint.created_at.to_string(),
            updated_at: endpoint.updated_at.to_string(),
            tenant_id: endpoint.tenant.id(),
        }
    }
}

/// The body of createWebhookEndpoint and updateWebhookEndpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndpointInput {
    pub url: Option<String>,
    pub description: Option<String>,
    pub event_types: Option<Vec<String>>,
    pub enabled: Option<bool>,
}

impl From<EndpointInput> for EndpointDraft {
    fn from(input: EndpointInput) -> Self {
        let EndpointInput { url, description, event_types, enabled } = input;
        Self { url, description, event_types, enabled }
    }
}

/// One event for one endpoint.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    pub id: String,
    pub endpoint_id: String,
    pub event_id: String,
    pub event_type: String,
    pub status: String,
    pub attempts: u32,
    pub next_attempt_at: Option<String>,
    pub created_at: String,
    pub settled_at: Option<String>,
}

impl From<&webhook::Delivery> for Delivery {
    fn from(delivery: &webhook::Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            endpoint_id: delivery.endpoint_id.to_string(),
            event_id: delivery.event_id.to_string(),
            event_type: delivery.event_type.to_string(),
            status: delivery.status.to_string(),
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at.map(|at| at.to_string()),
            created_at: delivery.created_at.to_string(),
            settled_at: delivery.settled_at.map(|at| at.to_string()),
        }
    }
}

/// One HTTP try of a delivery.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    pub id: String,
    pub number: u32,
    pub started_at: String,
    pub duration_ms: u32,
    pub status_code: Option<u16>,
    pub error: Option<String>,
    pub response_body: Option<String>,
}

impl From<&webhook::Attempt> for Attempt {
    fn from(attempt: &webhook::Attempt) -> Self {
        Self {
            id: attempt.id.to_string(),
            number: attempt.number,
            started_at: attempt.started_at.to_string(),
            duration_ms: attempt.duration_ms,
            status_code: attempt.status_code,
            error: attempt.error.clone(),
            response_body: attempt.response_body.clone(),
        }
    }
}
