//! Users: sign up, look up.

use super::change::{Audited, found};
use super::logins::Login;
use super::policy::{Operation, authorize};
use super::{App, Caller, Grant};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::event::Fact;
use crate::domain::user::UserDraft;
use crate::domain::{Error, Principal, Result, Role, SessionId, User, UserId};
use crate::store::Credentials;

impl App {
    /// Signs a customer up, and logs them in.
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::Taken`] for a user name or e-mail address that someone has.
    pub async fn sign_up(&self, caller: &Caller, draft: UserDraft) -> Result<Grant> {
        authorize(Operation::SignUp, &caller.principal)?;
        let id = UserId(self.0.ids.uuid_v7());
        // Checked before the password is hashed, which costs; the time is set again when it is stored.
        let (mut user, password) =
            draft.create(id, caller.principal.tenant, Role::User, self.now()).map_err(Error::Invalid)?;
        let password_hash = self.0.passwords.hash(password).await?;
        let app = self.clone();
        self.change(caller, async move |change| {
            (user.created_at, user.updated_at) = (change.now, change.now);
            change.writes.insert_user(&Credentials { user: user.clone(), password_hash }).await?;
            change.state(Fact::user_created(&user)).await?;
            let grant = app.grant(change, &user, Login::own(SessionId(change.ids.uuid_v7()))).await?;
            let audited =
                Audited::new(Action::UserCreated, None, Some(Snapshot::User(user.clone()))).of(&user);
            Ok((grant, audited))
        })
        .await
    }

    /// A user, and whether the principal may see more than what is public of it.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::NotFound`].
    pub async fn get_user(&self, principal: &Principal, id: UserId) -> Result<(User, bool)> {
        authorize(Operation::ReadUser, principal)?;
        let user = found(self.0.store.read().find_user(principal.tenant, id).await?, "user")?;
        Ok((user, principal.is_self_or_staff(Some(id))))
    }

    /// The user that the principal is.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] without a token; [`Error::NotFound`] when the user is gone.
    pub async fn me(&self, principal: &Principal) -> Result<User> {
        authorize(Operation::ReadUser, principal)?;
        let id = principal.user_id().ok_or(Error::NotFound("user"))?;
        found(self.0.store.read().find_user(principal.tenant, id).await?, "user")
    }
}
