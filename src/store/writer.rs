//! The one writer: it lets callers that wait at the same time share one commit, and so one fsync.
//!
//! Each caller's change can be taken back by itself, so one that is refused leaves the others alone. Nobody is answered
//! before the commit, and no event is published before it is on disk; events are published in the order of the log, before
//! the callers are answered. Only a change that follows from the log ([`Commit::Unsynced`]) does not wait for the disk.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::Writes;
use crate::domain::{Error, Event, Result};

/// A database connection that the writer drives.
#[async_trait(?Send)]
pub trait Engine {
    /// Opens the shared transaction. With [`Commit::Unsynced`], in which no change can state an event, a power failure may
    /// take it back after its commit.
    async fn begin(&mut self, commit: Commit) -> Result<()>;
    /// Marks where one caller's change begins in it.
    async fn savepoint(&mut self) -> Result<()>;
    /// Keeps what the caller did: writes the events and audit rows that it stated.
    async fn release(&mut self) -> Result<()>;
    /// Takes back what the caller did.
    async fn rollback_to(&mut self) -> Result<()>;
    /// Commits the shared transaction; returns its events in the order of the log.
    async fn commit(&mut self) -> Result<Vec<Event>>;
    /// Takes back the shared transaction.
    async fn rollback(&mut self);
    /// What callers work with.
    fn writes(&mut self) -> &mut dyn Writes;
}

/// Told of each commit, on the writer's thread: its events in the order of the log, the number of changes that shared
/// it, and how long it took from begin to disk.
pub type Committed = Box<dyn Fn(Vec<Event>, usize, Duration) + Send>;

/// Answers a caller, once it is known whether the commit held.
type Answer = Box<dyn FnOnce(Result<()>)>;
type Run = Box<dyn for<'w> FnOnce(&'w mut dyn Writes) -> LocalBoxFuture<'w, (Result<()>, Answer)> + Send>;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// The disk.
    Synced,
    /// Nothing: it is on disk with the next that is synced.
    Unsynced,
}

/// A change that waits.
struct Job {
    commit: Commit,
    run: Run,
    /// Answers its caller without, or instead of, what `run` would.
    refuse: Box<dyn FnOnce(Error) + Send>,
}

/// Hands changes to the writer's thread.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    closing: Arc<Mutex<Option<oneshot::Sender<()>>>>,
    closed: Arc<tokio::sync::Mutex<Option<oneshot::Receiver<()>>>>,
}

/// Limits of the writer.
#[derive(Clone, Copy, Debug)]
pub struct WriterLimits {
    /// Changes that may wait.
    pub queue: usize,
    /// Changes that may share a commit.
    pub batch: usize,
}

impl Writer {
    /// Starts the writer on a thread of its own, with the engine that `open` makes there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the thread cannot be started.
    pub fn start<E: Engine + 'static>(
        engine: impl FnOnce() -> E + Send + 'static,
        limits: WriterLimits,
        committed: Committed,
    ) -> Result<Self> {
        let (queue, waiting) = mpsc::channel(limits.queue);
        let (closing, close) = oneshot::channel();
        let (done, closed) = oneshot::channel();
        // A thread of its own: changes then need no Send futures, and a long commit never holds up a runtime worker.
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() {
                    runtime.block_on(run(engine(), waiting, close, limits.batch, committed));
                }
                let _ = done.send(());
            })
            .map_err(Error::unavailable)?;
        Ok(Self {
            queue,
            closing: Arc::new(Mutex::new(Some(closing))),
            closed: Arc::new(tokio::sync::Mutex::new(Some(closed))),
        })
    }

    /// Runs `change` and answers after its commit. It is in the queue from the first poll on.
    ///
    /// # Errors
    /// As [`super::Store::write`].
    pub async fn submit<T, F>(&self, commit: Commit, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut dyn Writes) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        // Whoever answers first, the change itself or what refuses it, takes it.
        let answer = Arc::new(Mutex::new(Some(answer)));
        let refusal = answer.clone();
        let run: Run = Box::new(move |writes| {
            Box::pin(async move {
                let outcome = change(writes).await;
                let held = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
                let deliver: Answer =
                    Box::new(move |committed: Result<()>| send(&answer, committed.and(outcome)));
                (held, deliver)
            })
        });
        let refuse = Box::new(move |error| send(&refusal, Err(error)));
        self.queue.try_send(Job { commit, run, refuse }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                Error::RateLimited { limit: "store.write_queue", retry_after_s: 1 }
            }
            mpsc::error::TrySendError::Closed(_) => Error::Unavailable(None),
        })?;
        answered.await.map_err(|_| Error::Unavailable(None))?
    }

    /// Whether changes are still taken.
    pub fn is_open(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Finishes what is queued, then ends the thread. Later changes are refused.
    pub async fn close(&self) {
        drop(self.closing.lock().take());
        if let Some(closed) = self.closed.lock().await.take() {
            let _ = closed.await;
        }
    }
}

/// Answers a caller that has not been answered. It may have gone away; the change stands all the same.
fn send<T>(answer: &Mutex<Option<oneshot::Sender<Result<T>>>>, result: Result<T>) {
    if let Some(answer) = answer.lock().take() {
        let _ = answer.send(result);
    }
}

async fn run<E: Engine>(
    mut engine: E,
    mut waiting: mpsc::Receiver<Job>,
    mut close: oneshot::Receiver<()>,
    batch: usize,
    committed: Committed,
) {
    let mut jobs = Vec::with_capacity(batch);
    loop {
        tokio::select! {
            biased;
            count = waiting.recv_many(&mut jobs, batch) => if count == 0 { return },
            // Ends when told to (or when every handle is gone); what is queued by then is still done.
            _ = &mut close, if !waiting.is_closed() => { waiting.close(); continue }
        }
        let count = jobs.len();
        let started = tokio::time::Instant::now();
        let synced = jobs.iter().any(|job| job.commit == Commit::Synced);
        let commit = if synced { Commit::Synced } else { Commit::Unsynced };
        let (answers, outcome) = transaction(&mut engine, commit, jobs.drain(..)).await;
        let result = match outcome {
            Ok(events) => {
                committed(events, count, started.elapsed());
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, cause = ?std::error::Error::source(&error), "a shared transaction failed");
                Err(error)
            }
        };
        for answer in answers {
            answer(result.clone());
        }
    }
}

/// One shared transaction; the answers are to be given with its outcome.
async fn transaction<E: Engine>(
    engine: &mut E,
    commit: Commit,
    jobs: impl Iterator<Item = Job>,
) -> (Vec<Answer>, Result<Vec<Event>>) {
    let mut answers: Vec<Answer> = Vec::new();
    if let Err(error) = engine.begin(commit).await {
        for job in jobs {
            (job.refuse)(error.clone());
        }
        return (answers, Err(error));
    }
    let mut jobs = jobs;
    while let Some(job) = jobs.next() {
        match one(engine, job).await {
            Ok(answer) => answers.push(answer),
            Err(error) => {
                for job in jobs {
                    (job.refuse)(error.clone());
                }
                // Not even one change could be taken back: nothing of this transaction can be trusted.
                engine.rollback().await;
                return (answers, Err(error));
            }
        }
    }
    match engine.commit().await {
        Ok(events) => (answers, Ok(events)),
        Err(error) => {
            engine.rollback().await;
            (answers, Err(error))
        }
    }
}

/// One caller's change, which is taken back when it is refused. An error of its own is inside the answer; an `Err` here ends the batch.
async fn one<E: Engine>(engine: &mut E, job: Job) -> Result<Answer> {
    let Job { run, refuse, .. } = job;
    if let Err(error) = engine.savepoint().await {
        refuse(error.clone());
        return Err(error);
    }
    // A panic in a change must not take the writer, and with it the store, down.
    let Ok((held, answer)) = AssertUnwindSafe(run(engine.writes())).catch_unwind().await else {
        refuse(Error::internal("a change panicked; it was taken back"));
        engine.rollback_to().await?;
        return Ok(Box::new(|_| ()));
    };
    let released = match held {
        Ok(()) => engine.release().await,
        Err(error) => Err(error),
    };
    match released {
        Ok(()) => Ok(answer),
        Err(error) => {
            engine.rollback_to().await?;
            Ok(Box::new(move |committed: Result<()>| answer(committed.and(Err(error)))))
        }
    }
}
