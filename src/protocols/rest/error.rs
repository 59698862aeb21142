//! Errors as problem responses (RFC 9457).

use ::http::{HeaderValue, Request, StatusCode, header};
use axum::body::Body;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::domain::{Error, Kind};
use crate::protocols::http::RequestId;
use crate::wire::Problem;
use crate::wire::problem::type_uri;

/// The result of a handler.
pub type Told<T = Response> = Result<T, Refusal>;

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
            _ => tracing::debug!(code = error.code(), "{error}"),
        }
        let problem = Problem::from(&error);
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if error.kind() == Kind::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"petstore\""));
        }
        if let Error::RateLimited { retry_after_s } = error {
            headers.insert(header::RETRY_AFTER, retry_after_s.into());
        }
        // The body is written by `complete_problem`, which knows the path and the request's id.
        response.extensions_mut().insert(problem);
        response
    }
}

/// Middleware: writes the body of each refusal, those of the router included, with the path and the request's id.
pub async fn complete_problem(request: Request<Body>, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
    let mut response = next.run(request).await;
    let known = response.extensions_mut().remove::<Problem>();
    let Some(mut problem) = known.or_else(|| of_router(&response)) else { return response };
    problem.instance = Some(path);
    problem.request_id = request_id;
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    *response.body_mut() = Body::from(body);
    response
}

/// The problem of a refusal that the router made, which has no body.
fn of_router(response: &Response) -> Option<Problem> {
    let no_body = !response.headers().contains_key(header::CONTENT_TYPE);
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED if no_body => {
            let allowed = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok());
            Some(Problem {
                type_uri: type_uri("method-not-allowed"),
                title: "Method Not Allowed",
                status: 405,
                detail: format!("this path allows {}", allowed.unwrap_or("other methods")),
                code: "method_not_allowed",
                instance: None,
                request_id: None,
                payment_id: None,
                errors: Vec::new(),
            })
        }
        StatusCode::NOT_FOUND if no_body => Some(Problem::from(&Error::UnknownOperation("there is nothing at this path"))),
        _ => None,
    }
}
