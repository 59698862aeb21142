//! Settings of the logs.

use serde::Deserialize;

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`: logs, on standard error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// Lines for people, or one JSON object a line.
    pub format: LogFormat,
    /// What is logged.
    pub filter: String,
}
