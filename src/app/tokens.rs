//! Access tokens: JWTs (RFC 7519, RFC 9068) signed with EdDSA, made and verified.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::{Algorithm, Validation};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AppSettings;
use super::keys::{KeyRing, TOKEN_TYPE};
use super::recent::Recent;
use crate::domain::oauth::{scope_text, scopes};
use crate::domain::principal::Identity;
use crate::domain::{Error, Result, Role, SessionId, Tenant, Timestamp, UserId};

const INVALID_TOKEN: &str = "the bearer token is not valid";
/// Longest token that is looked at, in bytes; ours have about 700.
const MAX_TOKEN: usize = 4096;
/// An unknown key may be a new one, but the folder is not read more often than this for it.
const RELOAD_INTERVAL_MS: i64 = 1000;

/// The claims of an access token.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    aud: String,
    exp: i64,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    jti: Uuid,
    sid: Uuid,
    tenant: Option<Uuid>,
    roles: Vec<String>,
    scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
}

/// Signs and verifies access tokens.
#[derive(Clone)]
pub struct Tokens(Arc<Signing>);

struct Signing {
    dir: PathBuf,
    ttl_ms: i64,
    validation: Validation,
    issuer: String,
    audience: String,
    ring: RwLock<Arc<KeyRing>>,
    reloaded_ms: AtomicI64,
    /// Tokens whose signature was found good, by their hash. Checking one again costs more than everything else of a
    /// small request.
    verified: RwLock<Recent<[u8; 32], Verified>>,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub tenant: Tenant,
    pub identity: Identity,
    pub issued_at: Timestamp,
}

impl Tokens {
    /// With the keys of the data directory, the first of which is made on first start.
    ///
    /// # Errors
    /// As [`KeyRing::open`].
    pub fn open(settings: &AppSettings, now: Timestamp) -> Result<Self> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[&settings.token_audience]);
        validation.set_issuer(&[&settings.token_issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The times are checked below, by the clock that everything else runs by.
        validation.validate_exp = false;
        let ttl_ms = settings.token_ttl_ms();
        Ok(Self(Arc::new(Signing {
            ring: RwLock::new(Arc::new(KeyRing::open(&settings.data_dir, ttl_ms, now)?)),
            dir: settings.data_dir.clone(),
            ttl_ms,
            validation,
            issuer: settings.token_issuer.clone(),
            audience: settings.token_audience.clone(),
            reloaded_ms: AtomicI64::new(now.as_ms()),
            verified: RwLock::new(Recent::new(settings.verified_tokens)),
        })))
    }

    /// Reads the keys again: a new one then signs, and one that was taken away verifies no more.
    ///
    /// # Errors
    /// As [`KeyRing::open`]; the keys stay what they were.
    pub fn reload(&self, now: Timestamp) -> Result<()> {
        self.0.reloaded_ms.store(now.as_ms(), Ordering::Relaxed);
        let ring = KeyRing::open(&self.0.dir, self.0.ttl_ms, now)?;
        let same = {
            let known = self.0.ring.read();
            known.iter().map(|key| &key.kid).eq(ring.iter().map(|key| &key.kid))
        };
        if !same {
            *self.0.ring.write() = Arc::new(ring);
            self.0.verified.write().clear();
            tracing::info!(signs = self.signing_kid(), "the ring of token keys has changed");
        }
        Ok(())
    }

    fn signing_kid(&self) -> String {
        self.0.ring.read().newest().map(|key| key.kid.clone()).unwrap_or_default()
    }

    /// The public keys: their ids and Ed25519 points (RFC 8037 §2).
    pub(super) fn public_keys(&self) -> Vec<(String, String)> {
        self.0.ring.read().iter().map(|key| (key.kid.clone(), key.x.clone())).collect()
    }

    /// The signed form of what `token` says.
    pub(super) fn sign(&self, token: &Verified) -> Result<String> {
        let Identity { user_id, role, scopes, session, token: jti, client, expires_at } = &token.identity;
        let claims = Claims {
            iss: self.0.issuer.clone(),
            sub: user_id.0,
            aud: self.0.audience.clone(),
            iat: token.issued_at.as_secs(),
            exp: expires_at.as_secs(),
            nbf: None,
            jti: *jti,
            sid: session.0,
            tenant: token.tenant.id(),
            roles: vec![role.to_string()],
            scope: scope_text(scopes),
            client_id: client.as_deref().map(str::to_owned),
        };
        let ring = self.0.ring.read().clone();
        let key = ring.newest().ok_or_else(|| Error::internal("there is no key to sign with"))?;
        jsonwebtoken::encode(&key.header, &claims, &key.sign).map_err(Error::internal)
    }

    /// What a token says.
    ///
    /// # Errors
    /// [`Error::InvalidToken`], [`Error::TokenExpired`].
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<Verified> {
        if token.len() > MAX_TOKEN {
            return Err(Error::InvalidToken(INVALID_TOKEN));
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        let known = self.0.verified.read().get(&hash).cloned();
        let new = known.is_none();
        let verified = match known {
            Some(known) => known,
            None => self.check(token, now)?,
        };
        if verified.identity.expires_at <= now {
            return Err(Error::TokenExpired);
        }
        if new {
            self.0.verified.write().insert(hash, verified.clone());
        }
        Ok(verified)
    }

    fn check(&self, token: &str, now: Timestamp) -> Result<Verified> {
        let invalid = || Error::InvalidToken(INVALID_TOKEN);
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let typed = header.typ.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case(TOKEN_TYPE));
        let kid = header.kid.filter(|_| typed && header.alg == Algorithm::EdDSA).ok_or_else(invalid)?;
        if self.0.ring.read().find(&kid).is_none()
            && now.as_ms().saturating_sub(self.0.reloaded_ms.load(Ordering::Relaxed)).abs()
                >= RELOAD_INTERVAL_MS
        {
            self.reload(now)?;
        }
        let ring = self.0.ring.read().clone();
        let key = ring.find(&kid).ok_or_else(invalid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.verify, &self.0.validation)
            .map_err(|_| invalid())?
            .claims;
        if claims.nbf.is_some_and(|nbf| nbf > now.as_secs()) {
            return Err(Error::InvalidToken("the bearer token is not valid yet"));
        }
        let seconds = |seconds: i64| Timestamp::from_ms(seconds.saturating_mul(1000));
        // A life that was shortened since then is for older tokens too: revocations are kept for just as long.
        let end = seconds(claims.exp).min(seconds(claims.iat).plus_ms(self.0.ttl_ms));
        let role = claims.roles.iter().filter_map(|name| Role::from_name(name)).max().ok_or_else(invalid)?;
        let identity = Identity {
            user_id: UserId(claims.sub),
            role,
            scopes: scopes(&claims.scope).ok_or_else(invalid)?,
            session: SessionId(claims.sid),
            token: claims.jti,
            client: claims.client_id.map(Into::into),
            expires_at: end,
        };
        let tenant = Tenant::from_uuid(claims.tenant.unwrap_or_default());
        Ok(Verified { tenant, identity, issued_at: seconds(claims.iat) })
    }
}
