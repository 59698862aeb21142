//! Jobs: sending again in bulk, a bounded step in each transaction. How far a job has come is stored with the deliveries
//! that it made due, so it goes on from there after a crash, and does nothing twice.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::matching::{Asked, delivery};
use super::{Doorbell, Setup};
use crate::clock::{Clock, Ids};
use crate::domain::webhook::{Job, JobKind};
use crate::domain::{Error, Event, JobId, Result, Timestamp};
use crate::store::{Store, Writes};

/// The longest time between two looks at the table.
const LOOK: Duration = Duration::from_secs(5);
/// Events, or deliveries, of one step.
const STEP: u32 = 250;

pub(super) struct Jobs {
    store: Store,
    clock: Clock,
    ids: Ids,
    doorbell: Arc<Doorbell>,
    /// The job of the last step: they take turns, so that neither a long one nor one that fails holds up the others.
    last: Option<JobId>,
}

impl Jobs {
    pub fn new(setup: &Setup) -> Self {
        Self {
            store: setup.store.clone(),
            clock: setup.clock.clone(),
            ids: setup.ids.clone(),
            doorbell: Arc::clone(&setup.doorbell),
            last: None,
        }
    }

    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(self.turn()).await.is_some() {}
    }

    /// Does one step, or waits until there may be one to do.
    async fn turn(&mut self) {
        match self.step().await {
            Ok(true) => self.doorbell.ring(),
            Ok(false) => tokio::select! {
                () = self.doorbell.rung_for_jobs() => {}
                () = self.clock.sleep(LOOK) => {}
            },
            Err(error) => {
                tracing::error!(%error, cause = ?std::error::Error::source(&error), "a webhook job failed; trying again");
                self.clock.sleep(LOOK).await;
            }
        }
    }

    /// Whether there was anything to do.
    async fn step(&mut self) -> Result<bool> {
        let last = self.last;
        let next = self.store.write(async move |writes: &mut dyn Writes| writes.running_job(last).await);
        let Some(job) = next.await? else { return Ok(false) };
        self.last = Some(job.id);
        let events = match job.kind {
            JobKind::ResendFailed => Vec::new(),
            JobKind::Replay => self.store.read().read_events(&[], job.cursor, job.upto, STEP).await?,
        };
        let now = Timestamp::from_ms(self.clock.now_ms());
        let ids = self.ids.clone();
        let done = self.store.write(async move |writes: &mut dyn Writes| {
            let next = match job.kind {
                JobKind::ResendFailed => writes.reopen_failed(&job, now, STEP).await?,
                JobKind::Replay => replay(writes, &ids, &job, &events, now).await?,
            };
            writes.update_job(&next).await
        });
        match done.await {
            // It was cancelled meanwhile, or its endpoint deleted, and it with it.
            Err(Error::NotFound(_)) => Ok(true),
            done => done.map(|()| true),
        }
    }
}

/// The job after `events`, which are the next ones of the log.
async fn replay(
    writes: &mut dyn Writes,
    ids: &Ids,
    job: &Job,
    events: &[Event],
    now: Timestamp,
) -> Result<Job> {
    let mut next = job.clone();
    let full = events.len() >= usize::try_from(STEP).unwrap_or(usize::MAX);
    next.cursor = events.last().filter(|_| full).map_or(job.upto, |event| event.position.seq);
    next.finished_at = (next.cursor >= job.upto).then_some(now);
    if let Some(endpoint) = writes.endpoint(job.tenant, job.endpoint_id).await? {
        let wanted = events.iter().filter(|event| {
            endpoint.is_for(event)
                && job.since.is_none_or(|since| event.occurred_at >= since)
                && Asked::new(event).suits(&endpoint)
        });
        let rows: Vec<_> = wanted.map(|event| delivery(ids, event, &endpoint, now, now)).collect();
        next.queued += writes.redeliver(&rows).await?;
    } else {
        next.finished_at = Some(now);
    }
    Ok(next)
}
