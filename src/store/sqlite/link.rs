//! How statements reach SQLite.
//!
//! sqlx runs every connection on a thread of its own, so each time we wait for an answer costs two thread switches,
//! more than most of the statements. A statement whose answer nobody waits for is therefore queued and sent together
//! with the next one that must answer, in one string that sqlx prepares once and keeps. Statements are bound by
//! anonymous `?` only: their values then simply follow one another.

use std::borrow::Cow;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Either, Executor as _};

use super::failure::{self, failure};
use super::row::Value;
use crate::domain::{Error, Result};
use crate::store::faults::Faults;

/// Statements that are sent at once; each number and order of them is a string of its own in the statement cache.
const MAX_QUEUED: usize = 16;

/// How often the writer's thread yields its core for an answer before it sleeps. sqlx answers each statement of a string
/// by itself, a few microseconds apart: to sleep and be woken for each costs both threads more than the statements do.
const WRITER_YIELDS: u32 = 20;

/// One SQL statement and its values.
pub(super) struct Statement {
    sql: Cow<'static, str>,
    values: Vec<Value>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    /// Must change exactly one row, of that kind of resource.
    WriteOne(&'static str),
}

impl Statement {
    /// A query.
    pub fn read(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), values: Vec::new(), kind: Kind::Read }
    }

    /// A change.
    pub fn write(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), values: Vec::new(), kind: Kind::Write }
    }

    /// A change of one `resource`; it fails with [`Error::NotFound`] when there is none.
    pub fn write_one(resource: &'static str, sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), values: Vec::new(), kind: Kind::WriteOne(resource) }
    }

    /// The value of the next `?`.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// The values of the next `?`s.
    pub fn bind_all(mut self, values: impl IntoIterator<Item = Value>) -> Self {
        self.values.extend(values);
        self
    }
}

/// `(?, ?), (?, ?)`: the places of the values of `rows` rows.
pub(super) fn places(columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    vec![row; rows].join(", ")
}

/// Where the savepoint of the change that is under way stands.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Savepoint {
    /// No change is under way.
    #[default]
    None,
    /// It is opened together with the first statement that changes something.
    Wanted,
    Open,
}

const OPEN_SAVEPOINT: &str = "SAVEPOINT change";
const RELEASE_SAVEPOINT: &str = "RELEASE change";

/// What was queued for a connection, and where its savepoints stand.
#[derive(Default)]
pub(super) struct Outbox {
    queued: Vec<Statement>,
    savepoint: Savepoint,
    /// Whether the savepoint of the change before is still open. It is released together with the opening of the next,
    /// or by the COMMIT: a release that follows the change's own statements at once could not be held back when one of
    /// them turns out to have changed nothing.
    held: bool,
    /// Whether a statement failed in a way after which SQLite may have ended the transaction on its own.
    broken: bool,
    /// Why statements of the change that is under way were never run, although it may have gone on: those that were
    /// queued behind one that failed.
    spoiled: Option<Error>,
    faults: Faults,
    yields: u32,
}

impl Outbox {
    /// The writer's, which has its thread to itself; its statements fail when `faults` says so.
    pub fn of_writer(faults: Faults) -> Self {
        Self { faults, yields: WRITER_YIELDS, ..Self::default() }
    }

    /// Whether the transaction can no longer be trusted.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Forgets what belongs to the open transaction, after its end.
    pub fn reset(&mut self) {
        *self = Self { faults: self.faults.clone(), yields: self.yields, ..Self::default() };
    }

    /// Begins a change; costs nothing until it writes.
    pub fn begin_change(&mut self) {
        (self.savepoint, self.spoiled) = (Savepoint::Wanted, None);
    }

    /// Whether the change can be kept.
    ///
    /// # Errors
    /// Why statements of it were never run.
    pub fn check_whole(&self) -> Result<()> {
        self.spoiled.clone().map_or(Ok(()), Err)
    }

    /// Queues what takes the change back, in place of what is still queued.
    pub fn take_back(&mut self) {
        self.queued.clear();
        if self.savepoint == Savepoint::Open {
            self.queued.push(Statement::write("ROLLBACK TO change"));
        }
    }

    /// Ends the change, kept or taken back.
    pub fn end_change(&mut self) {
        self.held |= self.savepoint == Savepoint::Open;
        self.savepoint = Savepoint::None;
    }

    /// Takes what is queued, with the opening of the savepoint before it when it is time.
    fn take(&mut self) -> Vec<Statement> {
        let mut statements = std::mem::take(&mut self.queued);
        if self.savepoint == Savepoint::Wanted
            && statements.iter().any(|statement| statement.kind != Kind::Read)
        {
            let release = self.held.then(|| Statement::write(RELEASE_SAVEPOINT));
            statements.splice(..0, release.into_iter().chain([Statement::write(OPEN_SAVEPOINT)]));
        }
        statements
    }

    /// Notes what is about to be sent: a change that is dropped half-way must find its savepoint open.
    fn note(&mut self, statements: &[Statement]) {
        for statement in statements.iter().take(2) {
            match &*statement.sql {
                RELEASE_SAVEPOINT => self.held = false,
                OPEN_SAVEPOINT => self.savepoint = Savepoint::Open,
                _ => {}
            }
        }
    }
}

/// A connection and its outbox.
pub(super) struct Link<'c> {
    connection: &'c mut SqliteConnection,
    outbox: &'c mut Outbox,
}

impl<'c> Link<'c> {
    /// Sends what is queued in `outbox` over `connection`.
    pub fn new(connection: &'c mut SqliteConnection, outbox: &'c mut Outbox) -> Self {
        Self { connection, outbox }
    }

    /// Queues a statement; its failure shows when it is sent, at the end of the change at the latest.
    pub async fn queue(&mut self, statement: Statement) -> Result<()> {
        if self.outbox.queued.len() >= MAX_QUEUED {
            self.flush().await?;
        }
        self.outbox.queued.push(statement);
        Ok(())
    }

    /// The rows of `statement` (and of queries queued before it).
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<SqliteRow>> {
        self.queue(statement).await?;
        Ok(self.send().await?.0)
    }

    /// The first row of `statement`, read by `read`.
    pub async fn row<T>(
        &mut self,
        statement: Statement,
        read: impl FnOnce(&SqliteRow) -> Result<T>,
    ) -> Result<Option<T>> {
        self.rows(statement).await?.first().map(read).transpose()
    }

    /// Sends what is queued; the number of rows that the last statement changed.
    pub async fn flush(&mut self) -> Result<u64> {
        Ok(self.send().await?.1)
    }

    async fn send(&mut self) -> Result<(Vec<SqliteRow>, u64)> {
        let mut statements = self.outbox.take();
        let all = statements.len();
        let mut fault = None;
        for index in 0..all {
            if let Err(error) = self.outbox.faults.check() {
                // As when the database fails: what came before was done.
                statements.truncate(index);
                fault = Some(error);
                break;
            }
        }
        self.outbox.note(&statements);
        let mut done = 0;
        let sent =
            if statements.is_empty() { Ok(<_>::default()) } else { self.run(statements, &mut done).await };
        let sent = fault.map_or(sent, Err);
        if let Err(error) = &sent
            && done + 1 < all
        {
            self.outbox.spoiled = Some(error.clone());
        }
        sent
    }

    /// Counts in `done` the statements that succeeded.
    async fn run(&mut self, statements: Vec<Statement>, done: &mut usize) -> Result<(Vec<SqliteRow>, u64)> {
        let kinds: Vec<Kind> = statements.iter().map(|statement| statement.kind).collect();
        let mut arguments = SqliteArguments::default();
        let mut sql = Cow::Borrowed("");
        for statement in statements {
            if sql.is_empty() {
                sql = statement.sql;
            } else {
                let joined = sql.to_mut();
                joined.push_str("; ");
                joined.push_str(&statement.sql);
            }
            for value in statement.values {
                value.append_to(&mut arguments)?;
            }
        }
        let yields = self.outbox.yields;
        let mut answers = self.connection.fetch_many(sqlx::query_with(AssertSqlSafe(sql), arguments));
        let (mut rows, mut changed) = (Vec::new(), 0);
        loop {
            let next = poll_fn(|context| {
                for _ in 0..yields {
                    let mut unwoken = Context::from_waker(Waker::noop());
                    if let Poll::Ready(answer) = answers.try_poll_next_unpin(&mut unwoken) {
                        return Poll::Ready(answer);
                    }
                    std::thread::yield_now();
                }
                answers.try_poll_next_unpin(context)
            });
            match next.await.transpose() {
                Ok(Some(Either::Right(row))) => rows.push(row),
                Ok(Some(Either::Left(result))) => {
                    changed = result.rows_affected();
                    if let Some(Kind::WriteOne(resource)) = kinds.get(*done)
                        && changed != 1
                    {
                        return Err(Error::NotFound(resource));
                    }
                    *done += 1;
                }
                Ok(None) => return Ok((rows, changed)),
                Err(error) => {
                    self.outbox.broken |= !failure::is_refusal(&error);
                    return Err(failure(error));
                }
            }
        }
    }
}
