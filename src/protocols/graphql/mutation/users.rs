//! Users and their logins.

use async_graphql::{Context, ID, Object, Result};

use super::payload::payloads;
use crate::app::{Caller, Grant};
use crate::domain::{Principal, UserId};
use crate::protocols::graphql::inputs::users::{CreateTokenInput, UserInput};
use crate::protocols::graphql::schema::{CHANGE_COST, app, caller};
use crate::protocols::graphql::types::outside::Token;
use crate::protocols::graphql::types::user::User;

payloads! {
    CreateUserPayload = "signing up" {
        /// The user.
        user: User,
        /// The login that comes with it.
        token: Token,
    }
    UpdateUserPayload = "changing a user" {
        /// The user as it is now.
        user: User,
    }
    DeleteUserPayload = "removing a user" {
        /// The id of the user who is gone.
        deleted_id: ID,
    }
    CreateTokenPayload = "logging in" {
        /// The login.
        token: Token,
    }
    RevokeTokenPayload = "logging out" {
        /// Always true.
        revoked: bool,
    }
}

/// Changes of users.
#[derive(Default)]
pub struct UserMutations;

/// Whoever is logged in, or nobody: where a login is got, that does not matter.
fn nobody(caller: &Caller) -> Caller {
    Caller { principal: Principal::anonymous(caller.principal.tenant), ..caller.clone() }
}

#[Object]
impl UserMutations {
    /// Signs a customer up, and logs them in.
    #[graphql(complexity = "5 * CHANGE_COST + child_complexity")]
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user; `username`, `email` and `password` are needed.")] input: UserInput,
    ) -> Result<CreateUserPayload> {
        let signed_up = app(ctx)?.sign_up(&nobody(caller(ctx)?), input.into()).await;
        CreateUserPayload::of(signed_up.map(|grant: Grant| (grant.user.clone().into(), grant.into())))
    }

    /// Changes a user; what is left out keeps its value. A new password ends every login.
    #[graphql(complexity = "5 * CHANGE_COST + child_complexity")]
    async fn update_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's id.")] id: ID,
        #[graphql(desc = "What is to change.")] input: UserInput,
    ) -> Result<UpdateUserPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let update = async || app.update_user(caller, UserId::parse_address("id", &id)?, input.into()).await;
        UpdateUserPayload::of(update().await.map(|user| (user.into(),)))
    }

    /// Removes a user with their logins and webhook endpoints; their orders stay.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn delete_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's id.")] id: ID,
    ) -> Result<DeleteUserPayload> {
        let (app, caller) = (app(ctx)?, caller(ctx)?);
        let delete = async || app.delete_user(caller, UserId::parse_address("id", &id)?).await;
        DeleteUserPayload::of(delete().await.map(|()| (id,)))
    }

    /// Logs in by user name and password, or renews a login by its refresh token.
    #[graphql(complexity = "5 * CHANGE_COST + child_complexity")]
    async fn create_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who logs in.")] input: CreateTokenInput,
    ) -> Result<CreateTokenPayload> {
        let (app, caller) = (app(ctx)?, nobody(caller(ctx)?));
        let tenant = caller.principal.tenant;
        let grant = match input.refresh_token {
            Some(token) => app.refresh(&caller, tenant.id().map(|_| tenant), &token).await,
            None => app.log_in(&caller, input.username, input.password).await,
        };
        CreateTokenPayload::of(grant.map(|grant| (grant.into(),)))
    }

    /// Ends the login that the token of the request comes from, or every login of its user.
    #[graphql(complexity = "CHANGE_COST + child_complexity")]
    async fn revoke_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether to end every login of the user.", default)] all: bool,
    ) -> Result<RevokeTokenPayload> {
        let revoked = app(ctx)?.log_out(caller(ctx)?, all).await;
        RevokeTokenPayload::of(revoked.map(|()| (true,)))
    }
}
