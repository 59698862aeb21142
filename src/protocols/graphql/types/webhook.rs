//! Webhook endpoints.

use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use uuid::Uuid;

use super::scalars::DateTime;
use super::user::User;
use crate::domain::UserId;
use crate::domain::webhook;
use crate::protocols::graphql::loaders::load;
use crate::protocols::graphql::schema::LOOKUP_COST;

/// In which order deliveries are sent.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::webhook::Ordering")]
pub enum WebhookOrdering {
    /// That of the log while the receiver keeps up.
    None,
    /// An event waits until the one before it of its resource is delivered or dead.
    PerResource,
}

/// A place that events are sent to.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct WebhookEndpoint {
    /// The endpoint's id.
    pub(super) id: ID,
    /// Where events are sent.
    url: String,
    /// What its owner says of it.
    description: Option<String>,
    /// The types of events that it gets: a name, `order.*` or `*`.
    event_types: Vec<String>,
    /// Which events of these types.
    filter: WebhookFilter,
    /// The names of its owner's own headers; their values are not shown.
    header_names: Vec<String>,
    /// In which order deliveries are sent.
    ordering: WebhookOrdering,
    /// Attempts that are begun in a second; null for as many as it takes.
    max_per_second: Option<u32>,
    /// Longest time for one attempt, milliseconds; null for the server's own.
    timeout_ms: Option<u32>,
    /// Whether deliveries are signed with the private key too.
    ed25519: bool,
    /// The public key of that (`whpk_…`).
    public_key: Option<String>,
    /// Whether it gets deliveries.
    enabled: bool,
    /// Why it was turned off.
    disabled_reason: Option<String>,
    /// Whether its deliveries wait.
    paused: bool,
    /// How it fares.
    health: WebhookHealth,
    /// Until when the secret before the last rotation signs too.
    previous_secret_until: Option<DateTime>,
    /// Whose it is; null for the staff's.
    user_id: Option<ID>,
    /// When it was made.
    created_at: DateTime,
    /// When it last changed.
    updated_at: DateTime,
    /// The tenant that it belongs to; null in the public pool.
    tenant_id: Option<Uuid>,
    #[graphql(skip)]
    owner: Option<UserId>,
}

/// How a webhook endpoint fares.
#[derive(Clone, SimpleObject)]
pub struct WebhookHealth {
    /// Failed attempts in a row.
    failures: u32,
    /// Since when no attempt has succeeded.
    failing_since: Option<DateTime>,
    /// Until when nothing is sent to it, so that it can recover.
    hold_until: Option<DateTime>,
    /// How often in a row its circuit has opened; 0: it is closed.
    circuit_openings: u32,
}

/// Which events of its types an endpoint gets.
#[derive(Clone, SimpleObject)]
pub struct WebhookFilter {
    /// Only those about this order.
    order_id: Option<ID>,
    /// Only those of this user.
    user_id: Option<ID>,
    /// Only those about this pet.
    pet_id: Option<ID>,
    /// Conditions on the data of the event, all of which must hold.
    conditions: Vec<WebhookCondition>,
}

/// One field of an event compared with values.
#[derive(Clone, SimpleObject)]
pub struct WebhookCondition {
    /// The path of the field in the data of the event.
    field: String,
    /// How it is compared.
    operator: &'static str,
    /// With what.
    values: Vec<String>,
}

#[ComplexObject]
impl WebhookEndpoint {
    /// Whose it is; null for the staff's, and when the user is gone.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.owner else { return Ok(None) };
        Ok(load(ctx, id).await?.map(Into::into))
    }
}

impl From<webhook::Filter> for WebhookFilter {
    fn from(filter: webhook::Filter) -> Self {
        let condition = |condition: webhook::Condition| WebhookCondition {
            field: condition.field,
            operator: condition.operator.name(),
            values: condition.values,
        };
        Self {
            order_id: filter.order_id.map(Into::into),
            user_id: filter.user_id.map(Into::into),
            pet_id: filter.pet_id.map(Into::into),
            conditions: filter.conditions.into_iter().map(condition).collect(),
        }
    }
}

impl From<webhook::Endpoint> for WebhookEndpoint {
    fn from(endpoint: webhook::Endpoint) -> Self {
        Self {
            id: endpoint.id.into(),
            url: endpoint.url,
            description: endpoint.description,
            event_types: endpoint.event_types.iter().map(ToString::to_string).collect(),
            filter: endpoint.filter.into(),
            header_names: endpoint.header_names,
            ordering: endpoint.ordering.into(),
            max_per_second: endpoint.max_per_second,
            timeout_ms: endpoint.timeout_ms,
            ed25519: endpoint.ed25519,
            public_key: endpoint.public_key,
            enabled: endpoint.enabled,
            disabled_reason: endpoint.disabled_reason,
            paused: endpoint.paused,
            health: WebhookHealth {
                failures: endpoint.health.failures,
                failing_since: endpoint.health.failing_since.map(Into::into),
                hold_until: endpoint.health.hold_until.map(Into::into),
                circuit_openings: endpoint.health.circuit,
            },
            previous_secret_until: endpoint.previous.map(|previous| previous.until.into()),
            user_id: endpoint.owner.map(Into::into),
            created_at: endpoint.created_at.into(),
            updated_at: endpoint.updated_at.into(),
            tenant_id: endpoint.tenant.id(),
            owner: endpoint.owner,
        }
    }
}
