//! Events, as subscriptions yield them.

use async_graphql::{ID, SimpleObject};

use super::enums::OrderStatus;
use super::order::Order;
use super::payment::{Payment, Receipt};
use super::scalars::{Cursor, DateTime, Json};
use crate::domain;
use crate::domain::event::{ChangedBy, Data};
use crate::wire;

/// Something that happened, in the envelope that every channel sends.
#[derive(SimpleObject)]
pub struct Event {
    /// The event's id; the same on every channel.
    event_id: ID,
    /// What happened, for example `order.statusChanged`.
    event_type: &'static str,
    /// When it happened.
    timestamp: DateTime,
    /// Its place in the log: give it back as `after` to go on behind it.
    cursor: Cursor,
    /// A snapshot of what changed.
    data: Json,
}

impl From<&domain::Event> for Event {
    fn from(event: &domain::Event) -> Self {
        Self {
            event_id: event.id.into(),
            event_type: event.kind.name(),
            timestamp: event.occurred_at.into(),
            cursor: Cursor(event.position.to_cursor()),
            data: Json::from_text(&wire::event::data_to_json(&event.data)),
        }
    }
}

/// A step in an order's life (`order.statusChanged`).
#[derive(SimpleObject)]
pub struct OrderStatusChange {
    /// The event's id; the same on every channel.
    event_id: ID,
    /// Its place in the log: give it back as `after` to go on behind it.
    cursor: Cursor,
    /// When it happened.
    timestamp: DateTime,
    /// The order after the step.
    order: Order,
    /// Where it stood before.
    previous_status: OrderStatus,
    /// Where it stands now.
    new_status: OrderStatus,
    /// When it changed.
    changed_at: DateTime,
    /// Who changed it: `system`, `staff`, or the id of a user.
    changed_by: String,
}

impl OrderStatusChange {
    /// The step that `event` tells of, when it tells of one.
    pub fn of(event: &domain::Event) -> Option<Self> {
        let Data::Order { order, change: Some(change), .. } = &event.data else { return None };
        Some(Self {
            event_id: event.id.into(),
            cursor: Cursor(event.position.to_cursor()),
            timestamp: event.occurred_at.into(),
            order: order.clone().into(),
            previous_status: change.previous.into(),
            new_status: change.new.into(),
            changed_at: change.at.into(),
            changed_by: match change.by {
                ChangedBy::System => "system".to_owned(),
                ChangedBy::Staff => "staff".to_owned(),
                ChangedBy::User(id) => id.to_string(),
            },
        })
    }
}

/// A payment that was captured (`payment.succeeded`).
#[derive(SimpleObject)]
pub struct PaymentSuccess {
    /// The event's id; the same on every channel.
    event_id: ID,
    /// Its place in the log: give it back as `after` to go on behind it.
    cursor: Cursor,
    /// When it happened.
    timestamp: DateTime,
    /// The payment.
    payment: Payment,
    /// The order that was paid.
    order: Order,
    /// The receipt.
    receipt: Receipt,
}

impl PaymentSuccess {
    /// The payment that `event` tells of, when it tells of one with a receipt.
    pub fn of(event: &domain::Event) -> Option<Self> {
        let Data::Payment { payment, order, receipt: Some(receipt) } = &event.data else { return None };
        Some(Self {
            event_id: event.id.into(),
            cursor: Cursor(event.position.to_cursor()),
            timestamp: event.occurred_at.into(),
            payment: payment.clone().into(),
            order: order.clone().into(),
            receipt: receipt.clone().into(),
        })
    }
}
