//! Mutations: each is one use case.

mod admin;
mod chat;
mod orders;
mod payload;
mod pets;
mod users;
mod webhook_actions;
mod webhooks;

use async_graphql::MergedObject;

/// What can be changed in the store.
#[derive(Default, MergedObject)]
pub struct Mutation(
    pets::PetMutations,
    orders::OrderMutations,
    users::UserMutations,
    webhooks::WebhookMutations,
    webhook_actions::WebhookActions,
    admin::AdminMutations,
    chat::ChatMutations,
);
