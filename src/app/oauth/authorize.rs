//! The authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636, RFC 9207).

use super::super::change::Audited;
use super::super::logins::{fingerprint, seconds, secret};
use super::super::{App, Caller};
use super::{Visitor, asked_scopes, check_grant, refuse};
use crate::domain::audit::{Action, Origin, Snapshot};
use crate::domain::oauth::{Client, GrantType, Refusal};
use crate::domain::{Error, Result, Scope, SessionId};
use crate::store::oauth::AuthorizationCode;

/// The parameters of an authorization request.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationRequest {
    pub response_type: Option<String>,
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub scope: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
}

/// A request that may be put before the user.
pub struct Authorization {
    pub client: Client,
    /// Where the answer goes.
    pub redirect_uri: String,
    pub scopes: Vec<Scope>,
    challenge: String,
    /// As the request gave it.
    given_uri: String,
}

/// Why it may not.
pub enum Unauthorized {
    /// Nobody can be sure where the answer may go: the user is told.
    Told(Error),
    /// The client is told, at its redirect URI.
    Redirect { redirect_uri: String, error: Error },
}

impl From<Error> for Unauthorized {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl App {
    /// Checks a request before anyone is asked.
    ///
    /// # Errors
    /// [`Unauthorized::Told`] for an unknown client or redirect URI, [`Unauthorized::Redirect`] for everything else.
    pub async fn check_authorization(
        &self,
        request: AuthorizationRequest,
    ) -> Result<Authorization, Unauthorized> {
        let unknown = || refuse(Refusal::InvalidRequest, "client_id names no client that is registered here");
        let registered = match &request.client_id {
            Some(id) => self.registered(id).await?,
            None => None,
        };
        let client = registered.ok_or_else(unknown)?.client;
        let redirect_uri = client.redirect_uri(request.redirect_uri.as_deref()).ok_or_else(|| {
            refuse(Refusal::InvalidRequest, "redirect_uri is not one that the client has registered")
        })?;
        let refused = |error| Unauthorized::Redirect { redirect_uri: redirect_uri.clone(), error };
        match request.response_type.as_deref() {
            Some("code") => {}
            None => return Err(refused(refuse(Refusal::InvalidRequest, "response_type is missing"))),
            Some(_) => {
                return Err(refused(refuse(Refusal::UnsupportedResponseType, "response_type must be code")));
            }
        }
        check_grant(&client, GrantType::AuthorizationCode).map_err(refused)?;
        let challenge = challenge(&request).map_err(refused)?;
        let scopes = asked_scopes(&client, request.scope.as_deref()).map_err(refused)?;
        let given_uri = request.redirect_uri.unwrap_or_default();
        Ok(Authorization { client, redirect_uri, scopes, challenge, given_uri })
    }

    /// The user allows it: a code for the client.
    ///
    /// # Errors
    /// [`Error::TokenRevoked`] when the user may not act any more.
    pub async fn allow(
        &self,
        origin: &Origin,
        visitor: &Visitor,
        authorization: &Authorization,
    ) -> Result<String> {
        let Authorization { client, scopes, challenge, given_uri, .. } = authorization;
        let mut kept = AuthorizationCode {
            hash: [0; 32],
            client_id: client.id.clone(),
            user_id: visitor.user.id,
            tenant: client.tenant,
            redirect_uri: given_uri.clone(),
            scopes: scopes.clone(),
            challenge: challenge.clone(),
            session: SessionId(self.0.ids.uuid_v7()),
            expires_at: self.now(),
            used_at: None,
        };
        let (ttl_ms, snapshot) =
            (seconds(self.0.settings.oauth.code_ttl_s), Snapshot::Client(client.clone()));
        let user = visitor.user.clone();
        self.change(&visitor.caller(origin), async move |change| {
            let code = secret(change);
            (kept.hash, kept.expires_at) = (fingerprint(&code), change.now.plus_ms(ttl_ms));
            change.writes.insert_code(&kept).await?;
            Ok((code, Audited::new(Action::AuthorizationGranted, None, Some(snapshot)).of(&user)))
        })
        .await
    }

    /// The user does not.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn deny(&self, origin: &Origin, visitor: &Visitor, client: &Client) -> Result<()> {
        let (user, snapshot) = (visitor.user.clone(), Snapshot::Client(client.clone()));
        let caller: Caller = visitor.caller(origin);
        self.change(&caller, async move |_| {
            Ok(((), Audited::new(Action::AuthorizationDenied, None, Some(snapshot)).of(&user)))
        })
        .await
    }
}

/// The code challenge; without one a code that is intercepted would be enough (RFC 9700 §2.1.1), and `plain` is one that
/// is intercepted with it.
fn challenge(request: &AuthorizationRequest) -> Result<String> {
    let text = request.code_challenge.as_deref().unwrap_or_default();
    if request.code_challenge_method.as_deref() != Some("S256") {
        return Err(refuse(Refusal::InvalidRequest, "code_challenge_method must be S256 (PKCE, RFC 7636)"));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if text.len() != 43 || !text.bytes().all(plain) {
        return Err(refuse(
            Refusal::InvalidRequest,
            "code_challenge must be the base64url text of a SHA-256",
        ));
    }
    Ok(text.to_owned())
}
