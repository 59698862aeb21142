//! OAuth2 clients as the admin API has them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::oauth;

/// A registered client.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    pub id: String,
    pub name: String,
    /// Whether it has a secret.
    pub confidential: bool,
    /// Told once, when the client is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<&'static str>,
    pub scopes: Vec<&'static str>,
    pub created_at: String,
    pub updated_at: String,
    pub tenant_id: Option<Uuid>,
}

impl From<&oauth::Client> for Client {
    fn from(client: &oauth::Client) -> Self {
        Self {
            id: client.id.clone(),
            name: client.name.clone(),
            confidential: client.confidential,
            secret: None,
            redirect_uris: client.redirect_uris.clone(),
            grant_types: client.grant_types.iter().map(|grant| grant.name()).collect(),
            scopes: client.scopes.iter().map(|scope| scope.name()).collect(),
            created_at: client.created_at.to_string(),
            updated_at: client.updated_at.to_string(),
            tenant_id: client.tenant.id(),
        }
    }
}

/// The body of a registration or a change; what is left out of a change keeps its value.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientInput {
    name: Option<String>,
    confidential: Option<bool>,
    redirect_uris: Option<Vec<String>>,
    grant_types: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
}

impl From<ClientInput> for oauth::ClientDraft {
    fn from(input: ClientInput) -> Self {
        let ClientInput { name, confidential, redirect_uris, grant_types, scopes } = input;
        Self { name, confidential, redirect_uris, grant_types, scopes }
    }
}
