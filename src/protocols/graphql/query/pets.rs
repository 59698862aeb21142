//! Pets, their stock, and whatever has an id.

use std::hash::Hash;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, ID, Object, Result};

use crate::domain::pet::PetFilter;
use crate::domain::{
    AuditId, DeliveryId, EndpointId, Error, InboundId, OrderId, PaymentId, PetId, ReceiptId, UserId,
    Violation,
};
use crate::protocols::graphql::connection::{Part, numbered};
use crate::protocols::graphql::inputs::filters::{PetFilterInput, PetSortInput, Violations};
use crate::protocols::graphql::loaders::{Batches, ClientKey, find, load};
use crate::protocols::graphql::schema::{LOOKUP_COST, app, caller, connection_cost, list_cost};
use crate::protocols::graphql::types::PetConnection;
use crate::protocols::graphql::types::enums::{PetStatus, Size, Species};
use crate::protocols::graphql::types::inventory::Inventory;
use crate::protocols::graphql::types::node::Node;
use crate::protocols::graphql::types::pet::Pet;

/// Most ids of one `nodes`.
const MAX_NODES: usize = 100;
/// What it counts to look ids up everywhere.
const NODE_COST: usize = 9 * LOOKUP_COST;

/// Pets, and whatever has an id.
#[derive(Default)]
pub struct PetQueries;

#[Object]
impl PetQueries {
    /// Whatever has this id and may be seen; null when there is nothing.
    #[graphql(complexity = "NODE_COST + child_complexity")]
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The id.")] id: ID) -> Result<Option<Node>> {
        find_node(ctx, &id).await
    }

    /// Whatever has these ids and may be seen, in their order; null for those that are nothing.
    #[graphql(complexity = "NODE_COST + list_cost(i32::try_from(ids.len()).ok(), child_complexity)")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids, at most 100.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MAX_NODES {
            let message = format!("must have at most {MAX_NODES} items");
            return Err(Error::invalid(Violation::new("ids", "too_many", message)).into());
        }
        let found = ids.iter().map(|id| find_node(ctx, id));
        futures_util::future::try_join_all(found).await
    }

    /// A page of the pets; filters that are left out let all through. `petsConnection` can do more.
    #[graphql(complexity = "list_cost(limit, child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn pets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this species.")] species: Option<Species>,
        #[graphql(desc = "Only with this status.")] status: Option<PetStatus>,
        #[graphql(desc = "Only of this size.")] size: Option<Size>,
        #[graphql(desc = "Least age in months, 0 or more.")] age_min: Option<i32>,
        #[graphql(desc = "Greatest age in months, 0 or more.")] age_max: Option<i32>,
        #[graphql(desc = "Only those that are, or are not, good with children.")] good_with_kids: Option<
            bool,
        >,
        #[graphql(desc = "Page, counted from 1; 1 when it is left out.")] page: Option<i32>,
        #[graphql(desc = "Items on a page, 1 to 100; 20 when it is left out.")] limit: Option<i32>,
    ) -> Result<Vec<Pet>> {
        let mut found = Violations::default();
        let filter = PetFilter {
            species: species.into_iter().map(Into::into).collect(),
            status: status.into_iter().map(Into::into).collect(),
            size: size.into_iter().map(Into::into).collect(),
            age_min: found.age("ageMin", age_min),
            age_max: found.age("ageMax", age_max),
            good_with_kids,
            ..PetFilter::default()
        };
        let page = numbered(page, limit, found)?;
        let pets = app(ctx)?.list_pets(&caller(ctx)?.principal, &filter, page).await?;
        Ok(pets.items.into_iter().map(Into::into).collect())
    }

    /// The pets, newest first, or the most relevant first when a text is searched for.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    #[allow(clippy::too_many_arguments)]
    async fn pets_connection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which pets; all when it is left out.")] filter: Option<PetFilterInput>,
        #[graphql(desc = "By what they are ordered.")] sort: Option<PetSortInput>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<PetConnection> {
        let page = Part { first, after, last, before }.page()?;
        let filter = filter.unwrap_or_default().read(sort)?;
        Ok(app(ctx)?.list_pets(&caller(ctx)?.principal, &filter, page).await?.into())
    }

    /// One pet; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn pet(&self, ctx: &Context<'_>, #[graphql(desc = "The pet's id.")] id: ID) -> Result<Option<Pet>> {
        let id = PetId::parse_address("id", &id)?;
        Ok(load(ctx, id).await?.map(Into::into))
    }

    /// How many pets there are, by species and status.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn inventory(&self, ctx: &Context<'_>) -> Result<Inventory> {
        let stocks = app(ctx)?.inventory(&caller(ctx)?.principal).await?;
        Ok(stocks.as_slice().into())
    }
}

/// What `key` stands for; nothing in place of a refusal that would only tell that there is something.
async fn visible<K, V>(ctx: &Context<'_>, key: K) -> Result<Option<V>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    V: Send + Sync + Clone + 'static,
    Batches: Loader<K, Value = V, Error = Error>,
{
    match find(ctx, key).await {
        Err(Error::Forbidden(_) | Error::Unauthenticated(_) | Error::MissingScope(_)) => Ok(None),
        found => Ok(found?),
    }
}

/// Looks an id up everywhere; ids are unique over all kinds of things. Several that are looked up at the same time share
/// their statements.
async fn find_node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    if let Ok(id) = ReceiptId::parse("id", id) {
        return Ok(visible(ctx, id).await?.map(|receipt| Node::Receipt(receipt.into())));
    }
    if let Ok(PetId(uuid)) = PetId::parse("id", id) {
        macro_rules! try_each {
            ($($id:ident => $variant:ident),+ $(,)?) => {
                $(if let Some(found) = visible(ctx, $id(uuid)).await? {
                    return Ok(Some(Node::$variant(found.into())));
                })+
            };
        }
        try_each! {
            PetId => Pet,
            OrderId => Order,
            UserId => User,
            PaymentId => Payment,
            EndpointId => WebhookEndpoint,
            DeliveryId => WebhookDelivery,
            AuditId => AuditLog,
            InboundId => InboundDelivery,
        }
    }
    Ok(visible(ctx, ClientKey(id.0.clone())).await?.map(|client| Node::OAuthClient(client.into())))
}
