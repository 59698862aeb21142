//! What subscriptions to one kind of thing yield.

use async_graphql::{ID, SimpleObject};

use super::enums::OrderStatus;
use super::enums::PetStatus;
use super::inventory::Stock;
use super::order::Order;
use super::payment::{Payment, Receipt};
use super::pet::Pet;
use super::scalars::{Cursor, DateTime};
use crate::domain;
use crate::domain::event::{ChangedBy, Data};

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
            changed_by: changed_by(change.by),
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

/// Who moved an order, in one word.
pub fn changed_by(by: ChangedBy) -> String {
    match by {
        ChangedBy::System => "system".to_owned(),
        ChangedBy::Staff => "staff".to_owned(),
        ChangedBy::User(id) => id.to_string(),
    }
}

/// Something that happened to one order.
#[derive(SimpleObject)]
pub struct OrderUpdate {
    /// The event's id; the same on every channel.
    event_id: ID,
    /// What happened, for example `order.statusChanged`.
    event_type: &'static str,
    /// Its place in the log: give it back as `after` to go on behind it.
    cursor: Cursor,
    /// When it happened.
    timestamp: DateTime,
    /// The order after it.
    order: Order,
    /// Where it stood before, when it moved.
    previous_status: Option<OrderStatus>,
}

impl OrderUpdate {
    /// What `event` tells of an order.
    pub fn of(event: &domain::Event) -> Option<Self> {
        let Data::Order { order, change, .. } = &event.data else { return None };
        Some(Self {
            event_id: event.id.into(),
            event_type: event.kind.name(),
            cursor: Cursor(event.position.to_cursor()),
            timestamp: event.occurred_at.into(),
            order: order.clone().into(),
            previous_status: change.map(|change| change.previous.into()),
        })
    }
}

/// Something that happened to a pet.
#[derive(SimpleObject)]
pub struct PetChange {
    /// The event's id; the same on every channel.
    event_id: ID,
    /// What happened, for example `pet.statusChanged`.
    event_type: &'static str,
    /// Its place in the log: give it back as `after` to go on behind it.
    cursor: Cursor,
    /// When it happened.
    timestamp: DateTime,
    /// The pet after it; of one that left the store, as it was.
    pet: Pet,
    /// Its status before, when that changed.
    previous_status: Option<PetStatus>,
}

impl PetChange {
    /// What `event` tells of a pet.
    pub fn of(event: &domain::Event) -> Option<Self> {
        let Data::Pet { pet, change } = &event.data else { return None };
        Some(Self {
            event_id: event.id.into(),
            event_type: event.kind.name(),
            cursor: Cursor(event.position.to_cursor()),
            timestamp: event.occurred_at.into(),
            pet: pet.clone().into(),
            previous_status: change.map(|change| change.previous.into()),
        })
    }
}

/// The stock of a species changed (`inventory.changed`).
#[derive(SimpleObject)]
pub struct InventoryChange {
    /// The event's id; the same on every channel.
    event_id: ID,
    /// Its place in the log: give it back as `after` to go on behind it.
    cursor: Cursor,
    /// When it happened.
    timestamp: DateTime,
    /// The stock of the species.
    stock: Stock,
}

impl InventoryChange {
    /// The stock that `event` tells of.
    pub fn of(event: &domain::Event) -> Option<Self> {
        let Data::Inventory { stock } = &event.data else { return None };
        Some(Self {
            event_id: event.id.into(),
            cursor: Cursor(event.position.to_cursor()),
            timestamp: event.occurred_at.into(),
            stock: stock.into(),
        })
    }
}
