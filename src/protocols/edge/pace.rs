//! How fast one connection may go: a bucket of its own, that is waited for instead of refused.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::limits::{Monotonic, Rate};
use crate::clock::Clock;

/// The pace of one connection.
pub struct Pace {
    limiter: RateLimiter<NotKeyed, InMemoryState, Monotonic, NoOpMiddleware<Nanos>>,
    clock: Clock,
}

impl Pace {
    /// A full bucket.
    pub fn new(rate: Rate, clock: Clock) -> Self {
        let quota = Quota::with_period(rate.period.max(Duration::from_nanos(1)))
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(rate.burst);
        Self { limiter: RateLimiter::direct_with_clock(quota, Monotonic(clock.clone())), clock }
    }

    /// Takes one step when that is allowed now; else says how long to wait.
    pub fn try_step(&self) -> Option<Duration> {
        let until = self.limiter.check().err()?;
        Some(until.wait_time_from(self.limiter.clock().now()))
    }

    /// Waits until one more may go. True when it had to wait.
    pub async fn step(&self) -> bool {
        let mut waited = false;
        while let Some(wait) = self.try_step() {
            waited = true;
            self.clock.sleep(wait).await;
        }
        waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_goes_at_once_and_the_next_one_waits() {
        let clock = Clock::manual(1_700_000_000_000);
        let burst = NonZeroU32::new(3).unwrap();
        let pace = Pace::new(Rate { period: Duration::from_secs(1), burst }, clock.clone());
        for _ in 0..3 {
            assert!(!pace.step().await);
        }
        let (waited, ()) = tokio::join!(pace.step(), async {
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(1));
        });
        assert!(waited);
    }
}
