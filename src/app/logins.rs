//! Logins: who a token stands for, how one is got, renewed, exchanged and given back.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::change::{Audited, Change};
use super::guard::{Attempt, Noted};
use super::policy::{Operation, authorize};
use super::tokens::Verified;
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::oauth::Client;
use crate::domain::principal::Identity;
use crate::domain::user::UserStatus;
use crate::domain::{
    Error, Principal, Result, Role, Scope, SessionId, Tenant, Timestamp, User, UserId, Violation,
};
use crate::store::{Credentials, RefreshToken};

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

/// What tokens are made for.
pub(super) struct Login {
    pub session: SessionId,
    /// The OAuth2 client that gets them; nothing for the user's own login.
    pub client: Option<ForClient>,
}

/// What a client gets.
pub(super) struct ForClient {
    pub id: Arc<str>,
    /// All that its user allowed it.
    pub scopes: Vec<Scope>,
    /// Whether it may use refresh tokens.
    pub refreshes: bool,
}

impl ForClient {
    /// What the client may still have of the scopes that its user allowed it.
    pub fn new(client: &Client, mut scopes: Vec<Scope>, refreshes: bool) -> Self {
        scopes.retain(|scope| client.scopes.contains(scope));
        Self { id: client.id.as_str().into(), scopes, refreshes }
    }
}

impl Login {
    /// The user's own.
    pub fn own(session: SessionId) -> Self {
        Self { session, client: None }
    }
}

/// A refresh token that is to be exchanged. Not `Debug`.
pub(super) struct Exchange {
    pub token: String,
    /// What `X-Tenant-ID` named.
    pub tenant: Option<Tenant>,
    /// Who asks.
    pub client: Option<Client>,
    /// Fewer scopes for this access token (RFC 6749 §6).
    pub scopes: Option<Vec<Scope>>,
}

impl App {
    /// Reads the keys of access tokens again, so that a rotation takes effect; when that fails they stay what they were.
    pub fn reload_keys(&self) {
        if let Err(error) = self.0.tokens.reload(self.now()) {
            tracing::error!(cause = ?std::error::Error::source(&error), "the token keys cannot be read again");
        }
    }

    /// Who a bearer token stands for. The tenant is the token's; `tenant` is what `X-Tenant-ID` named.
    ///
    /// # Errors
    /// [`Error::InvalidToken`], [`Error::TokenExpired`], [`Error::TokenRevoked`] for a token that is not valid, or not of
    /// that tenant.
    pub fn authenticate(&self, bearer: Option<&str>, tenant: Option<Tenant>) -> Result<Principal> {
        let Some(token) = bearer else {
            return Ok(Principal::anonymous(tenant.unwrap_or(Tenant::PUBLIC)));
        };
        match self.verify(token) {
            Ok(verified) if tenant.is_some_and(|named| named != verified.tenant) => {
                Err(Error::InvalidToken(FOREIGN_TENANT))
            }
            Ok(Verified { tenant, identity, .. }) => Ok(Principal { tenant, identity: Some(identity) }),
            Err(_) if self.0.settings.open_auth => Ok(self.open_principal(token, tenant)),
            Err(error) => Err(error),
        }
    }

    /// What a token says, when it is good at this moment.
    pub(super) fn verify(&self, token: &str) -> Result<Verified> {
        let verified = self.0.tokens.verify(token, self.now())?;
        if self.0.revocations.cover(&verified.identity) {
            return Err(Error::TokenRevoked);
        }
        Ok(verified)
    }

    /// The principal that `token` makes of an open connection, which keeps what it has subscribed to.
    ///
    /// # Errors
    /// As [`App::authenticate`]; [`Error::Forbidden`] for another user or tenant, or fewer rights.
    pub fn renew(&self, current: &Principal, token: &str) -> Result<Principal> {
        let tenant = current.tenant;
        let newer = self.authenticate(Some(token), tenant.id().map(|_| tenant))?;
        if !current.is_renewed_by(&newer) {
            return Err(Error::Forbidden(
                "this connection belongs to another user, tenant, or wider rights; open a new one",
            ));
        }
        Ok(newer)
    }

    /// Compatibility mode: any bearer text is a member of the staff, the same text always the same one.
    fn open_principal(&self, bearer: &str, tenant: Option<Tenant>) -> Principal {
        let id = stand_in(bearer);
        let day_ms = 86_400_000;
        let identity = Identity {
            user_id: id,
            role: Role::Staff,
            scopes: Role::Staff.scopes(),
            session: SessionId(id.0),
            token: id.0,
            client: None,
            expires_at: self.now().plus_ms(day_ms),
        };
        Principal { tenant: tenant.unwrap_or(Tenant::PUBLIC), identity: Some(identity) }
    }

    /// Logs in with a user name (or e-mail address) and a password.
    ///
    /// # Errors
    /// [`Error::WrongCredentials`], the same for an unknown user and a wrong password; [`Error::Invalid`] when either
    /// is missing; [`Error::RateLimited`] when too many log in at once, or too many failed.
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
        let proven = self.check_password(caller, &username, password).await?;
        let app = self.clone();
        self.change(caller, async move |change| {
            let user = change.still(&proven).await?;
            let login = Login::own(SessionId(change.ids.uuid_v7()));
            let grant = app.grant(change, &user, login).await?;
            let audited =
                Audited::new(Action::TokenIssued, None, Some(Snapshot::User(user.clone()))).of(&user);
            Ok((grant, audited))
        })
        .await
    }

    /// The user of that name and password, who may act; to be looked at again in the transaction ([`Change::still`]).
    ///
    /// # Errors
    /// [`Error::WrongCredentials`], [`Error::RateLimited`].
    pub(super) async fn check_password(
        &self,
        caller: &Caller,
        username: &str,
        password: String,
    ) -> Result<Credentials> {
        let tenant = caller.principal.tenant;
        if password.chars().count() > *crate::domain::password::LENGTH.end() {
            return Err(Error::WrongCredentials);
        }
        let known = self.0.store.read().find_credentials(tenant, username).await?;
        // By its id, so that the name and the e-mail address of an account count together.
        let account = match &known {
            Some(known) => known.user.id.to_string(),
            None => format!("{} {}", tenant.as_uuid(), username.to_lowercase()),
        };
        let attempt = Attempt { account: Some(fingerprint(&account)), address: caller.origin.ip_address };
        self.0.guard.check(&attempt, self.now())?;
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let matches = self.0.passwords.verify(password, hash).await?;
        // Again: many at once would else be as many more guesses.
        self.0.guard.check(&attempt, self.now())?;
        match known {
            Some(known) if matches && known.user.status == UserStatus::Active => {
                self.0.guard.succeeded(&attempt);
                Ok(known)
            }
            known => {
                self.note_failure(caller, &attempt, known.map(|known| known.user)).await?;
                Err(Error::WrongCredentials)
            }
        }
    }

    /// Counts a failed attempt, and puts into the audit log what must be known of it. The name that was tried is not:
    /// people type their password there.
    pub(super) async fn note_failure(
        &self,
        caller: &Caller,
        attempt: &Attempt,
        user: Option<User>,
    ) -> Result<()> {
        let action = match self.0.guard.failed(attempt, self.now()) {
            Noted::Counted => return Ok(()),
            Noted::First => Action::LoginFailed,
            Noted::Locked => Action::LoginLocked,
        };
        let user = user.map(Snapshot::User);
        // Not the change that the caller asked for, and so without its terms.
        let caller = Caller::new(caller.principal.clone(), caller.origin.clone());
        self.change(&caller, async move |_| Ok(((), Audited::new(action, user, None)))).await
    }

    /// Ends the login that the caller's token comes from, or `all` logins of the caller: access and refresh tokens, and
    /// open connections.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] without a token.
    pub async fn log_out(&self, caller: &Caller, all: bool) -> Result<()> {
        authorize(Operation::LogOut, &caller.principal)?;
        let identity = caller.principal.identity.clone();
        let Identity { user_id, session, .. } =
            identity.ok_or(Error::Unauthenticated("there is no login to end"))?;
        self.change(caller, async move |change| {
            if all {
                change.end_sessions_of(user_id).await?;
            } else {
                change.end_session(user_id, session).await?;
            }
            Ok(((), Audited::new(Action::SessionRevoked, None, None)))
        })
        .await
    }

    /// Exchanges a refresh token for new tokens. Each is good for one exchange: a second use means that it was stolen,
    /// and ends the login that it belongs to. `tenant` is what `X-Tenant-ID` named.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] when it is unknown, expired, revoked or used.
    pub async fn refresh(
        &self,
        caller: &Caller,
        tenant: Option<Tenant>,
        refresh_token: &str,
    ) -> Result<Grant> {
        let token = refresh_token.to_owned();
        self.exchange(caller, Exchange { token, tenant, client: None, scopes: None }).await
    }

    /// As [`App::refresh`], for whoever asks.
    pub(super) async fn exchange(&self, caller: &Caller, exchange: Exchange) -> Result<Grant> {
        let hash = fingerprint(&exchange.token);
        let app = self.clone();
        self.change(caller, async move |change| {
            let refused = || Error::InvalidToken(BAD_REFRESH);
            let token = change.writes.refresh_token(&hash).await?.ok_or_else(refused)?;
            let user = change.writes.user(token.tenant, token.user_id).await?.ok_or_else(refused)?;
            let snapshot = Some(Snapshot::User(user.clone()));
            let here = exchange.tenant.is_none_or(|tenant| tenant == token.tenant)
                && token.client.as_deref() == exchange.client.as_ref().map(|client| client.id.as_str());
            let alive = here && token.revoked_at.is_none() && token.expires_at > change.now;
            if !alive || user.status != UserStatus::Active {
                return Err(refused());
            }
            if token.used_at.is_some() {
                change.end_session(user.id, token.session).await?;
                return Ok((
                    Err(refused()),
                    Audited::new(Action::RefreshTokenReused, snapshot, None).of(&user),
                ));
            }
            change.writes.mark_refresh_token_used(&hash, change.now).await?;
            let client = exchange.client.map(|client| ForClient::new(&client, token.scopes, true));
            let mut grant = app.grant(change, &user, Login { session: token.session, client }).await?;
            if let Some(narrower) = exchange.scopes {
                app.narrow(change, &mut grant, token.session, token.client, narrower)?;
            }
            Ok((Ok(grant), Audited::new(Action::TokenRefreshed, None, snapshot).of(&user)))
        })
        .await?
    }

    /// New tokens for `user`.
    pub(super) async fn grant(&self, change: &mut Change<'_>, user: &User, login: Login) -> Result<Grant> {
        let Login { session, client } = login;
        let own = user.role.scopes();
        // A client never gets more than its user has, today.
        let scopes: Vec<Scope> = match &client {
            Some(client) => client.scopes.iter().copied().filter(|scope| own.contains(scope)).collect(),
            None => own,
        };
        let id = client.as_ref().map(|client| client.id.clone());
        let identity = self.identity(change, (user.id, user.role), scopes.clone(), session, id);
        let expires_at = identity.expires_at;
        let access_token =
            self.0.tokens.sign(&Verified { tenant: user.tenant, identity, issued_at: change.now })?;
        let refresh_token = secret(change);
        let kept = RefreshToken {
            hash: fingerprint(&refresh_token),
            session,
            user_id: user.id,
            tenant: user.tenant,
            client: client.as_ref().map(|client| client.id.to_string()),
            scopes: client.as_ref().map(|client| client.scopes.clone()).unwrap_or_default(),
            expires_at: change.now.plus_ms(seconds(self.0.settings.refresh_ttl_s)),
            used_at: None,
            revoked_at: None,
        };
        if client.is_none_or(|client| client.refreshes) {
            change.writes.insert_refresh_token(&kept).await?;
        }
        let expires_in_s = expires_at.as_secs() - change.now.as_secs();
        Ok(Grant { access_token, refresh_token, expires_at, expires_in_s, scopes, user: user.clone() })
    }

    fn narrow(
        &self,
        change: &Change<'_>,
        grant: &mut Grant,
        session: SessionId,
        client: Option<String>,
        narrower: Vec<Scope>,
    ) -> Result<()> {
        use crate::domain::oauth::Refusal;
        if !narrower.iter().all(|scope| grant.scopes.contains(scope)) {
            return Err(Error::OAuth(Refusal::InvalidScope, "the scope is wider than what was granted"));
        }
        let subject = (grant.user.id, grant.user.role);
        let identity = self.identity(change, subject, narrower.clone(), session, client.map(Into::into));
        let token = Verified { tenant: grant.user.tenant, identity, issued_at: change.now };
        (grant.access_token, grant.scopes) = (self.0.tokens.sign(&token)?, narrower);
        Ok(())
    }

    /// The identity that a new access token stands for.
    pub(super) fn identity(
        &self,
        change: &Change<'_>,
        (user_id, role): (UserId, Role),
        scopes: Vec<Scope>,
        session: SessionId,
        client: Option<Arc<str>>,
    ) -> Identity {
        Identity {
            user_id,
            role,
            scopes,
            session,
            token: change.ids.uuid_v7(),
            client,
            expires_at: change.now.plus_ms(change.token_ttl_ms),
        }
    }
}

/// A secret of 256 random bits, as text.
pub(super) fn secret(change: &Change<'_>) -> String {
    URL_SAFE_NO_PAD.encode(change.ids.random_bytes::<32>())
}

/// Seconds of a setting in milliseconds.
pub(super) fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX / 1000).saturating_mul(1000)
}

/// What is kept of a secret of ours; it has 256 random bits, so a plain hash is enough, and looking it up by that hash
/// tells nothing by its timing.
pub(super) fn fingerprint(secret: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    hash
}

/// The subject that stands for a name which is no user's.
pub(super) fn stand_in(name: &str) -> UserId {
    let mut id = [0; 16];
    id.copy_from_slice(&fingerprint(name)[..16]);
    UserId(uuid::Builder::from_custom_bytes(id).into_uuid())
}
