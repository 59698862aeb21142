//! A running store, as a client sees it.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

use super::ToolError;

/// Longest time for one call.
const CALL: Duration = Duration::from_secs(30);

/// Where the store is, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Without a slash at its end.
    pub server: String,
    pub username: String,
    pub password: String,
    /// Taken in place of user name and password.
    pub token: Option<String>,
}

pub(super) struct Remote {
    pub client: Client,
    pub server: String,
    token: String,
}

impl Remote {
    /// Logs in.
    pub async fn open(login: &Login) -> Result<Self, ToolError> {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|error| ToolError::Unreachable(login.server.clone(), error))?;
        let server = login.server.trim_end_matches('/').to_owned();
        let mut remote = Self { client, server, token: login.token.clone().unwrap_or_default() };
        if login.token.is_none() {
            let body = serde_json::json!({ "username": login.username, "password": login.password });
            let grant = remote.call(Method::POST, "/v1/auth/tokens", Some(&body)).await?;
            remote.token = grant["accessToken"].as_str().unwrap_or_default().to_owned();
        }
        Ok(remote)
    }

    /// A request below the server's address.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.server));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    /// The answer to a request.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, ToolError> {
        request.send().await.map_err(|error| ToolError::Unreachable(self.server.clone(), error))
    }

    /// The JSON of a call that succeeds.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ToolError> {
        let mut request = self.request(method.clone(), path).timeout(CALL);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = self.send(request).await?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| ToolError::Unreachable(self.server.clone(), error))?;
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        if status.is_success() {
            return Ok(json);
        }
        let why = json["detail"].as_str().unwrap_or("no reason was given");
        Err(ToolError::Refused(format!("{method} {path} was answered {status}: {why}")))
    }
}
