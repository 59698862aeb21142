//! Outgoing webhooks: every event reaches every endpoint that wants it at least once, or stands in the dead-letter list.
//!
//! Cast
//! - [`dispatcher`]: reads the event log from its stored cursor and writes a delivery row for each endpoint that wants an
//!   event, together with the new cursor.
//! - [`deliverer`]: claims due rows under a lease, sends them, and records each attempt with what follows from it.
//! - [`lane`]: each endpoint's queue of claimed deliveries and its share of the attempts at one time.
//! - [`jobs`]: sends again in bulk. [`matching`]: which endpoints want an event.
//! - [`exchange`]: one HTTP attempt. [`settlement`]: its result on the way to the table. [`schedule`]: when the next is due.
//! - [`signature`], [`Vault`], [`AddressGuard`]: how a delivery is signed, where secrets rest, where it may go.
//! - [`Doorbell`]: how the use cases are noticed.
//!
//! Guarantees
//! - **Nothing is lost.** Events are those of the log, in its order, from the stored cursor; what the hub's ring still holds
//!   of them is taken from there, which is what was committed, without a gap. Rows and cursor are one commit; a row
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
//! - **An endpoint that fails is spared, not forgotten**: its lane rests when the receiver asks for it or its circuit is
//!   open, and what is pending waits without using up its attempts; it is disabled, with an event, when it is gone or has
//!   failed for days.
//! - **No address but public ones is connected to**, judged after each resolution ([`address_guard`]).
//! - Memory is bounded: by the claimed rows (a multiple of `webhook.concurrency`) and the capped answers, whatever the
//!   backlog and whatever receivers answer.

mod address_guard;
mod callback;
mod deliverer;
mod dispatcher;
mod doorbell;
mod endpoint;
mod exchange;
mod jobs;
mod lane;
mod matching;
mod schedule;
mod settlement;
mod signature;
mod slot;
pub mod tools;
mod turn;
mod vault;

use std::sync::Arc;

use tokio::sync::watch;

use crate::bus::{Bells, Hub};
use crate::clock::{Clock, Ids};
use crate::config::WebhookSettings;
use crate::domain::Result;
use crate::store::Store;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

pub use address_guard::{AddressGuard, Allowed};
pub use doorbell::Doorbell;
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
    pub doorbell: Arc<Doorbell>,
    /// Rung for each endpoint that an attempt was recorded for.
    pub bells: Bells,
    /// The newest events.
    pub hub: Hub,
    /// The newest committed position, sent after each commit.
    pub committed: watch::Receiver<u64>,
}

/// Starts the dispatcher, the deliverer and the jobs: service tasks, which end with the shutdown.
///
/// # Errors
/// [`crate::domain::Error::Unavailable`] when the HTTP client cannot be built.
pub fn start(setup: &Setup) -> Result<()> {
    let sender = exchange::Sender::new(setup)?;
    let dispatcher = dispatcher::Dispatcher::new(setup, Arc::clone(&setup.doorbell));
    let deliverer = deliverer::Deliverer::new(setup, sender);
    let jobs = jobs::Jobs::new(setup);
    let shutdown = setup.tasks.shutdown();
    setup.tasks.spawn("webhook dispatcher", dispatcher.run(shutdown.clone()));
    setup.tasks.spawn("webhook deliverer", deliverer.run(shutdown.clone()));
    setup.tasks.spawn("webhook jobs", jobs.run(shutdown.clone()));
    Ok(())
}

#[cfg(test)]
mod tests;
