//! The audit log.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use uuid::Uuid;

use super::scalars::{DateTime, Json};
use super::user::User;
use crate::domain::UserId;
use crate::domain::audit::AuditRecord;
use crate::protocols::graphql::loaders::load;
use crate::protocols::graphql::schema::LOOKUP_COST;

/// Who changed what, through which channel, from what to what.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct AuditLog {
    /// The row's id.
    pub(super) id: ID,
    /// What was done, such as ORDER_CANCELLED.
    action: &'static str,
    /// Who did it; null without a token.
    user_id: Option<ID>,
    /// What kind of thing it was done to, such as ORDERS.
    entity_type: Option<String>,
    /// The thing's id.
    entity_id: Option<String>,
    /// The thing before.
    before: Option<Json>,
    /// The thing after.
    after: Option<Json>,
    /// Why, when an administrator gave a reason.
    reason: Option<String>,
    /// The address that it came from.
    ip_address: Option<String>,
    /// The program that it came from.
    user_agent: Option<String>,
    /// The way that it came in, such as REST or GRAPHQL.
    channel: &'static str,
    /// The request that it came with.
    request_id: Option<String>,
    /// When it was done.
    created_at: DateTime,
    /// The tenant that it belongs to; null in the public pool.
    tenant_id: Option<Uuid>,
    #[graphql(skip)]
    user: Option<UserId>,
}

#[ComplexObject]
impl AuditLog {
    /// Who did it; null without a token, and when the user is gone.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.user else { return Ok(None) };
        Ok(load(ctx, id).await?.map(Into::into))
    }
}

impl From<AuditRecord> for AuditLog {
    fn from(record: AuditRecord) -> Self {
        let json = |text: Option<String>| text.as_deref().map(Json::from_text);
        Self {
            id: record.id.into(),
            action: record.action.name(),
            user_id: record.user_id.map(Into::into),
            entity_type: record.entity_type,
            entity_id: record.entity_id,
            before: json(record.before),
            after: json(record.after),
            reason: record.reason,
            ip_address: record.ip_address,
            user_agent: record.user_agent,
            channel: record.channel.name(),
            request_id: record.request_id,
            created_at: record.at.into(),
            tenant_id: record.tenant.id(),
            user: record.user_id,
        }
    }
}
