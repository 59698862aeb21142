//! The database as it is on disk, read past the store.

use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};

/// A read-only connection.
pub struct Database(SqliteConnection);

/// An event as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    pub seq: i64,
    /// As on the wire.
    pub event_id: String,
    pub event_type: String,
    pub collection: String,
    pub tenant: uuid::Uuid,
    pub owner: Option<uuid::Uuid>,
    pub resource: Option<uuid::Uuid>,
}

/// An audit row.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    pub action: String,
    pub user_id: Option<uuid::Uuid>,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub before: Value,
    pub after: Value,
    pub channel: String,
}

impl Database {
    /// Opens the one database in `dir`.
    pub async fn open(dir: &Path) -> Self {
        let file = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|extension| extension == "db"))
            .expect("a database file");
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        Self(options.connect().await.unwrap())
    }

    async fn rows(&mut self, sql: String) -> Vec<SqliteRow> {
        sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut self.0).await.unwrap()
    }

    /// The one number that `sql` asks for.
    pub async fn number(&mut self, sql: &str) -> i64 {
        self.rows(sql.to_owned()).await[0].get(0)
    }

    /// The texts that `sql` asks for.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        self.rows(sql.to_owned()).await.iter().map(|row| row.get(0)).collect()
    }

    /// The newest position of the log.
    pub async fn head(&mut self) -> i64 {
        self.number("SELECT max(coalesce((SELECT max(seq) FROM events), 0), floor) FROM meta").await
    }

    /// The log after `seq`.
    pub async fn events(&mut self, seq: i64) -> Vec<Logged> {
        let sql = "SELECT seq, id, type, collection, tenant, owner, resource FROM events WHERE seq >";
        let rows = self.rows(format!("{sql} {seq} ORDER BY seq")).await;
        let read = |row: &SqliteRow| Logged {
            seq: row.get("seq"),
            event_id: format!("evt_{}", row.get::<uuid::Uuid, _>("id")),
            event_type: row.get("type"),
            collection: row.get("collection"),
            tenant: row.get("tenant"),
            owner: row.get("owner"),
            resource: row.get("resource"),
        };
        rows.iter().map(read).collect()
    }

    /// How many audit rows there are.
    pub async fn audit_count(&mut self) -> i64 {
        self.number("SELECT count(*) FROM audit").await
    }

    /// The audit rows after the first `skip`, in their order.
    pub async fn audit(&mut self, skip: i64) -> Vec<Audit> {
        let rows = self.rows(format!("SELECT * FROM audit ORDER BY id LIMIT -1 OFFSET {skip}")).await;
        let json = |row: &SqliteRow, name: &str| {
            let text: Option<String> = row.get(name);
            text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
        };
        let read = |row: &SqliteRow| Audit {
            action: row.get("action"),
            user_id: row.get("user_id"),
            entity_type: row.get("entity_type"),
            entity_id: row.get("entity_id"),
            before: json(row, "before"),
            after: json(row, "after"),
            channel: row.get("channel"),
        };
        rows.iter().map(read).collect()
    }

    /// Everything in every table, as text: one line for each row. How far the dispatcher has read is left out: it
    /// follows the log by itself.
    pub async fn dump(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let tables =
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let tables = self.texts(tables).await;
        assert!(tables.len() > 10, "{tables:?}");
        for table in tables {
            let columns = self
                .texts(&format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> 'dispatched'"))
                .await;
            let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
            let row = quoted.join(" || ',' || ");
            let rows = self.texts(&format!("SELECT {row} FROM \"{table}\" ORDER BY 1")).await;
            lines.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
        }
        lines
    }

    /// The log has no hole, and its end is where the newest event is.
    pub async fn assert_contiguous(&mut self) {
        let gaps = "SELECT count(*) FROM events a WHERE seq > (SELECT min(seq) FROM events) \
                    AND NOT EXISTS (SELECT 1 FROM events b WHERE b.seq = a.seq - 1)";
        assert_eq!(self.number(gaps).await, 0, "the log has holes");
    }

    /// Whether the dispatcher has noted that it read the log to its end. When nobody wants what it read, it does so only
    /// after a quiet time.
    pub async fn is_dispatched(&mut self) -> bool {
        let behind =
            "SELECT count(*) FROM meta WHERE dispatched < coalesce((SELECT max(seq) FROM events), 0)";
        self.number(behind).await == 0
    }

    /// Whether no delivery is due or under way.
    pub async fn is_settled(&mut self, now_ms: i64) -> bool {
        let due = "SELECT count(*) FROM deliveries JOIN webhook_endpoints e ON e.id = endpoint_id \
                   WHERE status = 'PENDING' AND e.enabled AND NOT e.paused";
        // What rests by its receiver's wish, or behind an open circuit, is at rest.
        let due = format!("{due} AND next_attempt_at <= {now_ms} AND ifnull(hold_until, 0) <= {now_ms}");
        self.number(&due).await == 0 && self.leased().await == 0
    }

    /// Deliveries whose attempt has begun and has no result.
    pub async fn leased(&mut self) -> i64 {
        self.number("SELECT count(*) FROM deliveries WHERE lease_until IS NOT NULL").await
    }
}
