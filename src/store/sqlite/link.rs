//! How statements reach SQLite, from either side.
//!
//! The connections that read are a pool of sqlx, whose calls wait on threads of their own. The one that writes has a
//! thread to itself and runs each statement there and then: to hand every statement of a change to another thread and
//! to wait for it costs more than most of the statements. Statements are prepared once for each connection and kept.

use std::borrow::Cow;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Executor as _};

use super::failure;
use super::row::{Row, Value};
use crate::domain::{Error, Result};
use crate::store::faults::Faults;

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

/// A connection that statements are sent over.
pub(super) struct Link<'c> {
    side: Side<'c>,
    /// The rows that the last statement changed.
    changed: u64,
}

enum Side<'c> {
    Pool(&'c mut SqliteConnection),
    Writer(&'c mut rusqlite::Connection, &'c Faults, &'c mut Done),
}

/// The writes of the open transaction, in their order. A change that is refused after it has written is taken back by
/// taking back the transaction and doing again what came before the change; a savepoint for each of the many that are
/// not refused would keep a copy of every page that it touches.
#[derive(Default)]
pub(super) struct Done {
    statements: Vec<Statement>,
    bytes: usize,
}

impl Done {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// What their values take, bytes, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.statements.clear();
        self.bytes = 0;
    }

    /// The first `count` of them, to be done again; the others are forgotten.
    pub fn take(&mut self, count: usize) -> Vec<Statement> {
        self.bytes = 0;
        let mut statements = std::mem::take(&mut self.statements);
        statements.truncate(count);
        statements
    }

    fn push(&mut self, statement: Statement) {
        self.bytes += statement.values.iter().map(Value::bytes).sum::<usize>();
        self.statements.push(statement);
    }
}

impl<'c> Link<'c> {
    /// Over a connection of the pool, which only reads.
    pub fn pool(connection: &'c mut SqliteConnection) -> Self {
        Self { side: Side::Pool(connection), changed: 0 }
    }

    /// Over the connection that writes; its statements fail when `faults` says so, and its writes are remembered.
    pub fn writer(connection: &'c mut rusqlite::Connection, faults: &'c Faults, done: &'c mut Done) -> Self {
        Self { side: Side::Writer(connection, faults, done), changed: 0 }
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// [`Error::NotFound`] when a change of one resource changed none; what a broken constraint means; the database's
    /// failures.
    pub async fn queue(&mut self, statement: Statement) -> Result<()> {
        self.rows(statement).await.map(drop)
    }

    /// The first row of `statement`, read by `read`.
    pub async fn row<T>(
        &mut self,
        statement: Statement,
        read: impl FnOnce(&Row) -> Result<T>,
    ) -> Result<Option<T>> {
        self.rows(statement).await?.first().map(read).transpose()
    }

    /// The number of rows that the last statement changed.
    pub async fn flush(&mut self) -> Result<u64> {
        Ok(self.changed)
    }

    /// The rows of `statement`.
    pub async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>> {
        let kind = statement.kind;
        let rows = match &mut self.side {
            Side::Pool(connection) => read(connection, statement).await?,
            Side::Writer(connection, faults, done) => {
                faults.check()?;
                if kind != Kind::Read && connection.is_autocommit() {
                    // SQLite has ended the transaction by itself, as on a full disk: this would be kept alone.
                    return Err(Error::unavailable("the transaction has ended"));
                }
                let rows = write(connection, &statement)?;
                self.changed = if kind == Kind::Read { 0 } else { connection.changes() };
                if kind != Kind::Read {
                    done.push(statement);
                }
                rows
            }
        };
        match kind {
            Kind::WriteOne(resource) if self.changed != 1 => Err(Error::NotFound(resource)),
            _ => Ok(rows),
        }
    }
}

async fn read(connection: &mut SqliteConnection, statement: Statement) -> Result<Vec<Row>> {
    // For whoever looks for a question too many.
    tracing::trace!(target: "petstore::sql", sql = %statement.sql);
    let mut arguments = SqliteArguments::default();
    for value in statement.values {
        value.append_to(&mut arguments)?;
    }
    let mut answers = connection.fetch(sqlx::query_with(AssertSqlSafe(statement.sql), arguments));
    let mut rows = Vec::new();
    while let Some(row) = answers.try_next().await.map_err(failure::of_pool)? {
        rows.push(Row::of_pool(&row)?);
    }
    Ok(rows)
}

fn write(connection: &rusqlite::Connection, statement: &Statement) -> Result<Vec<Row>> {
    let mut prepared = connection.prepare_cached(&statement.sql).map_err(failure::of_writer)?;
    for (index, value) in statement.values.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, value).map_err(failure::of_writer)?;
    }
    let columns = prepared.column_count();
    let mut answers = prepared.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = answers.next().map_err(failure::of_writer)? {
        rows.push(Row::of_writer(row, columns)?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_written_outside_of_a_transaction() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        let (faults, mut done) = (Faults::default(), Done::default());
        let insert = || Statement::write("INSERT INTO t (n) VALUES (?)").bind(1_i64);
        let mut link = Link::writer(&mut connection, &faults, &mut done);
        link.queue(Statement::read("BEGIN IMMEDIATE")).await.unwrap();
        link.queue(insert()).await.unwrap();
        // As SQLite does when the disk is full.
        link.queue(Statement::read("ROLLBACK")).await.unwrap();
        assert_eq!(link.queue(insert()).await.unwrap_err().code(), "unavailable");
        assert!(link.rows(Statement::read("SELECT n FROM t")).await.unwrap().is_empty());
        assert_eq!((done.len(), done.bytes() > 0), (1, true));
    }
}
