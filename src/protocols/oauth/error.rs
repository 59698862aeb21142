//! Errors in the words of OAuth2 (RFC 6749 §5.2).

use ::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::json_answer;
use crate::domain::oauth::Refusal;
use crate::domain::{Error, Kind};
use crate::protocols::rest::LimitHit;

/// An error on its way to a client.
pub(super) struct Refused(pub Error);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// The code of the RFC for an error, and the status to answer it with.
pub(super) fn describe(error: &Error) -> (&'static str, StatusCode) {
    let (refusal, status) = match (error, error.kind()) {
        (Error::OAuth(Refusal::InvalidClient, _), _) => (Refusal::InvalidClient, StatusCode::UNAUTHORIZED),
        (Error::OAuth(refusal, _), _) => (*refusal, StatusCode::BAD_REQUEST),
        (_, Kind::RateLimited) => (Refusal::TemporarilyUnavailable, StatusCode::TOO_MANY_REQUESTS),
        (_, Kind::Unavailable) => (Refusal::TemporarilyUnavailable, StatusCode::SERVICE_UNAVAILABLE),
        (_, Kind::Internal) => (Refusal::ServerError, StatusCode::INTERNAL_SERVER_ERROR),
        _ => (Refusal::InvalidRequest, StatusCode::BAD_REQUEST),
    };
    (refusal.name(), status)
}

/// Logs what is a fault of ours.
pub(super) fn log(error: &Error) {
    match error.kind() {
        Kind::Internal | Kind::Unavailable => {
            tracing::error!(code = error.code(), cause = ?std::error::Error::source(error), "{error}");
        }
        _ => tracing::debug!(code = error.code(), "refused: {error}"),
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let error = self.0;
        log(&error);
        let (code, status) = describe(&error);
        let body = json!({ "error": code, "error_description": description(&error) });
        let mut response = json_answer(status, &body, "no-store");
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"petstore\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Error::RateLimited { limit, retry_after_s } = error {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
            response.extensions_mut().insert(LimitHit(limit));
        }
        response
    }
}

/// What may stand in `error_description`: ASCII without quotes and backslashes (RFC 6749 §5.2).
pub(super) fn description(error: &Error) -> String {
    let plain = |c: char| c == ' ' || (c.is_ascii_graphic() && c != '"' && c != '\\');
    error.to_string().chars().map(|c| if plain(c) { c } else { '\'' }).collect()
}
