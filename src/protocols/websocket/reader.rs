//! The reading side of a connection: frames in, orders to the writing side out.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use super::frames::{self, Reply, Request};
use super::speech::Speech;
use super::{Told, WebSocket};
use crate::domain::{Error, Principal, Result, Topic, Violation};
use crate::protocols::upgrade::{self, Socket};

/// Whether anything was heard from the other side since the last look.
pub(in crate::protocols) struct Heard(AtomicBool);

impl Heard {
    pub fn new() -> Self {
        Self(AtomicBool::new(true))
    }

    /// Something came.
    pub fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether anything came since the last call.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// The ids of a connection's subscriptions. Shared: the reading side gives them out, and the writing side takes one
/// back when a feed ends by itself.
pub(super) type Names = Arc<Mutex<HashSet<String>>>;

/// The reading side.
pub(super) struct Reader {
    websocket: WebSocket,
    principal: Principal,
    tell: mpsc::Sender<Told>,
    heard: Arc<Heard>,
    subscriptions: Names,
}

impl Reader {
    pub fn new(
        websocket: WebSocket,
        principal: Principal,
        tell: mpsc::Sender<Told>,
        heard: Arc<Heard>,
        subscriptions: Names,
    ) -> Self {
        Self { websocket, principal, tell, heard, subscriptions }
    }

    /// Reads until the connection ends; the writing side ends when this side's sender is gone.
    pub async fn run(mut self, mut stream: SplitStream<Socket>, speech: Speech) {
        while let Some(next) = stream.next().await {
            self.heard.note();
            let told = match next {
                Err(error) => {
                    if let Some((code, reason)) = upgrade::unreadable(&error) {
                        let _ = self.tell.send(Told::End(code, reason)).await;
                    }
                    break;
                }
                Ok(Message::Text(text)) if !speech.is_binary() => self.answer(&text).await,
                Ok(Message::Binary(bytes)) if speech.is_binary() => match Speech::unpack(&bytes) {
                    Ok(text) => self.answer(&text).await,
                    Err(error) => Told::Frame(frames::error(None, &error)),
                },
                Ok(Message::Text(_) | Message::Binary(_)) => {
                    let error = Error::malformed("frame", speech.wanted());
                    Told::Frame(frames::error(None, &error))
                }
                // A ping is answered by the library, with the next read.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => continue,
                Ok(Message::Close(_)) => break,
            };
            if self.tell.send(told).await.is_err() {
                break;
            }
        }
    }

    async fn answer(&mut self, text: &str) -> Told {
        let max_bytes = self.websocket.0.settings.limits.max_message_bytes;
        if text.len() > max_bytes {
            self.websocket.0.metrics.limit_hit("websocket.max_frame_bytes");
            return Told::Frame(frames::error(None, &Error::TooLarge { field: "frame", max_bytes }));
        }
        match frames::read(text) {
            Ok(request) => match self.serve(request).await {
                Ok(told) => told,
                Err((id, error)) => Told::Frame(frames::error(id.as_deref(), &error)),
            },
            Err((id, error)) => Told::Frame(frames::error(id.as_deref(), &error)),
        }
    }

    async fn serve(&mut self, request: Request) -> Result<Told, (Option<String>, Error)> {
        match request {
            Request::Auth { token } => self.authenticate(&token).map_err(|error| (None, error)),
            Request::Subscribe { id, topics, after } => {
                match self.subscribe(&id, &topics, after.as_deref()).await {
                    Ok(feed) => {
                        self.subscriptions.lock().insert(id.clone());
                        Ok(Told::Subscribed { id, feed: Box::new(feed) })
                    }
                    Err(error) => Err((Some(id), error)),
                }
            }
            Request::Unsubscribe { id } => {
                if self.subscriptions.lock().remove(&id) {
                    Ok(Told::Unsubscribed { id })
                } else {
                    let violation =
                        Violation::new("id", "unknown_subscription", "is no subscription of this connection");
                    Err((Some(id), Error::invalid(violation)))
                }
            }
            Request::Ping { id } => Ok(Told::Frame(Reply::Pong { id }.text())),
        }
    }

    async fn subscribe(&self, id: &str, topics: &[String], after: Option<&str>) -> Result<crate::app::Feed> {
        let parts = &self.websocket.0;
        if self.subscriptions.lock().contains(id) {
            let violation =
                Violation::new("id", "duplicate", "is already the id of a subscription of this connection");
            return Err(Error::invalid(violation));
        }
        let max = parts.settings.max_subscriptions;
        if self.subscriptions.lock().len() >= max {
            parts.metrics.limit_hit("websocket.max_subscriptions");
            let message = format!("a connection can have at most {max} subscriptions");
            return Err(Error::LimitReached { limit: "websocket.max_subscriptions", message });
        }
        let topics = Topic::parse_list(topics.iter().map(String::as_str), parts.app.settings().max_topics)?;
        parts.app.subscribe(&self.principal, &topics, after).await
    }

    fn authenticate(&mut self, token: &str) -> Result<Told> {
        let principal = self.websocket.0.app.renew(&self.principal, token)?;
        self.principal = principal.clone();
        Ok(Told::Principal(Box::new(principal)))
    }
}
