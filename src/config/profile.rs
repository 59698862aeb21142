//! Profiles: other defaults, for another purpose.

use serde::Deserialize;

/// What a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A store.
    Standard,
    /// To be judged by protocol suites, on this machine only.
    Conformance,
}

/// What the conformance profile has in place of the built-in defaults.
pub(super) const CONFORMANCE: &str = include_str!("conformance.toml");
