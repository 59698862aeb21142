//! Mutations: each is one use case.

use async_graphql::{Context, Description, ID, Object, Result};

use super::inputs::{PayOrderInput, PetInput, PlaceOrderInput};
use super::schema::{app, caller};
use super::types::order::Order;
use super::types::payment::Payment;
use super::types::pet::Pet;
use crate::domain::{OrderId, PetId};

/// What can be changed in the store.
#[derive(Description)]
pub struct Mutation;

#[Object(use_type_description, name = "StoreMutation")]
impl Mutation {
    /// Adds a pet (staff).
    async fn create_pet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pet; `name`, `species`, `ageMonths` and `price` are needed.")] input: PetInput,
    ) -> Result<Pet> {
        let draft = input.into_draft()?;
        Ok(app(ctx)?.create_pet(caller(ctx)?, draft).await?.into())
    }

    /// Changes a pet (staff); what is left out keeps its value.
    async fn update_pet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pet's id.")] id: ID,
        #[graphql(desc = "What is to change.")] input: PetInput,
    ) -> Result<Pet> {
        let id = PetId::parse_address("id", &id)?;
        let draft = input.into_draft()?;
        Ok(app(ctx)?.update_pet(caller(ctx)?, id, draft).await?.into())
    }

    /// Orders a pet, which is then PENDING. Of two buyers of one pet exactly one wins.
    async fn place_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to order.")] input: PlaceOrderInput,
    ) -> Result<Order> {
        Ok(app(ctx)?.place_order(caller(ctx)?, input.pet_id()?).await?.into())
    }

    /// Pays an order. A declined payment is an error (`payment_declined`) and is kept; the order can be paid again.
    async fn pay_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
        #[graphql(desc = "How to pay it.")] input: PayOrderInput,
    ) -> Result<Payment> {
        let id = OrderId::parse_address("id", &id)?;
        let draft = input.into_draft()?;
        Ok(app(ctx)?.pay_order(caller(ctx)?, id, draft).await?.into())
    }

    /// Sends an APPROVED order on its way (staff).
    async fn ship_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
    ) -> Result<Order> {
        let id = OrderId::parse_address("id", &id)?;
        Ok(app(ctx)?.ship_order(caller(ctx)?, id).await?.into())
    }

    /// Notes that a SHIPPED order arrived (staff).
    async fn deliver_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
    ) -> Result<Order> {
        let id = OrderId::parse_address("id", &id)?;
        Ok(app(ctx)?.deliver_order(caller(ctx)?, id).await?.into())
    }

    /// Cancels a PLACED or APPROVED order: its pet is free again, and a captured payment is given back.
    async fn cancel_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
    ) -> Result<Order> {
        let id = OrderId::parse_address("id", &id)?;
        Ok(app(ctx)?.cancel_order(caller(ctx)?, id).await?.into())
    }
}
