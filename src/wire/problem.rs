//! Problem details (RFC 9457), the shape of every refusal.

use serde::Serialize;

use crate::domain::{Error, Kind};

/// A refusal.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub type_uri: String,
    pub title: &'static str,
    pub status: u16,
    pub detail: String,
    /// What clients branch on; the same in every protocol.
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(rename = "paymentId", skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// One field's part in a refusal.
#[derive(Clone, Debug, Serialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
    pub code: &'static str,
}

/// The HTTP status of a kind, the end of its type URI, and its title.
pub const fn describe(kind: Kind) -> (u16, &'static str, &'static str) {
    match kind {
        Kind::Malformed => (400, "bad-request", "Bad Request"),
        Kind::Invalid => (422, "validation-error", "Validation Error"),
        Kind::Unauthenticated => (401, "unauthorized", "Unauthorized"),
        Kind::PaymentDeclined => (402, "payment-required", "Payment Declined"),
        Kind::Forbidden => (403, "forbidden", "Forbidden"),
        Kind::NotFound => (404, "not-found", "Not Found"),
        Kind::Conflict => (409, "conflict", "Conflict"),
        Kind::Gone => (410, "gone", "Gone"),
        Kind::PreconditionFailed => (412, "precondition-failed", "Precondition Failed"),
        Kind::TooLarge => (413, "payload-too-large", "Payload Too Large"),
        Kind::NotAcceptable => (406, "not-acceptable", "Not Acceptable"),
        Kind::UnsupportedMediaType => (415, "unsupported-media-type", "Unsupported Media Type"),
        Kind::RateLimited => (429, "rate-limit-exceeded", "Rate Limit Exceeded"),
        Kind::Unavailable => (503, "service-unavailable", "Service Unavailable"),
        Kind::Internal => (500, "internal-server-error", "Internal Server Error"),
    }
}

/// The type URI that ends in `slug`.
pub fn type_uri(slug: &str) -> String {
    format!("https://petstoreapi.com/errors/{slug}")
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let (status, slug, title) = describe(error.kind());
        let payment_id = match error {
            Error::PaymentDeclined { payment_id, .. } => Some(payment_id.to_string()),
            _ => None,
        };
        let errors = error
            .violations()
            .into_iter()
            .map(|v| FieldError { field: v.field, message: v.message, code: v.code })
            .collect();
        Self {
            type_uri: type_uri(slug),
            title,
            status,
            detail: error.to_string(),
            code: error.code(),
            instance: None,
            request_id: None,
            payment_id,
            errors,
        }
    }
}
