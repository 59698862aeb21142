//! Asking about a token (RFC 7662), and giving one back (RFC 7009).

use std::sync::Arc;

use super::super::change::Audited;
use super::super::logins::fingerprint;
use super::super::tokens::Verified;
use super::super::{App, AppSettings};
use super::{ClientCredentials, acting, refuse};
use crate::domain::audit::{Action, Origin};
use crate::domain::oauth::{Client, Refusal};
use crate::domain::principal::Identity;
use crate::domain::{Result, Role, Scope, SessionId, Tenant, Timestamp, UserId};
use crate::store::RefreshToken;

/// A token that is good.
pub struct Inspected {
    /// Whether it is an access token.
    pub access: bool,
    pub subject: UserId,
    pub username: Option<String>,
    pub tenant: Tenant,
    pub role: Option<Role>,
    pub scopes: Vec<Scope>,
    pub client: Option<Arc<str>>,
    pub token_id: Option<uuid::Uuid>,
    pub issued_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    session: SessionId,
    /// A refresh token that was exchanged: it is good for nothing but to be given back.
    used: bool,
}

impl App {
    /// What a token says; nothing when it is not good, or not of the client's tenant.
    ///
    /// # Errors
    /// [`Refusal::InvalidClient`] for who is no client with a secret.
    pub async fn introspect(
        &self,
        shown: &ClientCredentials,
        token: Option<&str>,
    ) -> Result<Option<Inspected>> {
        let client = self.client(shown).await?;
        if !client.confidential {
            return Err(refuse(
                Refusal::InvalidClient,
                "only a client that has a secret may ask about tokens",
            ));
        }
        let token = token.ok_or_else(|| refuse(Refusal::InvalidRequest, "token is missing"))?;
        let inspected = self.inspect(token).await?;
        // A refresh token is nobody's business but that of the client that has it.
        let shown = |inspected: &Inspected| {
            !inspected.used
                && inspected.tenant == client.tenant
                && (inspected.access || of(inspected, &client))
        };
        let Some(mut inspected) = inspected.filter(shown) else { return Ok(None) };
        let user = self.0.store.read().find_user(inspected.tenant, inspected.subject).await?;
        inspected.username = user.map(|user| user.username);
        Ok(Some(inspected))
    }

    async fn inspect(&self, token: &str) -> Result<Option<Inspected>> {
        if let Ok(Verified { tenant, identity, issued_at }) = self.verify(token) {
            let Identity { user_id, role, scopes, session, token, client, expires_at } = identity;
            return Ok(Some(Inspected {
                access: true,
                subject: user_id,
                username: None,
                tenant,
                role: Some(role),
                scopes,
                client,
                token_id: Some(token),
                issued_at: Some(issued_at),
                expires_at,
                session,
                used: false,
            }));
        }
        let hash = fingerprint(token);
        let now = self.now();
        let kept = self.0.store.write(async move |writes| writes.refresh_token(&hash).await).await?;
        let alive = |kept: &RefreshToken| kept.revoked_at.is_none() && kept.expires_at > now;
        Ok(kept.filter(alive).map(|kept| Inspected {
            access: false,
            subject: kept.user_id,
            username: None,
            tenant: kept.tenant,
            role: None,
            scopes: kept.scopes,
            client: kept.client.map(Into::into),
            token_id: None,
            issued_at: None,
            expires_at: kept.expires_at,
            session: kept.session,
            used: kept.used_at.is_some(),
        }))
    }

    /// Takes a token back, with all others of its login, also one that was exchanged meanwhile. One that is not good (any
    /// more) is no mistake.
    ///
    /// # Errors
    /// [`Refusal::InvalidClient`]; [`Refusal::UnauthorizedClient`] for a token of another client.
    pub async fn revoke_token(
        &self,
        shown: &ClientCredentials,
        origin: &Origin,
        token: Option<&str>,
    ) -> Result<()> {
        let client = self.client(shown).await?;
        let token = token.ok_or_else(|| refuse(Refusal::InvalidRequest, "token is missing"))?;
        let Some(inspected) = self.inspect(token).await? else { return Ok(()) };
        if !of(&inspected, &client) {
            return Err(refuse(Refusal::UnauthorizedClient, "the token was not issued to this client"));
        }
        let Inspected { subject, session, tenant, .. } = inspected;
        self.change(&acting(&client, origin), async move |change| {
            change.end_session(subject, session).await?;
            let audited = Audited::new(Action::SessionRevoked, None, None);
            Ok(((), Audited { user: Some((tenant, subject)), ..audited }))
        })
        .await
    }

    /// The public keys of access tokens: their ids and Ed25519 points.
    pub fn public_keys(&self) -> Vec<(String, String)> {
        self.0.tokens.public_keys()
    }

    /// The issuer of tokens, as its metadata names it.
    pub fn issuer(&self) -> &str {
        let AppSettings { token_issuer, .. } = &self.0.settings;
        token_issuer
    }
}

fn of(inspected: &Inspected, client: &Client) -> bool {
    inspected.client.as_deref() == Some(client.id.as_str()) && inspected.tenant == client.tenant
}
