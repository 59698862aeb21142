//! The schema: its queries, and how it is built and written down.

use async_graphql::{
    Context, Description, ID, MergedObject, MergedSubscription, Object, Result, SDLExportOptions, Schema,
    SchemaBuilder,
};

use super::chat::{ChatMutation, ChatQuery, ChatSubscription};
use super::mutation::Mutation;
use super::subscription::Subscription;
use super::types::enums::{OrderStatus, PetStatus, Size, Species};
use super::types::order::Order;
use super::types::pet::Pet;
use super::types::user::User;
use crate::app::{App, Caller};
use crate::domain::order::OrderFilter;
use crate::domain::page::PageRequest;
use crate::domain::pet::{MAX_AGE_MONTHS, PetFilter};
use crate::domain::{self, Error, OrderId, PetId, Violation};

/// What can be asked of the store.
#[derive(MergedObject)]
#[graphql(name = "Query")]
pub struct AllQueries(Query, ChatQuery);

/// What can be changed in the store.
#[derive(MergedObject)]
#[graphql(name = "Mutation")]
pub struct AllMutations(Mutation, ChatMutation);

/// What can be watched. Every item has a cursor; give it back as `after` and nothing is missed.
#[derive(MergedSubscription)]
#[graphql(name = "Subscription")]
pub struct AllSubscriptions(Subscription, ChatSubscription);

/// The whole schema of the store.
pub type StoreSchema = Schema<AllQueries, AllMutations, AllSubscriptions>;

/// A schema without its limits and its [`App`].
pub fn builder() -> SchemaBuilder<AllQueries, AllMutations, AllSubscriptions> {
    Schema::build(
        AllQueries(Query, ChatQuery),
        AllMutations(Mutation, ChatMutation),
        AllSubscriptions(Subscription, ChatSubscription),
    )
}

/// The schema in the schema definition language, sorted; needs no store.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by()
        .use_space_ident();
    let sdl = builder().finish().sdl_with_options(options);
    // The export ends lines of some descriptions with spaces.
    let lines: Vec<&str> = sdl.trim().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// The use cases.
pub(super) fn app<'c>(ctx: &Context<'c>) -> Result<&'c App> {
    ctx.data()
}

/// Who asks.
pub(super) fn caller<'c>(ctx: &Context<'c>) -> Result<&'c Caller> {
    ctx.data()
}

/// Nothing in place of the refusal that there is none.
pub(super) fn optional<T>(found: domain::Result<T>) -> domain::Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a field that looks one thing up in the store counts towards the complexity of a query, besides its fields.
pub(super) const LOOKUP_COST: usize = 5;

/// What a list counts: as much as its fields for every five items, and something for the query that it is.
pub(super) fn list_cost(limit: Option<i32>, fields: usize) -> usize {
    let items = usize::try_from(limit.unwrap_or(20)).unwrap_or(1).clamp(1, 100);
    fields.saturating_mul(items.div_ceil(5)).saturating_add(4 * LOOKUP_COST)
}

/// What can be asked of the store.
#[derive(Description)]
pub struct Query;

#[Object(use_type_description, name = "StoreQuery")]
impl Query {
    /// A page of the pets; filters that are left out let all through.
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
        let mut violations = Vec::new();
        let filter = PetFilter {
            species: species.into_iter().map(Into::into).collect(),
            status: status.into_iter().map(Into::into).collect(),
            size: size.into_iter().map(Into::into).collect(),
            age_min: age("ageMin", age_min, &mut violations),
            age_max: age("ageMax", age_max, &mut violations),
            good_with_kids,
            ..PetFilter::default()
        };
        let page = page_request(page, limit, violations)?;
        let pets = app(ctx)?.list_pets(&caller(ctx)?.principal, &filter, page).await?;
        Ok(pets.items.into_iter().map(Into::into).collect())
    }

    /// One pet; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn pet(&self, ctx: &Context<'_>, #[graphql(desc = "The pet's id.")] id: ID) -> Result<Option<Pet>> {
        let id = PetId::parse_address("id", &id)?;
        let pet = app(ctx)?.get_pet(&caller(ctx)?.principal, id).await;
        Ok(optional(pet)?.map(Into::into))
    }

    /// A page of orders: the staff's of the tenant, a user's own.
    #[graphql(complexity = "list_cost(limit, child_complexity)")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only with this status.")] status: Option<OrderStatus>,
        #[graphql(desc = "Page, counted from 1; 1 when it is left out.")] page: Option<i32>,
        #[graphql(desc = "Items on a page, 1 to 100; 20 when it is left out.")] limit: Option<i32>,
    ) -> Result<Vec<Order>> {
        let page = page_request(page, limit, Vec::new())?;
        let filter = OrderFilter { status: status.map(Into::into), ..OrderFilter::default() };
        let orders = app(ctx)?.list_orders(&caller(ctx)?.principal, filter, page).await?;
        Ok(orders.items.into_iter().map(Into::into).collect())
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

    /// Where the event log stands now. A subscription that begins `after` it misses nothing that happens from now on, also
    /// when it is cut off before its first event.
    async fn events_cursor(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(app(ctx)?.head_cursor())
    }

    /// The user that the token stands for.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let user = app(ctx)?.me(&caller(ctx)?.principal).await?;
        Ok(Some(user.into()))
    }
}

fn age(field: &str, months: Option<i32>, found: &mut Vec<Violation>) -> Option<u32> {
    let months = months?;
    let allowed = u32::try_from(months).ok().filter(|months| *months <= MAX_AGE_MONTHS);
    if allowed.is_none() {
        let message = format!("must be between 0 and {MAX_AGE_MONTHS}; got {months}");
        found.push(Violation::new(field, "out_of_range", message));
    }
    allowed
}

pub(super) fn page_request(
    page: Option<i32>,
    limit: Option<i32>,
    mut found: Vec<Violation>,
) -> domain::Result<PageRequest> {
    match PageRequest::new(page.map(Into::into), limit.map(Into::into), None) {
        Ok(request) if found.is_empty() => Ok(request),
        Ok(_) => Err(Error::Invalid(found)),
        Err(more) => {
            found.extend(more);
            Err(Error::Invalid(found))
        }
    }
}
