//! When clients come back after a restart: each at a time of its own, told by the server.

use std::time::Duration;

use crate::clock::Ids;

/// The wait that clients are told, spread at random so that they do not all come at once.
#[derive(Clone)]
pub struct Comeback {
    ids: Ids,
    least: Duration,
    spread: Duration,
}

impl Comeback {
    /// Between `least` and `least` plus `spread`.
    pub fn new(ids: Ids, least: Duration, spread: Duration) -> Self {
        Self { ids, least, spread }
    }

    /// One client's wait, in milliseconds.
    pub fn draw_ms(&self) -> u128 {
        let random = u128::from(u64::from_be_bytes(self.ids.random_bytes::<8>()));
        self.least.as_millis() + random % (self.spread.as_millis() + 1)
    }
}
