//! Places for answers at the same time: so many in all, and so many for each user, so that none takes them all.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::{Principal, Tenant, UserId};

type Key = (Tenant, Option<UserId>);

/// The places.
pub struct Slots {
    all: Arc<Semaphore>,
    each: usize,
    users: Arc<Mutex<HashMap<Key, Arc<Semaphore>>>>,
}

/// A place that is taken until this is dropped.
pub struct Slot {
    users: Arc<Mutex<HashMap<Key, Arc<Semaphore>>>>,
    key: Key,
    own: Option<OwnedSemaphorePermit>,
    of_all: Option<OwnedSemaphorePermit>,
}

impl Slots {
    /// So many in all, and of those so many for each user.
    pub fn new(all: usize, each: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), each, users: Arc::default() }
    }

    /// Waits for a place; nothing when there will be none any more.
    pub async fn take(&self, principal: &Principal) -> Option<Slot> {
        self.take_for((principal.tenant, principal.user_id())).await
    }

    async fn take_for(&self, key: Key) -> Option<Slot> {
        let own = self.users.lock().entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.each))).clone();
        // Before it waits, so that who gives up waiting is forgotten, too.
        let mut slot = Slot { users: self.users.clone(), key, own: None, of_all: None };
        slot.own = Some(own.acquire_owned().await.ok()?);
        slot.of_all = Some(self.all.clone().acquire_owned().await.ok()?);
        Some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut users = self.users.lock();
        (self.own, self.of_all) = (None, None);
        // Only the table has it: nobody holds a place or waits for one.
        if users.get(&self.key).is_some_and(|own| Arc::strong_count(own) == 1) {
            users.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn no_user_takes_all_places() {
        let slots = Slots::new(3, 2);
        let key = |number| (Tenant::PUBLIC, Some(UserId(uuid::Uuid::from_u128(number))));
        let moment = Duration::from_millis(20);
        let held = [slots.take_for(key(1)).await, slots.take_for(key(1)).await];
        assert!(timeout(moment, slots.take_for(key(1))).await.is_err());
        let other = timeout(moment, slots.take_for(key(2))).await.unwrap();
        assert!(timeout(moment, slots.take_for(key(3))).await.is_err());
        drop((held, other));
        assert!(timeout(moment, slots.take_for(key(3))).await.is_ok());
        assert!(slots.users.lock().is_empty());
    }
}
