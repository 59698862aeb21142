//! The schema: how it is built and written down, and what its resolvers share.

use std::sync::LazyLock;

use async_graphql::{Context, MergedSubscription, Result, SDLExportOptions, Schema, SchemaBuilder};

use super::chat::ChatSubscription;
use super::deliveries::DeliverySubscription;
use super::mutation::Mutation;
use super::query::Query;
use super::subscription::Subscription;
use crate::app::{App, Caller};
use crate::domain::{self, Error, Violation};

/// What can be watched. Every item has a cursor; give it back as `after` and nothing is missed.
#[derive(MergedSubscription)]
#[graphql(name = "Subscription")]
pub struct Subscriptions(Subscription, ChatSubscription, DeliverySubscription);

/// The whole schema of the store.
pub type StoreSchema = Schema<Query, Mutation, Subscriptions>;

/// A schema without its limits and its [`App`].
pub fn builder() -> SchemaBuilder<Query, Mutation, Subscriptions> {
    let subscriptions = Subscriptions(Subscription, ChatSubscription, DeliverySubscription);
    Schema::build(Query::default(), Mutation::default(), subscriptions).enable_subscription_in_federation()
}

/// The schema in the schema definition language, sorted; needs no store.
pub fn sdl() -> String {
    written(SDLExportOptions::new())
}

/// The types that have a key by which a gateway may refer to them.
const ENTITIES: [&str; 3] = ["Order", "Pet", "User"];

/// The same as a subgraph of Federation 2, as `_service` tells it to a gateway.
pub fn federation_sdl() -> &'static str {
    static WRITTEN: LazyLock<String> = LazyLock::new(|| {
        let mut sdl = written(SDLExportOptions::new().federation());
        for name in ENTITIES {
            let head = format!("\ntype {name} implements Node {{\n");
            let keyed = format!("\ntype {name} implements Node @key(fields: \"id\") {{\n");
            sdl = sdl.replacen(&head, &keyed, 1);
        }
        sdl
    });
    &WRITTEN
}

fn written(options: SDLExportOptions) -> String {
    let options = options
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

/// What a list counts whose length is said by `first` or `last`.
pub(super) fn connection_cost(first: Option<i32>, last: Option<i32>, fields: usize) -> usize {
    list_cost(first.or(last), fields)
}

/// What a change counts, besides its fields: a transaction, and perhaps a password to hash.
pub(super) const CHANGE_COST: usize = 20;

/// How many items of a list within another are asked for.
///
/// # Errors
/// [`Error::Invalid`] when it is not 0 to 100.
pub(super) fn nested_limit(first: Option<i32>) -> domain::Result<u32> {
    let first = first.unwrap_or(20);
    u32::try_from(first).ok().filter(|first| (0..=100).contains(first)).ok_or_else(|| {
        let message = format!("must be between 0 and 100; got {first}");
        Error::invalid(Violation::new("first", "out_of_range", message))
    })
}
