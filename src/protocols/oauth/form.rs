//! Parameters of forms and queries, and the credentials of clients.

use ::http::request::Parts;
use ::http::{Request, Uri, header};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Limited};

use super::MAX_FORM_BYTES;
use crate::app::oauth::ClientCredentials;
use crate::domain::oauth::Refusal;
use crate::domain::{Error, Result};

/// Parameters, each there once at most; one without a value counts as left out (RFC 6749 §3.1).
pub(super) struct Form(Vec<(String, String)>);

fn invalid(description: &'static str) -> Error {
    Error::OAuth(Refusal::InvalidRequest, description)
}

impl Form {
    /// The parameters of the query.
    ///
    /// # Errors
    /// [`Refusal::InvalidRequest`] for one that is there twice.
    pub fn of_query(uri: &Uri) -> Result<Self> {
        Self::read(uri.query().unwrap_or_default().as_bytes())
    }

    /// The parameters of the body.
    ///
    /// # Errors
    /// [`Refusal::InvalidRequest`] for what is no form, is too large, or has a parameter twice.
    pub async fn of_body(request: Request<Body>) -> Result<(Parts, Self)> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(invalid("the body must be application/x-www-form-urlencoded"));
        }
        let whole = Limited::new(body, MAX_FORM_BYTES).collect().await;
        let bytes = whole.map_err(|_| invalid("the body is too large, or ended early"))?.to_bytes();
        Ok((parts, Self::read(&bytes)?))
    }

    fn read(text: &[u8]) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text) {
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(invalid("a parameter is there more than once"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    /// The value of `name`.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(place).1).filter(|value| !value.is_empty())
    }

    /// What the client shows of itself: in the header or in the body, and not in both (RFC 6749 §2.3).
    ///
    /// # Errors
    /// [`Refusal::InvalidRequest`], [`Refusal::InvalidClient`].
    pub fn client(&mut self, parts: &Parts) -> Result<ClientCredentials> {
        let own = ClientCredentials { id: self.take("client_id"), secret: self.take("client_secret") };
        let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = headers.next() else { return Ok(own) };
        if headers.next().is_some() {
            return Err(invalid("there must be one Authorization header at most"));
        }
        let unknown =
            || Error::OAuth(Refusal::InvalidClient, "the Authorization header must be of the Basic scheme");
        let (scheme, encoded) =
            value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(unknown)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(unknown());
        }
        let pair = STANDARD.decode(encoded.trim()).ok().and_then(|pair| String::from_utf8(pair).ok());
        let (id, secret) = pair.as_deref().and_then(|pair| pair.split_once(':')).ok_or_else(unknown)?;
        let (id, secret) = (decode(id), decode(secret));
        if own.secret.is_some() || own.id.is_some_and(|own| own != id) {
            return Err(invalid("the client must show its credentials in one way"));
        }
        Ok(ClientCredentials { id: Some(id), secret: Some(secret).filter(|secret| !secret.is_empty()) })
    }
}

/// Both parts of Basic credentials are form-encoded (RFC 6749 §2.3.1).
fn decode(text: &str) -> String {
    // As the value of a form's one field; what would end a value stands for itself, as lax clients send it.
    let field = format!("v={}", text.replace('&', "%26"));
    form_urlencoded::parse(field.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(authorization: &[&str], body: &str) -> Result<(Option<String>, Option<String>), &'static str> {
        let mut request = Request::new(());
        for value in authorization {
            request.headers_mut().append(header::AUTHORIZATION, value.parse().unwrap());
        }
        let shown = Form::read(body.as_bytes()).and_then(|mut form| form.client(&request.into_parts().0));
        shown.map(|shown| (shown.id, shown.secret)).map_err(|error| error.code())
    }

    #[test]
    fn credentials_are_shown_in_one_way() {
        let basic = |pair: &str| format!("bAsIc {}", STANDARD.encode(pair));
        let both = |id: &str, secret: &str| Ok((Some(id.to_owned()), Some(secret.to_owned())));
        assert_eq!(client(&[&basic("a%3Ab:s+%26")], ""), both("a:b", "s &"));
        assert_eq!(client(&[&basic("a:s=1&t")], ""), both("a", "s=1&t"));
        assert_eq!(client(&[], "client_id=a&client_secret=s"), both("a", "s"));
        assert_eq!(client(&[&basic("a:s")], "client_id=a"), both("a", "s"));
        assert_eq!(client(&[&basic("a:s")], "client_id=b"), Err("invalid_request"));
        assert_eq!(client(&[&basic("a:s")], "client_secret=s"), Err("invalid_request"));
        assert_eq!(client(&[&basic("a:s"), &basic("a:s")], ""), Err("invalid_request"));
        assert_eq!(client(&["Bearer x"], ""), Err("invalid_client"));
        assert_eq!(client(&["Basic ???"], ""), Err("invalid_client"));
        assert_eq!(client(&[], "client_id=a&client_id=a"), Err("invalid_request"));
    }
}
