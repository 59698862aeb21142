//! Reading a request: who calls, the path, the query, the body.

use ::http::request::Parts;
use ::http::{HeaderMap, Method, Request, header};
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::once::Keyed;
use super::{Refusal, Rest};
use crate::app::{Caller, Claim, Terms};
use crate::domain::audit::Channel;
use crate::domain::page::PageRequest;
use crate::domain::{Error, Principal, Result, Tenant, Timestamp, Violation};
use crate::protocols::etag;
use crate::protocols::http::{self, Query};
use crate::wire;

/// Who calls.
pub struct By(pub Caller);

impl FromRequestParts<Rest> for By {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, rest: &Rest) -> Result<Self, Refusal> {
        let mut caller = http::caller(&rest.app, parts, None, Channel::Rest)?;
        caller.terms = terms(parts, &caller)?;
        Ok(Self(caller))
    }
}

/// Who calls where nobody needs to be known, and the tenant that was named: a token that is sent along, perhaps one that
/// has expired, does not matter where a new one is got.
pub struct Anyone(pub Caller, pub Option<Tenant>);

impl FromRequestParts<Rest> for Anyone {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Rest) -> Result<Self, Refusal> {
        let tenant = http::tenant(&parts.headers)?;
        let principal = Principal::anonymous(tenant.unwrap_or(Tenant::PUBLIC));
        let mut caller = Caller::new(principal, http::origin(parts, Channel::Rest));
        caller.terms = terms(parts, &caller)?;
        Ok(Self(caller, tenant))
    }
}

/// What the caller makes a change depend on: `If-Match` and `If-None-Match`, and the idempotency key.
fn terms(parts: &Parts, caller: &Caller) -> Result<Terms> {
    // A POST below the id of something changes that; any other makes something new, or only asks.
    let is_of_one =
        || parts.extensions.get::<MatchedPath>().is_some_and(|path| path.as_str().contains("{id}"));
    let changes = match parts.method {
        Method::PUT | Method::PATCH | Method::DELETE => true,
        Method::POST => is_of_one(),
        _ => false,
    };
    let condition = if changes { etag::condition(&parts.headers)? } else { None };
    let claim = parts.extensions.get::<Keyed>().map(|keyed| {
        let place = caller.origin.ip_address.map(|address| http::network(address).to_string());
        let request = (keyed.fingerprint, keyed.path.clone());
        Claim::new(&caller.principal, &place.unwrap_or_default(), &keyed.key, request)
    });
    Ok(Terms { condition, claim })
}

/// The identifier in the path (or several, as a tuple), as text.
pub struct Id<T = String>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Rest> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, rest: &Rest) -> Result<Self, Refusal> {
        let Path(id) = Path::<T>::from_request_parts(parts, rest)
            .await
            .map_err(|_| Error::malformed("id", "must be one path segment in UTF-8"))?;
        Ok(Self(id))
    }
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Rest> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, rest: &Rest) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(Error::UnsupportedMediaType("application/json").into());
        }
        let bytes = read_body(body, rest.max_body_bytes).await?;
        Ok(Self(wire::json::read(&bytes)?))
    }
}

/// The type of the content without its parameters.
fn essence(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Reads a time (RFC 3339).
///
/// # Errors
/// A violation of `field`.
pub fn time(field: &str, text: &str) -> Result<Timestamp, Violation> {
    Timestamp::parse(text).ok_or_else(|| {
        Violation::new(
            field,
            "invalid_time",
            "must be a time as in RFC 3339, for example 2026-11-22T10:00:00Z",
        )
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(essence) = essence(headers) else {
        return false;
    };
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A merge patch (RFC 7396), which plain JSON is taken for as well.
pub struct MergePatch<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Rest> for MergePatch<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, rest: &Rest) -> Result<Self, Refusal> {
        const ALLOWED: &str = "application/merge-patch+json or application/json";
        match essence(request.headers()).as_deref() {
            Some("application/merge-patch+json" | "application/json") => {}
            _ => return Err(Error::UnsupportedMediaType(ALLOWED).into()),
        }
        let bytes = read_body(request.into_body(), rest.max_body_bytes).await?;
        Ok(Self(wire::json::read(&bytes)?))
    }
}

/// The body of a QUERY (RFC 10008), whose type must be said.
pub struct QueryBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Rest> for QueryBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, rest: &Rest) -> Result<Self, Refusal> {
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            return Err(Error::malformed("Content-Type", "is required, it must be application/json").into());
        }
        let Json(value) = Json::from_request(request, rest).await?;
        Ok(Self(value))
    }
}

/// The whole body, up to `max_bytes`.
///
/// # Errors
/// [`Error::TooLarge`] beyond that, [`Error::Malformed`] when it ends early.
pub async fn read_body(body: Body, max_bytes: usize) -> Result<bytes::Bytes> {
    match Limited::new(body, max_bytes).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge { field: "body", max_bytes }),
        Err(_) => Err(Error::malformed("body", "ended before it was complete")),
    }
}

/// A JSON body that may be left out.
pub struct JsonOrNone<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<Rest> for JsonOrNone<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, rest: &Rest) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(body, rest.max_body_bytes).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if !is_json(&parts.headers) {
            return Err(Error::UnsupportedMediaType("application/json").into());
        }
        Ok(Self(wire::json::read(&bytes)?))
    }
}

/// A query string whose unread parameters are refused.
pub struct Params {
    query: Query,
    violations: Vec<Violation>,
    /// What was read, for links to other pages.
    kept: Vec<(&'static str, String)>,
}

impl FromRequestParts<Rest> for Params {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Rest) -> Result<Self, Refusal> {
        Ok(Self { query: Query::of(&parts.uri), violations: Vec::new(), kept: Vec::new() })
    }
}

impl Params {
    /// The value of `name`, read by `parse`.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Violation>,
    ) -> Option<T> {
        let text = self.query.take(name)?;
        let value = parse(&text).map_err(|violation| self.violations.push(violation)).ok();
        self.kept.push((name, text));
        value
    }

    /// A number between `min` and `max`.
    pub fn number(&mut self, name: &'static str, min: u32, max: u32) -> Option<u32> {
        self.read(name, |text| {
            text.parse::<u32>().ok().filter(|value| (min..=max).contains(value)).ok_or_else(|| {
                Violation::new(
                    name,
                    "out_of_range",
                    format!("must be a whole number between {min} and {max}"),
                )
            })
        })
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.read(name, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Violation::one_of(name, text, &["true", "false"])),
        })
    }

    /// A point in time, RFC 3339.
    pub fn time(&mut self, name: &'static str) -> Option<Timestamp> {
        self.read(name, |text| time(name, text))
    }

    /// The page asked for, and the query of its neighbours; whatever was not read by now is refused.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub fn page(mut self) -> Result<(PageRequest, String)> {
        let mut number = |name: &'static str| {
            let text = self.query.take(name)?;
            text.parse::<i64>()
                .map_err(|_| {
                    self.violations.push(Violation::new(name, "invalid_type", "must be a whole number"))
                })
                .ok()
        };
        let (page, limit) = (number("page"), number("limit"));
        let cursor = self.query.take("cursor");
        let request = PageRequest::new(page, limit, cursor.as_deref());
        let request = request.map_err(|more| self.violations.extend(more));
        self.refuse_rest();
        match request {
            Ok(request) if self.violations.is_empty() => {
                let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.kept).finish();
                Ok((request, query))
            }
            _ => Err(Error::Invalid(self.violations)),
        }
    }

    /// For a query without pages: whatever was not read by now is refused.
    ///
    /// # Errors
    /// As [`Params::page`].
    pub fn done(mut self) -> Result<()> {
        self.refuse_rest();
        if self.violations.is_empty() { Ok(()) } else { Err(Error::Invalid(self.violations)) }
    }

    fn refuse_rest(&mut self) {
        let unknown =
            |name: &str| Violation::new(name, "unknown_parameter", "is not known here, or given twice");
        self.violations.extend(self.query.rest().map(unknown));
    }
}
