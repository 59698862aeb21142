//! Deliveries: rows of work for the deliverer, with their claims and attempts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::link::{Link, Statement, places};
use super::list::{Filter, Sort};
use super::row::{Fields, Row, Value};
use super::{attempts, events, webhooks};
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Attempt, Delivery, DeliveryFilter, DeliveryStatus, Endpoint};
use crate::domain::{
    DeliveryId, EndpointId, Epoch, Event, EventId, EventType, Result, Seq, Tenant, Timestamp,
};
use crate::store::{ClaimedDelivery, Verdict};

/// Rows of one statement; each number of rows is a string of its own in the statement cache.
const ROWS: usize = 16;

pub(super) const COLUMNS: &str = "deliveries.id, deliveries.tenant, deliveries.endpoint_id, deliveries.event_id, \
                       deliveries.event_seq, deliveries.event_type, deliveries.status, deliveries.attempts, \
                       deliveries.next_attempt_at, deliveries.created_at, deliveries.settled_at, \
                       deliveries.schedule_from, deliveries.last_status_code, deliveries.order_key";

/// When a delivery is due that waits for an earlier one of its resource (see the trigger `deliveries_parked`).
const PARKED_MS: i64 = 253_402_300_799_000;

/// The deliveries of an endpoint are gone with it, for everyone but [`purge_deleted`].
pub(super) const NOT_DELETED: &str =
    "EXISTS (SELECT 1 FROM webhook_endpoints WHERE webhook_endpoints.id = endpoint_id AND deleted = 0)";

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        endpoint_id: EndpointId(fields.take()?),
        event_id: EventId(fields.take()?),
        event_seq: fields.seq()?,
        event_type: fields.named(EventType::from_name)?,
        status: fields.named(DeliveryStatus::from_name)?,
        attempts: fields.int()?,
        next_attempt_at: fields.take::<Option<i64>>()?.filter(|at| *at < PARKED_MS).map(Timestamp::from_ms),
        created_at: fields.time()?,
        settled_at: fields.time_or_none()?,
        schedule_from: fields.int()?,
        last_status_code: fields.take()?,
        order_key: fields.take()?,
    })
}

fn read_row(row: &Row) -> Result<Delivery> {
    read(&mut Fields::of(row))
}

pub(super) async fn find(link: &mut Link<'_>, tenant: Tenant, id: DeliveryId) -> Result<Option<Delivery>> {
    let select = Statement::read(format!(
        "SELECT {COLUMNS} FROM deliveries WHERE id = ? AND tenant = ? AND {NOT_DELETED}"
    ));
    link.row(select.bind(id.0).bind(tenant.as_uuid()), read_row).await
}

/// Of one endpoint, the newest event first.
pub(super) async fn list(
    link: &mut Link<'_>,
    tenant: Tenant,
    endpoint: EndpointId,
    filter: &DeliveryFilter,
    request: PageRequest,
) -> Result<Page<Delivery>> {
    // The tenant is checked once, at the endpoint, so that the count needs nothing but the index.
    Filter::tenant(
        "endpoint_id = (SELECT id FROM webhook_endpoints WHERE tenant = ? AND id = ? AND deleted = 0)",
        tenant,
    )
    .bind(endpoint.0)
    .and("status = ?", filter.status.map(DeliveryStatus::name))
    .and("event_type = ?", filter.event_type.map(EventType::name))
    .and("last_status_code = ?", filter.status_code)
    .and("created_at >= ?", filter.since)
    .and("created_at < ?", filter.until)
    .page(link, (COLUMNS, "deliveries", Sort::descending("event_seq", "id")), request, read_row)
    .await
}

/// When the next delivery of an enabled endpoint is due that nobody holds, or that nobody holds any more.
pub(super) async fn next_due(link: &mut Link<'_>) -> Result<Option<Timestamp>> {
    // Jumps from endpoint to endpoint along the index of pending deliveries: most lanes of callbacks have none.
    let select = Statement::read(format!(
        "WITH RECURSIVE pending (endpoint_id) AS (\
         SELECT min(endpoint_id) FROM deliveries WHERE status = 'PENDING' UNION ALL \
         SELECT (SELECT min(deliveries.endpoint_id) FROM deliveries WHERE status = 'PENDING' \
         AND deliveries.endpoint_id > pending.endpoint_id) FROM pending WHERE pending.endpoint_id IS NOT NULL), \
         lanes (lane, rest) AS (SELECT endpoint_id, ifnull(hold_until, 0) FROM pending CROSS JOIN webhook_endpoints \
         ON webhook_endpoints.id = endpoint_id WHERE enabled = 1 AND paused = 0 AND {}) \
         SELECT min(max(due, rest)) FROM (\
         SELECT (SELECT next_attempt_at FROM deliveries WHERE endpoint_id = lane \
         AND status = 'PENDING' AND lease_until IS NULL ORDER BY next_attempt_at LIMIT 1) AS due, rest \
         FROM lanes UNION ALL \
         SELECT (SELECT min(lease_until) FROM deliveries WHERE endpoint_id = lane \
         AND lease_until IS NOT NULL), rest FROM lanes)",
        webhooks::OWNER_MAY_ACT
    ));
    Ok(link.row(select, |row| Fields::of(row).time_or_none()).await?.flatten())
}

pub(super) async fn dispatched(link: &mut Link<'_>) -> Result<Seq> {
    let seq = link.row(Statement::read("SELECT dispatched FROM meta"), |row| Fields::of(row).seq()).await?;
    seq.ok_or_else(events::no_meta)
}

/// Queues the rows and the dispatcher's position.
pub(super) async fn insert(link: &mut Link<'_>, deliveries: &[Delivery], upto: Seq) -> Result<()> {
    for deliveries in deliveries.chunks(ROWS) {
        // An endpoint that was deleted since the dispatcher read it needs no delivery any more.
        let insert = format!(
            "INSERT INTO deliveries (id, tenant, endpoint_id, event_id, event_seq, event_type, status, attempts, \
             next_attempt_at, created_at, settled_at, order_key) SELECT * FROM (VALUES {}) AS new \
             WHERE EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = new.column3 AND deleted = 0) \
             ON CONFLICT (endpoint_id, event_seq) DO NOTHING",
            places(12, deliveries.len())
        );
        let values = deliveries.iter().flat_map(|delivery| -> [Value; 12] {
            [
                delivery.id.0.into(),
                delivery.tenant.as_uuid().into(),
                delivery.endpoint_id.0.into(),
                delivery.event_id.0.into(),
                delivery.event_seq.into(),
                delivery.event_type.name().into(),
                delivery.status.name().into(),
                delivery.attempts.into(),
                delivery.next_attempt_at.into(),
                delivery.created_at.into(),
                delivery.settled_at.into(),
                delivery.order_key.into(),
            ]
        });
        link.queue(Statement::write(insert).bind_all(values)).await?;
    }
    link.queue(Statement::write("UPDATE meta SET dispatched = max(dispatched, ?)").bind(upto)).await
}

/// What a claim asks for.
#[derive(Clone, Copy)]
pub(super) struct ClaimRequest {
    pub now: Timestamp,
    pub lease_until: Timestamp,
    pub limit: u32,
    pub per_endpoint: u32,
}

/// Takes due deliveries, the oldest due first. The work is bounded by the endpoints that have pending deliveries and by
/// `limit`, however long the backlog of one of them is.
pub(super) async fn claim(
    link: &mut Link<'_>,
    epoch: Epoch,
    request: ClaimRequest,
) -> Result<Vec<ClaimedDelivery>> {
    let endpoints = endpoints_due(link, request).await?;
    let mut found: Vec<(Timestamp, Row)> = Vec::new();
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    for (endpoint, free) in &endpoints {
        if found.len() >= limit {
            break;
        }
        for row in link.rows(select_due(endpoint, *free, request)).await? {
            found.push((Fields::of(&row).time()?, row));
        }
    }
    found.sort_by_key(|(due, _)| *due);
    found.truncate(limit);
    let mut claimed = Vec::with_capacity(found.len());
    let mut unreadable = Vec::new();
    // An event that goes to many endpoints is read once.
    let mut events: HashMap<Seq, Arc<Event>> = HashMap::new();
    for (_, row) in &found {
        match read_claimed(row, &endpoints, &mut events, epoch) {
            Ok(found) => claimed.extend(found),
            // Held like the others, so that it comes up once in a lease, and not all the time.
            Err(error) => {
                let mut fields = Fields::of(row);
                let _ = (fields.time()?, fields.int::<u64>()?, fields.take::<Option<String>>()?);
                let id: uuid::Uuid = fields.take()?;
                tracing::error!(delivery = %id, cause = ?std::error::Error::source(&error), "a delivery is damaged");
                unreadable.push(id);
            }
        }
    }
    let ids: Vec<uuid::Uuid> =
        claimed.iter().map(|claimed: &ClaimedDelivery| claimed.delivery.id.0).chain(unreadable).collect();
    for ids in ids.chunks(ROWS) {
        let update = format!(
            "UPDATE deliveries SET lease_until = ?, claim = claim + 1 WHERE id IN {}",
            places(ids.len(), 1)
        );
        let ids = ids.iter().map(|id| Value::from(*id));
        link.queue(Statement::write(update).bind(request.lease_until).bind_all(ids)).await?;
    }
    Ok(claimed)
}

fn read_claimed(
    row: &Row,
    endpoints: &[(Arc<Endpoint>, i64)],
    events: &mut HashMap<Seq, Arc<Event>>,
    epoch: Epoch,
) -> Result<Option<ClaimedDelivery>> {
    let mut fields = Fields::of(row);
    fields.time()?;
    let claim: u64 = fields.int()?;
    let callback_url: Option<String> = fields.take()?;
    let delivery = read(&mut fields)?;
    let endpoint = endpoints.iter().find(|(endpoint, _)| endpoint.id == delivery.endpoint_id);
    let Some((endpoint, _)) = endpoint else { return Ok(None) };
    let event = match events.entry(delivery.event_seq) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => unknown.insert(Arc::new(events::read(&mut fields, epoch)?)),
    };
    let (mut endpoint, event) = (Arc::clone(endpoint), Arc::clone(event));
    if let Some(url) = callback_url {
        Arc::make_mut(&mut endpoint).url = url;
    }
    Ok(Some(ClaimedDelivery { delivery, endpoint, event, claim: claim + 1 }))
}

/// The enabled endpoints that have something due, those that wait longest first, each with how many deliveries may be
/// taken of it.
async fn endpoints_due(link: &mut Link<'_>, request: ClaimRequest) -> Result<Vec<(Arc<Endpoint>, i64)>> {
    // Jumps from endpoint to endpoint along the index of pending deliveries.
    let select = format!(
        "WITH RECURSIVE pending (endpoint_id) AS (\
         SELECT min(endpoint_id) FROM deliveries WHERE status = 'PENDING' UNION ALL \
         SELECT (SELECT min(deliveries.endpoint_id) FROM deliveries WHERE status = 'PENDING' \
         AND deliveries.endpoint_id > pending.endpoint_id) FROM pending WHERE pending.endpoint_id IS NOT NULL), \
         open (lane) AS (SELECT endpoint_id FROM pending CROSS JOIN webhook_endpoints \
         ON webhook_endpoints.id = endpoint_id \
         WHERE enabled = 1 AND paused = 0 AND ifnull(hold_until, 0) <= ? AND {}), \
         lanes (lane, due, held) AS MATERIALIZED (SELECT lane, \
         (SELECT next_attempt_at FROM deliveries WHERE endpoint_id = lane \
         AND status = 'PENDING' AND (lease_until IS NULL OR lease_until <= ?) ORDER BY next_attempt_at LIMIT 1), \
         (SELECT count(*) FROM deliveries WHERE endpoint_id = lane AND lease_until > ?) \
         FROM open) \
         SELECT ? - held, {} FROM lanes JOIN webhook_endpoints ON webhook_endpoints.id = lane \
         WHERE due <= ? AND held < ? ORDER BY due LIMIT ?",
        webhooks::OWNER_MAY_ACT,
        webhooks::COLUMNS,
    );
    let select = Statement::read(select)
        .bind(request.now)
        .bind(request.now)
        .bind(request.now)
        .bind(request.per_endpoint)
        .bind(request.now)
        .bind(request.per_endpoint)
        .bind(request.limit);
    let lease_ms = request.lease_until.as_ms() - request.now.as_ms();
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        let free: i64 = fields.take()?;
        let endpoint = webhooks::read(&mut fields)?;
        let held = i64::from(request.per_endpoint) - free;
        Ok((free.min(most(&endpoint, lease_ms) - held), Arc::new(endpoint)))
    };
    let rows = link.rows(select).await?;
    let found = rows.iter().filter_map(|row| webhooks::readable(read(row), "webhook endpoint"));
    Ok(found.filter(|(free, _)| *free > 0).map(|(free, endpoint)| (endpoint, free)).collect())
}

/// How many deliveries of `endpoint` may be held under leases of that length: one that tries whether the receiver is back
/// lets one through, one that is throttled no more than it can send meanwhile.
fn most(endpoint: &Endpoint, lease_ms: i64) -> i64 {
    let paced = endpoint.max_per_second.map_or(i64::MAX, |rate| (i64::from(rate) * lease_ms / 2_000).max(1));
    if endpoint.health.circuit > 0 { 1 } else { paced }
}

fn select_due(endpoint: &Endpoint, free: i64, request: ClaimRequest) -> Statement {
    // CROSS JOIN keeps the order of the loops: the few due deliveries first, then the event of each.
    Statement::read(format!(
        "SELECT deliveries.next_attempt_at, deliveries.claim, deliveries.callback_url, {COLUMNS}, {} \
         FROM deliveries CROSS JOIN events ON events.seq = deliveries.event_seq \
         WHERE deliveries.endpoint_id = ? AND deliveries.status = 'PENDING' AND deliveries.next_attempt_at <= ? \
         AND (deliveries.lease_until IS NULL OR deliveries.lease_until <= ?) \
         ORDER BY deliveries.next_attempt_at LIMIT ?",
        events::COLUMNS
    ))
    .bind(endpoint.id.0)
    .bind(request.now)
    .bind(request.now)
    .bind(free)
}

/// Records an attempt and what follows from it; false when `claim` is not the row's newest, or was settled.
pub(super) async fn settle(
    link: &mut Link<'_>,
    delivery: DeliveryId,
    claim: u64,
    attempt: &Attempt,
    verdict: Verdict,
) -> Result<bool> {
    let ended_at = attempt.started_at.plus_ms(attempt.duration_ms.into());
    let (status, next_attempt_at, settled_at) = match verdict {
        Verdict::Succeeded => (DeliveryStatus::Succeeded, None, Some(ended_at)),
        Verdict::Retry { at } => (DeliveryStatus::Pending, Some(at), None),
        Verdict::Dead => (DeliveryStatus::Dead, None, Some(ended_at)),
    };
    let update = Statement::write(
        // One that was under way when an earlier one of its resource became pending waits for it before its next try.
        "UPDATE deliveries SET status = ?, attempts = ?, next_attempt_at = CASE WHEN ? IS NOT NULL AND EXISTS \
         (SELECT 1 FROM deliveries earlier WHERE earlier.endpoint_id = deliveries.endpoint_id \
         AND earlier.order_key = deliveries.order_key AND earlier.status = 'PENDING' \
         AND earlier.event_seq < deliveries.event_seq) THEN 253402300799000 ELSE ? END, \
         settled_at = ?, last_status_code = ?, \
         lease_until = NULL WHERE id = ? AND claim = ? AND lease_until IS NOT NULL",
    )
    .bind(status.name())
    .bind(attempt.number)
    .bind(next_attempt_at)
    .bind(next_attempt_at)
    .bind(settled_at)
    .bind(attempt.status_code)
    .bind(delivery.0)
    .bind(claim.cast_signed());
    link.queue(update).await?;
    if link.flush().await? == 0 {
        return Ok(false);
    }
    attempts::insert(link, attempt).await?;
    Ok(true)
}

/// Makes due at `now` what waits until after `latest`.
pub(super) async fn end_long_waits(link: &mut Link<'_>, now: Timestamp, latest: Timestamp) -> Result<()> {
    let deliveries = Statement::write(
        "UPDATE deliveries SET next_attempt_at = ? WHERE status = 'PENDING' AND next_attempt_at > ? \
         AND next_attempt_at < ?",
    );
    link.queue(deliveries.bind(now).bind(latest).bind(PARKED_MS)).await?;
    let rests = Statement::write("UPDATE webhook_endpoints SET hold_until = NULL WHERE hold_until > ?");
    link.queue(rests.bind(latest)).await
}

/// Gives back every lease.
pub(super) async fn release_leases(link: &mut Link<'_>) -> Result<u64> {
    link.queue(Statement::write("UPDATE deliveries SET lease_until = NULL WHERE lease_until IS NOT NULL"))
        .await?;
    link.flush().await
}

/// Gives back those of the claims that still hold.
pub(super) async fn release(link: &mut Link<'_>, claims: &[(DeliveryId, u64)]) -> Result<()> {
    for (delivery, claim) in claims {
        let release = Statement::write("UPDATE deliveries SET lease_until = NULL WHERE id = ? AND claim = ?");
        link.queue(release.bind(delivery.0).bind(claim.cast_signed())).await?;
    }
    Ok(())
}
