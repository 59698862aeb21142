//! Errors as problem responses (RFC 9457).

use ::http::{HeaderValue, StatusCode, header};
use axum::body::Body;
use axum::response::{IntoResponse, Response};

use crate::domain::{Error, Kind};
use crate::protocols::http::{self, RequestId};
use crate::wire::Problem;
use crate::wire::problem::type_uri;

/// The result of a handler.
pub type Told<T = Response> = Result<T, Refusal>;

/// The name of the limit that a request reached, in the extensions of its answer, for the metrics.
#[derive(Clone, Copy, Debug)]
pub struct LimitHit(pub &'static str);

/// An error on its way to an HTTP client.
#[derive(Debug)]
pub struct Refusal(pub Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = self.0;
        match error.kind() {
            Kind::Internal | Kind::Unavailable => {
                tracing::error!(code = error.code(), cause = ?std::error::Error::source(&error), "{error}");
            }
            _ => tracing::debug!(code = error.code(), refusal = ?error.to_string(), "refused"),
        }
        let problem = Problem::from(&error);
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if let Some(challenge) = http::challenge(&error) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Error::RateLimited { retry_after_s, .. } = error {
            headers.insert(header::RETRY_AFTER, retry_after_s.into());
        }
        let limit = match &error {
            Error::LimitReached { limit, .. } | Error::RateLimited { limit, .. } => Some(*limit),
            Error::TooLarge { field: "file", .. } => Some("images.max_bytes"),
            Error::TooLarge { .. } => Some("server.max_body_bytes"),
            Error::Invalid(violations) if violations.iter().any(|v| v.code == "too_many_pixels") => {
                Some("images.max_pixels")
            }
            _ => None,
        };
        if let Some(limit) = limit {
            response.extensions_mut().insert(LimitHit(limit));
        }
        // The body is written by `complete_problem` at the edge, which knows the path and the request's id.
        response.extensions_mut().insert(problem);
        response
    }
}

/// Writes the body of a refusal, one of the router included, with the path and the request's id.
pub fn complete_problem(response: &mut Response, path: &str, request_id: Option<&RequestId>) {
    if response.status().as_u16() < 400 {
        return;
    }
    let known = response.extensions_mut().remove::<Problem>();
    let Some(mut problem) = known.or_else(|| of_router(response)) else { return };
    problem.instance = Some(path.to_owned());
    problem.request_id = request_id.map(|id| id.0.clone());
    write_problem(response, &problem);
}

fn write_problem(response: &mut Response, problem: &Problem) {
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    *response.body_mut() = Body::from(body);
}

/// A problem that is complete.
pub fn problem_response(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = status.into_response();
    write_problem(&mut response, problem);
    response
}

/// The problem of a refusal that the router or a layer made, which has no body.
fn of_router(response: &Response) -> Option<Problem> {
    let status = response.status();
    if response.headers().contains_key(header::CONTENT_TYPE)
        || !(status.is_client_error() || status.is_server_error())
    {
        return None;
    }
    let (slug, title, code, detail) = match status {
        StatusCode::NOT_FOUND => {
            return Some(Problem::from(&Error::UnknownOperation("there is nothing at this path")));
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            let detail = "the Allow header lists the methods of this path".to_owned();
            ("method-not-allowed", "Method Not Allowed", "method_not_allowed", detail)
        }
        StatusCode::PAYLOAD_TOO_LARGE => (
            "payload-too-large",
            "Payload Too Large",
            "payload_too_large",
            "the body is too large".to_owned(),
        ),
        StatusCode::UPGRADE_REQUIRED => {
            let detail = "this path speaks WebSocket, version 13".to_owned();
            ("upgrade-required", "Upgrade Required", "upgrade_required", detail)
        }
        StatusCode::REQUEST_TIMEOUT => {
            ("request-timeout", "Request Timeout", "request_timeout", "the request took too long".to_owned())
        }
        _ => (
            "bad-request",
            status.canonical_reason().unwrap_or("Refused"),
            "refused",
            "the request was refused".to_owned(),
        ),
    };
    Some(Problem {
        type_uri: type_uri(slug),
        title,
        status: status.as_u16(),
        detail,
        code,
        instance: None,
        request_id: None,
        payment_id: None,
        errors: Vec::new(),
    })
}
