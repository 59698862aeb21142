//! The end of all sessions, when the server stops.

use std::sync::Arc;
use std::time::Duration;

use socketioxide::SocketIo;
use tokio::time::timeout;

use super::Parts;
use crate::domain::Error;
use crate::wire::Problem;

/// How long a client that is sent away gets to take the reason.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the clients are told.
pub(super) fn problem() -> Problem {
    let detail = "the server restarts; connect again and resume from the last cursor".to_owned();
    Problem { detail, ..Problem::from(&Error::Unavailable(None)) }
}

/// Waits for the shutdown, lets the sessions tell their clients, and disconnects everybody. The transports are closed and
/// not the namespace: clients come back by themselves only from that, each after a random time of its own.
pub(super) async fn run(io: SocketIo, parts: Arc<Parts>) {
    parts.tasks.shutdown().cancelled().await;
    parts.present.close();
    let _ = timeout(LAST_WORDS, parts.present.wait()).await;
    let _ = timeout(LAST_WORDS, io.close()).await;
    // Who takes nothing, or never joined the namespace.
    parts.flows.cut_all();
}
