//! REST under `/v1`: JSON in, JSON out, refusals as problems (RFC 9457).

mod admin;
mod chat;
mod completions;
mod endpoint_actions;
mod endpoints;
mod error;
mod extract;
mod images;
mod inbound;
mod oauth_clients;
mod once;
mod orders;
mod pets;
mod query;
mod reads;
mod users;
mod watchers;

use std::ops::Deref;
use std::sync::Arc;

use ::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::chat::Desk;
use crate::domain::page::Page;
use crate::integrations::Integrations;
use crate::protocols::etag;
use crate::wire;
use crate::wire::page::Collection;

pub use inbound::root_router;
use query::with_query;

pub use error::{LimitHit, Refusal, Told, complete_problem};
pub use reads::Reads;

/// What handlers work with; cheap to clone.
#[derive(Clone)]
pub struct Rest(Arc<Parts>);

/// What it consists of.
pub struct Parts {
    pub app: App,
    pub desk: Desk,
    /// Largest body that is read, in bytes.
    pub max_body_bytes: usize,
    /// Answers about pets that still hold.
    pub reads: Arc<Reads>,
    /// The systems that may report here.
    pub integrations: Arc<Integrations>,
    /// Cancelled when the server stops; streams end then.
    pub shutdown: CancellationToken,
}

impl Rest {
    /// Of its parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for Rest {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The routes below `/v1`.
pub fn router(rest: Rest) -> Router {
    let orders = Router::new()
        .route("/orders", get(orders::list).post(orders::place))
        .route("/orders/{id}", get(orders::get).post(orders::request_callback).delete(orders::cancel))
        .route("/orders/{id}/payment", post(orders::pay))
        .route("/orders/{id}/watchers", get(watchers::of_order))
        .route("/orders/{id}/ship", post(orders::ship))
        .route("/orders/{id}/deliver", post(orders::deliver))
        .route("/callback-secret", get(orders::callback_secret))
        .route("/receipts/{id}", get(orders::receipt));
    let collection = get(pets::list).post(pets::create);
    let pet = get(pets::get).put(pets::update).patch(pets::patch).delete(pets::delete);
    let pets = Router::new()
        .route("/pets", with_query(collection, "GET,HEAD,POST,QUERY", pets::query))
        .route("/pets/search", with_query(post(pets::search), "POST,QUERY", pets::query))
        .route("/pets/{id}", pet)
        .route("/pets/{id}/images", images::upload_route(&rest.app))
        .route("/pets/{id}/images/{image}", get(images::get));
    let endpoints = Router::new()
        .route("/webhook-endpoints", get(endpoints::list).post(endpoints::create))
        .route(
            "/webhook-endpoints/{id}",
            get(endpoints::get).put(endpoints::update).patch(endpoints::update).delete(endpoints::delete),
        )
        .route("/webhook-endpoints/{id}/deliveries", get(endpoints::deliveries))
        .route("/webhook-endpoints/{id}/deliveries/{delivery}", get(endpoints::delivery))
        .route("/webhook-endpoints/{id}/deliveries/{delivery}/attempts", get(endpoints::attempts))
        .route("/webhook-endpoints/{id}/deliveries/{delivery}/resend", post(endpoint_actions::resend))
        .route("/webhook-endpoints/{id}/attempts", get(endpoints::all_attempts))
        .route("/webhook-endpoints/{id}/rotate-secret", post(endpoint_actions::rotate))
        .route("/webhook-endpoints/{id}/pause", post(endpoint_actions::pause))
        .route("/webhook-endpoints/{id}/resume", post(endpoint_actions::resume))
        .route("/webhook-endpoints/{id}/test", post(endpoint_actions::test))
        .route("/webhook-endpoints/{id}/resend-failed", post(endpoint_actions::resend_failed))
        .route("/webhook-endpoints/{id}/replay", post(endpoint_actions::replay))
        .route("/webhook-endpoints/{id}/jobs", get(endpoint_actions::jobs))
        .route("/webhook-endpoints/{id}/jobs/{job}", get(endpoint_actions::job))
        .route("/webhook-endpoints/{id}/jobs/{job}/cancel", post(endpoint_actions::cancel_job))
        .route("/event-types", get(endpoint_actions::event_types))
        .route("/event-types/{id}", get(endpoint_actions::event_type));
    let inbound = Router::new()
        .route("/internal/anyspend/order-completed", post(inbound::anyspend))
        .route("/admin/inbound-deliveries", get(inbound::list))
        .route("/admin/inbound-deliveries/{id}", get(inbound::get))
        .route("/admin/inbound-deliveries/{id}/reprocess", post(inbound::reprocess))
        .route("/admin/executions/{id}", get(inbound::execution));
    let oauth_clients = Router::new()
        .route("/admin/oauth-clients", get(oauth_clients::list).post(oauth_clients::create))
        .route(
            "/admin/oauth-clients/{id}",
            get(oauth_clients::get).patch(oauth_clients::update).delete(oauth_clients::delete),
        );
    Router::new()
        .route("/inventory", get(pets::inventory))
        .route("/inventories", get(pets::list_inventories))
        .route("/users", post(users::sign_up))
        .route("/users/{id}", get(users::get).put(users::update).delete(users::delete))
        .route("/auth/tokens", post(users::create_token).delete(users::log_out))
        .merge(admin::router())
        .merge(pets)
        .merge(chat(&rest))
        .merge(orders)
        .merge(endpoints)
        .merge(oauth_clients)
        .merge(inbound)
        .layer(middleware::from_fn_with_state(rest.clone(), once::read_key))
        .with_state(rest)
}

/// The advisor and conversations.
fn chat(rest: &Rest) -> Router<Rest> {
    Router::new()
        .route("/chat/completions", post(completions::create))
        .route("/chat/rooms", get(chat::list).post(chat::open))
        .route("/chat/rooms/{id}", get(chat::get))
        .route("/chat/rooms/{id}/messages", get(chat::messages).post(chat::post))
        .route(
            "/chat/rooms/{id}/messages/{message}",
            get(chat::message).patch(chat::edit).delete(chat::delete),
        )
        .route("/chat/rooms/{id}/receipts", get(chat::receipts).post(chat::receive))
        .route("/chat/rooms/{id}/typing", post(chat::typing))
        .route("/chat/rooms/{id}/watchers", get(watchers::of_room))
        .route("/chat/rooms/{id}/call", post(chat::call_staff))
        .route("/chat/rooms/{id}/agent", put(chat::join).delete(chat::leave))
        .route("/chat/rooms/{id}/attachments", chat::attach_route(&rest.app))
        .route("/chat/rooms/{id}/attachments/{attachment}", get(chat::picture))
}

/// A JSON answer.
fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    // Plain structs of strings and numbers have nothing that JSON cannot say.
    let text = serde_json::to_vec(body).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::ETAG, etag::of(&text)),
    ];
    (status, headers, text).into_response()
}

/// A new resource, with where it is.
fn created<T: Serialize>(location: &str, body: &T) -> Response {
    let mut response = json(StatusCode::CREATED, body);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// A page of a collection, with its links also as a header.
fn collection<T, W: Serialize>(
    page: &Page<T>,
    path: &str,
    query: &str,
    encode: impl FnMut(&T) -> W,
) -> Response {
    let collection: Collection<W> = wire::page::Collection::new(page, path, query, encode);
    let links = collection.links.header();
    let mut response = json(StatusCode::OK, &collection);
    if let Ok(links) = HeaderValue::from_str(&links) {
        response.headers_mut().insert(header::LINK, links);
    }
    response
}
