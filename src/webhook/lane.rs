//! Lanes: each endpoint's own queue of claimed deliveries, and its share of the attempts that run at the same time.
//!
//! A lane sends one delivery after the other, so a receiver that keeps up gets the events in the order of the log. When
//! [`IN_ORDER`] of them wait it takes a second attempt beside the first, and so on up to its limit: then it is speed
//! that the receiver lacks, and order gives way. A lane whose last attempt failed goes back to one at a time, so that a
//! dead endpoint holds one slot, not its whole share. Slots that become free go round the lanes in turn.
//!
//! A lane that is throttled begins its attempts at even distances. One that rests (its receiver asked for time, or its
//! circuit is open) gives back what it holds.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::config::WebhookSettings;
use crate::domain::{DeliveryId, EndpointId, Timestamp};
use crate::store::ClaimedDelivery;

/// A claim that nobody is going to use.
pub(super) type Unused = (DeliveryId, u64);

/// Deliveries that wait for each attempt that a lane makes at the same time.
const IN_ORDER: usize = 16;

/// All lanes that have something to do; their memory is bounded by [`Lanes::room`].
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: HashMap<EndpointId, Lane>,
    /// Lanes that may start an attempt, in turn.
    ready: VecDeque<EndpointId>,
    /// Lanes that may start one then, in microseconds.
    paced: BTreeSet<(i64, EndpointId)>,
    /// When the next attempt of a throttled endpoint may begin, in microseconds.
    pace_us: HashMap<EndpointId, i64>,
    rests: HashMap<EndpointId, Timestamp>,
    sending: usize,
    waiting: usize,
    max_sending: usize,
    max_per_lane: usize,
    timeout_ms: i64,
}

#[derive(Debug, Default)]
struct Lane {
    /// With the end of each one's lease.
    waiting: VecDeque<(ClaimedDelivery, Timestamp)>,
    sending: usize,
    failing: bool,
    /// Whether a failure is not recorded yet: what is written of its endpoint then decides whether it goes on.
    judged: Judged,
    /// Whether it stands in `ready` or `paced`.
    listed: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Judged {
    #[default]
    Yes,
    NotYet,
}

impl Lane {
    /// How many attempts it may make at the same time.
    fn width(&self, max: usize) -> usize {
        if self.judged == Judged::NotYet {
            0
        } else if self.failing {
            1
        } else {
            max.min(1 + self.waiting.len() / IN_ORDER)
        }
    }
}

impl Lanes {
    /// Empty ones, with the limits of the `[webhook]` section.
    pub fn new(settings: &WebhookSettings) -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            paced: BTreeSet::new(),
            pace_us: HashMap::new(),
            rests: HashMap::new(),
            sending: 0,
            waiting: 0,
            max_sending: settings.concurrency,
            max_per_lane: settings.per_endpoint_concurrency.min(settings.concurrency),
            timeout_ms: i64::try_from(settings.timeout_ms).unwrap_or(i64::MAX),
        }
    }

    /// How many more deliveries may be claimed.
    pub fn room(&self) -> usize {
        (self.max_sending * IN_ORDER).saturating_sub(self.sending + self.waiting)
    }

    /// How many claimed deliveries one endpoint may hold. It shrinks as the room does, so that the first endpoints with
    /// a backlog leave room for those that come later.
    pub fn share(&self) -> usize {
        (self.max_per_lane * self.room()).div_ceil(self.max_sending)
    }

    /// Attempts under way.
    pub fn sending(&self) -> usize {
        self.sending
    }

    /// Puts deliveries that are held until `lease_until` into their lanes, in the order given. Returns the claims of
    /// those whose lane rests.
    pub fn accept(
        &mut self,
        claimed: Vec<ClaimedDelivery>,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Vec<Unused> {
        let now_us = micros(now);
        self.rests.retain(|_, until| now < *until);
        self.pace_us.retain(|_, at_us| now_us < *at_us);
        let mut unused = Vec::new();
        for claimed in claimed {
            let endpoint = claimed.endpoint.id;
            if self.rests.contains_key(&endpoint) {
                unused.push((claimed.delivery.id, claimed.claim));
                continue;
            }
            self.waiting += 1;
            self.lanes.entry(endpoint).or_default().waiting.push_back((claimed, lease_until));
            self.list(endpoint);
        }
        unused
    }

    /// Lets the throttled lanes go on whose time has come at `now`.
    pub fn tick(&mut self, now: Timestamp) {
        while let Some(&(at_us, endpoint)) = self.paced.first().filter(|(at_us, _)| *at_us <= micros(now)) {
            self.paced.remove(&(at_us, endpoint));
            self.ready.push_back(endpoint);
        }
    }

    /// When the next throttled lane may go on.
    pub fn next_tick(&self) -> Option<Timestamp> {
        self.paced
            .first()
            .map(|(at_us, _)| Timestamp::from_ms(at_us.div_euclid(1000) + i64::from(at_us % 1000 > 0)))
    }

    /// The next delivery to be sent at `now`, when a slot is free. One whose lease would end before its time-out is
    /// left to be claimed anew: another might send it too.
    pub fn next(&mut self, now: Timestamp) -> Option<ClaimedDelivery> {
        while self.sending < self.max_sending {
            let endpoint = self.ready.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&endpoint) else { continue };
            lane.listed = false;
            if lane.sending >= lane.width(self.max_per_lane) {
                continue;
            }
            let held = lane.waiting.len();
            let timeout_ms = self.timeout_ms;
            let outlasts = |claimed: &ClaimedDelivery, lease_until: Timestamp| {
                now.plus_ms(claimed.endpoint.timeout_ms.map_or(timeout_ms, i64::from)) <= lease_until
            };
            let next = std::iter::from_fn(|| lane.waiting.pop_front())
                .find(|(claimed, lease_until)| outlasts(claimed, *lease_until));
            self.waiting -= held - lane.waiting.len();
            if let Some((claimed, _)) = next {
                lane.sending += 1;
                self.sending += 1;
                if let Some(rate) = claimed.endpoint.max_per_second {
                    self.pace_us.insert(endpoint, micros(now) + 1_000_000 / i64::from(rate.max(1)));
                }
                self.list(endpoint);
                return Some(claimed);
            }
            self.list(endpoint);
        }
        None
    }

    /// An attempt for `endpoint` has ended.
    pub fn finished(&mut self, endpoint: EndpointId, succeeded: bool) {
        if let Some(lane) = self.lanes.get_mut(&endpoint) {
            lane.sending = lane.sending.saturating_sub(1);
            lane.failing = !succeeded;
            self.sending = self.sending.saturating_sub(1);
            self.list(endpoint);
        }
    }

    /// A failure of `endpoint` is on its way to the table; until it is there, nothing more is sent.
    pub fn await_verdict(&mut self, endpoint: EndpointId) {
        if let Some(lane) = self.lanes.get_mut(&endpoint) {
            lane.judged = Judged::NotYet;
        }
    }

    /// What came of the attempts of `endpoint` is in the table.
    pub fn judged(&mut self, endpoint: EndpointId) {
        if let Some(lane) = self.lanes.get_mut(&endpoint).filter(|lane| lane.judged == Judged::NotYet) {
            lane.judged = Judged::Yes;
            self.list(endpoint);
        }
    }

    /// Lets the lane of `endpoint` rest until then. Returns the claims that it held.
    pub fn rest(&mut self, endpoint: EndpointId, until: Timestamp) -> Vec<Unused> {
        let rest = self.rests.entry(endpoint).or_insert(until);
        *rest = until.max(*rest);
        self.clear(endpoint)
    }

    /// Lets the lane of `endpoint` go on that rested.
    pub fn wake(&mut self, endpoint: EndpointId) {
        self.rests.remove(&endpoint);
    }

    /// Drops what waits in the lane of `endpoint`, whose settings may have changed, and forgets that it rested. Returns
    /// the claims that it held.
    pub fn renew(&mut self, endpoint: EndpointId) -> Vec<Unused> {
        self.rests.remove(&endpoint);
        self.clear(endpoint)
    }

    /// Drops what waits in the lane of `endpoint`. Returns the claims that it held.
    pub fn clear(&mut self, endpoint: EndpointId) -> Vec<Unused> {
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return Vec::new() };
        self.waiting -= lane.waiting.len();
        let unused =
            lane.waiting.drain(..).map(|(claimed, _)| (claimed.delivery.id, claimed.claim)).collect();
        self.list(endpoint);
        unused
    }

    /// Drops everything that waits.
    pub fn clear_all(&mut self) -> Vec<Unused> {
        let endpoints: Vec<EndpointId> = self.lanes.keys().copied().collect();
        endpoints.into_iter().flat_map(|endpoint| self.clear(endpoint)).collect()
    }

    /// Puts the lane among the ready ones when it may start an attempt, and forgets it when it has nothing left.
    fn list(&mut self, endpoint: EndpointId) {
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        if lane.waiting.is_empty() && lane.sending == 0 {
            self.lanes.remove(&endpoint);
        } else if !lane.listed && !lane.waiting.is_empty() && lane.sending < lane.width(self.max_per_lane) {
            lane.listed = true;
            match self.pace_us.get(&endpoint) {
                Some(at_us) => drop(self.paced.insert((*at_us, endpoint))),
                None => self.ready.push_back(endpoint),
            }
        }
    }
}

fn micros(at: Timestamp) -> i64 {
    at.as_ms().saturating_mul(1000)
}

#[cfg(test)]
mod tests;
