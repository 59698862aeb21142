//! The token endpoint: what is exchanged for tokens (RFC 6749 §4.1.3, §4.4, §6, RFC 8628 §3.4).

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::super::change::Audited;
use super::super::logins::{Exchange, ForClient, Grant, Login, fingerprint};
use super::super::revocation::client_subject;
use super::super::tokens::Verified;
use super::super::{App, Caller};
use super::{ClientCredentials, acting, asked_scopes, check_grant, refuse};
use crate::domain::audit::{Action, Origin, Snapshot};
use crate::domain::oauth::{Client, GrantType, Refusal, scopes};
use crate::domain::user::UserStatus;
use crate::domain::{Error, Result, Role, Scope, SessionId, User};

const BAD_CODE: &str = "the code is not valid: unknown, used, expired, or of another client or redirect URI";

/// The parameters of a token request. Not `Debug`.
#[derive(Default)]
pub struct TokenRequest {
    pub grant_type: Option<String>,
    pub client: ClientCredentials,
    pub scope: Option<String>,
    pub code: Option<String>,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<String>,
    pub refresh_token: Option<String>,
    pub device_code: Option<String>,
}

/// Tokens for a client. Not `Debug`.
pub struct Issued {
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub expires_in_s: i64,
    pub scopes: Vec<Scope>,
}

impl Issued {
    pub(super) fn of(grant: Grant, client: &Client) -> Self {
        let Grant { access_token, refresh_token, expires_in_s, scopes, .. } = grant;
        let refreshes = client.grant_types.contains(&GrantType::RefreshToken);
        Self { access_token, refresh_token: refreshes.then_some(refresh_token), expires_in_s, scopes }
    }
}

impl App {
    /// Answers a token request.
    ///
    /// # Errors
    /// [`Error::OAuth`] with the code of the RFC.
    pub async fn issue_tokens(&self, origin: &Origin, request: TokenRequest) -> Result<Issued> {
        let name = request
            .grant_type
            .as_deref()
            .ok_or_else(|| refuse(Refusal::InvalidRequest, "grant_type is missing"))?;
        let grant = GrantType::from_name(name)
            .ok_or_else(|| refuse(Refusal::UnsupportedGrantType, "grant_type is not one of this server's"))?;
        let client = self.client(&request.client).await?;
        check_grant(&client, grant)?;
        let caller = acting(&client, origin);
        match grant {
            GrantType::AuthorizationCode => self.redeem_code(&caller, client, request).await,
            GrantType::DeviceCode => self.redeem_device_code(&caller, client, request.device_code).await,
            GrantType::ClientCredentials => self.issue_to_client(&caller, client, request.scope).await,
            GrantType::RefreshToken => {
                let missing = || refuse(Refusal::InvalidRequest, "refresh_token is missing");
                let token = request.refresh_token.ok_or_else(missing)?;
                let narrower = request.scope.as_deref().map(scopes);
                let narrower = match narrower {
                    Some(None) => return Err(refuse(Refusal::InvalidScope, "the scope is unknown")),
                    known => known.flatten(),
                };
                let tenant = Some(client.tenant);
                let exchange = Exchange { token, tenant, client: Some(client.clone()), scopes: narrower };
                let grant = self.exchange(&caller, exchange).await.map_err(|error| match error {
                    Error::InvalidToken(why) => refuse(Refusal::InvalidGrant, why),
                    other => other,
                })?;
                Ok(Issued::of(grant, &client))
            }
        }
    }

    async fn redeem_code(&self, caller: &Caller, client: Client, request: TokenRequest) -> Result<Issued> {
        let bad = || refuse(Refusal::InvalidGrant, BAD_CODE);
        let code = request.code.ok_or_else(|| refuse(Refusal::InvalidRequest, "code is missing"))?;
        let hash = fingerprint(&code);
        let (redirect_uri, verifier) = (request.redirect_uri.unwrap_or_default(), request.code_verifier);
        let (app, redeemer) = (self.clone(), client.clone());
        let grant = self
            .change(caller, async move |change| {
                let code = change.writes.code(&hash).await?.ok_or_else(bad)?;
                if code.client_id != redeemer.id || code.expires_at <= change.now {
                    return Err(bad());
                }
                let user = change.writes.user(code.tenant, code.user_id).await?.ok_or_else(bad)?;
                let snapshot = Some(Snapshot::User(user.clone()));
                if code.used_at.is_some() {
                    // Someone else has had it: what it brought is taken back (RFC 6749 §4.1.2).
                    change.end_session(user.id, code.session).await?;
                    return Ok((None, Audited::new(Action::CodeReused, snapshot, None).of(&user)));
                }
                if code.redirect_uri != redirect_uri || !proves(verifier.as_deref(), &code.challenge) {
                    return Err(bad());
                }
                change.writes.mark_code_used(&hash, change.now).await?;
                let grant = app.grant_to(change, &user, &redeemer, code.session, code.scopes).await?;
                Ok((Some(grant), Audited::new(Action::TokenIssued, None, snapshot).of(&user)))
            })
            .await?;
        grant.map(|grant| Issued::of(grant, &client)).ok_or_else(bad)
    }

    /// Tokens for a client that acts for `user`, who must be active still.
    pub(super) async fn grant_to(
        &self,
        change: &mut super::super::change::Change<'_>,
        user: &User,
        client: &Client,
        session: SessionId,
        scopes: Vec<Scope>,
    ) -> Result<Grant> {
        if user.status != UserStatus::Active {
            return Err(refuse(Refusal::InvalidGrant, "the user may not act any more"));
        }
        let refreshes = client.grant_types.contains(&GrantType::RefreshToken);
        let client = ForClient::new(client, scopes, refreshes);
        self.grant(change, user, Login { session, client: Some(client) }).await
    }

    /// A token for a client that acts for itself: it has the scopes that it is registered with, and no user's data.
    async fn issue_to_client(
        &self,
        caller: &Caller,
        client: Client,
        scope: Option<String>,
    ) -> Result<Issued> {
        let (app, tenant) = (self.clone(), client.tenant);
        self.change(caller, async move |change| {
            // It may have been narrowed or taken away since it was asked for its secret.
            let client = app.current(change, client).await?;
            check_grant(&client, GrantType::ClientCredentials)?;
            let scopes = asked_scopes(&client, scope.as_deref())?;
            let id: Arc<str> = client.id.as_str().into();
            let session = SessionId(change.ids.uuid_v7());
            let stands_in = (client_subject(&id), Role::User);
            let identity = app.identity(change, stands_in, scopes.clone(), session, Some(id));
            let expires_in_s = identity.expires_at.as_secs() - change.now.as_secs();
            let access_token = app.0.tokens.sign(&Verified { tenant, identity, issued_at: change.now })?;
            let audited = Audited::new(Action::TokenIssued, None, Some(Snapshot::Client(client)));
            Ok((Issued { access_token, refresh_token: None, expires_in_s, scopes }, audited))
        })
        .await
    }
}

/// Whether the verifier is that of the challenge (RFC 7636 §4.6).
fn proves(verifier: Option<&str>, challenge: &str) -> bool {
    let Some(verifier) = verifier.filter(|verifier| (43..=128).contains(&verifier.len())) else {
        return false;
    };
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref());
    hash.as_bytes().ct_eq(challenge.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_proves_its_challenge_alone() {
        // RFC 7636, appendix B.
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(proves(Some(verifier), challenge));
        assert!(!proves(Some(challenge), challenge), "plain");
        assert!(!proves(None, challenge) && !proves(Some(""), challenge));
    }
}
