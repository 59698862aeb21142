//! Errors as Socket.IO tells them: in acknowledgements, in `problem` events, and as the reason of a `connect_error`.

use serde::Serialize;

use crate::domain::{Error, Kind};
use crate::wire::Problem;

/// The event that carries what cannot be told in an acknowledgement.
pub(super) const PROBLEM: &str = "problem";

/// The answer to a call that was refused.
#[derive(Serialize)]
pub(super) struct Refused {
    pub error: Problem,
}

/// The argument of a [`PROBLEM`] event: a problem, and which subscription it has ended.
#[derive(Serialize)]
pub(super) struct Told<'t> {
    #[serde(flatten)]
    pub problem: Problem,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<&'t str>,
}

/// The problem to tell; what is a fault of ours is logged with its cause.
pub(super) fn problem(error: &Error) -> Problem {
    match error.kind() {
        Kind::Internal | Kind::Unavailable => {
            tracing::error!(code = error.code(), cause = ?std::error::Error::source(error), "{error}");
        }
        _ => tracing::debug!(code = error.code(), "{error}"),
    }
    Problem::from(error)
}

/// The message of a `connect_error`. The library sends a text and no data with it, so the code stands in the text.
pub(super) fn connect_error(error: &Error) -> String {
    let Problem { code, detail, .. } = problem(error);
    format!("{code}: {detail}")
}
