//! Deliveries: rows of work for the deliverer, with their claims and attempts.

use super::link::{Link, Statement, places};
use super::list::{Filter, Sort};
use super::row::{Fields, Row, Value};
use super::{events, webhooks};
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Attempt, Delivery, DeliveryStatus, Endpoint};
use crate::domain::{
    AttemptId, DeliveryId, EndpointId, Epoch, EventId, EventType, Result, Seq, Tenant, Timestamp,
};
use crate::store::{ClaimedDelivery, Verdict};

/// Rows of one statement; each number of rows is a string of its own in the statement cache.
const ROWS: usize = 16;

const COLUMNS: &str = "deliveries.id, deliveries.tenant, deliveries.endpoint_id, deliveries.event_id, \
                       deliveries.event_seq, deliveries.event_type, deliveries.status, deliveries.attempts, \
                       deliveries.next_attempt_at, deliveries.created_at, deliveries.settled_at";

/// The deliveries of an endpoint are gone with it, for everyone but [`purge_deleted`].
const NOT_DELETED: &str =
    "EXISTS (SELECT 1 FROM webhook_endpoints WHERE webhook_endpoints.id = endpoint_id AND deleted = 0)";

fn read(fields: &mut Fields<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        endpoint_id: EndpointId(fields.take()?),
        event_id: EventId(fields.take()?),
        event_seq: fields.seq()?,
        event_type: fields.named(EventType::from_name)?,
        status: fields.named(DeliveryStatus::from_name)?,
        attempts: fields.int()?,
        next_attempt_at: fields.time_or_none()?,
        created_at: fields.time()?,
        settled_at: fields.time_or_none()?,
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
    request: PageRequest,
) -> Result<Page<Delivery>> {
    // The tenant is checked once, at the endpoint, so that the count needs nothing but the index.
    Filter::tenant(
        "endpoint_id = (SELECT id FROM webhook_endpoints WHERE tenant = ? AND id = ? AND deleted = 0)",
        tenant,
    )
    .bind(endpoint.0)
    .page(link, (COLUMNS, "deliveries", Sort::descending("event_seq", "id")), request, read_row)
    .await
}

/// In the order they were made.
pub(super) async fn attempts(
    link: &mut Link<'_>,
    tenant: Tenant,
    delivery: DeliveryId,
) -> Result<Vec<Attempt>> {
    let select = Statement::read(format!(
        "SELECT attempts.id, delivery_id, number, started_at, duration_ms, status_code, error, response_body \
         FROM attempts JOIN deliveries ON deliveries.id = delivery_id \
         WHERE delivery_id = ? AND tenant = ? AND {NOT_DELETED} ORDER BY number"
    ));
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        Ok(Attempt {
            id: AttemptId(fields.take()?),
            delivery_id: DeliveryId(fields.take()?),
            number: fields.int()?,
            started_at: fields.time()?,
            duration_ms: fields.int()?,
            status_code: fields.take()?,
            error: fields.take()?,
            response_body: fields.take()?,
        })
    };
    link.rows(select.bind(delivery.0).bind(tenant.as_uuid())).await?.iter().map(read).collect()
}

/// When the next delivery of an enabled endpoint is due that nobody holds, or that nobody holds any more.
pub(super) async fn next_due(link: &mut Link<'_>) -> Result<Option<Timestamp>> {
    // Jumps from endpoint to endpoint along the index of pending deliveries: most lanes of callbacks have none.
    let select = Statement::read(format!(
        "WITH RECURSIVE pending (endpoint_id) AS (\
         SELECT min(endpoint_id) FROM deliveries WHERE status = 'PENDING' UNION ALL \
         SELECT (SELECT min(deliveries.endpoint_id) FROM deliveries WHERE status = 'PENDING' \
         AND deliveries.endpoint_id > pending.endpoint_id) FROM pending WHERE pending.endpoint_id IS NOT NULL), \
         lanes (lane) AS (SELECT endpoint_id FROM pending CROSS JOIN webhook_endpoints \
         ON webhook_endpoints.id = endpoint_id WHERE enabled = 1 AND {}) \
         SELECT min(due) FROM (\
         SELECT (SELECT next_attempt_at FROM deliveries WHERE endpoint_id = lane \
         AND status = 'PENDING' AND lease_until IS NULL ORDER BY next_attempt_at LIMIT 1) AS due \
         FROM lanes UNION ALL \
         SELECT (SELECT min(lease_until) FROM deliveries WHERE endpoint_id = lane \
         AND lease_until IS NOT NULL) FROM lanes)",
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
             next_attempt_at, created_at, settled_at) SELECT * FROM (VALUES {}) AS new \
             WHERE EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = new.column3 AND deleted = 0) \
             ON CONFLICT (endpoint_id, event_seq) DO NOTHING",
            places(11, deliveries.len())
        );
        let values = deliveries.iter().flat_map(|delivery| -> [Value; 11] {
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
    for (_, row) in &found {
        let mut fields = Fields::of(row);
        fields.time()?;
        let claim: u64 = fields.int()?;
        let callback_url: Option<String> = fields.take()?;
        let delivery = read(&mut fields)?;
        if let Some((endpoint, _)) =
            endpoints.iter().find(|(endpoint, _)| endpoint.id == delivery.endpoint_id)
        {
            let event = events::read(&mut fields, epoch)?;
            let mut endpoint = endpoint.clone();
            if let Some(url) = callback_url {
                endpoint.url = url;
            }
            claimed.push(ClaimedDelivery { delivery, endpoint, event, claim: claim + 1 });
        }
    }
    for claimed in claimed.chunks(ROWS) {
        let update = format!(
            "UPDATE deliveries SET lease_until = ?, claim = claim + 1 WHERE id IN {}",
            places(claimed.len(), 1)
        );
        let ids = claimed.iter().map(|claimed| Value::from(claimed.delivery.id.0));
        link.queue(Statement::write(update).bind(request.lease_until).bind_all(ids)).await?;
    }
    Ok(claimed)
}

/// The enabled endpoints that have something due, those that wait longest first, each with how many deliveries may be
/// taken of it.
async fn endpoints_due(link: &mut Link<'_>, request: ClaimRequest) -> Result<Vec<(Endpoint, i64)>> {
    // Jumps from endpoint to endpoint along the index of pending deliveries.
    let select = format!(
        "WITH RECURSIVE pending (endpoint_id) AS (\
         SELECT min(endpoint_id) FROM deliveries WHERE status = 'PENDING' UNION ALL \
         SELECT (SELECT min(deliveries.endpoint_id) FROM deliveries WHERE status = 'PENDING' \
         AND deliveries.endpoint_id > pending.endpoint_id) FROM pending WHERE pending.endpoint_id IS NOT NULL), \
         lanes (lane, due, held) AS MATERIALIZED (SELECT endpoint_id, \
         (SELECT next_attempt_at FROM deliveries WHERE deliveries.endpoint_id = pending.endpoint_id \
         AND status = 'PENDING' AND (lease_until IS NULL OR lease_until <= ?) ORDER BY next_attempt_at LIMIT 1), \
         (SELECT count(*) FROM deliveries WHERE deliveries.endpoint_id = pending.endpoint_id AND lease_until > ?) \
         FROM pending) \
         SELECT ? - held, {} FROM lanes JOIN webhook_endpoints ON webhook_endpoints.id = lane \
         WHERE due <= ? AND held < ? AND enabled = 1 AND {} ORDER BY due LIMIT ?",
        webhooks::COLUMNS,
        webhooks::OWNER_MAY_ACT
    );
    let select = Statement::read(select)
        .bind(request.now)
        .bind(request.now)
        .bind(request.per_endpoint)
        .bind(request.now)
        .bind(request.per_endpoint)
        .bind(request.limit);
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        let free = fields.take()?;
        Ok((webhooks::read(&mut fields)?, free))
    };
    link.rows(select).await?.iter().map(read).collect()
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
        "UPDATE deliveries SET status = ?, attempts = ?, next_attempt_at = ?, settled_at = ?, lease_until = NULL \
         WHERE id = ? AND claim = ? AND lease_until IS NOT NULL",
    )
    .bind(status.name())
    .bind(attempt.number)
    .bind(next_attempt_at)
    .bind(settled_at)
    .bind(delivery.0)
    .bind(claim.cast_signed());
    link.queue(update).await?;
    if link.flush().await? == 0 {
        return Ok(false);
    }
    let insert = format!(
        "INSERT INTO attempts (id, delivery_id, number, started_at, duration_ms, status_code, error, response_body) \
         VALUES {}",
        places(8, 1)
    );
    let insert = Statement::write(insert)
        .bind(attempt.id.0)
        .bind(delivery.0)
        .bind(attempt.number)
        .bind(attempt.started_at)
        .bind(attempt.duration_ms)
        .bind(attempt.status_code)
        .bind(attempt.error.as_ref())
        .bind(attempt.response_body.as_ref());
    link.queue(insert).await?;
    Ok(true)
}

/// Gives back every lease.
pub(super) async fn release_leases(link: &mut Link<'_>) -> Result<u64> {
    link.queue(Statement::write("UPDATE deliveries SET lease_until = NULL WHERE lease_until IS NOT NULL"))
        .await?;
    link.flush().await
}

/// Deletes up to `limit` deliveries of endpoints that were deleted, and those endpoints that have none left. Returns how
/// many deliveries.
pub(super) async fn purge_deleted(link: &mut Link<'_>, limit: u32) -> Result<u64> {
    let deliveries = Statement::write(
        "DELETE FROM deliveries WHERE id IN (SELECT deliveries.id FROM webhook_endpoints CROSS JOIN deliveries \
         ON deliveries.endpoint_id = webhook_endpoints.id WHERE deleted = 1 LIMIT ?)",
    );
    link.queue(deliveries.bind(limit)).await?;
    let purged = link.flush().await?;
    if purged < u64::from(limit) {
        link.queue(Statement::write("DELETE FROM webhook_endpoints WHERE deleted = 1")).await?;
    }
    Ok(purged)
}

/// Takes away up to `limit` that were settled before `before`, with their attempts.
pub(super) async fn purge_settled(link: &mut Link<'_>, before: Timestamp, limit: u32) -> Result<u64> {
    let delete = Statement::write(
        "DELETE FROM deliveries WHERE id IN \
         (SELECT id FROM deliveries WHERE settled_at < ? ORDER BY settled_at LIMIT ?) RETURNING 1",
    );
    Ok(link.rows(delete.bind(before).bind(limit)).await?.len() as u64)
}
