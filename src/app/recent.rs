//! A map of bounded size that forgets what is oldest.

use std::collections::HashMap;
use std::hash::Hash;

/// Holds between `capacity / 2` and `capacity` of the newest entries: two generations, of which the older one is dropped
/// whole when the younger one is full, so that forgetting costs nothing.
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    pub fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), half: (capacity / 2).max(1) }
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        let old = self.old.remove(key);
        self.young.remove(key).or(old)
    }

    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    pub fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_forgets_the_oldest_and_never_grows() {
        let mut recent = Recent::new(10);
        for number in 0..1000 {
            recent.insert(number, number);
            assert!(recent.young.len() + recent.old.len() <= 10);
            assert!((number.max(4) - 4..=number).all(|newest| recent.get(&newest) == Some(&newest)));
        }
        assert_eq!(recent.get(&980), None);
        assert_eq!((recent.remove(&999), recent.get(&999)), (Some(999), None));
    }
}
