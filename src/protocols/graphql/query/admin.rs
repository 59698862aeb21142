//! What only administrators see.

use async_graphql::{Context, ID, Object, Result};

use crate::domain::{AuditId, InboundId};
use crate::protocols::graphql::connection::Part;
use crate::protocols::graphql::inputs::records::{AuditFilterInput, InboundFilterInput};
use crate::protocols::graphql::schema::{LOOKUP_COST, app, caller, connection_cost, optional};
use crate::protocols::graphql::types::audit::AuditLog;
use crate::protocols::graphql::types::outside::{InboundDelivery, OAuthClient};
use crate::protocols::graphql::types::stats::DashboardStats;
use crate::protocols::graphql::types::{
    AuditLogConnection, InboundDeliveryConnection, OAuthClientConnection,
};

/// What only administrators see.
#[derive(Default)]
pub struct AdminQueries;

#[Object]
impl AdminQueries {
    /// The numbers of the tenant (administrators).
    #[graphql(complexity = "8 * LOOKUP_COST + child_complexity")]
    async fn dashboard_stats(&self, ctx: &Context<'_>) -> Result<DashboardStats> {
        let dashboard = app(ctx)?.dashboard(&caller(ctx)?.principal).await?;
        Ok((&dashboard).into())
    }

    /// The audit log, newest first (administrators).
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn audit_logs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which rows; all when it is left out.")] filter: Option<AuditFilterInput>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<AuditLogConnection> {
        let page = Part { first, after, last, before }.page()?;
        let filter = filter.unwrap_or_default().read()?;
        Ok(app(ctx)?.list_audit(&caller(ctx)?.principal, filter, page).await?.into())
    }

    /// One row of the audit log (administrators); null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The row's id.")] id: ID,
    ) -> Result<Option<AuditLog>> {
        let id = AuditId::parse_address("id", &id)?;
        let row = app(ctx)?.get_audit(&caller(ctx)?.principal, id).await;
        Ok(optional(row)?.map(Into::into))
    }

    /// The clients of the OAuth2 server that were registered here, newest first (administrators).
    #[graphql(name = "oauthClients", complexity = "connection_cost(first, last, child_complexity)")]
    async fn oauth_clients(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<OAuthClientConnection> {
        let page = Part { first, after, last, before }.page()?;
        Ok(app(ctx)?.list_oauth_clients(&caller(ctx)?.principal, page).await?.into())
    }

    /// One client of the OAuth2 server (administrators); null when there is none with this id.
    #[graphql(name = "oauthClient", complexity = "LOOKUP_COST + child_complexity")]
    async fn oauth_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client's id.")] id: ID,
    ) -> Result<Option<OAuthClient>> {
        let client = app(ctx)?.get_oauth_client(&caller(ctx)?.principal, &id).await;
        Ok(optional(client)?.map(Into::into))
    }

    /// What other systems sent here, newest first (administrators).
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn inbound_deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them; all when it is left out.")] filter: Option<InboundFilterInput>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<InboundDeliveryConnection> {
        let page = Part { first, after, last, before }.page()?;
        let filter = filter.unwrap_or_default().read()?;
        Ok(app(ctx)?.list_inbound(&caller(ctx)?.principal, &filter, page).await?.into())
    }

    /// One of them, with what was done with it (administrators); null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn inbound_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, told to its sender as `executionId`.")] id: ID,
    ) -> Result<Option<InboundDelivery>> {
        let id = InboundId::parse_address("id", &id)?;
        let inbound = app(ctx)?.get_inbound(&caller(ctx)?.principal, id).await;
        Ok(optional(inbound)?.map(Into::into))
    }
}
