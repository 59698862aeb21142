//! What each key may be: one row for every key of `config.default.toml`.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use serde::Deserialize as _;
use toml::Value;

use Allowed::{Address, Clients, Filter, Flag, List, Number, Numbers, OneOf, Secret, Secrets, Text, Url};

use crate::domain::Network;
use crate::domain::inbound::AcceptedToken;

/// The values that a key may have.
#[derive(Debug)]
pub(super) enum Allowed {
    Flag,
    Number(RangeInclusive<i64>),
    Numbers {
        len: RangeInclusive<usize>,
        each: RangeInclusive<i64>,
    },
    /// Never repeated in a message; length in characters.
    Secret(RangeInclusive<usize>),
    Secrets {
        len: RangeInclusive<usize>,
        each: RangeInclusive<usize>,
    },
    OneOf(&'static [&'static str]),
    /// Length in characters.
    Text(RangeInclusive<usize>),
    Address,
    Url,
    Filter,
    /// Texts, how many, what each must be, and that in words.
    List(RangeInclusive<usize>, fn(&str) -> bool, &'static str),
    /// Tables that stand for OAuth2 clients.
    Clients,
}

/// Most clients of a file.
const MAX_CLIENTS: usize = 100;

/// Section, key and allowed values.
pub(super) type Rule = (&'static str, &'static str, Allowed);

#[rustfmt::skip]
pub(super) static RULES: &[Rule] = &[
    ("server", "listen", Address),
    ("server", "public_url", Url),
    ("server", "data_dir", Text(1..=4096)),
    ("server", "profile", OneOf(&["standard", "conformance"])),
    ("server", "seed", OneOf(&["demo", "none"])),
    ("server", "shutdown_timeout_ms", Number(100..=600_000)),
    ("server", "max_body_bytes", Number(1_024..=104_857_600)),
    ("server", "max_unread_bytes", Number(0..=1_073_741_824)),
    ("server", "unread_timeout_ms", Number(100..=600_000)),
    ("server", "request_timeout_ms", Number(100..=600_000)),
    ("server", "header_read_timeout_ms", Number(100..=600_000)),
    ("server", "write_timeout_ms", Number(100..=3_600_000)),
    ("server", "max_connections", Number(1..=1_000_000)),
    ("server", "max_connections_per_address", Number(1..=1_000_000)),
    ("server", "accepts_per_s", Number(1..=1_000_000)),
    ("server", "accept_backlog", Number(1..=65_535)),
    ("server", "http1_buffer_bytes", Number(8_192..=1_048_576)),
    ("server", "http2_max_streams", Number(1..=10_000)),
    ("server", "http2_keep_alive_ms", Number(100..=3_600_000)),
    ("server", "read_cache_bytes", Number(0..=1_099_511_627_776)),
    ("server", "compress_min_bytes", Number(0..=1_073_741_824)),
    ("server", "trusted_proxies", List(0..=256, is_network, "IP addresses or networks, for example 10.0.0.0/8")),
    ("server", "forwarded_header", OneOf(&["x-forwarded-for", "forwarded"])),
    ("tls", "cert", Text(0..=4096)),
    ("tls", "key", Text(0..=4096)),
    ("tls", "handshake_timeout_ms", Number(100..=600_000)),
    ("tls", "max_handshakes", Number(1..=1_000_000)),
    ("tls", "hsts_max_age_s", Number(0..=315_360_000)),
    ("cors", "allow_origins", List(0..=256, is_origin, "\"*\" or origins, for example https://pets.example")),
    ("cors", "max_age_s", Number(0..=86_400)),
    ("rate_limit", "enabled", Flag),
    ("rate_limit", "reads_per_s", Number(1..=1_000_000)),
    ("rate_limit", "reads_burst", Number(1..=1_000_000)),
    ("rate_limit", "writes_per_s", Number(1..=1_000_000)),
    ("rate_limit", "writes_burst", Number(1..=1_000_000)),
    ("rate_limit", "logins_per_min", Number(1..=1_000_000)),
    ("rate_limit", "logins_burst", Number(1..=1_000_000)),
    ("rate_limit", "slots", Number(1..=16_777_216)),
    ("auth", "mode", OneOf(&["strict", "open"])),
    ("auth", "token_ttl_s", Number(1..=31_536_000)),
    ("auth", "refresh_ttl_s", Number(1..=31_536_000)),
    ("auth", "verified_tokens", Number(1..=10_000_000)),
    ("auth", "argon2_memory_kib", Number(64..=1_048_576)),
    ("auth", "argon2_iterations", Number(1..=100)),
    ("auth", "argon2_parallelism", Number(1..=8)),
    ("auth", "hash_concurrency", Number(1..=256)),
    ("auth", "hash_queue", Number(1..=100_000)),
    ("auth", "login_failures_per_account", Number(1..=1_000_000)),
    ("auth", "login_failures_per_address", Number(1..=1_000_000)),
    ("auth", "login_lock_s", Number(1..=86_400)),
    ("auth", "issuer", Url),
    ("auth", "audience", Text(1..=256)),
    ("oauth", "code_ttl_s", Number(1..=600)),
    ("oauth", "device_ttl_s", Number(10..=3_600)),
    ("oauth", "device_interval_s", Number(1..=60)),
    ("oauth", "max_device_codes", Number(1..=1_000_000)),
    ("oauth", "browser_ttl_s", Number(60..=2_592_000)),
    ("oauth", "clients", Clients),
    ("store", "read_connections", Number(1..=64)),
    ("store", "write_queue", Number(1..=1_000_000)),
    ("store", "max_batch", Number(1..=10_000)),
    ("store", "event_retention_s", Number(1..=315_360_000)),
    ("store", "idempotency_ttl_s", Number(1..=31_536_000)),
    ("store", "max_failed_payments", Number(1..=10_000)),
    ("store", "busy_timeout_ms", Number(0..=600_000)),
    ("store", "cache_kib", Number(256..=16_777_216)),
    ("feed", "ring_events", Number(1..=1_048_576)),
    ("feed", "ring_bytes", Number(65_536..=17_179_869_184)),
    ("feed", "page_events", Number(1..=10_000)),
    ("feed", "max_topics", Number(1..=256)),
    ("feed", "max_poll_events", Number(1..=500)),
    ("sse", "keep_alive_ms", Number(100..=3_600_000)),
    ("sse", "retry_ms", Number(0..=600_000)),
    ("sse", "retry_jitter_ms", Number(0..=600_000)),
    ("websocket", "max_frame_bytes", Number(1_024..=16_777_216)),
    ("websocket", "max_subscriptions", Number(1..=10_000)),
    ("websocket", "ping_interval_ms", Number(100..=3_600_000)),
    ("websocket", "pong_timeout_ms", Number(100..=3_600_000)),
    ("websocket", "read_buffer_bytes", Number(128..=1_048_576)),
    ("websocket", "write_timeout_ms", Number(100..=3_600_000)),
    ("websocket", "deflate", Flag),
    ("socketio", "ping_interval_ms", Number(100..=3_600_000)),
    ("socketio", "ping_timeout_ms", Number(100..=3_600_000)),
    ("socketio", "connect_timeout_ms", Number(100..=600_000)),
    ("socketio", "max_payload_bytes", Number(1_024..=16_777_216)),
    ("socketio", "max_buffered_packets", Number(1..=65_536)),
    ("socketio", "max_subscriptions", Number(1..=10_000)),
    ("socketio", "stall_timeout_ms", Number(100..=3_600_000)),
    ("graphql", "max_depth", Number(1..=100)),
    ("graphql", "max_complexity", Number(1..=1_000_000)),
    ("graphql", "max_aliases", Number(0..=10_000)),
    ("graphql", "max_directives", Number(0..=10_000)),
    ("graphql", "timeout_ms", Number(100..=600_000)),
    ("graphql", "persisted_queries", Number(0..=100_000)),
    ("graphql", "allow_list", Text(0..=4_096)),
    ("graphql", "max_subscriptions", Number(1..=10_000)),
    ("graphql", "max_streams", Number(1..=1_000_000)),
    ("graphql", "init_timeout_ms", Number(100..=600_000)),
    ("graphql", "introspection", Flag),
    ("graphql", "graphiql", Flag),
    ("echo", "enabled", Flag),
    ("echo", "max_message_bytes", Number(1_024..=16_777_216)),
    ("echo", "messages_per_s", Number(1..=1_000_000)),
    ("echo", "messages_burst", Number(1..=1_000_000)),
    ("echo", "max_events", Number(1..=1_000_000)),
    ("echo", "max_interval_ms", Number(0..=3_600_000)),
    ("echo", "max_hooks", Number(1..=100_000)),
    ("echo", "hook_requests", Number(1..=1_000)),
    ("echo", "hooks_bytes", Number(65_536..=1_099_511_627_776)),
    ("images", "max_bytes", Number(1_024..=104_857_600)),
    ("images", "max_pixels", Number(1..=1_000_000_000)),
    ("images", "max_per_pet", Number(1..=20)),
    ("webhook", "timeout_ms", Number(100..=600_000)),
    ("webhook", "max_response_bytes", Number(0..=1_048_576)),
    ("webhook", "lease_ms", Number(1_000..=3_600_000)),
    ("webhook", "batch", Number(1..=10_000)),
    ("webhook", "concurrency", Number(1..=10_000)),
    ("webhook", "per_endpoint_concurrency", Number(1..=1_000)),
    ("webhook", "retry_schedule_s", Numbers { len: 1..=32, each: 0..=2_592_000 }),
    ("webhook", "retry_jitter_percent", Number(0..=100)),
    ("webhook", "allow_private_addresses", Flag),
    ("webhook", "max_endpoints", Number(1..=100_000)),
    ("webhook", "max_endpoints_per_user", Number(1..=100_000)),
    ("webhook", "max_user_endpoints", Number(1..=100_000)),
    ("webhook", "max_jobs_per_endpoint", Number(1..=100)),
    ("webhook", "max_callbacks_per_order", Number(1..=10_000)),
    ("webhook", "max_callbacks_per_user", Number(1..=100_000)),
    ("webhook", "max_callbacks", Number(1..=1_000_000)),
    ("webhook", "max_timeout_ms", Number(1_000..=600_000)),
    ("webhook", "allowed_networks", List(0..=64, is_network, "IP addresses or networks, for example 10.0.0.0/8")),
    ("webhook", "allowed_ports", Numbers { len: 0..=64, each: 1..=65_535 }),
    ("webhook", "circuit_failures", Number(1..=1_000_000)),
    ("webhook", "circuit_open_ms", Number(100..=3_600_000)),
    ("webhook", "disable_after_s", Number(60..=31_536_000)),
    ("webhook", "dead_letter_retention_s", Number(60..=315_360_000)),
    ("webhook", "inbound_retention_s", Number(604_800..=315_360_000)),
    ("provider", "enabled", Flag),
    ("provider", "secret", Secret(0..=512)),
    ("provider", "tenant", Text(0..=36)),
    ("anyspend", "enabled", Flag),
    ("anyspend", "api_keys", Secrets { len: 0..=2, each: 16..=512 }),
    ("anyspend", "tokens", List(0..=64, is_token, "tokens as chain:address:decimals:currency")),
    ("anyspend", "recipients", List(0..=64, is_address, "addresses")),
    ("anyspend", "tenant", Text(0..=36)),
    ("chat", "engine", OneOf(&["knowledge", "openai"])),
    ("chat", "openai_base_url", Url),
    ("chat", "openai_api_key", Secret(0..=512)),
    ("chat", "openai_model", Text(1..=200)),
    ("chat", "openai_connect_timeout_ms", Number(100..=600_000)),
    ("chat", "openai_stall_timeout_ms", Number(100..=600_000)),
    ("chat", "openai_total_timeout_ms", Number(100..=3_600_000)),
    ("chat", "openai_retries", Number(0..=10)),
    ("chat", "openai_tokens_per_user_day", Number(0..=1_000_000_000)),
    ("chat", "max_message_chars", Number(1..=100_000)),
    ("chat", "messages_per_minute", Number(1..=1_000_000)),
    ("chat", "signs_per_minute", Number(1..=1_000_000)),
    ("chat", "max_rooms", Number(1..=1_000_000)),
    ("chat", "max_pictures", Number(0..=100_000)),
    ("chat", "max_picture_bytes", Number(1_024..=16_777_216)),
    ("chat", "max_answers", Number(1..=10_000)),
    ("chat", "max_answers_per_user", Number(1..=10_000)),
    ("chat", "history_messages", Number(1..=200)),
    ("chat", "max_joined", Number(1..=1_000)),
    ("log", "format", OneOf(&["text", "json"])),
    ("log", "filter", Filter),
];

impl Allowed {
    /// Whether a value of a file is allowed: type and range.
    pub(super) fn admits(&self, value: &Value) -> bool {
        match (self, value) {
            (Flag, Value::Boolean(_)) => true,
            (Number(range), Value::Integer(number)) => range.contains(number),
            (Numbers { len, each }, Value::Array(items)) => {
                len.contains(&items.len())
                    && items.iter().all(|item| item.as_integer().is_some_and(|number| each.contains(&number)))
            }
            (Secrets { len, each }, Value::Array(items)) => {
                let within =
                    |item: &Value| item.as_str().is_some_and(|text| each.contains(&text.chars().count()));
                len.contains(&items.len()) && items.iter().all(within)
            }
            (Secret(len), Value::String(text)) => len.contains(&text.chars().count()),
            (OneOf(names), Value::String(text)) => names.contains(&text.as_str()),
            (Text(len), Value::String(text)) => {
                // The mark of a value that was no UTF-8: another name than the one that was meant.
                len.contains(&text.chars().count()) && !text.contains(char::REPLACEMENT_CHARACTER)
            }
            (Address, Value::String(text)) => text.parse::<SocketAddr>().is_ok(),
            (Url, Value::String(text)) => text.is_empty() || is_web_url(text),
            (List(len, is_one, _), Value::Array(items)) => {
                len.contains(&items.len()) && items.iter().all(|item| item.as_str().is_some_and(is_one))
            }
            (Clients, Value::Array(items)) => {
                items.len() <= MAX_CLIENTS
                    && items.iter().all(|item| super::OAuthClientSettings::deserialize(item.clone()).is_ok())
            }
            (Filter, Value::String(text)) => tracing_subscriber::EnvFilter::try_new(text).is_ok(),
            _ => false,
        }
    }

    /// Reads a value from an environment variable or a flag; what cannot be read stays text, which
    /// [`Allowed::admits`] then refuses.
    pub(super) fn read(&self, text: &str) -> Value {
        let read = match self {
            Flag => text.parse().ok().map(Value::Boolean),
            Number(_) => text.parse().ok().map(Value::Integer),
            Numbers { .. } => {
                let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
                let items =
                    list.split(',').map(str::trim).filter(|item| !item.is_empty() || !list.is_empty());
                let items = items.map(|item| item.parse().ok().map(Value::Integer));
                items.collect::<Option<Vec<Value>>>().map(Value::Array)
            }
            List(..) | Secrets { .. } => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Some(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
            }
            OneOf(_) | Text(_) | Secret(_) | Address | Url | Filter | Clients => None,
        };
        read.unwrap_or_else(|| Value::String(text.to_owned()))
    }

    /// Whether its values must not be repeated.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Secret(_) | Secrets { .. } | Clients)
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flag => f.write_str("true or false"),
            Number(range) => write!(f, "a whole number from {} to {}", range.start(), range.end()),
            Numbers { len, each } => {
                write!(f, "a list of {} to {} whole numbers ", len.start(), len.end())?;
                write!(f, "from {} to {}", each.start(), each.end())
            }
            Secret(len) => write!(f, "a secret of {} to {} characters", len.start(), len.end()),
            Secrets { len, each } => {
                write!(f, "a list of {} to {} secrets ", len.start(), len.end())?;
                write!(f, "of {} to {} characters", each.start(), each.end())
            }
            OneOf(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                f.write_str(&quoted.join(" or "))
            }
            Text(len) => write!(f, "text of {} to {} characters", len.start(), len.end()),
            Address => f.write_str("IP:PORT, for example 127.0.0.1:8080 or [::1]:8080"),
            Url => f.write_str("an http:// or https:// URL without a slash at its end, or empty"),
            List(len, _, what) => write!(f, "a list of {} to {} of {what}", len.start(), len.end()),
            Clients => write!(f, "a list of at most {MAX_CLIENTS} tables of these keys"),
            Filter => f.write_str("tracing directives, for example info or warn,petstore=debug"),
        }
    }
}

fn is_network(text: &str) -> bool {
    Network::parse(text).is_some()
}

fn is_token(text: &str) -> bool {
    AcceptedToken::parse(text).is_some()
}

fn is_address(text: &str) -> bool {
    (1..=256).contains(&text.len())
}

fn is_origin(text: &str) -> bool {
    let path = |text: &str| text.splitn(4, '/').nth(3).is_some();
    text == "*" || (is_web_url(text) && !path(text) && !text.contains('@'))
}

fn is_web_url(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|host| !host.is_empty())
        && uri.query().is_none()
        && !text.ends_with('/')
}
