//! Webhook endpoints and deliveries, and the log of events.

use async_graphql::{Context, ID, Object, Result};

use crate::domain::{DeliveryId, EndpointId, EventType, JobId, Topic};
use crate::protocols::graphql::connection::{Part, numbered};
use crate::protocols::graphql::inputs::records::{AttemptFilterInput, DeliveryFilterInput};
use crate::protocols::graphql::schema::{LOOKUP_COST, app, caller, connection_cost, list_cost, optional};
use crate::protocols::graphql::types::delivery::{WebhookDelivery, WebhookJob};
use crate::protocols::graphql::types::event_objects::Event;
use crate::protocols::graphql::types::log::{EventTypeInfo, PastEvents};
use crate::protocols::graphql::types::scalars::Cursor;
use crate::protocols::graphql::types::webhook::WebhookEndpoint;
use crate::protocols::graphql::types::{
    WebhookAttemptConnection, WebhookDeliveryConnection, WebhookEndpointConnection, WebhookJobConnection,
};

/// Webhooks and events.
#[derive(Default)]
pub struct WebhookQueries;

#[Object]
impl WebhookQueries {
    /// The webhook endpoints, newest first: the staff's of the tenant, a user's own.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn webhook_endpoints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<WebhookEndpointConnection> {
        let page = Part { first, after, last, before }.page()?;
        Ok(app(ctx)?.list_endpoints(&caller(ctx)?.principal, page).await?.into())
    }

    /// One webhook endpoint; null when there is none of the caller's with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn webhook_endpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] id: ID,
    ) -> Result<Option<WebhookEndpoint>> {
        let id = EndpointId::parse_address("id", &id)?;
        let endpoint = app(ctx)?.get_endpoint(&caller(ctx)?.principal, id).await;
        Ok(optional(endpoint)?.map(Into::into))
    }

    /// What was sent, or is to be sent, to an endpoint, newest first.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] endpoint: ID,
        #[graphql(desc = "Which deliveries; all when it is left out.")] filter: Option<DeliveryFilterInput>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<WebhookDeliveryConnection> {
        let page = Part { first, after, last, before }.page()?;
        let (endpoint, filter) =
            (EndpointId::parse_address("endpoint", &endpoint)?, filter.unwrap_or_default().read()?);
        Ok(app(ctx)?.list_deliveries(&caller(ctx)?.principal, endpoint, &filter, page).await?.into())
    }

    /// One delivery; null when there is none of the caller's with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The delivery's id.")] id: ID,
    ) -> Result<Option<WebhookDelivery>> {
        let id = DeliveryId::parse_address("id", &id)?;
        let delivery = app(ctx)?.delivery_by_id(&caller(ctx)?.principal, id).await;
        Ok(optional(delivery)?.map(Into::into))
    }

    /// The attempts that were made for an endpoint, those of the newest event first.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn webhook_attempts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] endpoint: ID,
        #[graphql(desc = "Which attempts; all when it is left out.")] filter: Option<AttemptFilterInput>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<WebhookAttemptConnection> {
        let page = Part { first, after, last, before }.page()?;
        let (endpoint, filter) =
            (EndpointId::parse_address("endpoint", &endpoint)?, filter.unwrap_or_default().read()?);
        Ok(app(ctx)?.list_attempts(&caller(ctx)?.principal, endpoint, &filter, page).await?.into())
    }

    /// The jobs of an endpoint that send again in bulk, newest first.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn webhook_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] endpoint: ID,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<WebhookJobConnection> {
        let page = Part { first, after, last, before }.page()?;
        let endpoint = EndpointId::parse_address("endpoint", &endpoint)?;
        Ok(app(ctx)?.list_webhook_jobs(&caller(ctx)?.principal, endpoint, page).await?.into())
    }

    /// One job of an endpoint; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn webhook_job(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] endpoint: ID,
        #[graphql(desc = "The job's id.")] id: ID,
    ) -> Result<Option<WebhookJob>> {
        let (endpoint, id) =
            (EndpointId::parse_address("endpoint", &endpoint)?, JobId::parse_address("id", &id)?);
        let job = app(ctx)?.get_webhook_job(&caller(ctx)?.principal, endpoint, id).await;
        Ok(optional(job)?.map(Into::into))
    }

    /// Every type of event.
    #[graphql(complexity = "list_cost(Some(100), child_complexity)")]
    async fn event_types(&self) -> Vec<EventTypeInfo> {
        EventType::ALL.iter().map(|kind| (*kind).into()).collect()
    }

    /// One type of event; null when there is none of this name.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn event_type(
        &self,
        #[graphql(desc = "Its name, such as `order.created`.")] name: String,
    ) -> Option<EventTypeInfo> {
        EventType::from_name(&name).map(Into::into)
    }

    /// Events of the past of some topics, in the order in which they happened; to follow them live, subscribe.
    #[graphql(complexity = "list_cost(limit, child_complexity)")]
    async fn past_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Topics, as in the subscription `events`.")] topics: Vec<String>,
        #[graphql(desc = "Only those after this cursor; from the oldest that is kept when it is left out.")]
        after: Option<Cursor>,
        #[graphql(desc = "How many at most, 1 to 100; 20 when it is left out.")] limit: Option<i32>,
    ) -> Result<PastEvents> {
        let limit = numbered(None, limit, Default::default())?.limit;
        let app = app(ctx)?;
        let topics = Topic::parse_list(topics.iter().map(String::as_str), app.settings().max_topics)?;
        let past = app
            .past_events(
                &caller(ctx)?.principal,
                &topics,
                after.as_ref().map(|cursor| cursor.0.as_str()),
                limit,
            )
            .await?;
        let events = past.events.iter().filter_map(Event::of).collect();
        Ok(PastEvents::new(events, past.next))
    }

    /// Where the event log stands now. A subscription that begins `after` it misses nothing that happens from now on, also
    /// when it is cut off before its first event.
    #[graphql(complexity = "LOOKUP_COST")]
    async fn events_cursor(&self, ctx: &Context<'_>) -> Result<Cursor> {
        Ok(Cursor(app(ctx)?.head_cursor()))
    }

    /// Where the attempts of a webhook endpoint stand now. A subscription to its deliveries that begins `after` it misses
    /// none that is made from now on, also when it is cut off before its first item.
    #[graphql(complexity = "LOOKUP_COST")]
    async fn deliveries_cursor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] endpoint: ID,
    ) -> Result<Cursor> {
        let endpoint = EndpointId::parse_address("endpoint", &endpoint)?;
        Ok(Cursor(app(ctx)?.attempts_cursor(&caller(ctx)?.principal, endpoint).await?))
    }
}
