//! Injected time and identifiers.
//!
//! Everything that asks for the time, waits for it, or makes an id is handed a [`Clock`] or [`Ids`], so that a
//! test can hold time still and move it. This is the one module that reads the wall clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;
use uuid::{ContextV7, Timestamp, Uuid};

/// The longest that a sleeper trusts its timer before it looks at the wall clock again, so that a jump of the
/// clock (NTP step, suspended machine) makes it at most this late.
const RECHECK: Duration = Duration::from_secs(30);

/// The time of day, real or set by a test. Clones share the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// With how far the time of day has been ahead of the monotonic clock at most, milliseconds.
    System(Arc<AtomicI64>),
    Manual(Arc<watch::Sender<i64>>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System(Arc::new(AtomicI64::new(i64::MIN))))
    }

    /// A clock that stands at `start_ms` (Unix milliseconds) until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start_ms: i64) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start_ms))))
    }

    /// Moves a manual clock forward and wakes the sleepers whose time has come. A system clock takes no orders:
    /// there it does nothing.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|now_ms| *now_ms = now_ms.saturating_add(ceil_ms(by)));
        }
    }

    /// Unix time in milliseconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that may read the wall clock")]
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Source::Manual(time) => *time.borrow(),
            Source::System(_) => match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
                Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
                Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
            },
        }
    }

    /// Unix time in milliseconds that never goes back while the process runs: when the clock is set back, it goes on from
    /// where it was. For waits that are written down as a time of day.
    #[must_use]
    pub fn steady_ms(&self) -> i64 {
        match &self.0 {
            Source::Manual(time) => *time.borrow(),
            Source::System(ahead) => {
                let monotonic_ms = i64::try_from(self.monotonic().as_millis()).unwrap_or(i64::MAX);
                steady(ahead, self.now_ms(), monotonic_ms)
            }
        }
    }

    /// Time since some moment of this process, on a clock that never goes back: for what is measured while the time of
    /// day may be set.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads clocks")]
    pub fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            Source::Manual(time) => Duration::from_millis(time.borrow().unsigned_abs()),
            Source::System(_) => START.elapsed(),
        }
    }

    /// Waits until the clock shows `deadline_ms` (Unix milliseconds) or later.
    pub async fn sleep_until(&self, deadline_ms: i64) {
        match &self.0 {
            Source::Manual(time) => wait_for(time, deadline_ms).await,
            Source::System(_) => loop {
                let left_ms = deadline_ms.saturating_sub(self.now_ms());
                if left_ms <= 0 {
                    return;
                }
                let left = Duration::from_millis(left_ms.unsigned_abs());
                tokio::time::sleep(left.min(RECHECK)).await;
            },
        }
    }

    /// Waits until [`Clock::steady_ms`] is `deadline_ms` or later, as far as the clock is not set forward meanwhile.
    pub async fn sleep_until_steady(&self, deadline_ms: i64) {
        let left_ms = deadline_ms.saturating_sub(self.steady_ms()).max(0);
        self.sleep(Duration::from_millis(left_ms.unsigned_abs())).await;
    }

    /// Waits for a span of time. On the system clock it is measured monotonically: a jump of the wall clock
    /// neither shortens nor lengthens it.
    pub async fn sleep(&self, span: Duration) {
        match &self.0 {
            Source::Manual(time) => {
                let deadline_ms = self.now_ms().saturating_add(ceil_ms(span));
                wait_for(time, deadline_ms).await;
            }
            Source::System(_) => tokio::time::sleep(span).await,
        }
    }
}

fn steady(ahead: &AtomicI64, now_ms: i64, monotonic_ms: i64) -> i64 {
    let ahead_ms = now_ms.saturating_sub(monotonic_ms);
    monotonic_ms.saturating_add(ahead.fetch_max(ahead_ms, Ordering::Relaxed).max(ahead_ms))
}

async fn wait_for(time: &watch::Sender<i64>, deadline_ms: i64) {
    // The sender is alive for as long as this borrow is, so the channel cannot be closed here.
    let _ = time.subscribe().wait_for(|now_ms| *now_ms >= deadline_ms).await;
}

/// Rounds up, so that nobody wakes before the time that was asked for.
fn ceil_ms(span: Duration) -> i64 {
    i64::try_from(span.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

/// Source of identifiers and secrets. Clones share one sequence.
#[derive(Clone, Debug)]
pub struct Ids {
    clock: Clock,
    sequence: Arc<Mutex<ContextV7>>,
}

impl Ids {
    /// Ids that carry the time of `clock`.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, sequence: Arc::new(Mutex::new(ContextV7::new())) }
    }

    /// A UUID version 7 (RFC 9562 §5.7), greater than every one made before by this value or its clones, also
    /// when the clock stands still or goes back.
    #[must_use]
    pub fn uuid_v7(&self) -> Uuid {
        // RFC 9562 has no time before 1970.
        let now_ms = self.clock.now_ms().max(0).unsigned_abs();
        let nanos = u32::try_from(now_ms % 1_000).unwrap_or_default() * 1_000_000;
        let sequence = self.sequence.lock();
        Uuid::new_v7(Timestamp::from_unix(&*sequence, now_ms / 1_000, nanos))
    }

    /// Bytes from the operating system's random source, fit for secrets.
    ///
    /// # Panics
    /// When the random source fails: no secret may be made from predictable bytes.
    #[must_use]
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        use aws_lc_rs::rand::{SecureRandom, SystemRandom};
        let mut bytes = [0; N];
        let filled = SystemRandom::new().fill(&mut bytes);
        assert!(filled.is_ok(), "the random source of the operating system failed");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_time_goes_on_when_the_clock_is_set_back() {
        let ahead = AtomicI64::new(i64::MIN);
        let told = [(1_000, 0), (1_500, 500), (500, 600), (700, 800), (5_000, 900), (4_000, 1_000)];
        let steady: Vec<i64> = told.iter().map(|(wall, mono)| steady(&ahead, *wall, *mono)).collect();
        assert_eq!(steady, [1_000, 1_500, 1_600, 1_800, 5_000, 5_100]);
        assert!(Clock::system().steady_ms() >= Clock::system().now_ms() - 1_000);
        assert_eq!(Clock::manual(7).steady_ms(), 7);
    }
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    const START_MS: i64 = 1_700_000_000_000;

    fn is_ready(future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
        future.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn manual_clock_moves_only_when_told() {
        let clock = Clock::manual(START_MS);
        assert_eq!(clock.now_ms(), START_MS);
        clock.clone().advance(Duration::from_secs(2));
        assert_eq!(clock.now_ms(), START_MS + 2_000);
        Clock::system().advance(Duration::from_secs(1));
    }

    #[test]
    fn manual_sleepers_wake_when_their_time_has_come() {
        let clock = Clock::manual(START_MS);
        let mut short = std::pin::pin!(clock.sleep(Duration::from_micros(1_500)));
        let mut long = std::pin::pin!(clock.sleep_until(START_MS + 60_000));
        assert!(!is_ready(short.as_mut()) && !is_ready(long.as_mut()));
        clock.advance(Duration::from_millis(1));
        assert!(!is_ready(short.as_mut()), "1.5 ms must not end after 1 ms");
        clock.advance(Duration::from_millis(1));
        assert!(is_ready(short) && !is_ready(long.as_mut()));
        clock.advance(Duration::from_hours(1));
        assert!(is_ready(long));
        assert!(is_ready(std::pin::pin!(clock.sleep_until(0))), "the past is not waited for");
    }

    #[tokio::test]
    async fn manual_advance_wakes_a_waiting_task() {
        let clock = Clock::manual(START_MS);
        let sleep = clock.sleep(Duration::from_hours(24));
        let ((), ()) = tokio::join!(sleep, async { clock.advance(Duration::from_hours(24)) });
        assert_eq!(clock.now_ms(), START_MS + 86_400_000);
    }

    #[tokio::test]
    async fn system_clock_sleeps_and_shows_a_believable_time() {
        let clock = Clock::system();
        let before_ms = clock.now_ms();
        assert!(before_ms > START_MS);
        clock.sleep_until(before_ms + 3).await;
        assert!(clock.now_ms() >= before_ms + 3);
        clock.sleep(Duration::from_millis(1)).await;
    }

    #[test]
    fn uuids_rise_while_the_clock_stands_still_and_carry_its_time() {
        let clock = Clock::manual(START_MS);
        let ids = Ids::new(clock.clone());
        let made: Vec<Uuid> = (0..2_000).map(|_| ids.clone().uuid_v7()).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        assert_eq!(made[0].get_version_num(), 7);
        let (seconds, nanos) = made[0].get_timestamp().unwrap().to_unix();
        assert_eq!(seconds * 1_000 + u64::from(nanos) / 1_000_000, START_MS.unsigned_abs());
        clock.advance(Duration::from_secs(1));
        assert!(ids.uuid_v7() > made[1_999]);
    }

    #[test]
    fn random_bytes_differ() {
        let ids = Ids::new(Clock::system());
        assert_ne!(ids.random_bytes::<32>(), ids.random_bytes::<32>());
    }
}
