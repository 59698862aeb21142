//! Webhook endpoints, and what was delivered to them. Sending is the business of [`crate::webhook`].

use super::change::{Audited, found};
use super::policy::{Operation, authorize};
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Attempt, AttemptFilter, Delivery, DeliveryFilter, Endpoint, EndpointDraft};
use crate::domain::{DeliveryId, EndpointId, Error, Principal, Result, Timestamp, UserId};
use crate::store::Owners;

/// Whose endpoints the principal handles: the staff's are the tenant's all, a user's the user's own.
pub(super) fn owner(principal: &Principal) -> Option<UserId> {
    if principal.is_staff() { None } else { principal.user_id() }
}

/// The endpoint, if it is the principal's to handle. Another's is not there.
pub(super) fn own(principal: &Principal, endpoint: Option<Endpoint>) -> Result<Endpoint> {
    let owner = owner(principal);
    found(endpoint.filter(|endpoint| owner.is_none() || endpoint.owner == owner), "webhook endpoint")
}

impl App {
    /// Adds an endpoint; its secret is told this once.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation; [`Error::LimitReached`] when the owner has too many.
    pub async fn create_endpoint(&self, caller: &Caller, draft: EndpointDraft) -> Result<(Endpoint, String)> {
        authorize(Operation::WriteWebhooks, &caller.principal)?;
        let id = EndpointId(self.0.ids.uuid_v7());
        let owner = owner(&caller.principal);
        let limits = self.endpoint_limits(owner);
        let secrets = self.0.endpoint_secrets.clone();
        self.change(caller, async move |change| {
            let (endpoint, secret) = draft.create(id, change.tenant, owner, change.now, &*secrets)?;
            for (of, max, limit, whose) in limits {
                if change.writes.count_endpoints(change.tenant, of).await? >= max {
                    let message = format!("{whose} can have at most {max} webhook endpoints");
                    return Err(Error::LimitReached { limit, message });
                }
            }
            change.writes.insert_endpoint(&endpoint).await?;
            let after = Some(Snapshot::Endpoint(endpoint.clone()));
            Ok(((endpoint, secret), Audited::new(Action::EndpointCreated, None, after)))
        })
        .await
    }

    /// How many endpoints there may be beside a new one of `owner`: users cannot use up the staff's.
    fn endpoint_limits(&self, owner: Option<UserId>) -> Vec<(Owners, u64, &'static str, &'static str)> {
        let settings = &self.0.settings;
        match owner {
            None => vec![(Owners::Staff, settings.max_endpoints, "webhook.max_endpoints", "the staff")],
            Some(user) => vec![
                (
                    Owners::User(user),
                    settings.max_endpoints_per_user,
                    "webhook.max_endpoints_per_user",
                    "one user",
                ),
                (
                    Owners::Users,
                    settings.max_user_endpoints,
                    "webhook.max_user_endpoints",
                    "all users together",
                ),
            ],
        }
    }

    /// A page of endpoints.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn list_endpoints(&self, principal: &Principal, page: PageRequest) -> Result<Page<Endpoint>> {
        authorize(Operation::ReadWebhooks, principal)?;
        self.0.store.read().list_endpoints(principal.tenant, owner(principal), page).await
    }

    /// One endpoint.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another's.
    pub async fn get_endpoint(&self, principal: &Principal, id: EndpointId) -> Result<Endpoint> {
        authorize(Operation::ReadWebhooks, principal)?;
        own(principal, self.0.store.read().find_endpoint(principal.tenant, id).await?)
    }

    /// Changes an endpoint; what the draft leaves out keeps its value.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`].
    pub async fn update_endpoint(
        &self,
        caller: &Caller,
        id: EndpointId,
        draft: EndpointDraft,
    ) -> Result<Endpoint> {
        authorize(Operation::WriteWebhooks, &caller.principal)?;
        let secrets = self.0.endpoint_secrets.clone();
        self.alter_endpoint(caller, id, Action::EndpointUpdated, move |before, now| {
            draft.apply(before, now, &*secrets)
        })
        .await
    }

    /// Tells the deliverer of endpoints that have changed, and those who follow them: what they hold of them is read anew.
    pub(super) fn tell_changed(&self, endpoints: &[EndpointId]) {
        for endpoint in endpoints {
            self.0.endpoint_secrets.changed(*endpoint);
            self.0.bells.ring(*endpoint);
        }
    }

    /// Replaces an endpoint by what `alter` makes of it, and tells the deliverer.
    pub(super) async fn alter_endpoint(
        &self,
        caller: &Caller,
        id: EndpointId,
        action: Action,
        alter: impl FnOnce(&Endpoint, Timestamp) -> Result<Endpoint> + Send + 'static,
    ) -> Result<Endpoint> {
        authorize(Operation::WriteWebhooks, &caller.principal)?;
        let principal = caller.principal.clone();
        let endpoint = self
            .change(caller, async move |change| {
                let before = own(&principal, change.writes.endpoint(change.tenant, id).await?)?;
                let endpoint = alter(&before, change.now)?;
                change.writes.update_endpoint(&endpoint).await?;
                let (before, after) = (Snapshot::Endpoint(before), Snapshot::Endpoint(endpoint.clone()));
                Ok((endpoint, Audited::new(action, Some(before), Some(after))))
            })
            .await?;
        self.0.endpoint_secrets.changed(id);
        Ok(endpoint)
    }

    /// Removes an endpoint, with its deliveries.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete_endpoint(&self, caller: &Caller, id: EndpointId) -> Result<()> {
        authorize(Operation::WriteWebhooks, &caller.principal)?;
        let principal = caller.principal.clone();
        self.change(caller, async move |change| {
            let before = own(&principal, change.writes.endpoint(change.tenant, id).await?)?;
            change.writes.delete_endpoint(change.tenant, id).await?;
            Ok(((), Audited::new(Action::EndpointDeleted, Some(Snapshot::Endpoint(before)), None)))
        })
        .await?;
        self.tell_changed(&[id]);
        Ok(())
    }

    /// A page of what was sent, or is to be sent, to an endpoint.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn list_deliveries(
        &self,
        principal: &Principal,
        endpoint: EndpointId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<Delivery>> {
        let endpoint = self.get_endpoint(principal, endpoint).await?;
        self.0.store.read().list_deliveries(principal.tenant, endpoint.id, filter, page).await
    }

    /// A page of the attempts that were made for an endpoint.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn list_attempts(
        &self,
        principal: &Principal,
        endpoint: EndpointId,
        filter: &AttemptFilter,
        page: PageRequest,
    ) -> Result<Page<Attempt>> {
        let endpoint = self.get_endpoint(principal, endpoint).await?;
        self.0.store.read().list_endpoint_attempts(principal.tenant, endpoint.id, filter, page).await
    }

    /// One delivery, of whatever endpoint.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for one of another's endpoint.
    pub async fn delivery_by_id(&self, principal: &Principal, id: DeliveryId) -> Result<Delivery> {
        authorize(Operation::ReadWebhooks, principal)?;
        let delivery = self.0.store.read().find_delivery(principal.tenant, id).await?;
        let delivery = found(delivery, "delivery")?;
        own(principal, self.0.store.read().find_endpoint(principal.tenant, delivery.endpoint_id).await?)
            .map_err(|_| Error::NotFound("delivery"))?;
        Ok(delivery)
    }

    /// One delivery of an endpoint, with its attempts in order.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_delivery(
        &self,
        principal: &Principal,
        endpoint: EndpointId,
        id: DeliveryId,
    ) -> Result<(Delivery, Vec<Attempt>)> {
        let endpoint = self.get_endpoint(principal, endpoint).await?;
        let delivery = self.0.store.read().find_delivery(principal.tenant, id).await?;
        let delivery = found(delivery.filter(|delivery| delivery.endpoint_id == endpoint.id), "delivery")?;
        let attempts = self.0.store.read().list_attempts(principal.tenant, id).await?;
        Ok((delivery, attempts))
    }
}
