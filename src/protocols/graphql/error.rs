//! The map from the store's errors to GraphQL's: `extensions` has the code that is the same in every protocol.

use std::sync::Arc;

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use serde::Serialize;

use crate::domain::{Error, Kind};
use crate::wire::Problem;

/// Most errors that one answer lists.
const MAX_ERRORS: usize = 100;
/// Longest message of an error that the executor words, in characters: some repeat the caller's query.
const MAX_MESSAGE: usize = 500;

/// An error of the store that is not of a field.
pub fn refusal(error: Error) -> ServerError {
    let message = error.to_string();
    ServerError {
        message,
        source: Some(Arc::new(error)),
        locations: Vec::new(),
        path: Vec::new(),
        extensions: None,
    }
}

/// A refusal that only this protocol knows.
pub fn protocol_refusal(code: &'static str, status: u16, message: &str) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    extensions.set("kind", kind_name(kind_of(status)));
    extensions.set("status", status);
    ServerError { extensions: Some(extensions), ..ServerError::new(message, None) }
}

/// The kind of a refusal that only this protocol knows.
const fn kind_of(status: u16) -> Kind {
    match status {
        403 => Kind::Forbidden,
        404 => Kind::NotFound,
        406 => Kind::NotAcceptable,
        409 => Kind::Conflict,
        429 => Kind::RateLimited,
        503 => Kind::Unavailable,
        _ => Kind::Malformed,
    }
}

/// The text of an answer, and how it ended.
pub struct Answer {
    pub json: String,
    /// Nothing was executed: the request itself is wrong, and there is no `data`.
    pub refused: bool,
    /// The request is not wrong: it can be sent again later.
    pub unavailable: bool,
}

/// Whether nothing was executed: what the executor does on a field leaves data, or errors that name the field.
pub fn is_refused(response: &Response) -> bool {
    let of_no_field = response.errors.iter().all(|error| error.path.is_empty());
    response.data == Value::Null && !response.errors.is_empty() && of_no_field
}

/// The JSON text of a response, its errors described and their causes logged.
pub fn encode(mut response: Response, request_id: Option<&str>) -> Answer {
    let refused = is_refused(&response);
    describe_all(&mut response.errors, request_id);
    let unavailable = refused && response.errors.iter().any(is_unavailable);
    let body = Body {
        errors: (!response.errors.is_empty()).then_some(&response.errors),
        data: (!refused).then_some(&response.data),
    };
    // Values, strings and numbers have nothing that JSON cannot say.
    Answer { json: serde_json::to_string(&body).unwrap_or_default(), refused, unavailable }
}

/// Whether a described error is the server's, and of the moment.
fn is_unavailable(error: &ServerError) -> bool {
    let kind = error.extensions.as_ref().and_then(|extensions| extensions.get("kind"));
    kind == Some(&Value::from(kind_name(Kind::Unavailable)))
}

/// The JSON text of a list of errors.
pub fn encode_errors(mut errors: Vec<ServerError>, request_id: Option<&str>) -> String {
    describe_all(&mut errors, request_id);
    serde_json::to_string(&errors).unwrap_or_default()
}

#[derive(Serialize)]
struct Body<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'r Vec<ServerError>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'r Value>,
}

fn describe_all(errors: &mut Vec<ServerError>, request_id: Option<&str>) {
    errors.truncate(MAX_ERRORS);
    for error in errors {
        describe(error, request_id);
    }
}

/// Gives an error its extensions. What the executor refuses by itself (syntax, validation, types of arguments) gets the
/// code that the same breach has elsewhere.
fn describe(error: &mut ServerError, request_id: Option<&str>) {
    if let Some(id) = request_id {
        error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("requestId", id);
    }
    if error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some()) {
        return;
    }
    let cause = error.source.take();
    let known = match cause.as_ref().and_then(|cause| cause.downcast_ref::<Error>()) {
        Some(known) => known.clone(),
        None => {
            error.message = shorten(&error.message);
            of_the_executor(&error.message)
        }
    };
    log(&known, request_id);
    let Problem { status, code, payment_id, errors, .. } = Problem::from(&known);
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    extensions.set("code", code);
    extensions.set("kind", kind_name(known.kind()));
    extensions.set("status", status);
    if !errors.is_empty() {
        extensions.set("errors", async_graphql::to_value(&errors).unwrap_or_default());
    }
    if let Some(id) = payment_id {
        extensions.set("paymentId", id);
    }
}

/// The executor's own refusals have no type, only a message.
fn of_the_executor(message: &str) -> Error {
    let limit = match message {
        "Query is too complex." => Some("graphql.max_complexity"),
        "Query is nested too deep." => Some("graphql.max_depth"),
        _ => None,
    };
    match limit {
        Some(limit) => Error::LimitReached { limit, message: message.to_owned() },
        None => Error::Invalid(Vec::new()),
    }
}

fn shorten(message: &str) -> String {
    match message.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

fn log(error: &Error, request_id: Option<&str>) {
    match error {
        Error::Internal(cause) => tracing::error!(%cause, request_id, "a GraphQL operation failed"),
        Error::Unavailable(cause) => {
            let cause = cause.as_ref().map(ToString::to_string);
            tracing::warn!(cause, request_id, "a GraphQL operation could not be done now");
        }
        _ => {}
    }
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Malformed => "MALFORMED",
        Kind::Invalid => "INVALID",
        Kind::Unauthenticated => "UNAUTHENTICATED",
        Kind::Forbidden => "FORBIDDEN",
        Kind::NotFound => "NOT_FOUND",
        Kind::Conflict => "CONFLICT",
        Kind::Gone => "GONE",
        Kind::PreconditionFailed => "PRECONDITION_FAILED",
        Kind::PaymentDeclined => "PAYMENT_DECLINED",
        Kind::TooLarge => "TOO_LARGE",
        Kind::NotAcceptable => "NOT_ACCEPTABLE",
        Kind::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
        Kind::RateLimited => "RATE_LIMITED",
        Kind::Unavailable => "UNAVAILABLE",
        Kind::Internal => "INTERNAL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Violation;
    use async_graphql::PathSegment;

    fn body(response: Response) -> serde_json::Value {
        serde_json::from_str(&encode(response, Some("req-1")).json).unwrap()
    }

    #[test]
    fn an_error_of_the_store_keeps_its_code_and_fields() {
        let error = Error::invalid(Violation::required("price"));
        let mut failed = refusal(error);
        failed.path = vec![PathSegment::Field("createPet".into())];
        let body = body(Response::from_errors(vec![failed]));
        assert_eq!(body["data"], serde_json::Value::Null);
        assert!(body.as_object().unwrap().contains_key("data"), "it was executed");
        let extensions = &body["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "validation_failed");
        assert_eq!(extensions["kind"], "INVALID");
        assert_eq!(extensions["status"], 422);
        assert_eq!(extensions["requestId"], "req-1");
        assert_eq!(extensions["errors"][0]["field"], "price");
        assert_eq!(extensions["errors"][0]["code"], "required");
    }

    #[test]
    fn a_cause_is_never_sent() {
        let body = body(Response::from_errors(vec![refusal(Error::internal("the password is hunter2"))]));
        assert!(!body.to_string().contains("hunter2"));
        assert_eq!(body["errors"][0]["extensions"]["code"], "internal");
    }

    #[test]
    fn a_request_error_has_no_data_and_a_bounded_message() {
        let answer = encode(Response::from_errors(vec![ServerError::new("x".repeat(10_000), None)]), None);
        assert!(answer.refused);
        let body: serde_json::Value = serde_json::from_str(&answer.json).unwrap();
        assert!(!body.as_object().unwrap().contains_key("data"));
        assert!(answer.json.len() < 1_000);
        assert_eq!(body["errors"][0]["extensions"]["code"], "validation_failed");
    }
}
