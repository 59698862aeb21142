//! What comes over HTTP: requests of long-polling, and the opening of WebSockets.
//!
//! Both go to the engine of the library, and both are seen here first, because the engine does not tell when a client
//! has taken what waited for it: a poll takes everything, and a WebSocket is given a [`Line`] of ours to write to.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ::http::request::Parts;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use engineioxide::service::EngineIoService;
use socketioxide::service::SocketIoService;
use socketioxide::socket::Sid;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tower::Service;

use super::flow::Flows;
use super::line::Line;
use super::raw::Mirror;
use crate::domain::Result;
use crate::protocols::http::{self, Query};
use crate::protocols::link::{Outbox, Pump, Through};
use crate::protocols::rest::Refusal;
use crate::protocols::upgrade::{self, SocketLimits};
use crate::tasks::Tasks;

/// Of the handshake only: the engine has an own configuration for what comes after.
const HANDSHAKE_LIMITS: SocketLimits =
    SocketLimits { max_message_bytes: 128, read_buffer_bytes: 128, deflate: false };

/// How long an upgrade from polling may take; then the engine closes the session itself.
pub(super) const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// The headers that are looked at after the handshake. The engine keeps all that it gets for the life of a session.
const KEPT_HEADERS: [HeaderName; 2] = [header::AUTHORIZATION, HeaderName::from_static("x-tenant-id")];

/// Largest answer to the opening of a session that is looked into, bytes.
const OPENING_BYTES: usize = 4096;

/// The library's engine, as a door uses it.
pub(super) trait Engine: Clone + Send + Sync + 'static {
    /// Answers a request of long-polling.
    fn ask(self, request: Request<Body>) -> impl Future<Output = Response> + Send;

    /// Takes over the connection of a WebSocket.
    fn open(self, line: Line<Through>, opening: Request<()>) -> impl Future<Output = ()> + Send;
}

macro_rules! engine {
    ($service:ty) => {
        impl Engine for $service {
            async fn ask(mut self, request: Request<Body>) -> Response {
                let Ok(response) = Service::<Request<Body>>::call(&mut self, request).await;
                response.map(Body::new)
            }

            async fn open(mut self, line: Line<Through>, opening: Request<()>) {
                // It refuses only addresses that are no `Purpose::WebSocket`.
                let _ = Service::<(Line<Through>, Request<()>)>::call(&mut self, (line, opening)).await;
            }
        }
    };
}

engine!(SocketIoService<Router>);
engine!(EngineIoService<Mirror>);

/// The way in.
#[derive(Clone)]
pub(super) struct Door<E> {
    pub engine: E,
    /// Where the engine is.
    pub path: &'static str,
    pub flows: Flows,
    pub tasks: Tasks,
    /// How long what a client posts may take to come.
    pub request_timeout: Duration,
    pub pump: Pump,
}

/// A connection that goes back to the engine.
pub(super) struct Returned {
    pub outbox: Arc<Outbox>,
    /// What was read of it already.
    pub ahead: Bytes,
    pub opening: Opening,
}

/// What is kept of how a client came.
#[derive(Clone, Default)]
pub(super) struct Opening {
    headers: HeaderMap,
    /// The token in the query, as it was written there.
    token: String,
}

impl Opening {
    /// Nothing when nothing was told.
    pub fn of(parts: &Parts) -> Option<Self> {
        let query = parts.uri.query().unwrap_or_default();
        let token = query.split('&').find(|pair| pair.starts_with("token=")).unwrap_or_default();
        let told = !token.is_empty() || !parts.headers.is_empty();
        told.then(|| Self { headers: parts.headers.clone(), token: token.to_owned() })
    }
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
pub(super) async fn enter<E: Engine>(State(door): State<Door<E>>, mut request: Request<Body>) -> Response {
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
            *request.uri_mut() = own(request.uri());
            door.open_polling(request).await
        }
        Purpose::Other => match timeout(door.request_timeout, door.ask(request)).await {
            Ok(response) => response,
            Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
        },
    }
}

impl<E: Engine> Door<E> {
    async fn ask(&self, request: Request<Body>) -> Response {
        let mut response = self.engine.clone().ask(request).await;
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Opens a session. The engine pings at once, and clients are told (and the protocol says) that the first ping comes
    /// after the interval: that one is taken from it and answered here, before the client knows of its session.
    async fn open_polling(&self, request: Request<Body>) -> Response {
        #[derive(serde::Deserialize)]
        struct Opened {
            sid: String,
        }
        let (parts, body) = self.ask(request).await.into_parts();
        let body = to_bytes(body, OPENING_BYTES).await.unwrap_or_default();
        let opened = body.strip_prefix(b"0").and_then(|json| serde_json::from_slice::<Opened>(json).ok());
        if let Some(Opened { sid }) = opened {
            let path = self.path;
            let address = format!("{path}?EIO=4&transport=polling&sid={sid}");
            let (ping, pong) = (Request::get(&address), Request::post(&address));
            if let (Ok(ping), Ok(pong)) = (ping.body(Body::empty()), pong.body(Body::from("3"))) {
                self.ask(ping).await;
                self.ask(pong).await;
            }
        }
        Response::from_parts(parts, Body::from(body))
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
        *opening.uri_mut() = own(request.uri());
        let flow = match sid {
            Some(sid) => self.flows.of(sid),
            None => {
                let flow = self.flows.unnamed();
                opening.extensions_mut().insert(flow.clone());
                flow
            }
        };
        let (door, engine) = (self.clone(), self.engine.clone());
        self.tasks.spawn_connection("socket.io upgrade", async move {
            let Some(opened) = opened.await else { return };
            let (wire, ahead) = opened.into_parts();
            let outbox = Arc::new(door.pump.outbox(wire));
            let leads_to = Arc::downgrade(&outbox);
            let (mut line, ended) = Line::new(Through::new(outbox, ahead), flow, leads_to);
            if sid.is_none() {
                line.answer_first_ping();
            }
            engine.open(line, opening).await;
            if let Some(sid) = sid
                && timeout(UPGRADE_TIMEOUT, ended).await.is_ok()
            {
                door.close(sid).await;
            }
        });
        Ok(response)
    }

    /// Opens sessions for those who come back, until the server stops.
    pub async fn reopen_all(self, mut returns: mpsc::Receiver<Returned>) {
        let shutdown = self.tasks.shutdown().clone();
        while let Some(Some(returned)) = shutdown.run_until_cancelled(returns.recv()).await {
            self.reopen(returned);
        }
    }

    fn reopen(&self, returned: Returned) {
        let Returned { outbox, ahead, opening: Opening { headers, token } } = returned;
        let mut opening = Request::new(());
        let address = format!("{}?EIO=4&transport=websocket&{token}", self.path);
        (*opening.headers_mut(), *opening.uri_mut()) = (headers, address.parse().unwrap_or_default());
        let flow = self.flows.unnamed();
        opening.extensions_mut().insert(flow.clone());
        let engine = self.engine.clone();
        self.tasks.spawn_connection("socket.io return", async move {
            let leads_to = Arc::downgrade(&outbox);
            let (mut line, _) = Line::new(Through::new(outbox, ahead), flow, leads_to);
            line.reopen();
            engine.open(line, opening).await;
        });
    }

    /// Closes a session that uses polling, as its client would. An upgrade that was begun and given up leaves it in a
    /// state in which each poll is answered at once, with nothing.
    async fn close(&self, sid: Sid) {
        let path = self.path;
        let address = format!("{path}?EIO=4&transport=polling&sid={sid}");
        if let Ok(request) = Request::post(address).body(Body::from("1")) {
            self.ask(request).await;
        }
    }
}

/// Copied, as in [`own`].
fn kept(headers: &HeaderMap) -> HeaderMap {
    let values = |name: HeaderName| {
        let values = headers.get_all(&name).iter();
        values.filter_map(move |value| Some((name.clone(), HeaderValue::from_bytes(value.as_bytes()).ok()?)))
    };
    KEPT_HEADERS.into_iter().flat_map(values).collect()
}

/// A copy: what hyper gives is a piece of its read buffer, which a session would keep for as long as it lives.
fn own(uri: &Uri) -> Uri {
    Uri::try_from(uri.to_string()).unwrap_or_default()
}

/// The engine's answer to a session that is not there (any more).
fn session_unknown() -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::BAD_REQUEST, json, r#"{"code":"1","message":"Session ID unknown"}"#).into_response()
}
