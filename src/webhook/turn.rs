//! One transaction of the deliverer: it records what came of attempts, gives back what is not used, and claims what is due.

use std::sync::Arc;

use super::lane::Unused;
use super::settlement::{self, Faring, Settlement};
use crate::clock::Ids;
use crate::domain::webhook::HealthRules;
use crate::domain::{Result, Timestamp};
use crate::store::{ClaimedDelivery, Store, Writes};

/// What a turn is to do beside recording.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub now: Timestamp,
    pub lease_until: Timestamp,
    /// Zero: claim nothing.
    pub limit: u32,
    pub per_endpoint: u32,
    /// Whether to ask when the next delivery is due.
    pub look: bool,
}

/// What a turn brought.
pub(super) struct Turn {
    pub settlements: Vec<Settlement>,
    pub unused: Vec<Unused>,
    pub claim: Claim,
    pub result: Result<Written>,
}

pub(super) struct Written {
    /// For each settlement, whether its claim still held.
    pub held: Vec<bool>,
    pub faring: Vec<Faring>,
    pub claimed: Vec<ClaimedDelivery>,
    /// What was answered to the question when the next delivery is due, if it was asked.
    pub next_due: Option<Option<Timestamp>>,
}

pub(super) type Records = Arc<(Vec<Settlement>, Vec<Unused>)>;

pub(super) async fn write(
    store: &Store,
    ids: Ids,
    rules: HealthRules,
    records: Records,
    claim: Claim,
) -> Result<Written> {
    let nothing_came = records.0.is_empty();
    let change = async move |writes: &mut dyn Writes| {
        let (settlements, unused) = &*records;
        writes.release_claims(unused).await?;
        let mut held = Vec::with_capacity(settlements.len());
        for settlement in settlements {
            held.push(settlement.record(writes).await?);
        }
        let faring = settlement::judge(writes, &ids, claim.now, rules, settlements, &held).await?;
        let claimed = match claim.limit {
            0 => Vec::new(),
            limit => writes.claim_deliveries(claim.now, claim.lease_until, limit, claim.per_endpoint).await?,
        };
        Ok((held, faring, claimed))
    };
    // A claim that a power failure takes back is made again, and what was sent with it is sent again, as after a crash.
    let written = if nothing_came { store.write_unsynced(change).await } else { store.write(change).await };
    let (held, faring, mut claimed) = written?;
    claimed.sort_by_key(|claimed| (claimed.delivery.next_attempt_at, claimed.delivery.event_seq));
    // What was claimed for nothing but to be sent is sent first.
    let next_due = match claim.look && (claimed.is_empty() || !nothing_came) {
        // What is written is written: an answer that does not come is asked for again at the next look.
        true => Some(store.read().next_due().await.unwrap_or_default()),
        false => None,
    };
    Ok(Written { held, faring, claimed, next_due })
}

pub(super) fn saturating_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
