//! A client of REST and of GraphQL over HTTP, as one user.

use std::time::Duration;

use http::{HeaderMap, Method};
use serde_json::{Value, json};

/// The password of every account of the demo seed.
pub const DEMO_PASSWORD: &str = "petstore-demo";

/// A refusal, by whatever channel it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status or close code, where the channel has one.
    pub status: Option<u16>,
    /// What clients branch on.
    pub code: String,
    /// The fields that are named.
    pub fields: Vec<String>,
    /// Everything that was said.
    pub text: String,
}

impl Refusal {
    /// From a problem (RFC 9457), or the `extensions` of a GraphQL error, which have the same fields.
    pub fn of_problem(problem: &Value) -> Self {
        let fields = problem["errors"].as_array().into_iter().flatten();
        Self {
            status: problem["status"].as_u64().and_then(|status| u16::try_from(status).ok()),
            code: problem["code"].as_str().unwrap_or_default().to_owned(),
            fields: fields.filter_map(|error| error["field"].as_str().map(str::to_owned)).collect(),
            text: problem.to_string(),
        }
    }

    /// From the first of a list of GraphQL errors.
    pub fn of_graphql(errors: &Value) -> Self {
        let mut refusal = Self::of_problem(&errors[0]["extensions"]);
        refusal.text = errors.to_string();
        refusal
    }

    /// The end of a connection.
    pub fn closed(status: Option<u16>, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), ..Self::default() }
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// JSON; a text when it is none, null when it is empty.
    pub body: Value,
}

impl Answer {
    /// The body of a 2xx, or the refusal.
    pub fn result(self) -> Result<Value, Refusal> {
        if (200..300).contains(&self.status) { Ok(self.body) } else { Err(self.refusal()) }
    }

    /// What was refused; any other answer is a failure of the test.
    pub fn refusal(&self) -> Refusal {
        assert!(self.status >= 400, "must be refused, was answered {} {}", self.status, self.body);
        let kind = self.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        assert_eq!(kind.as_deref(), Some("application/problem+json"), "{} {}", self.status, self.body);
        let refusal = Refusal::of_problem(&self.body);
        assert_eq!(refusal.status, Some(self.status), "the problem's status is the answer's: {}", self.body);
        refusal
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A server as one user sees it.
#[derive(Clone, Debug)]
pub struct Api {
    pub http: reqwest::Client,
    /// `http://HOST:PORT`.
    pub url: String,
    pub token: Option<String>,
    /// Sent as `X-Tenant-ID`.
    pub tenant: Option<String>,
    /// The user's id, when there is one.
    pub user_id: Option<String>,
}

impl Api {
    /// Without a token.
    pub fn anonymous(url: &str) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build().unwrap();
        Self { http, url: url.to_owned(), token: None, tenant: None, user_id: None }
    }

    /// With that token, whatever it is.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// In a tenant.
    pub fn in_tenant(&self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..self.clone() }
    }

    /// As a user of the demo seed.
    pub async fn log_in(&self, username: &str) -> Self {
        self.log_in_with(username, DEMO_PASSWORD).await
    }

    pub async fn log_in_with(&self, username: &str, password: &str) -> Self {
        let body = json!({ "username": username, "password": password });
        let answer = self.post("/v1/auth/tokens", body).await.result().unwrap();
        self.as_user(&answer)
    }

    /// As someone who has just signed up.
    pub async fn sign_up(&self, username: &str) -> Self {
        let email = format!("{username}@example.com");
        let body = json!({ "username": username, "email": email, "password": DEMO_PASSWORD });
        let answer = self.post("/v1/users", body).await.result().unwrap();
        self.as_user(&answer)
    }

    fn as_user(&self, answer: &Value) -> Self {
        let user_id = answer["user"]["id"].as_str().unwrap().to_owned();
        Self { user_id: Some(user_id), ..self.with_token(answer["token"].as_str().unwrap()) }
    }

    pub fn user_id(&self) -> &str {
        self.user_id.as_deref().expect("a user who is logged in")
    }

    /// A request with the user's headers.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("x-tenant-id", tenant);
        }
        request
    }

    /// Sends a request; the connection must hold until the answer is there.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer over HTTP")
    }

    /// Sends a request.
    pub async fn try_send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        Ok(Answer { status, headers, body })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).header("accept", "application/json")).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(with_json(self.request(Method::POST, path), &body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(with_json(self.request(Method::PUT, path), &body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(with_json(self.request(Method::PATCH, path), &body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// A POST without a body.
    pub async fn command(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    /// Runs a GraphQL operation: the value of its one root field.
    pub async fn graphql(&self, query: &str) -> Result<Value, Refusal> {
        let answer = self.post("/v1/graphql", json!({ "query": query })).await;
        if answer.status != 200 {
            // A request that did not get as far as to be executed.
            return match &answer.body["errors"] {
                Value::Null => Err(answer.refusal()),
                errors => Err(Refusal::of_graphql(errors)),
            };
        }
        if answer.body["errors"].is_array() {
            return Err(Refusal::of_graphql(&answer.body["errors"]));
        }
        let data = answer.body["data"].as_object().unwrap_or_else(|| panic!("no data: {}", answer.body));
        let value = data.values().next().expect("one root field").clone();
        payload(value)
    }

    /// A new pet of 75.00 USD.
    pub async fn create_pet(&self, name: &str) -> Value {
        let pet = json!({ "name": name, "species": "DOG", "ageMonths": 5, "price": "75.00" });
        self.post("/v1/pets", pet).await.result().unwrap()
    }

    /// An order of a new pet.
    pub async fn place_order_of(&self, pet: &Value) -> Value {
        self.post("/v1/orders", json!({ "petId": pet["id"] })).await.result().unwrap()
    }
}

/// What a payload of a mutation is about, or the refusal that its `userErrors` tell; any other value as it is.
pub fn payload(value: Value) -> Result<Value, Refusal> {
    let Some(errors) = value["userErrors"].as_array() else { return Ok(value) };
    let Some(first) = errors.first() else {
        let mut fields = value.as_object().expect("a payload").iter();
        let (_, made) = fields.find(|(name, _)| *name != "userErrors").expect("what was made");
        return Ok(made.clone());
    };
    Err(Refusal {
        status: first["status"].as_u64().and_then(|status| u16::try_from(status).ok()),
        code: first["code"].as_str().unwrap_or_default().to_owned(),
        fields: errors.iter().filter_map(|error| error["field"].as_str().map(str::to_owned)).collect(),
        text: value.to_string(),
    })
}

/// `request` with a JSON body.
pub fn with_json(request: reqwest::RequestBuilder, body: &Value) -> reqwest::RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

/// The text of a field.
pub fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field} in {value}"))
}

/// The `id` of a resource.
pub fn id(resource: &Value) -> &str {
    text(resource, "id")
}
