//! How much and how often somebody may write, whichever the protocol.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::domain::{Error, Principal, Result, Tenant, UserId};

/// Writers that are remembered before those who are quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// Limits of conversations.
#[derive(Clone, Copy, Debug)]
pub struct ChatLimits {
    /// Longest message, in characters.
    pub max_message_chars: usize,
    /// Messages of one user in a minute; as many may come at once.
    pub messages_per_minute: u32,
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
    writers: DefaultKeyedRateLimiter<(Tenant, UserId)>,
}

impl Moderation {
    /// With these limits.
    pub fn new(limits: ChatLimits) -> Self {
        let each = NonZeroU32::new(limits.messages_per_minute).unwrap_or(NonZeroU32::MIN);
        Self { limits, writers: RateLimiter::keyed(Quota::per_minute(each)) }
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
        let Some(user) = principal.user_id() else { return Ok(()) };
        if self.writers.len() > REMEMBERED {
            self.writers.retain_recent();
        }
        self.writers.check_key(&(principal.tenant, user)).map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            let retry_after_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            Error::RateLimited { limit: "chat.messages_per_minute", retry_after_s }
        })
    }
}
