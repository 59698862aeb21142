//! The door: who guessed wrong too often waits, by account and by address; the lock opens by itself.
//!
//! Kept in memory and bounded. A flood of made-up names can push an account's count out only after as many password
//! hashes as there are places: 290 a second for as long as the lock of 15 minutes lasts.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

use super::recent::Recent;
use crate::domain::{Error, Result, Timestamp};

/// Accounts, and addresses, that are remembered.
const PLACES: usize = 262_144;
/// Audit rows about failed logins in a minute; whoever is not let in must not fill the disk either.
const ROWS_PER_MINUTE: u32 = 60;

/// How often may be guessed.
#[derive(Clone, Copy, Debug)]
pub struct GuardSettings {
    /// Failures of one account before it is locked.
    pub per_account: u32,
    /// Failures from one address before it is locked.
    pub per_address: u32,
    /// How long a lock lasts after the last failure, and how long a failure counts, seconds.
    pub lock_s: u64,
}

/// Who tries to get in.
pub(super) struct Attempt {
    /// Hash of the account's id, or of the name when there is no such account; nothing for a code that is guessed.
    pub account: Option<[u8; 32]>,
    pub address: Option<IpAddr>,
}

/// What a failure is to the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// One of many.
    Counted,
    /// The first in a while.
    First,
    /// The one that locked the door.
    Locked,
}

/// Counts failures; clones share the counts.
#[derive(Clone)]
pub struct Guard(Arc<(GuardSettings, Mutex<Counts>)>);

struct Counts {
    accounts: Recent<[u8; 32], Failures>,
    addresses: Recent<IpAddr, Failures>,
    rows: Failures,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Guard {
    /// With nothing counted.
    pub fn new(settings: GuardSettings) -> Self {
        let rows = Failures { count: 0, last: Timestamp::from_ms(0) };
        let counts = Counts { accounts: Recent::new(PLACES), addresses: Recent::new(PLACES), rows };
        Self(Arc::new((settings, Mutex::new(counts))))
    }

    /// Whether it may be tried now.
    ///
    /// # Errors
    /// [`Error::RateLimited`] with how long to wait.
    pub(super) fn check(&self, attempt: &Attempt, now: Timestamp) -> Result<()> {
        let (settings, counts) = (&self.0.0, self.0.1.lock());
        let account = attempt.account.and_then(|account| counts.accounts.get(&account).copied());
        let address = attempt.address.and_then(|address| counts.addresses.get(&network(address)).copied());
        let limits = [
            ("auth.login_failures_per_account", account, settings.per_account),
            ("auth.login_failures_per_address", address, settings.per_address),
        ];
        for (limit, failures, max) in limits {
            if let Some(failures) = failures.filter(|failures| failures.count >= max)
                && let left_ms @ 1.. = self.ends(failures).as_ms().saturating_sub(now.as_ms())
            {
                let retry_after_s = u32::try_from(left_ms.unsigned_abs().div_ceil(1000)).unwrap_or(u32::MAX);
                return Err(Error::RateLimited { limit, retry_after_s });
            }
        }
        Ok(())
    }

    /// It was tried in vain.
    pub(super) fn failed(&self, attempt: &Attempt, now: Timestamp) -> Noted {
        let settings = self.0.0;
        let mut guard = self.0.1.lock();
        let Counts { accounts, addresses, rows } = &mut *guard;
        let next = |known: Option<&Failures>| match known {
            Some(known) if self.ends(*known) > now => {
                Failures { count: known.count.saturating_add(1), last: now }
            }
            _ => Failures { count: 1, last: now },
        };
        let mut noted = Noted::Counted;
        let mut note = |count: u32, max: u32| {
            if count == max {
                noted = Noted::Locked;
            } else if count == 1 && noted == Noted::Counted {
                noted = Noted::First;
            }
        };
        if let Some(address) = attempt.address.map(network) {
            let failures = next(addresses.get(&address));
            addresses.insert(address, failures);
            note(failures.count, settings.per_address);
        }
        if let Some(account) = attempt.account {
            let failures = next(accounts.get(&account));
            accounts.insert(account, failures);
            note(failures.count, settings.per_account);
        }
        if noted != Noted::Counted {
            let minute_over = now.as_ms().saturating_sub(rows.last.as_ms()) >= 60_000;
            *rows = if minute_over {
                Failures { count: 1, last: now }
            } else {
                Failures { count: rows.count + 1, ..*rows }
            };
            if rows.count > ROWS_PER_MINUTE {
                return Noted::Counted;
            }
        }
        noted
    }

    /// It was right: the account begins anew, the address does not.
    pub(super) fn succeeded(&self, attempt: &Attempt) {
        if let Some(account) = attempt.account {
            self.0.1.lock().accounts.remove(&account);
        }
    }

    fn ends(&self, failures: Failures) -> Timestamp {
        failures.last.plus_ms(super::logins::seconds(self.0.0.lock_s))
    }
}

/// An IPv6 network is one user's as a whole.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK_MS: i64 = 900_000;

    fn guard() -> Guard {
        Guard::new(GuardSettings { per_account: 3, per_address: 5, lock_s: 900 })
    }

    fn attempt(account: u8, address: u8) -> Attempt {
        Attempt { account: Some([account; 32]), address: Some([192, 0, 2, address].into()) }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(1_790_000_000_000 + ms)
    }

    #[test]
    fn an_account_locks_and_opens_by_time() {
        let guard = guard();
        let noted: Vec<Noted> = (0..3).map(|i| guard.failed(&attempt(1, i), at(0))).collect();
        assert_eq!(noted, [Noted::First, Noted::First, Noted::Locked], "each address for the first time");
        let refused = guard.check(&attempt(1, 9), at(1)).unwrap_err();
        assert!(matches!(refused, Error::RateLimited { retry_after_s: 900, .. }), "{refused}");
        assert!(guard.check(&attempt(2, 9), at(1)).is_ok());
        assert!(guard.check(&attempt(1, 9), at(LOCK_MS)).is_ok());
        assert_eq!(guard.failed(&attempt(1, 0), at(LOCK_MS)), Noted::First);
    }

    #[test]
    fn an_address_locks_for_every_account() {
        let guard = guard();
        (0..5).for_each(|i| _ = guard.failed(&attempt(i, 1), at(0)));
        assert!(guard.check(&attempt(9, 1), at(1)).is_err());
        assert!(guard.check(&attempt(9, 2), at(1)).is_ok());
        let v6 = |text: &str| Attempt { account: None, address: Some(text.parse().unwrap()) };
        (0..5).for_each(|i| _ = guard.failed(&v6(&format!("2001:db8:0:1::{i}")), at(0)));
        assert!(guard.check(&v6("2001:db8:0:1:ffff::"), at(1)).is_err(), "one network");
    }

    #[test]
    fn a_success_forgives_the_account() {
        let guard = guard();
        (0..2).for_each(|i| _ = guard.failed(&attempt(1, i), at(0)));
        guard.succeeded(&attempt(1, 0));
        guard.failed(&attempt(1, 3), at(0));
        assert!(guard.check(&attempt(1, 4), at(1)).is_ok());
    }

    #[test]
    fn a_flood_of_names_is_noted_a_bounded_number_of_times() {
        let guard = guard();
        let name = |i: u32| {
            let mut account = [0; 32];
            account[..4].copy_from_slice(&i.to_be_bytes());
            Attempt { account: Some(account), address: Some(IpAddr::from(i.to_be_bytes())) }
        };
        let noted = (0..200_000).filter(|&i| guard.failed(&name(i), at(0)) != Noted::Counted).count();
        assert_eq!(noted, ROWS_PER_MINUTE as usize);
        assert_eq!(guard.failed(&name(200_001), at(60_000)), Noted::First);
    }
}
