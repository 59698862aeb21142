//! The OAuth2 authorization server: clients, the grants, and the pages' logins.
//!
//! Codes and secrets are 256 random bits, of which the store has the SHA-256. What a client gets is the same kind of token
//! as a user's own login, with the same rotation and revocation, and never more scopes than client and user both have.

mod authorize;
mod browser;
mod clients;
mod device;
mod inspect;
mod token;

use parking_lot::Mutex;
use subtle::ConstantTimeEq as _;

use super::change::Change;
use super::logins::fingerprint;
use super::recent::Recent;
use super::tokens::Verified;
use super::{App, Caller};
use crate::domain::audit::Origin;
use crate::domain::oauth::{Client, GrantType, Refusal, scopes};
use crate::domain::{Error, Principal, Result, Scope};
use crate::store::oauth::RegisteredClient;

pub use authorize::{Authorization, AuthorizationRequest, Unauthorized};
pub use browser::Visitor;
pub use device::{DeviceCode, Question};
pub use inspect::Inspected;
pub use token::{Issued, TokenRequest};

/// Logins of browsers that are remembered.
const BROWSERS: usize = 10_000;

/// Settings of the OAuth2 server.
#[derive(Clone, Debug, Default)]
pub struct OAuthSettings {
    /// Life of an authorization code, seconds.
    pub code_ttl_s: u64,
    /// Life of a device code, seconds.
    pub device_ttl_s: u64,
    /// How long a device waits between two questions, seconds.
    pub device_interval_s: u32,
    /// Device codes that may wait for their user.
    pub max_device_codes: u64,
    /// Life of a login on the pages, seconds.
    pub browser_ttl_s: u64,
}

/// What the OAuth2 server has in memory.
pub struct Desk {
    /// Clients of the settings.
    configured: Vec<RegisteredClient>,
    browsers: Mutex<Recent<[u8; 32], Verified>>,
}

impl Desk {
    /// With the clients of the settings and the SHA-256 of their secrets.
    pub fn new(configured: Vec<(Client, Option<String>)>) -> Self {
        let registered = configured.into_iter().map(|(client, secret)| RegisteredClient {
            client,
            secret_hash: secret.map(|secret| fingerprint(&secret)),
        });
        Self { configured: registered.collect(), browsers: Mutex::new(Recent::new(BROWSERS)) }
    }
}

/// What a client shows to prove who it is. Not `Debug`.
#[derive(Default)]
pub struct ClientCredentials {
    pub id: Option<String>,
    pub secret: Option<String>,
}

const UNKNOWN_CLIENT: &str = "the client is not known, or its secret is wrong";

/// A refusal in the words of OAuth2.
fn refuse(refusal: Refusal, description: &'static str) -> Error {
    Error::OAuth(refusal, description)
}

impl App {
    async fn registered(&self, id: &str) -> Result<Option<RegisteredClient>> {
        match self.0.oauth.configured.iter().find(|known| known.client.id == id) {
            Some(known) => Ok(Some(known.clone())),
            None => self.0.store.read().find_oauth_client(id).await,
        }
    }

    /// The client as the transaction finds it; those of the settings do not change.
    ///
    /// # Errors
    /// [`Refusal::InvalidClient`] when it was taken away.
    async fn current(&self, change: &mut Change<'_>, client: Client) -> Result<Client> {
        if self.0.oauth.configured.iter().any(|known| known.client.id == client.id) {
            return Ok(client);
        }
        let known = change.writes.oauth_client(client.tenant, &client.id).await?;
        known.ok_or_else(|| refuse(Refusal::InvalidClient, UNKNOWN_CLIENT))
    }

    /// The client that shows these credentials (RFC 6749 §2.3): its secret, when it has one.
    ///
    /// # Errors
    /// [`Refusal::InvalidClient`].
    pub(super) async fn client(&self, shown: &ClientCredentials) -> Result<Client> {
        let unknown = || refuse(Refusal::InvalidClient, UNKNOWN_CLIENT);
        let id = shown.id.as_deref().ok_or_else(unknown)?;
        let RegisteredClient { client, secret_hash } = self.registered(id).await?.ok_or_else(unknown)?;
        let proven = match (&secret_hash, &shown.secret) {
            (Some(hash), Some(secret)) => hash.ct_eq(&fingerprint(secret)).into(),
            (None, None) => true,
            _ => false,
        };
        if proven { Ok(client) } else { Err(unknown()) }
    }
}

/// The client as a caller of the use cases that follow from its request.
fn acting(client: &Client, origin: &Origin) -> Caller {
    Caller::new(Principal::anonymous(client.tenant), origin.clone())
}

/// Whether the client may use that grant.
///
/// # Errors
/// [`Refusal::UnauthorizedClient`].
fn check_grant(client: &Client, grant: GrantType) -> Result<()> {
    if client.grant_types.contains(&grant) {
        return Ok(());
    }
    Err(refuse(Refusal::UnauthorizedClient, "the client is not registered for this grant"))
}

/// The scopes that the client asks for: all that it may have when it names none.
///
/// # Errors
/// [`Refusal::InvalidScope`].
fn asked_scopes(client: &Client, scope: Option<&str>) -> Result<Vec<Scope>> {
    let asked = match scope.filter(|scope| !scope.trim().is_empty()) {
        None => return Ok(client.scopes.clone()),
        Some(text) => scopes(text),
    };
    asked
        .filter(|asked| asked.iter().all(|scope| client.scopes.contains(scope)))
        .ok_or_else(|| refuse(Refusal::InvalidScope, "the scope is unknown, or not one of this client's"))
}
