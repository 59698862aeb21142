//! What answers, as the requests of one connection meet it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;

use super::{Server, unread};
use crate::protocols::http::{OverTls, PeerAddr};
use crate::protocols::link::{Handover, Takeable};

type Answered = Result<Response, Infallible>;

/// What answers requests, and can be called without asking whether it is ready.
pub trait Responder:
    tower::Service<
        Request<Body>,
        Response = Response,
        Error = Infallible,
        Future: Future<Output = Answered> + Send + Unpin + 'static,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Responder for S where
    S: tower::Service<
            Request<Body>,
            Response = Response,
            Error = Infallible,
            Future: Future<Output = Answered> + Send + Unpin + 'static,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// An answer on its way, unless it takes the connection over: then there is none for hyper.
pub(super) struct Answering<F> {
    answer: F,
    handover: Option<Arc<Handover>>,
}

impl<F: Future<Output = Answered> + Unpin> Future for Answering<F> {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered> {
        let Ok(mut response) = std::task::ready!(Pin::new(&mut self.answer).poll(cx));
        if let Some(handover) = &self.handover
            && handover.take_in(&mut response)
        {
            self.handover = None;
            return Poll::Pending;
        }
        Poll::Ready(Ok(response))
    }
}

/// What answers, as one connection sees it.
pub(super) struct PeerService<A> {
    pub server: Arc<Server<A>>,
    pub peer: SocketAddr,
    /// For answers that take the connection over, where they can.
    pub handover: Option<Arc<Handover>>,
}

impl<A: Responder> hyper::service::Service<Request<Incoming>> for PeerService<A> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering<A::Future>;

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
        Answering { answer: server.app.clone().call(request), handover }
    }
}
