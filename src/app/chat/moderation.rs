//! How much and how often somebody may write, whichever the protocol.

use std::time::Duration;

use parking_lot::Mutex;

use super::super::recent::Recent;
use crate::clock::Clock;
use crate::domain::{Error, Principal, Result, Tenant, UserId};

/// Writers that are remembered at most; who was quiet for longest is forgotten.
const REMEMBERED: usize = 20_000;
const MINUTE_S: f64 = 60.0;

/// Limits of conversations.
#[derive(Clone, Copy, Debug)]
pub struct ChatLimits {
    /// Longest message, in characters.
    pub max_message_chars: usize,
    /// Messages of one user in a minute; as many may come at once.
    pub messages_per_minute: u32,
    /// Receipts, typing, calls and comings of one user in a minute; as many may come at once.
    pub signs_per_minute: u32,
    /// Most conversations of one user.
    pub max_rooms: u64,
    /// Most pictures of one conversation.
    pub max_pictures: u64,
    /// Largest picture, in bytes.
    pub max_picture_bytes: usize,
}

/// Watches over what is written.
pub struct Moderation {
    limits: ChatLimits,
    clock: Clock,
    messages: Buckets,
    signs: Buckets,
}

impl Moderation {
    /// With these limits.
    pub fn new(limits: ChatLimits, clock: Clock) -> Self {
        let messages = Buckets::new("chat.messages_per_minute", limits.messages_per_minute);
        let signs = Buckets::new("chat.signs_per_minute", limits.signs_per_minute);
        Self { limits, clock, messages, signs }
    }

    /// The limits.
    pub fn limits(&self) -> &ChatLimits {
        &self.limits
    }

    /// Counts one message of the principal.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when too many came in the last minute.
    pub fn admit(&self, principal: &Principal) -> Result<()> {
        self.messages.admit(key(principal), self.clock.monotonic())
    }

    /// Counts what is no message but is told or written: a receipt, typing, a call.
    ///
    /// # Errors
    /// As [`Moderation::admit`].
    pub fn admit_sign(&self, principal: &Principal) -> Result<()> {
        self.signs.admit(key(principal), self.clock.monotonic())
    }
}

fn key(principal: &Principal) -> Option<(Tenant, UserId)> {
    principal.user_id().map(|user| (principal.tenant, user))
}

/// A bucket for each writer, which fills up evenly in a minute.
struct Buckets {
    limit: &'static str,
    size: f64,
    writers: Mutex<Recent<(Tenant, UserId), Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    seen: Duration,
}

impl Buckets {
    fn new(limit: &'static str, per_minute: u32) -> Self {
        Self { limit, size: f64::from(per_minute.max(1)), writers: Mutex::new(Recent::new(REMEMBERED)) }
    }

    fn admit(&self, writer: Option<(Tenant, UserId)>, now: Duration) -> Result<()> {
        let Some(key) = writer else { return Ok(()) };
        let mut writers = self.writers.lock();
        let known = writers.remove(&key).unwrap_or(Bucket { left: self.size, seen: now });
        let filled = now.saturating_sub(known.seen).as_secs_f64() * self.size / MINUTE_S;
        let left = (known.left + filled).min(self.size);
        let taken = left >= 1.0;
        writers.insert(key, Bucket { left: if taken { left - 1.0 } else { left }, seen: now });
        if taken {
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - left) * MINUTE_S / self.size);
        let retry_after_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        Err(Error::RateLimited { limit: self.limit, retry_after_s })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_up_by_the_clock_that_is_given() {
        let buckets = Buckets::new("chat.messages_per_minute", 2);
        let writer = Some((Tenant::PUBLIC, UserId(uuid::Uuid::from_u128(7))));
        let admitted = |at_s: u64| buckets.admit(writer, Duration::from_secs(at_s)).is_ok();
        assert_eq!([0, 0, 0, 29, 30, 31, 60].map(admitted), [true, true, false, false, true, false, true]);
    }
}
