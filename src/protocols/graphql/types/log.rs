//! The log of events, and what can be in it.

use async_graphql::SimpleObject;

use super::event_objects::Event;
use super::scalars::{Cursor, Json};
use crate::domain::EventType;
use crate::wire::event_types;

/// A type of event.
#[derive(SimpleObject)]
pub struct EventTypeInfo {
    /// Its name, such as `order.created`.
    name: &'static str,
    /// The topic that it comes on.
    topic: &'static str,
    /// When it happens.
    description: &'static str,
    /// JSON Schema of the envelope.
    schema: Json,
    /// What one looks like.
    example: Json,
}

impl From<EventType> for EventTypeInfo {
    fn from(kind: EventType) -> Self {
        let event_types::TypeOfEvent { name, topic, description, schema, example } =
            event_types::describe(kind);
        let json = |value: serde_json::Value| Json::from_text(&value.to_string());
        Self { name, topic, description, schema: json(schema), example: json(example) }
    }
}

/// Events of the past.
#[derive(SimpleObject)]
pub struct PastEvents {
    /// The events, in the order in which they happened.
    events: Vec<Event>,
    /// Give it back as `after` for those that follow.
    next: Cursor,
}

impl PastEvents {
    /// A part of the log, and the cursor of its end.
    pub fn new(events: Vec<Event>, next: crate::domain::Cursor) -> Self {
        Self { events, next: Cursor(next) }
    }
}
