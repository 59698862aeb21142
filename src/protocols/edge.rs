//! The edge: what HTTP asks of every answer, whichever protocol gave it. It stands around the router.
//!
//! On the way in: who is behind a proxy, preflights, the coding and the type that a request may have, its bucket. On the
//! way out: the body of refusals, `OPTIONS`, conditional answers, compression, rate limits, caches, other sites' pages,
//! and what keeps browsers from guessing.

mod accept;
mod compression;
mod cors;
mod limits;
mod pace;
mod proxies;

use std::net::SocketAddr;
use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::body::{Body, HttpBody as _};
use axum::response::{IntoResponse as _, Response};

pub use cors::Cors;
pub use limits::{Meter, Rate, RateLimitSettings, RateLimits};
pub use pace::Pace;
pub use proxies::{Network, Proxies};

use crate::domain::{Error, Result};
use crate::protocols::etag;
use crate::protocols::http::{OverTls, PeerAddr, RequestId, joined};
use crate::protocols::rest::{LimitHit, Refusal, complete_problem};

const ACCEPT_QUERY: HeaderName = HeaderName::from_static("accept-query");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PATCHES: HeaderValue = HeaderValue::from_static("application/merge-patch+json, application/json");
/// On what the answers of the API depend.
const VARY_API: HeaderValue =
    HeaderValue::from_static("accept, accept-encoding, authorization, origin, x-tenant-id");
const VARY_FILE: HeaderValue = HeaderValue::from_static("accept-encoding, origin");
/// Nothing that is answered may become a page that does anything.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Headers that the edge adds to an answer, and those that most have.
const HEADERS: usize = 20;

/// Settings of the edge.
pub struct EdgeSettings {
    pub cors: Cors,
    pub proxies: Proxies,
    /// No limits when there are none.
    pub limits: Option<Arc<RateLimits>>,
    /// Smallest text that is compressed, bytes; 0 switches it off.
    pub compress_min_bytes: usize,
    /// For how long browsers are to use https only, seconds; 0 tells them nothing.
    pub hsts_max_age_s: u64,
}

/// The edge; cheap to clone.
#[derive(Clone)]
pub struct Edge(Arc<Parts>);

struct Parts {
    settings: EdgeSettings,
    hsts: Option<HeaderValue>,
}

impl Edge {
    /// With its settings.
    pub fn new(settings: EdgeSettings) -> Self {
        let age_s = settings.hsts_max_age_s;
        let hsts = (age_s > 0).then(|| HeaderValue::from_str(&format!("max-age={age_s}")).ok()).flatten();
        Self(Arc::new(Parts { settings, hsts }))
    }
}

/// What is kept of a request until its answer.
struct Asked {
    method: Method,
    uri: Uri,
    id: Option<RequestId>,
    accept: Option<HeaderValue>,
    accept_encoding: Option<HeaderValue>,
    if_none_match: Option<HeaderValue>,
    origin: Option<HeaderValue>,
    authorized: bool,
    secure: bool,
}

impl Asked {
    fn of(request: &Request<Body>) -> Self {
        let (headers, extensions) = (request.headers(), request.extensions());
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            id: extensions.get().cloned(),
            accept: joined(headers, &header::ACCEPT),
            accept_encoding: joined(headers, &header::ACCEPT_ENCODING),
            if_none_match: joined(headers, &header::IF_NONE_MATCH),
            origin: headers.get(header::ORIGIN).cloned(),
            authorized: headers.contains_key(header::AUTHORIZATION),
            secure: extensions.get::<OverTls>().is_some(),
        }
    }

    /// Whether it changes nothing.
    fn reads(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "QUERY")
    }

    fn of_api(&self) -> bool {
        self.uri.path().starts_with("/v1/")
    }

    /// Whether it is REST; GraphQL chooses among types of its own.
    fn of_rest(&self) -> bool {
        self.of_api() && !self.uri.path().starts_with("/v1/graphql")
    }

    fn takes(&self, kind: &str) -> bool {
        self.accept.as_ref().is_none_or(|accept| accept::takes(accept, kind))
    }
}

/// The edge around `answer`.
pub async fn surround(
    edge: &Edge,
    mut request: Request<Body>,
    answer: impl AsyncFnOnce(Request<Body>) -> Response,
) -> Response {
    let Parts { settings, hsts } = &*edge.0;
    if let Some(client) = client(&settings.proxies, &request) {
        request.extensions_mut().insert(PeerAddr(client));
    }
    if let Some(answer) = settings.cors.preflight(request.method(), request.headers()) {
        return answer;
    }
    let asked = Asked::of(&request);
    let meter = settings.limits.as_ref().map(|limits| Arc::new(Meter::new(limits, &request)));
    let mut response = match admit(&asked, request.headers(), meter.as_deref()) {
        Err(error) => Refusal(error).into_response(),
        Ok(()) => {
            if let Some(meter) = &meter {
                request.extensions_mut().insert(Arc::clone(meter));
            }
            answer(request).await
        }
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    response.headers_mut().reserve(HEADERS);
    judge(&asked, &mut response);
    complete_problem(&mut response, asked.uri.path(), asked.id.as_ref());
    tell_caches(&asked, &mut response);
    if let Some(meter) = &meter {
        meter.tell(response.headers_mut());
        if let Some(limit) = meter.limit_hit() {
            response.extensions_mut().insert(LimitHit(limit));
        }
    }
    if let Some(accepted) = asked.accept_encoding.filter(|_| compression::is_text(response.headers())) {
        response = compression::compress(accepted, response, settings.compress_min_bytes).await;
    }
    let headers = response.headers_mut();
    if let Some(origin) = &asked.origin {
        settings.cors.allow(origin, headers);
    }
    if let Some(hsts) = hsts.as_ref().filter(|_| asked.secure) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
    }
    guard(headers);
    tell_methods(&mut response);
    if asked.method == Method::HEAD {
        withhold(&mut response);
    }
    response
}

fn client(proxies: &Proxies, request: &Request<Body>) -> Option<SocketAddr> {
    let peer = request.extensions().get::<PeerAddr>()?.0;
    proxies.client(peer, request.headers())
}

/// What is refused before anybody looks at the request.
fn admit(asked: &Asked, headers: &HeaderMap, meter: Option<&Meter>) -> Result<()> {
    if let Some(meter) = meter.filter(|meter| meter.is_login()) {
        meter.charge(None)?;
    }
    let coding = headers.get(header::CONTENT_ENCODING);
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Error::UnsupportedMediaType("without a Content-Encoding"));
    }
    // Not after the change is made. Whoever takes a stream may get one from the few operations that have one.
    let blind = asked.of_rest() && !asked.reads() && asked.method != Method::OPTIONS;
    if blind && !asked.takes("application/json") && !asked.takes("text/event-stream") {
        return Err(Error::NotAcceptable("application/json"));
    }
    Ok(())
}

/// Turns an answer into what the client asked to get instead of it: 406 for a type that it does not take, 304 for one
/// that it has, the methods instead of the refusal of `OPTIONS`.
fn judge(asked: &Asked, response: &mut Response) {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED && asked.method == Method::OPTIONS {
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        return;
    }
    if response.status() != StatusCode::OK || !asked.reads() {
        return;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if asked.of_rest() && !essence.is_empty() && !asked.takes(essence) {
        *response = Refusal(Error::NotAcceptable("the type of this resource")).into_response();
        return;
    }
    let tag = response.headers().get(header::ETAG);
    if let Some(held) = asked.if_none_match.as_ref().zip(tag).and_then(|(own, tag)| etag::held(own, tag)) {
        // What the 200 would have had: nothing is coded any more that could tell its coding.
        response.headers_mut().insert(header::ETAG, held);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::LAST_MODIFIED] {
            response.headers_mut().remove(name);
        }
    }
}

/// Of what the router has told in `Allow`: `OPTIONS` is everywhere, and the types of QUERY and PATCH are named.
fn tell_methods(response: &mut Response) {
    if !matches!(response.status(), StatusCode::METHOD_NOT_ALLOWED | StatusCode::NO_CONTENT) {
        return;
    }
    let allowed = response.headers().get(header::ALLOW).and_then(|allowed| allowed.to_str().ok());
    let Some(allowed) = allowed else { return };
    let mut methods: Vec<&str> = allowed.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if !methods.contains(&"OPTIONS") {
        methods.push("OPTIONS");
    }
    let (queries, patches) = (methods.contains(&"QUERY"), methods.contains(&"PATCH"));
    let Ok(allowed) = HeaderValue::try_from(methods.join(", ")) else { return };
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, allowed);
    if queries {
        headers.entry(ACCEPT_QUERY).or_insert(JSON);
    }
    if patches {
        headers.entry(ACCEPT_PATCH).or_insert(PATCHES);
    }
}

/// Takes the body from an answer to HEAD, but not its length (RFC 9110 §9.3.2): over HTTP/2 nobody else does.
fn withhold(response: &mut Response) {
    let body = std::mem::take(response.body_mut());
    let headers = response.headers_mut();
    let length = body.size_hint().exact().filter(|length| *length > 0);
    if let Some(length) = length.filter(|_| !headers.contains_key(header::CONTENT_ENCODING)) {
        headers.entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
}

/// Says who may keep the answer. What was shown to nobody in particular is public, and kept only to be asked for again;
/// everything else is nobody's to keep.
fn tell_caches(asked: &Asked, response: &mut Response) {
    let kept = matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED);
    let public = kept && asked.reads() && !asked.authorized && response.headers().contains_key(header::ETAG);
    let (api, text) = (asked.of_api(), compression::is_text(response.headers()));
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(if public {
        "no-cache"
    } else {
        "no-store"
    }));
    match () {
        () if api => drop(headers.insert(header::VARY, VARY_API)),
        () if text => drop(headers.insert(header::VARY, VARY_FILE)),
        () => {}
    }
}

/// Keeps browsers from guessing types, telling addresses, and framing.
fn guard(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
}
