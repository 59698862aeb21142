//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same request under the same key is done once, and
//! gets the same answer each time. The answer is kept in the transaction of the change; see [`crate::app`].

use std::any::Any;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use aws_lc_rs::digest::{Context, SHA256};
use axum::body::Body;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};

use super::error::problem_response;
use super::extract::read_body;
use super::{Refusal, Rest, Told};
use crate::app::Caller;
use crate::domain::{Error, Result};
use crate::protocols::http::challenge;
use crate::wire::Problem;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key, in bytes.
const MAX_KEY: usize = 255;
/// The headers of an answer that are kept.
const KEPT: [HeaderName; 5] =
    [header::CONTENT_TYPE, header::LOCATION, header::ETAG, header::CACHE_CONTROL, header::WWW_AUTHENTICATE];

/// A POST with an idempotency key, in its extensions.
#[derive(Clone)]
pub struct Keyed {
    pub key: String,
    /// SHA-256 of the method, the address and the body; of a multipart body nothing is in it, since that is never whole in
    /// memory: who reads it adds what it holds ([`crate::app::Claim::to`]).
    pub fingerprint: [u8; 32],
    pub path: String,
}

/// Middleware: reads the key of a POST that has one, and what the request is.
pub async fn read_key(State(rest): State<Rest>, request: Request<Body>, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(&KEY) {
        return next.run(request).await;
    }
    match keyed(&rest, request).await {
        Ok(request) => next.run(request).await,
        Err(error) => Refusal(error).into_response(),
    }
}

async fn keyed(rest: &Rest, request: Request<Body>) -> Result<Request<Body>> {
    let key = key(request.headers())?;
    let (mut parts, mut body) = request.into_parts();
    let mut content = Bytes::new();
    if !is_multipart(&parts.headers) {
        content = read_body(body, rest.max_body_bytes).await?;
        body = Body::from(content.clone());
    }
    // The address as it was asked for: the router cuts off what it was nested under.
    let uri = parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |original| &original.0);
    let mut request = Context::new(&SHA256);
    request.update(format!("{} {uri}\n", parts.method).as_bytes());
    request.update(&content);
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(request.finish().as_ref());
    let path = uri.path().to_owned();
    parts.extensions.insert(Keyed { key, fingerprint, path });
    Ok(Request::from_parts(parts, body))
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase().starts_with("multipart/")
}

/// The one key: a text of visible characters, in quotes (a string of RFC 9651, as the draft has it) or without.
fn key(headers: &HeaderMap) -> Result<String> {
    let refused = || {
        let message = format!("must be given once, as 1 to {MAX_KEY} visible ASCII characters");
        Error::malformed("Idempotency-Key", message)
    };
    let mut values = headers.get_all(&KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(refused()) };
    let text = value.to_str().map_err(|_| refused())?;
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=MAX_KEY).contains(&text.len()) { Ok(text.to_owned()) } else { Err(refused()) }
}

/// Does `act` once for the caller's idempotency key, when there is one, and answers with what `encode` makes of its
/// result; if it was done before, with the answer that was kept. A refusal is kept only if `act` kept something with it
/// (a declined payment).
pub async fn once<T, E>(
    rest: &Rest,
    mut caller: Caller,
    encode: E,
    act: impl AsyncFnOnce(&Caller) -> Result<T>,
) -> Told
where
    T: 'static,
    E: Fn(&T) -> Response + Clone + Send + Sync + 'static,
{
    if let Some(claim) = caller.terms.claim.take() {
        if let Some(kept) = rest.app.recall(&claim).await? {
            return Ok(replay(&kept)?);
        }
        let encode = encode.clone();
        let (request_id, path) = (caller.origin.request_id.clone(), claim.request_path.clone());
        caller.terms.claim = Some(claim.kept_by(move |value: &dyn Any| {
            let response = match (value.downcast_ref::<T>(), value.downcast_ref::<Result<T>>()) {
                (Some(value), _) | (_, Some(Ok(value))) => encode(value),
                (_, Some(Err(error))) => {
                    let problem = Problem::from(error);
                    let (instance, request_id) = (Some(path.clone()), request_id.clone());
                    let mut refusal = problem_response(&Problem { instance, request_id, ..problem });
                    if let Some(challenge) = challenge(error) {
                        refusal.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                    }
                    refusal
                }
                (None, None) => return Err(Error::internal("a use case returned what nobody can encode")),
            };
            keep(response)
        }));
    }
    Ok(encode(&act(&caller).await?))
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

fn keep(response: Response) -> Result<Vec<u8>> {
    let (parts, body) = response.into_parts();
    // What is encoded here is in memory as a whole.
    let body = body.collect().now_or_never().and_then(std::result::Result::ok);
    let body = body.ok_or_else(|| Error::internal("a stream cannot be kept"))?.to_bytes();
    let text = |name: &HeaderName| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
    let kept = Kept {
        status: parts.status.as_u16(),
        headers: KEPT.iter().filter_map(|name| Some((name.to_string(), text(name)?))).collect(),
        body: String::from_utf8(body.to_vec()).map_err(Error::internal)?,
    };
    serde_json::to_vec(&kept).map_err(Error::internal)
}

fn replay(kept: &[u8]) -> Result<Response> {
    let kept: Kept = serde_json::from_slice(kept).map_err(Error::internal)?;
    let status = StatusCode::from_u16(kept.status).map_err(Error::internal)?;
    let mut response = (status, Body::from(kept.body)).into_response();
    // The type of a text, which is none of the kept headers.
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in kept.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(Error::internal)?;
        response.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(Error::internal)?);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
