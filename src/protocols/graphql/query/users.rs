//! Users.

use async_graphql::{Context, ID, Object, Result};

use crate::domain::UserId;
use crate::protocols::graphql::connection::Part;
use crate::protocols::graphql::inputs::filters::UserFilterInput;
use crate::protocols::graphql::loaders::load;
use crate::protocols::graphql::schema::{LOOKUP_COST, app, caller, connection_cost};
use crate::protocols::graphql::types::UserConnection;
use crate::protocols::graphql::types::user::User;

/// Users.
#[derive(Default)]
pub struct UserQueries;

#[Object]
impl UserQueries {
    /// The user that the token stands for.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        let user = app(ctx)?.me(&caller(ctx)?.principal).await?;
        Ok(Some(user.into()))
    }

    /// One user: all fields for the user and the staff, the public ones for others; null when there is none with this id.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's id.")] id: ID,
    ) -> Result<Option<User>> {
        let id = UserId::parse_address("id", &id)?;
        Ok(load(ctx, id).await?.map(Into::into))
    }

    /// The users of the tenant, newest first (administrators).
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which users; all when it is left out.")] filter: Option<UserFilterInput>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<UserConnection> {
        let page = Part { first, after, last, before }.page()?;
        let filter = filter.unwrap_or_default().read()?;
        Ok(app(ctx)?.list_users(&caller(ctx)?.principal, filter, page).await?.into())
    }
}
