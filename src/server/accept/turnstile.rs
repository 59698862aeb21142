//! How fast connections are accepted.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How much of a second's connections may come at once.
const BURST: u32 = 5;

/// Lets so many connections in each second; a fifth of them at once after a pause (GCRA).
pub(super) struct Turnstile {
    /// The time that one connection takes of the rate.
    period: Duration,
    tolerance: Duration,
    /// When the connections so far will have used up their time.
    due: Instant,
}

impl Turnstile {
    pub fn new(per_s: u32) -> Self {
        let period = Duration::from_secs(1) / per_s.max(1);
        Self { period, tolerance: period * (per_s / BURST).max(1), due: Instant::now() }
    }

    /// Waits until one more may come in. True when it had to wait.
    pub async fn pass(&mut self) -> bool {
        let from = self.next(Instant::now());
        if let Some(from) = from {
            sleep_until(from).await;
        }
        from.is_some()
    }

    /// Counts one more; when it may come in, if that is not now.
    fn next(&mut self, now: Instant) -> Option<Instant> {
        self.due = self.due.max(now) + self.period;
        self.due.checked_sub(self.tolerance).filter(|from| *from > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_a_second_comes_at_once_and_the_rest_in_its_time() {
        let mut turnstile = Turnstile::new(100);
        let began = Instant::now();
        let waits: Vec<_> = (0..120).map(|_| turnstile.next(began)).collect();
        assert!(waits[..20].iter().all(Option::is_none));
        let last = waits[119].unwrap() - began;
        assert!((Duration::from_millis(990)..=Duration::from_millis(1010)).contains(&last), "{last:?}");
        let later = began + Duration::from_secs(10);
        assert!(
            (0..20).all(|_| turnstile.next(later).is_none()),
            "a pause fills it again, and no more than that"
        );
        assert!(turnstile.next(later).is_some());
    }
}
