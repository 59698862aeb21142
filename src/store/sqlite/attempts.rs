//! Attempts of deliveries.

use super::deliveries::{self, NOT_DELETED};
use super::link::{Link, Statement, places};
use super::list::{Filter, Sort};
use super::row::{Fields, Row, Value};
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Attempt, AttemptFilter, RecordedAttempt};
use crate::domain::{AttemptId, DeliveryId, EndpointId, Epoch, EventType, Position, Result, Seq, Tenant};
use crate::store::LogBounds;

/// In the order they were made.
pub(super) async fn of_delivery(
    link: &mut Link<'_>,
    tenant: Tenant,
    delivery: DeliveryId,
) -> Result<Vec<Attempt>> {
    let select = Statement::read(format!(
        "SELECT {ATTEMPT_COLUMNS} FROM attempts JOIN deliveries ON deliveries.id = delivery_id \
         WHERE delivery_id = ? AND tenant = ? AND {NOT_DELETED} ORDER BY number"
    ));
    link.rows(select.bind(delivery.0).bind(tenant.as_uuid())).await?.iter().map(read_attempt).collect()
}

/// Of one endpoint, those of the newest event first.
pub(super) async fn of_endpoint(
    link: &mut Link<'_>,
    tenant: Tenant,
    endpoint: EndpointId,
    filter: &AttemptFilter,
    request: PageRequest,
) -> Result<Page<Attempt>> {
    let outcome =
        filter.succeeded.map(|succeeded| if succeeded { "error IS NULL" } else { "error IS NOT NULL" });
    Filter::tenant(
        &format!(
            "deliveries.endpoint_id = (SELECT id FROM webhook_endpoints WHERE tenant = ? AND id = ? AND deleted = 0) \
             AND {}",
            outcome.unwrap_or("1")
        ),
        tenant,
    )
    .bind(endpoint.0)
    .and("event_type = ?", filter.event_type.map(EventType::name))
    .and("status_code = ?", filter.status_code)
    .and("started_at >= ?", filter.since)
    .and("started_at < ?", filter.until)
    .page(
        link,
        (
            ATTEMPT_COLUMNS,
            "deliveries CROSS JOIN attempts ON attempts.delivery_id = deliveries.id",
            Sort::descending("event_seq", "attempts.id"),
        ),
        request,
        read_attempt,
    )
    .await
}

pub(super) const ATTEMPT_COLUMNS: &str = "attempts.id, delivery_id, number, started_at, duration_ms, status_code, error, \
                               response_body, address, request_headers, response_headers";

fn read_attempt(row: &Row) -> Result<Attempt> {
    read(&mut Fields::of(row))
}

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Attempt> {
    Ok(Attempt {
        id: AttemptId(fields.take()?),
        delivery_id: DeliveryId(fields.take()?),
        number: fields.int()?,
        started_at: fields.time()?,
        duration_ms: fields.int()?,
        status_code: fields.take()?,
        error: fields.take()?,
        response_body: fields.take()?,
        address: fields.take()?,
        request_headers: fields.json_or_none()?.unwrap_or_default(),
        response_headers: fields.json_or_none()?.unwrap_or_default(),
    })
}

/// The first `limit` of an endpoint after a position, in the order in which they were recorded.
pub(super) async fn after(
    link: &mut Link<'_>,
    tenant: Tenant,
    endpoint: EndpointId,
    after: Seq,
    limit: u32,
) -> Result<Vec<RecordedAttempt>> {
    let select = Statement::read(format!(
        "SELECT epoch, attempts.position, {ATTEMPT_COLUMNS}, {} FROM attempts CROSS JOIN deliveries \
         ON deliveries.id = attempts.delivery_id CROSS JOIN meta \
         WHERE attempts.endpoint = ? AND deliveries.tenant = ? AND attempts.position > ? \
         ORDER BY attempts.position LIMIT ?",
        deliveries::COLUMNS
    ));
    let rows = link.rows(select.bind(endpoint.0).bind(tenant.as_uuid()).bind(after).bind(limit)).await?;
    rows.iter().map(read_recorded).collect()
}

fn read_recorded(row: &Row) -> Result<RecordedAttempt> {
    let mut fields = Fields::of(row);
    Ok(RecordedAttempt {
        position: Position { epoch: Epoch(fields.int()?), seq: fields.seq()? },
        attempt: read(&mut fields)?,
        delivery: deliveries::read(&mut fields)?,
    })
}

/// Which positions of an endpoint's attempts can be gone on after.
pub(super) async fn bounds(
    link: &mut Link<'_>,
    tenant: Tenant,
    endpoint: EndpointId,
) -> Result<Option<LogBounds>> {
    let select = Statement::read(
        "SELECT epoch, attempts_purged, attempted FROM webhook_endpoints, meta \
         WHERE webhook_endpoints.id = ? AND tenant = ? AND deleted = 0",
    );
    link.row(select.bind(endpoint.0).bind(tenant.as_uuid()), |row| {
        let mut fields = Fields::of(row);
        Ok(LogBounds { epoch: Epoch(fields.int()?), floor: fields.seq()?, head: fields.seq()? })
    })
    .await
}

/// Gives it the next position.
pub(super) async fn insert(link: &mut Link<'_>, attempt: &Attempt) -> Result<()> {
    link.queue(Statement::write("UPDATE meta SET attempted = attempted + 1")).await?;
    let insert = format!(
        "INSERT INTO attempts (id, delivery_id, number, started_at, duration_ms, status_code, error, response_body, \
         address, request_headers, response_headers, position, endpoint) \
         SELECT new.*, attempted, endpoint_id FROM (VALUES {}) AS new \
         CROSS JOIN meta JOIN deliveries ON deliveries.id = new.column2",
        places(11, 1)
    );
    let insert = Statement::write(insert)
        .bind(attempt.id.0)
        .bind(attempt.delivery_id.0)
        .bind(attempt.number)
        .bind(attempt.started_at)
        .bind(attempt.duration_ms)
        .bind(attempt.status_code)
        .bind(attempt.error.as_ref())
        .bind(attempt.response_body.as_ref())
        .bind(attempt.address.as_ref())
        .bind(Value::json(&attempt.request_headers)?)
        .bind(Value::json(&attempt.response_headers)?);
    link.queue(insert).await
}
