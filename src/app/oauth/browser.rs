//! Logins on the pages: a cookie of a browser stands for one, and ends with the user's other logins.

use super::super::change::Audited;
use super::super::logins::{fingerprint, seconds, secret};
use super::super::tokens::Verified;
use super::super::{App, Caller};
use crate::domain::audit::{Action, Origin, Snapshot};
use crate::domain::principal::Identity;
use crate::domain::user::UserStatus;
use crate::domain::{Error, Principal, Result, SessionId, Tenant, User};

/// A user who is logged in on the pages.
pub struct Visitor {
    pub user: User,
    identity: Identity,
}

impl Visitor {
    pub(super) fn caller(&self, origin: &Origin) -> Caller {
        let principal = Principal { tenant: self.user.tenant, identity: Some(self.identity.clone()) };
        Caller::new(principal, origin.clone())
    }
}

impl App {
    /// Logs in on the pages of `tenant`; the secret for the browser's cookie.
    ///
    /// # Errors
    /// As [`App::log_in`].
    pub async fn open_browser(
        &self,
        origin: &Origin,
        tenant: Tenant,
        username: &str,
        password: String,
    ) -> Result<String> {
        let caller = Caller::new(Principal::anonymous(tenant), origin.clone());
        let proven = self.check_password(&caller, username, password).await?;
        let app = self.clone();
        self.change(&caller, async move |change| {
            let user = change.still(&proven).await?;
            let cookie = secret(change);
            let session = SessionId(change.ids.uuid_v7());
            let mut identity = app.identity(change, (user.id, user.role), Vec::new(), session, None);
            identity.expires_at = change.now.plus_ms(seconds(app.0.settings.oauth.browser_ttl_s));
            let login = Verified { tenant, identity, issued_at: change.now };
            app.0.oauth.browsers.lock().insert(fingerprint(&cookie), login);
            Ok((cookie, Audited::new(Action::LoggedIn, None, Some(Snapshot::User(user.clone()))).of(&user)))
        })
        .await
    }

    /// Who the cookie of a browser stands for in `tenant`, at this moment.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn visitor(&self, cookie: Option<&str>, tenant: Tenant) -> Result<Option<Visitor>> {
        let login = cookie.and_then(|cookie| self.0.oauth.browsers.lock().get(&fingerprint(cookie)).cloned());
        let Some(Verified { identity, .. }) = login.filter(|login| login.tenant == tenant) else {
            return Ok(None);
        };
        if identity.expires_at <= self.now() || self.0.revocations.cover(&identity) {
            return Ok(None);
        }
        let user = self.0.store.read().find_user(tenant, identity.user_id).await?;
        let user = user.filter(|user| user.status == UserStatus::Active);
        Ok(user.map(|user| Visitor { user, identity }))
    }

    /// Logs out on the pages.
    pub fn close_browser(&self, cookie: &str) {
        self.0.oauth.browsers.lock().remove(&fingerprint(cookie));
    }

    /// The text that a form must send back, so that no other site can send it for the user: it follows from the cookie,
    /// which other sites cannot read, and tells nothing of it.
    pub fn form_token(cookie: &str) -> String {
        use base64::Engine as _;
        let hash = fingerprint(&format!("form {cookie}"));
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
    }

    /// Checks it.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub fn check_form_token(cookie: Option<&str>, sent: Option<&str>) -> Result<()> {
        use subtle::ConstantTimeEq as _;
        let right = cookie.map(Self::form_token).unwrap_or_default();
        let same = bool::from(right.as_bytes().ct_eq(sent.unwrap_or_default().as_bytes()));
        if same && !right.is_empty() {
            return Ok(());
        }
        Err(Error::Forbidden("the form is too old, or was sent by another site; go back and try again"))
    }

    /// A secret for the cookie of a browser that nobody is logged in with yet.
    pub fn new_browser(&self) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.0.ids.random_bytes::<32>())
    }
}
