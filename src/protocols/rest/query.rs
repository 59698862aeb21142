//! The QUERY method (RFC 10008): a safe request with a body. axum has no filter for it, so it is told apart where a path
//! has no handler for a method.

use ::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::body::Body;
use axum::extract::State;
use axum::handler::Handler;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;

use super::Rest;

const ACCEPT_QUERY: HeaderName = HeaderName::from_static("accept-query");

/// `routes` with QUERY beside their methods; `allowed` lists them all. Every answer says what can be queried with.
pub fn with_query<H, T>(routes: MethodRouter<Rest>, allowed: &'static str, query: H) -> MethodRouter<Rest>
where
    H: Handler<T, Rest> + Sync,
    T: 'static,
{
    let dispatch = move |State(rest): State<Rest>, request: Request<Body>| async move {
        let mut response = if request.method().as_str() == "QUERY" {
            query.call(request, rest).await
        } else {
            StatusCode::METHOD_NOT_ALLOWED.into_response()
        };
        // axum would list its own methods alone.
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
        response
    };
    routes.fallback(dispatch).layer(middleware::map_response(async |response| announce(response)))
}

/// Says what can be queried with.
pub fn announce(mut response: Response) -> Response {
    response.headers_mut().insert(ACCEPT_QUERY, HeaderValue::from_static("application/json"));
    response
}
