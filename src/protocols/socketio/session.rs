//! One connected client: its calls are answered and its subscriptions' events emitted, one packet after the other.
//!
//! Every packet waits until the client has room for it ([`Flow`]), so nothing is dropped: while it waits, the feeds fall
//! behind, and read from the ring or from the log when there is room again.

use std::sync::Arc;

use futures_util::StreamExt as _;
use socketioxide::TransportType;
use socketioxide::socket::Socket;
use tokio::time::timeout;
use tokio_stream::StreamMap;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Parts;
use super::calls::{
    Authenticate, Authenticated, Call, Request, Subscribe, Subscribed, Unsubscribe, Unsubscribed,
};
use super::direct::{Direct, json};
use super::error::{PROBLEM, Refused, Told, problem};
use super::farewell::{self, LAST_WORDS};
use super::flow::fence_id;
use super::reception::Seat;
use crate::app::{Caller, Feed};
use crate::bus::Published;
use crate::domain::{Error, Principal, Result, RoomId, Topic, Violation};
use crate::protocols::batches::Batches;
use crate::protocols::chat::Talk;
use crate::protocols::chat::watch::RoomWatch;
use crate::protocols::link::stalled;
use crate::telemetry::GaugeGuard;
use crate::wire::Problem;

/// The packet of an acknowledgement or a problem, when its size is not worth knowing.
pub(super) const SMALL_PACKET_BYTES: usize = 256;

/// One connected client.
pub(super) struct Session {
    pub(super) parts: Arc<Parts>,
    pub(super) socket: Arc<Socket>,
    pub(super) seat: Arc<Seat>,
    pub(super) talk: Talk,
    pub(super) rooms: StreamMap<RoomId, RoomWatch>,
    principal: Principal,
    /// Whether another token has taken the place of the one whose end is waited for.
    renewed: bool,
    /// What goes through the engine, before there is a way past it.
    subscriptions: StreamMap<Arc<str>, Batches>,
    pub(super) direct: Option<Direct>,
    /// Subscriptions so far, those that have ended included.
    joined: u64,
    _connected: GaugeGuard,
    _present: TaskTrackerToken,
}

/// Why a session ends.
pub(super) enum End {
    /// The client is gone.
    Gone,
    /// The client takes nothing any more.
    Stalled,
    /// The server stops. The client is told here and disconnected with all others.
    Shutdown,
    /// The client has to go, and need not come back at once.
    Dismissed(Error),
    /// A fault of ours; the client comes back and resumes.
    Failed(Error),
}

impl Session {
    pub fn new(parts: Arc<Parts>, socket: Arc<Socket>, seat: Arc<Seat>) -> Self {
        let (_connected, _present) = (parts.channel.connection(), parts.present.token());
        let principal = seat.principal.clone();
        let caller = Caller::new(principal.clone(), seat.origin.clone());
        let talk = Talk::new(parts.desk.clone(), caller, parts.channel.clone(), parts.settings.max_joined);
        Self {
            parts,
            socket,
            seat,
            talk,
            rooms: StreamMap::new(),
            principal,
            renewed: false,
            subscriptions: StreamMap::new(),
            direct: None,
            joined: 0,
            _connected,
            _present,
        }
    }

    /// Serves the client until it goes, or has to. Boxed: a future that is given its session holds it twice.
    pub async fn run(mut self: Box<Self>) {
        let (seat, parts) = (self.seat.clone(), self.parts.clone());
        let end = tokio::select! {
            biased;
            () = seat.leaving.cancelled() => seat.reason().map_or(End::Gone, |error| End::Dismissed(error.clone())),
            () = parts.tasks.shutdown().cancelled() => End::Shutdown,
            end = self.serve() => end,
        };
        Box::pin(self.end(end)).await;
    }

    async fn end(&mut self, end: End) {
        // Before the last words, which are the last.
        if let Some(direct) = &mut self.direct {
            direct.stop();
        }
        let Self { parts, socket, seat, .. } = &*self;
        match end {
            End::Gone => {}
            // A poll is answered with the first packet that comes, and there will be no other: it has to be the close.
            End::Shutdown if socket.transport_type() == TransportType::Polling => {}
            End::Shutdown => self.last_words(farewell::problem()).await,
            End::Stalled => {
                parts.metrics.limit_hit("socketio.stall_timeout_ms");
                tracing::debug!(sid = %socket.id, "client cut off: it took nothing for socketio.stall_timeout_ms");
                seat.flow.cut();
            }
            End::Dismissed(error) => {
                if let Error::LimitReached { limit, .. } = &error {
                    parts.metrics.limit_hit(limit);
                }
                self.tell(problem(&error));
                if socket.clone().disconnect().is_err() {
                    seat.flow.cut();
                }
            }
            End::Failed(error) => {
                self.last_words(problem(&error)).await;
                seat.flow.cut();
            }
        }
    }

    /// Tells a problem that does not wait for room: the engine's buffer has places that the window leaves free.
    fn tell(&self, problem: Problem) {
        if let Some(direct) = &self.direct {
            let told = json(&Told { problem, subscription: None }).unwrap_or_default();
            return direct.send("42", &format!("\"{PROBLEM}\",{told}"));
        }
        if self.socket.emit(PROBLEM, &Told { problem, subscription: None }).is_ok() {
            self.seat.flow.hand(self.parts.window.cost(SMALL_PACKET_BYTES));
        }
    }

    /// Tells a problem and waits a while for the client to take it.
    async fn last_words(&self, problem: Problem) {
        self.tell(problem);
        let _ = match &self.direct {
            Some(direct) => timeout(LAST_WORDS, direct.outbox().drained()).await,
            None => timeout(LAST_WORDS, self.seat.flow.settled(LAST_WORDS)).await,
        };
    }

    async fn serve(&mut self) -> End {
        loop {
            let ending = self.parts.app.ending(&self.principal);
            // Also while a packet waits for room: who reads slowly is told no more than others.
            let served = tokio::select! {
                biased;
                reason = ending => Err(End::Dismissed(reason)),
                served = self.serve_token() => served,
            };
            if let Err(end) = served {
                return end;
            }
        }
    }

    /// Serves the client until its token is renewed.
    async fn serve_token(&mut self) -> Result<(), End> {
        let seat = self.seat.clone();
        while !std::mem::take(&mut self.renewed) {
            let patience = self.parts.settings.stall_timeout;
            if let Some(direct) = &mut self.direct {
                let outbox = direct.outbox().clone();
                tokio::select! {
                    biased;
                    // Boxed, so that a session that waits does not hold the room that an answer needs.
                    call = seat.calls.next() => Box::pin(self.answer(&call)).await,
                    (id, error) = direct.ended() => self.forward(id, Err(error)).await,
                    Some((room, from)) = self.rooms.next() => Box::pin(self.forward_room(room, from)).await,
                    () = stalled(&outbox, patience) => Err(End::Stalled),
                }?;
                continue;
            }
            tokio::select! {
                biased;
                call = seat.calls.next() => Box::pin(self.answer(&call)).await,
                Some((id, batch)) = self.subscriptions.next() => Box::pin(self.forward(id, batch)).await,
                Some((room, from)) = self.rooms.next() => Box::pin(self.forward_room(room, from)).await,
            }?;
            Box::pin(self.go_direct()).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, call: &Call) -> Result<(), End> {
        let answered = match call.read() {
            Ok(Request::Subscribe(subscribe)) => self.subscribe(subscribe, call.ack).await?,
            Ok(Request::Unsubscribe(unsubscribe)) => self.unsubscribe(&unsubscribe, call.ack).await?,
            Ok(Request::Authenticate(authenticate)) => self.authenticate(&authenticate, call.ack).await?,
            Ok(Request::Chat(ask)) => return self.talk(ask, call.ack).await,
            Err(error) => Err(error),
        };
        match answered {
            Ok(()) => Ok(()),
            Err(error) => self.refuse(&error, call.ack).await,
        }
    }

    async fn subscribe(&mut self, subscribe: Subscribe, ack: Option<i64>) -> Result<Result<()>, End> {
        let Subscribe { id, topics, after } = subscribe;
        let id = match self.free_id(id) {
            Ok(id) => id,
            Err(error) => return Ok(Err(error)),
        };
        let feed = match self.join(&topics, after.as_deref()).await {
            Ok(feed) => feed,
            Err(error) => return Ok(Err(error)),
        };
        let (cursor, live_from, resumed) = (feed.cursor(), feed.live_from(), feed.resumed());
        // Before the first event, which cannot come while the feed is not in the map.
        self.acknowledge(&Subscribed { id: &id, cursor, live_from, resumed }, ack).await?;
        self.enter(id, Batches::new(feed, self.parts.channel.clone()));
        self.joined += 1;
        Ok(Ok(()))
    }

    /// Lets the events of a subscription out.
    fn enter(&mut self, id: Arc<str>, subscription: Batches) {
        match &mut self.direct {
            Some(direct) => {
                let (feed, active) = subscription.into_parts();
                direct.join(id, feed, active, self.parts.channel.clone());
            }
            None => drop(self.subscriptions.insert(id, subscription)),
        }
    }

    /// Takes the way past the engine once there is one, and everything that was given to the engine is out: a fence is given
    /// to it as the last, and it has come by.
    async fn go_direct(&mut self) -> Result<(), End> {
        if self.socket.transport_type() != TransportType::Websocket {
            return Ok(());
        }
        let fence = self.seat.flow.fence();
        self.acknowledge(&(), Some(fence_id(fence))).await?;
        if !self.seat.flow.passed(fence, self.parts.settings.stall_timeout).await {
            return Err(End::Stalled);
        }
        let outbox = self.seat.flow.outbox().ok_or(End::Gone)?;
        self.direct = Some(Direct::new(outbox));
        let ids: Vec<Arc<str>> = self.subscriptions.keys().cloned().collect();
        for id in ids {
            if let Some(subscription) = self.subscriptions.remove(&id) {
                self.enter(id, subscription);
            }
        }
        // Room for four, which nothing comes into any more.
        self.subscriptions = StreamMap::new();
        Ok(())
    }

    fn has(&self, id: &str) -> bool {
        self.subscriptions.contains_key(id) || self.direct.as_ref().is_some_and(|direct| direct.has(id))
    }

    fn free_id(&self, id: Option<String>) -> Result<Arc<str>> {
        let max = self.parts.settings.max_subscriptions;
        let count = self.subscriptions.len() + self.direct.as_ref().map_or(0, Direct::count);
        if count >= max {
            self.parts.metrics.limit_hit("socketio.max_subscriptions");
            let message = format!("a connection can have at most {max} subscriptions");
            return Err(Error::LimitReached { limit: "socketio.max_subscriptions", message });
        }
        match id {
            Some(id) if self.has(&id) => {
                let violation = Violation::new(
                    "id",
                    "duplicate",
                    "is already the id of a subscription of this connection",
                );
                Err(Error::invalid(violation))
            }
            Some(id) => Ok(id.into()),
            None => {
                let mut ids = (self.joined + 1..).map(|number| format!("s{number}"));
                let free = ids.find(|id| !self.has(id));
                Ok(free.unwrap_or_default().into())
            }
        }
    }

    async fn join(&self, topics: &[String], after: Option<&str>) -> Result<Feed> {
        let app = &self.parts.app;
        let topics = Topic::parse_list(topics.iter().map(String::as_str), app.settings().max_topics)?;
        app.subscribe(&self.principal, &topics, after).await
    }

    async fn unsubscribe(&mut self, unsubscribe: &Unsubscribe, ack: Option<i64>) -> Result<Result<()>, End> {
        let Unsubscribe { id } = unsubscribe;
        let left = self.direct.as_mut().is_some_and(|direct| direct.leave(id));
        if !left && self.subscriptions.remove(id.as_str()).is_none() {
            let violation =
                Violation::new("id", "unknown_subscription", "is no subscription of this connection");
            return Ok(Err(Error::invalid(violation)));
        }
        self.acknowledge(&Unsubscribed { id }, ack).await?;
        Ok(Ok(()))
    }

    async fn authenticate(
        &mut self,
        authenticate: &Authenticate,
        ack: Option<i64>,
    ) -> Result<Result<()>, End> {
        match self.parts.app.renew(&self.principal, &authenticate.token) {
            Ok(principal) => self.principal = principal,
            Err(error) => return Ok(Err(error)),
        }
        self.talk.renewed(&self.principal);
        self.renewed = true;
        let expires_at = self.principal.expires_at().map(|at| at.to_string());
        self.acknowledge(&Authenticated { expires_at }, ack).await?;
        Ok(Ok(()))
    }

    async fn refuse(&self, error: &Error, ack: Option<i64>) -> Result<(), End> {
        let problem = problem(error);
        if ack.is_some() {
            return self.acknowledge(&Refused { error: problem }, ack).await;
        }
        self.emit(PROBLEM, &Told { problem, subscription: None }, SMALL_PACKET_BYTES).await
    }

    async fn forward(&mut self, id: Arc<str>, batch: Result<Vec<Arc<Published>>>) -> Result<(), End> {
        let events = match batch {
            Ok(events) => events,
            Err(error @ (Error::CursorExpired | Error::CursorForeign)) => {
                self.subscriptions.remove(&id);
                if let Some(direct) = &mut self.direct {
                    direct.leave(&id);
                }
                let told = Told { problem: problem(&error), subscription: Some(&id) };
                return self.emit(PROBLEM, &told, SMALL_PACKET_BYTES).await;
            }
            Err(error) => return Err(End::Failed(error)),
        };
        for published in events {
            let envelope = self.parts.envelopes.of(&published).map_err(End::Failed)?;
            self.emit(published.event.kind.name(), &*envelope, envelope.get().len()).await?;
            self.parts.channel.delivered(1);
        }
        Ok(())
    }
}
