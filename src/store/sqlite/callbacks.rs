//! Callbacks: deliveries with an address of their own, and the lanes that they wait in.

use super::link::{Link, Statement, places};
use super::row::Fields;
use crate::domain::callback::{Callback, Waiting};
use crate::domain::{Event, OrderId, Result, Tenant, UserId};

/// How many wait; each counted up to `at_most`.
pub(super) async fn pending(
    link: &mut Link<'_>,
    tenant: Tenant,
    (order, user): (OrderId, UserId),
    at_most: u32,
) -> Result<Waiting> {
    let waiting = "SELECT 1 FROM deliveries WHERE tenant = ? AND status = 'PENDING' AND callback_order";
    let select = Statement::read(format!(
        "SELECT (SELECT count(*) FROM ({waiting} = ? LIMIT ?)), \
         (SELECT count(*) FROM (SELECT 1 FROM webhook_endpoints AS lane JOIN deliveries ON endpoint_id = lane.id \
          WHERE lane.tenant = ? AND owner = ? AND callback_lane IS NOT NULL AND deleted = 0 AND status = 'PENDING' \
          LIMIT ?)), \
         (SELECT count(*) FROM ({waiting} IS NOT NULL LIMIT ?))"
    ))
    .bind(tenant.as_uuid())
    .bind(order.0)
    .bind(at_most)
    .bind(tenant.as_uuid())
    .bind(user.0)
    .bind(at_most)
    .bind(tenant.as_uuid())
    .bind(at_most);
    let read = |row: &_| {
        let mut fields = Fields::of(row);
        Ok(Waiting { of_order: fields.int()?, of_user: fields.int()?, of_tenant: fields.int()? })
    };
    Ok(link.row(select, read).await?.unwrap_or_default())
}

/// Queues the delivery of `event` to the callback's address, and its lane when there is none yet.
pub(super) async fn insert(link: &mut Link<'_>, callback: &Callback, event: &Event) -> Result<()> {
    let lane = format!(
        "INSERT INTO webhook_endpoints (id, tenant, owner, url, event_types, sealed_secret, enabled, created_at, \
         updated_at, since, callback_lane) VALUES {} ON CONFLICT DO NOTHING",
        places(11, 1)
    );
    let lane = Statement::write(lane)
        .bind(callback.endpoint.0)
        .bind(callback.tenant.as_uuid())
        .bind(callback.user.0)
        .bind(&callback.lane)
        .bind("[]")
        .bind(&callback.sealed_secret[..])
        .bind(true)
        .bind(callback.at)
        .bind(callback.at)
        .bind(event.position.seq)
        .bind(&callback.lane);
    link.queue(lane).await?;
    let delivery = Statement::write_one(
        "callback lane",
        "INSERT INTO deliveries (id, tenant, endpoint_id, event_id, event_seq, event_type, status, attempts, \
         next_attempt_at, created_at, callback_url, callback_order) \
         SELECT ?, tenant, id, ?, ?, ?, 'PENDING', 0, ?, ?, ?, ? FROM webhook_endpoints \
         WHERE tenant = ? AND owner = ? AND callback_lane = ? AND deleted = 0",
    )
    .bind(callback.delivery.0)
    .bind(event.id.0)
    .bind(event.position.seq)
    .bind(event.kind.name())
    .bind(callback.at)
    .bind(callback.at)
    .bind(&callback.url)
    .bind(callback.order.0)
    .bind(callback.tenant.as_uuid())
    .bind(callback.user.0)
    .bind(&callback.lane);
    link.queue(delivery).await
}

/// Deletes up to `limit` lanes whose last delivery was taken away.
pub(super) async fn purge_lanes(link: &mut Link<'_>, limit: u32) -> Result<u64> {
    let delete = Statement::write(
        "DELETE FROM webhook_endpoints WHERE id IN (SELECT id FROM webhook_endpoints WHERE callback_lane IS NOT NULL \
         AND deleted = 0 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE endpoint_id = webhook_endpoints.id) LIMIT ?)",
    );
    link.queue(delete.bind(limit)).await?;
    link.flush().await
}
