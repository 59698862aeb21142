//! What other systems sent here.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::domain::inbound;

/// One step of what was done.
#[derive(Debug, Serialize, Deserialize)]
pub struct Step {
    pub name: String,
    pub succeeded: bool,
    pub detail: String,
}

/// One delivery of another system.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbound {
    pub id: String,
    pub source: String,
    pub kind: String,
    pub external_id: String,
    pub order_id: Option<String>,
    pub status: String,
    pub note: Option<String>,
    pub received_at: String,
    pub processed_at: String,
    pub tenant_id: Option<Uuid>,
    /// As it came; left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl From<&inbound::Inbound> for Inbound {
    fn from(inbound: &inbound::Inbound) -> Self {
        Self {
            id: inbound.id.to_string(),
            source: inbound.source.to_string(),
            kind: inbound.kind.clone(),
            external_id: inbound.external_id.clone(),
            order_id: inbound.order_id.map(|id| id.to_string()),
            status: inbound.status.to_string(),
            note: inbound.note.clone(),
            received_at: inbound.received_at.to_string(),
            processed_at: inbound.processed_at.to_string(),
            tenant_id: inbound.tenant.id(),
            body: None,
        }
    }
}

/// What was done with one delivery (seed 004's ids).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    pub execution_id: String,
    pub run_id: String,
    pub status: String,
    pub order_id: Option<String>,
    pub note: Option<String>,
    pub started_at: String,
    pub finished_at: String,
    pub steps: Vec<Step>,
}

impl From<&inbound::Inbound> for Execution {
    fn from(inbound: &inbound::Inbound) -> Self {
        Self {
            execution_id: inbound.id.to_string(),
            run_id: inbound.run_id.to_string(),
            status: inbound.status.to_string(),
            order_id: inbound.order_id.map(|id| id.to_string()),
            note: inbound.note.clone(),
            started_at: inbound.received_at.to_string(),
            finished_at: inbound.processed_at.to_string(),
            steps: inbound.steps.iter().map(Step::from).collect(),
        }
    }
}

impl From<&inbound::Step> for Step {
    fn from(step: &inbound::Step) -> Self {
        Self { name: step.name.clone(), succeeded: step.succeeded, detail: step.detail.clone() }
    }
}

impl From<Step> for inbound::Step {
    fn from(Step { name, succeeded, detail }: Step) -> Self {
        Self { name, succeeded, detail }
    }
}

/// What is told to others of a body that came in: the JSON itself, or its text when it is none.
pub fn payload(body: &str) -> String {
    match serde_json::from_str::<&RawValue>(body) {
        Ok(json) => json.get().to_owned(),
        Err(_) => serde_json::Value::from(body).to_string(),
    }
}
