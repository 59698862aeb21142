//! What a client emits, and what it is answered.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use socketioxide::handler::Value;

use crate::domain::{Error, Result, Violation};
use crate::protocols::chat::ask::{Ask, Input};
use crate::wire;

/// Longest id of a subscription, in bytes.
const MAX_ID: usize = 64;

/// An event that a client emitted.
pub(super) struct Call {
    pub packet: Value,
    /// The id under which the client waits for an acknowledgement, if it does.
    pub ack: Option<i64>,
}

/// What a client can ask for.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) enum Request {
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
    Authenticate(Authenticate),
    /// Something in a conversation; whether it is the joining, which is told by an event as well.
    Chat(Ask),
}

/// The argument of `subscribe`.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    /// Chosen by the server when it is left out.
    pub id: Option<String>,
    pub topics: Vec<String>,
    pub after: Option<String>,
}

/// The argument of `unsubscribe`.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Unsubscribe {
    pub id: String,
}

/// The argument of `authenticate`. Not `Debug`: it holds the token.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authenticate {
    pub token: String,
}

/// The answer to `authenticate`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authenticated {
    pub expires_at: Option<String>,
}

/// The answer to `subscribe`: events after `cursor` follow; what is after `live_from` comes live.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subscribed<'s> {
    pub id: &'s str,
    pub cursor: String,
    pub live_from: String,
    pub resumed: bool,
}

/// The answer to `unsubscribe`.
#[derive(Serialize)]
pub(super) struct Unsubscribed<'s> {
    pub id: &'s str,
}

impl Call {
    /// Reads the call.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Invalid`] naming the field, [`Error::UnknownOperation`] for another event.
    pub fn read(&self) -> Result<Request> {
        read(self.packet.as_str().map_or("", |text| text.as_str()))
    }
}

fn read(packet: &str) -> Result<Request> {
    let malformed = |error| Error::malformed("arguments", format!("must be a JSON array: {error}"));
    let parts: Vec<&RawValue> = serde_json::from_str(packet).map_err(malformed)?;
    let name: String =
        parts.first().and_then(|name| serde_json::from_str(name.get()).ok()).unwrap_or_default();
    if parts.len() > 2 {
        let violation = Violation::new("arguments", "too_many", "must be one object");
        return Err(Error::invalid(violation));
    }
    let argument = parts.get(1).map_or("{}", |argument| argument.get()).as_bytes();
    match name.as_str() {
        "subscribe" => {
            let subscribe: Subscribe = wire::json::read(argument)?;
            match &subscribe.id {
                Some(id) if id.is_empty() || id.len() > MAX_ID => {
                    let message = format!("must be 1 to {MAX_ID} bytes long");
                    Err(Error::invalid(Violation::new("id", "length", message)))
                }
                _ => Ok(Request::Subscribe(subscribe)),
            }
        }
        "unsubscribe" => wire::json::read(argument).map(Request::Unsubscribe),
        "authenticate" => wire::json::read(argument).map(Request::Authenticate),
        name => match chat_kind(name) {
            Some((kind, typing)) => chat(kind, typing, argument).map(Request::Chat),
            None => Err(Error::UnknownOperation(
                "there is no such event; known are subscribe, unsubscribe, authenticate and those of conversations: joinChat, \
                 leaveChat, chatMessage, editMessage, deleteMessage, typing, stopTyping, read, delivered, chatHistory, \
                 callStaff, takeOver and handBack",
            )),
        },
    }
}

/// What an event of conversations asks for, and what it says of typing or of a receipt.
fn chat_kind(name: &str) -> Option<(&'static str, Option<&'static str>)> {
    Some(match name {
        "joinChat" => ("join", None),
        "leaveChat" => ("leave", None),
        "chatMessage" => ("message", None),
        "editMessage" => ("edit", None),
        "deleteMessage" => ("delete", None),
        "typing" => ("typing", Some("typing")),
        "stopTyping" => ("typing", Some("stopTyping")),
        "read" => ("receipt", Some("READ")),
        "delivered" => ("receipt", Some("DELIVERED")),
        "chatHistory" => ("history", None),
        "callStaff" => ("call", None),
        "takeOver" => ("takeOver", None),
        "handBack" => ("handBack", None),
        _ => return None,
    })
}

/// The argument is an object, or the id of a room alone.
fn chat(kind: &str, detail: Option<&str>, argument: &[u8]) -> Result<Ask> {
    let mut input = match serde_json::from_slice::<String>(argument) {
        Ok(room) => Input::of_room(room),
        Err(_) => Input::read(argument)?,
    };
    input.kind = Some(kind.to_owned());
    input.detail(detail);
    input.ask()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscribe_is_read() {
        let request = read(r#"["subscribe",{"topics":["pets","orders"],"after":"x"}]"#).unwrap();
        let (topics, after) = (vec!["pets".to_owned(), "orders".to_owned()], Some("x".to_owned()));
        assert_eq!(request, Request::Subscribe(Subscribe { id: None, topics, after }));
        assert!(read(r#"["unsubscribe",{"id":"s1"}]"#).is_ok());
        assert!(read(r#"["authenticate",{"token":"x"}]"#).is_ok());
    }

    #[test]
    fn a_refusal_names_the_field() {
        let field = |packet: &str| read(packet).unwrap_err().violations().remove(0).field;
        assert_eq!(field(r#"["subscribe"]"#), "topics");
        assert_eq!(field(r#"["subscribe",{}]"#), "topics");
        assert_eq!(field(r#"["subscribe","orders"]"#), "body");
        assert_eq!(field(r#"["subscribe",null]"#), "body");
        assert_eq!(field(r#"["subscribe",{"topics":"orders"}]"#), "topics");
        assert_eq!(field(r#"["subscribe",{"topics":[1]}]"#), "topics[0]");
        assert_eq!(field(r#"["subscribe",{"topics":[],"since":"x"}]"#), "since");
        assert_eq!(field(r#"["subscribe",{"topics":[],"id":""}]"#), "id");
        assert_eq!(field(r#"["subscribe",{"topics":[]},1]"#), "arguments");
        assert_eq!(field(r#"["unsubscribe",{}]"#), "id");
        assert_eq!(field(r#"["subscribe""#), "arguments");
        assert_eq!(field(r#"["subscribe",{"_placeholder":true,"num":0}]"#), "_placeholder");
    }

    #[test]
    fn conversations_are_asked_for_by_event() {
        let room = "019b4132-70aa-764f-b315-e2803d882a24";
        assert!(matches!(read(&format!(r#"["joinChat","{room}"]"#)), Ok(Request::Chat(_))));
        assert!(matches!(read(r#"["joinChat",{}]"#), Ok(Request::Chat(_))));
        assert!(matches!(read(&format!(r#"["stopTyping",{{"room":"{room}"}}]"#)), Ok(Request::Chat(_))));
        assert!(read(r#"["chatMessage",{"room":7}]"#).is_err());
    }

    #[test]
    fn another_event_is_no_operation() {
        for packet in [r#"["dance",{}]"#, "[]", "[1]"] {
            assert_eq!(read(packet).unwrap_err().code(), "unknown_operation");
        }
    }
}
