//! Orders and payments.

use async_graphql::{Context, ID, Object, Result};

use super::payload::payloads;
use crate::domain::OrderId;
use crate::protocols::graphql::inputs::orders::{ForceCancelOrderInput, OrderCallbackInput};
use crate::protocols::graphql::inputs::{PayOrderInput, PlaceOrderInput};
use crate::protocols::graphql::schema::{CHANGE_COST, app, caller};
use crate::protocols::graphql::types::order::Order;
use crate::protocols::graphql::types::payment::Payment;

payloads! {
    PlaceOrderPayload = "ordering a pet" {
        /// The order.
        order: Order,
    }
    PayOrderPayload = "paying an order" {
        /// The payment, which succeeded.
        payment: Payment,
    }
    ShipOrderPayload = "sending an order on its way" {
        /// The order as it is now.
        order: Order,
    }
    DeliverOrderPayload = "noting that an order arrived" {
        /// The order as it is now.
        order: Order,
    }
    CancelOrderPayload = "cancelling an order" {
        /// The order as it is now.
        order: Order,
    }
    ForceCancelOrderPayload = "ending an order" {
        /// The order as it is now.
        order: Order,
    }
    RequestOrderCallbackPayload = "asking for a callback" {
        /// The order whose processing is told to the caller's address.
        order_id: ID,
    }
}

/// Changes of orders.
#[derive(Default)]
pub struct OrderMutations;

#[Object]
impl OrderMutations {
    /// Orders a pet, which is then PENDING. Of two buyers of one pet exactly one wins.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn place_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to order.")] input: PlaceOrderInput,
    ) -> Result<PlaceOrderPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let place = async || app.place_order(caller, input.pet_id()?).await;
        PlaceOrderPayload::of(place().await.map(|order| (order.into(),)))
    }

    /// Pays an order. A declined payment is told in `userErrors` (`payment_declined`) and is kept; the order can be paid
    /// again.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn pay_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
        #[graphql(desc = "How to pay it.")] input: PayOrderInput,
    ) -> Result<PayOrderPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let pay = async || {
            let id = OrderId::parse_address("id", &id)?;
            app.pay_order(caller, id, input.into_draft()?).await
        };
        PayOrderPayload::of(pay().await.map(|payment| (payment.into(),)))
    }

    /// Sends an APPROVED order on its way (staff).
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn ship_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
    ) -> Result<ShipOrderPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let ship = async || app.ship_order(caller, OrderId::parse_address("id", &id)?).await;
        ShipOrderPayload::of(ship().await.map(|order| (order.into(),)))
    }

    /// Notes that a SHIPPED order arrived (staff).
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn deliver_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
    ) -> Result<DeliverOrderPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let deliver = async || app.deliver_order(caller, OrderId::parse_address("id", &id)?).await;
        DeliverOrderPayload::of(deliver().await.map(|order| (order.into(),)))
    }

    /// Cancels a PLACED or APPROVED order: its pet is free again, and a captured payment is given back.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn cancel_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
    ) -> Result<CancelOrderPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let cancel = async || app.cancel_order(caller, OrderId::parse_address("id", &id)?).await;
        CancelOrderPayload::of(cancel().await.map(|order| (order.into(),)))
    }

    /// Cancels an order from whatever state (administrators); a captured payment is given back.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn force_cancel_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
        #[graphql(desc = "Why.")] input: ForceCancelOrderInput,
    ) -> Result<ForceCancelOrderPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let cancel = async || {
            let id = OrderId::parse_address("id", &id)?;
            app.force_cancel_order(caller, id, input.reason).await
        };
        ForceCancelOrderPayload::of(cancel().await.map(|order| (order.into(),)))
    }

    /// Processes an order for the caller, and tells the outcome to the caller's address later.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn request_order_callback(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
        #[graphql(desc = "What is expected, and whom to tell.")] input: OrderCallbackInput,
    ) -> Result<RequestOrderCallbackPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let request = async || {
            let id = OrderId::parse_address("id", &id)?;
            app.request_callback(caller, id, input.into()).await
        };
        RequestOrderCallbackPayload::of(request().await.map(|()| (id.clone(),)))
    }
}
