//! What events carry beside resources.

use crate::domain::inbound::{InboundSource, InboundStatus};
use crate::domain::{EndpointId, InboundId, OrderId, OrderStatus, PetStatus, Timestamp, UserId};

/// Who moved an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedBy {
    /// The store itself, as when a payment came in.
    System,
    /// The staff.
    Staff,
    /// The buyer.
    User(UserId),
}

/// One step of an order's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderChange {
    pub previous: OrderStatus,
    pub new: OrderStatus,
    pub at: Timestamp,
    pub by: ChangedBy,
}

/// One step of a pet's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PetChange {
    pub previous: PetStatus,
    pub new: PetStatus,
    pub at: Timestamp,
}

/// What befell a webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointNotice {
    pub endpoint_id: EndpointId,
    pub owner: Option<UserId>,
    pub url: String,
    /// Why it was disabled.
    pub reason: Option<String>,
    /// Since when no attempt has succeeded.
    pub failing_since: Option<Timestamp>,
}

/// What another system told, and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderNotice {
    pub inbound_id: InboundId,
    pub source: InboundSource,
    /// As the source spells it.
    pub kind: String,
    /// What makes a repetition known.
    pub external_id: String,
    pub order_id: Option<OrderId>,
    pub status: InboundStatus,
    pub note: Option<String>,
    /// What it told, as JSON text.
    pub payload: String,
}
