//! The seed's source of chance: small, and the same on every machine and in every run.

use std::ops::RangeInclusive;

use uuid::{Builder, Uuid};

use crate::domain::Timestamp;

/// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). Written here
/// and not taken from a crate, because a crate may change its sequence, and the demo store must not change with it.
/// Never for secrets.
pub(super) struct Random(u64);

impl Random {
    /// The sequence of that number. Each part of the seed has its own, so that a new breed does not rename the users.
    pub const fn new(sequence: u64) -> Self {
        Self(sequence)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `count`; zero when that is zero.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.next()) * count as u128) >> 64) as usize
    }

    /// Within `range`; its start when it is empty.
    pub fn within(&mut self, range: RangeInclusive<i64>) -> i64 {
        let (start, end) = range.into_inner();
        let count = end.saturating_sub(start).saturating_add(1).max(1);
        start + self.below(count as usize) as i64
    }

    /// Within `range`, more often near its start.
    pub fn early(&mut self, range: RangeInclusive<i64>) -> i64 {
        self.within(range.clone()).min(self.within(range))
    }

    /// True `percent` times of a hundred.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent as usize
    }

    /// One of `items`, which are not none.
    pub fn pick<'a, T: ?Sized>(&mut self, items: &'a [&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    /// Puts `items` into another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// A UUID version 7 (RFC 9562 §5.7) that was made `at` that time.
    pub fn uuid_v7(&mut self, at: Timestamp) -> Uuid {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes()[..2]);
        Builder::from_unix_timestamp_millis(at.as_ms().unsigned_abs(), &bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_sequence() {
        let mut random = Random::new(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([random.next(), random.next(), random.next()], expected);
    }

    #[test]
    fn stays_in_its_bounds() {
        let mut random = Random::new(1);
        assert!((0..10_000).all(|_| (-3..=3).contains(&random.within(-3..=3))));
        assert!((0..7).all(|value| (0..1_000).any(|_| random.below(7) == value)));
        assert_eq!((random.within(5..=5), random.below(1), random.below(0)), (5, 0, 0));
        assert_eq!((random.chance(0), random.chance(100)), (false, true));
    }

    #[test]
    fn an_id_carries_its_time() {
        let at = Timestamp::from_ms(1_767_225_600_123);
        let id = Random::new(1).uuid_v7(at);
        assert_eq!(id.get_version_num(), 7);
        let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
        assert_eq!(seconds * 1000 + u64::from(nanos) / 1_000_000, at.as_ms().unsigned_abs());
        assert_eq!(id, Random::new(1).uuid_v7(at));
    }
}
