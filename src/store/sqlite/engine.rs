//! The writer's side: one connection, one shared transaction at a time, and the places of its events in the log.

use std::sync::Arc;

use async_trait::async_trait;

use super::link::{Done, Link, Statement};
use super::tallies::Tallies;
use super::totals::Totals;
use super::{DirectoryLock, events};
use crate::domain::{Epoch, Error, Event, Result, Seq, Tenant};
use crate::store::faults::Faults;
use crate::store::writer::{Commit, Engine};
use crate::store::{LogBounds, Writes};

/// Most that is remembered of a transaction's writes, bytes; then its changes are in savepoints.
const MAX_REMEMBERED_BYTES: usize = 16 * 1024 * 1024;

/// The one connection that writes.
pub(super) struct SqliteEngine {
    connection: rusqlite::Connection,
    faults: Faults,
    /// What the open transaction's commit waits for, or that of the last.
    commit: Commit,
    pub(super) epoch: Epoch,
    /// The newest committed event.
    pub(super) head: Seq,
    /// The events of the open transaction, in the order of the log; they take the positions that follow `head`.
    pub(super) events: Vec<Event>,
    /// How many of them belong to changes that were kept.
    pub(super) kept: usize,
    /// The writes of the open transaction, and how many of them belong to changes that were kept.
    done: Done,
    kept_writes: usize,
    /// Whether the changes of the open transaction are in savepoints: from the first on that was taken back, so that one
    /// who makes such changes on purpose makes nothing be done more than twice, and from [`MAX_REMEMBERED_BYTES`] on.
    savepoints: bool,
    /// What the open transaction changes in the dashboard's numbers.
    pub(super) tallies: Tallies,
    /// Told of the pets that the open transaction changed, when it is committed: the tenant, and whether it was their
    /// status alone.
    totals: Arc<Totals>,
    pub(super) changed: Vec<(Tenant, bool)>,
    /// Held for as long as anything may be written.
    _lock: DirectoryLock,
}

impl SqliteEngine {
    /// Continues the log at `bounds`.
    pub fn new(
        connection: rusqlite::Connection,
        bounds: LogBounds,
        faults: Faults,
        totals: Arc<Totals>,
        lock: DirectoryLock,
    ) -> Self {
        Self {
            connection,
            faults,
            commit: Commit::Synced,
            epoch: bounds.epoch,
            head: bounds.head,
            events: Vec::new(),
            kept: 0,
            done: Done::default(),
            kept_writes: 0,
            savepoints: false,
            tallies: Tallies::default(),
            totals,
            changed: Vec::new(),
            _lock: lock,
        }
    }

    pub(super) fn link(&mut self) -> Link<'_> {
        Link::writer(&mut self.connection, &self.faults, &mut self.done)
    }

    /// Sends what opens and closes transactions, which is no write of theirs.
    async fn send(&mut self, sql: &'static str) -> Result<()> {
        self.link().queue(Statement::read(sql)).await
    }

    /// Whether the commits from now on wait for the disk.
    fn wait_for_disk(&mut self, commit: Commit) -> Result<()> {
        if self.commit != commit {
            let synchronous = match commit {
                Commit::Synced => "PRAGMA synchronous = FULL",
                Commit::Unsynced => "PRAGMA synchronous = NORMAL",
            };
            self.connection.execute_batch(synchronous).map_err(Error::unavailable)?;
            self.commit = commit;
        }
        Ok(())
    }

    /// Does again, in a transaction of its own, what the changes that were kept have written.
    async fn again(&mut self) -> Result<()> {
        let statements = self.done.take(self.kept_writes);
        self.send("ROLLBACK").await?;
        self.send("BEGIN IMMEDIATE").await?;
        for statement in statements {
            self.link().queue(statement).await?;
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.events.clear();
        self.kept = 0;
        self.done.clear();
        self.kept_writes = 0;
        self.savepoints = false;
        self.tallies.clear();
        self.changed.clear();
    }
}

#[async_trait(?Send)]
impl Engine for SqliteEngine {
    async fn begin(&mut self, commit: Commit) -> Result<()> {
        let begun = match self.wait_for_disk(commit) {
            // Takes the write lock at once, so that no change has to be taken back because of it later.
            Ok(()) => self.send("BEGIN IMMEDIATE").await,
            Err(error) => Err(error),
        };
        if begun.is_err() {
            // Should an earlier transaction still be open, then not for the next batch.
            self.rollback().await;
        }
        begun
    }

    async fn savepoint(&mut self) -> Result<()> {
        self.savepoints |= self.done.bytes() > MAX_REMEMBERED_BYTES;
        if !self.savepoints {
            return Ok(());
        }
        // What came before is not taken back any more.
        self.done.clear();
        self.kept_writes = 0;
        self.send("SAVEPOINT change").await
    }

    async fn release(&mut self) -> Result<()> {
        if self.commit == Commit::Unsynced && !self.events.is_empty() {
            return Err(Error::internal(
                "an event was stated in a transaction that does not wait for the disk",
            ));
        }
        let mut link = Link::writer(&mut self.connection, &self.faults, &mut self.done);
        events::append(&mut link, &self.events[self.kept..]).await?;
        if self.savepoints {
            self.send("RELEASE change").await?;
        }
        (self.kept, self.kept_writes) = (self.events.len(), self.done.len());
        self.tallies.keep();
        Ok(())
    }

    async fn rollback_to(&mut self) -> Result<()> {
        self.events.truncate(self.kept);
        self.tallies.take_back();
        if self.connection.is_autocommit() {
            return Err(Error::unavailable("a statement failed in a way that ended the transaction"));
        }
        if self.savepoints {
            self.send("ROLLBACK TO change").await?;
            self.send("RELEASE change").await
        } else if self.done.len() > self.kept_writes {
            self.savepoints = true;
            self.again().await
        } else {
            Ok(())
        }
    }

    async fn commit(&mut self) -> Result<Vec<Event>> {
        let mut link = Link::writer(&mut self.connection, &self.faults, &mut self.done);
        self.tallies.write(&mut link).await?;
        self.send("COMMIT").await?;
        self.head = Seq(self.head.0 + self.events.len() as u64);
        for (tenant, status_only) in self.changed.drain(..) {
            self.totals.changed(tenant, status_only);
        }
        let events = std::mem::take(&mut self.events);
        self.forget();
        Ok(events)
    }

    async fn rollback(&mut self) {
        self.forget();
        // Past the faults, and whatever it answers: when SQLite has ended the transaction by itself this is refused.
        let _ = self.connection.execute_batch("ROLLBACK");
    }

    fn writes(&mut self) -> &mut dyn Writes {
        self
    }
}
