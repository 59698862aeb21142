//! What goes out on one connection: what the socket did not take yet, and the lanes that more comes from.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures_util::task::{ArcWake, AtomicWaker, waker_ref};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::lane::{Lane, Lanes, ROOM_BYTES, fill};
use super::pump::Shard;
use super::socket::Wire;

/// The outgoing side of a connection, for the task that reads it. What it holds goes with it.
pub struct Outbox {
    entry: Arc<Entry>,
    wire: Arc<Wire>,
}

/// Appends to an [`Outbox`] for somebody else.
#[derive(Clone)]
pub struct Sender(Arc<Entry>);

/// A connection's place in the pump.
pub(super) struct Entry {
    shard: Arc<Shard>,
    /// It is on the list of those who have something to do.
    listed: AtomicBool,
    state: Mutex<State>,
    /// There is room, or there never will be.
    changed: Notify,
    /// The socket cannot be written to any more.
    gone: Notify,
    /// Waits until everything is written.
    drainer: AtomicWaker,
    /// Names that were given to lanes.
    names: AtomicU64,
}

struct State {
    /// Nothing once it has failed or the outbox is gone: a connection that waits to be written to keeps its waker, and with
    /// that this.
    wire: Option<Arc<Wire>>,
    /// What the socket has not taken; its first `written` bytes it has.
    unsent: Vec<u8>,
    written: usize,
    unflushed: bool,
    lanes: Lanes,
    /// Since when the socket has taken nothing of what waits.
    stalled: Option<Instant>,
    /// Over TLS: what the connection below it had carried at the last look.
    carried: u64,
    /// Something was written since this was last asked.
    wrote: bool,
    finished: bool,
}

impl Outbox {
    /// On a shard that counts it already.
    pub(super) fn new(wire: Arc<Wire>, shard: Arc<Shard>) -> Self {
        let state = State {
            wire: Some(wire.clone()),
            unsent: Vec::new(),
            written: 0,
            unflushed: false,
            lanes: Vec::new(),
            stalled: None,
            carried: 0,
            wrote: false,
            finished: false,
        };
        let (listed, state) = (AtomicBool::new(false), Mutex::new(state));
        let (changed, gone) = (Notify::new(), Notify::new());
        let (drainer, names) = (AtomicWaker::new(), AtomicU64::new(0));
        Self { entry: Arc::new(Entry { shard, listed, state, changed, gone, drainer, names }), wire }
    }

    /// The connection below.
    pub fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }

    /// A handle that can only send.
    pub fn sender(&self) -> Sender {
        Sender(self.entry.clone())
    }

    /// Sends bytes, after what waits already.
    pub fn send(&self, bytes: &[u8]) {
        self.entry.send(bytes);
    }

    /// A name for a lane that no other of this connection had.
    pub fn name(&self) -> u64 {
        self.entry.names.fetch_add(1, Ordering::Relaxed)
    }

    /// Sends bytes, then what the lane has, until it is over or removed by that name.
    pub fn add(&self, first: &[u8], name: u64, lane: Box<dyn Lane>) {
        let refused = {
            let mut state = self.entry.state.lock();
            if state.finished {
                Some(lane)
            } else {
                state.unsent.extend_from_slice(first);
                state.lanes.push((name, lane));
                None
            }
        };
        drop(refused);
        self.entry.list();
    }

    /// Removes a lane, then sends bytes.
    pub fn remove(&self, name: u64, last: &[u8]) {
        // A lane that goes takes locks of its own.
        let removed = {
            let mut state = self.entry.state.lock();
            state.unsent.extend_from_slice(last);
            let at = state.lanes.iter().position(|(lane, _)| *lane == name);
            at.map(|at| state.lanes.remove(at))
        };
        drop(removed);
        self.entry.list();
    }

    /// Has the lanes say what they say when nothing happens, unless something was written since the last call.
    pub fn idle(&self) {
        let mut state = self.entry.state.lock();
        let state = &mut *state;
        if !std::mem::take(&mut state.wrote) && state.unsent.is_empty() {
            state.lanes.iter_mut().for_each(|(_, lane)| lane.idle(&mut state.unsent));
            self.entry.list();
        }
    }

    /// Since when the other side has taken nothing of what waits for it.
    pub fn stalled(&self) -> Option<Instant> {
        self.entry.state.lock().stalled
    }

    /// Waits until there is room for more replies: who asks and does not read is not read.
    pub async fn room(&self) {
        self.until(|state| state.unsent.len() <= ROOM_BYTES).await;
    }

    /// Drops the lanes; what they have given is still sent.
    pub fn clear(&self) {
        let lanes = std::mem::take(&mut self.entry.state.lock().lanes);
        drop(lanes);
    }

    /// Drops the lanes, and sends the last bytes.
    pub fn finish(&self, last: &[u8]) {
        let lanes = {
            let mut state = self.entry.state.lock();
            state.unsent.extend_from_slice(last);
            state.finished = true;
            std::mem::take(&mut state.lanes)
        };
        drop(lanes);
        self.entry.list();
    }

    /// Waits until everything is written.
    pub async fn drained(&self) {
        self.until(State::is_drained).await;
    }

    /// As [`Outbox::drained`], for one at a time.
    pub fn poll_drained(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.entry.drainer.register(cx.waker());
        let state = self.entry.state.lock();
        if state.wire.is_none() || state.is_drained() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Waits until the socket cannot be written to any more. To be called by one task only.
    pub async fn broken(&self) {
        loop {
            if self.entry.state.lock().wire.is_none() {
                return;
            }
            self.entry.gone.notified().await;
        }
    }

    /// Waits for that state, or for the end of the socket.
    async fn until(&self, wanted: impl Fn(&State) -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.entry.changed.notified());
            // Before the look, so that nothing is missed between the two.
            changed.as_mut().enable();
            {
                let state = self.entry.state.lock();
                if state.wire.is_none() || wanted(&state) {
                    return;
                }
            }
            changed.await;
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        // Lanes wait in the hub with a waker that keeps the entry: without this both would stay.
        self.finish(&[]);
        let mut state = self.entry.state.lock();
        let whole = state.is_drained();
        if state.wire.take().is_some() && whole {
            self.wire.say_end();
        }
    }
}

impl Sender {
    /// Sends bytes unless too much waits already, or the connection ends.
    pub fn offer(&self, bytes: &[u8]) -> bool {
        let waits = {
            let state = self.0.state.lock();
            !state.finished && state.unsent.len() > ROOM_BYTES
        };
        if !waits {
            self.0.send(bytes);
        }
        !waits
    }
}

impl Entry {
    fn send(self: &Arc<Self>, bytes: &[u8]) {
        {
            let mut state = self.state.lock();
            if state.finished || state.wire.is_none() {
                return;
            }
            state.unsent.extend_from_slice(bytes);
        }
        self.list();
    }

    /// Puts it on the list of those who have something to do.
    fn list(self: &Arc<Self>) {
        if !self.listed.swap(true, Ordering::AcqRel) {
            self.shard.push(self.clone());
        }
    }

    /// Writes what waits, then asks the lanes for more and writes that, in one write.
    pub fn turn(self: &Arc<Self>, scratch: &mut Vec<u8>) {
        self.listed.store(false, Ordering::Release);
        let waker = waker_ref(self);
        let mut cx = Context::from_waker(&waker);
        let mut state = self.state.lock();
        let waited = !state.unsent.is_empty() || state.unflushed;
        let ready = state.write_unsent(&mut cx).is_ready();
        if waited {
            self.changed.notify_waiters();
            self.drainer.wake();
        }
        if !ready {
            return self.tell_gone(&state);
        }
        scratch.clear();
        let (more, over) = fill(&mut state.lanes, &mut cx, scratch);
        state.write(&mut cx, scratch);
        self.tell_gone(&state);
        drop(state);
        drop(over);
        if more {
            self.list();
        }
    }

    fn tell_gone(&self, state: &State) {
        if state.wire.is_none() {
            self.changed.notify_waiters();
            self.drainer.wake();
            self.gone.notify_one();
        }
    }
}

impl State {
    fn is_drained(&self) -> bool {
        self.unsent.is_empty() && !self.unflushed
    }

    /// Writes what the lanes gave; what the socket does not take is kept.
    fn write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) {
        let Some(wire) = &self.wire else { return };
        if bytes.is_empty() {
            return;
        }
        self.unflushed = true;
        let written = match wire.poll_write(cx, bytes) {
            Poll::Ready(Ok(written)) => written,
            Poll::Ready(Err(_)) => return self.fail(),
            Poll::Pending => 0,
        };
        self.wrote = true;
        self.unsent.extend_from_slice(&bytes[written..]);
        // The rest again, so that it is told when there is room.
        let _ = self.write_unsent(cx);
    }

    /// Pending while something is left, or when the socket has failed.
    fn write_unsent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.written < self.unsent.len() {
            let Some(wire) = &self.wire else { return Poll::Pending };
            match wire.poll_write(cx, &self.unsent[self.written..]) {
                Poll::Ready(Ok(written)) if written > 0 => {
                    if wire.carried().is_none() {
                        self.stalled = None;
                    }
                    self.written += written;
                    (self.wrote, self.unflushed) = (true, true);
                }
                Poll::Ready(_) => {
                    self.fail();
                    return Poll::Pending;
                }
                Poll::Pending => {
                    // What is written is let go, so that no more than what waits is held.
                    self.unsent.drain(..self.written);
                    self.written = 0;
                    self.note_stall();
                    return Poll::Pending;
                }
            }
        }
        if self.unsent.capacity() > 0 {
            (self.unsent, self.written) = (Vec::new(), 0);
        }
        self.flush(cx)
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(wire) = &self.wire else { return Poll::Pending };
        if !self.unflushed {
            return Poll::Ready(());
        }
        match wire.poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                (self.stalled, self.unflushed) = (None, false);
                Poll::Ready(())
            }
            Poll::Ready(Err(_)) => {
                self.fail();
                Poll::Pending
            }
            Poll::Pending => {
                self.note_stall();
                Poll::Pending
            }
        }
    }

    /// Notes that the socket takes no more now. What TLS takes meanwhile is no progress, what the connection below it takes is.
    fn note_stall(&mut self) {
        let carried = self.wire.as_ref().and_then(|wire| wire.carried()).unwrap_or_default();
        if std::mem::replace(&mut self.carried, carried) != carried {
            self.stalled = None;
        }
        self.stalled.get_or_insert_with(Instant::now);
    }

    fn fail(&mut self) {
        self.wire = None;
        (self.unsent, self.written, self.unflushed) = (Vec::new(), 0, false);
    }
}

impl ArcWake for Entry {
    fn wake_by_ref(entry: &Arc<Self>) {
        entry.list();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.shard.closed();
    }
}
