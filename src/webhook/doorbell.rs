//! How the use cases make themselves noticed: what they changed is in the table, this only says where to look.

use std::collections::HashSet;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::EndpointId;

/// Rung after a commit, or when what is to be found stands in the queue of the writer.
#[derive(Debug, Default)]
pub struct Doorbell {
    deliverer: Notify,
    jobs: Notify,
    /// Endpoints whose lanes must be read anew; bounded by the endpoints that there are.
    changed: Mutex<HashSet<EndpointId>>,
}

impl Doorbell {
    /// There may be deliveries that are due.
    pub fn ring(&self) {
        self.deliverer.notify_one();
    }

    /// `endpoint`, its deliveries or its jobs have changed.
    pub fn ring_for(&self, endpoint: EndpointId) {
        self.changed.lock().insert(endpoint);
        self.deliverer.notify_one();
        self.jobs.notify_one();
    }

    /// Waits until it was rung for the deliverer, which is one task.
    pub(super) async fn rung(&self) {
        self.deliverer.notified().await;
    }

    /// Waits until it was rung for the jobs, which are one task.
    pub(super) async fn rung_for_jobs(&self) {
        self.jobs.notified().await;
    }

    /// The endpoints that changed since the last time.
    pub(super) fn take_changed(&self) -> HashSet<EndpointId> {
        std::mem::take(&mut self.changed.lock())
    }
}
