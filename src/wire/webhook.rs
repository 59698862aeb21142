//! Webhook endpoints, deliveries, attempts and jobs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Violations;
use super::json::whole_u32;
use crate::domain::webhook::{self, EndpointDraft, Ordering};
use crate::domain::{Error, OrderId, PetId, UserId};

/// What is shown in place of the values of an owner's own headers.
pub const MASK: &str = "***";

/// An endpoint. `secret` is shown once, when it was made.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    pub id: String,
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub event_types: Vec<String>,
    pub filter: Filter,
    pub headers: BTreeMap<String, &'static str>,
    pub ordering: &'static str,
    pub max_per_second: Option<u32>,
    pub timeout_ms: Option<u32>,
    pub ed25519: bool,
    pub public_key: Option<String>,
    pub enabled: bool,
    pub disabled_reason: Option<String>,
    pub paused: bool,
    pub health: Health,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    pub previous_secret_until: Option<String>,
    pub user_id: Option<String>,
    pub created_at: String,
    pub updated_at: String,
    pub tenant_id: Option<Uuid>,
}

/// How an endpoint fares.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    pub failures: u32,
    pub failing_since: Option<String>,
    pub hold_until: Option<String>,
    /// How often in a row its circuit has opened; 0: it is closed.
    pub circuit_openings: u32,
}

impl From<&webhook::Endpoint> for Endpoint {
    fn from(endpoint: &webhook::Endpoint) -> Self {
        Self {
            id: endpoint.id.to_string(),
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            event_types: endpoint.event_types.iter().map(ToString::to_string).collect(),
            filter: Filter::from(&endpoint.filter),
            headers: endpoint.header_names.iter().map(|name| (name.clone(), MASK)).collect(),
            ordering: endpoint.ordering.name(),
            max_per_second: endpoint.max_per_second,
            timeout_ms: endpoint.timeout_ms,
            ed25519: endpoint.ed25519,
            public_key: endpoint.public_key.clone(),
            enabled: endpoint.enabled,
            disabled_reason: endpoint.disabled_reason.clone(),
            paused: endpoint.paused,
            health: Health {
                failures: endpoint.health.failures,
                failing_since: endpoint.health.failing_since.map(|at| at.to_string()),
                hold_until: endpoint.health.hold_until.map(|at| at.to_string()),
                circuit_openings: endpoint.health.circuit,
            },
            secret: None,
            previous_secret_until: endpoint.previous.as_ref().map(|previous| previous.until.to_string()),
            user_id: endpoint.owner.map(|id| id.to_string()),
            created_at: endpoint.created_at.to_string(),
            updated_at: endpoint.updated_at.to_string(),
            tenant_id: endpoint.tenant.id(),
        }
    }
}

/// Which events of its types an endpoint wants; also the form in which the store keeps it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Filter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pet_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// One field compared with values.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub field: String,
    pub operator: String,
    #[serde(default)]
    pub values: Vec<String>,
}

impl From<&webhook::Filter> for Filter {
    fn from(filter: &webhook::Filter) -> Self {
        let condition = |condition: &webhook::Condition| Condition {
            field: condition.field.clone(),
            operator: condition.operator.to_string(),
            values: condition.values.clone(),
        };
        Self {
            order_id: filter.order_id.map(|id| id.to_string()),
            user_id: filter.user_id.map(|id| id.to_string()),
            pet_id: filter.pet_id.map(|id| id.to_string()),
            conditions: filter.conditions.iter().map(condition).collect(),
        }
    }
}

impl Filter {
    /// The filter that it says.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every id and operator that is none.
    pub fn read(self) -> Result<webhook::Filter, Error> {
        let mut found = Violations::default();
        let filter = self.take(&mut found);
        found.finish(filter)
    }

    fn take(self, found: &mut Violations) -> webhook::Filter {
        let mut conditions = Vec::with_capacity(self.conditions.len());
        for (index, Condition { field, operator, values }) in self.conditions.into_iter().enumerate() {
            let named = format!("filter.conditions[{index}].operator");
            if let Some(operator) = found.take(webhook::Operator::parse(&named, &operator)) {
                conditions.push(webhook::Condition { field, operator, values });
            }
        }
        webhook::Filter {
            order_id: found.read(self.order_id, |text| OrderId::parse("filter.orderId", text)),
            user_id: found.read(self.user_id, |text| UserId::parse("filter.userId", text)),
            pet_id: found.read(self.pet_id, |text| PetId::parse("filter.petId", text)),
            conditions,
        }
    }
}

/// The body of createWebhookEndpoint and updateWebhookEndpoint.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndpointInput {
    pub url: Option<String>,
    pub description: Option<String>,
    pub event_types: Option<Vec<String>>,
    pub filter: Option<Filter>,
    pub headers: Option<BTreeMap<String, String>>,
    pub ordering: Option<String>,
    #[serde(default, deserialize_with = "whole_u32")]
    pub max_per_second: Option<u32>,
    #[serde(default, deserialize_with = "whole_u32")]
    pub timeout_ms: Option<u32>,
    pub ed25519: Option<bool>,
    pub enabled: Option<bool>,
}

impl EndpointInput {
    /// What it says of an endpoint.
    ///
    /// # Errors
    /// [`Error::Invalid`] for names and ids that are none.
    pub fn draft(self) -> Result<EndpointDraft, Error> {
        let mut found = Violations::default();
        let draft = EndpointDraft {
            url: self.url,
            description: self.description,
            event_types: self.event_types,
            filter: self.filter.map(|filter| filter.take(&mut found)),
            headers: self.headers.map(|headers| headers.into_iter().collect()),
            ordering: found.read(self.ordering, |text| Ordering::parse("ordering", text)),
            max_per_second: self.max_per_second,
            timeout_ms: self.timeout_ms,
            ed25519: self.ed25519,
            enabled: self.enabled,
        };
        found.finish(draft)
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
    pub last_status_code: Option<u16>,
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
            last_status_code: delivery.last_status_code,
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
    pub delivery_id: String,
    pub number: u32,
    pub started_at: String,
    pub duration_ms: u32,
    pub address: Option<String>,
    pub request_headers: Vec<Header>,
    pub status_code: Option<u16>,
    pub response_headers: Vec<Header>,
    pub error: Option<String>,
    pub response_body: Option<String>,
}

/// A header; there may be several of a name.
#[derive(Debug, Serialize)]
pub struct Header {
    pub name: String,
    pub value: String,
}

fn headers(headers: &webhook::Headers) -> Vec<Header> {
    headers.iter().map(|(name, value)| Header { name: name.clone(), value: value.clone() }).collect()
}

impl From<&webhook::Attempt> for Attempt {
    fn from(attempt: &webhook::Attempt) -> Self {
        Self {
            id: attempt.id.to_string(),
            delivery_id: attempt.delivery_id.to_string(),
            number: attempt.number,
            started_at: attempt.started_at.to_string(),
            duration_ms: attempt.duration_ms,
            address: attempt.address.clone(),
            request_headers: headers(&attempt.request_headers),
            status_code: attempt.status_code,
            response_headers: headers(&attempt.response_headers),
            error: attempt.error.clone(),
            response_body: attempt.response_body.clone(),
        }
    }
}

/// Sending again in bulk.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub id: String,
    pub endpoint_id: String,
    pub kind: String,
    pub status: &'static str,
    pub progress_percent: u64,
    /// Deliveries that it made due.
    pub queued: u64,
    pub since: Option<String>,
    pub created_at: String,
    pub finished_at: Option<String>,
}

impl From<&webhook::Job> for Job {
    fn from(job: &webhook::Job) -> Self {
        Self {
            id: job.id.to_string(),
            endpoint_id: job.endpoint_id.to_string(),
            kind: job.kind.to_string(),
            status: match job.finished_at {
                Some(_) if job.cancelled => "CANCELLED",
                Some(_) => "FINISHED",
                None => "RUNNING",
            },
            progress_percent: job.progress_percent(),
            queued: job.queued,
            since: job.since.map(|at| at.to_string()),
            created_at: job.created_at.to_string(),
            finished_at: job.finished_at.map(|at| at.to_string()),
        }
    }
}

/// The body of rotateWebhookSecret.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateInput {
    /// How long the old secret signs too, in seconds.
    #[serde(default, deserialize_with = "whole_u32")]
    pub overlap_seconds: Option<u32>,
}

/// The body of resendFailedDeliveries and replayEvents.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobInput {
    pub since: Option<String>,
    pub cursor: Option<String>,
}
