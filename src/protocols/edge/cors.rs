//! Cross-origin requests (WHATWG Fetch §3.2): which pages of other sites may read the answers. Credentials of the
//! browser are never allowed, since there are none: tokens are sent by the page itself.

use ::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use axum::body::Body;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, QUERY, POST, PUT, PATCH, DELETE, OPTIONS");
/// What a page may read besides the few headers that Fetch always shows.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Link, Location, Allow, Accept-Query, Accept-Patch, RateLimit, RateLimit-Policy, RateLimit-Limit, \
     RateLimit-Remaining, RateLimit-Reset, Retry-After, Idempotency-Replayed, WWW-Authenticate, X-Request-Id",
);

/// The origins that are allowed.
#[derive(Clone, Debug)]
pub enum Origins {
    Any,
    Listed(Vec<HeaderValue>),
}

/// Who may ask, and for how long a browser may remember it.
#[derive(Clone, Debug)]
pub struct Cors {
    origins: Origins,
    max_age: HeaderValue,
}

impl Cors {
    /// For `origins`, `*` being any.
    pub fn new(origins: &[String], max_age_s: u32) -> Self {
        let listed = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        let any = origins.iter().any(|origin| origin == "*");
        let origins = if any { Origins::Any } else { Origins::Listed(listed.collect()) };
        Self { origins, max_age: max_age_s.into() }
    }

    /// The value of `Access-Control-Allow-Origin` for a page of `origin`.
    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        match &self.origins {
            Origins::Any => Some(HeaderValue::from_static("*")),
            Origins::Listed(listed) => listed.iter().find(|listed| *listed == origin).cloned(),
        }
    }

    /// The answer to a preflight, which needs nobody to be known; nothing when it is none.
    pub fn preflight(&self, method: &Method, asked: &HeaderMap) -> Option<Response<Body>> {
        let origin = asked.get(header::ORIGIN).filter(|_| method == Method::OPTIONS)?;
        asked.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if let Some(allowed) = self.allowed(origin) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
                headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
            }
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        }
        let vary = "origin, access-control-request-method, access-control-request-headers";
        headers.insert(header::VARY, HeaderValue::from_static(vary));
        Some(response)
    }

    /// Lets a page of `origin` read the answer.
    pub fn allow(&self, origin: &HeaderValue, headers: &mut HeaderMap) {
        if let Some(allowed) = self.allowed(origin) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}
