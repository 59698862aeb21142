//! A change: everything that one call does to the store, in one transaction with its events and its one audit row.

use crate::clock::Ids;
use crate::domain::audit::{Action, AuditEntry, Snapshot};
use crate::domain::event::Fact;
use crate::domain::{AuditId, Error, EventId, Result, Tenant, Timestamp, User, UserId};
use crate::store::{Revocation, Writes};

use super::logins::seconds;
use super::{App, Caller};

/// What a change works with.
pub(super) struct Change<'w> {
    pub writes: &'w mut dyn Writes,
    pub tenant: Tenant,
    pub now: Timestamp,
    pub ids: Ids,
    pub(super) token_ttl_ms: i64,
    /// The longest that a login lasts which asks for no token again: an access token's, or one on the pages.
    pub(super) login_ttl_ms: i64,
    /// Logins that the change ends.
    pub(super) revoked: Vec<Revocation>,
}

/// What the audit row of a change says.
pub(super) struct Audited {
    pub action: Action,
    pub before: Option<Snapshot>,
    pub after: Option<Snapshot>,
    /// Why, when an administrator gave a reason.
    pub reason: Option<String>,
    /// Whose row it is, when that is not the caller's: who logs in becomes someone by it.
    pub user: Option<(Tenant, UserId)>,
}

impl Audited {
    pub fn new(action: Action, before: Option<Snapshot>, after: Option<Snapshot>) -> Self {
        Self { action, before, after, reason: None, user: None }
    }

    /// With the reason that was given.
    pub fn because(self, reason: Option<String>) -> Self {
        Self { reason, ..self }
    }

    /// The row is `user`'s own.
    pub fn of(self, user: &User) -> Self {
        Self { user: Some((user.tenant, user.id)), ..self }
    }
}

impl Change<'_> {
    /// States what happened; it becomes an event if, and only if, the change commits.
    pub async fn state(&mut self, fact: Fact) -> Result<()> {
        self.writes.append_event(EventId(self.ids.uuid_v7()), self.now, fact).await
    }
}

impl App {
    /// Runs `change` in one transaction and leaves exactly one audit row with it. The caller's condition is on what the
    /// audit row calls `before`: the resource as the transaction found it. A change that fails it is taken back, and so
    /// is one whose idempotency key was used.
    pub(super) async fn change<T, F>(&self, caller: &Caller, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Change<'_>) -> Result<(T, Audited)> + Send + 'static,
    {
        let (caller, ids, clock) = (caller.clone(), self.0.ids.clone(), self.0.clock.clone());
        let app = self.clone();
        self.0
            .store
            .write(async move |writes| {
                // Read on the writer, so that times follow the order of the log.
                let now = Timestamp::from_ms(clock.now_ms());
                let tenant = caller.principal.tenant;
                let (settings, revoked) = (&app.0.settings, Vec::new());
                let token_ttl_ms = settings.token_ttl_ms();
                let login_ttl_ms = token_ttl_ms.max(seconds(settings.oauth.browser_ttl_s));
                let ids_of = ids.clone();
                let mut context =
                    Change { writes, tenant, now, ids: ids_of, token_ttl_ms, login_ttl_ms, revoked };
                let claim = app.claimed(&caller, &mut context).await?;
                let (value, Audited { action, before, after, reason, user }) = change(&mut context).await?;
                if !caller.terms.condition.as_ref().is_none_or(|condition| condition.holds(before.as_ref())) {
                    return Err(Error::PreconditionFailed);
                }
                if let Some(claim) = claim {
                    app.keep(&mut context, claim, &value).await?;
                }
                let (tenant, user_id) = match user {
                    Some((tenant, id)) => (tenant, Some(id)),
                    None => (tenant, caller.principal.user_id()),
                };
                let entry = AuditEntry {
                    id: AuditId(ids.uuid_v7()),
                    tenant,
                    at: now,
                    action,
                    user_id,
                    before,
                    after,
                    reason,
                    origin: caller.origin,
                };
                context.writes.insert_audit(&entry).await?;
                // On the writer, so that it is done even if the caller goes away; before the commit, because should that
                // fail, a login too many has ended, and never one too few.
                context.revoked.iter().for_each(|revocation| app.0.revocations.apply(revocation));
                Ok(value)
            })
            .await
    }
}

/// The resource, or the refusal that there is none.
pub(super) fn found<T>(resource: Option<T>, name: &'static str) -> Result<T> {
    resource.ok_or(Error::NotFound(name))
}
