//! What each type of event looks like: a JSON Schema and an example, both from the very encoder that writes events.

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::event::webhook_envelope;
use crate::domain::callback::{Processed, ProcessingFailure, Transaction};
use crate::domain::chat::{self, Attachment, Author, Citation, Happening, Message, Room};
use crate::domain::event::{ChangedBy, Event, EventType};
use crate::domain::event::{Collection, Data, EndpointNotice, Fact, OrderChange, PetChange, ProviderNotice};
use crate::domain::inbound::{InboundSource, InboundStatus};
use crate::domain::inventory::{Counts, SpeciesStock};
use crate::domain::payment::{Address, CardBrand, Source};
use crate::domain::pet::{Gender, Label, MedicalInfo, Size};
use crate::domain::user::{Preferences, UserStatus};
use crate::domain::*;

/// One type of event.
#[derive(Debug, Serialize)]
pub struct TypeOfEvent {
    #[serde(rename = "type")]
    pub name: &'static str,
    /// The topic that it comes on.
    pub topic: &'static str,
    pub description: &'static str,
    /// Of the envelope, JSON Schema 2020-12.
    pub schema: Value,
    pub example: Value,
}

/// Describes `kind`.
pub fn describe(kind: EventType) -> TypeOfEvent {
    let (full, bare) = (example(kind, true), example(kind, false));
    let mut schema = schema_of(&full, &bare);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(kind.name());
    schema["properties"]["eventType"] = json!({ "const": kind.name() });
    TypeOfEvent {
        name: kind.name(),
        topic: kind.collection().name(),
        description: kind.description(),
        schema,
        example: full,
    }
}

/// What fits both values: `full`, in which everything is there, and `bare`, in which nothing is that may be missing.
fn schema_of(full: &Value, bare: &Value) -> Value {
    let mut schema = match full {
        Value::Null => json!({ "type": "null" }),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(text) => string_schema(text),
        Value::Array(items) => match items.first() {
            Some(item) => json!({ "type": "array", "items": schema_of(item, item) }),
            None => json!({ "type": "array" }),
        },
        Value::Object(fields) => {
            let known = |name: &str| bare.get(name);
            let required: Vec<&String> = match bare {
                Value::Object(bare) => fields.keys().filter(|name| bare.contains_key(*name)).collect(),
                _ => fields.keys().collect(),
            };
            let of = |(name, value): (&String, &Value)| {
                (name.clone(), schema_of(value, known(name).unwrap_or(value)))
            };
            let properties: Map<String, Value> = fields.iter().map(of).collect();
            json!({ "type": "object", "properties": properties, "required": required })
        }
    };
    if bare.is_null() && !full.is_null() {
        schema["type"] = json!([schema["type"].take(), "null"]);
    }
    schema
}

fn string_schema(text: &str) -> Value {
    if Uuid::try_parse(text).is_ok() {
        json!({ "type": "string", "format": "uuid" })
    } else if Timestamp::parse(text).is_some() {
        json!({ "type": "string", "format": "date-time" })
    } else if text.starts_with("http") {
        json!({ "type": "string", "format": "uri" })
    } else {
        json!({ "type": "string" })
    }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x019b_4132_70aa_764f_b315_e280_3d88_2a00 + number)
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_ms(1_734_345_000_000 + minute * 60_000)
}

/// An event of `kind` as a receiver gets it, with everything that there can be, or without what may be missing.
fn example(kind: EventType, full: bool) -> Value {
    let position = Position { epoch: Epoch(1), seq: Seq(1) };
    let tenant = Tenant::from_uuid(if full { id(9) } else { Uuid::nil() });
    let event =
        Event::new(EventId(id(1)), position, at(30), Fact::example(tenant, kind, data(kind, tenant, full)));
    serde_json::from_str(&webhook_envelope(&event)).unwrap_or_default()
}

fn data(kind: EventType, tenant: Tenant, full: bool) -> Data {
    match kind.collection() {
        Collection::Orders => Data::Order {
            order: order(tenant, full),
            change: (kind == EventType::OrderStatusChanged).then_some(OrderChange {
                previous: OrderStatus::Placed,
                new: OrderStatus::Approved,
                at: at(30),
                by: ChangedBy::System,
            }),
            processed: (kind == EventType::OrderProcessed).then(|| Processed {
                failure: full.then_some(ProcessingFailure::NotPaid),
                transaction: full.then(|| Transaction {
                    id: PaymentId(id(5)),
                    processor: "VISA".into(),
                    approval_code: Some("A1B2C3".into()),
                }),
            }),
        },
        Collection::Payments => Data::Payment {
            payment: payment(kind, tenant),
            order: order(tenant, full),
            receipt: (kind == EventType::PaymentSucceeded).then(receipt),
        },
        Collection::Pets => Data::Pet {
            pet: pet(tenant, full),
            change: (kind == EventType::PetStatusChanged).then_some(PetChange {
                previous: PetStatus::Available,
                new: PetStatus::Pending,
                at: at(30),
            }),
        },
        Collection::Inventory => {
            let counts = Counts { available: 12, pending: 3, adopted: 40, not_available: 1 };
            Data::Inventory { stock: SpeciesStock { species: Species::Dog, counts, updated_at: at(30) } }
        }
        Collection::Users => Data::User { user: user(tenant, full) },
        Collection::Endpoints => Data::Endpoint(EndpointNotice {
            endpoint_id: EndpointId(id(6)),
            owner: full.then(|| UserId(id(4))),
            url: "https://example.com/hook".into(),
            reason: full.then(|| "the receiver answered 410 Gone".into()),
            failing_since: full.then(|| at(0)),
        }),
        Collection::Provider => Data::Provider(ProviderNotice {
            inbound_id: InboundId(id(7)),
            source: InboundSource::Provider,
            kind: "order_updated".into(),
            external_id: "evt-4711".into(),
            order_id: full.then(|| OrderId(id(2))),
            status: InboundStatus::Processed,
            note: full.then(|| "the order is paid already".into()),
            payload: "{}".into(),
        }),
        Collection::Chat => {
            Data::Chat { room: room(kind, tenant, full), happening: happening(kind, tenant, full) }
        }
    }
}

fn room(kind: EventType, tenant: Tenant, full: bool) -> Room {
    Room {
        id: RoomId(id(10)),
        tenant,
        user_id: UserId(id(4)),
        title: full.then(|| "My rabbit".into()),
        agent_id: (kind == EventType::ChatAssigned || full).then(|| UserId(id(8))),
        waiting_since: (kind == EventType::ChatWaiting || full).then(|| at(20)),
        unanswered: full.then(|| MessageId(id(11))),
        created_at: at(0),
        updated_at: at(30),
    }
}

fn happening(kind: EventType, tenant: Tenant, full: bool) -> Happening {
    let message = || Message {
        id: MessageId(id(11)),
        tenant,
        room_id: RoomId(id(10)),
        author: Author::Advisor,
        author_id: full.then(|| UserId(id(4))),
        text: "Hay, always.".into(),
        // Lists are never missing, and what is in them tells the form of their items.
        citations: vec![Citation {
            id: "rabbit-diet".into(),
            title: "What a rabbit eats".into(),
            sources: vec!["House Rabbit Society".into()],
        }],
        attachments: vec![Attachment {
            id: AttachmentId(id(12)),
            content_type: "image/png".into(),
            size_bytes: 4096,
        }],
        created_at: at(30),
        edited_at: full.then(|| at(31)),
        deleted_at: full.then(|| at(32)),
    };
    match kind {
        EventType::ChatMessageCreated | EventType::ChatMessageUpdated => Happening::Message(message()),
        EventType::ChatReceiptChanged => Happening::Receipt(chat::Receipt {
            room_id: RoomId(id(10)),
            user_id: UserId(id(4)),
            delivered: full.then(|| MessageId(id(11))),
            read: full.then(|| MessageId(id(11))),
            updated_at: at(30),
        }),
        _ => Happening::Room,
    }
}

fn order(tenant: Tenant, full: bool) -> Order {
    Order {
        id: OrderId(id(2)),
        tenant,
        pet_id: PetId(id(3)),
        user_id: full.then(|| UserId(id(4))),
        status: OrderStatus::Approved,
        total_amount: Amount::from_minor(12_550),
        currency: Currency::Usd,
        created_at: at(0),
        updated_at: at(30),
    }
}

fn payment(kind: EventType, tenant: Tenant) -> Payment {
    let status = match kind {
        EventType::PaymentFailed => PaymentStatus::Failed,
        EventType::PaymentRefunded => PaymentStatus::Refunded,
        _ => PaymentStatus::Succeeded,
    };
    Payment {
        id: PaymentId(id(5)),
        tenant,
        order_id: OrderId(id(2)),
        amount: Amount::from_minor(12_550),
        currency: Currency::Usd,
        source: Source::Card {
            name: "Jane Doe".into(),
            brand: CardBrand::Visa,
            last4: "4242".into(),
            exp_month: 12,
            exp_year: 2027,
            address: Address {
                country: Some("us".into()),
                post_code: Some("10001".into()),
                ..Address::default()
            },
        },
        status,
        failure_code: (status == PaymentStatus::Failed).then(|| "card_declined".into()),
        created_at: at(30),
    }
}

fn receipt() -> Receipt {
    let receipt_id = ReceiptId(id(8));
    let url = format!("https://pets.example/v1/receipts/{receipt_id}");
    Receipt { id: receipt_id, payment_id: PaymentId(id(5)), url, generated_at: at(30) }
}

fn pet(tenant: Tenant, full: bool) -> Pet {
    let label = |name: &str| Label { id: Some(name.to_lowercase()), name: name.into() };
    Pet {
        id: PetId(id(3)),
        tenant,
        name: "Bella".into(),
        species: Species::Dog,
        breed: full.then(|| "Labrador".into()),
        age_months: 14,
        size: full.then_some(Size::Large),
        color: full.then(|| "black".into()),
        gender: Gender::Female,
        good_with_kids: full.then_some(true),
        price: Amount::from_minor(12_550),
        currency: Currency::Usd,
        description: full.then(|| "Loves water.".into()),
        status: PetStatus::Pending,
        photos: if full { vec!["https://pets.example/bella.jpg".into()] } else { Vec::new() },
        medical_info: full.then(|| MedicalInfo {
            spayed_neutered: Some(true),
            vaccinated: Some(true),
            microchipped: Some(true),
            special_needs: Some(false),
            health_notes: Some("none".into()),
        }),
        category: full.then(|| label("Dogs")),
        tags: if full { vec![label("Friendly")] } else { Vec::new() },
        created_at: at(0),
        updated_at: at(30),
    }
}

fn user(tenant: Tenant, full: bool) -> User {
    User {
        id: UserId(id(4)),
        tenant,
        username: "jane".into(),
        email: "jane@example.com".into(),
        first_name: full.then(|| "Jane".into()),
        last_name: full.then(|| "Doe".into()),
        phone: full.then(|| "+15550100".into()),
        preferences: Preferences { newsletter: true, notifications: true },
        status: UserStatus::Active,
        role: Role::User,
        created_at: at(0),
        updated_at: at(30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much of JSON Schema as the schemas use.
    fn fits(schema: &Value, value: &Value) -> bool {
        if let Some(constant) = schema.get("const") {
            return constant == value;
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let allowed = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(|one| one == kind),
            one => one == kind,
        };
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let complete =
            kind != "object" || required.clone().all(|name| value.get(name.as_str().unwrap()).is_some());
        let fields = value.as_object().into_iter().flatten();
        let inner = fields
            .clone()
            .all(|(name, value)| schema["properties"].get(name).is_some_and(|schema| fits(schema, value)));
        allowed && complete && inner
    }

    #[test]
    fn every_type_has_a_schema_that_its_events_fit() {
        for kind in EventType::ALL {
            let described = describe(*kind);
            assert_eq!(described.example["eventType"], kind.name());
            for full in [true, false] {
                let event = example(*kind, full);
                assert!(fits(&described.schema, &event), "{kind}: {event:#} in {:#}", described.schema);
            }
            assert!(!fits(&described.schema, &json!({ "eventType": kind.name() })), "{kind}");
        }
        let schema = describe(EventType::OrderStatusChanged).schema;
        let order = &schema["properties"]["data"]["properties"]["order"]["properties"];
        assert_eq!(order["userId"]["type"], json!(["string", "null"]));
        assert_eq!(order["createdAt"]["format"], "date-time");
    }
}
