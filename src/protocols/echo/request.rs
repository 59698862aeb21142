//! `/v1/echo/http`: what the server got of a request.

use std::collections::BTreeMap;

use ::http::request::Parts;
use ::http::{Request, Version};
use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::{Echo, shown};
use crate::domain::Timestamp;
use crate::protocols::http::{self, PeerAddr, Query};
use crate::protocols::rest::Told;

/// A request as it came.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    received_at: String,
    method: String,
    path: String,
    query: BTreeMap<String, Vec<String>>,
    http_version: &'static str,
    /// In the order in which they came; credentials are masked.
    headers: Vec<(String, String)>,
    remote_address: Option<String>,
    body: Content,
}

/// A body.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// When it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// When it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<Value>,
}

impl Described {
    pub fn new(parts: &Parts, body: &[u8], now: Timestamp) -> Self {
        let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in Query::of(&parts.uri).pairs() {
            query.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        let text = std::str::from_utf8(body).ok();
        Self {
            received_at: now.to_string(),
            method: parts.method.to_string(),
            // Not the part of it that the router has left.
            path: parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0).path().to_owned(),
            query,
            http_version: match parts.version {
                Version::HTTP_10 => "1.0",
                Version::HTTP_2 => "2",
                _ => "1.1",
            },
            headers: shown(&parts.headers),
            remote_address: parts.extensions.get::<PeerAddr>().map(|peer| peer.0.ip().to_string()),
            body: Content {
                bytes: body.len(),
                text: text.filter(|text| !text.is_empty()).map(str::to_owned),
                base64: text.is_none().then(|| STANDARD.encode(body)),
                json: serde_json::from_slice(body).ok(),
            },
        }
    }
}

/// Answers with the description of the request.
pub(super) async fn describe(State(echo): State<Echo>, request: Request<Body>) -> Told {
    http::charge(request.extensions(), None)?;
    let (parts, body) = request.into_parts();
    let body = echo.body(body).await?;
    let described = Described::new(&parts, &body, Timestamp::from_ms(echo.0.clock.now_ms()));
    Ok(axum::Json(described).into_response())
}
