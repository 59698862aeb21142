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

    /// Sets `tokens` aside for an answer, so that answers at the same time do not spend the same; nothing when the
    /// principal has nothing left.
    pub fn reserve(&self, principal: &Principal, tokens: u64) -> Option<Reserved<'_>> {
        let user = key(principal);
        self.today(|day| {
            let spent = day.by_user.entry(user).or_default();
            let left = *spent < self.tokens_per_day;
            left.then(|| {
                *spent = spent.saturating_add(tokens);
                Reserved { allowance: self, user, tokens, day: day.number, cost: 0 }
            })
        })
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

/// What is set aside for an answer. When it is dropped, however the answer ended, what it cost stays booked.
pub struct Reserved<'a> {
    allowance: &'a Allowance,
    user: (Tenant, Option<UserId>),
    tokens: u64,
    day: i64,
    cost: u64,
}

impl Reserved<'_> {
    /// What the answer has cost so far.
    pub fn cost(&mut self, usage: Usage) {
        self.cost = u64::from(usage.prompt_tokens) + u64::from(usage.completion_tokens);
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.allowance.today(|day| {
            let set_aside = if day.number == self.day { self.tokens } else { 0 };
            let spent = day.by_user.entry(self.user).or_default();
            *spent = spent.saturating_sub(set_aside).saturating_add(self.cost);
        });
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
        let mut first = allowance.reserve(&asker, 150).unwrap();
        assert!(allowance.reserve(&asker, 1).is_none(), "what is set aside is not there for others");
        first.cost(Usage { prompt_tokens: 90, completion_tokens: 0 });
        drop(first);
        let mut second = allowance.reserve(&asker, 150).expect("what was not needed came back");
        second.cost(Usage { prompt_tokens: 0, completion_tokens: 10 });
        drop(second);
        assert!(allowance.reserve(&asker, 1).is_none());
        clock.advance(std::time::Duration::from_secs(86_400));
        assert!(allowance.reserve(&asker, 1).is_some());
    }
}
