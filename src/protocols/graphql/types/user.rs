//! Users.

use async_graphql::{ID, SimpleObject};

use super::enums::{Role, UserStatus};
use super::scalars::DateTime;
use crate::domain;

/// A user. Of someone else only `id`, `username`, `firstName`, `createdAt` and `tenantId` are shown.
#[derive(SimpleObject)]
pub struct User {
    /// The user's id.
    id: ID,
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
    tenant_id: Option<ID>,
}

/// What a user likes to be told.
#[derive(SimpleObject)]
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
            tenant_id: user.tenant.id().map(Into::into),
        }
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
