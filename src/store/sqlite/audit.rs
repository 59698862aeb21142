//! The audit log; rows are only ever added.

use uuid::Uuid;

use super::link::{Link, Statement};
use super::list::{Filter, Sort};
use super::row::{Fields, Row};
use crate::domain::audit::{Action, AuditEntry, AuditFilter, AuditRecord, Channel};
use crate::domain::page::{Page, PageRequest};
use crate::domain::{AuditId, Result, Tenant, Timestamp, UserId};
use crate::wire::snapshot;

pub(super) async fn insert(link: &mut Link<'_>, entry: &AuditEntry) -> Result<()> {
    let insert = Statement::write(
        "INSERT INTO audit (id, tenant, created_at, action, user_id, entity_type, entity_id, before, after, channel, \
         ip_address, user_agent, request_id, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let entity = entry.after.as_ref().or(entry.before.as_ref());
    let insert = insert
        .bind(entry.id.0)
        .bind(entry.tenant.as_uuid())
        .bind(entry.at)
        .bind(entry.action.name())
        .bind(entry.user_id.map(|id| id.0))
        .bind(entity.map(|entity| entity.entity_type()))
        .bind(entity.map(|entity| entity.entity_id()))
        .bind(entry.before.as_ref().map(snapshot::to_json))
        .bind(entry.after.as_ref().map(snapshot::to_json))
        .bind(entry.origin.channel.name())
        .bind(entry.origin.ip_address.map(|ip| ip.to_string()))
        .bind(entry.origin.user_agent.as_ref())
        .bind(entry.origin.request_id.as_ref())
        .bind(entry.reason.as_ref());
    link.queue(insert).await
}

pub(super) const COLUMNS: &str = "id, tenant, created_at, action, user_id, entity_type, entity_id, before, after, reason, channel, \
                       ip_address, user_agent, request_id";

pub(super) fn read_row(row: &Row) -> Result<AuditRecord> {
    let mut fields = Fields::of(row);
    Ok(AuditRecord {
        id: AuditId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        at: fields.time()?,
        action: fields.named(Action::from_name)?,
        user_id: fields.take::<Option<_>>()?.map(UserId),
        entity_type: fields.take()?,
        entity_id: fields.take()?,
        before: fields.take()?,
        after: fields.take()?,
        reason: fields.take()?,
        channel: fields.named(Channel::from_name)?,
        ip_address: fields.take()?,
        user_agent: fields.take()?,
        request_id: fields.take()?,
    })
}

pub(super) async fn find(link: &mut Link<'_>, tenant: Tenant, id: AuditId) -> Result<Option<AuditRecord>> {
    let select = Statement::read(format!("SELECT {COLUMNS} FROM audit WHERE tenant = ? AND id = ?"));
    link.row(select.bind(tenant.as_uuid()).bind(id.0), read_row).await
}

/// Newest first.
pub(super) async fn list(
    link: &mut Link<'_>,
    tenant: Tenant,
    filter: &AuditFilter,
    request: PageRequest,
) -> Result<Page<AuditRecord>> {
    Filter::tenant("tenant = ?", tenant)
        .and("user_id = ?", filter.user_id.map(|id| id.0))
        .and("entity_id = ?", filter.entity_id.as_ref())
        .and("entity_type = ?", filter.entity_type)
        .and("action = ?", filter.action.map(Action::name))
        .and("channel = ?", filter.channel.map(Channel::name))
        // An id is made after the time of its row was read and never carries an earlier one, so the key bounds the walk.
        .and("id >= ?", filter.from.map(first_id))
        .and("created_at >= ?", filter.from)
        .and("created_at <= ?", filter.to)
        .page(link, (COLUMNS, "audit", Sort::BY_ID), request, read_row)
        .await
}

/// The first UUID version 7 of that millisecond.
fn first_id(at: Timestamp) -> Uuid {
    let ms = u128::from(at.as_ms().unsigned_abs());
    Uuid::from_u128(ms << 80 | 0x7000_8000_0000_0000_0000)
}
