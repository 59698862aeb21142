//! The envelope of an event, the same on every channel, in the log and in webhooks.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Unreadable;
use super::callback::Processing;
use super::chat::{self, ChatData};
use super::order::Order;
use super::payment::{Payment, Receipt};
use super::pet::{Pet, Stock};
use super::user::User;
use crate::domain::event::{
    ChangedBy, Collection, Data, EndpointNotice, Event, EventType, OrderChange, PetChange, ProviderNotice,
};
use crate::domain::inbound::{InboundSource, InboundStatus};
use crate::domain::{EndpointId, InboundId, OrderId, OrderStatus, PetStatus, Timestamp, UserId};

/// What every channel sends for an event; webhooks leave the cursor out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope<'e> {
    pub event_id: String,
    pub event_type: &'static str,
    pub timestamp: String,
    pub data: &'e RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// The JSON text of the envelope of `event`, with its cursor.
pub fn envelope(event: &Event) -> String {
    encode(event, Some(event.position.to_cursor()))
}

/// The JSON text of the envelope as webhooks send it (seeds 001 and 002): without a cursor.
pub fn webhook_envelope(event: &Event) -> String {
    encode(event, None)
}

fn encode(event: &Event, cursor: Option<String>) -> String {
    let envelope = || {
        let data = RawValue::from_string(data_to_json(&event.data))?;
        serde_json::to_string(&Envelope {
            event_id: event.id.to_string(),
            event_type: event.kind.name(),
            timestamp: event.occurred_at.to_string(),
            data: &data,
            cursor,
        })
    };
    // Plain structs of strings and numbers have nothing that JSON cannot say.
    envelope().unwrap_or_default()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderData {
    order: Order,
    #[serde(default, flatten)]
    change: Option<ChangeData>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    processing: Option<Processing>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangeData {
    previous_status: String,
    new_status: String,
    changed_at: String,
}

#[derive(Serialize, Deserialize)]
struct PaymentData {
    payment: Payment,
    order: Order,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

#[derive(Serialize, Deserialize)]
struct PetData {
    pet: Pet,
    #[serde(default, flatten)]
    change: Option<ChangeData>,
}

#[derive(Serialize, Deserialize)]
struct InventoryData {
    inventory: Stock,
}

#[derive(Serialize, Deserialize)]
struct UserData {
    user: User,
}

#[derive(Serialize, Deserialize)]
struct EndpointData {
    endpoint: NoticedEndpoint,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoticedEndpoint {
    id: String,
    url: String,
    user_id: Option<String>,
    disabled_reason: Option<String>,
    failing_since: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProviderData {
    inbound_id: String,
    source: String,
    kind: String,
    external_id: String,
    order_id: Option<String>,
    status: String,
    note: Option<String>,
    payload: Box<RawValue>,
}

fn changed_by(by: ChangedBy) -> String {
    match by {
        ChangedBy::System => "system".to_owned(),
        ChangedBy::Staff => "staff".to_owned(),
        ChangedBy::User(id) => id.to_string(),
    }
}

/// The JSON text of an event's data.
pub fn data_to_json(data: &Data) -> String {
    let text = match data {
        Data::Order { order, change, processed } => serde_json::to_string(&OrderData {
            order: order.into(),
            change: change.map(|c| ChangeData {
                previous_status: c.previous.to_string(),
                new_status: c.new.to_string(),
                changed_at: c.at.to_string(),
            }),
            changed_by: change.map(|c| changed_by(c.by)),
            processing: processed.as_ref().map(Into::into),
        }),
        Data::Payment { payment, order, receipt } => serde_json::to_string(&PaymentData {
            payment: payment.into(),
            order: order.into(),
            receipt: receipt.as_ref().map(Into::into),
        }),
        Data::Pet { pet, change } => serde_json::to_string(&PetData {
            pet: pet.into(),
            change: change.map(|c| ChangeData {
                previous_status: c.previous.to_string(),
                new_status: c.new.to_string(),
                changed_at: c.at.to_string(),
            }),
        }),
        Data::Inventory { stock } => serde_json::to_string(&InventoryData { inventory: stock.into() }),
        Data::User { user } => serde_json::to_string(&UserData { user: user.into() }),
        Data::Endpoint(notice) => {
            let endpoint = NoticedEndpoint {
                id: notice.endpoint_id.to_string(),
                url: notice.url.clone(),
                user_id: notice.owner.map(|id| id.to_string()),
                disabled_reason: notice.reason.clone(),
                failing_since: notice.failing_since.map(|at| at.to_string()),
            };
            serde_json::to_string(&EndpointData { endpoint })
        }
        Data::Provider(notice) => RawValue::from_string(notice.payload.clone()).and_then(|payload| {
            serde_json::to_string(&ProviderData {
                inbound_id: notice.inbound_id.to_string(),
                source: notice.source.to_string(),
                kind: notice.kind.clone(),
                external_id: notice.external_id.clone(),
                order_id: notice.order_id.map(|id| id.to_string()),
                status: notice.status.to_string(),
                note: notice.note.clone(),
                payload,
            })
        }),
        Data::Chat { room, happening } => serde_json::to_string(&chat::happened(room, happening)),
    };
    // Plain structs of strings and numbers have nothing that JSON cannot say.
    text.unwrap_or_default()
}

/// The data of an event of `kind` from its JSON text.
///
/// # Errors
/// [`Unreadable`] when the text was not written by [`data_to_json`] for that kind.
pub fn data_from_json(kind: EventType, text: &str) -> Result<Data, Unreadable> {
    fn parse<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, Unreadable> {
        serde_json::from_str(text).map_err(|error| Unreadable("event data", error.to_string()))
    }
    Ok(match kind.collection() {
        Collection::Orders => {
            let OrderData { order, change, changed_by, processing } = parse(text)?;
            let change = match (change, changed_by) {
                (Some(change), Some(by)) => Some(order_change(&change, &by)?),
                _ => None,
            };
            let processed = processing.map(Processing::restore).transpose()?;
            Data::Order { order: order.restore()?, change, processed }
        }
        Collection::Payments => {
            let PaymentData { payment, order, receipt } = parse(text)?;
            let order = order.restore()?;
            let payment = payment.restore(&order)?;
            let receipt = receipt.map(|receipt| receipt.restore(payment.id)).transpose()?;
            Data::Payment { payment, order, receipt }
        }
        Collection::Pets => {
            let PetData { pet, change } = parse(text)?;
            Data::Pet { pet: pet.restore()?, change: change.as_ref().map(pet_change).transpose()? }
        }
        Collection::Inventory => {
            Data::Inventory { stock: parse::<InventoryData>(text)?.inventory.restore()? }
        }
        Collection::Chat => {
            let (room, happening) = parse::<ChatData>(text)?.restore()?;
            Data::Chat { room, happening }
        }
        Collection::Users => Data::User { user: parse::<UserData>(text)?.user.restore()? },
        Collection::Endpoints => {
            let NoticedEndpoint { id, url, user_id, disabled_reason, failing_since } =
                parse::<EndpointData>(text)?.endpoint;
            let unreadable = || Unreadable("endpoint", id.clone());
            Data::Endpoint(EndpointNotice {
                endpoint_id: EndpointId::parse("id", &id).map_err(|_| unreadable())?,
                owner: user_id.as_deref().and_then(|id| UserId::parse("userId", id).ok()),
                url,
                reason: disabled_reason,
                failing_since: failing_since.as_deref().and_then(Timestamp::parse),
            })
        }
        Collection::Provider => {
            let data: ProviderData = parse(text)?;
            let unreadable = || Unreadable("provider event", data.inbound_id.clone());
            Data::Provider(ProviderNotice {
                inbound_id: InboundId::parse("id", &data.inbound_id).map_err(|_| unreadable())?,
                source: InboundSource::from_name(&data.source).ok_or_else(unreadable)?,
                status: InboundStatus::from_name(&data.status).ok_or_else(unreadable)?,
                order_id: data.order_id.as_deref().and_then(|id| OrderId::parse("orderId", id).ok()),
                kind: data.kind,
                external_id: data.external_id,
                note: data.note,
                payload: data.payload.get().to_owned(),
            })
        }
    })
}

fn order_change(change: &ChangeData, by: &str) -> Result<OrderChange, Unreadable> {
    let read = || {
        Some(OrderChange {
            previous: OrderStatus::from_name(&change.previous_status)?,
            new: OrderStatus::from_name(&change.new_status)?,
            at: Timestamp::parse(&change.changed_at)?,
            by: match by {
                "system" => ChangedBy::System,
                "staff" => ChangedBy::Staff,
                id => ChangedBy::User(UserId::parse("changedBy", id).ok()?),
            },
        })
    };
    read().ok_or_else(|| Unreadable("order change", change.new_status.clone()))
}

fn pet_change(change: &ChangeData) -> Result<PetChange, Unreadable> {
    let read = || {
        Some(PetChange {
            previous: PetStatus::from_name(&change.previous_status)?,
            new: PetStatus::from_name(&change.new_status)?,
            at: Timestamp::parse(&change.changed_at)?,
        })
    };
    read().ok_or_else(|| Unreadable("pet change", change.new_status.clone()))
}
