//! The hub: a topic index over one shared ring of recent events.
//!
//! A subscriber owns no queue: it is a position in the ring. Publishing wakes only those whose keys the event belongs
//! to, and each at most once until it has looked. Who does not look in time finds that the ring has moved past it
//! ([`Taken::Overrun`]) and goes to the log; nothing is ever dropped silently and no subscriber costs another anything.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;
use parking_lot::RwLock;
use slab::Slab;

use super::Published;
use super::versions::Versions;
use crate::domain::event::Key;
use crate::domain::{Event, Seq};

/// Publish and subscribe; cheap to clone.
#[derive(Clone)]
pub struct Hub {
    state: Arc<RwLock<State>>,
    versions: Arc<Versions>,
}

/// How much the ring holds: as many events, and about as many bytes.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    pub events: usize,
    pub bytes: usize,
}

struct State {
    ring: VecDeque<Arc<Published>>,
    capacity: Capacity,
    /// What the events in the ring weigh, in bytes.
    weight: usize,
    /// The newest event that was published.
    head: Seq,
    listeners: HashMap<Key, Slab<Arc<Listener>>>,
}

/// What the publisher knows of a subscriber.
#[derive(Default)]
struct Listener {
    /// The first event for it that it has not looked at; 0 when there is none.
    pending: AtomicU64,
    waker: AtomicWaker,
}

impl State {
    /// Where in the ring the events from `start` on begin; nothing when the ring no longer reaches back that far.
    fn reach(&self, start: Seq) -> Option<usize> {
        let first = self.ring.front()?.event.position.seq;
        (first <= start).then(|| self.ring.partition_point(|p| p.event.position.seq < start))
    }
}

impl Hub {
    /// A hub whose ring holds up to `capacity`.
    pub fn new(capacity: Capacity) -> Self {
        let (ring, listeners) = (VecDeque::new(), HashMap::new());
        let state = State { ring, capacity, weight: 0, head: Seq::START, listeners };
        Self { state: Arc::new(RwLock::new(state)), versions: Arc::new(Versions::new()) }
    }

    /// Says where the log stands, before anyone subscribes. What is published while it starts fills the ring, so that
    /// those who come back after a restart are served from memory.
    pub fn start_at(&self, head: Seq) {
        self.state.write().head = head;
    }

    /// Publishes committed events in the order of the log.
    pub fn publish(&self, events: Vec<Event>) {
        let mut wakers: Vec<Waker> = Vec::new();
        {
            let mut state = self.state.write();
            for event in events {
                let (keys, seq) = (event.keys(), event.position.seq);
                state.push(event);
                let keys = keys.inspect(|key| self.versions.raise(key, seq));
                for listener in keys.filter_map(|key| state.listeners.get(&key)).flatten().map(|(_, l)| l) {
                    // One wake-up until it has looked, however many events come.
                    if listener
                        .pending
                        .compare_exchange(0, seq.0, Ordering::AcqRel, Ordering::Relaxed)
                        .is_ok()
                    {
                        wakers.extend(listener.waker.take());
                    }
                }
            }
        }
        // Outside the lock, which those who wake will want.
        for waker in wakers {
            waker.wake();
        }
    }

    /// The newest published event.
    pub fn head(&self) -> Seq {
        self.state.read().head
    }

    /// Whether everything after `after` is still in the ring.
    pub fn reaches(&self, after: Seq) -> bool {
        let state = self.state.read();
        after <= state.head && (after == state.head || state.reach(after.next()).is_some())
    }

    /// The events after `after` and up to `upto`, the first `limit` of them, if all of these are still in the ring.
    pub fn recent(&self, after: Seq, upto: Seq, limit: usize) -> Option<Vec<Arc<Published>>> {
        let state = self.state.read();
        let index = state.reach(after.next()).filter(|_| upto <= state.head)?;
        let events = state.ring.range(index..).take_while(|published| published.event.position.seq <= upto);
        Some(events.take(limit).cloned().collect())
    }

    /// At least the position of the newest published event of `key`: what was read from the store after asking this, and
    /// is asked for again while this is still the answer, has not changed.
    pub fn version(&self, key: &Key) -> Seq {
        self.versions.of(key)
    }

    /// Joins for the events of `keys` after `after` (or after now), in one step with learning where now is.
    pub fn join(&self, keys: Vec<Key>, after: Option<Seq>) -> Joined {
        let mut state = self.state.write();
        let listener = Arc::new(Listener::default());
        let places = keys
            .into_iter()
            .map(|key| (key, state.listeners.entry(key).or_default().insert(listener.clone())))
            .collect();
        let live_from = state.head;
        let position = after.unwrap_or(live_from);
        let behind = position < live_from;
        Joined {
            subscription: Subscription { hub: self.clone(), listener, places, position, behind },
            live_from,
        }
    }

    /// How many subscriptions wait for any of a key's events.
    pub fn listeners(&self, key: &Key) -> usize {
        self.state.read().listeners.get(key).map_or(0, Slab::len)
    }
}

impl State {
    fn push(&mut self, event: Event) {
        self.head = event.position.seq;
        self.weight += event.weight();
        self.ring.push_back(Arc::new(Published::new(event)));
        while self.ring.len() > self.capacity.events
            || (self.weight > self.capacity.bytes && self.ring.len() > 1)
        {
            let oldest = self.ring.pop_front();
            self.weight -= oldest.map_or(0, |oldest| oldest.event.weight());
        }
    }
}

/// The answer to joining.
pub struct Joined {
    pub subscription: Subscription,
    /// The newest event at that moment: what is after it comes live.
    pub live_from: Seq,
}

/// One subscriber: a position in the ring, and the keys that it wants.
pub struct Subscription {
    hub: Hub,
    listener: Arc<Listener>,
    places: Vec<(Key, usize)>,
    position: Seq,
    /// There may be events between `position` and the head that it was not woken for.
    behind: bool,
}

/// What a look into the ring brought.
#[derive(Debug)]
pub enum Taken {
    /// Events in order; the position moved past them.
    Events(Vec<Arc<Published>>),
    /// The ring has moved on; the log has what is after the position and up to `upto`.
    Overrun { upto: Seq },
}

/// What [`Subscription::visit`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Whatever there was, or there was room for, was shown.
    Seen,
    /// As [`Taken::Overrun`].
    Overrun { upto: Seq },
}

impl Subscription {
    /// Everything for it up to here was taken.
    pub fn position(&self) -> Seq {
        self.position
    }

    /// The keys that it wants.
    pub fn keys(&self) -> Vec<Key> {
        self.places.iter().map(|(key, _)| *key).collect()
    }

    /// Waits until [`Subscription::visit`] has something to look at.
    pub async fn wait(&self) {
        std::future::poll_fn(|cx| self.poll_wait(cx)).await;
    }

    /// As [`Subscription::wait`].
    pub fn poll_wait(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.behind || self.listener.pending.load(Ordering::Acquire) != 0 {
            return Poll::Ready(());
        }
        self.listener.waker.register(cx.waker());
        // It may have come between the look and the registration.
        if self.listener.pending.load(Ordering::Acquire) == 0 { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Takes up to `limit` events from the ring.
    pub fn take(&mut self, limit: usize) -> Taken {
        let mut events = Vec::new();
        let looked = self.visit(limit, &mut |published| {
            events.push(published.clone());
            true
        });
        match looked {
            Looked::Seen => Taken::Events(events),
            Looked::Overrun { upto } => Taken::Overrun { upto },
        }
    }

    /// Shows up to `limit` events of the ring to `each`, in order, until it says that it has no room for more; the position
    /// moves past those that it saw. It is called under the lock of the ring, and must not come back to the hub.
    pub fn visit(&mut self, limit: usize, each: &mut dyn FnMut(&Arc<Published>) -> bool) -> Looked {
        let state = self.hub.state.read();
        // Under the lock, so that nothing is published between this and the look.
        let pending = Seq(self.listener.pending.swap(0, Ordering::AcqRel));
        let start = if self.behind { self.position.next() } else { pending.max(self.position.next()) };
        if start > state.head || (!self.behind && pending == Seq::START) {
            self.behind = false;
            self.position = state.head;
            return Looked::Seen;
        }
        let Some(index) = state.reach(start) else {
            // What is before `start` was not for it: the log need not be read from there.
            self.position = Seq(start.0 - 1);
            self.behind = true;
            return Looked::Overrun { upto: state.head };
        };
        let mut seen = 0;
        for published in state.ring.range(index..) {
            let wanted =
                published.event.keys().any(|key| self.places.iter().any(|(wanted, _)| *wanted == key));
            if wanted && seen == limit {
                self.behind = true;
                return Looked::Seen;
            }
            self.position = published.event.position.seq;
            if wanted {
                seen += 1;
                if !each(published) {
                    self.behind = true;
                    return Looked::Seen;
                }
            }
        }
        self.behind = false;
        Looked::Seen
    }

    /// Moves on to `position`, up to which the log was read in place of the ring.
    pub fn caught_up(&mut self, position: Seq) {
        self.position = position;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.hub.state.write();
        for (key, place) in &self.places {
            if let Some(listeners) = state.listeners.get_mut(key) {
                listeners.try_remove(*place);
                if listeners.is_empty() {
                    state.listeners.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
