//! The full-text index of the knowledge base: SQLite's FTS5 in memory, apart from the store's own database.
//!
//! It holds terms, not texts: who asks and who writes have gone through the same list of words and the same stemmer
//! before they come here, so that the tokenizer has nothing left to decide.

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::domain::{Error, Result};

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

/// The index.
#[derive(Clone)]
pub struct KnowledgeIndex(SqlitePool);

impl KnowledgeIndex {
    /// Builds the index.
    ///
    /// # Errors
    /// [`Error::Internal`] when SQLite refuses.
    pub async fn build(documents: &[Document]) -> Result<Self> {
        let options = SqliteConnectOptions::new().in_memory(true);
        let pool = SqlitePoolOptions::new()
            // A database in memory belongs to its connection; a query takes a fraction of a millisecond.
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(Error::internal)?;
        sqlx::query("CREATE VIRTUAL TABLE entries USING fts5 (title, keywords, sign, body, content='')")
            .execute(&pool)
            .await
            .map_err(Error::internal)?;
        for (place, document) in documents.iter().enumerate() {
            sqlx::query("INSERT INTO entries (rowid, title, keywords, sign, body) VALUES (?, ?, ?, ?, ?)")
                .bind(i64::try_from(place).map_err(Error::internal)?)
                .bind(&document.title)
                .bind(&document.keywords)
                .bind(&document.sign)
                .bind(&document.body)
                .execute(&pool)
                .await
                .map_err(Error::internal)?;
        }
        Ok(Self(pool))
    }

    /// The best `limit` entries that have any of `terms`.
    ///
    /// # Errors
    /// [`Error::Internal`] when SQLite refuses.
    pub async fn search(&self, terms: &[String], limit: u32) -> Result<Vec<Hit>> {
        // Terms are letters and digits: in quotation marks none is an operator.
        let quoted: Vec<String> = terms.iter().map(|term| format!("\"{}\"", term.replace('"', ""))).collect();
        if quoted.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(
            "SELECT rowid, -bm25(entries, 6.0, 5.0, 3.0, 1.0) AS score FROM entries WHERE entries MATCH ? \
             ORDER BY score DESC LIMIT ?",
        )
        .bind(quoted.join(" OR "))
        .bind(limit)
        .fetch_all(&self.0)
        .await
        .map_err(Error::internal)?;
        rows.iter()
            .map(|row| {
                let place: i64 = row.try_get(0).map_err(Error::internal)?;
                let place = usize::try_from(place).map_err(Error::internal)?;
                Ok(Hit { place, score: row.try_get(1).map_err(Error::internal)? })
            })
            .collect()
    }
}
