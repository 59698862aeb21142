//! Things with an id of their own, whatever they are.

use async_graphql::{ID, Interface};

use super::audit::AuditLog;
use super::delivery::WebhookDelivery;
use super::order::Order;
use super::outside::{InboundDelivery, OAuthClient};
use super::payment::{Payment, Receipt};
use super::pet::Pet;
use super::user::User;
use super::webhook::WebhookEndpoint;

/// Something with an id of its own, by which it can be asked for again. The id is that of REST.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "&ID", desc = "The thing's id."))]
pub enum Node {
    /// A pet.
    Pet(Pet),
    /// An order.
    Order(Order),
    /// A user.
    User(User),
    /// A payment.
    Payment(Payment),
    /// A receipt.
    Receipt(Receipt),
    /// A webhook endpoint.
    WebhookEndpoint(WebhookEndpoint),
    /// A webhook delivery.
    WebhookDelivery(WebhookDelivery),
    /// A row of the audit log.
    AuditLog(AuditLog),
    /// A client of the OAuth2 server.
    OAuthClient(OAuthClient),
    /// What another system sent.
    InboundDelivery(InboundDelivery),
}
