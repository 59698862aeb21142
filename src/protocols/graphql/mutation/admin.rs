//! What only administrators do.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::payload::{UserError, payloads, settle};
use crate::domain::{InboundId, UserId};
use crate::integrations::Integrations;
use crate::protocols::graphql::inputs::users::{OAuthClientInput, SetUserStatusInput};
use crate::protocols::graphql::schema::{CHANGE_COST, app, caller};
use crate::protocols::graphql::types::outside::{InboundDelivery, OAuthClient};
use crate::protocols::graphql::types::user::User;

payloads! {
    SetUserStatusPayload = "suspending a user, or letting them in again" {
        /// The user as it is now.
        user: User,
    }
    UpdateOAuthClientPayload = "changing an OAuth2 client" {
        /// The client as it is now.
        client: OAuthClient,
    }
    DeleteOAuthClientPayload = "taking an OAuth2 client away" {
        /// The id of the client that is gone.
        deleted_id: ID,
    }
    ReprocessInboundDeliveryPayload = "processing an inbound delivery again" {
        /// The delivery, with what was done now.
        delivery: InboundDelivery,
    }
}

/// What came of registering an OAuth2 client.
#[derive(SimpleObject)]
pub struct CreateOAuthClientPayload {
    /// The client.
    client: Option<OAuthClient>,
    /// Its secret, told this once; null for a client without one.
    secret: Option<String>,
    /// Why it was not done; empty when it was.
    user_errors: Vec<UserError>,
}

/// What only administrators do.
#[derive(Default)]
pub struct AdminMutations;

#[Object]
impl AdminMutations {
    /// Suspends a user, whose logins end at once, or lets them in again (administrators).
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn set_user_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's id.")] id: ID,
        #[graphql(desc = "The status, and why.")] input: SetUserStatusInput,
    ) -> Result<SetUserStatusPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let set = async || {
            let id = UserId::parse_address("id", &id)?;
            app.set_user_status(caller, id, input.status.into(), input.reason).await
        };
        SetUserStatusPayload::of(set().await.map(|user| (user.into(),)))
    }

    /// Registers a client of the OAuth2 server (administrators); its secret is told this once.
    #[graphql(name = "createOAuthClient", complexity = "CHANGE_COST + child_complexity")]
    async fn create_oauth_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client; `name`, `grantTypes` and `scopes` are needed.")]
        input: OAuthClientInput,
    ) -> Result<CreateOAuthClientPayload> {
        let made = app(ctx)?.create_oauth_client(caller(ctx)?, input.into()).await;
        let (made, user_errors) = settle(made)?;
        let (client, secret) = made.unzip();
        Ok(CreateOAuthClientPayload { client: client.map(Into::into), secret: secret.flatten(), user_errors })
    }

    /// Changes a client of the OAuth2 server (administrators); what is left out keeps its value.
    #[graphql(name = "updateOAuthClient", complexity = "CHANGE_COST + child_complexity")]
    async fn update_oauth_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client's id.")] id: ID,
        #[graphql(desc = "What is to change.")] input: OAuthClientInput,
    ) -> Result<UpdateOAuthClientPayload> {
        let changed = app(ctx)?.update_oauth_client(caller(ctx)?, id.0, input.into()).await;
        UpdateOAuthClientPayload::of(changed.map(|client| (client.into(),)))
    }

    /// Takes a client of the OAuth2 server away, with everything that was given to it (administrators).
    #[graphql(name = "deleteOAuthClient", complexity = "CHANGE_COST + child_complexity")]
    async fn delete_oauth_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The client's id.")] id: ID,
    ) -> Result<DeleteOAuthClientPayload> {
        let deleted = app(ctx)?.delete_oauth_client(caller(ctx)?, id.0.clone()).await;
        DeleteOAuthClientPayload::of(deleted.map(|()| (id,)))
    }

    /// Does once more what an inbound delivery means (administrators).
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn reprocess_inbound_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The delivery's id.")] id: ID,
    ) -> Result<ReprocessInboundDeliveryPayload> {
        let (app, caller, integrations) = (app(ctx)?, caller(ctx)?, ctx.data::<Arc<Integrations>>()?);
        let reprocess = async || {
            let id = InboundId::parse_address("id", &id)?;
            let draft = integrations.understand(&app.get_inbound(&caller.principal, id).await?)?;
            app.reprocess_inbound(caller, id, draft).await
        };
        ReprocessInboundDeliveryPayload::of(reprocess().await.map(|inbound| (inbound.into(),)))
    }
}
