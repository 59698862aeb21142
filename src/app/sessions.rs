//! The end of all of a user's logins at once: suspended, removed, or with a new password.

use super::App;
use crate::domain::{Tenant, UserId};

impl App {
    /// Called after the commit of whatever ends all logins of a user: the refresh tokens were revoked in that very
    /// transaction ([`crate::store::Writes::revoke_sessions_of_user`]). This is the one place for what is not in the
    /// database: access tokens that are out, and live connections.
    pub(super) fn end_sessions(&self, tenant: Tenant, user: UserId) {
        tracing::info!(tenant = ?tenant.id(), %user, "every login of a user was ended");
    }
}
