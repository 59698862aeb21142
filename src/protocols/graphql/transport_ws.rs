//! The graphql-transport-ws protocol over a WebSocket, and its predecessor, which has other words for the same.
//!
//! A connection is a reader, which follows the protocol's states, and a task for each operation under way. None waits
//! for the socket and for events at the same time: an event wakes the operation that it is for, which writes all that
//! waits for it with one flush, under the lock of the sink.

mod message;
mod operations;

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::http::HeaderMap;
use axum::extract::Request;
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Sleep, sleep, timeout};
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
use crate::protocols::http;
use crate::protocols::upgrade::{self, Accepted, Socket};

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
    let (response, socket) = Accepted::split(accepted);
    let tasks = graphql.0.tasks.clone();
    tasks.spawn_connection("graphql websocket", async move {
        if let Some(socket) = socket.await {
            serve(graphql, socket, handshake, agreed).await;
        }
    });
    response
}

/// What the opening handshake said of the client.
struct Handshake {
    token: Option<String>,
    tenant: Option<Tenant>,
    origin: Origin,
}

impl Handshake {
    fn read(graphql: &GraphQl, parts: &::http::request::Parts) -> DomainResult<Self> {
        let headers: &HeaderMap = &parts.headers;
        let (token, tenant) = (http::bearer(headers)?.map(str::to_owned), http::tenant(headers)?);
        // A header that is wrong is told now, by status; what connection_init says comes later.
        graphql.0.app.authenticate(token.as_deref(), tenant)?;
        Ok(Self { token, tenant, origin: http::origin(parts, Channel::GraphQl) })
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
    sink: tokio::sync::Mutex<SplitSink<Socket, Message>>,
    running: Mutex<Running>,
    /// A write failed.
    lost: Notify,
    /// It failed because the client reads too slowly.
    slow: AtomicBool,
    dialect: Dialect,
    request_id: Option<String>,
}

/// Stops the operations of a connection whichever way its reader ends.
struct StopAll<'s>(&'s Session);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        self.0.running.lock().stop_all();
    }
}

async fn serve(graphql: GraphQl, socket: Socket, handshake: Handshake, agreed: Option<Dialect>) {
    let _connected = graphql.0.channel.connection();
    let (sink, mut stream) = socket.split();
    let session = Arc::new(Session {
        graphql,
        sink: tokio::sync::Mutex::new(sink),
        running: Mutex::default(),
        lost: Notify::new(),
        slow: AtomicBool::new(false),
        dialect: agreed.unwrap_or(Dialect::Modern),
        request_id: handshake.origin.request_id.clone(),
    });
    let ended = if agreed.is_some() {
        let stop_all = StopAll(&session);
        let ended = read(&session, &mut stream, handshake).await;
        drop(stop_all);
        ended
    } else {
        Ended::close(4406, "Subprotocol not acceptable: offer graphql-transport-ws")
    };
    // What is not read would reset the connection, and the close frame with it.
    let farewell = async {
        match ended {
            Ended::Close(code, reason) => session.write(vec![message::close(code, &reason)]).await?,
            Ended::Closed => {}
            Ended::Gone => return Err(Ended::Gone),
        }
        while let Some(Ok(_)) = stream.next().await {}
        Ok(())
    };
    let _ = timeout(CLOSE_TIMEOUT, farewell).await;
}

impl Session {
    /// Writes messages with one flush.
    async fn write(&self, messages: Vec<Message>) -> Result<(), Ended> {
        let writing = async {
            let mut sink = self.sink.lock().await;
            for message in messages {
                sink.feed(message).await?;
            }
            sink.flush().await
        };
        let written = timeout(ms(self.graphql.0.settings.write_timeout_ms), writing).await;
        if let Ok(Ok(())) = written {
            return Ok(());
        }
        self.slow.store(written.is_err(), Ordering::Relaxed);
        self.lost.notify_one();
        Err(self.why_lost())
    }

    fn why_lost(&self) -> Ended {
        if self.slow.load(Ordering::Relaxed) {
            return Ended::close(4413, "what waits was not read for too long: go on after your last cursor");
        }
        Ended::Gone
    }
}

/// Where a connection stands.
enum State {
    /// It waits for `connection_init`.
    Opening(Handshake),
    /// It may run operations.
    Ready(Box<Caller>),
}

/// What the timer of a connection is set for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Init,
    Ping,
    Pong,
}

async fn read(session: &Arc<Session>, stream: &mut SplitStream<Socket>, handshake: Handshake) -> Ended {
    let settings = &session.graphql.0.settings;
    let shutdown = session.graphql.0.tasks.shutdown().cancelled();
    let timer = sleep(ms(settings.init_timeout_ms));
    let mut ending: Ending = Box::pin(std::future::pending());
    tokio::pin!(shutdown, timer);
    let (mut state, mut due) = (State::Opening(handshake), Due::Init);
    loop {
        let received = tokio::select! {
            biased;
            () = &mut shutdown => {
                return Ended::close(1012, "the server restarts: connect again and go on after your last cursor");
            }
            () = session.lost.notified() => return session.why_lost(),
            reason = &mut ending => return revoked(&reason),
            received = stream.next() => received,
            () = &mut timer => {
                // What is under way must end with the token, and not when the client has read what waits.
                let done = tokio::select! {
                    biased;
                    reason = &mut ending => Err(revoked(&reason)),
                    done = on_time(session, &mut due, timer.as_mut()) => done,
                };
                if let Err(ended) = done {
                    return ended;
                }
                continue;
            }
        };
        let text = match received {
            None => return Ended::Gone,
            Some(Err(error)) => return broken(&error),
            Some(Ok(Message::Close(_))) => return Ended::Closed,
            Some(Ok(Message::Binary(_))) => return Ended::close(4400, "messages are text"),
            Some(Ok(Message::Text(text))) => Some(text),
            Some(Ok(_)) => None,
        };
        if let Some(text) = text {
            let was_opening = matches!(state, State::Opening(_));
            let done = tokio::select! {
                biased;
                reason = &mut ending => Err(revoked(&reason)),
                done = on_message(session, state, &text) => done,
            };
            state = match done {
                Ok(state) => state,
                Err(ended) => return ended,
            };
            if let (true, State::Ready(caller)) = (was_opening, &state) {
                ending = session.graphql.0.app.ending(&caller.principal);
            }
        }
        if matches!(state, State::Ready(_)) {
            due = Due::Ping;
            timer.set(sleep(ms(settings.ping_interval_ms)));
        }
    }
}

fn revoked(reason: &Error) -> Ended {
    Ended::close(4401, reason.code())
}

/// What to do when the timer ran out.
async fn on_time(session: &Session, due: &mut Due, mut timer: Pin<&mut Sleep>) -> Result<(), Ended> {
    match due {
        Due::Init => Err(Ended::close(4408, "Connection initialisation timeout")),
        Due::Ping => {
            session.write(vec![Message::Ping(bytes::Bytes::new())]).await?;
            *due = Due::Pong;
            timer.set(sleep(ms(session.graphql.0.settings.pong_timeout_ms)));
            Ok(())
        }
        Due::Pong => Err(Ended::close(1001, "no answer to the ping")),
    }
}

async fn on_message(session: &Arc<Session>, state: State, text: &str) -> Result<State, Ended> {
    let max = session.graphql.0.settings.socket.max_message_bytes;
    if text.len() > max {
        return Err(Ended::close(1009, format!("a message has at most {max} bytes")));
    }
    let incoming = Incoming::parse(text, session.dialect).map_err(|reason| Ended::close(4400, reason))?;
    match (incoming, state) {
        (Incoming::ConnectionInit(credentials), State::Opening(handshake)) => {
            let principal = handshake.principal(&session.graphql, credentials);
            let principal = principal.map_err(|error| Ended::close(4403, forbidden(&error)))?;
            session.write(vec![message::ack()]).await?;
            Ok(State::Ready(Box::new(Caller::new(principal, handshake.origin))))
        }
        (Incoming::ConnectionInit(_), State::Ready(_)) => {
            Err(Ended::close(4429, "Too many initialisation requests"))
        }
        (Incoming::Subscribe { .. }, State::Opening(_)) => Err(Ended::close(4401, "Unauthorized")),
        (Incoming::Subscribe { id, params }, State::Ready(caller)) => {
            session.subscribe(id, params, &caller).await?;
            Ok(State::Ready(caller))
        }
        (Incoming::Ping(payload), state) => {
            session.write(vec![message::pong(payload)]).await?;
            Ok(state)
        }
        (Incoming::Complete { id }, state) => {
            session.running.lock().stop(&id);
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
