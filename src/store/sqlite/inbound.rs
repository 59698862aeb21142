//! What other systems sent here.

use super::link::{Link, Statement, places};
use super::list::{Filter, Sort};
use super::row::{Fields, Row, Value};
use crate::domain::inbound::{Inbound, InboundFilter, InboundSource, InboundStatus, Settled, SourceOrder};
use crate::domain::page::{Page, PageRequest};
use crate::domain::{InboundId, OrderId, PaymentId, Result, Tenant, Timestamp};
use crate::wire::inbound as wire;

pub(super) const COLUMNS: &str = "id, tenant, source, kind, external_id, run_id, order_id, status, note, steps, body, \
                       received_at, processed_at";

pub(super) fn read(row: &Row) -> Result<Inbound> {
    let mut fields = Fields::of(row);
    Ok(Inbound {
        id: InboundId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        source: fields.named(InboundSource::from_name)?,
        kind: fields.take()?,
        external_id: fields.take()?,
        run_id: InboundId(fields.take()?),
        order_id: fields.take::<Option<_>>()?.map(OrderId),
        status: fields.named(InboundStatus::from_name)?,
        note: fields.take()?,
        steps: fields.json::<Vec<wire::Step>>()?.into_iter().map(Into::into).collect(),
        body: fields.take()?,
        received_at: fields.time()?,
        processed_at: fields.time()?,
    })
}

fn steps(inbound: &Inbound) -> Result<Value> {
    Value::json(&inbound.steps.iter().map(wire::Step::from).collect::<Vec<_>>())
}

pub(super) async fn find(link: &mut Link<'_>, tenant: Tenant, id: InboundId) -> Result<Option<Inbound>> {
    let select = format!("SELECT {COLUMNS} FROM inbound_deliveries WHERE id = ? AND tenant = ?");
    link.row(Statement::read(select).bind(id.0).bind(tenant.as_uuid()), read).await
}

pub(super) async fn by_key(
    link: &mut Link<'_>,
    tenant: Tenant,
    source: InboundSource,
    external_id: &str,
) -> Result<Option<Inbound>> {
    let select = format!(
        "SELECT {COLUMNS} FROM inbound_deliveries WHERE tenant = ? AND source = ? AND external_id = ?"
    );
    let select = Statement::read(select).bind(tenant.as_uuid()).bind(source.name());
    link.row(select.bind(external_id.to_owned()), read).await
}

/// Newest first.
pub(super) async fn list(
    link: &mut Link<'_>,
    tenant: Tenant,
    filter: &InboundFilter,
    request: PageRequest,
) -> Result<Page<Inbound>> {
    Filter::tenant("tenant = ?", tenant)
        .and("source = ?", filter.source.map(InboundSource::name))
        .and("status = ?", filter.status.map(InboundStatus::name))
        .and("order_id = ?", filter.order_id.map(|id| id.0))
        .and("received_at >= ?", filter.since)
        .and("received_at < ?", filter.until)
        .page(link, (COLUMNS, "inbound_deliveries", Sort::descending("received_at", "id")), request, read)
        .await
}

pub(super) async fn insert(link: &mut Link<'_>, inbound: &Inbound) -> Result<()> {
    let insert = format!("INSERT INTO inbound_deliveries ({COLUMNS}) VALUES {}", places(13, 1));
    let insert = Statement::write(insert)
        .bind(inbound.id.0)
        .bind(inbound.tenant.as_uuid())
        .bind(inbound.source.name())
        .bind(&inbound.kind)
        .bind(&inbound.external_id)
        .bind(inbound.run_id.0)
        .bind(inbound.order_id.map(|id| id.0))
        .bind(inbound.status.name())
        .bind(inbound.note.as_ref())
        .bind(steps(inbound)?)
        .bind(&inbound.body)
        .bind(inbound.received_at)
        .bind(inbound.processed_at);
    link.queue(insert).await
}

/// Replaces what was made of it.
pub(super) async fn update(link: &mut Link<'_>, inbound: &Inbound) -> Result<()> {
    let update = Statement::write_one(
        "inbound delivery",
        "UPDATE inbound_deliveries SET status = ?, note = ?, steps = ?, order_id = ?, processed_at = ? \
         WHERE id = ? AND tenant = ?",
    );
    let update = update
        .bind(inbound.status.name())
        .bind(inbound.note.as_ref())
        .bind(steps(inbound)?)
        .bind(inbound.order_id.map(|id| id.0))
        .bind(inbound.processed_at)
        .bind(inbound.id.0)
        .bind(inbound.tenant.as_uuid());
    link.queue(update).await
}

pub(super) async fn source_order(
    link: &mut Link<'_>,
    tenant: Tenant,
    source: InboundSource,
    external_id: &str,
) -> Result<Option<SourceOrder>> {
    let select = Statement::read(
        "SELECT external_id, status, updated_at FROM inbound_orders \
         WHERE tenant = ? AND source = ? AND external_id = ?",
    );
    let select = select.bind(tenant.as_uuid()).bind(source.name()).bind(external_id.to_owned());
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        Ok(SourceOrder { external_id: fields.take()?, status: fields.take()?, updated_at: fields.time()? })
    };
    link.row(select, read).await
}

pub(super) async fn put_source_order(
    link: &mut Link<'_>,
    tenant: Tenant,
    source: InboundSource,
    order: &SourceOrder,
) -> Result<()> {
    let upsert = format!(
        "INSERT INTO inbound_orders (tenant, source, external_id, status, updated_at) VALUES {} \
         ON CONFLICT (tenant, source, external_id) DO UPDATE SET status = excluded.status, \
         updated_at = excluded.updated_at",
        places(5, 1)
    );
    let upsert = Statement::write(upsert)
        .bind(tenant.as_uuid())
        .bind(source.name())
        .bind(&order.external_id)
        .bind(&order.status)
        .bind(order.updated_at);
    link.queue(upsert).await
}

pub(super) async fn settled(
    link: &mut Link<'_>,
    tenant: Tenant,
    source: InboundSource,
    order: OrderId,
) -> Result<Settled> {
    let select = Statement::read(
        "SELECT payment_id, refunded FROM inbound_settlements WHERE tenant = ? AND source = ? AND order_id = ?",
    );
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        let payment_id = fields.take::<Option<_>>()?.map(PaymentId);
        Ok(Settled { payment_id, refunded: fields.take()? })
    };
    let select = select.bind(tenant.as_uuid()).bind(source.name()).bind(order.0);
    Ok(link.row(select, read).await?.unwrap_or_default())
}

pub(super) async fn put_settled(
    link: &mut Link<'_>,
    tenant: Tenant,
    source: InboundSource,
    order: OrderId,
    settled: Settled,
) -> Result<()> {
    let upsert = format!(
        "INSERT INTO inbound_settlements (tenant, source, order_id, payment_id, refunded) VALUES {} \
         ON CONFLICT (tenant, source, order_id) DO UPDATE SET payment_id = excluded.payment_id, \
         refunded = excluded.refunded",
        places(5, 1)
    );
    let upsert = Statement::write(upsert)
        .bind(tenant.as_uuid())
        .bind(source.name())
        .bind(order.0)
        .bind(settled.payment_id.map(|id| id.0))
        .bind(settled.refunded);
    link.queue(upsert).await
}

/// Takes away up to `limit` that came before `before`, and as many of the sources' orders that have not changed since; what
/// someone must look at stays.
pub(super) async fn purge(link: &mut Link<'_>, before: Timestamp, limit: u32) -> Result<u64> {
    let orders = Statement::write(
        "DELETE FROM inbound_orders WHERE (tenant, source, external_id) IN (SELECT tenant, source, external_id \
         FROM inbound_orders WHERE updated_at < ? ORDER BY updated_at LIMIT ?)",
    );
    link.queue(orders.bind(before).bind(limit)).await?;
    let orders = link.flush().await?;
    let delete = Statement::write(
        "DELETE FROM inbound_deliveries WHERE id IN (SELECT id FROM inbound_deliveries WHERE received_at < ? \
         AND status <> 'REVIEW' ORDER BY received_at LIMIT ?) RETURNING 1",
    );
    Ok(orders.max(link.rows(delete.bind(before).bind(limit)).await?.len() as u64))
}
