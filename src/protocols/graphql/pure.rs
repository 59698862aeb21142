//! Whether what an event becomes is the same for everyone who may see the event. Only then may equal subscriptions of
//! different people share one execution; what is not known to be so is personal.

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};

use super::positions::leads_to;

/// Fields that lead to objects which are part of the event, by the type that has them. Every other field that leads to an
/// object may ask the store, and then it depends on who asks. (Fields that lead to no object are values of what has them.)
const PARTS: &[(&str, &[&str])] = &[
    ("OrderStatusChange", &["order"]),
    ("OrderUpdate", &["order"]),
    ("PaymentSuccess", &["payment", "order", "receipt"]),
    ("PetChange", &["pet"]),
    ("InventoryChange", &["stock"]),
    ("WebhookDeliveryUpdate", &["attempt", "delivery"]),
    ("WebhookAttempt", &["requestHeaders", "responseHeaders"]),
    ("ChatMessageCreated", &["message"]),
    ("ChatMessage", &["citations", "attachments"]),
    ("Payment", &["source"]),
    ("Pet", &["medicalInfo", "category", "tags", "links"]),
    ("User", &["preferences"]),
];
/// The same for the types of events, whose names end so.
const EVENT: &str = "Event";
const PARTS_OF_EVENTS: &[&str] = &["order", "payment", "receipt", "pet", "stock", "user"];

/// Whether a subscription shows nothing but what is in its events.
pub fn is_pure(document: &ExecutableDocument, subscription: &OperationDefinition) -> bool {
    let root = subscription.selection_set.node.items.iter();
    root.into_iter().all(|selection| match &selection.node {
        Selection::Field(field) => leads_to("Subscription", &field.node.name.node)
            .is_some_and(|item| shows_parts(document, &field.node.selection_set.node, item)),
        Selection::InlineFragment(_) | Selection::FragmentSpread(_) => false,
    })
}

fn shows_parts(document: &ExecutableDocument, set: &SelectionSet, parent: &str) -> bool {
    set.items.iter().all(|selection| match &selection.node {
        Selection::Field(field) => {
            let below = &field.node.selection_set.node;
            below.items.is_empty()
                || is_part(parent, &field.node.name.node)
                    && leads_to(parent, &field.node.name.node)
                        .is_some_and(|inner| shows_parts(document, below, inner))
        }
        Selection::InlineFragment(inline) => {
            let condition = inline.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
            shows_parts(document, &inline.node.selection_set.node, condition.unwrap_or(parent))
        }
        // Fragments do not spread themselves, and how much they select was checked.
        Selection::FragmentSpread(spread) => {
            document.fragments.get(&spread.node.fragment_name.node).is_some_and(|fragment| {
                let condition = &fragment.node.type_condition.node.on.node;
                shows_parts(document, &fragment.node.selection_set.node, condition)
            })
        }
    })
}

fn is_part(parent: &str, field: &str) -> bool {
    let own = PARTS.iter().find(|(name, _)| *name == parent).map(|(_, fields)| *fields);
    let own = own.or_else(|| parent.ends_with(EVENT).then_some(PARTS_OF_EVENTS));
    own.is_some_and(|fields| fields.contains(&field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn pure(selection: &str) -> bool {
        let document = parse_query(format!("subscription {{ {selection} }}")).unwrap();
        let operation = document.operations.iter().next().unwrap().1;
        is_pure(&document, &operation.node)
    }

    #[test]
    fn only_what_is_known_to_be_in_the_event_is_shared() {
        for shared in [
            "events(topics: [\"pets\"]) { eventId data cursor __typename }",
            "events(topics: [\"pets\"]) { ... on PetCreatedEvent { pet { name tags { name } } } }",
            "events(topics: [\"payments\"]) { ... on PaymentSucceededEvent { receipt { receiptUrl } payment { source { ... on Card { last4 } } } } }",
            "orderStatusChanged { order { id userId status } newStatus }",
            "inventoryChanged { stock { available } }",
            "deliveries(endpoint: \"1\") { attempt { responseHeaders { name } } delivery { status } }",
            "chatMessages(room: \"1\") { message { text citations { title } } }",
            "petChanged { ...F } } fragment F on PetChange { pet { name }",
        ] {
            assert!(pure(shared), "{shared}");
        }
        for personal in [
            "events(topics: [\"payments\"]) { ... on PaymentSucceededEvent { receipt { payment { id } } } }",
            "events(topics: [\"orders\"]) { ... on OrderCreatedEvent { order { pet { name } } } }",
            "orderStatusChanged { order { user { username } } }",
            "paymentSucceeded { payment { order { id } } }",
            "deliveries(endpoint: \"1\") { delivery { endpoint { url } } }",
            "petChanged { pet { orders { id } } }",
            "petChanged { ...F } } fragment F on PetChange { pet { ...G } } fragment G on Pet { orders { id }",
            "events(topics: [\"users\"]) { ... on UserCreatedEvent { user { orders { id } } } }",
            "unknown { id { x } }",
            "events(topics: [\"pets\"]) { unknown { id } }",
            "... on Subscription { petChanged { cursor } }",
        ] {
            assert!(!pure(personal), "{personal}");
        }
    }

    /// A part that is renamed would make its subscriptions personal without anybody noticing.
    #[test]
    fn every_part_is_in_the_schema() {
        for (parent, fields) in PARTS {
            for field in *fields {
                assert!(leads_to(parent, field).is_some(), "{parent}.{field}");
            }
        }
    }
}
