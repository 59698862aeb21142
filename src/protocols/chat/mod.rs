//! Conversations over sockets: what a client can ask for, the same over WebSocket ([`socket`]) and Socket.IO, and what it is
//! told of the rooms that it is in ([`watch`]).

pub mod ask;
pub mod frames;
pub mod socket;
pub mod watch;

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::app::policy::{Operation, authorize};
use crate::app::{Caller, Watched};
use crate::chat::Desk;
use crate::domain::chat::{MessageDraft, Span};
use crate::domain::{Error, Principal, Result, RoomId, Topic, Violation};
use crate::telemetry::ChannelMetrics;
use crate::wire;
use ask::{Ask, Deed};
use watch::RoomWatch;

/// Messages that who joins is told at once.
const GREETING: u32 = 50;

/// The rooms that a client is in.
pub type Joined = Arc<Mutex<HashSet<RoomId>>>;

/// One client's part in conversations.
pub struct Talk {
    desk: Desk,
    caller: Caller,
    channel: Arc<ChannelMetrics>,
    max_joined: usize,
    joined: Joined,
}

/// What became of a request.
pub enum Done {
    /// The answer.
    Told(Value),
    /// The answer, and what comes from the room from now on.
    Joined { room: RoomId, watch: Box<RoomWatch>, answer: Value },
    /// The answer; nothing more comes from the room.
    Left { room: RoomId, answer: Value },
}

impl Talk {
    /// For who came in as `caller`.
    pub fn new(desk: Desk, caller: Caller, channel: Arc<ChannelMetrics>, max_joined: usize) -> Self {
        Self { desk, caller, channel, max_joined, joined: Joined::default() }
    }

    /// The rooms that the client is in; who notices that the watch of one has ended takes it out.
    pub fn joined(&self) -> Joined {
        self.joined.clone()
    }

    /// Goes on with another token of the same user.
    ///
    /// # Errors
    /// As [`crate::app::App::renew`]; [`Error::Forbidden`] for a token that lacks the scope.
    pub fn renew(&mut self, token: Option<&str>) -> Result<Principal> {
        let token = token.ok_or_else(|| Error::invalid(Violation::required("token")))?;
        let principal = self.desk.app().renew(&self.caller.principal, token)?;
        authorize(Operation::Chat, &principal)?;
        self.caller.principal = principal.clone();
        Ok(principal)
    }

    /// The client came in anew as `principal`.
    pub fn renewed(&mut self, principal: &Principal) {
        self.caller.principal = principal.clone();
    }

    /// Does what is asked.
    ///
    /// # Errors
    /// What the use cases refuse.
    pub async fn handle(&mut self, ask: Ask) -> Result<Done> {
        let Ask { room, deed } = ask;
        let app = self.desk.app().clone();
        let told = match deed {
            Deed::Join { after } => return self.join(room, after.as_deref()).await,
            Deed::Leave => {
                let room = room.required()?;
                self.joined.lock().remove(&room);
                return Ok(Done::Left { room, answer: json!({ "room": room.to_string() }) });
            }
            Deed::Message { text, attachments } => {
                let (_, message) = self
                    .desk
                    .post(&self.caller, room.required()?, MessageDraft { text, attachments })
                    .await?;
                message_of(&message)
            }
            Deed::Edit { message, text } => {
                message_of(&app.edit_message(&self.caller, room.required()?, message, text).await?)
            }
            Deed::Delete { message } => {
                message_of(&self.desk.delete(&self.caller, room.required()?, message).await?)
            }
            Deed::Typing { on } => {
                let room = room.required()?;
                self.desk.typing(&self.caller.principal, room, on).await?;
                json!({ "room": room.to_string() })
            }
            Deed::Receipt { message, read } => {
                let receipt = app.receive_messages(&self.caller, room.required()?, message, read).await?;
                json!({ "receipt": wire::chat::Receipt::from(&receipt) })
            }
            Deed::History { before, limit } => {
                let room = room.required()?;
                let span = Span::Before(before);
                let messages = app.list_messages(&self.caller.principal, room, span, limit).await?;
                json!({ "room": room.to_string(), "messages": listed(&messages) })
            }
            Deed::CallStaff => room_of(&app.call_staff(&self.caller, room.required()?).await?),
            Deed::TakeOver => room_of(&self.desk.join(&self.caller, room.required()?).await?),
            Deed::HandBack => room_of(&app.leave_room(&self.caller, room.required()?).await?),
        };
        Ok(Done::Told(told))
    }

    async fn join(&mut self, room: ask::Named, after: Option<&str>) -> Result<Done> {
        let app = self.desk.app();
        app.admit_sign(&self.caller.principal)?;
        if room.0.is_none() && after.is_some() {
            // A conversation that is opened has nothing to resume.
            return Err(Error::invalid(Violation::required("room")));
        }
        let full = {
            let joined = self.joined.lock();
            joined.len() >= self.max_joined && !room.0.is_some_and(|room| joined.contains(&room))
        };
        if full {
            let message = format!("a connection can be in at most {} conversations", self.max_joined);
            return Err(Error::LimitReached { limit: "chat.max_joined", message });
        }
        let room = match room.0 {
            Some(id) => app.get_room(&self.caller.principal, id).await?,
            None => app.open_room(&self.caller, None).await?,
        };
        // Before the events: what is said while the log is joined is heard.
        let (signals, watchers) = app.listen_to(&self.caller.principal, Watched::Room(room.id)).await?;
        let feed = app.subscribe(&self.caller.principal, &[Topic::Room(room.id)], after).await?;
        // After it: what is written meanwhile comes twice rather than never.
        let messages = match after {
            Some(_) => Vec::new(),
            None => app.list_messages(&self.caller.principal, room.id, Span::Before(None), GREETING).await?,
        };
        let answer = json!({
            "room": wire::chat::Room::from(&room),
            "cursor": feed.cursor(),
            "resumed": feed.resumed(),
            "messages": listed(&messages),
            "watchers": watchers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        self.joined.lock().insert(room.id);
        let watch = Box::new(RoomWatch::new(feed, signals, self.channel.clone()));
        Ok(Done::Joined { room: room.id, watch, answer })
    }
}

fn listed(messages: &[crate::domain::chat::Message]) -> Vec<wire::chat::Message> {
    messages.iter().map(Into::into).collect()
}

fn message_of(message: &crate::domain::chat::Message) -> Value {
    json!({ "room": message.room_id.to_string(), "message": wire::chat::Message::from(message) })
}

fn room_of(room: &crate::domain::chat::Room) -> Value {
    json!({ "room": wire::chat::Room::from(room) })
}
