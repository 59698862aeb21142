//! The slot of an attempt that is under way.

use tokio::sync::mpsc;

use super::exchange::{Exchange, Sender};
use crate::store::ClaimedDelivery;

/// The end of an attempt.
pub(super) struct Report {
    pub claimed: ClaimedDelivery,
    /// Nothing when its task broke off: the lease will end, and the delivery be claimed anew.
    pub exchange: Option<Exchange>,
}

/// A slot that an attempt holds: however the attempt ends, the loop hears of it.
pub(super) struct Slot {
    reports: mpsc::Sender<Report>,
    claimed: Option<ClaimedDelivery>,
}

impl Slot {
    /// That reports the end of the attempt to `reports`.
    pub fn new(reports: mpsc::Sender<Report>, claimed: ClaimedDelivery) -> Self {
        Self { reports, claimed: Some(claimed) }
    }

    /// Makes the attempt.
    pub async fn fill(mut self, sender: &Sender) {
        if let Some(claimed) = &self.claimed {
            let exchange = sender.send(claimed).await;
            self.report(Some(exchange));
        }
    }

    fn report(&mut self, exchange: Option<Exchange>) {
        if let Some(claimed) = self.claimed.take() {
            // Refused only when the loop has ended, and then nobody waits for the slot.
            let _ = self.reports.try_send(Report { claimed, exchange });
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.report(None);
    }
}
