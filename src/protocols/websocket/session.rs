//! One connection: it is read here, answered here, and its time is kept here. Its events go their own way out.

use std::collections::hash_map::Entry;

use tokio_tungstenite::tungstenite::Message;

use super::WebSocket;
use super::connection::{Connection, End};
use super::frames::{self, Reply, Request};
use super::lane::{Events, Names};
use super::speech::Speech;
use crate::app::Feed;
use crate::domain::{Error, Principal, Result, Topic, Violation};
use crate::protocols::upgrade::Opened;

/// What a frame led to.
enum Done {
    Reply(String),
    Joined {
        id: String,
        feed: Box<Feed>,
    },
    Left {
        id: String,
        lane: u64,
    },
    /// The principal of the connection is another now.
    Renewed(String),
}

struct Session {
    websocket: WebSocket,
    principal: Principal,
    speech: Speech,
    connection: Connection,
    names: Names,
}

/// Serves a connection until it ends.
pub(super) async fn run(websocket: WebSocket, principal: Principal, speech: Speech, opened: Opened) {
    let parts = websocket.0.clone();
    let _open = parts.channel.connection();
    let connection = Connection::new(opened, &parts.pump, parts.settings.pulse, parts.metrics.clone()).await;
    let mut session = Session { websocket, principal, speech, connection, names: Names::default() };
    let end = loop {
        let ending = parts.app.ending(&session.principal);
        // Whatever a frame waits for: who is slow is told no more than others.
        let served = tokio::select! {
            biased;
            () = parts.tasks.shutdown().cancelled() => Err(End::restart(parts.pump.comeback())),
            reason = ending => Err(End::of_token(&reason)),
            served = session.serve() => served,
        };
        if let Err(end) = served {
            break end;
        }
    };
    // Boxed, so that a connection that lives does not hold its room.
    Box::pin(session.connection.farewell(end)).await;
}

impl Session {
    /// Answers until the token is renewed, or the connection ends.
    async fn serve(&mut self) -> Result<(), End> {
        loop {
            let message = self.connection.next().await?;
            // Boxed, so that a connection that waits does not hold the room that an answer needs.
            let done = Box::pin(self.hear(message)).await;
            let renewed = matches!(done, Done::Renewed(_));
            self.obey(done);
            self.connection.room().await?;
            if renewed {
                return Ok(());
            }
        }
    }

    fn framed(&self, text: &str) -> Vec<u8> {
        let mut frame = Vec::new();
        self.speech.put(&mut frame, text);
        frame
    }

    fn obey(&mut self, done: Done) {
        match done {
            Done::Reply(text) | Done::Renewed(text) => self.connection.outbox().send(&self.framed(&text)),
            Done::Left { id, lane } => {
                self.connection.outbox().remove(lane, &self.framed(&Reply::Unsubscribed { id: &id }.text()));
            }
            Done::Joined { id, feed } => {
                let (cursor, live_from, resumed) = (feed.cursor(), feed.live_from(), feed.resumed());
                let reply = Reply::Subscribed { id: &id, cursor, live_from, resumed }.text();
                let channel = self.websocket.0.channel.clone();
                let lane = Events::new(id.clone(), *feed, self.names.clone(), self.speech, channel);
                let name = self.connection.outbox().name();
                // First, since the lane may end at once.
                self.names.lock().insert(id, name);
                self.connection.outbox().add(&self.framed(&reply), name, Box::new(lane));
            }
        }
    }

    /// Takes a text or a binary message in.
    async fn hear(&mut self, message: Message) -> Done {
        match message {
            Message::Text(text) if !self.speech.is_binary() => self.answer(&text).await,
            Message::Binary(bytes) if self.speech.is_binary() => match Speech::unpack(&bytes) {
                Ok(text) => self.answer(&text).await,
                Err(error) => Done::Reply(frames::error(None, &error)),
            },
            _ => Done::Reply(frames::error(None, &Error::malformed("frame", self.speech.wanted()))),
        }
    }

    async fn answer(&mut self, text: &str) -> Done {
        let max_bytes = self.websocket.0.settings.limits.max_message_bytes;
        if text.len() > max_bytes {
            self.websocket.0.metrics.limit_hit("websocket.max_frame_bytes");
            return Done::Reply(frames::error(None, &Error::TooLarge { field: "frame", max_bytes }));
        }
        let refused = match frames::read(text) {
            Ok(request) => match self.request(request).await {
                Ok(done) => return done,
                Err(refused) => refused,
            },
            Err(refused) => refused,
        };
        let (id, error) = refused;
        Done::Reply(frames::error(id.as_deref(), &error))
    }

    async fn request(&mut self, request: Request) -> Result<Done, (Option<String>, Error)> {
        match request {
            Request::Auth { token } => self.authenticate(&token).map_err(|error| (None, error)),
            Request::Subscribe { id, topics, after } => {
                match self.subscribe(&id, &topics, after.as_deref()).await {
                    Ok(feed) => Ok(Done::Joined { id, feed: Box::new(feed) }),
                    Err(error) => Err((Some(id), error)),
                }
            }
            Request::Unsubscribe { id } => match self.names.lock().entry(id) {
                Entry::Occupied(named) => {
                    let (id, lane) = named.remove_entry();
                    Ok(Done::Left { id, lane })
                }
                Entry::Vacant(unknown) => {
                    let violation =
                        Violation::new("id", "unknown_subscription", "is no subscription of this connection");
                    Err((Some(unknown.into_key()), Error::invalid(violation)))
                }
            },
            Request::Ping { id } => Ok(Done::Reply(Reply::Pong { id }.text())),
        }
    }

    async fn subscribe(&self, id: &str, topics: &[String], after: Option<&str>) -> Result<Feed> {
        let parts = &self.websocket.0;
        if self.names.lock().contains_key(id) {
            let violation =
                Violation::new("id", "duplicate", "is already the id of a subscription of this connection");
            return Err(Error::invalid(violation));
        }
        let max = parts.settings.max_subscriptions;
        if self.names.lock().len() >= max {
            parts.metrics.limit_hit("websocket.max_subscriptions");
            let message = format!("a connection can have at most {max} subscriptions");
            return Err(Error::LimitReached { limit: "websocket.max_subscriptions", message });
        }
        let topics = Topic::parse_list(topics.iter().map(String::as_str), parts.app.settings().max_topics)?;
        parts.app.subscribe(&self.principal, &topics, after).await
    }

    fn authenticate(&mut self, token: &str) -> Result<Done> {
        self.principal = self.websocket.0.app.renew(&self.principal, token)?;
        let expires_at = self.principal.expires_at().map(|at| at.to_string());
        Ok(Done::Renewed(Reply::Authenticated { expires_at }.text()))
    }
}
