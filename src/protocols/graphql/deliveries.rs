//! The subscription to a webhook endpoint's deliveries, which come from the table of attempts and not from the log.

use std::sync::Arc;

use async_graphql::{Context, ID, Result};

use super::schema::{app, caller};
use super::subscription::{Item, Items, Supply, open_or};
use super::types::delivery::WebhookDeliveryUpdate;
use super::types::scalars::Cursor;
use crate::domain::EndpointId;

/// Deliveries.
#[derive(Default)]
pub struct DeliverySubscription;

#[async_graphql::Subscription]
impl DeliverySubscription {
    /// The deliveries to a webhook endpoint, one item for each attempt that was made, in the order in which they were
    /// recorded, each at least once.
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The endpoint's id.")] endpoint: ID,
        #[graphql(
            desc = "Cursor of the last item that was seen, or `deliveriesCursor`; from now on when it is left out."
        )]
        after: Option<Cursor>,
    ) -> Result<Items<WebhookDeliveryUpdate>> {
        let item = |item: &Item| match item {
            Item::Attempt(attempted) => Some(Arc::clone(attempted).into()),
            Item::Event(_) => None,
        };
        open_or(ctx, after, item, async |after| {
            let endpoint = EndpointId::parse_address("endpoint", &endpoint)?;
            let feed = app(ctx)?.follow_attempts(&caller(ctx)?.principal, endpoint, after).await?;
            Ok(Supply::Attempts(feed))
        })
        .await
    }
}
