//! Supervised tasks: the only place that starts one.
//!
//! A task that panics or ends before its time is named in the log and counted, and shutdown waits for all of
//! them. There are two kinds: *services* run until the shutdown token is cancelled, *connections* come and go.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts tasks and keeps account of them. Clones share the account.
#[derive(Clone, Debug, Default)]
pub struct Tasks(Arc<Account>);

#[derive(Debug, Default)]
struct Account {
    shutdown: CancellationToken,
    /// Cancelled when a service has panicked or ended before its time.
    failure: CancellationToken,
    tracker: TaskTracker,
    services: Mutex<Vec<&'static str>>,
    panics: AtomicU64,
    early_ends: AtomicU64,
}

impl Tasks {
    /// An empty account.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a service task: one that lives until the shutdown token is cancelled. A panic, or an end before
    /// the shutdown, is logged once with `name` and counted; it is not started again.
    pub fn spawn(&self, name: &'static str, service: impl Future<Output = ()> + Send + 'static) {
        self.0.services.lock().push(name);
        let account = Arc::clone(&self.0);
        self.start(AssertUnwindSafe(service).catch_unwind().map(move |end| {
            let mut services = account.services.lock();
            if let Some(at) = services.iter().position(|running| *running == name) {
                services.swap_remove(at);
            }
            drop(services);
            match end {
                Err(panic) => {
                    account.failure.cancel();
                    account.record_panic(name, &*panic);
                }
                Ok(()) if account.shutdown.is_cancelled() => {}
                Ok(()) => {
                    account.failure.cancel();
                    account.early_ends.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(task = name, "service task ended before the shutdown");
                }
            }
        }));
    }

    /// Starts a task that serves one connection and may end at any time. It costs the future itself plus a few
    /// words; a panic is logged with `name` and counted.
    pub fn spawn_connection(
        &self,
        name: &'static str,
        connection: impl Future<Output = ()> + Send + 'static,
    ) {
        let account = Arc::clone(&self.0);
        // Combinators and not an `async` block: a block keeps a second copy of the future that it captured.
        self.start(AssertUnwindSafe(connection).catch_unwind().map(move |end| {
            if let Err(panic) = end {
                account.record_panic(name, &*panic);
            }
        }));
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that may start a task")]
    fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.0.tracker.track_future(task));
    }

    /// The token that tells every task to finish. Cancelling it begins the shutdown.
    #[must_use]
    pub fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// The token that is cancelled when a service has died; the process should stop and be started anew.
    #[must_use]
    pub fn failure(&self) -> &CancellationToken {
        &self.0.failure
    }

    /// Begins the shutdown and waits until every task has ended, at most `timeout` of real time. `false`: some
    /// still run; the services among them are named in the log.
    pub async fn drain(&self, timeout: Duration) -> bool {
        self.0.shutdown.cancel();
        self.0.tracker.close();
        if tokio::time::timeout(timeout, self.0.tracker.wait()).await.is_ok() {
            return true;
        }
        let services = self.running_services();
        tracing::warn!(
            tasks = self.0.tracker.len(),
            ?services,
            "tasks still run after the shutdown time-out"
        );
        false
    }

    /// Names of the service tasks that run now, one entry for each.
    #[must_use]
    pub fn running_services(&self) -> Vec<&'static str> {
        self.0.services.lock().clone()
    }

    /// How many tasks of either kind have panicked.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.0.panics.load(Ordering::Relaxed)
    }

    /// How many service tasks have ended, without a panic, before the shutdown began.
    #[must_use]
    pub fn early_ends(&self) -> u64 {
        self.0.early_ends.load(Ordering::Relaxed)
    }
}

impl Account {
    fn record_panic(&self, name: &'static str, panic: &(dyn Any + Send)) {
        self.panics.fetch_add(1, Ordering::Relaxed);
        let message = (panic.downcast_ref::<&str>().copied())
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        tracing::error!(task = name, panic = message, "task panicked");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn services_and_connections_are_waited_for() {
        let tasks = Tasks::new();
        let token = tasks.shutdown().clone();
        tasks.spawn("listener", async move { token.cancelled().await });
        tasks.spawn_connection("client", async {});
        assert_eq!(tasks.running_services(), ["listener"]);
        assert!(tasks.drain(PATIENCE).await);
        assert!(tasks.shutdown().is_cancelled());
        assert_eq!((tasks.panics(), tasks.early_ends()), (0, 0));
        assert!(tasks.running_services().is_empty());
    }

    #[tokio::test]
    async fn panics_of_both_kinds_are_counted() {
        let tasks = Tasks::new();
        tasks.spawn("fragile", async { panic!("as meant by this test") });
        tasks.spawn_connection("client", async { panic!("as meant by test {}", 2) });
        assert!(tasks.drain(PATIENCE).await);
        assert_eq!((tasks.panics(), tasks.early_ends()), (2, 0));
        assert!(tasks.running_services().is_empty());
    }

    #[tokio::test]
    async fn a_service_that_ends_early_is_counted() {
        let tasks = Tasks::new();
        tasks.spawn("hasty", async {});
        while !tasks.running_services().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(tasks.drain(PATIENCE).await);
        assert_eq!((tasks.panics(), tasks.early_ends()), (0, 1));
    }

    #[tokio::test]
    async fn drain_gives_up_on_a_task_that_does_not_listen() {
        let tasks = Tasks::new();
        tasks.spawn("deaf", std::future::pending());
        assert!(!tasks.drain(Duration::from_millis(5)).await);
        assert_eq!(tasks.running_services(), ["deaf"]);
    }
}
