//! Lanes: each endpoint's own queue of claimed deliveries, and its share of the attempts that run at the same time.
//!
//! A lane sends one delivery after the other, so a receiver that keeps up gets the events in the order of the log. When
//! [`IN_ORDER`] of them wait it takes a second attempt beside the first, and so on up to its limit: then it is speed
//! that the receiver lacks, and order gives way. A lane whose last attempt failed goes back to one at a time, so that a
//! dead endpoint holds one slot, not its whole share. Slots that become free go round the lanes in turn.

use std::collections::{HashMap, VecDeque};

use crate::config::WebhookSettings;
use crate::domain::{EndpointId, Timestamp};
use crate::store::ClaimedDelivery;

/// Deliveries that wait for each attempt that a lane makes at the same time.
const IN_ORDER: usize = 16;

/// All lanes that have something to do; their memory is bounded by [`Lanes::room`].
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: HashMap<EndpointId, Lane>,
    /// Lanes that may start an attempt, in turn.
    ready: VecDeque<EndpointId>,
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
    /// Whether it stands in `ready`.
    listed: bool,
}

impl Lane {
    /// How many attempts it may make at the same time.
    fn width(&self, max: usize) -> usize {
        if self.failing { 1 } else { max.min(1 + self.waiting.len() / IN_ORDER) }
    }
}

impl Lanes {
    /// Empty ones, with the limits of the `[webhook]` section.
    pub fn new(settings: &WebhookSettings) -> Self {
        Self {
            lanes: HashMap::new(),
            ready: VecDeque::new(),
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

    /// Puts deliveries that are held until `lease_until` into their lanes, in the order given.
    pub fn accept(&mut self, claimed: Vec<ClaimedDelivery>, lease_until: Timestamp) {
        self.waiting += claimed.len();
        for claimed in claimed {
            let endpoint = claimed.endpoint.id;
            self.lanes.entry(endpoint).or_default().waiting.push_back((claimed, lease_until));
            self.list(endpoint);
        }
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
            let outlasts = |lease_until: Timestamp| now.plus_ms(self.timeout_ms) <= lease_until;
            let next = std::iter::from_fn(|| lane.waiting.pop_front())
                .find(|(_, lease_until)| outlasts(*lease_until));
            self.waiting -= held - lane.waiting.len();
            if let Some((claimed, _)) = next {
                lane.sending += 1;
                self.sending += 1;
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

    /// Drops what waits in the lane of `endpoint`.
    pub fn clear(&mut self, endpoint: EndpointId) {
        if let Some(lane) = self.lanes.get_mut(&endpoint) {
            self.waiting -= lane.waiting.len();
            lane.waiting.clear();
            self.list(endpoint);
        }
    }

    /// Drops everything that waits.
    pub fn clear_all(&mut self) {
        let endpoints: Vec<EndpointId> = self.lanes.keys().copied().collect();
        for endpoint in endpoints {
            self.clear(endpoint);
        }
    }

    /// Puts the lane among the ready ones when it may start an attempt, and forgets it when it has nothing left.
    fn list(&mut self, endpoint: EndpointId) {
        let Some(lane) = self.lanes.get_mut(&endpoint) else { return };
        if lane.waiting.is_empty() && lane.sending == 0 {
            self.lanes.remove(&endpoint);
        } else if !lane.listed && !lane.waiting.is_empty() && lane.sending < lane.width(self.max_per_lane) {
            lane.listed = true;
            self.ready.push_back(endpoint);
        }
    }
}

#[cfg(test)]
mod tests;
