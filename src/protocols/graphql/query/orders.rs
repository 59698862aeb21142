//! Orders, payments and receipts.

use async_graphql::{Context, ID, Object, Result};

use crate::app::Watched;
use crate::domain::order::OrderFilter;
use crate::domain::{OrderId, PaymentId, ReceiptId};
use crate::protocols::graphql::connection::{Part, numbered};
use crate::protocols::graphql::inputs::filters::{OrderFilterInput, PaymentFilterInput, Violations};
use crate::protocols::graphql::loaders::load;
use crate::protocols::graphql::schema::{LOOKUP_COST, app, caller, connection_cost, list_cost, optional};
use crate::protocols::graphql::types::enums::OrderStatus;
use crate::protocols::graphql::types::order::Order;
use crate::protocols::graphql::types::payment::{Payment, Receipt};
use crate::protocols::graphql::types::{OrderConnection, PaymentConnection};

/// Orders, payments and receipts.
#[derive(Default)]
pub struct OrderQueries;

#[Object]
impl OrderQueries {
    /// A page of orders: the staff's of the tenant, a user's own. `ordersConnection` can do more.
    #[graphql(complexity = "list_cost(limit, child_complexity)")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only with this status.")] status: Option<OrderStatus>,
        #[graphql(desc = "Page, counted from 1; 1 when it is left out.")] page: Option<i32>,
        #[graphql(desc = "Items on a page, 1 to 100; 20 when it is left out.")] limit: Option<i32>,
    ) -> Result<Vec<Order>> {
        let page = numbered(page, limit, Violations::default())?;
        let filter = OrderFilter { status: status.map(Into::into), ..OrderFilter::default() };
        let orders = app(ctx)?.list_orders(&caller(ctx)?.principal, filter, page).await?;
        Ok(orders.items.into_iter().map(Into::into).collect())
    }

    /// The orders, newest first: the staff's of the tenant, a user's own.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn orders_connection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which orders; all when it is left out.")] filter: Option<OrderFilterInput>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<OrderConnection> {
        let page = Part { first, after, last, before }.page()?;
        let filter = filter.unwrap_or_default().read()?;
        Ok(app(ctx)?.list_orders(&caller(ctx)?.principal, filter, page).await?.into())
    }

    /// One order, for its buyer and the staff; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
    ) -> Result<Option<Order>> {
        let id = OrderId::parse_address("id", &id)?;
        let order = app(ctx)?.get_order(&caller(ctx)?.principal, id).await;
        Ok(optional(order)?.map(Into::into))
    }

    /// The payments, newest first: the staff's of the tenant, a user's own.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which payments; all when it is left out.")] filter: Option<PaymentFilterInput>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<PaymentConnection> {
        let page = Part { first, after, last, before }.page()?;
        let filter = filter.unwrap_or_default().read()?;
        Ok(app(ctx)?.list_all_payments(&caller(ctx)?.principal, &filter, page).await?.into())
    }

    /// One payment, for its buyer and the staff; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payment's id.")] id: ID,
    ) -> Result<Option<Payment>> {
        let id = PaymentId::parse_address("id", &id)?;
        Ok(load(ctx, id).await?.map(Into::into))
    }

    /// One receipt, for its buyer and the staff; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn receipt(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The receipt's id.")] id: ID,
    ) -> Result<Option<Receipt>> {
        let id = ReceiptId::parse_address("id", &id)?;
        let receipt = app(ctx)?.get_receipt(&caller(ctx)?.principal, id).await;
        Ok(optional(receipt)?.map(|(receipt, ..)| receipt.into()))
    }

    /// The users who watch an order now, on whichever channel.
    #[graphql(complexity = "2 * LOOKUP_COST")]
    async fn order_watchers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
    ) -> Result<Vec<ID>> {
        let order = Watched::Order(OrderId::parse_address("id", &id)?);
        let watchers = app(ctx)?.list_watchers(&caller(ctx)?.principal, order).await?;
        Ok(watchers.into_iter().map(Into::into).collect())
    }

    /// The secret that signs the callbacks of orders for the caller.
    #[graphql(complexity = "LOOKUP_COST")]
    async fn callback_secret(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(app(ctx)?.callback_secret(&caller(ctx)?.principal)?)
    }
}
