//! REST under `/v1`: JSON in, JSON out, refusals as problems (RFC 9457).

mod endpoints;
mod error;
mod extract;
mod oauth_clients;
mod once;
mod orders;
mod pets;
mod users;

use ::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use serde::Serialize;

use crate::app::App;
use crate::domain::page::Page;
use crate::protocols::etag;
use crate::wire;
use crate::wire::page::Collection;

pub use error::{LimitHit, Refusal, Told, complete_problem};

/// What handlers work with.
#[derive(Clone)]
pub struct Rest {
    pub app: App,
    /// Largest body that is read, in bytes.
    pub max_body_bytes: usize,
}

/// The routes below `/v1`.
pub fn router(rest: Rest) -> Router {
    let orders = Router::new()
        .route("/orders", get(orders::list).post(orders::place))
        .route("/orders/{id}", get(orders::get).delete(orders::cancel))
        .route("/orders/{id}/payment", post(orders::pay))
        .route("/orders/{id}/ship", post(orders::ship))
        .route("/orders/{id}/deliver", post(orders::deliver))
        .route("/receipts/{id}", get(orders::receipt));
    let endpoints = Router::new()
        .route("/webhook-endpoints", get(endpoints::list).post(endpoints::create))
        .route(
            "/webhook-endpoints/{id}",
            get(endpoints::get).put(endpoints::update).patch(endpoints::update).delete(endpoints::delete),
        )
        .route("/webhook-endpoints/{id}/deliveries", get(endpoints::deliveries))
        .route("/webhook-endpoints/{id}/deliveries/{delivery}", get(endpoints::delivery))
        .route("/webhook-endpoints/{id}/deliveries/{delivery}/attempts", get(endpoints::attempts));
    let oauth_clients = Router::new()
        .route("/admin/oauth-clients", get(oauth_clients::list).post(oauth_clients::create))
        .route(
            "/admin/oauth-clients/{id}",
            get(oauth_clients::get).patch(oauth_clients::update).delete(oauth_clients::delete),
        );
    Router::new()
        .route("/pets", get(pets::list).post(pets::create))
        .route("/pets/{id}", get(pets::get).put(pets::update).delete(pets::delete))
        .route("/inventory", get(pets::inventory))
        .route("/users", post(users::sign_up))
        .route("/users/{id}", get(users::get))
        .route("/auth/tokens", post(users::create_token).delete(users::log_out))
        .merge(orders)
        .merge(endpoints)
        .merge(oauth_clients)
        .layer(middleware::from_fn_with_state(rest.clone(), once::read_key))
        .with_state(rest)
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
