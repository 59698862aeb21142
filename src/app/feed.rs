//! The feed: the only thing that a streaming protocol talks to.
//!
//! Give it a principal, topics and perhaps a cursor; it yields events, in the order of the log, each at least once.
//! Inside: what the ring still holds comes from the ring, what is older comes from the log in pages, and the step from
//! one to the other is by position, so nothing is missed or doubled. A subscriber that falls behind so far that the
//! ring has moved on reads the log until it has caught up: lag costs queries, never events.

use std::sync::Arc;

use super::{App, policy};
use crate::bus::{Joined, Published, Subscription, Taken, Watch};
use crate::domain::event::Key;
use crate::domain::{Cursor, Error, Position, Principal, Result, Seq, Topic};

/// One subscription's events.
pub struct Feed {
    app: App,
    principal: Principal,
    subscription: Subscription,
    live_from: Seq,
    resumed: bool,
    lagged: bool,
    /// Who listens to a resource watches it.
    _watches: Vec<Watch>,
}

/// A page of past events.
pub struct Past {
    pub events: Vec<Arc<Published>>,
    /// Where the next page begins.
    pub next: Cursor,
}

impl App {
    /// Subscribes to `topics`, after `after` or from now on.
    ///
    /// # Errors
    /// What [`policy::key_of`] refuses, [`Error::NotFound`] for an order that there is not, [`Error::Malformed`] for
    /// what is no cursor, [`Error::CursorExpired`] and [`Error::CursorForeign`] for one that cannot be resumed from.
    pub async fn subscribe(
        &self,
        principal: &Principal,
        topics: &[Topic],
        after: Option<&str>,
    ) -> Result<Feed> {
        let keys = self.keys_of(principal, topics).await?;
        let after = match after {
            Some(cursor) => Some(self.resolve(cursor).await?),
            None => None,
        };
        let watches = self.watches(principal, &keys);
        let Joined { subscription, live_from } = self.0.hub.join(keys, after);
        Ok(Feed {
            app: self.clone(),
            principal: principal.clone(),
            subscription,
            live_from,
            resumed: after.is_some(),
            lagged: false,
            _watches: watches,
        })
    }

    /// Up to `limit` past events of `topics` after `after`, or from the oldest that is kept.
    ///
    /// # Errors
    /// As [`App::subscribe`].
    pub async fn past_events(
        &self,
        principal: &Principal,
        topics: &[Topic],
        after: Option<&str>,
        limit: u32,
    ) -> Result<Past> {
        let keys = self.keys_of(principal, topics).await?;
        let after = match after {
            Some(cursor) => self.resolve(cursor).await?,
            None => self.0.store.read().log_bounds().await?.floor,
        };
        let (events, position) = self.read_page(principal, &keys, after, self.0.hub.head(), limit).await?;
        Ok(Past { events, next: self.cursor(position) })
    }

    /// The cursor of the newest event that is published.
    pub fn head_cursor(&self) -> Cursor {
        self.cursor(self.0.hub.head())
    }

    /// One page of the log, and the position that it reaches.
    async fn read_page(
        &self,
        principal: &Principal,
        keys: &[Key],
        after: Seq,
        upto: Seq,
        limit: u32,
    ) -> Result<(Vec<Arc<Published>>, Seq)> {
        let events = self.0.store.read().read_events(keys, after, upto, limit).await?;
        let position = match events.last() {
            // A full page may end before `upto`.
            Some(last) if events.len() >= limit as usize => last.position.seq,
            _ => upto.max(after),
        };
        let visible = events.into_iter().filter(|event| policy::may_see(principal, event));
        Ok((visible.map(|event| Arc::new(Published::new(event))).collect(), position))
    }

    async fn keys_of(&self, principal: &Principal, topics: &[Topic]) -> Result<Vec<Key>> {
        let mut keys = Vec::with_capacity(topics.len());
        for topic in topics {
            let key = policy::key_of(principal, *topic)?;
            if let Topic::Order(id) = topic {
                let order = self.0.store.read().find_order(principal.tenant, *id).await?;
                policy::authorize_order(principal, &order.ok_or(Error::NotFound("order"))?)?;
            }
            if let Topic::Room(id) = topic {
                let room = self.0.store.read().find_room(principal.tenant, *id).await?;
                policy::authorize_room(principal, &room.ok_or(Error::NotFound("conversation"))?)?;
            }
            keys.push(key);
        }
        Ok(keys)
    }

    /// The position that a client's cursor names, if it can be resumed from.
    pub(super) async fn resolve(&self, cursor: &str) -> Result<Seq> {
        let position = Position::parse("after", cursor)?;
        let bounds = self.0.store.read().log_bounds().await?;
        if position.epoch != bounds.epoch || position.seq > self.0.hub.head().max(bounds.head) {
            return Err(Error::CursorForeign);
        }
        if position.seq < bounds.floor {
            return Err(Error::CursorExpired);
        }
        Ok(position.seq)
    }

    fn cursor(&self, seq: Seq) -> Cursor {
        Position { epoch: self.0.epoch, seq }.to_cursor()
    }
}

impl Feed {
    /// Everything up to here has been handed out; a client that comes back with it misses nothing.
    pub fn cursor(&self) -> Cursor {
        self.app.cursor(self.subscription.position())
    }

    /// The cursor moved past everything that is not for this subscription, so that it does not age while nothing happens.
    pub fn idle_cursor(&mut self) -> Cursor {
        // Taking nothing moves the position up to the next event for it.
        self.subscription.take(0);
        self.cursor()
    }

    /// The position from which events come live, learned in one step with joining.
    pub fn live_from(&self) -> Cursor {
        self.app.cursor(self.live_from)
    }

    /// Whether it began at a client's cursor, so that there is no gap.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// Whether the ring has overrun it since this was last asked, so that it was served from the log.
    pub fn take_lagged(&mut self) -> bool {
        std::mem::take(&mut self.lagged)
    }

    /// Waits for events and takes up to `limit` of them, at least one.
    ///
    /// # Errors
    /// [`Error::CursorExpired`] when it fell behind so far that the log was purged past it; the store's failures.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Arc<Published>>> {
        loop {
            self.subscription.wait().await;
            let events = match self.subscription.take(limit) {
                Taken::Events(events) => {
                    let visible = |p: &Arc<Published>| policy::may_see(&self.principal, &p.event);
                    events.into_iter().filter(visible).collect()
                }
                Taken::Overrun { upto } => self.catch_up(upto, limit).await?,
            };
            if !events.is_empty() {
                return Ok(events);
            }
        }
    }

    async fn catch_up(&mut self, upto: Seq, limit: usize) -> Result<Vec<Arc<Published>>> {
        let after = self.subscription.position();
        if after >= self.live_from {
            self.lagged = true;
        }
        let keys = self.subscription.keys();
        let limit = u32::try_from(limit).unwrap_or(u32::MAX).min(self.app.0.settings.page_events);
        let (events, position) = self.app.read_page(&self.principal, &keys, after, upto, limit).await?;
        // Asked after the read: what was purged before it would be a gap.
        if self.app.0.store.read().log_bounds().await?.floor > after {
            return Err(Error::CursorExpired);
        }
        self.subscription.caught_up(position);
        Ok(events)
    }
}
