//! The front: what every request passes on its way to its route, and every answer on its way back. It stands around the
//! router and is no layer of it, since the router copies its layers for each request.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::Request;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tower::Service;
use tower::util::MapRequestLayer;
use tracing::Instrument as _;

use super::layers::{self, Observed, Route};
use crate::protocols::edge::{self, Edge};
use crate::protocols::http::RequestId;
use crate::protocols::rest::Reads;

/// The front; cheap to clone.
#[derive(Clone)]
pub struct Front(Arc<Parts>);

struct Parts {
    observed: Observed,
    edge: Edge,
    reads: Arc<Reads>,
    router: Router,
}

impl Front {
    /// Around `router`. What `reads` keeps is answered before it.
    pub fn new(observed: Observed, edge: Edge, reads: Arc<Reads>, router: Router) -> Self {
        // The state is applied once instead of at every request.
        let router = router.layer(MapRequestLayer::new(Route::tell)).with_state(());
        Self(Arc::new(Parts { observed, edge, reads, router }))
    }
}

impl Parts {
    async fn answer(&self, request: Request<Body>) -> Response {
        let routed = async |request| self.route(request).await;
        let guarded = async |request| edge::surround(&self.edge, request, routed).await;
        layers::observe(&self.observed, request, guarded).await
    }

    async fn route(&self, request: Request<Body>) -> Response {
        if let Some((route, answer)) = self.reads.kept(&request) {
            Route::note(&request, Some(route));
            return answer;
        }
        let id = request.extensions().get::<RequestId>().map(|id| tracing::field::display(&id.0));
        let span = tracing::info_span!("request", request_id = id);
        let Ok(response) = self.router.clone().call(request).instrument(span).await;
        response
    }
}

impl Service<Request<Body>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let parts = Arc::clone(&self.0);
        async move { Ok(parts.answer(request).await) }.boxed()
    }
}
