//! What the use cases of endpoints need of this module.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use super::{AddressGuard, Doorbell, Vault};
use crate::domain::webhook::{EndpointSecrets, IssuedSecret};
use crate::domain::{EndpointId, Error, Result, Violation};

/// Longest value of an owner's own header, in bytes.
const MAX_VALUE: usize = 1024;

/// Headers that the HTTP client or the delivery itself sets.
const OURS: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-tenant-id",
];

/// Issues secrets from the vault, asks the address guard, and rings the deliverer's bell.
pub struct EndpointDesk {
    pub(super) vault: Arc<Vault>,
    pub(super) guard: AddressGuard,
    doorbell: Arc<Doorbell>,
    max_timeout_ms: u32,
}

impl EndpointDesk {
    /// With the vault that the deliverer opens secrets with, and its bell.
    pub fn new(vault: Arc<Vault>, guard: AddressGuard, doorbell: Arc<Doorbell>, max_timeout_ms: u32) -> Self {
        Self { vault, guard, doorbell, max_timeout_ms }
    }
}

impl EndpointSecrets for EndpointDesk {
    fn issue(&self, endpoint: EndpointId) -> Result<IssuedSecret> {
        self.vault.issue(endpoint)
    }

    fn seal_headers(&self, endpoint: EndpointId, headers: &[(String, String)]) -> Result<Vec<u8>> {
        if headers.is_empty() {
            return Ok(Vec::new());
        }
        self.vault.seal(endpoint, &serde_json::to_string(headers).map_err(Error::internal)?)
    }

    fn check_url(&self, url: &str) -> Result<(), Violation> {
        self.guard.check_url(url).map(drop)
    }

    fn check_header(&self, field: &str, name: &str, value: &str) -> Result<(), Violation> {
        let broken = |code, message: &str| Err(Violation::new(field, code, message));
        let Ok(name) = HeaderName::try_from(name) else {
            return broken("invalid_header", "must be the name of a header");
        };
        let name = name.as_str();
        if OURS.contains(&name)
            || ["webhook-", "x-webhook-", "proxy-"].iter().any(|ours| name.starts_with(ours))
        {
            return broken("reserved_header", "is set by the delivery itself");
        }
        if value.len() > MAX_VALUE || HeaderValue::try_from(value).is_err() {
            return broken("invalid_header", "must be at most 1024 bytes of visible ASCII");
        }
        Ok(())
    }

    fn max_timeout_ms(&self) -> u32 {
        self.max_timeout_ms
    }

    fn changed(&self, endpoint: EndpointId) {
        self.doorbell.ring_for(endpoint);
    }
}
