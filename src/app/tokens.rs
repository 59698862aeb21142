//! Tokens: signed access tokens (RFC 7519, EdDSA) and refresh tokens that are used once.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change::{Audited, Change};
use super::policy::{Operation, authorize};
use super::{App, AppSettings, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::principal::Identity;
use crate::domain::user::UserStatus;
use crate::domain::{
    Error, Principal, Result, Role, Scope, SessionId, Tenant, Timestamp, User, UserId, Violation,
};
use crate::keyfile;
use crate::store::RefreshToken;

const INVALID_TOKEN: &str = "the bearer token is not valid";
const EXPIRED_TOKEN: &str = "the bearer token has expired";
const FOREIGN_TENANT: &str = "the token was issued in another tenant than X-Tenant-ID names";
const BAD_REFRESH: &str = "the refresh token is not valid any more; log in again";

/// What a login brings. Not `Debug`: it holds the tokens.
pub struct Grant {
    pub access_token: String,
    pub refresh_token: String,
    pub expires_at: Timestamp,
    pub expires_in_s: i64,
    pub scopes: Vec<Scope>,
    pub user: User,
}

/// The claims of an access token.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    aud: String,
    exp: i64,
    iat: i64,
    jti: Uuid,
    sid: Uuid,
    tenant: Option<Uuid>,
    roles: Vec<String>,
    scope: String,
}

/// Signs and verifies access tokens.
#[derive(Clone)]
pub struct Tokens(Arc<Signing>);

struct Signing {
    header: Header,
    sign: EncodingKey,
    verify: DecodingKey,
    validation: Validation,
    issuer: String,
    audience: String,
}

impl Tokens {
    /// With the key of the data directory, which is made on first start.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the key file cannot be read or written, [`Error::Internal`] when it holds no key.
    pub fn open(settings: &AppSettings) -> Result<Self> {
        let der = keyfile::load_or_create(&settings.data_dir.join(Path::new("token-ed25519.der")), || {
            let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                .map_err(|_| Error::internal("no Ed25519 key could be made"))?;
            Ok(key.as_ref().to_vec())
        })?;
        let pair =
            Ed25519KeyPair::from_pkcs8(&der).map_err(|_| Error::internal("token-ed25519.der is no key"))?;
        let public = pair.public_key().as_ref();
        let verify =
            DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(public)).map_err(Error::internal)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(URL_SAFE_NO_PAD.encode(&digest(&SHA256, public).as_ref()[..12]));
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[&settings.token_audience]);
        validation.set_issuer(&[&settings.token_issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The time is checked below, by the clock that everything else runs by.
        validation.validate_exp = false;
        Ok(Self(Arc::new(Signing {
            header,
            sign: EncodingKey::from_ed_der(&der),
            verify,
            validation,
            issuer: settings.token_issuer.clone(),
            audience: settings.token_audience.clone(),
        })))
    }

    fn issue(
        &self,
        user: &User,
        scopes: &[Scope],
        session: SessionId,
        jti: Uuid,
        span: (Timestamp, Timestamp),
    ) -> Result<String> {
        let scope: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
        let claims = Claims {
            iss: self.0.issuer.clone(),
            sub: user.id.0,
            aud: self.0.audience.clone(),
            iat: span.0.as_secs(),
            exp: span.1.as_secs(),
            jti,
            sid: session.0,
            tenant: user.tenant.id(),
            roles: vec![user.role.to_string()],
            scope: scope.join(" "),
        };
        jsonwebtoken::encode(&self.0.header, &claims, &self.0.sign).map_err(Error::internal)
    }

    /// The tenant and the identity of a token.
    fn verify(&self, token: &str, now: Timestamp) -> Result<(Tenant, Identity)> {
        let invalid = || Error::Unauthenticated(INVALID_TOKEN);
        let claims = jsonwebtoken::decode::<Claims>(token, &self.0.verify, &self.0.validation)
            .map_err(|_| invalid())?
            .claims;
        if claims.exp <= now.as_secs() {
            return Err(Error::Unauthenticated(EXPIRED_TOKEN));
        }
        let role = claims.roles.iter().filter_map(|name| Role::from_name(name)).max().ok_or_else(invalid)?;
        let identity = Identity {
            user_id: UserId(claims.sub),
            role,
            scopes: claims.scope.split(' ').filter_map(Scope::from_name).collect(),
            session: SessionId(claims.sid),
            expires_at: Timestamp::from_ms(claims.exp.saturating_mul(1000)),
        };
        Ok((Tenant::from_uuid(claims.tenant.unwrap_or_default()), identity))
    }
}

impl App {
    /// Who a bearer token stands for. The tenant is the token's; `tenant` is what `X-Tenant-ID` named.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a token that is not valid, or not of that tenant.
    pub fn authenticate(&self, bearer: Option<&str>, tenant: Option<Tenant>) -> Result<Principal> {
        let Some(token) = bearer else {
            return Ok(Principal::anonymous(tenant.unwrap_or(Tenant::PUBLIC)));
        };
        match self.0.tokens.verify(token, self.now()) {
            Ok((own, _)) if tenant.is_some_and(|named| named != own) => {
                Err(Error::Unauthenticated(FOREIGN_TENANT))
            }
            Ok((own, identity)) => Ok(Principal { tenant: own, identity: Some(identity) }),
            Err(_) if self.0.settings.open_auth => Ok(self.open_principal(token, tenant)),
            Err(error) => Err(error),
        }
    }

    /// Compatibility mode: any bearer text is a member of the staff, the same text always the same one.
    fn open_principal(&self, bearer: &str, tenant: Option<Tenant>) -> Principal {
        let mut id = [0; 16];
        id.copy_from_slice(&digest(&SHA256, bearer.as_bytes()).as_ref()[..16]);
        let id = uuid::Builder::from_custom_bytes(id).into_uuid();
        let day_ms = 86_400_000;
        let identity = Identity {
            user_id: UserId(id),
            role: Role::Staff,
            scopes: Role::Staff.scopes(),
            session: SessionId(id),
            expires_at: self.now().plus_ms(day_ms),
        };
        Principal { tenant: tenant.unwrap_or(Tenant::PUBLIC), identity: Some(identity) }
    }

    /// Logs in with a user name (or e-mail address) and a password.
    ///
    /// # Errors
    /// [`Error::WrongCredentials`], the same for an unknown user and a wrong password; [`Error::Invalid`] when either
    /// is missing; [`Error::RateLimited`] when too many log in at once.
    pub async fn log_in(
        &self,
        caller: &Caller,
        username: Option<String>,
        password: Option<String>,
    ) -> Result<Grant> {
        authorize(Operation::LogIn, &caller.principal)?;
        let missing = [("username", username.is_none()), ("password", password.is_none())];
        let missing = missing.into_iter().filter(|(_, missing)| *missing);
        let violations: Vec<Violation> = missing.map(|(field, _)| Violation::required(field)).collect();
        let (Some(username), Some(password)) = (username, password) else {
            return Err(Error::Invalid(violations));
        };
        if password.chars().count() > *crate::domain::user::PASSWORD_LENGTH.end() {
            return Err(Error::WrongCredentials);
        }
        let known = self.0.store.read().find_credentials(caller.principal.tenant, &username).await?;
        let (user, hash) = match known {
            Some(known) => (Some(known.user), Some(known.password_hash)),
            None => (None, None),
        };
        let matches = self.0.passwords.verify(password, hash.clone()).await?;
        let user = user
            .filter(|user| matches && user.status == UserStatus::Active)
            .ok_or(Error::WrongCredentials)?;
        let app = self.clone();
        self.change(caller, async move |change| {
            // Whoever was suspended, removed or given another password in the meantime does not get in any more.
            let known = change.writes.password_hash(user.tenant, user.id).await?;
            let user = change.writes.user(user.tenant, user.id).await?;
            let user = user
                .filter(|user| known == hash && user.status == UserStatus::Active)
                .ok_or(Error::WrongCredentials)?;
            let grant = app.grant(change, &user, SessionId(change.ids.uuid_v7())).await?;
            let audited =
                Audited::new(Action::TokenIssued, None, Some(Snapshot::User(user.clone()))).of(&user);
            Ok((grant, audited))
        })
        .await
    }

    /// Exchanges a refresh token for new tokens. Each is good for one exchange: a second use means that it was stolen,
    /// and ends the login that it belongs to. `tenant` is what `X-Tenant-ID` named.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is unknown, expired, revoked or used.
    pub async fn refresh(
        &self,
        caller: &Caller,
        tenant: Option<Tenant>,
        refresh_token: &str,
    ) -> Result<Grant> {
        let hash = fingerprint(refresh_token);
        let app = self.clone();
        self.change(caller, async move |change| {
            let refused = || Error::Unauthenticated(BAD_REFRESH);
            let token = change.writes.refresh_token(&hash).await?.ok_or_else(refused)?;
            let user = change.writes.user(token.tenant, token.user_id).await?.ok_or_else(refused)?;
            let snapshot = Some(Snapshot::User(user.clone()));
            let here = tenant.is_none_or(|tenant| tenant == token.tenant);
            let alive = here && token.revoked_at.is_none() && token.expires_at > change.now;
            if !alive || user.status != UserStatus::Active {
                return Err(refused());
            }
            if token.used_at.is_some() {
                change.writes.revoke_session(token.session, change.now).await?;
                return Ok((Err(refused()), Audited::new(Action::SessionRevoked, snapshot, None).of(&user)));
            }
            change.writes.mark_refresh_token_used(&hash, change.now).await?;
            let grant = app.grant(change, &user, token.session).await?;
            Ok((Ok(grant), Audited::new(Action::TokenRefreshed, None, snapshot).of(&user)))
        })
        .await?
    }

    /// New tokens for `user`, of the login `session`.
    pub(super) async fn grant(
        &self,
        change: &mut Change<'_>,
        user: &User,
        session: SessionId,
    ) -> Result<Grant> {
        let settings = &self.0.settings;
        let ttl = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000);
        let expires_at = change.now.plus_ms(ttl(settings.token_ttl_s));
        let scopes = user.role.scopes();
        let span = (change.now, expires_at);
        let access_token = self.0.tokens.issue(user, &scopes, session, change.ids.uuid_v7(), span)?;
        let refresh_token = URL_SAFE_NO_PAD.encode(change.ids.random_bytes::<32>());
        let kept = RefreshToken {
            hash: fingerprint(&refresh_token),
            session,
            user_id: user.id,
            tenant: user.tenant,
            expires_at: change.now.plus_ms(ttl(settings.refresh_ttl_s)),
            used_at: None,
            revoked_at: None,
        };
        change.writes.insert_refresh_token(&kept).await?;
        let expires_in_s = expires_at.as_secs() - change.now.as_secs();
        Ok(Grant { access_token, refresh_token, expires_at, expires_in_s, scopes, user: user.clone() })
    }
}

/// What is kept of a refresh token; it has 256 random bits, so a plain hash is enough, and looking it up by that hash
/// tells nothing by its timing.
fn fingerprint(refresh_token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, refresh_token.as_bytes()).as_ref());
    hash
}
