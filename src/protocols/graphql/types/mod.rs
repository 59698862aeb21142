//! The types of the schema: the domain's, under the names that REST uses.

pub mod audit;
pub mod chat;
pub mod delivery;
pub mod enums;
pub mod event;
pub mod event_objects;
pub mod inventory;
pub mod log;
pub mod node;
pub mod order;
pub mod outside;
pub mod payment;
pub mod pet;
pub mod scalars;
pub mod stats;
pub mod upload;
pub mod user;
pub mod webhook;

use crate::protocols::graphql::connection::connections;

connections! {
    PetConnection, PetEdge: pet::Pet = "pets";
    OrderConnection, OrderEdge: order::Order = "orders";
    PaymentConnection, PaymentEdge: payment::Payment = "payments";
    UserConnection, UserEdge: user::User = "users";
    AuditLogConnection, AuditLogEdge: audit::AuditLog = "audit rows";
    WebhookEndpointConnection, WebhookEndpointEdge: webhook::WebhookEndpoint = "webhook endpoints";
    WebhookDeliveryConnection, WebhookDeliveryEdge: delivery::WebhookDelivery = "webhook deliveries";
    WebhookAttemptConnection, WebhookAttemptEdge: delivery::WebhookAttempt = "attempts of webhook deliveries";
    WebhookJobConnection, WebhookJobEdge: delivery::WebhookJob = "webhook jobs";
    OAuthClientConnection, OAuthClientEdge: outside::OAuthClient = "OAuth2 clients";
    ChatRoomConnection, ChatRoomEdge: chat::ChatRoom = "conversations";
    InboundDeliveryConnection, InboundDeliveryEdge: outside::InboundDelivery = "inbound deliveries";
}
