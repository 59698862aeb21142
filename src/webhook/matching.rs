//! Which endpoints want an event, and the deliveries that follow from it.

use serde_json::Value;

use crate::clock::Ids;
use crate::domain::webhook::{Delivery, DeliveryStatus, Endpoint, Ordering};
use crate::domain::{DeliveryId, Event, EventType, Timestamp};
use crate::wire;

/// An event whose fields conditions ask for; its JSON is made for the first that does.
pub(super) struct Asked<'e> {
    event: &'e Event,
    json: Option<Value>,
}

impl<'e> Asked<'e> {
    pub fn new(event: &'e Event) -> Self {
        Self { event, json: None }
    }

    /// Whether the conditions of `endpoint` hold; a test of an endpoint is for it whatever it asks for.
    pub fn suits(&mut self, endpoint: &Endpoint) -> bool {
        if endpoint.filter.conditions.is_empty() || self.event.kind == EventType::EndpointTest {
            return true;
        }
        let event = self.event;
        let read = || serde_json::from_str(&wire::event::data_to_json(&event.data)).unwrap_or_default();
        let json = &*self.json.get_or_insert_with(read);
        endpoint.filter.holds(|path| field(json, path))
    }
}

/// The text of the string, number or flag at a dotted path.
fn field(json: &Value, path: &str) -> Option<String> {
    let found = path.split('.').try_fold(json, |at, key| match at {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    });
    match found? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A delivery of `event` to `endpoint`, made `now` and due at `due`.
pub(super) fn delivery(
    ids: &Ids,
    event: &Event,
    endpoint: &Endpoint,
    now: Timestamp,
    due: Timestamp,
) -> Delivery {
    Delivery {
        id: DeliveryId(ids.uuid_v7()),
        tenant: event.tenant,
        endpoint_id: endpoint.id,
        event_id: event.id,
        event_seq: event.position.seq,
        event_type: event.kind,
        status: DeliveryStatus::Pending,
        attempts: 0,
        schedule_from: 0,
        next_attempt_at: Some(due),
        last_status_code: None,
        order_key: event.order_key().filter(|_| endpoint.ordering == Ordering::PerResource),
        created_at: now,
        settled_at: None,
    }
}
