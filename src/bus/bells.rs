//! Wakes those who follow the deliveries of a webhook endpoint. A bell only says that there may be something to read: what
//! happened is in the table, so who sleeps through it loses nothing.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::domain::EndpointId;

/// One bell for each endpoint that somebody follows in this process; clones share them.
#[derive(Clone, Default)]
pub struct Bells(Arc<Mutex<HashMap<EndpointId, watch::Sender<()>>>>);

impl Bells {
    /// The bell of an endpoint, as heard from now on.
    pub fn listen(&self, endpoint: EndpointId) -> watch::Receiver<()> {
        let mut bells = self.0.lock();
        // A look at the others now and then costs less than a task that waits for listeners to leave.
        bells.retain(|_, bell| bell.receiver_count() > 0);
        bells.entry(endpoint).or_default().subscribe()
    }

    /// Wakes those who follow the endpoint. To be called after the commit.
    pub fn ring(&self, endpoint: EndpointId) {
        if let Some(bell) = self.0.lock().get(&endpoint) {
            bell.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_those_who_follow_are_woken_and_nothing_stays_behind() {
        let (bells, endpoint) = (Bells::default(), |number| EndpointId(Uuid::from_u128(number)));
        bells.ring(endpoint(1));
        let (first, other) = (bells.listen(endpoint(1)), bells.listen(endpoint(2)));
        bells.ring(endpoint(1));
        bells.ring(endpoint(1));
        assert!(first.has_changed().unwrap() && !other.has_changed().unwrap());
        drop((first, other));
        let _third = bells.listen(endpoint(3));
        assert_eq!(bells.0.lock().len(), 1);
    }
}
