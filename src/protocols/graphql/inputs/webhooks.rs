//! What is said of webhook endpoints and jobs.

use async_graphql::{ID, InputObject};

use super::filters::Violations;
use crate::domain::webhook::{Condition, EndpointDraft, Filter, Operator};
use crate::domain::{OrderId, PetId, Result, UserId, Violation};
use crate::protocols::graphql::types::scalars::{Cursor, DateTime};
use crate::protocols::graphql::types::webhook::WebhookOrdering;

/// What to say of a webhook endpoint. A new one needs `url` and `eventTypes`; for one that exists, what is left out (or
/// null) keeps its value.
#[derive(InputObject)]
pub struct WebhookEndpointInput {
    /// Where events are sent.
    url: Option<String>,
    /// What there is to say of it; an empty text takes it away.
    description: Option<String>,
    /// The types of events that it gets: names, `order.*` or `*`.
    event_types: Option<Vec<String>>,
    /// The whole filter; an empty one lets everything pass.
    filter: Option<WebhookFilterInput>,
    /// All headers of its owner's own; an empty list takes them away.
    headers: Option<Vec<WebhookHeaderInput>>,
    /// In which order deliveries are sent.
    ordering: Option<WebhookOrdering>,
    /// Attempts that are begun in a second; 0 takes the limit away.
    max_per_second: Option<i32>,
    /// Longest time for one attempt, milliseconds; 0 for the server's own.
    timeout_ms: Option<i32>,
    /// Whether deliveries are signed with the private key too.
    ed25519: Option<bool>,
    /// Whether it gets deliveries.
    enabled: Option<bool>,
}

/// A header that is sent with every delivery.
#[derive(InputObject)]
pub struct WebhookHeaderInput {
    /// Its name.
    name: String,
    /// Its value; never shown again.
    value: String,
}

/// Which events of its types an endpoint gets.
#[derive(InputObject)]
pub struct WebhookFilterInput {
    /// Only those about this order.
    order_id: Option<ID>,
    /// Only those of this user.
    user_id: Option<ID>,
    /// Only those about this pet.
    pet_id: Option<ID>,
    /// Conditions on the data of the event, all of which must hold.
    conditions: Option<Vec<WebhookConditionInput>>,
}

/// One field of an event compared with values.
#[derive(InputObject)]
pub struct WebhookConditionInput {
    /// The path of the field in the data of the event.
    field: String,
    /// How it is compared.
    operator: String,
    /// With what.
    values: Option<Vec<String>>,
}

impl WebhookFilterInput {
    fn read(self, found: &mut Violations) -> Filter {
        let mut conditions = Vec::new();
        for (index, condition) in self.conditions.unwrap_or_default().into_iter().enumerate() {
            let field = format!("filter.conditions[{index}].operator");
            if let Some(operator) = found.take(Some(Operator::parse(&field, &condition.operator))) {
                let values = condition.values.unwrap_or_default();
                conditions.push(Condition { field: condition.field, operator, values });
            }
        }
        Filter {
            order_id: found.take(self.order_id.map(|id| OrderId::parse("filter.orderId", &id))),
            user_id: found.take(self.user_id.map(|id| UserId::parse("filter.userId", &id))),
            pet_id: found.take(self.pet_id.map(|id| PetId::parse("filter.petId", &id))),
            conditions,
        }
    }
}

impl WebhookEndpointInput {
    /// The draft that it describes.
    ///
    /// # Errors
    /// [`crate::domain::Error::Invalid`] with every violation of the form.
    pub fn into_draft(self) -> Result<EndpointDraft> {
        let mut found = Violations::default();
        let mut whole = |field: &str, number: Option<i32>| {
            let message = "must be a whole number, 0 or more";
            let read = |n| u32::try_from(n).map_err(|_| Violation::new(field, "out_of_range", message));
            found.take(number.map(read))
        };
        let max_per_second = whole("maxPerSecond", self.max_per_second);
        let timeout_ms = whole("timeoutMs", self.timeout_ms);
        let pairs = |headers: Vec<WebhookHeaderInput>| {
            headers.into_iter().map(|header| (header.name, header.value)).collect()
        };
        let draft = EndpointDraft {
            url: self.url,
            description: self.description,
            event_types: self.event_types,
            filter: self.filter.map(|filter| filter.read(&mut found)),
            headers: self.headers.map(pairs),
            ordering: self.ordering.map(Into::into),
            max_per_second,
            timeout_ms,
            ed25519: self.ed25519,
            enabled: self.enabled,
        };
        found.finish(draft)
    }
}

/// Which failed deliveries to send again.
#[derive(InputObject)]
pub struct ResendFailedDeliveriesInput {
    /// Those that were made then or later.
    pub since: DateTime,
}

/// Which events to send again: exactly one of these.
#[derive(InputObject)]
pub struct ReplayEventsInput {
    /// Those that occurred then or later.
    pub since: Option<DateTime>,
    /// Those after this place in the log.
    pub cursor: Option<Cursor>,
}
