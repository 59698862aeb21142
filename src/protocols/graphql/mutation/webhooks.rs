//! Webhook endpoints.

use async_graphql::{Context, ID, Object, Result};

use super::payload::payloads;
use crate::domain::EndpointId;
use crate::protocols::graphql::inputs::webhooks::WebhookEndpointInput;
use crate::protocols::graphql::schema::{CHANGE_COST, app, caller};
use crate::protocols::graphql::types::webhook::WebhookEndpoint;

payloads! {
    CreateWebhookEndpointPayload = "adding a webhook endpoint" {
        /// The endpoint.
        endpoint: WebhookEndpoint,
        /// The secret that signs its deliveries; told this once.
        secret: String,
    }
    UpdateWebhookEndpointPayload = "changing a webhook endpoint" {
        /// The endpoint as it is now.
        endpoint: WebhookEndpoint,
    }
    DeleteWebhookEndpointPayload = "removing a webhook endpoint" {
        /// The id of the endpoint that is gone.
        deleted_id: ID,
    }
    RotateWebhookSecretPayload = "giving a webhook endpoint a new secret" {
        /// The endpoint as it is now.
        endpoint: WebhookEndpoint,
        /// The new secret; told this once.
        secret: String,
    }
    PauseWebhookEndpointPayload = "pausing a webhook endpoint" {
        /// The endpoint as it is now.
        endpoint: WebhookEndpoint,
    }
    ResumeWebhookEndpointPayload = "resuming a webhook endpoint" {
        /// The endpoint as it is now.
        endpoint: WebhookEndpoint,
    }
}

/// Changes of webhook endpoints.
#[derive(Default)]
pub struct WebhookMutations;

#[Object]
impl WebhookMutations {
    /// Adds a webhook endpoint; its secret is told this once.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn create_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint; `url` and `eventTypes` are needed.")] input: WebhookEndpointInput,
    ) -> Result<CreateWebhookEndpointPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let create = async || app.create_endpoint(caller, input.into_draft()?).await;
        CreateWebhookEndpointPayload::of(create().await.map(|(made, secret)| (made.into(), secret)))
    }

    /// Changes a webhook endpoint; what is left out keeps its value.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn update_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] id: ID,
        #[graphql(desc = "What is to change.")] input: WebhookEndpointInput,
    ) -> Result<UpdateWebhookEndpointPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let update = async || {
            let id = EndpointId::parse_address("id", &id)?;
            app.update_endpoint(caller, id, input.into_draft()?).await
        };
        UpdateWebhookEndpointPayload::of(update().await.map(|endpoint| (endpoint.into(),)))
    }

    /// Removes a webhook endpoint, with its deliveries.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn delete_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] id: ID,
    ) -> Result<DeleteWebhookEndpointPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let delete = async || app.delete_endpoint(caller, EndpointId::parse_address("id", &id)?).await;
        DeleteWebhookEndpointPayload::of(delete().await.map(|()| (id,)))
    }

    /// Gives a webhook endpoint a new secret and key; the old ones sign too for a while.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] id: ID,
        #[graphql(desc = "How long, in seconds, up to a week; a day when it is left out.")]
        overlap_seconds: Option<u32>,
    ) -> Result<RotateWebhookSecretPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let rotate = async || {
            let id = EndpointId::parse_address("id", &id)?;
            app.rotate_endpoint_secret(caller, id, overlap_seconds).await
        };
        RotateWebhookSecretPayload::of(rotate().await.map(|(endpoint, secret)| (endpoint.into(), secret)))
    }

    /// Stops sending to a webhook endpoint; its deliveries wait.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn pause_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] id: ID,
    ) -> Result<PauseWebhookEndpointPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let pause = async || app.pause_endpoint(caller, EndpointId::parse_address("id", &id)?, true).await;
        PauseWebhookEndpointPayload::of(pause().await.map(|endpoint| (endpoint.into(),)))
    }

    /// Goes on sending to a webhook endpoint that was paused.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn resume_webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] id: ID,
    ) -> Result<ResumeWebhookEndpointPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let resume = async || app.pause_endpoint(caller, EndpointId::parse_address("id", &id)?, false).await;
        ResumeWebhookEndpointPayload::of(resume().await.map(|endpoint| (endpoint.into(),)))
    }
}
