//! When a delivery is tried again, and when it is given up.

use crate::config::WebhookSettings;
use crate::domain::Timestamp;
use crate::store::Verdict;

/// Status codes whose `Retry-After` is honoured.
const SLOW_DOWN: [u16; 2] = [429, 503];

/// The waits before each attempt.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    waits_ms: Vec<i64>,
    jitter_percent: i64,
}

/// What an attempt told about the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    /// The attempt's number in its schedule, from 1.
    pub number: u32,
    /// How long the receiver asked to wait, in milliseconds.
    pub retry_after_ms: Option<i64>,
}

impl Schedule {
    /// From the `[webhook]` section.
    pub fn new(settings: &WebhookSettings) -> Self {
        let to_ms = |wait_s: &u64| i64::try_from(wait_s.saturating_mul(1000)).unwrap_or(i64::MAX);
        Self {
            waits_ms: settings.retry_schedule_s.iter().map(to_ms).collect(),
            jitter_percent: settings.retry_jitter_percent.into(),
        }
    }

    /// The longest wait of a delivery, or of a lane whose receiver has asked for time.
    pub fn longest_ms(&self) -> i64 {
        let longest_ms = self.waits_ms.iter().copied().max().unwrap_or(0);
        longest_ms.saturating_add(longest_ms.saturating_mul(self.jitter_percent) / 100)
    }

    /// When an event that is dispatched now is first sent.
    pub fn first(&self, now: Timestamp) -> Timestamp {
        now.plus_ms(self.waits_ms.first().copied().unwrap_or(0))
    }

    /// What follows from a failure at `now`; `random` spreads the waits evenly over ± the configured share, so that
    /// deliveries that failed together do not come back together. A receiver that asked for more time gets it, up to
    /// the longest wait of the schedule.
    pub fn after(&self, failure: Failure, now: Timestamp, random: u32) -> Verdict {
        let Some(wait_ms) = usize::try_from(failure.number).ok().and_then(|at| self.waits_ms.get(at)) else {
            return Verdict::Dead;
        };
        let reach_ms = wait_ms.saturating_mul(self.jitter_percent) / 100;
        let spread_ms = i128::from(reach_ms) * 2 * i128::from(random) / i128::from(u32::MAX);
        let jittered_ms = wait_ms - reach_ms + i64::try_from(spread_ms).unwrap_or(0);
        let longest_ms = self.waits_ms.iter().copied().max().unwrap_or(0);
        let asked_ms = failure.retry_after_ms.unwrap_or(0).min(longest_ms);
        Verdict::Retry { at: now.plus_ms(jittered_ms.max(asked_ms)) }
    }

    /// How long a lane rests after an answer with this status: what the receiver asked for, up to the longest wait; else,
    /// when it said that it gets too much, as long as a first retry waits.
    pub fn rest_ms(&self, status: Option<u16>, retry_after_ms: Option<i64>) -> Option<i64> {
        if !status.is_some_and(|status| SLOW_DOWN.contains(&status)) {
            return None;
        }
        let longest_ms = self.waits_ms.iter().copied().max().unwrap_or(0);
        let first_ms = self.waits_ms.get(1).copied().unwrap_or(0);
        Some(retry_after_ms.map_or(first_ms, |asked_ms| asked_ms.min(longest_ms)))
    }
}

/// The wait in milliseconds that a `Retry-After` header (RFC 9110 §10.2.3, seconds or a date) of an answer with this
/// status asks for; nothing when the status is not one that may ask, or the header says neither.
pub(super) fn retry_after_ms(status: u16, header: &str, now: Timestamp) -> Option<i64> {
    if !SLOW_DOWN.contains(&status) {
        return None;
    }
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit ask for longer than any schedule waits.
        return Some(header.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1000));
    }
    let at = httpdate::parse_http_date(header).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(i64::try_from(at.as_millis()).ok()?.saturating_sub(now.as_ms()).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_ms(1_700_000_000_000)
    }

    fn schedule() -> Schedule {
        Schedule { waits_ms: vec![0, 5_000, 60_000, 30_000], jitter_percent: 20 }
    }

    fn wait_ms(number: u32, retry_after_ms: Option<i64>, random: u32) -> Option<i64> {
        match schedule().after(Failure { number, retry_after_ms }, now(), random) {
            Verdict::Retry { at } => Some(at.as_ms() - now().as_ms()),
            _ => None,
        }
    }

    #[test]
    fn waits_as_scheduled_within_the_jitter_then_gives_up() {
        for (number, wait) in [(1, 5_000), (2, 60_000), (3, 30_000)] {
            assert_eq!(wait_ms(number, None, 0), Some(wait - wait / 5));
            assert_eq!(wait_ms(number, None, u32::MAX), Some(wait + wait / 5));
            let middle = wait_ms(number, None, u32::MAX / 2).unwrap();
            assert!((wait - 1..=wait).contains(&middle), "{middle}");
        }
        assert_eq!(wait_ms(4, None, 0), None);
        assert_eq!(wait_ms(u32::MAX, None, 0), None);
        assert_eq!(schedule().first(now()), now());
    }

    #[test]
    fn a_receiver_gets_the_time_it_asks_for_up_to_the_longest_wait() {
        assert_eq!(wait_ms(1, Some(40_000), 0), Some(40_000));
        assert_eq!(wait_ms(1, Some(1_000), 0), Some(4_000), "never earlier than scheduled");
        assert_eq!(wait_ms(1, Some(i64::MAX), 0), Some(60_000));
        assert_eq!(wait_ms(4, Some(1_000), 0), None);
    }

    #[test]
    fn a_lane_rests_when_its_receiver_asks_for_it() {
        let schedule = schedule();
        assert_eq!(schedule.rest_ms(Some(429), Some(40_000)), Some(40_000));
        assert_eq!(schedule.rest_ms(Some(503), Some(i64::MAX)), Some(60_000));
        assert_eq!(schedule.rest_ms(Some(429), None), Some(5_000));
        assert_eq!((schedule.rest_ms(Some(500), None), schedule.rest_ms(None, None)), (None, None));
    }

    #[test]
    fn reads_both_forms_of_retry_after() {
        let now = Timestamp::parse("2015-10-21T07:27:00Z").unwrap();
        let read = |header| retry_after_ms(429, header, now);
        assert_eq!(read("120"), Some(120_000));
        assert_eq!(read(" 0 "), Some(0));
        assert_eq!(read("99999999999999999999"), Some(i64::MAX));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(60_000));
        assert_eq!(read("Wed, 21 Oct 2015 07:26:00 GMT"), Some(0));
        for bad in ["", "soon", "-1", "1.5", "+3"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(retry_after_ms(503, "1", now), Some(1_000));
        assert_eq!(retry_after_ms(500, "1", now), None);
    }
}
