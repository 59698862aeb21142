//! OAuth2 (RFC 6749) under `/oauth`, with the published paths also at the root: the endpoints for clients in [`token`],
//! the pages for people in [`authorize`] and [`device`].

mod authorize;
mod device;
mod error;
mod form;
mod pages;
mod token;

use ::http::request::Parts;
use ::http::{HeaderValue, StatusCode, Uri, header};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::json;

use crate::app::App;
use crate::domain::Scope;
use crate::domain::audit::{Channel, Origin};
use crate::domain::oauth::GrantType;
use crate::protocols::http;

/// Largest body of a form, in bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// What the handlers work with.
#[derive(Clone)]
pub struct OAuth {
    app: App,
    /// Whether clients reach the server over TLS, so that cookies may be for that alone.
    secure: bool,
}

impl OAuth {
    /// Over the use cases.
    pub fn new(app: App) -> Self {
        let secure = app.settings().public_url.starts_with("https://");
        Self { app, secure }
    }

    /// With the prefix, under TLS no other host and no plain connection can have set it (RFC 6265bis §4.1.3).
    fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-petstore-login" } else { "petstore-login" }
    }

    /// The cookie of the pages.
    fn cookie(&self, parts: &Parts) -> Option<String> {
        let lines = parts.headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.cookie_name()).map(|(_, value)| value.to_owned())
    }

    /// Gives the browser that cookie. Lax: it has to come along when a client sends its user here.
    fn with_cookie(&self, mut response: Response, value: &str) -> Response {
        let (name, secure) = (self.cookie_name(), if self.secure { "; Secure" } else { "" });
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}");
        if let Ok(text) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::SET_COOKIE, text);
        }
        response
    }
}

/// The routes, at the root.
pub fn router(oauth: OAuth) -> Router {
    let shared = Router::new()
        .route("/authorize", get(authorize::show).post(authorize::answer))
        .route("/token", post(token::token))
        .route("/refresh", post(token::refresh))
        .route("/device/authorize", post(token::begin_device));
    let own = Router::new()
        .route("/device", get(device::show).post(device::answer))
        .route("/introspect", post(token::introspect))
        .route("/revoke", post(token::revoke))
        .route("/style.css", get(pages::style));
    Router::new()
        .merge(shared.clone())
        .nest("/oauth", shared.merge(own))
        .route("/.well-known/oauth-authorization-server", get(metadata))
        .route("/.well-known/jwks.json", get(jwks))
        .with_state(oauth)
}

fn origin(parts: &Parts) -> Origin {
    http::origin(parts, Channel::OAuth)
}

fn json_answer(status: StatusCode, body: &serde_json::Value, cache: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, cache)];
    (status, headers, body.to_string()).into_response()
}

/// Sends the browser on. 303: whatever it did here, it does a GET there.
fn see_other(location: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The path and query of a request as it came in, under whichever of its paths.
fn here(path: &str, uri: &Uri) -> String {
    match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

/// The metadata of the server (RFC 8414).
async fn metadata(State(oauth): State<OAuth>) -> Response {
    let base = &oauth.app.settings().public_url;
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
    let grants: Vec<&str> = GrantType::ALL.iter().map(|grant| grant.name()).collect();
    let body = json!({
        "issuer": oauth.app.issuer(),
        "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "device_authorization_endpoint": format!("{base}/oauth/device/authorize"),
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "introspection_endpoint": format!("{base}/oauth/introspect"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grants,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    json_answer(StatusCode::OK, &body, "public, max-age=300")
}

/// The public keys of access tokens (RFC 7517, RFC 8037).
async fn jwks(State(oauth): State<OAuth>) -> Response {
    let keys: Vec<serde_json::Value> = oauth
        .app
        .public_keys()
        .into_iter()
        .map(|(kid, x)| json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x }))
        .collect();
    json_answer(StatusCode::OK, &json!({ "keys": keys }), "public, max-age=300")
}
