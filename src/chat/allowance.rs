//! How much of a paid service each user may use in a day.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::Usage;
use crate::clock::Clock;
use crate::domain::{Principal, Tenant, UserId};

const DAY_MS: i64 = 86_400_000;

/// Tokens of a day, by user; kept in memory, so that a restart forgives.
pub struct Allowance {
    clock: Clock,
    tokens_per_day: u64,
    spent: Mutex<Day>,
}

#[derive(Default)]
struct Day {
    number: i64,
    by_user: HashMap<(Tenant, Option<UserId>), u64>,
}

impl Allowance {
    /// So many tokens for each user and day.
    pub fn new(clock: Clock, tokens_per_day: u64) -> Self {
        Self { clock, tokens_per_day, spent: Mutex::default() }
    }

    /// Whether the principal has anything left.
    pub fn is_left(&self, principal: &Principal) -> bool {
        self.today(|day| day.by_user.get(&key(principal)).copied().unwrap_or(0) < self.tokens_per_day)
    }

    /// Books what an answer cost.
    pub fn spend(&self, principal: &Principal, usage: Usage) {
        let cost = u64::from(usage.prompt_tokens) + u64::from(usage.completion_tokens);
        self.today(|day| *day.by_user.entry(key(principal)).or_default() += cost);
    }

    fn today<T>(&self, look: impl FnOnce(&mut Day) -> T) -> T {
        let number = self.clock.now_ms().div_euclid(DAY_MS);
        let mut day = self.spent.lock();
        if day.number != number {
            *day = Day { number, by_user: HashMap::new() };
        }
        look(&mut day)
    }
}

fn key(principal: &Principal) -> (Tenant, Option<UserId>) {
    (principal.tenant, principal.user_id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_ends_and_begins_anew_with_the_day() {
        let clock = Clock::manual(DAY_MS * 20_000);
        let allowance = Allowance::new(clock.clone(), 100);
        let asker = Principal::anonymous(Tenant::PUBLIC);
        assert!(allowance.is_left(&asker));
        allowance.spend(&asker, Usage { prompt_tokens: 90, completion_tokens: 10 });
        assert!(!allowance.is_left(&asker));
        clock.advance(std::time::Duration::from_secs(86_400));
        assert!(allowance.is_left(&asker));
    }
}
