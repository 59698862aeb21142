//! Settings of the protocol examples.

use serde::Deserialize;

/// `[echo]`: protocol examples below /v1/echo, and the Socket.IO namespace /echo.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EchoSettings {
    /// Whether they are there.
    pub enabled: bool,
    /// Largest message that is echoed, and largest body that is described or kept, bytes.
    pub max_message_bytes: usize,
    /// Messages of one connection, a second, in the long run; who sends faster is read slower.
    pub messages_per_s: u32,
    /// Messages of one connection, at once after a pause.
    pub messages_burst: u32,
    /// Events of one stream.
    pub max_events: u32,
    /// Longest time between two of them, milliseconds.
    pub max_interval_ms: u64,
    /// Inspectors that are kept; the one that was not used for longest makes room.
    pub max_hooks: usize,
    /// Requests that an inspector keeps.
    pub hook_requests: usize,
    /// Memory for the requests of all inspectors, bytes.
    pub hooks_bytes: usize,
}
