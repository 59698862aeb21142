//! The graphql-transport-ws protocol over a WebSocket, and its predecessor, which has other words for the same.
//!
//! A connection is a reader, which follows the protocol's states and keeps time. Queries are tasks until they are answered;
//! subscriptions are lanes of its outbox.

mod lane;
mod message;
mod operations;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderMap;
use axum::extract::Request;
use axum::response::Response;
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use self::message::{Credentials, Dialect, Incoming};
use self::operations::Running;
use super::http::{Refusal, request_id};
use super::media::Form;
use super::{GraphQl, ms};
use crate::app::{Caller, Ending};
use crate::domain::audit::{Channel, Origin};
use crate::domain::{Error, Principal, Result as DomainResult, Tenant};
use crate::protocols::http::{self, Toll};
use crate::protocols::link::{self, CloseReason, Due, Outbox, Pulse};
use crate::protocols::upgrade::{self, Accepted, Frames, Opened};

/// How long a client may take to read a close frame and to answer it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Answers the opening handshake, and serves the connection once it stands.
pub(super) fn open(graphql: GraphQl, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = request_id(&parts);
    let charged = http::charge(&parts.extensions, None);
    let opened = charged.and_then(|()| Handshake::read(&graphql, &parts)).and_then(|handshake| {
        let mut request = Request::from_parts(parts, body);
        let accepted = upgrade::accept(&mut request, &Dialect::SUBPROTOCOLS, graphql.0.settings.socket)?;
        Ok((handshake, accepted))
    });
    let (handshake, accepted) = match opened {
        Ok(opened) => opened,
        Err(error) => return Refusal::from(error).answer(Form::Json, request_id.as_deref()),
    };
    let agreed = accepted.subprotocol.map(Dialect::of);
    let (response, opened) = Accepted::split(accepted);
    let tasks = graphql.0.tasks.clone();
    tasks.spawn_connection("graphql websocket", async move {
        if let Some(opened) = opened.await {
            serve(graphql, opened, handshake, agreed).await;
        }
    });
    response
}

/// What the opening handshake said of the client.
struct Handshake {
    token: Option<String>,
    tenant: Option<Tenant>,
    origin: Origin,
    toll: Toll,
}

impl Handshake {
    fn read(graphql: &GraphQl, parts: &::http::request::Parts) -> DomainResult<Self> {
        let headers: &HeaderMap = &parts.headers;
        let (token, tenant) = (http::bearer(headers)?.map(str::to_owned), http::tenant(headers)?);
        // A header that is wrong is told now, by status; what connection_init says comes later.
        graphql.0.app.authenticate(token.as_deref(), tenant)?;
        Ok(Self {
            token,
            tenant,
            origin: http::origin(parts, Channel::GraphQl),
            toll: Toll::of(&parts.extensions),
        })
    }

    /// Who the client is; what it says in `connection_init` wins over its headers.
    fn principal(&self, graphql: &GraphQl, credentials: Credentials) -> DomainResult<Principal> {
        if let Some(error) = credentials.refused {
            return Err(error);
        }
        let token = credentials.token.or_else(|| self.token.clone());
        graphql.0.app.authenticate(token.as_deref(), credentials.tenant.or(self.tenant))
    }
}

/// How a connection ends.
enum Ended {
    /// We close it.
    Close(u16, Cow<'static, str>),
    /// The client closed it.
    Closed,
    /// There is nothing left to write to.
    Gone,
}

impl Ended {
    fn close(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Close(code, reason.into())
    }
}

/// What the reader of a connection and its operations share.
struct Session {
    graphql: GraphQl,
    outbox: Outbox,
    running: Mutex<Running>,
    /// Whose answer is next: each waits for room.
    turn: tokio::sync::Mutex<()>,
    dialect: Dialect,
    request_id: Option<String>,
    /// Who pays for its operations.
    toll: Toll,
}

/// Stops the operations of a connection whichever way its reader ends.
struct StopAll<'s>(&'s Session);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        self.0.running.lock().stop_all();
        self.0.outbox.clear();
    }
}

async fn serve(graphql: GraphQl, opened: Opened, handshake: Handshake, agreed: Option<Dialect>) {
    let _connected = graphql.0.channel.connection();
    let (mut stream, outbox) = opened.frames(&graphql.0.pump).await;
    let session = Arc::new(Session {
        graphql,
        outbox,
        running: Mutex::default(),
        turn: tokio::sync::Mutex::default(),
        dialect: agreed.unwrap_or(Dialect::Modern),
        request_id: handshake.origin.request_id.clone(),
        toll: handshake.toll.clone(),
    });
    let ended = if agreed.is_some() {
        let stop_all = StopAll(&session);
        let ended = read(&session, &mut stream, handshake).await;
        drop(stop_all);
        ended
    } else {
        Ended::close(4406, "Subprotocol not acceptable: offer graphql-transport-ws")
    };
    Box::pin(farewell(&session, stream, ended)).await;
}

async fn farewell(session: &Session, mut stream: Frames, ended: Ended) {
    let closing = async {
        match ended {
            Ended::Close(code, reason) => session.outbox.finish(&link::close(&CloseReason { code, reason })),
            // The library answers the close with its next read.
            Ended::Closed => {
                let _ = stream.next().await;
                session.outbox.finish(&[]);
            }
            Ended::Gone => return,
        }
        session.outbox.drained().await;
        // What is not read would reset the connection, and the close frame with it.
        while let Some(Ok(_)) = stream.next().await {}
    };
    let _ = timeout(CLOSE_TIMEOUT, closing).await;
}

impl Session {
    fn send(&self, text: &str) {
        let mut frame = Vec::new();
        link::put_text(&mut frame, &[text.as_bytes()]);
        self.outbox.send(&frame);
    }

    fn slow(&self) -> Ended {
        self.graphql.0.metrics.limit_hit("websocket.write_timeout_ms");
        Ended::close(4413, "what waits was not read for too long: go on after your last cursor")
    }
}

/// Where a connection stands.
enum State {
    /// It waits for `connection_init`, until then.
    Opening(Handshake, Instant),
    /// It may run operations.
    Ready(Box<Caller>),
}

async fn read(session: &Arc<Session>, stream: &mut Frames, handshake: Handshake) -> Ended {
    let settings = &session.graphql.0.settings;
    let shutdown = session.graphql.0.tasks.shutdown().cancelled();
    let mut ending: Ending = Box::pin(std::future::pending());
    tokio::pin!(shutdown);
    let mut state = State::Opening(handshake, Instant::now() + ms(settings.init_timeout_ms));
    let mut pulse = Pulse::new(settings.pulse);
    loop {
        let next = match &state {
            State::Opening(_, until) => *until,
            State::Ready(_) => pulse.next(&session.outbox),
        };
        let received = tokio::select! {
            biased;
            () = &mut shutdown => {
                let wait = session.graphql.0.pump.comeback().draw_ms();
                let reason = format!("the server restarts: come back in {wait} ms and go on after your last cursor");
                return Ended::close(1012, reason);
            }
            reason = &mut ending => return revoked(&reason),
            () = session.outbox.broken() => return Ended::Gone,
            received = stream.next() => received,
            () = sleep_until(next) => {
                if let Some(ended) = on_time(session, &state, &mut pulse) {
                    return ended;
                }
                continue;
            }
        };
        pulse.heard();
        let text = match received {
            None => return Ended::Gone,
            Some(Err(error)) => return broken(&error),
            Some(Ok(Message::Close(_))) => return Ended::Closed,
            Some(Ok(Message::Binary(_))) => return Ended::close(4400, "messages are text"),
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(_)) => continue,
        };
        let was_opening = matches!(state, State::Opening(..));
        state = match on_message(session, state, &text) {
            Ok(state) => state,
            Err(ended) => return ended,
        };
        if let (true, State::Ready(caller)) = (was_opening, &state) {
            ending = session.graphql.0.app.ending(&caller.principal);
        }
        // What is under way must end with the token, and not when the client has read what waits.
        let room = timeout(settings.pulse.write_timeout, session.outbox.room());
        let room = tokio::select! {
            biased;
            () = &mut shutdown => continue,
            reason = &mut ending => return revoked(&reason),
            room = room => room,
        };
        if room.is_err() {
            return session.slow();
        }
    }
}

/// What the time has brought.
fn on_time(session: &Session, state: &State, pulse: &mut Pulse) -> Option<Ended> {
    if let State::Opening(..) = state {
        return Some(Ended::close(4408, "Connection initialisation timeout"));
    }
    match pulse.look(&session.outbox) {
        Due::Nothing => None,
        Due::Ping => {
            session.outbox.send(&link::ping());
            None
        }
        Due::Silent => Some(Ended::close(1001, "no answer to the ping")),
        Due::Slow => Some(session.slow()),
    }
}

fn revoked(reason: &Error) -> Ended {
    Ended::close(4401, reason.code())
}

fn on_message(session: &Arc<Session>, state: State, text: &str) -> Result<State, Ended> {
    let max = session.graphql.0.settings.socket.max_message_bytes;
    if text.len() > max {
        return Err(Ended::close(1009, format!("a message has at most {max} bytes")));
    }
    let incoming = Incoming::parse(text, session.dialect).map_err(|reason| Ended::close(4400, reason))?;
    match (incoming, state) {
        (Incoming::ConnectionInit(credentials), State::Opening(handshake, _)) => {
            let principal = handshake.principal(&session.graphql, credentials);
            let principal = principal.map_err(|error| Ended::close(4403, forbidden(&error)))?;
            session.send(message::ACK);
            Ok(State::Ready(Box::new(Caller::new(principal, handshake.origin))))
        }
        (Incoming::ConnectionInit(_), State::Ready(_)) => {
            Err(Ended::close(4429, "Too many initialisation requests"))
        }
        (Incoming::Subscribe { .. }, State::Opening(..)) => Err(Ended::close(4401, "Unauthorized")),
        (Incoming::Subscribe { id, params }, State::Ready(caller)) => {
            session.subscribe(id, params, &caller)?;
            Ok(State::Ready(caller))
        }
        (Incoming::Ping(payload), state) => {
            session.send(&message::pong(payload));
            Ok(state)
        }
        (Incoming::Complete { id }, state) => {
            let stopped = session.running.lock().stop(&id);
            if let Some(lane) = stopped {
                session.outbox.remove(lane, &[]);
            }
            Ok(state)
        }
        (Incoming::Terminate, _) => Err(Ended::close(1000, "terminated")),
        (Incoming::Pong, state) => Ok(state),
    }
}

fn forbidden(error: &Error) -> String {
    format!("Forbidden: {error}")
}

/// What a broken frame or socket leads to (RFC 6455 §7.4.1).
fn broken(error: &SocketError) -> Ended {
    match error {
        SocketError::Capacity(_) => Ended::close(1009, "the message is too large"),
        SocketError::Utf8(_) => Ended::close(1007, "a text message must be UTF-8"),
        SocketError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ended::Gone,
        SocketError::Protocol(_) => Ended::close(1002, "not a WebSocket frame"),
        _ => Ended::Gone,
    }
}
