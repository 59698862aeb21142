//! What only administrators do and see, each in their own tenant (contract §2).

use super::change::{Audited, found};
use super::policy::{Operation, authorize};
use super::{App, Caller};
use crate::domain::audit::{Action, AuditFilter, AuditRecord, Snapshot};
use crate::domain::event::{ChangedBy, Fact};
use crate::domain::order::{OrderCommand, OrderFilter};
use crate::domain::page::{Page, PageRequest};
use crate::domain::pet::check_text;
use crate::domain::stats::{DAY_MS, Dashboard};
use crate::domain::user::{UserFilter, UserStatus};
use crate::domain::{AuditId, Error, Order, OrderId, Principal, Result, Tenant, User, UserId, Violation};

/// Days that the dashboard tells one by one, today included.
const DAYS: i64 = 30;
/// Longest reason, in characters.
pub const MAX_REASON: usize = 500;

impl App {
    /// The numbers of the tenant. Live connections are the server's: only the public pool's administrators, who run it,
    /// see them.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn dashboard(&self, principal: &Principal) -> Result<Dashboard> {
        authorize(Operation::Administer, principal)?;
        let at = self.now();
        let first_day = (at.as_ms() / DAY_MS - DAYS + 1).max(0);
        let store = self.0.store.read().stats(principal.tenant, first_day, at).await?;
        let connections = (principal.tenant == Tenant::PUBLIC).then(|| (self.0.live_connections)());
        Ok(Dashboard { at, first_day, store, connections })
    }

    /// A page of users, newest first.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn list_users(
        &self,
        principal: &Principal,
        filter: UserFilter,
        page: PageRequest,
    ) -> Result<Page<User>> {
        authorize(Operation::Administer, principal)?;
        self.0.store.read().list_users(principal.tenant, &filter, page).await
    }

    /// All of one user.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn inspect_user(&self, principal: &Principal, id: UserId) -> Result<User> {
        authorize(Operation::Administer, principal)?;
        found(self.0.store.read().find_user(principal.tenant, id).await?, "user")
    }

    /// Suspends a user, whose logins end at once, or lets them in again.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OwnAccount`] for the caller's own suspension; [`Error::Invalid`] for a reason that is
    /// too long.
    pub async fn set_user_status(
        &self,
        caller: &Caller,
        id: UserId,
        status: UserStatus,
        reason: Option<String>,
    ) -> Result<User> {
        authorize(Operation::Administer, &caller.principal)?;
        check_reason(reason.as_deref())?;
        let own = caller.principal.user_id() == Some(id);
        let (user, endpoints) = self
            .change(caller, async move |change| {
                let before = found(change.writes.user(change.tenant, id).await?, "user")?;
                if own && status == UserStatus::Suspended {
                    return Err(Error::OwnAccount("an administrator cannot suspend their own account"));
                }
                let user = User { status, updated_at: change.now, ..before.clone() };
                change.writes.update_user(&user).await?;
                if status == UserStatus::Suspended {
                    change.end_sessions_of(id).await?;
                    change.release_rooms_of(id).await?;
                }
                change.state(Fact::user_updated(&user)).await?;
                let endpoints = change.writes.endpoint_ids_of(change.tenant, id).await?;
                let (before, after) = (Snapshot::User(before), Snapshot::User(user.clone()));
                let audited = Audited::new(Action::UserStatusChanged, Some(before), Some(after));
                Ok(((user, endpoints), audited.because(reason)))
            })
            .await?;
        self.tell_changed(&endpoints);
        Ok(user)
    }

    /// A page of the tenant's orders, newest first.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn list_all_orders(
        &self,
        principal: &Principal,
        filter: OrderFilter,
        page: PageRequest,
    ) -> Result<Page<Order>> {
        authorize(Operation::Administer, principal)?;
        self.0.store.read().list_orders(principal.tenant, &filter, page).await
    }

    /// Cancels an order from whatever state; a captured payment is given back.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::IllegalTransition`] when it is cancelled already; [`Error::Invalid`] without a reason.
    pub async fn force_cancel_order(
        &self,
        caller: &Caller,
        id: OrderId,
        reason: Option<String>,
    ) -> Result<Order> {
        authorize(Operation::Administer, &caller.principal)?;
        let reason = reason.ok_or_else(|| Error::invalid(Violation::required("reason")))?;
        check_reason(Some(&reason))?;
        self.change(caller, async move |change| {
            let before = found(change.writes.order(change.tenant, id).await?, "order")?;
            let order = change.end_order(&before, OrderCommand::ForceCancel, ChangedBy::Staff).await?;
            let (before, after) = (Snapshot::Order(before), Snapshot::Order(order.clone()));
            let audited = Audited::new(Action::OrderCancelled, Some(before), Some(after));
            Ok((order, audited.because(Some(reason))))
        })
        .await
    }

    /// A page of the audit log, newest first.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn list_audit(
        &self,
        principal: &Principal,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>> {
        authorize(Operation::Administer, principal)?;
        self.0.store.read().list_audit(principal.tenant, &filter, page).await
    }

    /// One row of the audit log.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_audit(&self, principal: &Principal, id: AuditId) -> Result<AuditRecord> {
        authorize(Operation::Administer, principal)?;
        found(self.0.store.read().find_audit(principal.tenant, id).await?, "audit log")
    }
}

fn check_reason(reason: Option<&str>) -> Result<()> {
    let violation = reason.and_then(|reason| check_text("reason", reason, 1, MAX_REASON));
    violation.map_or(Ok(()), |violation| Err(Error::invalid(violation)))
}
