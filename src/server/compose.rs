//! From settings to parts.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use super::front::Front;
use super::layers::{self, Observed};
use super::protocol_settings::{
    echo_settings, graphql_settings, rate, socketio_settings, sse_settings, websocket_settings,
};
use crate::app::chat::Moderation;
use crate::app::oauth::{self, OAuthSettings};
use crate::app::{
    Answers, App, AppSettings, ArgonCost, Guard, GuardSettings, Passwords, Replays, Revocations, Tokens,
};
use crate::bus::{Bells, Hub, Signals};
use crate::chat::Desk;
use crate::clock::{Clock, Ids};
use crate::config::{AuthMode, ForwardedHeader, Profile, Seed, Settings};
use crate::domain::oauth::{Client, ClientDraft};
use crate::domain::{Error, Network, Result, Tenant, Timestamp};
use crate::images::{ImageLimits, Images};
use crate::integrations::{self, Integrations};
use crate::protocols::edge::{Cors, Edge, EdgeSettings, Proxies, RateLimitSettings, RateLimits};
use crate::protocols::link::{Comeback, Pump};
use crate::protocols::{
    chat, documents, echo, graphql, health, oauth as oauth_pages, pages, rest, socketio, sse, websocket,
};
use crate::seed;
use crate::store::sqlite::SqliteSettings;
use crate::store::{LogBounds, Revocation, Store};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::telemetry::metrics::Channel;
use crate::webhook;

/// Shortest secret of a client of the settings, in bytes; it is kept as a plain hash, and so must not be guessed.
const SHORTEST_SECRET: usize = 32;

/// What every service is started with.
pub(super) struct Parts {
    pub app: App,
    pub clock: Clock,
    pub ids: Ids,
    pub metrics: Metrics,
    pub tasks: Tasks,
}

pub(super) fn store_settings(settings: &Settings) -> SqliteSettings {
    let store = &settings.store;
    SqliteSettings {
        data_dir: settings.server.data_dir.clone(),
        read_connections: u32::try_from(store.read_connections).unwrap_or(u32::MAX),
        busy_timeout_ms: store.busy_timeout_ms,
        cache_kib: store.cache_kib as u64,
        write_queue: store.write_queue,
        max_batch: store.max_batch,
    }
}

fn app_settings(settings: &Settings) -> AppSettings {
    let (server, auth) = (&settings.server, &settings.auth);
    let public_url = server.public_url.trim_end_matches('/').to_owned();
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    AppSettings {
        token_issuer: if auth.issuer.is_empty() { public_url.clone() } else { auth.issuer.clone() },
        public_url,
        data_dir: server.data_dir.clone(),
        open_auth: auth.mode == AuthMode::Open,
        token_audience: auth.audience.clone(),
        token_ttl_s: auth.token_ttl_s,
        refresh_ttl_s: auth.refresh_ttl_s,
        verified_tokens: auth.verified_tokens,
        guard: GuardSettings {
            per_account: auth.login_failures_per_account,
            per_address: auth.login_failures_per_address,
            lock_s: auth.login_lock_s,
        },
        oauth: OAuthSettings {
            code_ttl_s: settings.oauth.code_ttl_s,
            device_ttl_s: settings.oauth.device_ttl_s,
            device_interval_s: settings.oauth.device_interval_s,
            max_device_codes: settings.oauth.max_device_codes,
            browser_ttl_s: settings.oauth.browser_ttl_s,
        },
        argon2: ArgonCost {
            memory_kib: auth.argon2_memory_kib,
            iterations: auth.argon2_iterations,
            parallelism: auth.argon2_parallelism,
        },
        hash_concurrency: auth.hash_concurrency,
        hash_queue: auth.hash_queue,
        max_topics: settings.feed.max_topics,
        page_events: small(settings.feed.page_events),
        max_poll_events: small(settings.feed.max_poll_events),
        max_endpoints: settings.webhook.max_endpoints as u64,
        max_endpoints_per_user: settings.webhook.max_endpoints_per_user as u64,
        max_user_endpoints: settings.webhook.max_user_endpoints as u64,
        max_jobs_per_endpoint: settings.webhook.max_jobs_per_endpoint,
        idempotency_ttl_s: settings.store.idempotency_ttl_s,
        max_callbacks_per_order: settings.webhook.max_callbacks_per_order,
        max_callbacks_per_user: settings.webhook.max_callbacks_per_user,
        max_failed_payments: settings.store.max_failed_payments,
        max_callbacks: settings.webhook.max_callbacks,
        dead_letter_retention_s: settings.webhook.dead_letter_retention_s,
        inbound_retention_s: settings.webhook.inbound_retention_s,
    }
}

fn image_limits(settings: &Settings) -> ImageLimits {
    let own = &settings.images;
    ImageLimits { max_bytes: own.max_bytes, max_pixels: own.max_pixels, max_per_pet: own.max_per_pet }
}

/// Where webhooks may go: to private addresses when the settings say so, in the demo to this machine.
fn address_guard(settings: &Settings) -> webhook::AddressGuard {
    let allowed = if settings.webhook.allow_private_addresses {
        webhook::Allowed::Private
    } else if settings.server.seed == Seed::Demo {
        webhook::Allowed::Loopback
    } else {
        webhook::Allowed::Public
    };
    let own = &settings.webhook;
    let networks = own.allowed_networks.iter().filter_map(|text| Network::parse(text)).collect();
    webhook::AddressGuard::new(allowed).with_networks(networks).with_ports(own.allowed_ports.clone())
}

pub(super) fn app(
    settings: &Settings,
    store: Store,
    hub: Hub,
    bounds: LogBounds,
    revocations: Vec<Revocation>,
    (clock, ids, metrics): (Clock, Ids, Metrics),
    doorbell: Arc<webhook::Doorbell>,
) -> Result<App> {
    let own = app_settings(settings);
    let vault = Arc::new(webhook::Vault::open_in(&own.data_dir, ids.clone())?);
    let max_timeout_ms = u32::try_from(settings.webhook.max_timeout_ms).unwrap_or(u32::MAX);
    let guard = address_guard(settings);
    let desk = Arc::new(webhook::EndpointDesk::new(vault, guard, doorbell, max_timeout_ms));
    let pages = metrics.clone();
    Ok(App::new(crate::app::Parts {
        store,
        hub,
        epoch: bounds.epoch,
        tokens: Tokens::open(&own, Timestamp::from_ms(clock.now_ms()))?,
        moderation: Moderation::new(super::chat::limits(settings), clock.clone()),
        clock,
        revocations: Revocations::new(revocations),
        guard: Guard::new(own.guard),
        oauth: oauth::Desk::new(oauth_clients(settings)?),
        passwords: Passwords::new(own.argon2, own.hash_concurrency, own.hash_queue)?,
        answers: Answers::open_in(&own.data_dir, &ids)?,
        images: Images::open(&own.data_dir.join("images"), image_limits(settings))?,
        ids,
        endpoint_secrets: desk.clone(),
        callback_desk: desk,
        replays: Replays::counted_by(move || pages.log_page_read()),
        live_connections: Arc::new(move || live_connections(&metrics)),
        signals: Signals::default(),
        bells: Bells::default(),
        settings: own,
    }))
}

fn live_connections(metrics: &Metrics) -> Vec<(&'static str, u64)> {
    let open = |channel: Channel| u64::try_from(metrics.channel(channel).connections()).unwrap_or(0);
    Channel::ALL.iter().map(|channel| (channel.label(), open(*channel))).collect()
}

/// The OAuth2 clients of the settings, and their secrets; with the demo store its page is one.
fn oauth_clients(settings: &Settings) -> Result<Vec<(Client, Option<String>)>> {
    let refused =
        |id: &str, why: &str| Error::unavailable(format!("oauth.clients: the client {id:?}: {why}"));
    let mut clients: Vec<(Client, Option<String>)> = Vec::new();
    if settings.server.seed == Seed::Demo {
        clients.push((seed::web_client(&settings.server.public_url)?, None));
    }
    for own in settings.oauth.clients.clone() {
        let draft = ClientDraft {
            name: Some(own.name),
            confidential: Some(own.secret.is_some()),
            redirect_uris: Some(own.redirect_uris),
            grant_types: Some(own.grant_types),
            scopes: Some(own.scopes),
        };
        let tenant = own.tenant.as_deref().map(Tenant::parse).transpose();
        let tenant = tenant.map_err(|_| refused(&own.id, "tenant must be a UUID of version 4 or 7"))?;
        let client = draft
            .create(own.id.clone(), tenant.unwrap_or(Tenant::PUBLIC), Timestamp::from_ms(0))
            .map_err(|violations| refused(&own.id, &Error::Invalid(violations).to_string()))?;
        let judged = settings.server.profile == Profile::Conformance;
        if !judged && own.secret.as_ref().is_some_and(|secret| secret.len() < SHORTEST_SECRET) {
            return Err(refused(&own.id, "secret must have at least 32 characters"));
        }
        if clients.iter().any(|(known, _)| known.id == client.id) {
            return Err(refused(&own.id, "there are two with this id"));
        }
        clients.push((client, own.secret));
    }
    Ok(clients)
}

pub(super) fn start_webhooks(
    settings: &Settings,
    parts: &Parts,
    store: Store,
    (hub, committed): (Hub, watch::Receiver<u64>),
    doorbell: Arc<webhook::Doorbell>,
) -> Result<()> {
    webhook::start(&webhook::Setup {
        store,
        clock: parts.clock.clone(),
        ids: parts.ids.clone(),
        tasks: parts.tasks.clone(),
        metrics: parts.metrics.clone(),
        settings: settings.webhook.clone(),
        guard: address_guard(settings),
        vault: Arc::new(webhook::Vault::open_in(&settings.server.data_dir, parts.ids.clone())?),
        doorbell,
        bells: parts.app.bells().clone(),
        hub,
        committed,
    })
}

/// Every route of every protocol, and what surrounds them.
pub(super) fn front(
    settings: &Settings,
    parts: &Parts,
    desk: &Desk,
    own: documents::Address,
) -> Result<Front> {
    let Parts { app, metrics, tasks, ids, .. } = parts;
    let integrations = Arc::new(integrations(settings)?);
    let reads = Arc::new(rest::Reads::new(app.clone(), settings.server.read_cache_bytes));
    let rest = rest::Rest::new(rest::Parts {
        app: app.clone(),
        desk: desk.clone(),
        max_body_bytes: settings.server.max_body_bytes,
        reads: reads.clone(),
        integrations: integrations.clone(),
        shutdown: tasks.shutdown().clone(),
    });
    let time_limit = TimeoutLayer::with_status_code(
        ::http::StatusCode::REQUEST_TIMEOUT,
        Duration::from_millis(settings.server.request_timeout_ms),
    );
    let pump = pump(settings, tasks, ids);
    let streams = sse::Sse::new(app.clone(), sse_settings(settings), metrics, tasks.clone(), pump.clone());
    let sockets = websocket::WebSocket::new(
        app.clone(),
        websocket_settings(settings),
        metrics.clone(),
        tasks.clone(),
        pump.clone(),
    );
    let inbound = rest::root_router(rest.clone());
    let chat_socket = chat::socket::router(chat::socket::ChatSocket::new(
        desk.clone(),
        websocket_settings(settings),
        settings.chat.max_joined,
        metrics.clone(),
        tasks.clone(),
        pump.clone(),
    ));
    let mut v1 =
        rest::router(rest).merge(sse::router(streams)).merge(websocket::router(sockets)).merge(chat_socket);
    if settings.echo.enabled {
        let own = echo_settings(settings);
        let echo = echo::Echo::new(own, parts.clock.clone(), metrics.clone(), tasks.clone());
        v1 = v1.merge(echo::router(echo));
    }
    let graphql = graphql::GraphQl::new(
        app.clone(),
        integrations,
        Some(desk.clone()),
        metrics,
        (tasks.clone(), pump.clone()),
        graphql_settings(settings)?,
    );
    let socketio =
        socketio::router(desk.clone(), socketio_settings(settings), metrics.clone(), tasks.clone(), pump);
    let health = health::Health { app: app.clone(), tasks: tasks.clone(), metrics: metrics.clone() };
    let documents = documents::router(documents::Documents::new()?, own);
    let observed = Observed { ids: ids.clone(), metrics: metrics.clone() };
    let router = Router::new()
        .nest("/v1", v1)
        .merge(inbound)
        .merge(graphql.router())
        .merge(health::router(health))
        .merge(pages::router())
        .merge(oauth_pages::router(oauth_pages::OAuth::new(app.clone())))
        .merge(documents)
        .fallback(pages::missing)
        // Until the head of the answer; streams go on. Long polls of Socket.IO have limits of their own.
        .layer(time_limit)
        .merge(socketio)
        .layer(CatchPanicLayer::custom(layers::after_panic));
    Ok(Front::new(observed, edge(settings, &parts.clock), reads, router))
}

/// Drives the writers of all connections.
fn pump(settings: &Settings, tasks: &Tasks, ids: &Ids) -> Pump {
    let own = &settings.sse;
    let (least, spread) = (Duration::from_millis(own.retry_ms), Duration::from_millis(own.retry_jitter_ms));
    Pump::start(tasks, Comeback::new(ids.clone(), least, spread))
}

/// The systems that may report here, as far as they are turned on.
fn integrations(settings: &Settings) -> Result<Integrations> {
    let (provider, anyspend) = (&settings.provider, &settings.anyspend);
    let mut found = Integrations::default();
    if provider.enabled {
        let tenant = integrations::tenant(&provider.tenant)?;
        found.provider = Some(integrations::Provider::new(&provider.secret.0, tenant));
    }
    if anyspend.enabled {
        let keys = anyspend.api_keys.iter().map(|key| key.0.clone()).collect();
        let tenant = integrations::tenant(&anyspend.tenant)?;
        found.anyspend =
            Some(integrations::AnySpend::new(keys, &anyspend.tokens, &anyspend.recipients, tenant));
    }
    Ok(found)
}

fn edge(settings: &Settings, clock: &Clock) -> Edge {
    let (server, own) = (&settings.server, &settings.rate_limit);
    let limits = RateLimitSettings {
        reads: rate(own.reads_per_s, 1, own.reads_burst),
        writes: rate(own.writes_per_s, 1, own.writes_burst),
        logins: rate(own.logins_per_min, 60, own.logins_burst),
        slots: own.slots,
    };
    Edge::new(EdgeSettings {
        cors: Cors::new(&settings.cors.allow_origins, settings.cors.max_age_s),
        proxies: Proxies {
            trusted: server.trusted_proxies.iter().filter_map(|text| Network::parse(text)).collect(),
            rfc7239: server.forwarded_header == ForwardedHeader::Forwarded,
        },
        limits: own.enabled.then(|| Arc::new(RateLimits::new(&limits, clock))),
        compress_min_bytes: server.compress_min_bytes,
        hsts_max_age_s: settings.tls.hsts_max_age_s,
    })
}
