//! What a failure of SQLite means to the store.

use crate::domain::Error;

/// What the violation of a unique index means. SQLite names an index on expressions, and the columns of any other.
fn taken(message: &str) -> Option<Error> {
    let place = message.strip_prefix("UNIQUE constraint failed: ")?;
    Some(match place {
        "index 'users_username_key'" => Error::Taken("username"),
        "index 'users_email_key'" => Error::Taken("email"),
        "orders.pet_id" => Error::PetInUse,
        "payments.order_id" => Error::AlreadyPaid,
        _ => return None,
    })
}

/// The domain's word for an error of a connection of the pool.
pub(super) fn of_pool(error: sqlx::Error) -> Error {
    let database = error.as_database_error();
    let code = database.and_then(|database| database.code()?.parse().ok());
    if let Some(taken) = database.and_then(|database| taken(database.message())) {
        return taken;
    }
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Error::unavailable(error),
        _ => by_code(code, error),
    }
}

/// The domain's word for an error of the connection that writes.
pub(super) fn of_writer(error: rusqlite::Error) -> Error {
    if let rusqlite::Error::SqliteFailure(_, Some(message)) = &error
        && let Some(taken) = taken(message)
    {
        return taken;
    }
    by_code(error.sqlite_error().map(|error| error.extended_code), error)
}

fn by_code(code: Option<i32>, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    // The result code without its extension (<https://www.sqlite.org/rescode.html>).
    match code.map(|code| code & 0xff) {
        // Wrong SQL, a wrong value or a broken rule is our own fault; anything else (a full disk, a lock, a damaged
        // file) is the machine's and may pass.
        None | Some(SQLITE_ERROR | SQLITE_CONSTRAINT | SQLITE_MISMATCH | SQLITE_MISUSE | SQLITE_RANGE) => {
            Error::internal(error)
        }
        Some(_) => Error::unavailable(error),
    }
}

const SQLITE_ERROR: i32 = 1;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_MISMATCH: i32 = 20;
const SQLITE_MISUSE: i32 = 21;
const SQLITE_RANGE: i32 = 25;
