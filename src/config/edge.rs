//! Settings of what surrounds every request: TLS, other sites' pages, rate limits.

use std::path::PathBuf;

use serde::Deserialize;

/// The header in which a reverse proxy says for whom it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// `[tls]`: TLS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// PEM file with the certificate and its chain; with the key, the server speaks TLS and nothing else.
    pub cert: PathBuf,
    /// PEM file with the private key.
    pub key: PathBuf,
    /// Longest time for a handshake, milliseconds.
    pub handshake_timeout_ms: u64,
    /// Handshakes under way at the same time; more wait.
    pub max_handshakes: usize,
    /// How long browsers are told to use https only (Strict-Transport-Security), seconds; 0 tells them nothing.
    pub hsts_max_age_s: u64,
}

/// `[cors]`: pages of other sites.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsSettings {
    /// Origins whose pages may read the answers; "*" is any, none is nobody's. Cookies are never sent.
    pub allow_origins: Vec<String>,
    /// How long a browser may remember what it was allowed, seconds.
    pub max_age_s: u32,
}

/// `[rate_limit]`: how often one user, or one address of those without a token, may ask.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSettings {
    /// Whether there are limits at all.
    pub enabled: bool,
    /// Requests that read, a second, in the long run.
    pub reads_per_s: u32,
    /// Requests that read, at once after a pause.
    pub reads_burst: u32,
    /// Requests that change something, and GraphQL by POST, a second, in the long run.
    pub writes_per_s: u32,
    /// Requests that change something, at once after a pause.
    pub writes_burst: u32,
    /// Requests for tokens and new accounts from one address, a minute, in the long run.
    pub logins_per_min: u32,
    /// Requests for tokens and new accounts from one address, at once after a pause.
    pub logins_burst: u32,
    /// Places of the table of each of the three; two users or addresses on one place share their limit.
    pub slots: usize,
}
