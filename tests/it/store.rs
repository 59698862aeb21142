//! The embedded store: the cases of every store, and what only a file can do.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use petstore::domain::event::Fact;
use petstore::domain::*;
use petstore::store::Store;
use petstore::store::faults::Faults;
use petstore::store::sqlite::{SqliteSettings, open};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use uuid::Uuid;

use super::store_cases::{self, Subject, at, pet, tenant};

fn settings(dir: &Path) -> SqliteSettings {
    SqliteSettings {
        data_dir: dir.join("data"),
        read_connections: 2,
        busy_timeout_ms: 5_000,
        cache_kib: 2_048,
        write_queue: 1_024,
        max_batch: 64,
    }
}

async fn start(dir: &Path) -> Result<Subject> {
    let faults = Faults::default();
    let published = Arc::new(Mutex::new(Vec::new()));
    let listener = published.clone();
    let committed = Box::new(move |events: Vec<Event>, _, _| listener.lock().extend(events));
    let store = open(settings(dir), faults.clone(), committed).await?;
    Ok(Subject { store, faults, published })
}

/// Why `dir` cannot be opened.
async fn refusal(dir: &Path) -> String {
    let Err(error) = start(dir).await else { panic!("it was opened") };
    assert_eq!(error.code(), "unavailable");
    std::error::Error::source(&error).unwrap().to_string()
}

async fn database(dir: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.join("data/petstore.db")).connect().await.unwrap()
}

async fn log(store: &Store, count: usize) {
    store
        .write(async move |w| {
            let pet = pet(tenant(), Species::Dog, 0);
            for _ in 0..count {
                w.append_event(EventId(Uuid::now_v7()), at(0), Fact::pet_created(&pet)).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_what_every_store_promises() {
    let dir = tempfile::tempdir().unwrap();
    let subject = start(dir.path()).await.unwrap();
    subject.store.read().ping().await.unwrap();
    assert!(!subject.store.read().has_users().await.unwrap());
    store_cases::run_all(subject.clone()).await;
    subject.store.close().await;
    let late = subject.store.write(async |w| w.dispatched().await).await;
    assert_eq!(late.unwrap_err().code(), "unavailable", "it is closed");
    assert!(subject.store.read().ping().await.is_err(), "it cannot write any more");
}

#[tokio::test]
async fn the_directory_belongs_to_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path()).await.unwrap();
    let reason = refusal(dir.path()).await;
    let data = dir.path().join("data").display().to_string();
    assert!(reason.contains(&data) && reason.contains("in use by another process"), "{reason}");
    first.store.close().await;
    drop(first);
    start(dir.path()).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_its_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let subject = start(dir.path()).await.unwrap();
    log(&subject.store, 1).await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let data = dir.path().join("data");
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn a_reopened_log_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let mut before = None;
    for round in 1..4 {
        let subject = start(dir.path()).await.unwrap();
        let bounds = subject.store.read().log_bounds().await.unwrap();
        assert!(before.is_none_or(|before| before == bounds));
        log(&subject.store, 3).await;
        let bounds = subject.store.read().log_bounds().await.unwrap();
        assert_eq!(bounds.head, Seq(3 * round));
        assert!(bounds.epoch.0 > 0 && i64::try_from(bounds.epoch.0).is_ok());
        before = Some(bounds);
        subject.store.close().await;
    }
    let elsewhere = start(other.path()).await.unwrap().store.read().log_bounds().await.unwrap();
    assert_ne!(Some(elsewhere.epoch), before.map(|bounds| bounds.epoch), "another database, another epoch");
}

#[tokio::test]
async fn what_is_no_database_of_this_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("data")).unwrap();
    let file = dir.path().join("data/petstore.db");
    std::fs::write(
        &file,
        "this is no database, but longer than the header of one would be, a hundred bytes or so......",
    )
    .unwrap();
    let reason = refusal(dir.path()).await;
    assert!(reason.contains("petstore.db") && reason.contains("not a database"), "{reason}");

    std::fs::remove_file(&file).unwrap();
    start(dir.path()).await.unwrap().store.close().await;
    let mut connection = database(dir.path()).await;
    sqlx::query("INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, TRUE, checksum, 0 FROM _sqlx_migrations LIMIT 1")
        .execute(&mut connection)
        .await
        .unwrap();
    let reason = refusal(dir.path()).await;
    assert!(reason.contains("newer version") && reason.contains("9999"), "{reason}");

    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 9999").execute(&mut connection).await.unwrap();
    sqlx::query("DELETE FROM meta").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let reason = refusal(dir.path()).await;
    assert!(reason.contains("meta"), "{reason}");

    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    let reason = refusal(dir.path()).await;
    assert!(reason.contains("petstore.db"), "{reason}");
    let _ = std::fs::remove_file(&file);
    std::fs::create_dir(&file).unwrap();
    assert!(refusal(dir.path()).await.contains("petstore.db"));
}

#[tokio::test]
async fn audit_rows_cannot_be_changed() {
    let dir = tempfile::tempdir().unwrap();
    let subject = start(dir.path()).await.unwrap();
    subject.store.close().await;
    let mut connection = database(dir.path()).await;
    let row = "INSERT INTO audit (id, tenant, created_at, action, channel) VALUES (x'01', x'02', 3, 'PET_CREATED', 'REST')";
    sqlx::query(row).execute(&mut connection).await.unwrap();
    for forbidden in ["UPDATE audit SET action = 'x'", "DELETE FROM audit"] {
        let error = sqlx::query(forbidden).execute(&mut connection).await.unwrap_err().to_string();
        assert!(error.contains("audit rows cannot be"), "{error}");
    }
}

/// A change is refused, not queued for ever, when more wait than the queue holds.
#[tokio::test]
async fn a_full_queue_refuses() {
    let dir = tempfile::tempdir().unwrap();
    let committed = Box::new(|_, _, _| ());
    let store = open(SqliteSettings { write_queue: 4, ..settings(dir.path()) }, Faults::default(), committed);
    let store = store.await.unwrap();
    let writes = (0..200).map(|_| store.write(async |w| w.release_leases().await));
    let outcomes = futures_util::future::join_all(writes).await;
    assert!(outcomes.iter().any(Result::is_ok) && outcomes.iter().any(Result::is_err));
    assert!(
        outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .all(|error| error.code() == "rate_limited")
    );
}
