//! What became of an attempt, on its way to the table.

use super::exchange::Exchange;
use crate::clock::Ids;
use crate::domain::audit::{Action, AuditEntry, Channel, Origin, Snapshot};
use crate::domain::webhook::{Attempt, Endpoint};
use crate::domain::{AuditId, DeliveryId, EndpointId, Result, Tenant, Timestamp};
use crate::store::{ClaimedDelivery, Verdict, Writes};

/// The status that says that the endpoint is no more (RFC 9110 §15.5.11).
pub(super) const GONE: u16 = 410;
/// The reason that its owner then reads.
const GONE_REASON: &str = "the receiver answered 410 Gone";

/// The result of one attempt, named by its claim: one whose lease ran out must not settle the next owner's claim.
#[derive(Clone, Debug)]
pub(super) struct Settlement {
    delivery: DeliveryId,
    claim: u64,
    attempt: Attempt,
    pub verdict: Verdict,
    /// The outcome as the metrics count it.
    pub outcome: &'static str,
    /// The endpoint to disable.
    gone: Option<(Tenant, EndpointId)>,
}

impl Settlement {
    /// Of `exchange` with the verdict on it.
    pub fn new(claimed: &ClaimedDelivery, exchange: Exchange, verdict: Verdict) -> Self {
        let outcome = match verdict {
            Verdict::Succeeded => "succeeded",
            _ if exchange.refused => "refused_address",
            Verdict::Retry { .. } => "retried",
            Verdict::Dead => "dead",
        };
        let gone = exchange.attempt.status_code == Some(GONE);
        Self {
            delivery: claimed.delivery.id,
            claim: claimed.claim,
            attempt: exchange.attempt,
            verdict,
            outcome,
            gone: gone.then_some((claimed.endpoint.tenant, claimed.endpoint.id)),
        }
    }

    /// Writes it. False, and nothing written, when the claim no longer holds.
    pub async fn record(&self, writes: &mut dyn Writes, ids: &Ids, now: Timestamp) -> Result<bool> {
        let held = writes.settle_delivery(self.delivery, self.claim, &self.attempt, self.verdict).await?;
        if held && let Some((tenant, endpoint)) = self.gone {
            disable(writes, ids, now, tenant, endpoint).await?;
        }
        Ok(held)
    }
}

async fn disable(
    writes: &mut dyn Writes,
    ids: &Ids,
    now: Timestamp,
    tenant: Tenant,
    endpoint: EndpointId,
) -> Result<()> {
    let Some(before) = writes.endpoint(tenant, endpoint).await?.filter(|endpoint| endpoint.enabled) else {
        return Ok(());
    };
    let disabled_reason = Some(GONE_REASON.to_owned());
    let after = Endpoint { enabled: false, disabled_reason, updated_at: now, ..before.clone() };
    writes.update_endpoint(&after).await?;
    let entry = AuditEntry {
        id: AuditId(ids.uuid_v7()),
        tenant,
        at: now,
        action: Action::EndpointUpdated,
        user_id: None,
        before: Some(Snapshot::Endpoint(before)),
        after: Some(Snapshot::Endpoint(after)),
        reason: None,
        origin: Origin { channel: Channel::System, ip_address: None, user_agent: None, request_id: None },
    };
    writes.insert_audit(&entry).await
}
