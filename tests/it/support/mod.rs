//! What the tests stand on: a server, clients of every channel, a webhook receiver, the database as it is on disk.

pub mod api;
pub mod binary;
pub mod channel;
pub mod database;
pub mod graphql;
pub mod inbox;
pub mod inside;
pub mod model;
pub mod normal;
pub mod receiver;
pub mod server;
pub mod socketio;
pub mod sse;
pub mod story;
pub mod websocket;

use std::time::Duration;

pub use api::{Answer, Api, Refusal};
pub use channel::{Channel, Listener};
pub use database::Database;
pub use inbox::Envelope;
pub use receiver::Receiver;
pub use server::{Setup, TestServer};
pub use story::{Driver, Story};

/// How long a test waits for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// All topics of the store's own data.
pub const TOPICS: [&str; 4] = ["orders", "payments", "pets", "inventory"];

/// The output of `future`, which must come in time; `what` says what was waited for.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what}: nothing within {PATIENCE:?}"),
    }
}

/// Repeats `probe` until it finds something: for facts that no channel announces.
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}
