//! Users and tokens.

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::Unreadable;
use super::json::Object;
use crate::domain::user::{self, UserDraft, UserStatus};
use crate::domain::{self, Role, Tenant, Timestamp, UserId};

/// A user (contract §3). Other users see only `id`, `username`, `firstName` and `createdAt`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: String,
    pub username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferences: Option<Preferences>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    pub tenant_id: Option<Uuid>,
}

/// What a user likes to be told.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preferences {
    pub newsletter: bool,
    pub notifications: bool,
}

impl From<&domain::User> for User {
    fn from(user: &domain::User) -> Self {
        let user::Preferences { newsletter, notifications } = user.preferences;
        Self {
            id: user.id.to_string(),
            username: user.username.clone(),
            email: Some(user.email.clone()),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            phone: user.phone.clone(),
            preferences: Some(Preferences { newsletter, notifications }),
            status: Some(user.status.to_string()),
            roles: Some(vec![user.role.to_string()]),
            created_at: user.created_at.to_string(),
            updated_at: Some(user.updated_at.to_string()),
            tenant_id: user.tenant.id(),
        }
    }
}

impl User {
    /// What anyone may see of `user`.
    pub fn public(user: &domain::User) -> Self {
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

    /// The user that this was written from.
    pub(super) fn restore(self) -> Result<domain::User, Unreadable> {
        let read = || {
            let Preferences { newsletter, notifications } = self.preferences.unwrap_or_default();
            Some(domain::User {
                id: UserId::parse("id", &self.id).ok()?,
                tenant: Tenant::from_uuid(self.tenant_id.unwrap_or_default()),
                username: self.username.clone(),
                email: self.email.clone()?,
                first_name: self.first_name.clone(),
                last_name: self.last_name.clone(),
                phone: self.phone.clone(),
                preferences: user::Preferences { newsletter, notifications },
                status: UserStatus::from_name(self.status.as_ref()?)?,
                role: Role::from_name(self.roles.as_ref()?.first()?)?,
                created_at: Timestamp::parse(&self.created_at)?,
                updated_at: Timestamp::parse(self.updated_at.as_ref()?)?,
            })
        };
        read().ok_or_else(|| Unreadable("user", self.id.clone()))
    }
}

/// The body of createUser. Not `Debug`: it holds the password.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserInput {
    username: Option<String>,
    email: Option<String>,
    password: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    preferences: Option<Object<PreferencesInput>>,
}

/// The preferences that are to be set; those that are left out stay.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PreferencesInput {
    #[serde(deserialize_with = "flag")]
    newsletter: Option<bool>,
    #[serde(deserialize_with = "flag")]
    notifications: Option<bool>,
}

/// A flag that may be left out, but not null.
fn flag<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(reader).map(Some)
}

impl From<UserInput> for UserDraft {
    fn from(input: UserInput) -> Self {
        Self {
            username: input.username,
            email: input.email,
            password: input.password,
            first_name: input.first_name,
            last_name: input.last_name,
            phone: input.phone,
            preferences: input.preferences.map(|Object(PreferencesInput { newsletter, notifications })| {
                user::PreferencesDraft { newsletter, notifications }
            }),
        }
    }
}

/// The body of createToken: a user name (or e-mail address) and password, or a refresh token. Not `Debug`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenInput {
    #[serde(alias = "email")]
    pub username: Option<String>,
    pub password: Option<String>,
    #[serde(alias = "refresh_token")]
    pub refresh_token: Option<String>,
}

/// The token answer: one superset that serves every published client (contract §1). Not `Debug`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenAnswer {
    pub token: String,
    pub access_token: String,
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    pub expires_at: String,
    pub refresh_token: String,
    /// Separated by spaces (RFC 6749 §3.3).
    pub scope: String,
    pub user: User,
}

/// The answer of createUser: the user and the token fields.
#[derive(Serialize)]
pub struct SignUpAnswer {
    #[serde(flatten)]
    pub created: User,
    #[serde(flatten)]
    pub token: TokenAnswer,
}
