//! What describes the protocols to others: OpenAPI 3.2 and 3.1, AsyncAPI 3, and the reference page at `/docs`.
//!
//! The documents are written in YAML beside this file, by area. What the code knows is not written there but filled in,
//! once, at start: who may do what, the values of enums, limits, events, refusals.

mod access;
mod asyncapi;
mod compose;
mod events;
mod node;
mod problems;
mod projection;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::sync::Arc;

use ::http::{HeaderMap, HeaderValue, Uri, header};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::domain::{Error, Result};
use crate::protocols::etag;
use node::Node;

/// Stand for the server's address in texts that are made once: the whole, its host, and the protocol of WebSocket and
/// HTTP.
const ADDRESS: &str = "http://petstore.invalid";
const HOST: &str = "petstore.invalid";
const PROTOCOLS: [(&str, &str, &str); 2] = [("petstore-ws", "ws", "wss"), ("petstore-http", "http", "https")];

/// The texts of the documents.
#[derive(Debug)]
pub struct Documents {
    openapi_json: Text,
    openapi_yaml: Text,
    openapi_3_1_json: Text,
    asyncapi_json: Text,
}

/// A text with [`ADDRESS`] in it.
#[derive(Debug)]
struct Text(String);

impl Text {
    fn at(&self, address: &str) -> String {
        let host = address.split_once("://").map_or(address, |(_, host)| host);
        let mut text = self.0.replace(ADDRESS, address).replace(HOST, host);
        for (name, plain, secure) in PROTOCOLS {
            text = text.replace(name, if address.starts_with("https:") { secure } else { plain });
        }
        text
    }
}

impl Documents {
    /// Puts the documents together.
    ///
    /// # Errors
    /// [`Error::Internal`] when a part is not sound; a unit test holds that all are.
    pub fn new() -> Result<Self> {
        let openapi = compose::openapi()?;
        let asyncapi = asyncapi::asyncapi(&openapi)?;
        let yaml = serde_saphyr::to_string(&openapi).map_err(Error::internal)?;
        Ok(Self {
            openapi_json: json(&openapi)?,
            openapi_yaml: Text(yaml),
            openapi_3_1_json: json(&projection::openapi_3_1(openapi))?,
            asyncapi_json: json(&asyncapi)?,
        })
    }

    /// Each document's file name and text, with `address` as the server's.
    pub fn files(&self, address: &str) -> [(&'static str, String); 4] {
        [
            ("openapi.json", self.openapi_json.at(address)),
            ("openapi.yaml", self.openapi_yaml.at(address)),
            ("openapi-3.1.json", self.openapi_3_1_json.at(address)),
            ("asyncapi.json", self.asyncapi_json.at(address)),
        ]
    }
}

fn json(document: &Node) -> Result<Text> {
    let mut text = serde_json::to_string_pretty(document).map_err(Error::internal)?;
    text.push('\n');
    Ok(Text(text))
}

/// `OrderStatusChanged` for `order.statusChanged`.
fn pascal_case(name: &str) -> String {
    name.split('.').map(capitalized).collect()
}

/// `orderStatusChanged` for `order.statusChanged`.
fn camel_case(name: &str) -> String {
    let pascal = pascal_case(name);
    let mut letters = pascal.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The address that the documents name.
#[derive(Clone, Debug)]
pub struct Address {
    /// As it is configured; else what each request was sent to is told.
    pub configured: Option<String>,
    /// Whether the server speaks TLS itself.
    pub secure: bool,
}

/// What the handlers work with.
#[derive(Clone)]
struct Desk(Arc<(Documents, Address)>);

/// The routes, at the root.
pub fn router(documents: Documents, address: Address) -> Router {
    let desk = Desk(Arc::new((documents, address)));
    Router::new()
        .route("/v1/openapi.json", get(openapi_json))
        .route("/v1/openapi.yaml", get(openapi_yaml))
        .route("/v1/openapi-3.1.json", get(openapi_3_1_json))
        .route("/v1/asyncapi.json", get(asyncapi_json))
        .with_state(desk)
}

async fn openapi_json(State(desk): State<Desk>, uri: Uri, headers: HeaderMap) -> Response {
    desk.answer(&desk.0.0.openapi_json, JSON, &uri, &headers)
}

async fn openapi_yaml(State(desk): State<Desk>, uri: Uri, headers: HeaderMap) -> Response {
    // RFC 9512.
    desk.answer(&desk.0.0.openapi_yaml, "application/yaml", &uri, &headers)
}

async fn openapi_3_1_json(State(desk): State<Desk>, uri: Uri, headers: HeaderMap) -> Response {
    desk.answer(&desk.0.0.openapi_3_1_json, JSON, &uri, &headers)
}

async fn asyncapi_json(State(desk): State<Desk>, uri: Uri, headers: HeaderMap) -> Response {
    desk.answer(&desk.0.0.asyncapi_json, JSON, &uri, &headers)
}

const JSON: &str = "application/json";

impl Desk {
    fn answer(&self, text: &Text, kind: &'static str, uri: &Uri, headers: &HeaderMap) -> Response {
        let Address { configured, secure } = &self.0.1;
        let address = configured.clone().unwrap_or_else(|| {
            let scheme = if *secure { "https" } else { "http" };
            format!("{scheme}://{}", asked_host(uri, headers))
        });
        let text = text.at(&address);
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::ETAG, etag::of(text.as_bytes())),
        ];
        (headers, text).into_response()
    }
}

/// The host that a request was sent to: HTTP/2 has it in the target, HTTP/1.1 in a header.
fn asked_host<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> &'r str {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = uri.authority().map(|authority| authority.as_str()).or(host);
    // It goes into JSON and YAML: nothing but what a host and a port are made of.
    let sane = |host: &&str| {
        (1..=255).contains(&host.len())
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
    };
    host.filter(sane).unwrap_or("localhost")
}
