//! Health and insight: `/healthz`, `/readyz`, `/metrics`.

use ::http::{StatusCode, header};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::tasks::Tasks;
use crate::telemetry::{Metrics, metrics::CONTENT_TYPE};

/// What the answers are made from.
#[derive(Clone)]
pub struct Health {
    pub app: App,
    pub tasks: Tasks,
    pub metrics: Metrics,
}

/// The routes, at the root.
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// Ready: the database answers and the server does not stop.
async fn ready(State(health): State<Health>) -> (StatusCode, &'static str) {
    if health.tasks.shutdown().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    if health.tasks.failure().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "a service has died\n");
    }
    match health.app.check_ready().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::error!(cause = ?std::error::Error::source(&error), "not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], health.metrics.render()).into_response()
}
