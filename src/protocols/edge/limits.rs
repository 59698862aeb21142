//! Rate limits: each user, and each address of those who are nobody, has a bucket for each class of requests, which
//! fills at a steady rate up to a burst (GCRA). The limiter is a library; ours are the keys, the table, the headers.
//!
//! The table has a fixed number of places and each key one of them, by a hash that nobody outside can know. So memory
//! is bounded whatever comes, nothing is ever swept, and a check is one atomic exchange; the price is that two keys
//! share a bucket as often as they share a place.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::domain::{Error, Result, UserId};
use crate::protocols::http::{PeerAddr, network};

/// What a request counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Reads,
    Writes,
    /// What shows or makes credentials; by address, whoever it is for.
    Logins,
}

/// The rate and the burst of a class.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The time in which the bucket fills by one.
    pub period: Duration,
    /// What a full bucket holds.
    pub burst: NonZeroU32,
}

/// The rates, and the size of the table.
#[derive(Clone, Copy, Debug)]
pub struct RateLimitSettings {
    pub reads: Rate,
    pub writes: Rate,
    pub logins: Rate,
    /// Places of the table of each class.
    pub slots: usize,
}

/// The buckets of every class.
pub struct RateLimits {
    reads: Buckets,
    writes: Buckets,
    logins: Buckets,
    hasher: RandomState,
}

type Limiter = RateLimiter<usize, Slots, Monotonic, StateInformationMiddleware>;

/// The buckets of one class.
struct Buckets {
    limiter: Limiter,
    rate: Rate,
    slots: usize,
    /// The key of the configuration, for metrics.
    limit: &'static str,
    /// The name in `RateLimit`.
    name: &'static str,
    /// `RateLimit-Policy`.
    policy: HeaderValue,
}

struct Slots(Box<[InMemoryState]>);

impl StateStore for Slots {
    type Key = usize;

    fn measure_and_replace<T, F, E>(&self, key: &usize, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0[*key].measure_and_replace(&NotKeyed::NonKey, f)
    }
}

/// The injected clock, as the limiter wants it.
#[derive(Clone)]
pub(super) struct Monotonic(pub(super) Clock);

impl governor::clock::Clock for Monotonic {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.monotonic().into()
    }
}

impl Buckets {
    fn new(rate: Rate, slots: usize, clock: &Clock, limit: &'static str, name: &'static str) -> Self {
        // A period of nothing cannot be configured; it would be the shortest.
        let quota = Quota::with_period(rate.period.max(Duration::from_nanos(1)));
        let quota = quota.unwrap_or_else(|| Quota::per_second(rate.burst)).allow_burst(rate.burst);
        let places = (0..slots).map(|_| InMemoryState::default()).collect();
        let limiter = Limiter::new(quota, Slots(places), Monotonic(clock.clone()));
        let window_s = seconds_up(rate.period.saturating_mul(rate.burst.get()));
        let policy = format!("\"{name}\";q={};w={window_s}", rate.burst);
        let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("\"requests\""));
        Self { limiter, rate, slots, limit, name, policy }
    }

    /// Takes one from the bucket of a key.
    fn take(&self, hash: u64) -> Verdict {
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is smaller than a usize")]
        let slot = (hash % self.slots as u64) as usize;
        match self.limiter.check_key(&slot) {
            Ok(state) => Verdict { remaining: state.remaining_burst_capacity(), wait: None },
            Err(until) => {
                let now = governor::clock::Clock::now(self.limiter.clock());
                Verdict { remaining: 0, wait: Some(until.wait_time_from(now)) }
            }
        }
    }

    fn judge(&self, verdict: &Verdict) -> Result<()> {
        match verdict.wait {
            None => Ok(()),
            Some(wait) => {
                Err(Error::RateLimited { limit: self.limit, retry_after_s: seconds_up(wait).max(1) })
            }
        }
    }
}

impl RateLimits {
    /// Full buckets.
    pub fn new(settings: &RateLimitSettings, clock: &Clock) -> Self {
        let slots = settings.slots.max(1);
        Self {
            reads: Buckets::new(settings.reads, slots, clock, "rate_limit.reads_burst", "reads"),
            writes: Buckets::new(settings.writes, slots, clock, "rate_limit.writes_burst", "writes"),
            logins: Buckets::new(settings.logins, slots, clock, "rate_limit.logins_burst", "logins"),
            hasher: RandomState::new(),
        }
    }

    fn buckets(&self, class: Class) -> &Buckets {
        match class {
            Class::Reads => &self.reads,
            Class::Writes => &self.writes,
            Class::Logins => &self.logins,
        }
    }
}

/// What was said about a request.
struct Verdict {
    remaining: u32,
    /// How long until one more is let through; nothing when this one was.
    wait: Option<Duration>,
}

/// Charges one request to one bucket, once: whoever in the server learns first who makes it does so.
pub struct Meter {
    limits: Arc<RateLimits>,
    class: Class,
    address: Option<IpAddr>,
    verdict: OnceLock<Verdict>,
    /// Of the logins that turned out to be in it, when they were too many for the first time.
    logins: OnceLock<Verdict>,
}

impl Meter {
    /// For `request`.
    pub fn new<B>(limits: &Arc<RateLimits>, request: &Request<B>) -> Self {
        let address = request.extensions().get::<PeerAddr>().map(|peer| network(peer.0.ip()));
        let class = class(request.method(), request.uri().path());
        Self { limits: Arc::clone(limits), class, address, verdict: OnceLock::new(), logins: OnceLock::new() }
    }

    /// Charges the request to `user`, or to the address when there is none or credentials are in play.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when the bucket is empty.
    pub fn charge(&self, user: Option<UserId>) -> Result<()> {
        let buckets = self.limits.buckets(self.class);
        let verdict = self.verdict.get_or_init(|| match user.filter(|_| self.class != Class::Logins) {
            Some(user) => buckets.take(self.limits.hasher.hash_one(user.0)),
            None => buckets.take(self.limits.hasher.hash_one(self.address)),
        });
        buckets.judge(verdict)
    }

    /// Charges something that came on the connection which the request opened: a change, or a read.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when the bucket is empty.
    pub fn charge_message(&self, user: Option<UserId>, changes: bool) -> Result<()> {
        let buckets = self.limits.buckets(if changes { Class::Writes } else { Class::Reads });
        let hash = match user {
            Some(user) => self.limits.hasher.hash_one(user.0),
            None => self.limits.hasher.hash_one(self.address),
        };
        buckets.judge(&buckets.take(hash))
    }

    /// Charges the logins and sign-ups that turned out to be in the request to the address, besides what it counts as itself.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when one is too many.
    pub fn charge_logins(&self, logins: usize) -> Result<()> {
        let buckets = self.limits.buckets(Class::Logins);
        for _ in 0..logins {
            let verdict = buckets.take(self.limits.hasher.hash_one(self.address));
            if verdict.wait.is_some() {
                let refused = buckets.judge(&verdict);
                let _ = self.logins.set(verdict);
                return refused;
            }
        }
        Ok(())
    }

    /// What is to be told of: the bucket that refused the request, or the one of what it is.
    fn told(&self) -> Option<(&Buckets, &Verdict)> {
        let logins = self.logins.get().map(|verdict| (Class::Logins, verdict));
        let (class, verdict) = logins.or_else(|| self.verdict.get().map(|verdict| (self.class, verdict)))?;
        Some((self.limits.buckets(class), verdict))
    }

    /// Whether credentials are in play.
    pub fn is_login(&self) -> bool {
        self.class == Class::Logins
    }

    /// The limit that the request hit.
    pub fn limit_hit(&self) -> Option<&'static str> {
        let (buckets, verdict) = self.told()?;
        verdict.wait.map(|_| buckets.limit)
    }

    /// Says how the bucket stands: `RateLimit-*` of the older drafts and of the contract (seconds from now), `RateLimit`
    /// and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-10, `Retry-After` for a refusal.
    pub fn tell(&self, headers: &mut HeaderMap) {
        const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
        const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
        const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
        const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
        const CURRENT: HeaderName = HeaderName::from_static("ratelimit");
        let Some((Buckets { rate, name, policy, .. }, verdict)) = self.told() else { return };
        let used = rate.burst.get().saturating_sub(verdict.remaining);
        let reset_s = seconds_up(rate.period.saturating_mul(used));
        headers.insert(LIMIT, rate.burst.get().into());
        headers.insert(REMAINING, verdict.remaining.into());
        headers.insert(RESET, reset_s.into());
        headers.insert(POLICY, policy.clone());
        let current = format!("\"{name}\";r={};t={reset_s}", verdict.remaining);
        if let Ok(current) = HeaderValue::try_from(current) {
            headers.insert(CURRENT, current);
        }
        if let Some(wait) = verdict.wait {
            headers.insert(header::RETRY_AFTER, seconds_up(wait).max(1).into());
        }
    }
}

/// What a request counts as. What a GraphQL operation does is known too late, so a POST there counts as a write, and the
/// logins in it are charged when they are seen.
fn class(method: &Method, path: &str) -> Class {
    const CREDENTIALS: [&str; 8] =
        ["/users", "/tokens", "/token", "/refresh", "/authorize", "/introspect", "/revoke", "/oauth/device"];
    match method.as_str() {
        "GET" | "HEAD" | "OPTIONS" | "QUERY" => Class::Reads,
        "POST" if CREDENTIALS.iter().any(|end| path.ends_with(end)) => Class::Logins,
        _ => Class::Writes,
    }
}

fn seconds_up(span: Duration) -> u32 {
    u32::try_from(span.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn limits(clock: &Clock) -> Arc<RateLimits> {
        let rate = |period_ms, burst| Rate {
            period: Duration::from_millis(period_ms),
            burst: NonZeroU32::new(burst).unwrap(),
        };
        let settings = RateLimitSettings {
            reads: rate(500, 4),
            writes: rate(1_000, 2),
            logins: rate(60_000, 1),
            slots: 65_536,
        };
        Arc::new(RateLimits::new(&settings, clock))
    }

    fn meter(limits: &Arc<RateLimits>, method: &str, path: &str, address: &str) -> Meter {
        let mut request = Request::builder().method(method).uri(path).body(()).unwrap();
        request.extensions_mut().insert(PeerAddr(address.parse().unwrap()));
        Meter::new(limits, &request)
    }

    fn told(meter: &Meter) -> HeaderMap {
        let mut headers = HeaderMap::new();
        meter.tell(&mut headers);
        headers
    }

    #[test]
    fn a_bucket_empties_and_fills() {
        let clock = Clock::manual(1_800_000_000_000);
        let limits = limits(&clock);
        let ask = || meter(&limits, "GET", "/v1/pets", "192.0.2.1:5");
        for left in [3_u32, 2, 1, 0] {
            let meter = ask();
            meter.charge(None).unwrap();
            meter.charge(None).unwrap();
            assert_eq!(told(&meter)["ratelimit-remaining"], left.to_string(), "one request is charged once");
        }
        let refused = ask();
        assert!(matches!(refused.charge(None), Err(Error::RateLimited { retry_after_s: 1, .. })));
        assert_eq!(refused.limit_hit(), Some("rate_limit.reads_burst"));
        let headers = told(&refused);
        assert_eq!(headers["ratelimit-limit"], "4");
        assert_eq!(headers["ratelimit-reset"], "2");
        assert_eq!(headers["ratelimit-policy"], "\"reads\";q=4;w=2");
        assert_eq!(headers["ratelimit"], "\"reads\";r=0;t=2");
        assert_eq!(headers["retry-after"], "1");
        clock.advance(Duration::from_millis(500));
        ask().charge(None).unwrap();
        assert!(ask().charge(None).is_err(), "one token in 500 ms");
    }

    #[test]
    fn buckets_are_of_users_networks_and_classes() {
        let limits = limits(&Clock::manual(0));
        let user = Some(UserId(Uuid::from_u128(7)));
        for _ in 0..2 {
            meter(&limits, "POST", "/v1/orders", "[2001:db8::1]:5").charge(None).unwrap();
        }
        let refused = |address, user| meter(&limits, "POST", "/v1/orders", address).charge(user).is_err();
        assert!(refused("[2001:db8::ffff]:9", None), "the same /64");
        assert!(!refused("[2001:db8:0:1::1]:5", None), "the next /64");
        assert!(!refused("[2001:db8::1]:5", user), "a user has a bucket of their own");
        meter(&limits, "GET", "/v1/orders", "[2001:db8::1]:5").charge(None).unwrap();
        meter(&limits, "POST", "/v1/auth/tokens", "[2001:db8::1]:5").charge(user).unwrap();
        let login = meter(&limits, "POST", "/v1/users", "[2001:db8::1]:5");
        assert!(login.charge(Some(UserId(Uuid::from_u128(8)))).is_err(), "logins are the address's");
    }

    #[test]
    fn logins_in_a_request_are_charged_too() {
        let limits = limits(&Clock::manual(0));
        let user = Some(UserId(Uuid::from_u128(7)));
        let first = meter(&limits, "POST", "/v1/graphql", "192.0.2.1:5");
        first.charge(user).unwrap();
        first.charge_logins(1).unwrap();
        assert_eq!(told(&first)["ratelimit-limit"], "2", "that of writes");
        let second = meter(&limits, "POST", "/v1/graphql", "192.0.2.1:5");
        second.charge(user).unwrap();
        second.charge_logins(0).unwrap();
        assert!(matches!(second.charge_logins(2), Err(Error::RateLimited { retry_after_s: 60, .. })));
        assert_eq!(second.limit_hit(), Some("rate_limit.logins_burst"));
        assert_eq!(told(&second)["retry-after"], "60");
        meter(&limits, "POST", "/v1/graphql", "192.0.2.2:5").charge_logins(1).unwrap();
    }
}
