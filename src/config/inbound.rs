//! The settings of the systems that report here.

use serde::Deserialize;

/// A text that is never shown.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// `[provider]`: the payment provider that reports here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// Whether it may.
    pub enabled: bool,
    /// The secret that it signs with.
    pub secret: Secret,
    /// The tenant whose orders it settles; empty is the public pool.
    pub tenant: String,
}

/// `[anyspend]`: `AnySpend`, which reports here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnySpendSettings {
    /// Whether it may.
    pub enabled: bool,
    /// The keys that it may send.
    pub api_keys: Vec<Secret>,
    /// The tokens that are taken, each as `chain:address:decimals:currency`.
    pub tokens: Vec<String>,
    /// The addresses that may have received them.
    pub recipients: Vec<String>,
    /// The tenant whose orders it settles; empty is the public pool.
    pub tenant: String,
}
