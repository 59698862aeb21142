//! How an endpoint fares: what its failures lead to, and what a success mends.

use crate::domain::Timestamp;

/// An endpoint's record since its last success. A circuit that is open lets nothing through until its rest is over; then it
/// is half-open, and lets one delivery through to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Failed attempts in a row.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<Timestamp>,
    /// Nothing is sent before then: the receiver asked for time, or the circuit is open.
    pub hold_until: Option<Timestamp>,
    /// How often in a row the circuit has opened; zero when it is closed.
    pub circuit: u32,
}

/// When failures become more than that.
#[derive(Clone, Copy, Debug)]
pub struct HealthRules {
    /// Failures in a row that open the circuit.
    pub circuit_failures: u32,
    /// How long it stays open the first time; twice as long each further time, up to [`MAX_DOUBLINGS`] times.
    pub circuit_open_ms: i64,
    /// Failing for as long without one success disables the endpoint.
    pub disable_after_ms: i64,
}

impl HealthRules {
    /// The longest rest of a circuit.
    pub fn longest_ms(self) -> i64 {
        self.circuit_open_ms.saturating_mul(1 << MAX_DOUBLINGS)
    }
}

/// How often the rest of an open circuit doubles.
pub const MAX_DOUBLINGS: u32 = 6;

/// What became of an attempt, as far as its endpoint is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// With how long the receiver wants to be left alone, in milliseconds.
    Failed {
        rest_ms: Option<i64>,
    },
    /// The receiver said that there is no such place any more.
    Gone,
}

/// Why an endpoint is to be disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disabled {
    Gone,
    FailedTooLong,
}

impl Disabled {
    /// The reason that its owner reads.
    pub fn reason(self, rules: HealthRules) -> String {
        match self {
            Self::Gone => "the receiver answered 410 Gone".to_owned(),
            Self::FailedTooLong => {
                format!("every attempt has failed for {} hours", rules.disable_after_ms / 3_600_000)
            }
        }
    }
}

impl Health {
    /// The record after an attempt that ended at `now`, and whether the endpoint is to be disabled.
    pub fn after(&self, outcome: Outcome, now: Timestamp, rules: HealthRules) -> (Self, Option<Disabled>) {
        let rest_ms = match outcome {
            Outcome::Succeeded => return (self.mended(now), None),
            Outcome::Gone => return (self.clone(), Some(Disabled::Gone)),
            Outcome::Failed { rest_ms } => rest_ms,
        };
        let failing_since = self.failing_since.unwrap_or(now);
        let mut next = Self {
            failures: self.failures.saturating_add(1),
            failing_since: Some(failing_since),
            ..self.clone()
        };
        if let Some(rest_ms) = rest_ms {
            next.rest_until(now.plus_ms(rest_ms));
        }
        // Attempts that were under way when it opened tell nothing new.
        let resting = self.circuit > 0 && self.hold_until.is_some_and(|until| now < until);
        if next.failures >= rules.circuit_failures && !resting {
            let doublings = next.circuit.min(MAX_DOUBLINGS);
            next.circuit = next.circuit.saturating_add(1);
            next.rest_until(now.plus_ms(rules.circuit_open_ms.saturating_mul(1 << doublings)));
        }
        let failed_ms = now.as_ms().saturating_sub(failing_since.as_ms());
        (next, (failed_ms >= rules.disable_after_ms).then_some(Disabled::FailedTooLong))
    }

    /// The record after a success. It closes the circuit; but who has asked for time still gets it, whatever became of
    /// the attempts that were under way then.
    fn mended(&self, now: Timestamp) -> Self {
        let asked_for = self.hold_until.filter(|until| self.circuit == 0 && now < *until);
        Self { hold_until: asked_for, ..Self::default() }
    }

    fn rest_until(&mut self, at: Timestamp) {
        self.hold_until = Some(self.hold_until.map_or(at, |until| until.max(at)));
    }

    /// The state of the circuit at `now`, by the name that it has in the literature.
    pub fn circuit_state(&self, now: Timestamp) -> &'static str {
        match (self.circuit, self.hold_until) {
            (0, _) => "CLOSED",
            (_, Some(until)) if now < until => "OPEN",
            _ => "HALF_OPEN",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: HealthRules =
        HealthRules { circuit_failures: 3, circuit_open_ms: 1_000, disable_after_ms: 100_000 };
    const FAILED: Outcome = Outcome::Failed { rest_ms: None };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn fail(health: &Health, ms: i64) -> Health {
        health.after(FAILED, at(ms), RULES).0
    }

    #[test]
    fn a_circuit_opens_half_opens_and_closes() {
        let two = fail(&fail(&Health::default(), 1), 2);
        assert_eq!((two.circuit_state(at(2)), two.failing_since), ("CLOSED", Some(at(1))));
        let open = fail(&two, 3);
        assert_eq!((open.circuit_state(at(3)), open.hold_until), ("OPEN", Some(at(1_003))));
        let late = fail(&open, 4);
        assert_eq!((late.circuit, late.hold_until), (1, Some(at(1_003))), "it was under way");
        assert_eq!(late.circuit_state(at(1_003)), "HALF_OPEN");
        let again = fail(&late, 1_003);
        assert_eq!((again.circuit, again.hold_until), (2, Some(at(3_003))), "twice as long");
        assert_eq!(again.after(Outcome::Succeeded, at(3_003), RULES), (Health::default(), None));
        let mut health = again;
        for _ in 0..20 {
            health = fail(&health, health.hold_until.unwrap().as_ms());
        }
        let next = fail(&health, health.hold_until.unwrap().as_ms());
        let rest = next.hold_until.unwrap().as_ms() - health.hold_until.unwrap().as_ms();
        assert_eq!(rest, 1_000 << MAX_DOUBLINGS);
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it() {
        let (health, _) = Health::default().after(Outcome::Failed { rest_ms: Some(500) }, at(10), RULES);
        assert_eq!((health.hold_until, health.circuit), (Some(at(510)), 0));
        let shorter = health.after(Outcome::Failed { rest_ms: Some(5) }, at(20), RULES).0;
        assert_eq!(shorter.hold_until, Some(at(510)), "never less than it was");
        let late = shorter.after(Outcome::Succeeded, at(30), RULES).0;
        assert_eq!(
            (late.failures, late.hold_until),
            (0, Some(at(510))),
            "it was under way when time was asked for"
        );
        assert_eq!(late.after(Outcome::Succeeded, at(510), RULES).0, Health::default());
    }

    #[test]
    fn failing_for_too_long_disables_and_so_does_gone() {
        let one = fail(&Health::default(), 1_000);
        assert_eq!(one.after(FAILED, at(100_999), RULES).1, None);
        assert_eq!(one.after(FAILED, at(101_000), RULES).1, Some(Disabled::FailedTooLong));
        assert_eq!(one.after(Outcome::Gone, at(1), RULES).1, Some(Disabled::Gone));
    }
}
