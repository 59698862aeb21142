//! Sending again: by hand, and in bulk by jobs; and taking away what nobody needs any more.

use super::link::{Link, Statement, places};
use super::list::{Filter, Sort};
use super::row::{Fields, Row};
use super::{events, webhooks};
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Delivery, Job, JobKind};
use crate::domain::{DeliveryId, EndpointId, JobId, Result, Seq, Tenant, Timestamp};

/// What makes a settled delivery due again; its schedule begins anew.
const REOPEN: &str = "status = 'PENDING', settled_at = NULL, schedule_from = attempts";

/// Makes a delivery due at `now`, settled or not; false when its event is no longer kept.
pub(super) async fn reopen(
    link: &mut Link<'_>,
    tenant: Tenant,
    delivery: DeliveryId,
    now: Timestamp,
) -> Result<bool> {
    let update = Statement::write(format!(
        // One that waits for an earlier one of its resource goes on waiting.
        "UPDATE deliveries SET {REOPEN}, next_attempt_at = \
         iif(status = 'PENDING' AND next_attempt_at >= 253402300799000, next_attempt_at, ?) WHERE id = ? AND tenant = ? \
         AND EXISTS (SELECT 1 FROM events WHERE seq = event_seq)"
    ));
    link.queue(update.bind(now).bind(delivery.0).bind(tenant.as_uuid())).await?;
    Ok(link.flush().await? > 0)
}

/// Makes the deliveries due: those that are not there are made, those that are settled begin anew, those that are pending
/// stay as they are. Returns how many there are of the first two.
pub(super) async fn redeliver(link: &mut Link<'_>, deliveries: &[Delivery]) -> Result<u64> {
    let mut changed = 0;
    for delivery in deliveries {
        let upsert = format!(
            "INSERT INTO deliveries (id, tenant, endpoint_id, event_id, event_seq, event_type, status, attempts, \
             next_attempt_at, created_at, order_key) VALUES {} ON CONFLICT (endpoint_id, event_seq) DO UPDATE SET \
             {REOPEN}, next_attempt_at = excluded.next_attempt_at WHERE status <> 'PENDING'",
            places(11, 1)
        );
        let upsert = Statement::write(upsert)
            .bind(delivery.id.0)
            .bind(delivery.tenant.as_uuid())
            .bind(delivery.endpoint_id.0)
            .bind(delivery.event_id.0)
            .bind(delivery.event_seq)
            .bind(delivery.event_type.name())
            .bind(delivery.status.name())
            .bind(delivery.attempts)
            .bind(delivery.next_attempt_at)
            .bind(delivery.created_at)
            .bind(delivery.order_key);
        link.queue(upsert).await?;
        changed += link.flush().await?;
    }
    Ok(changed)
}

/// Makes up to `limit` failed deliveries of the job's endpoint due at `now`: first those that wait for their next try,
/// then dead letters, along the log. Returns the job as it is then.
pub(super) async fn reopen_failed(link: &mut Link<'_>, job: &Job, now: Timestamp, limit: u32) -> Result<Job> {
    let since = job.since.unwrap_or(Timestamp::from_ms(0));
    let waiting = Statement::write(
        "UPDATE deliveries SET next_attempt_at = ? WHERE id IN (SELECT id FROM deliveries WHERE endpoint_id = ? \
         AND status = 'PENDING' AND next_attempt_at > ? AND next_attempt_at < 253402300799000 AND attempts > 0 \
         AND lease_until IS NULL AND created_at >= ? ORDER BY next_attempt_at LIMIT ?)",
    );
    let waiting = waiting.bind(now).bind(job.endpoint_id.0).bind(now).bind(since).bind(limit);
    link.queue(waiting).await?;
    let changed = link.flush().await?;
    let mut next = Job { queued: job.queued + changed, ..job.clone() };
    if changed >= u64::from(limit) {
        return Ok(next);
    }
    let dead = Statement::read(
        "SELECT id, event_seq FROM deliveries WHERE endpoint_id = ? AND status = 'DEAD_LETTER' AND event_seq > ? \
         AND event_seq <= ? AND created_at >= ? ORDER BY event_seq LIMIT ?",
    );
    let dead = dead.bind(job.endpoint_id.0).bind(job.cursor).bind(job.upto).bind(since).bind(limit);
    let rows = link.rows(dead).await?;
    for row in &rows {
        let mut fields = Fields::of(row);
        let (id, seq) = (DeliveryId(fields.take()?), fields.seq()?);
        next.queued += u64::from(reopen(link, job.tenant, id, now).await?);
        next.cursor = seq;
    }
    if rows.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
        (next.cursor, next.finished_at) = (job.upto, Some(now));
    }
    Ok(next)
}

const JOB_COLUMNS: &str = "id, tenant, endpoint_id, kind, since, first_seq, cursor, upto_seq, queued, created_at, finished_at, \
     cancelled";

fn read_job(row: &Row) -> Result<Job> {
    let mut fields = Fields::of(row);
    Ok(Job {
        id: JobId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        endpoint_id: EndpointId(fields.take()?),
        kind: fields.named(JobKind::from_name)?,
        since: fields.time_or_none()?,
        first: fields.seq()?,
        cursor: fields.seq()?,
        upto: fields.seq()?,
        queued: fields.int()?,
        created_at: fields.time()?,
        finished_at: fields.time_or_none()?,
        cancelled: fields.take()?,
    })
}

pub(super) async fn insert_job(link: &mut Link<'_>, job: &Job) -> Result<()> {
    let insert = format!("INSERT INTO webhook_jobs ({JOB_COLUMNS}) VALUES {}", places(12, 1));
    let insert = Statement::write(insert)
        .bind(job.id.0)
        .bind(job.tenant.as_uuid())
        .bind(job.endpoint_id.0)
        .bind(job.kind.name())
        .bind(job.since)
        .bind(job.first)
        .bind(job.cursor)
        .bind(job.upto)
        .bind(job.queued.cast_signed())
        .bind(job.created_at)
        .bind(job.finished_at)
        .bind(job.cancelled);
    link.queue(insert).await
}

/// One that has ended, or is gone with its endpoint, is not found: a step that was under way meanwhile counts for nothing.
pub(super) async fn update_job(link: &mut Link<'_>, job: &Job) -> Result<()> {
    let update = Statement::write_one(
        "webhook job",
        "UPDATE webhook_jobs SET cursor = ?, queued = ?, finished_at = ?, cancelled = ? WHERE id = ? AND finished_at IS NULL",
    );
    let update = update
        .bind(job.cursor)
        .bind(job.queued.cast_signed())
        .bind(job.finished_at)
        .bind(job.cancelled)
        .bind(job.id.0);
    link.queue(update).await
}

/// One that is not finished, of any tenant: the oldest of those after `last`, else the oldest.
pub(super) async fn running_job(link: &mut Link<'_>, last: Option<JobId>) -> Result<Option<Job>> {
    let select = format!(
        "SELECT {JOB_COLUMNS} FROM webhook_jobs WHERE finished_at IS NULL ORDER BY id <= ?, id LIMIT 1"
    );
    link.row(Statement::read(select).bind(last.map_or(uuid::Uuid::nil(), |id| id.0)), read_job).await
}

pub(super) async fn count_running(link: &mut Link<'_>, endpoint: EndpointId) -> Result<u64> {
    let select =
        Statement::read("SELECT count(*) FROM webhook_jobs WHERE endpoint_id = ? AND finished_at IS NULL");
    Ok(link.row(select.bind(endpoint.0), |row| Fields::of(row).int()).await?.unwrap_or(0))
}

pub(super) async fn find_job(link: &mut Link<'_>, tenant: Tenant, id: JobId) -> Result<Option<Job>> {
    let select = format!("SELECT {JOB_COLUMNS} FROM webhook_jobs WHERE id = ? AND tenant = ?");
    link.row(Statement::read(select).bind(id.0).bind(tenant.as_uuid()), read_job).await
}

/// Newest first.
pub(super) async fn list_jobs(
    link: &mut Link<'_>,
    tenant: Tenant,
    endpoint: EndpointId,
    request: PageRequest,
) -> Result<Page<Job>> {
    Filter::tenant("tenant = ? AND endpoint_id = ?", tenant)
        .bind(endpoint.0)
        .page(link, (JOB_COLUMNS, "webhook_jobs", Sort::NEWEST), request, read_job)
        .await
}

/// The position before the first event that occurred at `at` or later: the log is halved until it is found, since times
/// rise with it (but for a clock that was set back) and no index of them is worth its price.
pub(super) async fn seq_before(link: &mut Link<'_>, at: Timestamp) -> Result<Seq> {
    let bounds = events::bounds(link).await?;
    let (mut low, mut high) = (bounds.floor.0, bounds.head.0);
    while low < high {
        let middle = low + (high - low) / 2;
        let select = Statement::read("SELECT occurred_at FROM events WHERE seq > ? ORDER BY seq LIMIT 1")
            .bind(Seq(middle));
        match link.row(select, |row| Fields::of(row).time()).await? {
            Some(occurred_at) if occurred_at < at => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(Seq(low))
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

/// Takes away up to `limit` of each kind that were settled before `before` (dead letters: before `dead_before`), with their
/// attempts, and as many jobs.
pub(super) async fn purge_settled(
    link: &mut Link<'_>,
    before: Timestamp,
    dead_before: Timestamp,
    limit: u32,
) -> Result<u64> {
    let delete = Statement::write(
        "DELETE FROM deliveries WHERE id IN (\
         SELECT id FROM (SELECT id FROM deliveries WHERE status = 'SUCCEEDED' AND settled_at < ? LIMIT ?) UNION ALL \
         SELECT id FROM (SELECT id FROM deliveries WHERE status = 'DEAD_LETTER' AND settled_at < ? LIMIT ?)) \
         RETURNING 1",
    );
    let delete = delete.bind(before).bind(limit).bind(dead_before.min(before)).bind(limit);
    let settled = link.rows(delete).await?.len() as u64;
    let jobs =
        "DELETE FROM webhook_jobs WHERE id IN (SELECT id FROM webhook_jobs WHERE finished_at < ? LIMIT ?)";
    link.queue(Statement::write(jobs).bind(before).bind(limit)).await?;
    Ok(settled.max(link.flush().await?))
}

/// Makes dead letters of up to `limit` deliveries from before `before` whose endpoint sends nothing: it is paused or disabled,
/// or its owner suspended. They would be kept for ever, and their events with them.
pub(super) async fn give_up(
    link: &mut Link<'_>,
    before: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<u64> {
    let update = Statement::write(format!(
        "UPDATE deliveries SET status = 'DEAD_LETTER', settled_at = ?, next_attempt_at = NULL WHERE id IN (\
         SELECT deliveries.id FROM webhook_endpoints CROSS JOIN deliveries \
         ON deliveries.endpoint_id = webhook_endpoints.id AND deliveries.status = 'PENDING' \
         WHERE deleted = 0 AND (enabled = 0 OR paused = 1 OR NOT ({})) \
         AND deliveries.created_at < ? AND deliveries.lease_until IS NULL LIMIT ?)",
        webhooks::OWNER_MAY_ACT
    ));
    link.queue(update.bind(now).bind(before).bind(limit)).await?;
    link.flush().await
}
