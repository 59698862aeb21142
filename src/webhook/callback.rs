//! Callbacks: deliveries to an address that came with a request instead of an endpoint that was registered.
//!
//! A callback is a delivery like any other: its row is written in the transaction of the request, the deliverer claims,
//! signs, sends, retries and records it. What differs is here. It belongs to a *lane*, an endpoint that nobody sees and
//! that wants no event, one for each user and origin, so that a slow receiver delays nobody else; its own address is on
//! its row; and its body is `orderProcessed` in place of the envelope.
//!
//! **Who signs.** Each user has one callback secret in each tenant. It is derived from the key of the vault (HMAC-SHA256
//! over tenant and user), so there is none to create or to lose; the user, and nobody else, reads it with
//! `GET /v1/callback-secret`. The signatures are those of webhooks.

use super::EndpointDesk;
use crate::domain::callback::CallbackDesk;
use crate::domain::webhook::Endpoint;
use crate::domain::{EndpointId, Result, Tenant, UserId, Violation};
use crate::store::ClaimedDelivery;
use crate::wire;

impl CallbackDesk for EndpointDesk {
    fn origin(&self, url: &str) -> Result<String, Violation> {
        self.guard.check_url(url).map(|url| url.origin().ascii_serialization())
    }

    fn secret(&self, tenant: Tenant, user: UserId) -> String {
        self.vault.callback_secret(tenant, user)
    }

    fn sealed_secret(&self, tenant: Tenant, user: UserId, endpoint: EndpointId) -> Result<Vec<u8>> {
        self.vault.seal(endpoint, &self.vault.callback_secret(tenant, user))
    }
}

/// Whether the endpoint is a lane of callbacks: one that was registered wants at least one event.
pub(super) fn is_lane(endpoint: &Endpoint) -> bool {
    endpoint.event_types.is_empty()
}

/// What is posted.
pub(super) fn body(claimed: &ClaimedDelivery) -> String {
    is_lane(&claimed.endpoint)
        .then(|| wire::callback::order_processed(&claimed.event))
        .flatten()
        .unwrap_or_else(|| wire::event::webhook_envelope(&claimed.event))
}
