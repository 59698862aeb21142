//! A store in a folder of its own, and GraphQL over it.

use std::sync::Arc;
use std::time::Duration;

use ::http::{Method, Request, StatusCode, header};
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::app::oauth::{Desk, OAuthSettings};
use crate::app::{
    App, AppSettings, ArgonCost, Caller, Guard, GuardSettings, Parts, Passwords, Replays, Revocations, Tokens,
};
use crate::bus::Hub;
use crate::clock::{Clock, Ids};
use crate::domain::audit::{Channel, Origin};
use crate::domain::user::UserDraft;
use crate::domain::{Principal, Tenant, Timestamp};
use crate::images::{ImageLimits, Images};
use crate::integrations::Integrations;
use crate::protocols::graphql::{Documents, GraphQl, GraphQlSettings, PATH};
use crate::protocols::link::{Comeback, PulseSettings, Pump};
use crate::protocols::upgrade::SocketLimits;
use crate::store::Store;
use crate::store::faults::Faults;
use crate::store::sqlite::{self, SqliteSettings};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::webhook;

/// Any text is the token of a member of the staff here.
pub const STAFF: &str = "staff";

pub struct Fixture {
    pub app: App,
    pub store: Store,
    pub graphql: GraphQl,
    pub router: Router,
    pub clock: Clock,
    pub metrics: Metrics,
    pub tasks: Tasks,
    dir: TempDir,
}

pub fn settings() -> GraphQlSettings {
    GraphQlSettings {
        max_depth: 15,
        max_complexity: 500,
        max_aliases: 50,
        max_directives: 50,
        timeout_ms: 10_000,
        documents: Documents::open(16, None).unwrap(),
        max_subscriptions: 4,
        max_streams: 4,
        init_timeout_ms: 10_000,
        introspection: true,
        page: Some(|| "<html>".into_response()),
        max_body_bytes: 4096,
        socket: SocketLimits { max_message_bytes: 4096, read_buffer_bytes: 1024, deflate: false },
        pulse: PulseSettings {
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(10),
        },
        keep_alive_ms: 15_000,
    }
}

fn app_settings(data_dir: &std::path::Path) -> AppSettings {
    AppSettings {
        public_url: "http://store.test".into(),
        data_dir: data_dir.to_owned(),
        open_auth: true,
        token_issuer: "test".into(),
        token_audience: "test".into(),
        token_ttl_s: 60,
        refresh_ttl_s: 600,
        verified_tokens: 8,
        guard: GuardSettings { per_account: 10, per_address: 100, lock_s: 900 },
        oauth: OAuthSettings::default(),
        argon2: ArgonCost { memory_kib: 64, iterations: 1, parallelism: 1 },
        hash_concurrency: 2,
        hash_queue: 8,
        max_topics: 8,
        page_events: 100,
        max_poll_events: 100,
        max_endpoints: 8,
        max_endpoints_per_user: 8,
        max_user_endpoints: 8,
        max_jobs_per_endpoint: 8,
        idempotency_ttl_s: 60,
        max_callbacks_per_order: 8,
        max_callbacks_per_user: 8,
        max_failed_payments: 8,
        max_callbacks: 8,
        dead_letter_retention_s: 1_000_000,
        inbound_retention_s: 1_000_000,
    }
}

impl Fixture {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: GraphQlSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_800_000_000_000);
        let ids = Ids::new(clock.clone());
        let hub = Hub::new(crate::bus::Capacity { events: 1024, bytes: usize::MAX });
        let publisher = hub.clone();
        let store = SqliteSettings {
            data_dir: dir.path().to_owned(),
            read_connections: 2,
            busy_timeout_ms: 5_000,
            cache_kib: 1_024,
            write_queue: 64,
            max_batch: 8,
        };
        let committed = Box::new(move |events, _, _: Duration| publisher.publish(events));
        let store = sqlite::open(store, Faults::default(), committed).await.unwrap();
        let bounds = store.read().log_bounds().await.unwrap();
        hub.start_at(bounds.head);
        let own = app_settings(dir.path());
        let images = ImageLimits { max_bytes: 1_000, max_pixels: 100, max_per_pet: 1 };
        let vault = Arc::new(webhook::Vault::open_in(dir.path(), ids.clone()).unwrap());
        let guard = webhook::AddressGuard::new(webhook::Allowed::Public);
        let desk = Arc::new(webhook::EndpointDesk::new(vault, guard, Arc::default(), 30_000));
        let app = App::new(Parts {
            store: store.clone(),
            hub,
            epoch: bounds.epoch,
            clock: clock.clone(),
            answers: crate::app::Answers::open_in(dir.path(), &ids).unwrap(),
            ids: ids.clone(),
            tokens: Tokens::open(&own, Timestamp::from_ms(clock.now_ms())).unwrap(),
            revocations: Revocations::default(),
            guard: Guard::new(own.guard),
            oauth: Desk::new(Vec::new()),
            passwords: Passwords::new(own.argon2, own.hash_concurrency, own.hash_queue).unwrap(),
            endpoint_secrets: desk.clone(),
            callback_desk: desk,
            replays: Replays::default(),
            live_connections: Arc::new(Vec::new),
            moderation: crate::app::chat::Moderation::new(
                crate::app::chat::ChatLimits {
                    max_message_chars: 4000,
                    messages_per_minute: 1000,
                    signs_per_minute: 1000,
                    max_rooms: 100,
                    max_pictures: 10,
                    max_picture_bytes: 1_000,
                },
                clock.clone(),
            ),
            signals: crate::bus::Signals::default(),
            bells: crate::bus::Bells::default(),
            images: Images::open(&dir.path().join("images"), images).unwrap(),
            settings: own,
        });
        let tasks = Tasks::new();
        let metrics = Metrics::new(tasks.clone());
        let comeback = Comeback::new(ids, Duration::from_secs(2), Duration::from_secs(3));
        let pump = Pump::start(&tasks, comeback);
        let integrations = Arc::new(Integrations::default());
        let graphql =
            GraphQl::new(app.clone(), integrations, None, &metrics, (tasks.clone(), pump), settings);
        let router = graphql.clone().router();
        Self { app, store, graphql, router, clock, metrics, tasks, dir }
    }

    /// The files of images, with their lengths.
    pub fn image_files(&self) -> Vec<(String, u64)> {
        let entries = std::fs::read_dir(self.dir.path().join("images")).unwrap().map(Result::unwrap);
        let file = |entry: std::fs::DirEntry| {
            (entry.file_name().to_string_lossy().into_owned(), entry.metadata().unwrap().len())
        };
        entries.map(file).collect()
    }

    /// Signs a customer up; the token lives for a minute.
    pub async fn customer(&self, name: &str) -> String {
        let origin =
            Origin { channel: Channel::System, ip_address: None, user_agent: None, request_id: None };
        let caller = Caller::new(Principal::anonymous(Tenant::PUBLIC), origin);
        let draft = UserDraft {
            username: Some(name.to_owned()),
            email: Some(format!("{name}@example.com")),
            password: Some("correct horse".to_owned()),
            ..UserDraft::default()
        };
        self.app.sign_up(&caller, draft).await.unwrap().access_token
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Posts JSON and reads the answer.
    pub async fn post(&self, token: Option<&str>, accept: &str, body: &Value) -> (StatusCode, Value) {
        read(self.send(posting(token, accept, body)).await).await
    }

    /// The data of an operation that is to succeed.
    pub async fn data(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let (status, answer) = self.post(token, "application/graphql-response+json", &body).await;
        assert_eq!((status, &answer["errors"]), (StatusCode::OK, &Value::Null), "{answer}");
        answer["data"].clone()
    }

    /// A new pet.
    pub async fn pet(&self) -> String {
        let query = r#"mutation { createPet(input: {name: "Rex", species: DOG, ageMonths: 5, price: "75.00"}) { pet { id } } }"#;
        text(&self.data(Some(STAFF), query, json!({})).await["createPet"]["pet"]["id"])
    }

    /// An order of a new pet.
    pub async fn order(&self, token: &str) -> String {
        let query = "mutation ($pet: ID!) { placeOrder(input: {petId: $pet}) { order { id } } }";
        let data = self.data(Some(token), query, json!({ "pet": self.pet().await })).await;
        text(&data["placeOrder"]["order"]["id"])
    }
}

pub fn posting(token: Option<&str>, accept: &str, body: &Value) -> Request<Body> {
    let mut request = Request::post(PATH)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, accept)
        .body(Body::from(body.to_string()))
        .unwrap();
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    request
}

pub fn getting(query: &str, accept: &str) -> Request<Body> {
    let uri = format!("{PATH}?{query}");
    Request::builder()
        .method(Method::GET)
        .uri(uri)
        .header(header::ACCEPT, accept)
        .body(Body::empty())
        .unwrap()
}

pub async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
