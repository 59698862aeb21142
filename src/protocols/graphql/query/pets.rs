//! Pets, their stock, and whatever has an id.

use async_graphql::{Context, ID, Object, Result};

use crate::domain::page::PageRequest;
use crate::domain::pet::PetFilter;
use crate::domain::{
    self, AuditId, DeliveryId, EndpointId, Error, InboundId, OrderId, PaymentId, PetId, ReceiptId, UserId,
    Violation,
};
use crate::protocols::graphql::connection::Part;
use crate::protocols::graphql::inputs::filters::{PetFilterInput, PetSortInput, Violations};
use crate::protocols::graphql::loaders::load;
use crate::protocols::graphql::schema::{LOOKUP_COST, app, caller, connection_cost, list_cost, optional};
use crate::protocols::graphql::types::PetConnection;
use crate::protocols::graphql::types::enums::{PetStatus, Size, Species};
use crate::protocols::graphql::types::inventory::Inventory;
use crate::protocols::graphql::types::node::Node;
use crate::protocols::graphql::types::pet::Pet;

/// Most ids of one `nodes`.
const MAX_NODES: usize = 100;

/// Pets, and whatever has an id.
#[derive(Default)]
pub struct PetQueries;

#[Object]
impl PetQueries {
    /// A pet, for a gateway.
    #[graphql(entity)]
    async fn find_pet_by_id(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pet's id.")] id: ID,
    ) -> Result<Pet> {
        let id = PetId::parse_address("id", &id)?;
        Ok(load(ctx, id).await?.ok_or(Error::NotFound("pet"))?.into())
    }

    /// Whatever has this id and may be seen; null when there is nothing.
    #[graphql(complexity = "4 * LOOKUP_COST + child_complexity")]
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The id.")] id: ID) -> Result<Option<Node>> {
        find_node(ctx, &id).await
    }

    /// Whatever has these ids and may be seen, in their order; null for those that are nothing.
    #[graphql(complexity = "ids.len().min(MAX_NODES) * (4 * LOOKUP_COST + child_complexity)")]
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
        #[graphql(desc = "How many, 1 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 1 to 100.")] last: Option<i32>,
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

/// A page by its number.
///
/// # Errors
/// [`Error::Invalid`] with what was found before and what is wrong with the numbers.
pub fn numbered(page: Option<i32>, limit: Option<i32>, found: Violations) -> domain::Result<PageRequest> {
    match PageRequest::new(page.map(Into::into), limit.map(Into::into), None) {
        Ok(request) => found.finish(request),
        Err(more) => found.refuse(more),
    }
}

/// Nothing in place of a refusal that would only tell that there is something.
fn visible<T, N: From<T>>(found: domain::Result<T>) -> Result<Option<N>> {
    match found {
        Err(Error::Forbidden(_) | Error::Unauthenticated(_) | Error::MissingScope(_)) => Ok(None),
        found => Ok(optional(found)?.map(N::from)),
    }
}

/// Looks an id up everywhere; ids are unique over all kinds of things.
async fn find_node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let (app, principal) = (app(ctx)?, &caller(ctx)?.principal);
    if let Ok(id) = ReceiptId::parse("id", id) {
        let receipt = app.get_receipt(principal, id).await.map(|(receipt, ..)| receipt);
        return Ok(
            visible::<_, crate::protocols::graphql::types::payment::Receipt>(receipt)?.map(Node::Receipt)
        );
    }
    if let Ok(pet) = PetId::parse("id", id) {
        let uuid = pet.0;
        macro_rules! try_each {
            ($($found:expr => $variant:ident),+ $(,)?) => {
                $(if let Some(node) = visible($found.await)? { return Ok(Some(Node::$variant(node))); })+
            };
        }
        try_each! {
            app.get_pet(principal, pet) => Pet,
            app.get_order(principal, OrderId(uuid)) => Order,
            app.get_user(principal, UserId(uuid)) => User,
            first(app.payments_by_id(principal, &[PaymentId(uuid)]), "payment") => Payment,
            app.get_endpoint(principal, EndpointId(uuid)) => WebhookEndpoint,
            app.delivery_by_id(principal, DeliveryId(uuid)) => WebhookDelivery,
            app.get_audit(principal, AuditId(uuid)) => AuditLog,
            app.get_inbound(principal, InboundId(uuid)) => InboundDelivery,
        }
    }
    Ok(visible(app.get_oauth_client(principal, id).await)?.map(Node::OAuthClient))
}

/// The one of a batch.
async fn first<T>(
    found: impl Future<Output = domain::Result<Vec<T>>>,
    name: &'static str,
) -> domain::Result<T> {
    found.await?.into_iter().next().ok_or(Error::NotFound(name))
}
