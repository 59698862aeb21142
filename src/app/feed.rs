//! The feed: the only thing that a streaming protocol talks to.
//!
//! Give it a principal, topics and perhaps a cursor; it yields events, in the order of the log, each at least once.
//! Inside: what the ring still holds comes from the ring, what is older comes from the log in pages, and the step from
//! one to the other is by position, so nothing is missed or doubled. A subscriber that falls behind so far that the
//! ring has moved on reads the log until it has caught up: lag costs queries, never events.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use parking_lot::Mutex;
use sync_wrapper::SyncWrapper;
use tokio::sync::OnceCell;

use super::{App, policy};
use crate::bus::{Joined, Looked, Published, Subscription, Watch};
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
    /// A page of the log that is on its way.
    reading: Option<SyncWrapper<Reading>>,
}

/// Pages of the log that were read for those who are behind. Clients that come back together stand at the same position, and
/// get the same page: it is read once, by the first, and so are the forms that its events are encoded into. What a page says
/// stays true, since the log only grows at its end; that what was purged is not asked for again is seen to before it is read.
#[derive(Default)]
pub struct Replays {
    pages: Mutex<VecDeque<(Place, SharedPage)>>,
    /// Where the log begins since it was last purged by this process; what was purged before its start is not in the ring.
    floor: AtomicU64,
}

/// Whose events, after which, and how many.
type Place = (Vec<Key>, Seq, u32);
type SharedPage = Arc<OnceCell<Page>>;

/// Pages that are kept; each is as long as what is written at once.
const KEPT_PAGES: usize = 64;

impl Replays {
    /// Notes where the log begins now.
    pub(super) fn purged_to(&self, floor: Seq) {
        self.floor.fetch_max(floor.0, Ordering::AcqRel);
    }

    /// The page at that place, for whoever comes first to read.
    fn page(&self, keys: &[Key], after: Seq, limit: u32) -> SharedPage {
        let mut pages = self.pages.lock();
        let known =
            pages.iter().find(|((of, from, at_most), _)| (*from, *at_most) == (after, limit) && of == keys);
        if let Some((_, page)) = known {
            return page.clone();
        }
        if pages.len() == KEPT_PAGES {
            pages.pop_front();
        }
        let page = SharedPage::default();
        pages.push_back(((keys.to_vec(), after, limit), page.clone()));
        page
    }
}

/// Events of the log, and the position that they reach.
type Page = (Arc<[Arc<Published>]>, Seq);
type Reading = Pin<Box<dyn Future<Output = Result<Page>> + Send>>;

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
        let (events, position) = self.read_page(&keys, after, self.0.hub.head(), limit).await?;
        let visible = events.iter().filter(|published| policy::may_see(principal, &published.event));
        Ok(Past { events: visible.cloned().collect(), next: self.cursor(position) })
    }

    /// The cursor of the newest event that is published.
    pub fn head_cursor(&self) -> Cursor {
        self.cursor(self.0.hub.head())
    }

    /// One page of the log, and the position that it reaches.
    async fn read_page(&self, keys: &[Key], after: Seq, upto: Seq, limit: u32) -> Result<Page> {
        let events = self.0.store.read().read_events(keys, after, upto, limit).await?;
        let position = match events.last() {
            // A full page may end before `upto`.
            Some(last) if events.len() >= limit as usize => last.position.seq,
            _ => upto.max(after),
        };
        Ok((events.into_iter().map(|event| Arc::new(Published::new(event))).collect(), position))
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
        let kept = position.seq.0 >= self.0.replays.floor.load(Ordering::Acquire);
        if kept && position.epoch == self.0.epoch && self.0.hub.reaches(position.seq) {
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
                let read = std::task::ready!(reading.get_mut().as_mut().poll(cx));
                self.reading = None;
                let (events, position) = read?;
                self.subscription.caught_up(position);
                let mut any = false;
                for published in
                    events.iter().filter(|published| policy::may_see(&self.principal, &published.event))
                {
                    any = true;
                    each(published);
                }
                if any {
                    return Poll::Ready(Ok(()));
                }
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

    /// Begins to read from the log what the ring no longer has.
    fn read_on(&mut self, upto: Seq, limit: usize) {
        let after = self.subscription.position();
        if after >= self.live_from {
            self.lagged = true;
        }
        let (app, keys) = (self.app.clone(), self.subscription.keys());
        let limit = u32::try_from(limit).unwrap_or(u32::MAX).min(self.app.0.settings.page_events);
        let reading = async move {
            let shared = app.0.replays.page(&keys, after, limit);
            let read = async || {
                let page = app.read_page(&keys, after, upto, limit).await?;
                // Asked after the read: what was purged before it would be a gap.
                if app.0.store.read().log_bounds().await?.floor > after {
                    return Err(Error::CursorExpired);
                }
                Ok(page)
            };
            shared.get_or_try_init(read).await.cloned()
        };
        self.reading = Some(SyncWrapper::new(Box::pin(reading)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Tenant;
    use crate::domain::event::Collection;

    #[tokio::test]
    async fn those_at_the_same_position_share_a_page_that_is_read_once() {
        let replays = Replays::default();
        let keys = [Key::Collection(Tenant::PUBLIC, Collection::Pets)];
        let reads = std::sync::atomic::AtomicU64::new(0);
        let read = async || {
            let reached = 1 + reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok::<Page, Error>((Arc::new([]), Seq(reached)))
        };
        let ask = async |after| replays.page(&keys, Seq(after), 10).get_or_try_init(read).await.unwrap().1;
        assert_eq!(tokio::join!(ask(5), ask(5), ask(6)), (Seq(1), Seq(1), Seq(2)));
        assert_eq!(ask(5).await, Seq(1));
        for other in 100..100 + KEPT_PAGES as u64 {
            ask(other).await;
        }
        assert_eq!(replays.pages.lock().len(), KEPT_PAGES, "the oldest are let go");
    }

    #[tokio::test]
    async fn a_page_that_could_not_be_read_is_read_by_the_next() {
        let (replays, keys) = (Replays::default(), []);
        let page = replays.page(&keys, Seq(1), 10);
        assert!(page.get_or_try_init(async || Err(Error::CursorExpired)).await.is_err());
        let page = replays.page(&keys, Seq(1), 10);
        assert!(page.get_or_try_init(async || Ok::<Page, Error>((Arc::new([]), Seq(9)))).await.is_ok());
    }
}
