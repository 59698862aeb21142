//! The one JSON shape of each resource, event, problem and request, shared by every protocol, the event log, the audit
//! log and webhooks.

pub mod admin;
pub mod callback;
pub mod chat;
pub mod completion;
pub mod event;
pub mod event_types;
pub mod image;
pub mod inbound;
pub mod json;
pub mod oauth;
pub mod order;
pub mod page;
pub mod payment;
pub mod pet;
pub mod pet_patch;
pub mod problem;
pub mod search;
pub mod snapshot;
pub mod user;
pub mod webhook;

pub use event::Envelope;
pub use problem::Problem;

use crate::domain::{Error, Violation};

/// What cannot be read back: a stored or received value that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("{0} cannot be read: {1}")]
pub struct Unreadable(pub &'static str, pub String);

impl From<Unreadable> for Error {
    fn from(unreadable: Unreadable) -> Self {
        Error::internal(unreadable)
    }
}

/// Collects the violations of a request while its fields are read.
#[derive(Default)]
pub(crate) struct Violations(Vec<Violation>);

impl Violations {
    /// The value, or nothing with its violation kept.
    pub fn take<T>(&mut self, result: Result<T, Violation>) -> Option<T> {
        result.map_err(|violation| self.0.push(violation)).ok()
    }

    /// Reads an optional text with `parse`.
    pub fn read<T>(
        &mut self,
        text: Option<String>,
        parse: impl FnOnce(&str) -> Result<T, Violation>,
    ) -> Option<T> {
        text.and_then(|text| self.take(parse(&text)))
    }

    /// The value, unless a violation was kept.
    pub fn finish<T>(self, value: T) -> Result<T, Error> {
        if self.0.is_empty() { Ok(value) } else { Err(Error::Invalid(self.0)) }
    }
}
