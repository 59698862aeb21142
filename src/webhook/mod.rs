//! Outgoing webhooks: every event reaches every endpoint that wants it at least once, or stands in the dead-letter list.
//!
//! Cast
//! - [`dispatcher`]: reads the event log from its stored cursor and writes a delivery row for each endpoint that wants an
//!   event, together with the new cursor.
//! - [`deliverer`]: claims due rows under a lease, sends them, and records each attempt with what follows from it.
//! - [`lane`]: each endpoint's queue of claimed deliveries and its share of the attempts at one time.
//! - [`exchange`]: one HTTP attempt. [`settlement`]: its result on the way to the table. [`schedule`]: when the next is due.
//! - [`signature`], [`Vault`], [`AddressGuard`]: how a delivery is signed, where secrets rest, where it may go.
//!
//! Guarantees
//! - **Nothing is lost.** Events are read from the log, not handed over in memory; rows and cursor are one commit; a row
//!   is pending until its success or its death is on disk. Notifications only wake: without any, all of it happens at
//!   the next look, a few seconds later.
//! - **What was recorded is not sent again.** After a crash only attempts whose result was not on disk are made again,
//!   `webhook.concurrency` of them at most. Every result names its claim, so one that comes after its lease ended
//!   changes nothing.
//! - **An endpoint gets the events that were made after it**, while it is enabled: each once (the row of an event and an
//!   endpoint is unique), with one event id over all attempts.
//! - **In the order of the log while the receiver keeps up.** A delivery that failed comes later than its successors,
//!   and a receiver with a backlog gets several at a time ([`lane`]).
//! - **A slow or dead endpoint delays no other**: each has its own lane and a bounded share of the slots.
//! - **No address but public ones is connected to**, judged after each resolution ([`address_guard`]).
//! - Memory is bounded: by the claimed rows (a multiple of `webhook.concurrency`) and the capped answers, whatever the
//!   backlog and whatever receivers answer.

mod address_guard;
mod callback;
mod deliverer;
mod dispatcher;
mod endpoint;
mod exchange;
mod lane;
mod schedule;
mod settlement;
mod signature;
mod vault;

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::clock::{Clock, Ids};
use crate::config::WebhookSettings;
use crate::domain::Result;
use crate::store::Store;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

pub use address_guard::{AddressGuard, Allowed};
pub use endpoint::EndpointDesk;
pub use vault::Vault;

/// What webhooks work with.
pub struct Setup {
    pub store: Store,
    pub clock: Clock,
    pub ids: Ids,
    pub tasks: Tasks,
    /// Counts attempts by outcome: `succeeded`, `retried`, `dead`, `refused_address`, `claim_lost`.
    pub metrics: Metrics,
    pub settings: WebhookSettings,
    pub guard: AddressGuard,
    pub vault: Arc<Vault>,
    /// The newest committed position, sent after each commit.
    pub committed: watch::Receiver<u64>,
}

/// The running webhooks: two service tasks, which end with the shutdown.
#[derive(Clone)]
pub struct Webhooks {
    wake: Arc<Notify>,
}

impl Webhooks {
    /// Starts the dispatcher and the deliverer.
    ///
    /// # Errors
    /// [`crate::domain::Error::Unavailable`] when the HTTP client cannot be built.
    pub fn start(setup: Setup) -> Result<Self> {
        let sender = exchange::Sender::new(&setup)?;
        let wake = Arc::new(Notify::new());
        let dispatcher = dispatcher::Dispatcher::new(&setup, Arc::clone(&wake));
        let deliverer = deliverer::Deliverer::new(&setup, sender, Arc::clone(&wake));
        let shutdown = setup.tasks.shutdown();
        setup.tasks.spawn("webhook dispatcher", dispatcher.run(shutdown.clone()));
        setup.tasks.spawn("webhook deliverer", deliverer.run(shutdown.clone()));
        Ok(Self { wake })
    }

    /// Looks for due deliveries now, as after an endpoint was enabled again; without it they wait for the next look.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

#[cfg(test)]
mod tests;
