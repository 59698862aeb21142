//! Turns events into deliveries: reads the log from the stored cursor, or what of it is still in memory, and writes, in
//! one transaction, a row for each endpoint that wants an event, and the cursor.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::matching::{Asked, delivery};
use super::schedule::Schedule;
use super::{Doorbell, Setup};
use crate::bus::{Hub, Published};
use crate::clock::{Clock, Ids};
use crate::domain::webhook::{Delivery, Endpoint};
use crate::domain::{EventType, Result, Seq, Tenant, Timestamp};
use crate::store::{Store, Writes};

/// The longest time between two looks at the log: notifications only wake, the log is the truth.
const LOOK: Duration = Duration::from_secs(5);
/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// Events that are read at a time.
const PAGE_EVENTS: usize = 500;
/// Delivery rows after which a transaction is closed, so that a wide fan-out does not hold up the one writer; the rows
/// of one event always share one.
const ROWS: usize = 1_000;
/// Events that nobody wants by which the stored cursor may lag: moving it costs a commit. After a crash they are read
/// again, with the same result.
const LAG_EVENTS: u64 = 1_000;

pub(super) struct Dispatcher {
    store: Store,
    clock: Clock,
    ids: Ids,
    schedule: Schedule,
    hub: Hub,
    committed: watch::Receiver<u64>,
    /// Told that there are new rows.
    delivered: Arc<Doorbell>,
    /// Nothing until it was read, and after a failure.
    cursor: Option<Cursor>,
}

/// How far the log was read.
#[derive(Clone, Copy)]
struct Cursor {
    stored: Seq,
    read: Seq,
}

/// The rows for a stretch of the log that ends at `upto`.
struct Batch {
    rows: Vec<Delivery>,
    upto: Seq,
}

impl Dispatcher {
    pub fn new(setup: &Setup, delivered: Arc<Doorbell>) -> Self {
        Self {
            store: setup.store.clone(),
            clock: setup.clock.clone(),
            ids: setup.ids.clone(),
            schedule: Schedule::new(&setup.settings),
            hub: setup.hub.clone(),
            committed: setup.committed.clone(),
            delivered,
            cursor: None,
        }
    }

    /// Runs until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(self.step()).await.is_some() {}
        self.settle_cursor().await;
    }

    /// Catches up with the log, then waits until there may be more.
    async fn step(&mut self) {
        if let Err(error) = self.catch_up().await {
            tracing::error!(%error, cause = ?std::error::Error::source(&error), "webhook dispatch failed; trying again");
            self.cursor = None;
            return self.clock.sleep(PAUSE).await;
        }
        tokio::select! {
            Ok(()) = self.committed.changed() => {}
            () = self.clock.sleep(LOOK) => self.settle_cursor().await,
        }
    }

    async fn catch_up(&mut self) -> Result<()> {
        let mut cursor = match self.cursor {
            Some(cursor) => cursor,
            None => {
                let stored =
                    self.store.write(async |writes: &mut dyn Writes| writes.dispatched().await).await?;
                Cursor { stored, read: stored }
            }
        };
        let mut head = Seq(*self.committed.borrow_and_update());
        if head <= cursor.read {
            // Not woken by a commit: only the log itself knows.
            head = self.store.read().log_bounds().await?.head;
        }
        while cursor.read < head {
            let events = self.events(cursor.read, head).await?;
            // Their deliveries are written with them.
            if events.iter().any(|published| published.event.kind == EventType::OrderProcessed) {
                self.delivered.ring();
            }
            // Read after the events: an endpoint that an event of this page must reach is in this list.
            let tenants: HashSet<Tenant> = events.iter().map(|published| published.event.tenant).collect();
            let endpoints =
                self.store.read().enabled_endpoints(&tenants.into_iter().collect::<Vec<_>>()).await?;
            let end = if events.len() < PAGE_EVENTS { head } else { last(&events, head) };
            let now = Timestamp::from_ms(self.clock.now_ms());
            let batch = self.match_events(&events, end, &endpoints, now);
            cursor.read = batch.upto;
            if !batch.rows.is_empty() || cursor.read.0 - cursor.stored.0 >= LAG_EVENTS {
                self.write(&mut cursor, batch).await?;
            }
        }
        self.cursor = Some(cursor);
        Ok(())
    }

    /// Those after `after` and up to `upto`, a page at most; from memory where they still are.
    async fn events(&self, after: Seq, upto: Seq) -> Result<Vec<Arc<Published>>> {
        if let Some(events) = self.hub.recent(after, upto, PAGE_EVENTS) {
            return Ok(events);
        }
        let page = u32::try_from(PAGE_EVENTS).unwrap_or(u32::MAX);
        let events = self.store.read().read_events(&[], after, upto, page).await?;
        Ok(events.into_iter().map(|event| Arc::new(Published::new(event))).collect())
    }

    /// The rows that `events`, up to position `end`, lead to; the batch ends earlier when it is full.
    fn match_events(
        &self,
        events: &[Arc<Published>],
        end: Seq,
        endpoints: &[Endpoint],
        now: Timestamp,
    ) -> Batch {
        let mut of_tenant: HashMap<Tenant, Vec<&Endpoint>> = HashMap::new();
        for endpoint in endpoints {
            of_tenant.entry(endpoint.tenant).or_default().push(endpoint);
        }
        let mut rows = Vec::new();
        for event in events.iter().map(|published| &published.event) {
            if rows.len() >= ROWS {
                return Batch { rows, upto: Seq(event.position.seq.0 - 1) };
            }
            let candidates = of_tenant.get(&event.tenant).into_iter().flatten();
            let mut asked = Asked::new(event);
            let wanted = candidates.filter(|endpoint| endpoint.wants(event) && asked.suits(endpoint));
            let due = self.schedule.first(now);
            rows.extend(wanted.map(|endpoint| delivery(&self.ids, event, endpoint, now, due)));
        }
        Batch { rows, upto: end }
    }

    /// Writes the rows and the cursor, together or not at all; nothing when another dispatcher has moved the cursor.
    async fn write(&self, cursor: &mut Cursor, Batch { rows, upto }: Batch) -> Result<()> {
        let (expected, any) = (cursor.stored, !rows.is_empty());
        // After a power failure the log is read again from where the cursor then stands.
        let writing = self.store.write_unsynced(async move |writes: &mut dyn Writes| {
            let found = writes.dispatched().await?;
            if found == expected {
                writes.insert_deliveries(&rows, upto).await?;
            }
            Ok(found)
        });
        // Rung as soon as they are in the writer's queue: the claim that follows stands behind them, and need not wait
        // until they are told of.
        let ring = async {
            if any {
                self.delivered.ring();
            }
        };
        let (found, ()) = tokio::join!(biased; writing, ring);
        let found = found?;
        let position = if found == expected { upto } else { found };
        *cursor = Cursor { stored: position, read: position };
        Ok(())
    }

    /// Stores the cursor after a quiet time, so that it does not lag for ever.
    async fn settle_cursor(&mut self) {
        if let Some(mut cursor) = self.cursor.filter(|cursor| cursor.read > cursor.stored) {
            let batch = Batch { rows: Vec::new(), upto: cursor.read };
            self.cursor = self.write(&mut cursor, batch).await.ok().map(|()| cursor);
        }
    }
}

fn last(events: &[Arc<Published>], head: Seq) -> Seq {
    events.last().map_or(head, |published| published.event.position.seq)
}
