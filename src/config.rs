//! Settings: typed, layered, and refused as a whole with every mistake named.
//!
//! `config.default.toml` is the manual: meaning, unit, allowed values and default of every key. `rules` is the
//! same list for the machine, `load` puts the layers on top of each other.

mod chat;
mod echo;
mod edge;
mod graphql;
mod inbound;
mod load;
mod log;
mod profile;
mod rules;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

pub use chat::{AdvisorEngine, ChatSettings};
pub use echo::EchoSettings;
pub use edge::{CorsSettings, ForwardedHeader, RateLimitSettings, TlsSettings};
pub use graphql::GraphQlSettings;
pub use inbound::{AnySpendSettings, ProviderSettings, Secret};
pub use load::{ConfigError, ConfigProblem, process_env};
pub use log::{LogFormat, LogSettings};
pub use profile::Profile;

/// The commented default file: defaults, manual and reference at once.
pub const DEFAULT_FILE: &str = include_str!("../config.default.toml");

/// All settings, checked; made by [`Settings::load`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How the server listens, and its limits for every HTTP connection.
    pub server: ServerSettings,
    /// TLS.
    pub tls: TlsSettings,
    /// Pages of other sites.
    pub cors: CorsSettings,
    /// How often one user, or one address, may ask.
    pub rate_limit: RateLimitSettings,
    /// Who is let in, and what a password costs.
    pub auth: AuthSettings,
    /// The OAuth2 server.
    pub oauth: OAuthSettings,
    /// The embedded database.
    pub store: StoreSettings,
    /// The live event feed.
    pub feed: FeedSettings,
    /// Server-sent events.
    pub sse: SseSettings,
    /// Plain WebSocket.
    pub websocket: WebSocketSettings,
    /// Socket.IO.
    pub socketio: SocketIoSettings,
    /// GraphQL.
    pub graphql: GraphQlSettings,
    /// Protocol examples.
    pub echo: EchoSettings,
    /// Uploaded images.
    pub images: ImageSettings,
    /// Outgoing webhooks.
    pub webhook: WebhookSettings,
    /// The payment provider that reports here.
    pub provider: ProviderSettings,
    /// `AnySpend`, which reports here.
    pub anyspend: AnySpendSettings,
    /// Conversations and the advisor.
    pub chat: ChatSettings,
    /// Logs.
    pub log: LogSettings,
}

/// What an empty database is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Seed {
    /// The demo store with its known accounts.
    Demo,
    /// Nothing but an administrator.
    None,
}

/// How bearer tokens are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// Every token is checked.
    Strict,
    /// Any bearer string is staff.
    Open,
}

/// `[server]`: how the server listens, and its limits for every HTTP connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where clients reach the server, used in links, Location headers and tokens; empty derives it from the
    /// bound address.
    pub public_url: String,
    /// Folder of the database and of uploaded files; made when it does not exist.
    pub data_dir: PathBuf,
    /// What the server is for: a store, or to be judged by protocol suites.
    pub profile: Profile,
    /// What an empty database is filled with: a demo store, or nothing but an administrator.
    pub seed: Seed,
    /// How long a shutdown waits for requests and streams to finish, milliseconds.
    pub shutdown_timeout_ms: u64,
    /// Largest request body, bytes.
    pub max_body_bytes: usize,
    /// Most that is still taken of an HTTP/1.1 request whose answer stands, bytes.
    pub max_unread_bytes: usize,
    /// Longest time that it is taken for, milliseconds.
    pub unread_timeout_ms: u64,
    /// Longest time for one request that is not a stream, milliseconds.
    pub request_timeout_ms: u64,
    /// Longest time for a connection to send a request head, also the longest that an idle HTTP/1.1
    /// connection is kept open between requests, milliseconds.
    pub header_read_timeout_ms: u64,
    /// Longest time that a connection may take no byte of what is sent to it before it is closed,
    /// milliseconds.
    pub write_timeout_ms: u64,
    /// Open connections of all protocols together; more wait in the kernel's queue.
    pub max_connections: usize,
    /// Of these, from one address; loopback and trusted proxies have no such limit.
    pub max_connections_per_address: usize,
    /// Connections that are accepted in a second, in the long run; more wait in the kernel's queue.
    pub accepts_per_s: u32,
    /// Connections that may wait to be accepted.
    pub accept_backlog: u16,
    /// Read and write buffer of an HTTP/1.1 connection, so also its largest request head, bytes.
    pub http1_buffer_bytes: usize,
    /// Concurrent requests on one HTTP/2 connection.
    pub http2_max_streams: u32,
    /// Time between pings of an HTTP/2 connection, and for their answer, milliseconds.
    pub http2_keep_alive_ms: u64,
    /// Memory for answers about pets, bytes; 0 keeps none.
    pub read_cache_bytes: usize,
    /// Smallest text that is sent compressed to those who take it, bytes; 0 switches compression off.
    pub compress_min_bytes: usize,
    /// Reverse proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<String>,
    /// The header in which they say it.
    pub forwarded_header: ForwardedHeader,
}

/// `[auth]`: who is let in, and what a password costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// strict checks every token; open takes any bearer string as staff (for learners, never on the
    /// Internet).
    pub mode: AuthMode,
    /// Life of an access token, seconds.
    pub token_ttl_s: u64,
    /// Life of a refresh token, seconds.
    pub refresh_ttl_s: u64,
    /// Tokens whose signature is remembered as good, so that it is not computed at every request.
    pub verified_tokens: usize,
    /// Memory for one password hash (argon2id), KiB.
    pub argon2_memory_kib: u32,
    /// Passes over that memory.
    pub argon2_iterations: u32,
    /// Lanes of one password hash.
    pub argon2_parallelism: u32,
    /// Password hashes computed at the same time.
    pub hash_concurrency: usize,
    /// Password hashes that may wait; one more is answered with 429.
    pub hash_queue: usize,
    /// Failed logins of one account before it is locked for a while.
    pub login_failures_per_account: u32,
    /// Failed logins from one address before it is locked for a while.
    pub login_failures_per_address: u32,
    /// How long such a lock lasts, and how long a failure counts, seconds.
    pub login_lock_s: u64,
    /// The iss claim of tokens, and the issuer of the OAuth2 server; empty is `server.public_url`.
    pub issuer: String,
    /// The aud claim of tokens.
    pub audience: String,
}

/// `[oauth]`: the OAuth2 server, /oauth.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthSettings {
    /// Life of an authorization code, seconds.
    pub code_ttl_s: u64,
    /// Life of a device code, seconds.
    pub device_ttl_s: u64,
    /// How long a device has to wait between two questions, seconds.
    pub device_interval_s: u32,
    /// Device codes that may wait for their users; one more is answered with 429.
    pub max_device_codes: u64,
    /// Life of a login on the pages, seconds.
    pub browser_ttl_s: u64,
    /// Clients, beside those that administrators register.
    pub clients: Vec<OAuthClientSettings>,
}

/// One of `[[oauth.clients]]`. Not `Debug`-printed with its secret.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthClientSettings {
    /// What it names itself by.
    pub id: String,
    /// Shown to users.
    pub name: String,
    /// What it proves itself with; nothing for an app that cannot keep one.
    pub secret: Option<String>,
    /// Where answers may go.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// The grants that it may use.
    pub grant_types: Vec<String>,
    /// The most that it may be given.
    pub scopes: Vec<String>,
    /// The tenant whose users and data it is for; nothing for the public pool.
    pub tenant: Option<String>,
}

impl std::fmt::Debug for OAuthClientSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuthClientSettings").field("id", &self.id).finish_non_exhaustive()
    }
}

/// `[store]`: the embedded database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// Connections that read.
    pub read_connections: usize,
    /// Writes that may wait for the one writer; one more is answered with 429.
    pub write_queue: usize,
    /// Writes that share one commit.
    pub max_batch: usize,
    /// How long the event log keeps an event; older cursors are answered with an error, seconds.
    pub event_retention_s: u64,
    /// How long the answer to a request with an Idempotency-Key is kept, seconds.
    pub idempotency_ttl_s: u64,
    /// Declined payments of one order, which are all kept; after these a payment is answered with 409.
    pub max_failed_payments: usize,
    /// How long a connection waits for a lock of another process, milliseconds.
    pub busy_timeout_ms: u64,
    /// Page cache of each connection, KiB.
    pub cache_kib: usize,
}

/// `[feed]`: the live event feed, whichever protocol carries it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSettings {
    /// Recent events kept in memory; a reader that is further behind is served from the log.
    pub ring_events: usize,
    /// About how much memory these recent events may take, bytes.
    pub ring_bytes: usize,
    /// Events read from the log at a time during a replay.
    pub page_events: usize,
    /// Topics of one subscription.
    pub max_topics: usize,
    /// Most events in one answer of the poll form of /v1/events.
    pub max_poll_events: usize,
}

/// `[sse]`: server-sent events.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SseSettings {
    /// Time between keep-alive comments on a quiet stream, milliseconds.
    pub keep_alive_ms: u64,
    /// How long a client is told to wait before it reconnects, milliseconds.
    pub retry_ms: u64,
    /// At shutdown the clients' wait is spread over this much more time, milliseconds.
    pub retry_jitter_ms: u64,
}

/// `[websocket]`: Plain WebSocket, /v1/ws.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebSocketSettings {
    /// Largest frame and message from a client, bytes.
    pub max_frame_bytes: usize,
    /// Subscriptions on one connection.
    pub max_subscriptions: usize,
    /// Time between protocol pings, milliseconds.
    pub ping_interval_ms: u64,
    /// How long a pong may take before the connection is closed, milliseconds.
    pub pong_timeout_ms: u64,
    /// Read buffer of one connection, bytes.
    pub read_buffer_bytes: usize,
    /// Longest time that one write may take before the connection is closed, milliseconds.
    pub write_timeout_ms: u64,
    /// Whether messages are compressed for clients that offer it.
    pub deflate: bool,
}

/// `[socketio]`: Socket.IO.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketIoSettings {
    /// Time between Engine.IO pings, milliseconds.
    pub ping_interval_ms: u64,
    /// How long a pong may take before the connection is closed, milliseconds.
    pub ping_timeout_ms: u64,
    /// How long a client may take to join a namespace, milliseconds.
    pub connect_timeout_ms: u64,
    /// Largest payload from a client, bytes.
    pub max_payload_bytes: usize,
    /// Packets that may wait for one client; the feed goes on when there is room again.
    pub max_buffered_packets: usize,
    /// Subscriptions on one connection.
    pub max_subscriptions: usize,
    /// How long a client's packet buffer may stay full before the connection is closed, milliseconds.
    pub stall_timeout_ms: u64,
}

/// `[images]`: uploaded images.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// Largest image, bytes.
    pub max_bytes: usize,
    /// Largest width by height, pixels.
    pub max_pixels: u64,
    /// Images of one pet.
    pub max_per_pet: usize,
}

/// `[webhook]`: outgoing webhooks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Longest time for one attempt, from connecting to the last byte of the answer, milliseconds.
    pub timeout_ms: u64,
    /// How much of an answer is read and kept, bytes.
    pub max_response_bytes: usize,
    /// How long a claimed delivery belongs to its deliverer; longer than `timeout_ms`, milliseconds.
    pub lease_ms: u64,
    /// Deliveries claimed at a time.
    pub batch: usize,
    /// Attempts under way at the same time, all endpoints together.
    pub concurrency: usize,
    /// Attempts under way at the same time for one endpoint.
    pub per_endpoint_concurrency: usize,
    /// Wait before each attempt, seconds; after the last one the delivery is dead. As an environment
    /// variable: 0,5,60.
    pub retry_schedule_s: Vec<u64>,
    /// Each wait is lengthened or shortened by up to this share of it, at random, percent.
    pub retry_jitter_percent: u32,
    /// Whether endpoints may be on loopback, private and link-local addresses.
    pub allow_private_addresses: bool,
    /// Endpoints of the staff of one tenant.
    pub max_endpoints: usize,
    /// Endpoints of one user.
    pub max_endpoints_per_user: usize,
    /// Endpoints of all users of one tenant together.
    pub max_user_endpoints: usize,
    /// Jobs of one endpoint that are under way at the same time; one more is answered with 409.
    pub max_jobs_per_endpoint: u32,
    /// Callbacks of one order that wait to be delivered; one more is answered with 409.
    pub max_callbacks_per_order: u32,
    /// Callbacks of one user that wait to be delivered; one more is answered with 409.
    pub max_callbacks_per_user: u32,
    /// Callbacks of one tenant that wait to be delivered; one more is answered with 409.
    pub max_callbacks: u32,
    /// Longest `timeoutMs` that an endpoint can ask for, milliseconds.
    pub max_timeout_ms: u64,
    /// Networks that endpoints may be in although they are not public.
    pub allowed_networks: Vec<String>,
    /// Ports that endpoints may have; none: every port.
    pub allowed_ports: Vec<u16>,
    /// Failed attempts of an endpoint in a row that open its circuit.
    pub circuit_failures: u32,
    /// How long a circuit stays open the first time, milliseconds.
    pub circuit_open_ms: u64,
    /// An endpoint whose every attempt has failed for as long is disabled, seconds.
    pub disable_after_s: u64,
    /// How long dead letters are kept, seconds.
    pub dead_letter_retention_s: u64,
    /// How long what other systems sent here is kept, seconds.
    pub inbound_retention_s: u64,
}
