//! Who comes into the namespace: the handshake is checked before the client is told that it is connected, and what it
//! emits right after is kept until its session runs.

use std::collections::VecDeque;
use std::fmt::Display;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use serde::Deserialize;
use socketioxide::adapter::LocalAdapter;
use socketioxide::handler::{ConnectHandler, MessageHandler, Value};
use socketioxide::socket::{DisconnectReason, Socket};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::calls::Call;
use super::echo::Echo;
use super::error;
use super::flow::Flow;
use super::{Parts, session};
use crate::domain::audit::{Channel, Origin};
use crate::domain::{Error, Principal, Result, Tenant};
use crate::protocols::http::{self, Query};
use crate::wire;

/// Names our implementations of the library's handler traits, which it has for closures as well.
pub(super) struct Own;

/// Lets clients in.
#[derive(Clone)]
pub(super) struct Reception(pub Arc<Parts>);

/// The `auth` of the handshake.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    token: Option<String>,
    tenant: Option<String>,
}

impl Reception {
    fn admit(&self, socket: &Socket, auth: Option<&Value>) -> Result<()> {
        let judged = self.0.settings.judged;
        let principal = match self.principal(socket, auth) {
            // The suites send an `auth` of their own.
            Err(_) if judged => self.0.app.authenticate(None, None)?,
            principal => principal?,
        };
        let origin = http::origin(socket.req_parts(), Channel::SocketIo);
        let of_its_own = socket.req_parts().extensions.get::<Arc<Flow>>().cloned();
        let seat = Arc::new(Seat {
            principal,
            origin,
            flow: of_its_own.unwrap_or_else(|| self.0.flows.of(socket.id)),
            calls: Calls::new(self.0.settings.max_buffered_packets),
            leaving: CancellationToken::new(),
            reason: OnceLock::new(),
        });
        // Now and not when the client is connected: it may emit the moment that it learns of it.
        socket.on_fallback(Intake(seat.clone()));
        if judged {
            Echo::mirror_known(socket);
        }
        let leaver = seat.clone();
        socket.on_disconnect(async move |reason: DisconnectReason| leaver.left(&reason));
        socket.extensions.insert(seat);
        Ok(())
    }

    /// Who comes: by the token of the handshake's `auth`, else of the header, else of the query.
    fn principal(&self, socket: &Socket, auth: Option<&Value>) -> Result<Principal> {
        let parts = socket.req_parts();
        let auth: Auth = match auth.and_then(Value::as_str) {
            Some(auth) => wire::json::read(auth.as_bytes())?,
            None => Auth::default(),
        };
        let tenant = match auth.tenant {
            Some(tenant) => Some(Tenant::parse(&tenant)?),
            None => http::tenant(&parts.headers)?,
        };
        let in_query = Query::of(&parts.uri).take("token");
        let token = match &auth.token {
            Some(token) => Some(token.as_str()),
            None => http::bearer(&parts.headers)?.or(in_query.as_deref()),
        };
        self.0.app.authenticate(token, tenant)
    }
}

impl ConnectHandler<LocalAdapter, Own> for Reception {
    fn call(&self, socket: Arc<Socket>, auth: Option<Value>) {
        if self.0.settings.judged {
            Echo::tell_auth(&socket, auth.as_ref());
        }
        if let Some(seat) = socket.extensions.remove::<Arc<Seat>>() {
            let session = session::Session::new(self.0.clone(), socket, seat);
            self.0.tasks.spawn_connection("socket.io session", Box::new(session).run());
        }
    }

    fn call_middleware<'a>(
        &'a self,
        socket: Arc<Socket>,
        auth: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Display + Send>>> + Send + 'a>> {
        let admitted = self.admit(&socket, auth.as_ref());
        let told =
            admitted.map_err(|error| Box::new(error::connect_error(&error)) as Box<dyn Display + Send>);
        Box::pin(std::future::ready(told))
    }
}

/// A client's place in the namespace, from the handshake on.
pub(super) struct Seat {
    pub principal: Principal,
    /// Where the client came from, for audit rows.
    pub origin: Origin,
    pub flow: Arc<Flow>,
    pub calls: Calls,
    /// Cancelled when the client is gone, or has to go.
    pub leaving: CancellationToken,
    reason: OnceLock<Error>,
}

impl Seat {
    /// The engine says that the client is gone. It says so too when the connection is taken from it.
    fn left(&self, reason: &DisconnectReason) {
        if !self.flow.is_handed_over() || matches!(reason, DisconnectReason::ClientNSDisconnect) {
            self.leave(None);
        }
    }

    fn leave(&self, reason: Option<Error>) {
        if let Some(reason) = reason {
            // The first reason is the one to tell.
            let _ = self.reason.set(reason);
        }
        self.leaving.cancel();
    }

    /// Why the client has to go; nothing when it has gone.
    pub fn reason(&self) -> Option<&Error> {
        self.reason.get()
    }
}

/// What a client has emitted and waits for its session.
pub(super) struct Calls {
    waiting: Mutex<VecDeque<Call>>,
    limit: usize,
    arrived: Notify,
}

impl Calls {
    fn new(limit: usize) -> Self {
        Self { waiting: Mutex::default(), limit, arrived: Notify::new() }
    }

    fn put(&self, call: Call) -> Result<()> {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= self.limit {
            let message = format!("at most {} emitted events can wait for their answer", self.limit);
            return Err(Error::LimitReached { limit: "socketio.max_buffered_packets", message });
        }
        waiting.push_back(call);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for the next call; none is lost when the waiting is given up.
    pub async fn next(&self) -> Call {
        loop {
            let call = {
                let mut waiting = self.waiting.lock();
                let call = waiting.pop_front();
                if waiting.is_empty() {
                    // Clients say little: room for four calls is more than most of them need again.
                    *waiting = VecDeque::new();
                }
                call
            };
            if let Some(call) = call {
                return call;
            }
            self.arrived.notified().await;
        }
    }
}

/// Takes in what the client emits, in its order.
struct Intake(Arc<Seat>);

impl MessageHandler<LocalAdapter, Own> for Intake {
    fn call(&self, _socket: Arc<Socket>, packet: Value, ack: Option<i64>) {
        if let Err(error) = self.0.calls.put(Call { packet, ack }) {
            self.0.leave(Some(error));
        }
    }
}
