//! How many pets a filter lets through, remembered until the tenant's pets change.
//!
//! Filters that the stock does not answer are counted by looking at every entry of an index. Pages of one list are asked
//! for one after the other, and what buyers do to pets, their status, matters to few filters.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::list::name_of;
use crate::domain::Tenant;
use crate::domain::pet::PetFilter;

/// Tenants share a counter of changes with others of the same remainder: a needless count, never a wrong one.
const COUNTERS: usize = 1024;
/// Filters that are remembered at a time.
const MAX_KNOWN: usize = 4096;

/// Counters of changes to a tenant's pets.
#[derive(Default)]
struct Changes {
    /// Pets that came, went, or were described anew.
    pets: AtomicU64,
    /// Pets whose status alone changed.
    statuses: AtomicU64,
}

/// What was counted, and what would make it untrue.
pub(super) struct Totals {
    changes: Vec<Changes>,
    known: Mutex<HashMap<(Tenant, PetFilter), (u64, u64)>>,
}

impl Default for Totals {
    fn default() -> Self {
        let changes = std::iter::repeat_with(Changes::default).take(COUNTERS).collect();
        Self { changes, known: Mutex::default() }
    }
}

impl Totals {
    fn of(&self, tenant: Tenant) -> Option<&Changes> {
        self.changes.get(usize::try_from(name_of(&tenant)).unwrap_or_default() % COUNTERS)
    }

    /// A commit changed pets of the tenant, or nothing but their status.
    pub fn changed(&self, tenant: Tenant, status_only: bool) {
        if let Some(changes) = self.of(tenant) {
            let counter = if status_only { &changes.statuses } else { &changes.pets };
            counter.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The state of the tenant's pets as far as `filter` looks at it; to be asked for before they are counted.
    pub fn version(&self, tenant: Tenant, filter: &PetFilter) -> u64 {
        self.of(tenant).map_or(0, |changes| {
            let statuses = if filter.status.is_empty() { 0 } else { changes.statuses.load(Ordering::SeqCst) };
            changes.pets.load(Ordering::SeqCst) + statuses
        })
    }

    /// What was counted in that state.
    pub fn find(&self, key: &(Tenant, PetFilter), version: u64) -> Option<u64> {
        self.known.lock().get(key).filter(|(then, _)| *then == version).map(|(_, total)| *total)
    }

    /// Remembers what was counted.
    pub fn remember(&self, key: (Tenant, PetFilter), version: u64, total: u64) {
        let mut known = self.known.lock();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(key, (version, total));
    }
}
