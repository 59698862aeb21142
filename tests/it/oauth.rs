//! The OAuth2 server as clients and browsers meet it.

mod browser;
mod clients;
mod code;
mod device;

use http::Method;
use serde_json::{Value, json};

use crate::support::channel::query_of;
use crate::support::{Answer, Api, TestServer};

/// A client that was registered for a test.
struct Client {
    id: String,
    secret: Option<String>,
    api: Api,
}

const CALLBACK: &str = "http://127.0.0.1/callback";
const ALL_GRANTS: [&str; 4] = [
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
];

impl Client {
    /// Every grant, with a secret.
    async fn confidential(server: &TestServer, scopes: &[&str]) -> Self {
        Self::register(server, json!({ "name": "Backend", "redirectUris": [CALLBACK], "grantTypes": ALL_GRANTS, "scopes": scopes }))
            .await
    }

    /// An app that cannot keep a secret.
    async fn public(server: &TestServer, scopes: &[&str]) -> Self {
        let grants: Vec<&str> =
            ALL_GRANTS.into_iter().filter(|grant| *grant != "client_credentials").collect();
        let body = json!({ "name": "App", "confidential": false, "redirectUris": [CALLBACK], "grantTypes": grants, "scopes": scopes });
        Self::register(server, body).await
    }

    async fn register(server: &TestServer, body: Value) -> Self {
        let admin = server.user("admin").await;
        let client = admin.post("/v1/admin/oauth-clients", body).await.result().unwrap();
        let secret = client["secret"].as_str().map(str::to_owned);
        Self { id: client["id"].as_str().unwrap().to_owned(), secret, api: server.anonymous() }
    }

    /// Posts a form, with the client's credentials in the header.
    async fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let mut pairs: Vec<(&str, String)> =
            pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut request = self.api.request(Method::POST, path);
        match &self.secret {
            Some(secret) => request = request.basic_auth(&self.id, Some(secret)),
            None => pairs.push(("client_id", self.id.clone())),
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.api.send(request.body(query_of(&pairs))).await
    }

    async fn token(&self, pairs: &[(&str, &str)]) -> Answer {
        self.post("/oauth/token", pairs).await
    }

    /// A user of the API with that answer's access token.
    fn bearer(&self, answer: &Value) -> Api {
        self.api.with_token(answer["access_token"].as_str().unwrap())
    }
}

/// What the RFC calls the error of an answer, after a look at its form.
fn error_of(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    if answer.status == 401 {
        assert!(answer.header("www-authenticate").starts_with("Basic "));
    }
    assert!(answer.body["error_description"].is_string(), "{}", answer.body);
    (answer.status, answer.body["error"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metadata_names_what_there_is() {
    let server = TestServer::demo().await;
    let metadata = server.anonymous().get("/.well-known/oauth-authorization-server").await.result().unwrap();
    assert_eq!(metadata["issuer"], server.url);
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let endpoints = metadata
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let mut looked_at = 0;
    for (name, url) in endpoints {
        let url = url
            .as_str()
            .unwrap()
            .strip_prefix(&server.url)
            .unwrap_or_else(|| panic!("{name} is elsewhere: {url}"));
        let answer = server.anonymous().get(url).await;
        assert_ne!(answer.status, 404, "{name}");
        looked_at += 1;
    }
    assert_eq!(looked_at, 6);
    let alice = server.user("alice").await;
    let token = alice.token.as_deref().unwrap().split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, token).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["iss"], &claims["sub"]), (&metadata["issuer"], &json!(alice.user_id())));
    for name in ["aud", "exp", "iat", "jti", "roles", "scope"] {
        assert!(!claims[name].is_null(), "{name} in {claims}");
    }
    assert!(claims.as_object().unwrap().contains_key("tenant"));
}
