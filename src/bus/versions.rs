//! How recent what one knows of something is: the position of the newest event about it.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::Seq;
use crate::domain::event::Key;

/// Keys share this many places, so memory is bounded whatever there is in the store.
const PLACES: usize = 8192;

/// The newest position of the events of every key, or a later one: keys that share a place make each other look newer,
/// never older.
pub(super) struct Versions {
    places: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Versions {
    pub fn new() -> Self {
        Self { places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(), hasher: RandomState::new() }
    }

    /// Notes an event of `key`.
    pub fn raise(&self, key: &Key, seq: Seq) {
        self.place(key).fetch_max(seq.0, Ordering::Release);
    }

    /// At least the position of the newest event of `key` that was published.
    pub fn of(&self, key: &Key) -> Seq {
        Seq(self.place(key).load(Ordering::Acquire))
    }

    fn place(&self, key: &Key) -> &AtomicU64 {
        let mut hasher = self.hasher.build_hasher();
        std::hash::Hash::hash(key, &mut hasher);
        // The remainder is below the length, which fits.
        &self.places[(hasher.finish() % PLACES as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Tenant;
    use crate::domain::event::Collection;

    #[test]
    fn a_key_is_as_new_as_its_newest_event() {
        let versions = Versions::new();
        let key = Key::Collection(Tenant::PUBLIC, Collection::Pets);
        assert_eq!(versions.of(&key), Seq(0));
        versions.raise(&key, Seq(7));
        versions.raise(&key, Seq(3));
        assert_eq!(versions.of(&key), Seq(7));
    }
}
