//! What the use cases of endpoints need of this module.

use std::sync::Arc;

use super::{AddressGuard, Vault};
use crate::domain::webhook::EndpointSecrets;
use crate::domain::{EndpointId, Result, Violation};

/// Issues secrets from the vault and asks the address guard.
pub struct EndpointDesk {
    pub(super) vault: Arc<Vault>,
    pub(super) guard: AddressGuard,
}

impl EndpointDesk {
    /// With the vault that the deliverer opens secrets with.
    pub fn new(vault: Arc<Vault>, guard: AddressGuard) -> Self {
        Self { vault, guard }
    }
}

impl EndpointSecrets for EndpointDesk {
    fn issue(&self, endpoint: EndpointId) -> Result<(String, Vec<u8>)> {
        let secret = self.vault.new_secret();
        let sealed = self.vault.seal(endpoint, &secret)?;
        Ok((secret, sealed))
    }

    fn check_url(&self, url: &str) -> Result<(), Violation> {
        self.guard.check_url(url).map(drop)
    }
}
