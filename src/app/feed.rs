//! The feed: the only thing that a streaming protocol talks to.
//!
//! Give it a principal, topics and perhaps a cursor; it yields events, in the order of the log, each at least once.
//! Inside: what the ring still holds comes from the ring, what is older comes from the log in pages, and the step from
//! one to the other is by position, so nothing is missed or doubled. A subscriber that falls behind so far that the
//! ring has moved on reads the log until it has caught up: lag costs queries, never events.

mod replays;

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;

pub use replays::Replays;
use replays::{Page, SharedPage};

use super::{App, policy};
use crate::bus::{Joined, Looked, Published, Subscription, Watch};
use crate::domain::event::Key;
use crate::domain::{Cursor, Error, Position, Principal, Result, Seq, Topic};
use crate::store::Store;

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
    /// A page of the log that is on its way, and then what is left of it.
    reading: Option<SharedPage>,
    rest: Option<Rest>,
}

/// What is left to show of a page of the log.
struct Rest {
    events: Arc<[Arc<Published>]>,
    next: usize,
    /// The position that the page reaches.
    upto: Seq,
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
            reading: None,
            rest: None,
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
        let (events, position) = read_page(&self.0.store, &keys, after, self.0.hub.head(), limit).await?;
        let visible = events.iter().filter(|published| policy::may_see(principal, &published.event));
        Ok(Past { events: visible.cloned().collect(), next: self.cursor(position) })
    }

    /// The cursor of the newest event that is published.
    pub fn head_cursor(&self) -> Cursor {
        self.cursor(self.0.hub.head())
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
        // Where all come back at once, the database is not asked by each.
        if self.0.replays.keeps(position.seq)
            && position.epoch == self.0.epoch
            && self.0.hub.reaches(position.seq)
        {
            return Ok(position.seq);
        }
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

    /// Waits for events and takes up to `limit` of them, at least one. Nothing is lost when the waiting is given up.
    ///
    /// # Errors
    /// As [`Feed::poll_next`].
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Arc<Published>>> {
        let mut events = Vec::new();
        let mut push = |published: &Arc<Published>| {
            events.push(published.clone());
            true
        };
        std::future::poll_fn(|cx| self.poll_next(cx, limit, &mut push)).await?;
        Ok(events)
    }

    /// Shows `each` up to `limit` events, at least one, until it says that it has no room for more. It may be called under
    /// the lock of the ring, so it must not come back to the hub.
    ///
    /// # Errors
    /// [`Error::CursorExpired`] when it fell behind so far that the log was purged past it; the store's failures.
    pub fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        limit: usize,
        each: &mut dyn FnMut(&Arc<Published>) -> bool,
    ) -> Poll<Result<()>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = std::task::ready!(reading.poll_unpin(cx));
                self.reading = None;
                let (events, upto) = read?;
                self.rest = Some(Rest { events, next: 0, upto });
            }
            if self.show_rest(each) {
                return Poll::Ready(Ok(()));
            }
            std::task::ready!(self.subscription.poll_wait(cx));
            let (mut any, principal) = (false, &self.principal);
            let looked = self.subscription.visit(limit, &mut |published| {
                if !policy::may_see(principal, &published.event) {
                    return true;
                }
                any = true;
                each(published)
            });
            match looked {
                _ if any => return Poll::Ready(Ok(())),
                Looked::Seen => {}
                Looked::Overrun { upto } => self.read_on(upto, limit),
            }
        }
    }

    /// Shows what is left of the page that was read, as far as there is room. `true`: there was an event to show.
    fn show_rest(&mut self, each: &mut dyn FnMut(&Arc<Published>) -> bool) -> bool {
        let Some(rest) = &mut self.rest else { return false };
        let mut any = false;
        while let Some(published) = rest.events.get(rest.next) {
            rest.next += 1;
            self.subscription.caught_up(published.event.position.seq);
            if policy::may_see(&self.principal, &published.event) {
                any = true;
                if !each(published) {
                    return true;
                }
            }
        }
        self.subscription.caught_up(rest.upto);
        self.rest = None;
        any
    }

    /// Begins to read from the log what the ring no longer has.
    fn read_on(&mut self, upto: Seq, limit: usize) {
        let after = self.subscription.position();
        if after >= self.live_from {
            self.lagged = true;
        }
        let app = &self.app.0;
        let limit = u32::try_from(limit).unwrap_or(u32::MAX).min(app.settings.page_events);
        let (keys, store) = (self.subscription.keys(), app.store.clone());
        let place = (keys.clone(), after, limit);
        self.reading = Some(app.replays.page(place, || {
            Box::pin(async move {
                let page = read_page(&store, &keys, after, upto, limit).await?;
                // Asked after the read: what was purged before it would be a gap.
                if store.read().log_bounds().await?.floor > after {
                    return Err(Error::CursorExpired);
                }
                Ok(page)
            })
        }));
    }
}

/// One page of the log, and the position that it reaches.
async fn read_page(store: &Store, keys: &[Key], after: Seq, upto: Seq, limit: u32) -> Result<Page> {
    let events = store.read().read_events(keys, after, upto, limit).await?;
    let position = match events.last() {
        // A full page may end before `upto`.
        Some(last) if events.len() >= limit as usize => last.position.seq,
        _ => upto.max(after),
    };
    Ok((events.into_iter().map(|event| Arc::new(Published::new(event))).collect(), position))
}
