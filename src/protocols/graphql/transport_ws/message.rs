//! The messages of graphql-transport-ws and of its predecessor, read and written.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::{Error, Result, Tenant};
use crate::protocols::graphql::operation::Params;
use crate::protocols::link::put_text;

/// Which words a connection has for its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// graphql-transport-ws, of the package graphql-ws.
    Modern,
    /// The subprotocol that is called graphql-ws, of the package subscriptions-transport-ws.
    Legacy,
}

impl Dialect {
    /// The subprotocols, in our order.
    pub const SUBPROTOCOLS: [&'static str; 2] = ["graphql-transport-ws", "graphql-ws"];

    /// That of a subprotocol.
    pub fn of(subprotocol: &str) -> Self {
        if subprotocol == Self::SUBPROTOCOLS[1] { Self::Legacy } else { Self::Modern }
    }

    /// The modern word for a type of message.
    fn modern(self, kind: &str) -> &str {
        match (self, kind) {
            (Self::Modern, kind) => kind,
            (Self::Legacy, "start") => "subscribe",
            (Self::Legacy, "stop") => "complete",
            (Self::Legacy, "connection_init" | "connection_terminate") => kind,
            // Words of the other dialect mean nothing here.
            (Self::Legacy, _) => "",
        }
    }
}

/// What a client says.
pub enum Incoming<'m> {
    ConnectionInit(Credentials),
    /// With its payload, which the answer repeats.
    Ping(Option<&'m RawValue>),
    Pong,
    Subscribe {
        id: String,
        params: Params,
    },
    Complete {
        id: String,
    },
    /// The end of the connection, which the predecessor has a word for.
    Terminate,
}

/// What the payload of `connection_init` says of the client.
#[derive(Default)]
pub struct Credentials {
    pub token: Option<String>,
    pub tenant: Option<Tenant>,
    /// Why the payload cannot be believed.
    pub refused: Option<Error>,
}

#[derive(Deserialize)]
struct Frame<'m> {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    #[serde(borrow)]
    payload: Option<&'m RawValue>,
}

impl<'m> Incoming<'m> {
    /// Reads a message.
    ///
    /// # Errors
    /// The reason to close with 4400.
    pub fn parse(text: &'m str, dialect: Dialect) -> Result<Self, String> {
        if !text.trim_start().starts_with('{') {
            return Err("a message must be a JSON object".to_owned());
        }
        let frame: Frame<'m> =
            serde_json::from_str(text).map_err(|error| format!("not a message: {error}"))?;
        let object = || match frame.payload {
            Some(payload) if !payload.get().starts_with('{') => {
                Err(format!("the payload of {} must be an object", frame.kind))
            }
            payload => Ok(payload),
        };
        let id = |id: Option<String>| {
            let id = id.filter(|id| !id.is_empty());
            id.ok_or_else(|| format!("{} needs an id, a text that is not empty", frame.kind))
        };
        match dialect.modern(&frame.kind) {
            "connection_init" => Ok(Self::ConnectionInit(Credentials::read(object()?))),
            "ping" => Ok(Self::Ping(object()?)),
            "pong" => object().map(|_| Self::Pong),
            "subscribe" => {
                let payload = object()?.ok_or("subscribe needs a payload")?;
                let params = Params::read(payload.get().as_bytes()).map_err(|error| reason(&error))?;
                Ok(Self::Subscribe { id: id(frame.id)?, params })
            }
            "complete" => Ok(Self::Complete { id: id(frame.id)? }),
            "connection_terminate" if dialect == Dialect::Legacy => Ok(Self::Terminate),
            _ => Err("unknown type of message".to_owned()),
        }
    }
}

fn reason(error: &Error) -> String {
    match error.violations().into_iter().next() {
        Some(violation) => format!("payload.{}: {}", violation.field, violation.message),
        None => format!("payload: {error}"),
    }
}

impl Credentials {
    fn read(payload: Option<&RawValue>) -> Self {
        Self::of(payload).unwrap_or_else(|refused| Self { refused: Some(refused), ..Self::default() })
    }

    /// Clients put what they would send as headers here, in whatever case; everything else is theirs.
    fn of(payload: Option<&RawValue>) -> Result<Self> {
        let payload = payload.map_or("{}", RawValue::get);
        let entries: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(payload).map_err(|_| Error::malformed("payload", "must be an object"))?;
        let mut credentials = Self::default();
        for (name, value) in entries {
            let text = || match &value {
                serde_json::Value::String(text) => Ok(text.as_str()),
                _ => Err(Error::malformed(name.clone(), "must be a text")),
            };
            match name.to_ascii_lowercase().as_str() {
                _ if value.is_null() => {}
                "authorization" => {
                    let bearer =
                        text()?.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
                    let (_, token) =
                        bearer.ok_or(Error::InvalidToken("authorization must be \"Bearer TOKEN\""))?;
                    credentials.token = Some(token.trim().to_owned());
                }
                "token" => credentials.token = Some(text()?.to_owned()),
                "x-tenant-id" => credentials.tenant = Some(Tenant::parse(text()?)?),
                _ => {}
            }
        }
        Ok(credentials)
    }
}

/// The answer to `connection_init`.
pub const ACK: &str = r#"{"type":"connection_ack"}"#;

/// The answer to `ping`.
pub fn pong(payload: Option<&RawValue>) -> String {
    match payload {
        Some(payload) => format!(r#"{{"type":"pong","payload":{}}}"#, payload.get()),
        None => r#"{"type":"pong"}"#.to_owned(),
    }
}

/// The messages of one operation.
pub struct Outgoing {
    /// The id as JSON, with what follows it in `next`.
    next: String,
    id_length: usize,
    dialect: Dialect,
}

impl Outgoing {
    /// For the operation `id`.
    pub fn new(id: &str, dialect: Dialect) -> Self {
        // A text has nothing that JSON cannot say.
        let mut next = serde_json::to_string(id).unwrap_or_default();
        let id_length = next.len();
        next.push_str(match dialect {
            Dialect::Modern => r#","type":"next","payload":"#,
            Dialect::Legacy => r#","type":"data","payload":"#,
        });
        Self { next, id_length, dialect }
    }

    fn id(&self) -> &str {
        &self.next[..self.id_length]
    }

    /// Appends a result, which is JSON text.
    pub fn next(&self, out: &mut Vec<u8>, result: &str) {
        put_text(out, &[b"{\"id\":", self.next.as_bytes(), result.as_bytes(), b"}"]);
    }

    /// Appends the errors that ended it, which are JSON text.
    pub fn error(&self, out: &mut Vec<u8>, errors: &str) {
        // The predecessor has one error, and no `complete` after it.
        let (open, close): (&[u8], &[u8]) = match self.dialect {
            Dialect::Modern => (b"", b"}"),
            Dialect::Legacy => (b"{\"errors\":", b"}}"),
        };
        let id = self.id().as_bytes();
        let head = b",\"type\":\"error\",\"payload\":";
        put_text(out, &[b"{\"id\":", id, head, open, errors.as_bytes(), close]);
    }

    /// Appends its end.
    pub fn complete(&self, out: &mut Vec<u8>) {
        put_text(out, &[b"{\"id\":", self.id().as_bytes(), b",\"type\":\"complete\"}"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        Incoming::parse(text, Dialect::Modern).err().unwrap_or_else(|| panic!("{text} was taken"))
    }

    #[test]
    fn what_is_no_message_has_a_reason() {
        for text in [
            "",
            "x",
            "[]",
            r#"["ping",null,null]"#,
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"ping","payload":"x"}"#,
            r#"{"type":"connection_init","payload":[]}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":1,"payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","payload":{"query":"{a}"}}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":1}}"#,
            r#"{"type":"complete"}"#,
        ] {
            assert!(!reason(text).is_empty(), "{text}");
        }
        assert!(
            reason(r#"{"type":"subscribe","id":"1","payload":{"query":1}}"#).starts_with("payload.query: ")
        );
    }

    #[test]
    fn messages_are_read() {
        assert!(matches!(
            Incoming::parse(r#"{"type":"ping","payload":null}"#, Dialect::Modern),
            Ok(Incoming::Ping(None))
        ));
        assert!(matches!(
            Incoming::parse(r#" {"type":"pong","payload":{"a":1}}"#, Dialect::Modern),
            Ok(Incoming::Pong)
        ));
        assert!(
            matches!(Incoming::parse(r#"{"type":"complete","id":"é"}"#, Dialect::Modern), Ok(Incoming::Complete { id }) if id == "é")
        );
        let subscribe = r#"{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":null}}"#;
        assert!(
            matches!(Incoming::parse(subscribe, Dialect::Modern), Ok(Incoming::Subscribe { params, .. }) if params.query == "{a}")
        );
    }

    #[test]
    fn credentials_are_found_in_any_case() {
        let read = |payload: &str| {
            let text = format!(r#"{{"type":"connection_init","payload":{payload}}}"#);
            match Incoming::parse(&text, Dialect::Modern) {
                Ok(Incoming::ConnectionInit(credentials)) => credentials,
                _ => panic!("{payload}"),
            }
        };
        assert_eq!(read(r#"{"Authorization":"bearer t1"}"#).token.as_deref(), Some("t1"));
        assert_eq!(read(r#"{"token":"t2","other":[1]}"#).token.as_deref(), Some("t2"));
        assert!(read("null").token.is_none() && read("{}").refused.is_none());
        assert!(read(r#"{"authorization":"Basic x"}"#).refused.is_some());
        assert!(read(r#"{"token":5}"#).refused.is_some());
        assert!(read(r#"{"X-Tenant-ID":"1"}"#).refused.is_some());
    }

    #[test]
    fn an_id_is_escaped() {
        let outgoing = Outgoing::new("a\"b", Dialect::Modern);
        let mut frames = [Vec::new(), Vec::new(), Vec::new()];
        outgoing.next(&mut frames[0], "{}");
        outgoing.error(&mut frames[1], "[]");
        outgoing.complete(&mut frames[2]);
        for frame in frames {
            // Behind the head of a short frame.
            let value: serde_json::Value = serde_json::from_slice(&frame[2..]).unwrap();
            assert_eq!(value["id"], "a\"b");
        }
    }
}
