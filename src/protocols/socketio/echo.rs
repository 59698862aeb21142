//! The namespace `/echo`: each event comes back with its arguments, binary ones included; in the acknowledgement when one
//! is asked for. The suites of the protocol find the names that they know on `/` and `/custom` in the same way.

mod args;

use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value as Json;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::{AckSender, Data, Event};
use socketioxide::handler::{ConnectHandler, FromMessageParts as _, MessageHandler, Value};
use socketioxide::socket::Socket;

use super::error::{PROBLEM, Refused, Told, problem};
use super::flow::{Flow, Flows};
use super::reception::Own;
use crate::clock::Clock;
use crate::domain::Error;
use crate::protocols::edge::{Pace, Rate};
use args::Args;

/// Lets everyone in, and answers each event with itself.
#[derive(Clone)]
pub(super) struct Echo {
    /// How often one socket may emit.
    pub pace: Option<(Rate, Clock)>,
    /// Whether clients are shown the `auth` of their handshake, and `message` is answered under another name.
    pub judged: bool,
    pub flows: Flows,
}

impl Echo {
    /// Answers the two events that the suites emit.
    pub fn mirror_known(socket: &Socket) {
        socket.on("message", Mirror { pace: None, name: Some("message-back") });
        socket.on("message-with-ack", Mirror { pace: None, name: None });
    }

    /// Shows a client the `auth` of its handshake.
    pub fn tell_auth(socket: &Socket, auth: Option<&Value>) {
        let auth = auth.and_then(Value::as_str).and_then(|auth| serde_json::from_str(auth).ok());
        // A client that is gone again needs no answer.
        let _ = socket.emit("auth", &auth.unwrap_or_else(|| Json::Object(serde_json::Map::new())));
    }
}

impl ConnectHandler<LocalAdapter, Own> for Echo {
    fn call(&self, socket: Arc<Socket>, auth: Option<Value>) {
        if self.judged {
            Self::tell_auth(&socket, auth.as_ref());
        }
    }

    fn call_middleware<'a>(
        &'a self,
        socket: Arc<Socket>,
        _auth: &'a Option<Value>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn std::fmt::Display + Send>>> + Send + 'a>> {
        // This namespace is served by the engine.
        let of_its_own = socket.req_parts().extensions.get::<Arc<Flow>>().cloned();
        let flow = of_its_own.unwrap_or_else(|| self.flows.of(socket.id));
        if !flow.keep() {
            // It has lost the connection a moment ago: the client comes back, and connects to this namespace first.
            flow.cut();
        }
        // Before the client is told that it is connected: it may emit at once.
        if self.judged {
            Self::mirror_known(&socket);
        } else {
            let pace = self.pace.clone().map(|(rate, clock)| Pace::new(rate, clock));
            socket.on_fallback(Mirror { pace, name: None });
        }
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Answers an event.
struct Mirror {
    pace: Option<Pace>,
    /// The name of the answer; without one it is that of the event.
    name: Option<&'static str>,
}

impl Mirror {
    fn read(&self, socket: &Arc<Socket>, packet: &mut Value) -> Result<(String, Args), Error> {
        if let Some(wait) = self.pace.as_ref().and_then(Pace::try_step) {
            let retry_after_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            return Err(Error::RateLimited { limit: "echo.messages_per_s", retry_after_s });
        }
        let unreadable =
            |error: &dyn std::fmt::Display| Error::malformed("arguments", format!("cannot be read: {error}"));
        let Event(name) =
            Event::from_message_parts(socket, packet, &None).map_err(|error| unreadable(&error))?;
        let Data(args) =
            Data::from_message_parts(socket, packet, &None).map_err(|error| unreadable(&error))?;
        Ok((name, args))
    }
}

impl MessageHandler<LocalAdapter, Own> for Mirror {
    fn call(&self, socket: Arc<Socket>, mut packet: Value, ack: Option<i64>) {
        let read = self.read(&socket, &mut packet);
        let Ok(sender) = AckSender::from_message_parts(&socket, &mut packet, &ack);
        // A client that takes nothing gets no more: nothing of it is worth keeping.
        let _ = match (read, ack) {
            (Ok((_, args)), Some(_)) => sender.send(&args),
            (Ok((name, args)), None) => socket.emit(self.name.unwrap_or(&name), &args),
            (Err(error), Some(_)) => sender.send(&Refused { error: problem(&error) }),
            (Err(error), None) => {
                socket.emit(PROBLEM, &Told { problem: problem(&error), subscription: None })
            }
        };
    }
}
