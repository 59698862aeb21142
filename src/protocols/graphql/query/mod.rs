//! Queries: each is one use case.

mod admin;
mod federation;
mod orders;
mod pets;
mod users;
mod webhooks;

use async_graphql::MergedObject;

use super::chat::ChatQuery;

/// What can be asked of the store.
#[derive(Default, MergedObject)]
pub struct Query(
    pets::PetQueries,
    orders::OrderQueries,
    users::UserQueries,
    webhooks::WebhookQueries,
    admin::AdminQueries,
    ChatQuery,
    federation::FederationQueries,
);
