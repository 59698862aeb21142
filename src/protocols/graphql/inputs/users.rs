//! What is said of users, logins, and OAuth2 clients.

use async_graphql::InputObject;

use crate::domain::oauth::ClientDraft;
use crate::domain::user::{PreferencesDraft, UserDraft};
use crate::protocols::graphql::types::enums::UserStatus;

/// What to say of a user. A new one needs `username`, `email` and `password`; for one that exists, what is left out (or
/// null) keeps its value.
#[derive(InputObject)]
pub struct UserInput {
    /// The name to log in with: 3 to 50 letters, digits, '.', '_' and '-'.
    username: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Password, 8 characters or more; never shown again.
    password: Option<String>,
    /// First name.
    first_name: Option<String>,
    /// Last name.
    last_name: Option<String>,
    /// Telephone number in E.164.
    phone: Option<String>,
    /// What the user likes to be told.
    preferences: Option<PreferencesInput>,
}

/// What a user likes to be told; what is left out stays.
#[derive(InputObject)]
pub struct PreferencesInput {
    /// The newsletter.
    newsletter: Option<bool>,
    /// News of the user's own orders.
    notifications: Option<bool>,
}

impl From<UserInput> for UserDraft {
    fn from(input: UserInput) -> Self {
        let UserInput { username, email, password, first_name, last_name, phone, preferences } = input;
        let preferences = preferences.map(|preferences| PreferencesDraft {
            newsletter: preferences.newsletter,
            notifications: preferences.notifications,
        });
        Self { username, email, password, first_name, last_name, phone, preferences }
    }
}

/// Who logs in: user name and password, or a refresh token.
#[derive(InputObject)]
pub struct CreateTokenInput {
    /// User name or e-mail address.
    pub username: Option<String>,
    /// Password.
    pub password: Option<String>,
    /// A refresh token, in place of both.
    pub refresh_token: Option<String>,
}

/// What a user may do from now on.
#[derive(InputObject)]
pub struct SetUserStatusInput {
    /// The status.
    pub status: UserStatus,
    /// Why, for the audit log; 1 to 500 characters.
    pub reason: Option<String>,
}

/// What to say of an OAuth2 client; for a change, what is left out keeps its value.
#[derive(InputObject)]
#[graphql(name = "OAuthClientInput")]
pub struct OAuthClientInput {
    /// Shown to users who are asked for their consent.
    name: Option<String>,
    /// Whether it gets a secret; cannot be changed later.
    confidential: Option<bool>,
    /// Where users may be sent back to.
    redirect_uris: Option<Vec<String>>,
    /// The ways in which it may get tokens.
    grant_types: Option<Vec<String>>,
    /// The scopes that it may have.
    scopes: Option<Vec<String>>,
}

impl From<OAuthClientInput> for ClientDraft {
    fn from(input: OAuthClientInput) -> Self {
        let OAuthClientInput { name, confidential, redirect_uris, grant_types, scopes } = input;
        Self { name, confidential, redirect_uris, grant_types, scopes }
    }
}
