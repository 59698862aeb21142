//! Systems that call here: who may, and what their messages mean. What is then done is the business of [`crate::app`].

pub mod anyspend;
pub mod provider;

use crate::domain::inbound::{Inbound, InboundDraft, InboundSource};
use crate::domain::{Error, Result, Tenant};

pub use anyspend::AnySpend;
pub use provider::Provider;

/// Those that are turned on.
#[derive(Default)]
pub struct Integrations {
    pub provider: Option<Provider>,
    pub anyspend: Option<AnySpend>,
}

impl Integrations {
    /// What a delivery means that was kept, by today's settings.
    ///
    /// # Errors
    /// [`Error::UnknownOperation`] when its source is turned off.
    pub fn understand(&self, inbound: &Inbound) -> Result<InboundDraft> {
        const OFF: Error = Error::UnknownOperation("this integration is turned off");
        match inbound.source {
            InboundSource::Provider => self.provider.as_ref().ok_or(OFF)?.read(&inbound.kind, &inbound.body),
            InboundSource::AnySpend => self.anyspend.as_ref().ok_or(OFF)?.read(&inbound.body),
        }
    }
}

/// The tenant that a setting names; the empty text is the public pool.
///
/// # Errors
/// [`Error::Malformed`] when it is none.
pub fn tenant(setting: &str) -> Result<Tenant> {
    if setting.is_empty() { Ok(Tenant::PUBLIC) } else { Tenant::parse(setting) }
}
