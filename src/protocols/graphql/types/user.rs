//! Users.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use uuid::Uuid;

use super::OrderConnection;
use super::enums::{Role, UserStatus};
use super::order::Order;
use super::scalars::DateTime;
use crate::app::policy;
use crate::domain::{self, UserId};
use crate::protocols::graphql::connection::Part;
use crate::protocols::graphql::loaders::{OrdersOfUser, load, page_of};
use crate::protocols::graphql::schema::{caller, connection_cost, list_cost, nested_limit};

/// A user. Of someone else only `id`, `username`, `firstName`, `createdAt` and `tenantId` are shown.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct User {
    /// The user's id.
    pub(super) id: ID,
    /// The name to log in with.
    username: String,
    /// E-mail address.
    email: Option<String>,
    /// First name.
    first_name: Option<String>,
    /// Last name.
    last_name: Option<String>,
    /// Telephone number in E.164.
    phone: Option<String>,
    /// What the user likes to be told.
    preferences: Option<Preferences>,
    /// Whether the user may act.
    status: Option<UserStatus>,
    /// What the user is in the tenant.
    roles: Option<Vec<Role>>,
    /// When the user signed up.
    created_at: DateTime,
    /// When the user's data last changed.
    updated_at: Option<DateTime>,
    /// The tenant that the user belongs to; null in the public pool.
    tenant_id: Option<Uuid>,
    #[graphql(skip)]
    user: UserId,
}

#[ComplexObject]
impl User {
    /// The user's newest orders, for the user and the staff. The others are in `ordersConnection`.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
    ) -> Result<Vec<Order>> {
        let limit = nested_limit(first)?;
        self.check_may_list(ctx)?;
        let orders = load(ctx, OrdersOfUser(self.user, limit)).await?;
        Ok(orders.unwrap_or_default().into_iter().map(Into::into).collect())
    }

    /// All orders of the user, newest first, for the user and the staff.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn orders_connection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<OrderConnection> {
        self.check_may_list(ctx)?;
        Ok(page_of(ctx, self.user, Part { first, after, last, before }).await?.into())
    }
}

impl User {
    /// Asked before the batch, so that one who may not be seen does not spoil that of those who may.
    fn check_may_list(&self, ctx: &Context<'_>) -> Result<()> {
        Ok(policy::authorize_orders_of(&caller(ctx)?.principal, &[self.user])?)
    }
}

/// What a user likes to be told.
#[derive(Clone, SimpleObject)]
pub struct Preferences {
    /// The newsletter.
    newsletter: bool,
    /// News of the user's own orders.
    notifications: bool,
}

impl From<domain::User> for User {
    fn from(user: domain::User) -> Self {
        let domain::user::Preferences { newsletter, notifications } = user.preferences;
        Self {
            id: user.id.into(),
            username: user.username,
            email: Some(user.email),
            first_name: user.first_name,
            last_name: user.last_name,
            phone: user.phone,
            preferences: Some(Preferences { newsletter, notifications }),
            status: Some(user.status.into()),
            roles: Some(vec![user.role.into()]),
            created_at: user.created_at.into(),
            updated_at: Some(user.updated_at.into()),
            tenant_id: user.tenant.id(),
            user: user.id,
        }
    }
}

impl From<(domain::User, bool)> for User {
    /// All of the user, or what is public.
    fn from((user, whole): (domain::User, bool)) -> Self {
        if whole { user.into() } else { Self::public(user) }
    }
}

impl User {
    /// What anyone may see of `user`.
    pub fn public(user: domain::User) -> Self {
        Self {
            email: None,
            last_name: None,
            phone: None,
            preferences: None,
            status: None,
            roles: None,
            updated_at: None,
            ..Self::from(user)
        }
    }
}
