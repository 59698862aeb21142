//! The router, as the requests of one connection meet it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::routing::future::RouteFuture;
use hyper::Request;
use hyper::body::Incoming;

use super::{Server, unread};
use crate::protocols::edge::tell_methods;
use crate::protocols::http::{OverTls, PeerAddr};
use crate::protocols::link::{Handover, Takeable};

type Answered = Result<axum::response::Response, Infallible>;

/// An answer on its way, unless it takes the connection over: then there is none for hyper.
pub(super) struct Answering {
    route: RouteFuture<Infallible>,
    handover: Option<Arc<Handover>>,
}

impl Future for Answering {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered> {
        let Ok(mut response) = std::task::ready!(Pin::new(&mut self.route).poll(cx)).map(tell_methods);
        if let Some(handover) = &self.handover
            && handover.take_in(&mut response)
        {
            self.handover = None;
            return Poll::Pending;
        }
        Poll::Ready(Ok(response))
    }
}

/// The router, as one connection sees it.
pub(super) struct PeerService {
    pub server: Arc<Server>,
    pub peer: SocketAddr,
    /// For answers that take the connection over, where they can.
    pub handover: Option<Arc<Handover>>,
}

impl hyper::service::Service<Request<Incoming>> for PeerService {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(PeerAddr(self.peer));
        let server = &*self.server;
        if server.tls.is_some() {
            request.extensions_mut().insert(OverTls);
        }
        let takeable = Takeable::offer(&request);
        let handover = self.handover.clone().filter(|_| takeable.is_some());
        if let (Some(takeable), Some(_)) = (takeable, &handover) {
            request.extensions_mut().insert(takeable);
        }
        let request = unread::keep(request, server.unread, &server.tasks, &server.metrics);
        Answering { route: tower::Service::call(&mut server.app.clone(), request), handover }
    }
}
