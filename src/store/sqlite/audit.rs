//! The audit log; rows are only ever added.

use super::link::{Link, Statement};
use crate::domain::Result;
use crate::domain::audit::AuditEntry;
use crate::wire::snapshot;

pub(super) async fn insert(link: &mut Link<'_>, entry: &AuditEntry) -> Result<()> {
    let insert = Statement::write(
        "INSERT INTO audit (id, tenant, created_at, action, user_id, entity_type, entity_id, before, after, channel, \
         ip_address, user_agent, request_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
        .bind(entry.origin.request_id.as_ref());
    link.queue(insert).await
}
