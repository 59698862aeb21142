//! How much of what was handed to a client still waits for it.
//!
//! The engine below takes packets into a bounded buffer, refuses them when it is full, and says nothing when it has
//! emptied it. It also needs a free place for its own pings, or it takes the client for dead. A [`Flow`] is what is
//! missing: the transport notes what the client has taken, and the session hands over no more than a window of bytes
//! until it has. The buffer is never full, the memory of a slow client is bounded, and the wake-up is exact.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use socketioxide::socket::Sid;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::protocols::link::Outbox;

/// Fences are acknowledgements that no client waits for: their ids begin beyond what a client counts to.
const FENCES: u64 = 1 << 62;

/// The id of the acknowledgement that is that fence.
pub(super) fn fence_id(fence: u64) -> i64 {
    // Nobody counts so far.
    i64::try_from(FENCES + fence).unwrap_or(i64::MAX)
}

/// The fence that an acknowledgement of that id is.
pub(super) fn fence_of(id: u64) -> Option<u64> {
    id.checked_sub(FENCES)
}

/// Whose the connection is: the engine's, the engine's until it has got a whole message, the session's, the engine's for
/// good.
const ENGINES: u8 = 0;
const WANTED: u8 = 1;
const HANDED_OVER: u8 = 2;
const KEPT: u8 = 3;

/// How much may wait for one client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    bytes: u64,
    /// What a packet counts for besides its bytes, so that the number of packets is bounded as well.
    packet: u64,
}

impl Window {
    pub fn new(bytes: usize, packets: usize) -> Self {
        Self { bytes: bytes as u64, packet: (bytes / packets.max(1)) as u64 }
    }

    /// What a packet of `bytes` takes of the window.
    pub fn cost(self, bytes: usize) -> u64 {
        self.packet + bytes as u64
    }
}

/// The packets on their way to one client, by their cost.
pub(super) struct Flow {
    handed: AtomicU64,
    drained: AtomicU64,
    /// Grows with everything that the client takes, whole packets or not.
    progress: AtomicU64,
    moved: Notify,
    cut: AtomicBool,
    severed: Notify,
    /// Those who wait to read from and to write to the connection.
    reader: AtomicWaker,
    writer: AtomicWaker,
    /// Fences that were set up, and the last that came by with the connection that it came by on. That is not held: the
    /// engine may keep a flow for longer than the connection, which ends with its outbox.
    fences: AtomicU64,
    passed: AtomicU64,
    outbox: Mutex<Weak<Outbox>>,
    /// Whose the connection is, and what came on it that the engine did not get.
    owner: AtomicU8,
    ahead: Mutex<Bytes>,
    flows: Flows,
    sid: Sid,
}

impl Flow {
    fn new(flows: Flows, sid: Sid) -> Self {
        Self {
            handed: AtomicU64::new(0),
            drained: AtomicU64::new(0),
            progress: AtomicU64::new(0),
            moved: Notify::new(),
            cut: AtomicBool::new(false),
            severed: Notify::new(),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            fences: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            outbox: Mutex::default(),
            owner: AtomicU8::new(ENGINES),
            ahead: Mutex::default(),
            flows,
            sid,
        }
    }

    /// The cost of everything that was handed over so far.
    pub fn handed(&self) -> u64 {
        self.handed.load(Ordering::Acquire)
    }

    /// Notes a packet that was handed over. Called after the fact: what is not noted yet counts as not drained either.
    pub fn hand(&self, cost: u64) {
        self.handed.fetch_add(cost, Ordering::AcqRel);
    }

    /// Notes that the client took everything up to `handed`.
    pub fn drained(&self, handed: u64) {
        self.drained.fetch_max(handed, Ordering::AcqRel);
        self.wrote();
        self.moved.notify_one();
    }

    /// Notes that the client took something.
    pub fn wrote(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }

    /// A fence, to be handed to the engine as [`fence_id`] says: what was handed over before it is written before it.
    pub fn fence(&self) -> u64 {
        self.fences.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Whether there is a fence that did not come by yet.
    pub fn awaits_fence(&self) -> bool {
        self.passed.load(Ordering::Acquire) < self.fences.load(Ordering::Acquire)
    }

    /// Notes a fence that came by, on which connection.
    pub fn pass(&self, fence: u64, outbox: &Weak<Outbox>) {
        *self.outbox.lock() = outbox.clone();
        self.passed.fetch_max(fence, Ordering::AcqRel);
        self.wrote();
        self.moved.notify_one();
    }

    /// Waits until the fence has come by. `false`: the client took nothing for `patience`.
    pub async fn passed(&self, fence: u64, patience: Duration) -> bool {
        while self.passed.load(Ordering::Acquire) < fence {
            if !self.moved(patience).await {
                return false;
            }
        }
        true
    }

    /// The way out past the engine: where the last fence came by.
    pub fn outbox(&self) -> Option<Arc<Outbox>> {
        self.outbox.lock().upgrade()
    }

    /// Asks for the connection; it comes with [`Flow::handed_over`], unless it is kept.
    pub fn ask_over(&self) {
        if self.owner.load(Ordering::Relaxed) == ENGINES && self.become_of(ENGINES, WANTED) {
            self.reader.wake();
        }
    }

    /// Leaves the connection to the engine for good. `false`: it has none any more.
    pub fn keep(&self) -> bool {
        self.become_of(ENGINES, KEPT)
            || self.become_of(WANTED, KEPT)
            || self.owner.load(Ordering::Acquire) == KEPT
    }

    /// Gives the connection to who has asked for it, with what came on it that the engine did not get. `false`: nobody has.
    pub fn hand_over(&self, ahead: &mut Bytes) -> bool {
        if self.owner.load(Ordering::Relaxed) != WANTED {
            return false;
        }
        // Before the word that it is there.
        self.ahead.lock().clone_from(ahead);
        let given = self.become_of(WANTED, HANDED_OVER);
        if given {
            *ahead = Bytes::new();
            self.moved.notify_one();
        }
        given
    }

    pub fn is_handed_over(&self) -> bool {
        self.owner.load(Ordering::Acquire) == HANDED_OVER
    }

    /// Waits for the connection. Gives back what came on it that the engine did not get.
    pub async fn handed_over(&self) -> Bytes {
        while !self.is_handed_over() {
            self.moved.notified().await;
        }
        std::mem::take(&mut *self.ahead.lock())
    }

    fn become_of(&self, from: u8, to: u8) -> bool {
        self.owner.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn waiting(&self) -> u64 {
        self.handed().saturating_sub(self.drained.load(Ordering::Acquire))
    }

    /// Waits until a packet of that cost fits into the window; one that is larger than the window goes alone. `false`:
    /// the client took nothing for `patience`.
    pub async fn room(&self, window: Window, cost: u64, patience: Duration) -> bool {
        loop {
            let waiting = self.waiting();
            if waiting == 0 || waiting + cost <= window.bytes {
                return true;
            }
            if !self.moved(patience).await {
                return false;
            }
        }
    }

    /// Waits until the client has taken packets. `false`: it took nothing for `patience`.
    pub async fn moved(&self, patience: Duration) -> bool {
        /// Looks at the progress while it waits; the last one may be as late as its part of the patience.
        const LOOKS: u32 = 4;
        let mut idle = 0;
        while idle < LOOKS {
            let before = self.progress.load(Ordering::Relaxed);
            if timeout(patience / LOOKS, self.moved.notified()).await.is_ok() {
                return true;
            }
            idle = if self.progress.load(Ordering::Relaxed) == before { idle + 1 } else { 0 };
        }
        false
    }

    /// Waits until the client has taken everything, or nothing for `patience`.
    pub async fn settled(&self, patience: Duration) {
        while self.waiting() > 0 && self.moved(patience).await {}
    }

    /// Ends the connection below, whatever state it is in. The client's library connects again by itself.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.reader.wake();
        self.writer.wake();
        self.severed.notify_waiters();
    }

    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    /// Waits until [`Flow::cut`].
    pub async fn severed(&self) {
        let mut severed = std::pin::pin!(self.severed.notified());
        // Before the look, so that a cut between the two is not missed.
        severed.as_mut().enable();
        if !self.is_cut() {
            severed.await;
        }
    }

    /// Has `waker` woken by a cut while it waits to read.
    pub fn wake_reader(&self, waker: &Waker) {
        self.reader.register(waker);
    }

    /// Has `waker` woken by a cut while it waits to write.
    pub fn wake_writer(&self, waker: &Waker) {
        self.writer.register(waker);
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        let mut flows = self.flows.0.lock();
        // Another may have taken the place since the last owner of this one let go.
        if flows.get(&self.sid).is_some_and(|flow| flow.strong_count() == 0) {
            flows.remove(&self.sid);
        }
    }
}

/// The flows of all clients, by session, each while somebody holds it.
#[derive(Clone, Default)]
pub(super) struct Flows(Arc<Mutex<HashMap<Sid, Weak<Flow>>>>);

impl Flows {
    /// The flow of a session, for whoever asks first as well.
    pub fn of(&self, sid: Sid) -> Arc<Flow> {
        let mut flows = self.0.lock();
        if let Some(flow) = flows.get(&sid).and_then(Weak::upgrade) {
            return flow;
        }
        let flow = Arc::new(Flow::new(self.clone(), sid));
        flows.insert(sid, Arc::downgrade(&flow));
        flow
    }

    /// The flow of a client that comes with one connection, whose session has no name yet.
    pub fn unnamed(&self) -> Arc<Flow> {
        self.of(Sid::new())
    }

    /// Cuts every connection.
    pub fn cut_all(&self) {
        // Not under the lock, which the end of a flow takes too.
        let flows: Vec<Arc<Flow>> = self.0.lock().values().filter_map(Weak::upgrade).collect();
        for flow in flows {
            flow.cut();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn no_more_than_the_window_is_handed_over() {
        let (flow, window) = (Flows::default().unnamed(), Window::new(1000, 10));
        assert_eq!(window.cost(300), 400);
        for _ in 0..2 {
            assert!(flow.room(window, window.cost(300), PATIENCE).await);
            flow.hand(window.cost(300));
        }
        assert!(!flow.room(window, window.cost(300), PATIENCE).await, "the window is full");
        flow.drained(400);
        assert!(flow.room(window, window.cost(300), PATIENCE).await);
    }

    #[tokio::test]
    async fn what_is_larger_than_the_window_goes_alone() {
        let (flow, window) = (Flows::default().unnamed(), Window::new(1000, 10));
        assert!(flow.room(window, 5000, PATIENCE).await);
        flow.hand(5000);
        assert!(!flow.room(window, 1, PATIENCE).await);
        flow.drained(flow.handed());
        assert!(flow.room(window, 5000, PATIENCE).await);
    }

    #[tokio::test]
    async fn a_client_that_takes_a_little_is_waited_for() {
        let (flow, window) = (Flows::default().unnamed(), Window::new(1000, 10));
        flow.hand(1000);
        let slow = async {
            for _ in 0..6 {
                tokio::time::sleep(PATIENCE / 2).await;
                flow.wrote();
            }
            flow.drained(1000);
        };
        let (room, ()) = tokio::join!(flow.room(window, 500, PATIENCE), slow);
        assert!(room);
    }

    #[tokio::test]
    async fn a_cut_is_seen_before_and_after() {
        let flow = Flows::default().unnamed();
        let (cut, ()) = tokio::join!(timeout(PATIENCE, flow.severed()), async { flow.cut() });
        assert!(cut.is_ok() && timeout(PATIENCE, flow.severed()).await.is_ok());
    }

    #[test]
    fn a_session_has_one_flow_until_nobody_holds_it() {
        let (flows, sid) = (Flows::default(), Sid::new());
        let first = flows.of(sid);
        assert!(Arc::ptr_eq(&first, &flows.of(sid)));
        drop(first);
        assert!(flows.0.lock().is_empty());
    }
}
