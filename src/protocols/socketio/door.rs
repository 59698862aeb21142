//! What comes over HTTP: requests of long-polling, and the opening of WebSockets.
//!
//! Both go to the engine of the library, and both are seen here first, because the engine does not tell when a client
//! has taken what waited for it: a poll takes everything, and a WebSocket is given a [`Line`] of ours to write to.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use socketioxide::service::SocketIoService;
use socketioxide::socket::Sid;
use tokio::time::timeout;
use tower::Service;

use super::flow::Flows;
use super::line::Line;
use crate::domain::Result;
use crate::protocols::http::{self, Query};
use crate::protocols::link::{Pump, Through};
use crate::protocols::rest::Refusal;
use crate::protocols::upgrade::{self, SocketLimits};
use crate::tasks::Tasks;

/// Of the handshake only: the engine has an own configuration for what comes after.
const HANDSHAKE_LIMITS: SocketLimits = SocketLimits { max_message_bytes: 128, read_buffer_bytes: 128 };

/// How long an upgrade from polling may take; then the engine closes the session itself.
pub(super) const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// The headers that are looked at after the handshake. The engine keeps all that it gets for the life of a session.
const KEPT_HEADERS: [HeaderName; 2] = [header::AUTHORIZATION, HeaderName::from_static("x-tenant-id")];

/// The way in.
#[derive(Clone)]
pub(super) struct Door {
    pub engine: SocketIoService<Router>,
    pub flows: Flows,
    pub tasks: Tasks,
    pub pump: Pump,
}

/// What a request is for.
enum Purpose {
    /// A WebSocket, of a session that began with polling or of one that begins with it.
    WebSocket(Option<Sid>),
    /// What waits for the client of a session.
    Poll(Sid),
    /// A session that begins with polling.
    Open,
    /// What a client sends; or something that the engine has an error for.
    Other,
}

fn purpose(request: &Request<Body>) -> Purpose {
    let mut query = Query::of(request.uri());
    let (version, transport, sid) = (query.take("EIO"), query.take("transport"), query.take("sid"));
    if request.method() != Method::GET || version.as_deref() != Some("4") {
        return Purpose::Other;
    }
    match (transport.as_deref(), sid.map(|sid| sid.parse())) {
        (Some("websocket"), None) => Purpose::WebSocket(None),
        (Some("websocket"), Some(Ok(sid))) => Purpose::WebSocket(Some(sid)),
        (Some("polling"), None) => Purpose::Open,
        (Some("polling"), Some(Ok(sid))) => Purpose::Poll(sid),
        _ => Purpose::Other,
    }
}

/// Answers a request.
pub(super) async fn enter(State(door): State<Door>, mut request: Request<Body>) -> Response {
    let purpose = purpose(&request);
    if matches!(purpose, Purpose::Open | Purpose::WebSocket(None))
        && let Err(error) = http::charge(request.extensions(), None)
    {
        return Refusal(error).into_response();
    }
    match purpose {
        Purpose::WebSocket(sid) => match door.open_websocket(sid, request) {
            Ok(response) => response,
            Err(error) => Refusal(error).into_response(),
        },
        Purpose::Poll(sid) => door.poll(sid, request).await,
        Purpose::Open => {
            *request.headers_mut() = kept(request.headers());
            door.ask(request).await
        }
        Purpose::Other => door.ask(request).await,
    }
}

impl Door {
    async fn ask(&self, request: Request<Body>) -> Response {
        let mut engine = self.engine.clone();
        let Ok(mut response) = Service::<Request<Body>>::call(&mut engine, request).await;
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.map(Body::new)
    }

    async fn poll(&self, sid: Sid, request: Request<Body>) -> Response {
        let flow = self.flows.of(sid);
        if flow.is_cut() {
            return session_unknown();
        }
        let handed = flow.handed();
        let mut answer = std::pin::pin!(self.ask(request));
        let first = futures_util::poll!(answer.as_mut());
        // The engine answers with everything that waits, or nothing waited.
        flow.drained(handed);
        match first {
            Poll::Ready(response) => response,
            Poll::Pending => tokio::select! {
                response = answer => response,
                () = flow.severed() => session_unknown(),
            },
        }
    }

    fn open_websocket(&self, sid: Option<Sid>, mut request: Request<Body>) -> Result<Response> {
        let (response, opened) = upgrade::accept(&mut request, &[], HANDSHAKE_LIMITS)?.split();
        let mut opening = Request::new(());
        *opening.headers_mut() = kept(request.headers());
        *opening.uri_mut() = std::mem::take(request.uri_mut());
        let flow = match sid {
            Some(sid) => self.flows.of(sid),
            None => {
                let flow = self.flows.unnamed();
                opening.extensions_mut().insert(flow.clone());
                flow
            }
        };
        let (door, mut engine) = (self.clone(), self.engine.clone());
        self.tasks.spawn_connection("socket.io upgrade", async move {
            let Some(opened) = opened.await else { return };
            let (wire, ahead) = opened.into_parts();
            let outbox = Arc::new(door.pump.outbox(wire));
            flow.open(&outbox);
            let (line, ended) = Line::new(Through::new(outbox, ahead), flow);
            // It refuses only addresses that are no `Purpose::WebSocket`.
            let _ = Service::<(Line<_>, Request<()>)>::call(&mut engine, (line, opening)).await;
            if let Some(sid) = sid
                && timeout(UPGRADE_TIMEOUT, ended).await.is_ok()
            {
                door.close(sid).await;
            }
        });
        Ok(response)
    }

    /// Closes a session that uses polling, as its client would. An upgrade that was begun and given up leaves it in a
    /// state in which each poll is answered at once, with nothing.
    async fn close(&self, sid: Sid) {
        let address = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
        if let Ok(request) = Request::post(address).body(Body::from("1")) {
            self.ask(request).await;
        }
    }
}

fn kept(headers: &HeaderMap) -> HeaderMap {
    let kept = KEPT_HEADERS.into_iter();
    kept.flat_map(|name| headers.get_all(&name).iter().map(move |value| (name.clone(), value.clone())))
        .collect()
}

/// The engine's answer to a session that is not there (any more).
fn session_unknown() -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::BAD_REQUEST, json, r#"{"code":"1","message":"Session ID unknown"}"#).into_response()
}
