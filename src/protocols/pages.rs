//! The web pages, embedded in the binary: the demo at `/`, its assets, the API reference at `/docs`, and GraphiQL.

use ::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::domain::Error;
use crate::protocols::rest::Refusal;

/// What `npm run build` in web-demo/ made.
#[derive(RustEmbed)]
#[folder = "web-demo/dist"]
#[allow_missing = true]
struct Dist;

/// Nothing but what this server serves, and no inline script.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'";
/// GraphiQL's editor makes style elements of its own, and its styles hold images.
const GRAPHIQL_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'";
/// The reference's styles hold images.
const REFERENCE_POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; object-src 'none'; \
    frame-ancestors 'none'; form-action 'self'";

/// The routes, at the root. The pages of the demo are one document, whose script shows what the path says: the list is that of
/// web-demo/src/app/App.tsx.
pub fn router() -> Router {
    Router::new()
        .route("/", get(demo))
        .route("/pets/{id}", get(demo))
        .route("/orders", get(demo))
        .route("/orders/{id}", get(demo))
        .route("/operations", get(demo))
        .route("/lab", get(demo))
        .route("/webhooks", get(demo))
        .route("/chat", get(demo))
        .route("/sign-in", get(demo))
        .route("/sign-in/callback", get(demo))
        .route("/docs", get(|| async { page("docs.html", REFERENCE_POLICY) }))
        .route("/assets/{*path}", get(asset))
}

async fn demo() -> Response {
    page("index.html", POLICY)
}

/// What answers where there is nothing: a browser gets the page that says so, and everyone else the empty refusal that
/// becomes a problem document.
pub async fn missing(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if method != Method::GET || uri.path().starts_with("/v1/") || !accept.contains("text/html") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut response = demo().await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// The GraphiQL page.
pub fn graphiql() -> Response {
    page("graphiql.html", GRAPHIQL_POLICY)
}

fn page(name: &str, policy: &'static str) -> Response {
    let Some(file) = Dist::get(name) else {
        return Refusal(Error::UnknownOperation("the pages were not built into this binary; see the README"))
            .into_response();
    };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, content(file)).into_response()
}

async fn asset(uri: Uri) -> Response {
    match Dist::get(uri.path().trim_start_matches('/')) {
        // Their names hold a hash of their content.
        Some(file) => {
            ([(header::CACHE_CONTROL, "public, max-age=31536000, immutable")], content(file)).into_response()
        }
        None => Refusal(Error::UnknownOperation("there is nothing at this path")).into_response(),
    }
}

fn content(file: EmbeddedFile) -> Response {
    let kind = HeaderValue::from_str(file.metadata.mimetype())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::OK, headers, file.data.into_owned()).into_response()
}
