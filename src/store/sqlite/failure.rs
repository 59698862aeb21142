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

/// Whether only the statement was refused, by a constraint, and the transaction stands as before.
pub(super) fn is_refusal(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(SQLITE_CONSTRAINT)
}

/// The domain's word for `error`.
pub(super) fn failure(error: sqlx::Error) -> Error {
    if let Some(taken) = error.as_database_error().and_then(|database| taken(database.message())) {
        return taken;
    }
    match (&error, primary_code(&error)) {
        // Wrong SQL, a wrong value or a broken rule is our own fault; anything else (a full disk, a lock, a damaged
        // file) is the machine's and may pass.
        (_, Some(SQLITE_ERROR | SQLITE_CONSTRAINT | SQLITE_MISMATCH | SQLITE_MISUSE | SQLITE_RANGE)) => {
            Error::internal(error)
        }
        (_, Some(_)) => Error::unavailable(error),
        (
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed,
            _,
        ) => Error::unavailable(error),
        _ => Error::internal(error),
    }
}

/// The result code without its extension (<https://www.sqlite.org/rescode.html>).
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

const SQLITE_ERROR: i32 = 1;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_MISMATCH: i32 = 20;
const SQLITE_MISUSE: i32 = 21;
const SQLITE_RANGE: i32 = 25;
