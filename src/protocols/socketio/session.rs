//! One connected client: its calls are answered and its subscriptions' events emitted, one packet after the other.
//!
//! Every packet waits until the client has room for it ([`Flow`]), so nothing is dropped: while it waits, the feeds fall
//! behind, and read from the ring or from the log when there is room again.

use std::sync::Arc;

use futures_util::StreamExt as _;
use socketioxide::TransportType;
use socketioxide::socket::Socket;
use tokio_stream::StreamMap;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::Parts;
use super::calls::{
    Authenticate, Authenticated, Call, Request, Subscribe, Subscribed, Unsubscribe, Unsubscribed,
};
use super::direct::Direct;
use super::door::Opening;
use super::ending::End;
use super::error::{PROBLEM, Refused, Told, problem};
use super::flow::fence_id;
use super::own::Own;
use super::reception::Seat;
use crate::app::{Caller, Feed};
use crate::bus::Published;
use crate::domain::{Error, Principal, Result, RoomId, Topic, Violation};
use crate::protocols::batches::Batches;
use crate::protocols::chat::Talk;
use crate::protocols::chat::watch::RoomWatch;
use crate::protocols::link::stalled;
use crate::telemetry::GaugeGuard;

/// The packet of an acknowledgement or a problem, when its size is not worth knowing.
pub(super) const SMALL_PACKET_BYTES: usize = 256;

/// One connected client.
pub(super) struct Session {
    pub(super) parts: Arc<Parts>,
    /// The library's; nothing once the connection is the session's own.
    pub(super) socket: Option<Arc<Socket>>,
    pub(super) seat: Arc<Seat>,
    pub(super) talk: Talk,
    pub(super) rooms: StreamMap<RoomId, RoomWatch>,
    principal: Principal,
    /// Whether another token has taken the place of the one whose end is waited for.
    renewed: bool,
    /// What goes through the engine, before there is a way past it.
    subscriptions: StreamMap<Arc<str>, Batches>,
    pub(super) direct: Option<Direct>,
    /// Boxed: not all sessions come so far.
    pub(super) own: Option<Box<Own>>,
    /// How the client came, for who opens an engine's session for it again; nothing when there is nothing to tell.
    pub(super) opening: Option<Box<Opening>>,
    /// Subscriptions so far, those that have ended included.
    joined: u64,
    _connected: GaugeGuard,
    _present: TaskTrackerToken,
}

impl Session {
    pub fn new(parts: Arc<Parts>, socket: Arc<Socket>, seat: Arc<Seat>) -> Self {
        let (_connected, _present) = (parts.channel.connection(), parts.present.token());
        let principal = seat.principal.clone();
        let caller = Caller::new(principal.clone(), seat.origin.clone());
        let talk = Talk::new(parts.desk.clone(), caller, parts.channel.clone(), parts.settings.max_joined);
        Self {
            parts,
            socket: Some(socket),
            seat,
            talk,
            rooms: StreamMap::new(),
            principal,
            renewed: false,
            subscriptions: StreamMap::new(),
            direct: None,
            own: None,
            opening: None,
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
            if self.direct.is_some() {
                self.serve_direct(&seat).await?;
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

    /// Serves the client once past the engine.
    async fn serve_direct(&mut self, seat: &Seat) -> Result<(), End> {
        let listens = !self.rooms.is_empty() || self.direct.as_ref().is_some_and(|direct| direct.count() > 0);
        if listens && !self.parts.settings.judged {
            seat.flow.ask_over();
        }
        let Some(direct) = &mut self.direct else { return Ok(()) };
        let (outbox, patience) = (direct.outbox().clone(), self.parts.settings.stall_timeout);
        let own = &mut self.own;
        let has_own = own.is_some();
        let heard = async {
            match own {
                Some(own) => own.next(&outbox).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            // Those that came before the connection was the session's own are first. Boxed, so that a session that waits
            // does not hold the room that an answer needs.
            call = seat.calls.next() => Box::pin(self.answer(&call)).await,
            (id, error) = direct.ended() => Box::pin(self.forward(id, Err(error))).await,
            Some((room, from)) = self.rooms.next() => Box::pin(self.forward_room(room, from)).await,
            call = heard => Box::pin(self.answer(&call?)).await,
            ahead = seat.flow.handed_over(), if !has_own => {
                let own = Own::new(&outbox, ahead, &self.parts.settings);
                self.own = Some(Box::new(Box::pin(own).await));
                let socket = self.socket.take();
                self.opening = socket.and_then(|socket| Opening::of(socket.req_parts())).map(Box::new);
                Ok(())
            }
            () = stalled(&outbox, patience), if !has_own => Err(End::Stalled),
            () = seat.flow.severed(), if has_own => Err(End::again()),
        }
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
        let transport = self.socket.as_ref().map(|socket| socket.transport_type());
        if transport != Some(TransportType::Websocket) {
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
