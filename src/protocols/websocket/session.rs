//! One connection: it is read here, answered here, and its time is kept here. Its events go their own way out.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::frames::{self, Reply, Request};
use super::lane::{Events, Names};
use super::speech::Speech;
use super::{WebSocket, close_code};
use crate::app::Feed;
use crate::domain::{Error, Principal, Result, Topic, Violation};
use crate::protocols::link::{self, CloseReason, Due, Outbox, Pulse};
use crate::protocols::upgrade::{self, Frames, Opened};

/// How long the closing frames may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a connection ends.
enum End {
    /// The other side closed it.
    Closed,
    /// The socket failed: there is nobody to tell.
    Gone,
    Close(u16, Cow<'static, str>),
}

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
    outbox: Outbox,
    names: Names,
    pulse: Pulse,
}

/// Serves a connection until it ends.
pub(super) async fn run(websocket: WebSocket, principal: Principal, speech: Speech, opened: Opened) {
    let parts = websocket.0.clone();
    let _open = parts.channel.connection();
    let (mut stream, outbox) = opened.frames(&parts.pump).await;
    let pulse = Pulse::new(parts.settings.pulse);
    let names = Names::default();
    let mut session = Session { websocket, principal, speech, outbox, names, pulse };
    let end = loop {
        let ending = parts.app.ending(&session.principal);
        // Whatever a frame waits for: who is slow is told no more than others.
        let served = tokio::select! {
            biased;
            () = parts.tasks.shutdown().cancelled() => {
                let wait = parts.pump.comeback().draw_ms();
                let reason = format!("the server restarts; come back in {wait} ms");
                Some(End::Close(close_code::RESTART, reason.into()))
            }
            reason = ending => Some(End::Close(close_code::UNAUTHENTICATED, reason.code().into())),
            end = session.serve(&mut stream) => end,
        };
        if let Some(end) = served {
            break end;
        }
    };
    // Boxed, so that a connection that lives does not hold its room.
    Box::pin(session.farewell(stream, end)).await;
}

impl Session {
    async fn farewell(self, mut stream: Frames, end: End) {
        let ours = matches!(end, End::Close(..));
        match end {
            End::Gone => return,
            End::Closed => {
                // Nothing follows a close frame.
                self.outbox.clear();
                // The library answers the close with its next read.
                let _ = timeout(FAREWELL, stream.next()).await;
                self.outbox.finish(&[]);
            }
            End::Close(code, reason) => {
                self.outbox.finish(&link::close(&CloseReason { code, reason }));
            }
        }
        // What is not read would reset the connection, and the close frame with it.
        let closing = async {
            self.outbox.drained().await;
            if ours {
                while let Some(Ok(_)) = stream.next().await {}
            }
        };
        let _ = timeout(FAREWELL, closing).await;
    }

    /// Reads until the token is renewed, or the connection ends.
    async fn serve(&mut self, stream: &mut Frames) -> Option<End> {
        loop {
            let timer = sleep_until(self.pulse.next(&self.outbox));
            let next = tokio::select! {
                next = stream.next() => next,
                () = self.outbox.broken() => return Some(End::Gone),
                () = timer => {
                    match self.pulse.look(&self.outbox) {
                        Due::Nothing => {}
                        Due::Ping => self.outbox.send(&link::ping()),
                        Due::Silent => {
                            return Some(End::Close(close_code::SILENT, "no pong came in time".into()));
                        }
                        Due::Slow => return Some(self.slow()),
                    }
                    continue;
                }
            };
            self.pulse.heard();
            let done = match next {
                None => return Some(End::Gone),
                Some(Err(error)) => {
                    let told = upgrade::unreadable(&error);
                    return Some(told.map_or(End::Gone, |(code, reason)| End::Close(code, reason.into())));
                }
                // A ping is answered by the library, with the next read.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(_))) => return Some(End::Closed),
                // Boxed, so that a connection that waits does not hold the room that an answer needs.
                Some(Ok(message)) => Box::pin(self.hear(message)).await,
            };
            let renewed = matches!(done, Done::Renewed(_));
            self.obey(done);
            if self.is_full().await {
                return Some(self.slow());
            }
            if renewed {
                return None;
            }
        }
    }

    /// Waits until there is room for the next answer. `true`: none came in time.
    async fn is_full(&self) -> bool {
        timeout(self.websocket.0.settings.pulse.write_timeout, self.outbox.room()).await.is_err()
    }

    fn slow(&self) -> End {
        self.websocket.0.metrics.limit_hit("websocket.write_timeout_ms");
        End::Close(close_code::SLOW, "reads too slowly; resume from the last cursor".into())
    }

    fn framed(&self, text: &str) -> Vec<u8> {
        let mut frame = Vec::new();
        self.speech.put(&mut frame, text);
        frame
    }

    fn obey(&mut self, done: Done) {
        match done {
            Done::Reply(text) | Done::Renewed(text) => self.outbox.send(&self.framed(&text)),
            Done::Left { id, lane } => {
                self.outbox.remove(lane, &self.framed(&Reply::Unsubscribed { id: &id }.text()));
            }
            Done::Joined { id, feed } => {
                let (cursor, live_from, resumed) = (feed.cursor(), feed.live_from(), feed.resumed());
                let reply = Reply::Subscribed { id: &id, cursor, live_from, resumed }.text();
                let channel = self.websocket.0.channel.clone();
                let lane = Events::new(id.clone(), *feed, self.names.clone(), self.speech, channel);
                let name = self.outbox.name();
                // First, since the lane may end at once.
                self.names.lock().insert(id, name);
                self.outbox.add(&self.framed(&reply), name, Box::new(lane));
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
