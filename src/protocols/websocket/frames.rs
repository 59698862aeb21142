//! The frames of the protocol, as JSON.

use serde::{Deserialize, Serialize};

use crate::domain::{Error, Result, Violation};
use crate::wire::{self, Problem};

/// Longest id of a subscription, in bytes.
const MAX_ID: usize = 64;

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    Auth { token: String },
    Subscribe { id: String, topics: Vec<String>, after: Option<String> },
    Unsubscribe { id: String },
    Ping { id: Option<String> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    op: Option<String>,
    id: Option<String>,
    topics: Option<Vec<String>>,
    after: Option<String>,
    token: Option<String>,
}

/// Reads a frame. The id of the subscription that it is about comes with the refusal, when it could be read.
///
/// # Errors
/// [`Error::Malformed`] or [`Error::Invalid`] naming the field.
pub fn read(text: &str) -> std::result::Result<Request, (Option<String>, Error)> {
    let input: Input = wire::json::read(text.as_bytes()).map_err(|error| (id_in(text), error))?;
    let about = input.id.clone().filter(|id| id.len() <= MAX_ID);
    request(input).map_err(|error| (about, error))
}

/// The id in a frame whose other fields could not be read.
fn id_in(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str(text).ok().map(|Named { id }| id).filter(|id| id.len() <= MAX_ID)
}

fn request(input: Input) -> Result<Request> {
    let Input { op, id, topics, after, token } = input;
    let op = op.ok_or_else(|| Error::invalid(Violation::required("op")))?;
    let surplus: Vec<Violation> = [
        ("id", id.is_some() && op == "auth"),
        ("topics", topics.is_some() && op != "subscribe"),
        ("after", after.is_some() && op != "subscribe"),
        ("token", token.is_some() && op != "auth"),
    ]
    .into_iter()
    .filter(|(_, surplus)| *surplus)
    .map(|(field, _)| Violation::new(field, "unknown_field", format!("is not known in {op:?}")))
    .collect();
    if !surplus.is_empty() {
        return Err(Error::Invalid(surplus));
    }
    let named = |id: Option<String>| {
        let id = id.ok_or_else(|| Error::invalid(Violation::required("id")))?;
        if id.is_empty() || id.len() > MAX_ID {
            let message = format!("must be 1 to {MAX_ID} bytes long");
            return Err(Error::invalid(Violation::new("id", "length", message)));
        }
        Ok(id)
    };
    match op.as_str() {
        "auth" => token
            .map(|token| Request::Auth { token })
            .ok_or_else(|| Error::invalid(Violation::required("token"))),
        "subscribe" => Ok(Request::Subscribe { id: named(id)?, topics: topics.unwrap_or_default(), after }),
        "unsubscribe" => Ok(Request::Unsubscribe { id: named(id)? }),
        "ping" => Ok(Request::Ping { id }),
        _ => Err(Error::invalid(Violation::one_of("op", &op, &["auth", "subscribe", "unsubscribe", "ping"]))),
    }
}

/// What the server says, events aside.
#[derive(Serialize)]
#[serde(tag = "op", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Reply<'r> {
    Authenticated {
        expires_at: Option<String>,
    },
    /// Events after `cursor` follow; what is after `live_from` comes live.
    Subscribed {
        id: &'r str,
        cursor: String,
        live_from: String,
        resumed: bool,
    },
    Unsubscribed {
        id: &'r str,
    },
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'r str>,
        error: Problem,
    },
}

impl Reply<'_> {
    /// The text of the frame.
    pub fn text(&self) -> String {
        // Plain structs of strings and numbers have nothing that JSON cannot say.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The text of an error frame.
pub fn error(id: Option<&str>, error: &Error) -> String {
    Reply::Error { id, error: Problem::from(error) }.text()
}

/// What stands before the envelope in the frames of the subscription `id`; after it comes `}`.
pub fn event_prefix(id: &str) -> String {
    let id = serde_json::Value::from(id);
    format!("{{\"op\":\"event\",\"id\":{id},\"event\":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_field_and_the_subscription() {
        let refused = |text: &str| {
            let (id, error) = read(text).unwrap_err();
            (id, error.violations().remove(0).field)
        };
        assert_eq!(refused("nonsense"), (None, "body".into()));
        assert_eq!(refused(r#"{"op":"nope","id":"s1"}"#), (Some("s1".into()), "op".into()));
        assert_eq!(refused(r#"{"op":"subscribe"}"#), (None, "id".into()));
        assert_eq!(refused(r#"{"op":"ping","token":"x"}"#), (None, "token".into()));
        assert_eq!(
            refused(r#"{"op":"subscribe","id":"s1","topic":["pets"]}"#),
            (Some("s1".into()), "topic".into())
        );
        assert_eq!(refused(r#"{"op":"subscribe","id":7,"topics":["pets"]}"#), (None, "id".into()));
        assert!(read(r#"{"op":"subscribe","id":"s1","topics":["pets"],"after":null}"#).is_ok());
    }

    #[test]
    fn an_id_cannot_break_out_of_its_frame() {
        let frame = format!("{}{{}}}}", event_prefix("a\"},{\"op\":\"x"));
        let value: serde_json::Value = serde_json::from_str(&frame).unwrap();
        assert_eq!(value["id"], "a\"},{\"op\":\"x");
    }
}
