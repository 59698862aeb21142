//! What became of an attempt, on its way to the table, and what follows from it for its endpoint.

use super::exchange::Exchange;
use crate::clock::Ids;
use crate::domain::audit::{Action, AuditEntry, Channel, Origin, Snapshot};
use crate::domain::event::Fact;
use crate::domain::webhook::{Attempt, Endpoint, Health, HealthRules, Outcome};
use crate::domain::{AuditId, DeliveryId, EndpointId, EventId, Result, Tenant, Timestamp};
use crate::store::{ClaimedDelivery, Verdict, Writes};

/// The status that says that the endpoint is no more (RFC 9110 §15.5.11).
pub(super) const GONE: u16 = 410;

/// The result of one attempt, named by its claim: one whose lease ran out must not settle the next owner's claim.
#[derive(Clone, Debug)]
pub(super) struct Settlement {
    delivery: DeliveryId,
    claim: u64,
    attempt: Attempt,
    pub verdict: Verdict,
    /// The outcome as the metrics count it.
    pub counted: &'static str,
    pub tenant: Tenant,
    pub endpoint: EndpointId,
    outcome: Outcome,
    /// Whether it may change how its endpoint fares; the success of a healthy one does not.
    telling: bool,
}

impl Settlement {
    /// Of `exchange` with the verdict on it; `troubled` says that its endpoint has failed lately.
    pub fn new(
        claimed: &ClaimedDelivery,
        exchange: Exchange,
        verdict: Verdict,
        outcome: Outcome,
        troubled: bool,
    ) -> Self {
        let counted = match verdict {
            Verdict::Succeeded => "succeeded",
            _ if exchange.refused => "refused_address",
            Verdict::Retry { .. } => "retried",
            Verdict::Dead => "dead",
        };
        Self {
            delivery: claimed.delivery.id,
            claim: claimed.claim,
            attempt: exchange.attempt,
            verdict,
            counted,
            tenant: claimed.endpoint.tenant,
            endpoint: claimed.endpoint.id,
            outcome,
            telling: outcome != Outcome::Succeeded
                || troubled
                || claimed.endpoint.health != Health::default(),
        }
    }

    /// Whether the receiver took the event.
    pub fn succeeded(&self) -> bool {
        self.outcome == Outcome::Succeeded
    }

    /// Writes it. False, and nothing written, when the claim no longer holds.
    pub async fn record(&self, writes: &mut dyn Writes) -> Result<bool> {
        writes.settle_delivery(self.delivery, self.claim, &self.attempt, self.verdict).await
    }
}

/// How an endpoint fares after a turn, when that has changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faring {
    pub endpoint: EndpointId,
    /// Nothing is sent before then.
    pub rest_until: Option<Timestamp>,
    /// Its circuit has opened just now.
    pub opened: bool,
    pub disabled: bool,
}

/// Writes what `settlements`, in the order that they came about, mean for their endpoints; those whose claim no longer
/// held tell nothing.
pub(super) async fn judge(
    writes: &mut dyn Writes,
    ids: &Ids,
    now: Timestamp,
    rules: HealthRules,
    settlements: &[Settlement],
    held: &[bool],
) -> Result<Vec<Faring>> {
    let told = settlements.iter().zip(held).filter(|(settlement, held)| **held && settlement.telling);
    let mut of: Vec<(Tenant, EndpointId, Vec<Outcome>)> = Vec::new();
    for (settlement, _) in told {
        match of.iter_mut().find(|(_, endpoint, _)| *endpoint == settlement.endpoint) {
            Some((_, _, outcomes)) => outcomes.push(settlement.outcome),
            None => of.push((settlement.tenant, settlement.endpoint, vec![settlement.outcome])),
        }
    }
    let mut changed = Vec::new();
    for (tenant, id, outcomes) in of {
        let Some(before) = writes.endpoint_or_lane(tenant, id).await? else { continue };
        let (mut health, mut disabled) = (before.health.clone(), None);
        for outcome in outcomes {
            let (next, now_disabled) = health.after(outcome, now, rules);
            (health, disabled) = (next, disabled.or(now_disabled));
        }
        let opened = health.circuit > before.health.circuit;
        let rest_until = health.hold_until.filter(|until| now < *until);
        // Nobody could enable a lane of callbacks again; what it holds dies by its schedule.
        let disabled = disabled.filter(|_| before.enabled && !super::callback::is_lane(&before));
        if health != before.health || disabled.is_some() {
            let known = Endpoint { health, ..before.clone() };
            match disabled {
                None => writes.update_endpoint(&known).await?,
                Some(why) => {
                    disable(writes, ids, now, before, known.disabled(why.reason(rules), now)).await?
                }
            }
        }
        changed.push(Faring { endpoint: id, rest_until, opened, disabled: disabled.is_some() });
    }
    Ok(changed)
}

/// Turns an endpoint off, and says so.
async fn disable(
    writes: &mut dyn Writes,
    ids: &Ids,
    now: Timestamp,
    before: Endpoint,
    after: Endpoint,
) -> Result<()> {
    writes.update_endpoint(&after).await?;
    writes.append_event(EventId(ids.uuid_v7()), now, Fact::endpoint_disabled(&after)).await?;
    let entry = AuditEntry {
        id: AuditId(ids.uuid_v7()),
        tenant: after.tenant,
        at: now,
        action: Action::EndpointDisabled,
        user_id: None,
        before: Some(Snapshot::Endpoint(before)),
        after: Some(Snapshot::Endpoint(after)),
        reason: None,
        origin: Origin { channel: Channel::System, ip_address: None, user_agent: None, request_id: None },
    };
    writes.insert_audit(&entry).await
}
