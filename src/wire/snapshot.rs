//! Resources as audit rows keep them: the same shape as on every wire.

use crate::domain::audit::Snapshot;

/// The JSON text of a snapshot.
pub fn to_json(snapshot: &Snapshot) -> String {
    use super::{chat, inbound, oauth, order, payment, pet, user, webhook};
    let text = match snapshot {
        Snapshot::Pet(pet) => serde_json::to_string(&pet::Pet::from(pet)),
        Snapshot::Order(order) => serde_json::to_string(&order::Order::from(order)),
        Snapshot::Payment(payment) => serde_json::to_string(&payment::Payment::from(payment)),
        Snapshot::User(user) => serde_json::to_string(&user::User::from(user)),
        Snapshot::Client(client) => serde_json::to_string(&oauth::Client::from(client)),
        Snapshot::Room(room) => serde_json::to_string(&chat::Room::from(room)),
        Snapshot::Message(message) => serde_json::to_string(&chat::Message::from(message)),
        Snapshot::Endpoint(endpoint) => serde_json::to_string(&webhook::Endpoint::from(endpoint)),
        Snapshot::Delivery(delivery) => serde_json::to_string(&webhook::Delivery::from(delivery)),
        Snapshot::WebhookJob(job) => serde_json::to_string(&webhook::Job::from(job)),
        Snapshot::Inbound(inbound) => serde_json::to_string(&inbound::Inbound::from(inbound)),
    };
    // Plain structs of strings and numbers have nothing that JSON cannot say.
    text.unwrap_or_default()
}
