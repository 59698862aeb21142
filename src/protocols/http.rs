//! What every protocol over HTTP reads from a request in the same way: who calls, and from where.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ::http::request::Parts;
use ::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Uri, header};

use crate::app::{App, Caller};
use crate::domain::audit::{Channel, Origin};
use crate::domain::{Error, Kind, Principal, Result, Tenant};
use crate::protocols::edge::Meter;

/// The other end of the connection, put into each request by the accept loop.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddr(pub SocketAddr);

/// Marks each request that came over TLS.
#[derive(Clone, Copy, Debug)]
pub struct OverTls;

/// The id of a request, put into each request by the server; in problems, logs and audit rows.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Longest user agent that is kept, in bytes.
const MAX_USER_AGENT: usize = 256;

/// The bearer token of the `Authorization` header (RFC 6750 §2.1).
///
/// # Errors
/// [`Error::Malformed`] when there is more than one such header, [`Error::InvalidToken`] when it holds something else.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::malformed("Authorization", "must be there once at most"));
    }
    value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Some(token.trim()))
        .ok_or(Error::InvalidToken("the Authorization header must be of the form \"Bearer TOKEN\""))
}

/// The values of a header that is a list, as one (RFC 9110 §5.3).
pub fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    let Some(second) = values.next() else { return Some(first.clone()) };
    let all: Vec<&[u8]> = [first, second].into_iter().chain(values).map(HeaderValue::as_bytes).collect();
    HeaderValue::from_bytes(&all.join(&b", "[..])).ok()
}

/// The tenant that `X-Tenant-ID` names.
///
/// # Errors
/// [`Error::Malformed`] when it is no UUID of version 4 or 7, or there are several.
pub fn tenant(headers: &HeaderMap) -> Result<Option<Tenant>> {
    let mut values = headers.get_all("x-tenant-id").iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Tenant::parse(value.to_str().unwrap_or_default()).map(Some),
        _ => Err(Error::malformed("X-Tenant-ID", "must be there once at most")),
    }
}

/// Where a request came from.
pub fn origin(parts: &Parts, channel: Channel) -> Origin {
    let text = |value: &HeaderValue| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect()
    };
    Origin {
        channel,
        ip_address: parts.extensions.get::<PeerAddr>().map(|peer| canonical(peer.0.ip())),
        user_agent: parts.headers.get(header::USER_AGENT).map(text),
        request_id: parts.extensions.get::<RequestId>().map(|id| id.0.clone()),
    }
}

/// The network that counts as one place: an IPv4 address, or the /64 of an IPv6 address, of which one subscriber has all.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & (u128::MAX << 64)).into()),
        v4 => v4,
    }
}

fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Who calls: by the header, or by `token` for clients that cannot send headers.
///
/// # Errors
/// As [`bearer`], [`tenant`] and [`App::authenticate`].
pub fn caller(app: &App, parts: &Parts, token: Option<&str>, channel: Channel) -> Result<Caller> {
    let principal = principal(app, parts, token)?;
    Ok(Caller::new(principal, origin(parts, channel)))
}

/// As [`caller`], without where the call came from.
///
/// # Errors
/// As [`caller`].
pub fn principal(app: &App, parts: &Parts, token: Option<&str>) -> Result<Principal> {
    let authenticate = || {
        let header = bearer(&parts.headers)?;
        app.authenticate(header.or(token), tenant(&parts.headers)?)
    };
    let outcome = authenticate();
    // Also for one that is refused: tokens are not to be guessed without limit.
    charge(&parts.extensions, outcome.as_ref().ok())?;
    outcome
}

/// Charges the request to whoever makes it: the user, or the address.
///
/// # Errors
/// [`Error::RateLimited`] when it is one too many.
pub fn charge(request: &Extensions, principal: Option<&Principal>) -> Result<()> {
    match request.get::<Arc<Meter>>() {
        Some(meter) => meter.charge(principal.and_then(Principal::user_id)),
        None => Ok(()),
    }
}

/// Charges the logins and sign-ups that are in a request besides what it counts as itself.
///
/// # Errors
/// [`Error::RateLimited`] when one is too many; then none may be made.
pub fn charge_logins(request: &Extensions, logins: usize) -> Result<()> {
    match request.get::<Arc<Meter>>() {
        Some(meter) => meter.charge_logins(logins),
        None => Ok(()),
    }
}

/// What a client that is not let in has to show (RFC 6750 §3): without an error code when it showed nothing.
pub fn challenge(error: &Error) -> Option<HeaderValue> {
    let code = match error {
        Error::Malformed { field, .. } if field == "Authorization" => "invalid_request",
        Error::MissingScope(_) => "insufficient_scope",
        Error::InvalidToken(_) | Error::TokenExpired | Error::TokenRevoked => "invalid_token",
        _ if error.kind() == Kind::Unauthenticated => "",
        _ => return None,
    };
    let mut text = "Bearer realm=\"petstore\"".to_owned();
    if !code.is_empty() {
        // Quotes and backslashes are not allowed in a description (RFC 6750 §3).
        let description = error.to_string().replace(['"', '\\'], "'");
        text.push_str(&format!(", error=\"{code}\", error_description=\"{description}\""));
    }
    if let Error::MissingScope(scope) = error {
        text.push_str(&format!(", scope=\"{scope}\""));
    }
    HeaderValue::from_str(&text).ok()
}

/// Who pays for what comes on a connection after the request that opened it.
#[derive(Clone)]
pub struct Toll(Option<Arc<Meter>>);

impl Toll {
    /// Of the request that opens the connection.
    pub fn of(request: &Extensions) -> Self {
        Self(request.get::<Arc<Meter>>().cloned())
    }

    /// Charges one message, a change or a read, and the logins in it.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when it is one too many.
    pub fn charge(&self, principal: &Principal, changes: bool, logins: usize) -> Result<()> {
        let Some(meter) = &self.0 else { return Ok(()) };
        meter.charge_message(principal.user_id(), changes)?;
        meter.charge_logins(logins)
    }
}

/// The parameters of a query string, read one by one, so that what is left over can be refused by name.
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of a request.
    pub fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// Every value of `name`, joined by commas, for lists.
    pub fn take_list(&mut self, name: &str) -> Option<String> {
        let mut values = Vec::new();
        self.0.retain(|(key, value)| {
            if key == name {
                values.push(value.clone());
            }
            key != name
        });
        (!values.is_empty()).then(|| values.join(","))
    }

    /// The value of `name`. A second one is left over, and so refused by name.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(key, _)| key == name)?;
        Some(self.0.remove(place).1)
    }

    /// Those that nobody took, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names that nobody took.
    pub fn rest(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}
