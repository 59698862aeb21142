//! Callbacks: someone wants to be told how the processing of an order ended.

use super::change::{Audited, found};
use super::policy::{Operation, authorize, authorize_order};
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::callback::{Callback, CallbackDraft, Processed, Waiting};
use crate::domain::event::Fact;
use crate::domain::{DeliveryId, EndpointId, Error, OrderId, Principal, Result};

const NEEDS_USER: &str = "this needs a valid bearer token; get one from POST /v1/auth/tokens";

impl App {
    /// Processes an order for the caller, and queues the delivery of what came of it to the caller's address; both are
    /// on disk when this returns. COMPLETED if the order has a captured payment and amount and currency are what the
    /// caller expects, else FAILED and why.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another's; [`Error::Invalid`] with every violation; [`Error::LimitReached`] when too
    /// many wait.
    pub async fn request_callback(&self, caller: &Caller, id: OrderId, draft: CallbackDraft) -> Result<()> {
        authorize(Operation::RequestCallback, &caller.principal)?;
        let principal = caller.principal.clone();
        let user = principal.user_id().ok_or(Error::Unauthenticated(NEEDS_USER))?;
        let settings = &self.0.settings;
        let limits = Limits {
            of_order: settings.max_callbacks_per_order,
            of_user: settings.max_callbacks_per_user,
            of_tenant: settings.max_callbacks,
        };
        let desk = self.0.callback_desk.clone();
        self.change(caller, async move |change| {
            let order = found(change.writes.order(change.tenant, id).await?, "order")?;
            // The contract lists no 403 here: whose it is not, for them it is not there.
            authorize_order(&principal, &order).map_err(|_| Error::NotFound("order"))?;
            let request = draft.check(&*desk)?;
            let at_most = limits.of_order.max(limits.of_user).max(limits.of_tenant);
            let waiting = change.writes.pending_callbacks(change.tenant, id, user, at_most).await?;
            limits.check(waiting)?;
            let payments = change.writes.payments_of(change.tenant, id).await?;
            let processed = Processed::of(&order, &payments, request.amount, request.currency);
            change.state(Fact::order_processed(&order, processed)).await?;
            let endpoint = EndpointId(change.ids.uuid_v7());
            let callback = Callback {
                tenant: change.tenant,
                order: id,
                user,
                lane: request.lane,
                url: request.url,
                endpoint,
                sealed_secret: desk.sealed_secret(change.tenant, user, endpoint)?,
                delivery: DeliveryId(change.ids.uuid_v7()),
                at: change.now,
            };
            change.writes.insert_callback(&callback).await?;
            let snapshot = Some(Snapshot::Order(order));
            Ok(((), Audited::new(Action::OrderProcessed, snapshot.clone(), snapshot)))
        })
        .await
    }

    /// The secret that signs the callbacks of the principal.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub fn callback_secret(&self, principal: &Principal) -> Result<String> {
        authorize(Operation::RequestCallback, principal)?;
        let user = principal.user_id().ok_or(Error::Unauthenticated(NEEDS_USER))?;
        Ok(self.0.callback_desk.secret(principal.tenant, user))
    }
}

/// How many callbacks may wait.
#[derive(Clone, Copy)]
struct Limits {
    of_order: u32,
    of_user: u32,
    of_tenant: u32,
}

impl Limits {
    fn check(self, waiting: Waiting) -> Result<()> {
        for (count, max, limit, whose) in [
            (waiting.of_order, self.of_order, "webhook.max_callbacks_per_order", " of one order"),
            (waiting.of_user, self.of_user, "webhook.max_callbacks_per_user", " of one user"),
            (waiting.of_tenant, self.of_tenant, "webhook.max_callbacks", ""),
        ] {
            if count >= u64::from(max) {
                let message = format!("at most {max} callbacks{whose} can wait to be delivered");
                return Err(Error::LimitReached { limit, message });
            }
        }
        Ok(())
    }
}
