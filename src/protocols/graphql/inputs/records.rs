//! Filters of what is written down: the audit log, deliveries, attempts, and what other systems sent.

use async_graphql::{ID, InputObject};

use super::filters::{Violations, text};
use crate::domain::audit::{Action, AuditFilter, Channel, Snapshot};
use crate::domain::inbound::{InboundFilter, InboundSource};
use crate::domain::webhook::{AttemptFilter, DeliveryFilter};
use crate::domain::{EventType, OrderId, Result, UserId, Violation};
use crate::protocols::graphql::types::delivery::WebhookDeliveryStatus;
use crate::protocols::graphql::types::outside::InboundStatus;
use crate::protocols::graphql::types::scalars::DateTime;

/// Which rows of the audit log; what is left out lets all through.
#[derive(Default, InputObject)]
#[graphql(name = "AuditLogFilter")]
pub struct AuditFilterInput {
    /// Only of this action, such as ORDER_CANCELLED.
    action: Option<String>,
    /// Only what this user did.
    user_id: Option<ID>,
    /// Only about this kind of thing, such as ORDERS.
    entity_type: Option<String>,
    /// Only about the thing with this id.
    entity_id: Option<String>,
    /// Only what came in this way, such as GRAPHQL.
    channel: Option<String>,
    /// Done not before.
    from: Option<DateTime>,
    /// Done not after.
    to: Option<DateTime>,
}

impl AuditFilterInput {
    /// The filter that it says.
    ///
    /// # Errors
    /// [`crate::domain::Error::Invalid`] with every violation.
    pub fn read(self) -> Result<AuditFilter> {
        let mut found = Violations::default();
        let filter = AuditFilter {
            action: found.take(self.action.map(|name| Action::parse("filter.action", &name))),
            user_id: found.take(self.user_id.map(|id| UserId::parse("filter.userId", &id))),
            entity_type: found.take(self.entity_type.map(|name| {
                let known = Snapshot::ENTITY_TYPES.iter().find(|known| **known == name);
                let unknown = || Violation::one_of("filter.entityType", &name, Snapshot::ENTITY_TYPES);
                known.copied().ok_or_else(unknown)
            })),
            entity_id: found.take(text("filter.entityId", self.entity_id, AuditFilter::MAX_ENTITY_ID)),
            channel: found.take(self.channel.map(|name| Channel::parse("filter.channel", &name))),
            from: found.take(self.from.map(|time| time.at("filter.from"))),
            to: found.take(self.to.map(|time| time.at("filter.to"))),
        };
        found.finish(filter)
    }
}

/// Which deliveries; what is left out lets all through.
#[derive(Default, InputObject)]
#[graphql(name = "WebhookDeliveryFilter")]
pub struct DeliveryFilterInput {
    /// Only with this status.
    status: Option<WebhookDeliveryStatus>,
    /// Only of this type of event.
    event_type: Option<String>,
    /// Only those whose last attempt was answered so, 100 to 999.
    status_code: Option<i32>,
    /// Made at or after.
    since: Option<DateTime>,
    /// Made before.
    until: Option<DateTime>,
}

impl DeliveryFilterInput {
    /// The filter that it says.
    ///
    /// # Errors
    /// [`crate::domain::Error::Invalid`] with every violation.
    pub fn read(self) -> Result<DeliveryFilter> {
        let mut found = Violations::default();
        let filter = DeliveryFilter {
            status: self.status.map(Into::into),
            event_type: found.take(self.event_type.map(|name| EventType::parse("filter.eventType", &name))),
            status_code: found.status_code(self.status_code),
            since: found.take(self.since.map(|time| time.at("filter.since"))),
            until: found.take(self.until.map(|time| time.at("filter.until"))),
        };
        found.finish(filter)
    }
}

/// Which attempts; what is left out lets all through.
#[derive(Default, InputObject)]
#[graphql(name = "WebhookAttemptFilter")]
pub struct AttemptFilterInput {
    /// Only those that succeeded, or failed.
    succeeded: Option<bool>,
    /// Only of this type of event.
    event_type: Option<String>,
    /// Only those that were answered so, 100 to 999.
    status_code: Option<i32>,
    /// Started at or after.
    since: Option<DateTime>,
    /// Started before.
    until: Option<DateTime>,
}

impl AttemptFilterInput {
    /// The filter that it says.
    ///
    /// # Errors
    /// [`crate::domain::Error::Invalid`] with every violation.
    pub fn read(self) -> Result<AttemptFilter> {
        let mut found = Violations::default();
        let filter = AttemptFilter {
            succeeded: self.succeeded,
            event_type: found.take(self.event_type.map(|name| EventType::parse("filter.eventType", &name))),
            status_code: found.status_code(self.status_code),
            since: found.take(self.since.map(|time| time.at("filter.since"))),
            until: found.take(self.until.map(|time| time.at("filter.until"))),
        };
        found.finish(filter)
    }
}

/// Which inbound deliveries; what is left out lets all through.
#[derive(Default, InputObject)]
#[graphql(name = "InboundDeliveryFilter")]
pub struct InboundFilterInput {
    /// Only of this source: `provider` or `anyspend`.
    source: Option<String>,
    /// Only with this status.
    status: Option<InboundStatus>,
    /// Only about this order of ours.
    order_id: Option<ID>,
    /// Came at or after.
    since: Option<DateTime>,
    /// Came before.
    until: Option<DateTime>,
}

impl InboundFilterInput {
    /// The filter that it says.
    ///
    /// # Errors
    /// [`crate::domain::Error::Invalid`] with every violation.
    pub fn read(self) -> Result<InboundFilter> {
        let mut found = Violations::default();
        let filter = InboundFilter {
            source: found.take(self.source.map(|name| InboundSource::parse("filter.source", &name))),
            status: self.status.map(Into::into),
            order_id: found.take(self.order_id.map(|id| OrderId::parse("filter.orderId", &id))),
            since: found.take(self.since.map(|time| time.at("filter.since"))),
            until: found.take(self.until.map(|time| time.at("filter.until"))),
        };
        found.finish(filter)
    }
}
