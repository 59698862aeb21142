//! The writers of all connections, driven together: one task for each core.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::comeback::Comeback;
use super::lane::ROOM_BYTES;
use super::outbox::{Entry, Outbox};
use super::socket::Wire;
use crate::tasks::Tasks;

/// Connections that are written to before everything else that waits for the core gets its turn.
const TURNS: usize = 32;

/// Writes what the outboxes of all connections hold.
#[derive(Clone)]
pub struct Pump {
    shards: Arc<[Arc<Shard>]>,
    tasks: Tasks,
    comeback: Comeback,
}

impl Pump {
    /// Starts it. It ends with the last connection after the shutdown began.
    pub fn start(tasks: &Tasks, comeback: Comeback) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shards: Arc<[Arc<Shard>]> = (0..cores).map(|_| Arc::default()).collect();
        for shard in shards.iter() {
            shard.runs();
            tasks.spawn("delivery", run(shard, tasks));
        }
        Self { shards, tasks: tasks.clone(), comeback }
    }

    /// How long a client is told to wait before it comes back, when the server stops.
    pub fn comeback(&self) -> &Comeback {
        &self.comeback
    }

    /// The outgoing side of a connection.
    pub fn outbox(&self, wire: Arc<Wire>) -> Outbox {
        let least = self.shards.iter().min_by_key(|shard| shard.open.load(Ordering::Relaxed));
        // There is one for each core, and so at least one.
        let shard = least.unwrap_or(&self.shards[0]);
        shard.open.fetch_add(1, Ordering::AcqRel);
        if shard.runs() {
            // The last connection was gone, and with it the task: this one was still opening when the shutdown began.
            self.tasks.spawn_connection("late delivery", run(shard, &self.tasks));
        }
        Outbox::new(wire, Arc::clone(shard))
    }
}

/// The connections of one core.
#[derive(Default)]
pub(super) struct Shard {
    listed: Mutex<Vec<Arc<Entry>>>,
    running: Mutex<bool>,
    waker: AtomicWaker,
    open: AtomicUsize,
}

impl Shard {
    pub fn push(&self, entry: Arc<Entry>) {
        let first = {
            let mut listed = self.listed.lock();
            listed.push(entry);
            listed.len() == 1
        };
        if first {
            self.waker.wake();
        }
    }

    /// Says that there is a task. `true`: there was none.
    fn runs(&self) -> bool {
        !std::mem::replace(&mut *self.running.lock(), true)
    }

    /// Whether the task can end, because there is no connection; then there is none from now on.
    fn rests(&self) -> bool {
        let mut running = self.running.lock();
        *running = self.open.load(Ordering::Acquire) > 0;
        !*running
    }

    pub fn closed(&self) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.waker.wake();
        }
    }

    /// Takes the list. `false`: there will be none any more.
    async fn next(&self, batch: &mut Vec<Arc<Entry>>, shutdown: &CancellationToken) -> bool {
        let mut stopping = std::pin::pin!(shutdown.cancelled());
        let mut stops = shutdown.is_cancelled();
        std::future::poll_fn(|cx| {
            self.waker.register(cx.waker());
            std::mem::swap(batch, &mut *self.listed.lock());
            if !batch.is_empty() {
                return Poll::Ready(true);
            }
            stops = stops || stopping.as_mut().poll(cx).is_ready();
            if stops && self.rests() { Poll::Ready(false) } else { Poll::Pending }
        })
        .await
    }
}

/// Writes for the connections of a shard.
fn run(shard: &Arc<Shard>, tasks: &Tasks) -> impl Future<Output = ()> + Send + use<> {
    // One turn is bounded; tokio's own bound would count every write of every connection as one of one task.
    tokio::task::unconstrained(write_all(Arc::clone(shard), tasks.shutdown().clone()))
}

async fn write_all(shard: Arc<Shard>, shutdown: CancellationToken) {
    let mut scratch = Vec::with_capacity(2 * ROOM_BYTES);
    let mut batch = Vec::new();
    while shard.next(&mut batch, &shutdown).await {
        let mut turns = 0;
        for entry in batch.drain(..) {
            entry.turn(&mut scratch);
            turns += 1;
            if turns % TURNS == 0 {
                tokio::task::yield_now().await;
            }
        }
        // What one large event needed is not kept.
        scratch.shrink_to(2 * ROOM_BYTES);
    }
}
