//! Orders, and what hangs on them.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use uuid::Uuid;

use super::PaymentConnection;
use super::enums::{Currency, OrderStatus};
use super::payment::Payment;
use super::pet::Pet;
use super::scalars::{DateTime, Decimal};
use super::user::User;
use crate::domain;
use crate::protocols::graphql::connection::Part;
use crate::protocols::graphql::loaders::{PaymentsOf, load, page_of};
use crate::protocols::graphql::schema::{LOOKUP_COST, connection_cost, list_cost, nested_limit};

/// One pet for one buyer.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Order {
    /// The order's id.
    pub(super) id: ID,
    /// The pet that is ordered.
    pet_id: ID,
    /// The buyer; null for an anonymous order.
    user_id: Option<ID>,
    /// Where it stands.
    status: OrderStatus,
    /// What is to be paid.
    total_amount: Decimal,
    /// The currency of the amount.
    currency: Currency,
    /// When it was placed.
    created_at: DateTime,
    /// When it last changed.
    updated_at: DateTime,
    /// The tenant that it belongs to; null in the public pool.
    tenant_id: Option<Uuid>,
    #[graphql(skip)]
    order: domain::Order,
}

impl From<domain::Order> for Order {
    fn from(order: domain::Order) -> Self {
        Self {
            id: order.id.into(),
            pet_id: order.pet_id.into(),
            user_id: order.user_id.map(Into::into),
            status: order.status.into(),
            total_amount: order.total_amount.into(),
            currency: order.currency.into(),
            created_at: order.created_at.into(),
            updated_at: order.updated_at.into(),
            tenant_id: order.tenant.id(),
            order,
        }
    }
}

#[ComplexObject]
impl Order {
    /// The pet that is ordered, as it is now; null when it has left the store.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn pet(&self, ctx: &Context<'_>) -> Result<Option<Pet>> {
        Ok(load(ctx, self.order.pet_id).await?.map(Into::into))
    }

    /// The newest tries to pay the order. The others are in `paymentsConnection`.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
    ) -> Result<Vec<Payment>> {
        let payments = load(ctx, PaymentsOf(self.order.id, nested_limit(first)?)).await?.unwrap_or_default();
        Ok(payments.into_iter().map(Into::into).collect())
    }

    /// All tries to pay the order, newest first.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn payments_connection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<PaymentConnection> {
        Ok(page_of(ctx, self.order.id, Part { first, after, last, before }).await?.into())
    }

    /// The buyer; null for an anonymous order, and when the user is gone.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn user(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let Some(id) = self.order.user_id else { return Ok(None) };
        Ok(load(ctx, id).await?.map(Into::into))
    }
}
