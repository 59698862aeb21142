//! The full-text index of the knowledge base: SQLite's FTS5 in memory, apart from the store's own database.
//!
//! It holds terms, not texts: who asks and who writes have gone through the same list of words and the same stemmer
//! before they come here, so that the tokenizer has nothing left to decide.

use std::thread::available_parallelism;

use parking_lot::Mutex;
use rusqlite::{Connection, params};

use crate::domain::{Error, Result};

/// Copies at most: one for each core that asks at the same time.
const MAX_COPIES: usize = 4;

/// What an entry is found by: terms with spaces between them.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub title: String,
    pub keywords: String,
    pub sign: String,
    pub body: String,
}

/// An entry that was found.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    /// Its place in the list that the index was built from.
    pub place: usize,
    /// BM25 with weights, the greater the better.
    pub score: f64,
}

/// The index. A query takes a fraction of a millisecond and waits for nothing, so it is made where it is asked for: to
/// hand it to another thread would cost more. A database in memory belongs to its connection, so each has a copy.
pub struct KnowledgeIndex(Vec<Mutex<Connection>>);

impl KnowledgeIndex {
    /// Builds the index.
    ///
    /// # Errors
    /// [`Error::Internal`] when SQLite refuses.
    pub fn build(documents: &[Document]) -> Result<Self> {
        let copies = available_parallelism().map_or(1, usize::from).min(MAX_COPIES);
        let copies = (0..copies).map(|_| copy(documents).map(Mutex::new));
        copies.collect::<rusqlite::Result<_>>().map(Self).map_err(Error::internal)
    }

    /// The best `limit` entries that have any of `terms`.
    ///
    /// # Errors
    /// [`Error::Internal`] when SQLite refuses.
    pub fn search(&self, terms: &[String], limit: u32) -> Result<Vec<Hit>> {
        // Terms are letters and digits: in quotation marks none is an operator.
        let quoted: Vec<String> = terms.iter().map(|term| format!("\"{}\"", term.replace('"', ""))).collect();
        if quoted.is_empty() {
            return Ok(Vec::new());
        }
        let free = self.0.iter().find_map(Mutex::try_lock).or_else(|| self.0.first().map(Mutex::lock));
        let connection = free.ok_or_else(|| Error::internal("the index has no copy"))?;
        find(&connection, &quoted.join(" OR "), limit).map_err(Error::internal)
    }
}

fn copy(documents: &[Document]) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    let filling = connection.transaction()?;
    filling
        .execute_batch("CREATE VIRTUAL TABLE entries USING fts5 (title, keywords, sign, body, content='')")?;
    for (place, document) in (0_i64..).zip(documents) {
        let Document { title, keywords, sign, body } = document;
        filling.execute(
            "INSERT INTO entries (rowid, title, keywords, sign, body) VALUES (?, ?, ?, ?, ?)",
            params![place, title, keywords, sign, body],
        )?;
    }
    // One segment: a term is looked up once.
    filling.execute_batch("INSERT INTO entries (entries) VALUES ('optimize')")?;
    filling.commit()?;
    Ok(connection)
}

fn find(connection: &Connection, expression: &str, limit: u32) -> rusqlite::Result<Vec<Hit>> {
    let mut select = connection.prepare_cached(
        "SELECT rowid, -bm25(entries, 6.0, 5.0, 3.0, 1.0) AS score FROM entries WHERE entries MATCH ? \
         ORDER BY score DESC LIMIT ?",
    )?;
    let hits = select.query_map(params![expression, limit], |row| {
        let place: i64 = row.get(0)?;
        Ok(usize::try_from(place).ok().zip(Some(row.get(1)?)))
    })?;
    let hits: Vec<Option<(usize, f64)>> = hits.collect::<rusqlite::Result<_>>()?;
    Ok(hits.into_iter().flatten().map(|(place, score)| Hit { place, score }).collect())
}
