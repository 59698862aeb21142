//! GraphQL at `/v1/graphql`: over HTTP, over event streams and over WebSockets.
//!
//! The executor is async-graphql; the layers around it are ours, to the letter of GraphQL over HTTP ([`http`]),
//! graphql-sse ([`sse`]) and graphql-transport-ws ([`transport_ws`]). They share how a request becomes an operation
//! ([`operation`]) and how a subscription runs ([`live`]).

mod chat;
mod connection;
mod deliveries;
mod documents;
mod error;
mod http;
mod inputs;
mod limits;
mod live;
mod loaders;
mod media;
mod multipart;
mod mutation;
mod operation;
mod positions;
mod pure;
mod query;
mod reservation;
mod schema;
mod sse;
mod subscription;
mod transport_ws;
mod types;

use std::sync::Arc;
use std::time::Duration;

use ::http::Method;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;

use crate::app::App;
use crate::chat::Desk;
use crate::integrations::Integrations;
use crate::protocols::link::{PulseSettings, Pump};
use crate::protocols::upgrade::{self, SocketLimits};
use crate::tasks::Tasks;
use crate::telemetry::{Channel, ChannelMetrics, Metrics};

pub use documents::Documents;
pub use schema::{federation_sdl, sdl};

/// Where GraphQL is.
pub const PATH: &str = "/v1/graphql";

/// Settings of GraphQL.
#[derive(Clone, Debug)]
pub struct GraphQlSettings {
    /// Deepest nesting of a query.
    pub max_depth: usize,
    /// Highest complexity of a query, counted in fields; those of a list count once for every five items.
    pub max_complexity: usize,
    /// Aliases in a document.
    pub max_aliases: usize,
    /// Directives in a document.
    pub max_directives: usize,
    /// Longest time for the execution of a query or a mutation, milliseconds.
    pub timeout_ms: u64,
    /// Documents that are known by their hash, and those besides which none may be run.
    pub documents: Documents,
    /// Operations under way on one WebSocket.
    pub max_subscriptions: usize,
    /// Event streams of the single connection mode that are reserved or open.
    pub max_streams: usize,
    /// How long a client may take to send `connection_init`, or to open a stream that it reserved, milliseconds.
    pub init_timeout_ms: u64,
    /// Whether a client may query the schema.
    pub introspection: bool,
    /// Makes the page for a browser that opens the path; none when it is switched off.
    pub page: Option<fn() -> Response>,
    /// Largest request body, bytes.
    pub max_body_bytes: usize,
    /// Sizes of a WebSocket.
    pub socket: SocketLimits,
    /// Time limits of WebSocket connections.
    pub pulse: PulseSettings,
    /// Time between keep-alive comments on a quiet event stream, milliseconds.
    pub keep_alive_ms: u64,
}

/// Everything that serves GraphQL; cheap to clone.
#[derive(Clone)]
pub struct GraphQl(Arc<Parts>);

struct Parts {
    app: App,
    schema: schema::StoreSchema,
    cohorts: live::Cohorts,
    reservations: reservation::Reservations,
    metrics: Metrics,
    channel: Arc<ChannelMetrics>,
    pump: Pump,
    tasks: Tasks,
    settings: GraphQlSettings,
}

impl GraphQl {
    /// GraphQL over `app`; without a desk nobody answers in conversations.
    pub fn new(
        app: App,
        integrations: Arc<Integrations>,
        desk: Option<Desk>,
        metrics: &Metrics,
        (tasks, pump): (Tasks, Pump),
        settings: GraphQlSettings,
    ) -> Self {
        let mut schema = schema::builder()
            .data(app.clone())
            .data(integrations)
            .data(desk)
            .limit_depth(settings.max_depth)
            .limit_complexity(settings.max_complexity)
            .limit_directives(settings.max_directives);
        if !settings.introspection {
            // Suggestions would tell the schema piece by piece.
            schema = schema.disable_introspection().disable_suggestions();
        }
        Self(Arc::new(Parts {
            app,
            schema: schema.finish(),
            cohorts: live::Cohorts::default(),
            reservations: reservation::Reservations::default(),
            metrics: metrics.clone(),
            channel: metrics.channel(Channel::GraphQl),
            pump,
            tasks,
            settings,
        }))
    }

    /// The route of GraphQL, for every method.
    pub fn router(self) -> Router {
        Router::new().route(PATH, any(handle)).with_state(self)
    }
}

async fn handle(State(graphql): State<GraphQl>, request: Request) -> Response {
    if request.method() == Method::GET && upgrade::is_upgrade(request.headers()) {
        return transport_ws::open(graphql, request);
    }
    let (parts, body) = request.into_parts();
    let token = reservation::token(&parts);
    let request = Request::from_parts(parts, body);
    match *request.method() {
        Method::PUT => reservation::answer(&graphql, request, token).await,
        Method::GET | Method::POST | Method::DELETE if token.is_some() => {
            reservation::answer(&graphql, request, token).await
        }
        _ => http::answer(&graphql, request).await,
    }
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[cfg(test)]
mod tests;
