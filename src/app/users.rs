//! Users: sign up, look up, change, leave.

use super::change::{Audited, Change, found};
use super::logins::Login;
use super::policy::{Operation, authorize, authorize_user};
use super::{App, Caller, Grant};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::event::Fact;
use crate::domain::user::{UserDraft, UserStatus};
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

    /// Changes a user; what the draft leaves out keeps its value. A new password ends every login.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for another's, and for an OAuth2 client's token that would change the
    /// password or the e-mail address; [`Error::Invalid`]; [`Error::Taken`] for a user name or e-mail address that someone
    /// else has.
    pub async fn update_user(&self, caller: &Caller, id: UserId, draft: UserDraft) -> Result<User> {
        authorize(Operation::WriteUser, &caller.principal)?;
        let principal = caller.principal.clone();
        check_client(&principal, id, &draft)?;
        // Checked before the password is hashed, which costs; and again when it is stored.
        let before = found(self.0.store.read().find_user(principal.tenant, id).await?, "user")?;
        authorize_user(&principal, &before)?;
        let mut draft = draft;
        draft.check(&before).map_err(Error::Invalid)?;
        let password_hash = match draft.password.take() {
            Some(password) => Some(self.0.passwords.hash(password).await?),
            None => None,
        };
        let user = self
            .change(caller, async move |change| {
                let before = found(change.writes.user(change.tenant, id).await?, "user")?;
                authorize_user(&principal, &before)?;
                let user = draft.apply(&before, change.now);
                change.writes.update_user(&user).await?;
                if let Some(hash) = password_hash {
                    change.writes.set_password_hash(change.tenant, id, &hash).await?;
                    change.end_sessions_of(id).await?;
                }
                change.state(Fact::user_updated(&user)).await?;
                let (before, after) = (Snapshot::User(before), Snapshot::User(user.clone()));
                Ok((user, Audited::new(Action::UserUpdated, Some(before), Some(after))))
            })
            .await?;
        Ok(user)
    }

    /// Removes a user with their logins, webhook endpoints and conversations. Their orders and payments stay, for the books, under an id
    /// that leads to nobody any more.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`] for another's, and for an OAuth2 client's token; [`Error::OwnAccount`] for
    /// an administrator's own.
    pub async fn delete_user(&self, caller: &Caller, id: UserId) -> Result<()> {
        authorize(Operation::WriteUser, &caller.principal)?;
        let principal = caller.principal.clone();
        if of_client(&principal) {
            return Err(Error::Forbidden(
                "an OAuth2 client cannot delete an account; its owner can, logged in",
            ));
        }
        let endpoints = self.change(caller, async move |change| {
            let user = found(change.writes.user(change.tenant, id).await?, "user")?;
            authorize_user(&principal, &user)?;
            // So that a tenant is never without one.
            if principal.user_id() == Some(id) && user.role == Role::Admin {
                return Err(Error::OwnAccount("an administrator cannot delete their own account"));
            }
            let endpoints = change.writes.endpoint_ids_of(change.tenant, id).await?;
            change.writes.delete_endpoints_of(change.tenant, id).await?;
            change.release_rooms_of(id).await?;
            change.writes.delete_rooms_of(change.tenant, id).await?;
            change.end_sessions_of(id).await?;
            change.writes.delete_user(change.tenant, id).await?;
            change.state(Fact::user_deleted(&user)).await?;
            Ok((endpoints, Audited::new(Action::UserDeleted, Some(Snapshot::User(user)), None)))
        });
        self.tell_changed(&endpoints.await?);
        Ok(())
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

impl Change<'_> {
    /// The user whose password was proven, as the transaction finds it: meanwhile it may have been suspended or deleted,
    /// or its password changed, which ended every login but this one that has not begun.
    ///
    /// # Errors
    /// [`Error::WrongCredentials`].
    pub(super) async fn still(&mut self, proven: &Credentials) -> Result<User> {
        let (tenant, id) = (proven.user.tenant, proven.user.id);
        let same = self.writes.password_hash(tenant, id).await?.as_ref() == Some(&proven.password_hash);
        let user = self.writes.user(tenant, id).await?;
        user.filter(|user| same && user.status == UserStatus::Active).ok_or(Error::WrongCredentials)
    }
}

fn of_client(principal: &Principal) -> bool {
    principal.identity.as_ref().is_some_and(|identity| identity.client.is_some())
}

/// What an OAuth2 client may change: the profile of its own user, and nothing that would make the account its own. Who
/// allows an app `write:user` does not hand it the account.
fn check_client(principal: &Principal, id: UserId, draft: &UserDraft) -> Result<()> {
    if !of_client(principal) {
        return Ok(());
    }
    if principal.user_id() != Some(id) {
        return Err(Error::Forbidden("an OAuth2 client can change only the user that it acts for"));
    }
    if draft.password.is_some() {
        return Err(Error::Forbidden("an OAuth2 client cannot change the password"));
    }
    if draft.email.is_some() {
        return Err(Error::Forbidden("an OAuth2 client cannot change the email"));
    }
    Ok(())
}
