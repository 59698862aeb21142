//! Content codings (RFC 9110 §8.4): gzip and brotli, for texts that are worth it.

use std::convert::Infallible;

use ::http::{HeaderMap, HeaderValue, Request, header};
use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use tower::{Service as _, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::Compression;
use tower_http::compression::predicate::SizeAbove;

use crate::protocols::etag;

/// Types that get smaller. Streams are left as they are: what is held back to be coded comes late.
pub fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    match essence {
        "text/event-stream" => false,
        "application/json" | "application/javascript" | "application/yaml" | "image/svg+xml" => true,
        _ => essence.starts_with("text/") || essence.ends_with("+json") || essence.ends_with("+xml"),
    }
}

/// Codes a text of at least `min_bytes` (never when that is 0) as the client likes best. A coded answer has a tag of its
/// own, so that strong means strong. An answer to HEAD is told of as if its body were there.
pub async fn compress(accepted: HeaderValue, response: Response, min_bytes: usize) -> Response {
    let promised =
        response.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let size = promised.or_else(|| response.body().size_hint().exact()).unwrap_or(0);
    if min_bytes == 0 || size < min_bytes as u64 || response.headers().contains_key(header::CONTENT_ENCODING)
    {
        return response;
    }
    let mut request = Request::new(());
    request.headers_mut().insert(header::ACCEPT_ENCODING, accepted);
    let vary = response.headers().get(header::VARY).cloned();
    let mut response = Some(response);
    let inner = service_fn(move |_| {
        let response = response.take().unwrap_or_default();
        async { Ok::<_, Infallible>(response) }
    });
    // What is worth it was decided above.
    let coded = Compression::new(inner).compress_when(SizeAbove::new(0)).quality(CompressionLevel::Fastest);
    let Ok(response) = coded.gzip(true).br(true).call(request).await;
    let mut response = response.map(Body::new);
    let headers = response.headers_mut();
    // The edge says all of it.
    match vary {
        Some(vary) => headers.insert(header::VARY, vary),
        None => headers.remove(header::VARY),
    };
    let coding = headers.get(header::CONTENT_ENCODING).and_then(|coding| coding.to_str().ok());
    if let (Some(coding), Some(tag)) = (coding, headers.get(header::ETAG))
        && let Some(tag) = etag::coded(tag, coding)
    {
        headers.insert(header::ETAG, tag);
    }
    response
}
