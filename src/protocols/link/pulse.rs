//! When a connection is pinged, and when it counts as gone.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::outbox::Outbox;

/// Time limits of a connection.
#[derive(Clone, Copy, Debug)]
pub struct PulseSettings {
    /// Time between pings.
    pub ping_interval: Duration,
    /// Longest silence after a ping before the other side counts as gone.
    pub pong_timeout: Duration,
    /// Longest time that the other side may take nothing of what waits for it.
    pub write_timeout: Duration,
}

/// Keeps the time of one connection.
pub struct Pulse {
    settings: PulseSettings,
    ping_at: Instant,
    /// When a ping was sent after which nothing has come yet.
    silent_since: Option<Instant>,
}

/// What has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Nothing,
    Ping,
    /// Nothing came after a ping.
    Silent,
    /// What waits was not taken for too long.
    Slow,
}

impl Pulse {
    /// Of a connection that begins now.
    pub fn new(settings: PulseSettings) -> Self {
        Self::with_first(settings, settings.ping_interval)
    }

    /// Of a connection on which the first ping is due in that time.
    pub fn with_first(settings: PulseSettings, first: Duration) -> Self {
        Self { settings, ping_at: together(Instant::now() + first, first), silent_since: None }
    }

    /// Notes that something came.
    pub fn heard(&mut self) {
        self.silent_since = None;
    }

    /// When to look again, at the latest.
    pub fn next(&self, outbox: &Outbox) -> Instant {
        // A stall that begins after this look is found at the next one, and ends on time.
        let stall = outbox.stalled().unwrap_or_else(Instant::now) + self.settings.write_timeout;
        let silence = self.silent_since.map(|since| since + self.settings.pong_timeout);
        silence.into_iter().fold(stall.min(self.ping_at), Instant::min)
    }

    /// What has to be done now.
    pub fn look(&mut self, outbox: &Outbox) -> Due {
        let now = Instant::now();
        if let Some(since) = outbox.stalled() {
            // It may not have seen the ping, so it need not answer; its time is that of the stall.
            self.silent_since = None;
            if now >= self.ping_at {
                self.ping_at = self.ping_after(now);
            }
            return if now >= since + self.settings.write_timeout { Due::Slow } else { Due::Nothing };
        }
        if self.silent_since.is_some_and(|since| now >= since + self.settings.pong_timeout) {
            return Due::Silent;
        }
        if now < self.ping_at {
            return Due::Nothing;
        }
        self.ping_at = self.ping_after(now);
        self.silent_since.get_or_insert(now);
        Due::Ping
    }

    fn ping_after(&self, now: Instant) -> Instant {
        together(now + self.settings.ping_interval, self.settings.ping_interval)
    }
}

/// The last moment up to `at` at which this process does what recurs after `interval`, earlier by a small part of it: to
/// wake up for one connection costs as much as for all those that are due at about the same time.
pub fn together(at: Instant, interval: Duration) -> Instant {
    /// Moments in an interval.
    const MOMENTS: u32 = 64;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let apart = (interval / MOMENTS).max(Duration::from_millis(1));
    let past = at.saturating_duration_since(*START).as_nanos() % apart.as_nanos();
    at - Duration::from_nanos(u64::try_from(past).unwrap_or(0))
}

/// Waits until the other side has taken nothing of what waits for it for `patience`.
pub async fn stalled(outbox: &Outbox, patience: Duration) {
    loop {
        let since = outbox.stalled();
        let now = Instant::now();
        match since {
            Some(since) if now >= since + patience => return,
            Some(since) => sleep_until(since + patience).await,
            // One that begins meanwhile is found in time.
            None => sleep_until(now + patience).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_recurs_is_done_together_and_never_too_late() {
        let interval = Duration::from_secs(64);
        // The first call sets the beginning.
        together(Instant::now(), interval);
        let start = Instant::now() + Duration::from_secs(1);
        let moments: std::collections::BTreeSet<Instant> = (0..5_000)
            .map(|number| {
                let at = start + Duration::from_millis(number);
                let moment = together(at, interval);
                assert!(moment <= at && at < moment + Duration::from_secs(1));
                moment
            })
            .collect();
        assert!(moments.len() <= 6, "in five seconds: {moments:?}");
        let moment = together(start, interval);
        assert_eq!(together(moment, interval), moment);
    }
}
