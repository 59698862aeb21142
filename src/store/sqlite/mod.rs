//! The embedded store: SQLite in a directory that belongs to one process at a time.
//!
//! WAL with `synchronous=FULL`: a commit is on disk when it returns (but for [`super::Store::write_unsynced`]), and
//! readers never wait for the writer. One connection writes ([`engine`], driven by [`crate::store::writer`]), a pool of
//! others reads ([`reads`]). The SQL of a resource is in the file of its name, once, for both sides; [`link`] sends it.

mod answers;
mod attempts;
mod audit;
mod batches;
mod callbacks;
mod chat;
mod deliveries;
mod engine;
mod events;
mod failure;
mod inbound;
pub mod knowledge;
mod link;
mod list;
mod nested;
mod oauth;
mod orders;
mod payments;
mod pet_images;
mod pet_list;
mod pets;
mod reads;
mod redeliveries;
mod row;
mod stats;
mod tallies;
mod tokens;
mod totals;
mod users;
mod webhook_traits;
mod webhooks;
mod writes;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::domain::{Error, Result};
use crate::store::faults::Faults;
use crate::store::writer::{Committed, Writer, WriterLimits};
use crate::store::{LogBounds, Store};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

const DATABASE: &str = "petstore.db";
const LOCK: &str = "petstore.lock";

/// Prepared strings that a connection keeps; the use cases make a few dozen ([`link`]).
const STATEMENT_CACHE: usize = 256;
/// Pages of the write-ahead log (4 KiB each) after which they are copied into the database.
const CHECKPOINT_PAGES: u32 = 4096;
/// What is left of the write-ahead log's file after a checkpoint, bytes.
const JOURNAL_LIMIT_BYTES: u32 = 64 * 1024 * 1024;

/// Where the database is, and its limits.
#[derive(Clone, Debug)]
pub struct SqliteSettings {
    /// Made with mode 0700 when it does not exist.
    pub data_dir: PathBuf,
    /// Connections that read.
    pub read_connections: u32,
    /// How long a statement waits for a lock, and a call for a connection that reads, milliseconds.
    pub busy_timeout_ms: u64,
    /// Page cache of each connection, KiB.
    pub cache_kib: u64,
    /// Changes that may wait for the writer.
    pub write_queue: usize,
    /// Changes that may share one commit.
    pub max_batch: usize,
}

/// Held by both sides of the store: the lock ends with the last of them.
type DirectoryLock = Arc<File>;

/// Opens the database in `settings.data_dir`, makes it when there is none, and starts its writer.
///
/// # Errors
/// [`Error::Unavailable`] whose cause names the directory or file: when another process has it open, when it cannot be
/// made or read, when it is damaged or no database, and when a newer version wrote it.
pub async fn open(settings: SqliteSettings, faults: Faults, committed: Committed) -> Result<Store> {
    let dir = &settings.data_dir;
    let lock = lock(dir)?;
    let file = dir.join(DATABASE);
    private_file(&file).map_err(|error| refused(&file, &error))?;
    let (connection, bounds) = connect(&settings, &file).await.map_err(|error| refused(&file, &error))?;

    let engine_lock = Arc::clone(&lock);
    let limits = WriterLimits { queue: settings.write_queue, batch: settings.max_batch };
    let totals = Arc::new(totals::Totals::default());
    let engine_totals = Arc::clone(&totals);
    let engine = move || engine::SqliteEngine::new(connection, bounds, faults, engine_totals, engine_lock);
    let writer = Writer::start(engine, limits, committed)?;
    let pool = SqlitePoolOptions::new()
        .max_connections(settings.read_connections)
        .acquire_timeout(Duration::from_millis(settings.busy_timeout_ms))
        // A local file does not go away, and asking for it costs two thread switches.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options(&settings, &file).read_only(true))
        .await
        .map_err(|error| refused(&file, &error))?;
    let reads = reads::SqliteReads::new(pool, bounds.epoch, writer.clone(), totals, lock);
    Ok(Store::new(Arc::new(reads), writer))
}

/// Makes the directory and locks it against other processes.
fn lock(dir: &Path) -> Result<DirectoryLock> {
    private_dir(dir).map_err(|error| refused(dir, &error))?;
    let path = dir.join(LOCK);
    let file = private_file(&path).map_err(|error| refused(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Arc::new(file)),
        Err(TryLockError::WouldBlock) => Err(Error::unavailable(format!(
            "the data directory {} is in use by another process",
            dir.display()
        ))),
        Err(TryLockError::Error(error)) => Err(refused(&path, &error)),
    }
}

fn private_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Opens a file, or makes it so that nobody else can read it; SQLite gives its other files the mode of the database.
fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn options(settings: &SqliteSettings, file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .busy_timeout(Duration::from_millis(settings.busy_timeout_ms))
        .pragma("cache_size", format!("-{}", settings.cache_kib))
        .pragma("temp_store", "memory")
        .statement_cache_capacity(STATEMENT_CACHE)
        .thread_name(|number| format!("store-sqlite-{number}"))
        .disable_statement_logging()
}

/// The connection that writes, on a database of this version, and where its log stands.
async fn connect(
    settings: &SqliteSettings,
    file: &Path,
) -> Result<(rusqlite::Connection, LogBounds), OpenError> {
    let options = options(settings, file).journal_mode(SqliteJournalMode::Wal);
    let mut migrating = options.connect().await?;
    MIGRATIONS.run_direct(None, &mut migrating, false).await?;
    migrating.close().await?;
    let mut connection = rusqlite::Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_millis(settings.busy_timeout_ms))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // Plans do not depend on the values that are bound: else SQLite prepares some statements anew for each execution. So
    // what the condition of a partial index asks for must stand in the statement.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(&format!(
        "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = memory; \
         PRAGMA cache_size = -{}; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; \
         PRAGMA journal_size_limit = {JOURNAL_LIMIT_BYTES};",
        settings.cache_kib
    ))?;
    // The log is read here first; a page that is damaged shows before anything is answered.
    let bounds = events::bounds(&mut link::Link::writer(
        &mut connection,
        &Faults::default(),
        &mut link::Done::default(),
    ))
    .await?;
    Ok((connection, bounds))
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error(
        "it was written by a newer version of petstore (migration {0}); run that version, or another directory"
    )]
    Newer(i64),
    #[error("it cannot be brought to this version: {0}")]
    Migration(#[source] MigrateError),
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    Writer(#[from] rusqlite::Error),
    #[error("its log cannot be read: {}", std::error::Error::source(.0).map_or_else(String::new, ToString::to_string))]
    Log(#[from] Error),
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer(version),
            other => Self::Migration(other),
        }
    }
}

fn refused(path: &Path, error: &dyn std::error::Error) -> Error {
    Error::unavailable(format!("{} cannot be opened: {error}", path.display()))
}
