//! What other systems send here: kept as it came, done what it means, told to the staff.
//!
//! One delivery is one transaction: its row, what it does to an order (through the very functions that a card payment and
//! a cancellation use), its event and its audit row. A repetition is known by what its source gave it as its id.

use super::change::{Audited, Change, found};
use super::policy::{Operation, authorize};
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::event::{ChangedBy, Fact, ProviderNotice};
use crate::domain::inbound::{
    Effect, Inbound, InboundDraft, InboundFilter, InboundSource, InboundStatus, Refunded, Settled,
    Settlement, Step,
};
use crate::domain::order::OrderCommand;
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::{AccountType, Source};
use crate::domain::{
    Error, InboundId, Order, Payment, PaymentId, PaymentStatus, Principal, ReceiptId, Result,
};

/// Whether a delivery has just come, or is gone through once more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arrival {
    First,
    /// What came after it was taken already, and must not hold it back.
    Again,
}

/// What was made of a delivery so far.
struct Work {
    status: InboundStatus,
    note: Option<String>,
    steps: Vec<Step>,
}

impl Work {
    fn new() -> Self {
        Self { status: InboundStatus::Processed, note: None, steps: Vec::new() }
    }

    fn step(&mut self, name: &str, detail: impl Into<String>) {
        self.steps.push(Step { name: name.to_owned(), succeeded: true, detail: detail.into() });
    }

    /// It ends here.
    fn end(&mut self, status: InboundStatus, name: &str, why: impl Into<String>) {
        let why = why.into();
        self.steps.push(Step { name: name.to_owned(), succeeded: false, detail: why.clone() });
        (self.status, self.note) = (status, Some(why));
    }
}

impl App {
    /// Takes a delivery whose sender has been verified, and does what it means. A repetition changes nothing, and is told
    /// what was made of the first.
    ///
    /// # Errors
    /// [`Error::Invalid`] without an id; the store's failures, after which the sender tries again.
    pub async fn receive_inbound(&self, caller: &Caller, draft: InboundDraft) -> Result<Inbound> {
        draft.check()?;
        let tenant = caller.principal.tenant;
        let (app, again) = (self.clone(), draft.clone());
        let received = self.change(caller, async move |change| {
            if change.writes.inbound_by_key(tenant, draft.source, &draft.external_id).await?.is_some() {
                return Err(Error::Taken(REPEATED));
            }
            let (id, run_id) = (InboundId(change.ids.uuid_v7()), InboundId(change.ids.uuid_v7()));
            let work = app.work(change, &draft, Arrival::First).await?;
            let inbound = Inbound {
                id,
                tenant,
                source: draft.source,
                kind: draft.kind.clone(),
                external_id: draft.external_id.clone(),
                run_id,
                order_id: draft.order_id(),
                status: work.status,
                note: work.note,
                steps: work.steps,
                body: draft.body.clone(),
                received_at: change.now,
                processed_at: change.now,
            };
            change.writes.insert_inbound(&inbound).await?;
            change.tell(&draft, &inbound).await?;
            let after = Some(Snapshot::Inbound(inbound.clone()));
            Ok((inbound, Audited::new(Action::InboundReceived, None, after)))
        });
        match received.await {
            // Read, and not written again: what repeats changes nothing, and leaves no trace.
            Err(Error::Taken(REPEATED)) => {
                let known = self
                    .0
                    .store
                    .write(async move |writes| {
                        writes.inbound_by_key(tenant, again.source, &again.external_id).await
                    })
                    .await?;
                found(known, "inbound delivery")
            }
            received => received,
        }
    }

    /// Does once more what a delivery means, as when an order was mended.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`].
    pub async fn reprocess_inbound(
        &self,
        caller: &Caller,
        id: InboundId,
        draft: InboundDraft,
    ) -> Result<Inbound> {
        authorize(Operation::HandleInbound, &caller.principal)?;
        let app = self.clone();
        self.change(caller, async move |change| {
            let before = found(change.writes.inbound(change.tenant, id).await?, "inbound delivery")?;
            let work = app.work(change, &draft, Arrival::Again).await?;
            let after = Inbound {
                order_id: draft.order_id(),
                status: work.status,
                note: work.note,
                steps: work.steps,
                processed_at: change.now,
                ..before.clone()
            };
            change.writes.update_inbound(&after).await?;
            change.tell(&draft, &after).await?;
            let (before, snapshot) = (Snapshot::Inbound(before), Snapshot::Inbound(after.clone()));
            Ok((after, Audited::new(Action::InboundReprocessed, Some(before), Some(snapshot))))
        })
        .await
    }

    /// A page of what other systems sent.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`]; [`Error::Forbidden`].
    pub async fn list_inbound(
        &self,
        principal: &Principal,
        filter: &InboundFilter,
        page: PageRequest,
    ) -> Result<Page<Inbound>> {
        authorize(Operation::HandleInbound, principal)?;
        self.0.store.read().list_inbound(principal.tenant, filter, page).await
    }

    /// One of them, as it came.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get_inbound(&self, principal: &Principal, id: InboundId) -> Result<Inbound> {
        authorize(Operation::HandleInbound, principal)?;
        found(self.0.store.read().find_inbound(principal.tenant, id).await?, "inbound delivery")
    }

    async fn work(&self, change: &mut Change<'_>, draft: &InboundDraft, arrival: Arrival) -> Result<Work> {
        let mut work = Work::new();
        work.step("receive", format!("{} {}", draft.source, draft.kind));
        if let (Some(order), Arrival::First) = (&draft.source_order, arrival) {
            let known = change.writes.source_order(change.tenant, draft.source, &order.external_id).await?;
            if let Some(known) = known.filter(|known| order.updated_at < known.updated_at) {
                let why = format!("{} of {} is later and was taken already", known.status, known.updated_at);
                work.end(InboundStatus::Ignored, "order of arrival", why);
                return Ok(work);
            }
            change.writes.put_source_order(change.tenant, draft.source, order).await?;
        }
        match &draft.effect {
            Effect::None => work.step("tell", "it is only told"),
            Effect::Ignore(why) => work.end(InboundStatus::Ignored, "understand", why.clone()),
            Effect::Review(why) => work.end(InboundStatus::Review, "understand", why.clone()),
            Effect::Settle(settlement) => self.settle(change, draft, settlement, &mut work).await?,
            Effect::Refund(refunded) => refund(change, draft, refunded.as_ref(), &mut work).await?,
            Effect::Unpaid(status) => unpaid(change, draft, status, &mut work).await?,
        }
        Ok(work)
    }

    async fn settle(
        &self,
        change: &mut Change<'_>,
        draft: &InboundDraft,
        settlement: &Settlement,
        work: &mut Work,
    ) -> Result<()> {
        let Some(order) = change.named_order(draft, work).await? else { return Ok(()) };
        if let Err(why) = settlement.paid.check(&order) {
            work.end(InboundStatus::Review, "compare the money", why);
            return Ok(());
        }
        work.step("compare the money", "it is the order's total");
        let known = change.writes.settled_by(change.tenant, draft.source, order.id).await?;
        if known.refunded {
            work.end(
                InboundStatus::Review,
                "settle",
                "its source has given the money of this order back already",
            );
            return Ok(());
        }
        match order.status.after(OrderCommand::Approve) {
            Err(Error::AlreadyPaid) => {
                let captured = change.writes.captured_payment(change.tenant, order.id).await?;
                let own = captured.is_some_and(|payment| known.payment_id == Some(payment.id));
                // The provider tells of a paid order with each of its changes; AnySpend once, of each transaction.
                if own && draft.source == InboundSource::Provider {
                    work.end(InboundStatus::Ignored, "settle", "it has paid the order already");
                } else {
                    work.end(InboundStatus::Review, "settle", "the order is paid already, in another way");
                }
                return Ok(());
            }
            Err(error) => {
                work.end(InboundStatus::Review, "settle", error.to_string());
                return Ok(());
            }
            Ok(_) => {}
        }
        let payment = Payment {
            id: PaymentId(change.ids.uuid_v7()),
            tenant: change.tenant,
            order_id: order.id,
            amount: order.total_amount,
            currency: order.currency,
            source: Source::BankAccount {
                name: settlement.payer.clone(),
                last4: settlement.last4.clone(),
                routing_number: None,
                sort_code: None,
                account_type: AccountType::Individual,
                bank_name: Some(settlement.bank.clone()),
            },
            status: PaymentStatus::Succeeded,
            failure_code: None,
            created_at: change.now,
        };
        let receipt_id = ReceiptId(change.ids.uuid_v7());
        change.capture(&order, &payment, receipt_id, &self.0.settings.public_url).await?;
        let settled = Settled { payment_id: Some(payment.id), ..known };
        change.writes.put_settled_by(change.tenant, draft.source, order.id, settled).await?;
        work.step("settle", format!("payment {} approved the order", payment.id));
        Ok(())
    }
}

/// What a repeated delivery is refused with inside its transaction; nobody else sees it.
const REPEATED: &str = "the id of the delivery";

/// Gives the money back as the source did, which gives back what it has settled itself; an order that is not sent yet ends
/// by it.
async fn refund(
    change: &mut Change<'_>,
    draft: &InboundDraft,
    refunded: Option<&Refunded>,
    work: &mut Work,
) -> Result<()> {
    let Some(order) = change.named_order(draft, work).await? else { return Ok(()) };
    let known = change.writes.settled_by(change.tenant, draft.source, order.id).await?;
    let captured = change.writes.captured_payment(change.tenant, order.id).await?;
    let Some(payment) = captured.filter(|payment| known.payment_id == Some(payment.id)) else {
        if known.refunded {
            work.end(InboundStatus::Ignored, "refund", "the money was given back already");
            return Ok(());
        }
        // Kept, so that a payment which comes after its refund does not count.
        change
            .writes
            .put_settled_by(change.tenant, draft.source, order.id, Settled { refunded: true, ..known })
            .await?;
        work.end(InboundStatus::Review, "refund", "the order has no payment that this source has settled");
        return Ok(());
    };
    if let Some(Err(why)) = refunded.map(|refunded| refunded.check(&order, &payment)) {
        work.end(InboundStatus::Review, "compare the money", why);
        return Ok(());
    }
    change
        .writes
        .put_settled_by(change.tenant, draft.source, order.id, Settled { refunded: true, ..known })
        .await?;
    if order.status.after(OrderCommand::Cancel).is_ok() {
        change.end_order(&order, OrderCommand::Cancel, ChangedBy::System).await?;
        work.step("refund", "the payment was given back and the order cancelled");
    } else {
        change.refund(&order).await?;
        work.step("refund", format!("the payment was given back; the order stays {}", order.status));
    }
    Ok(())
}

/// Someone must look at an order whose payment was settled and then, by the same source, was none.
async fn unpaid(change: &mut Change<'_>, draft: &InboundDraft, status: &str, work: &mut Work) -> Result<()> {
    let Some(id) = draft.order_id() else {
        work.step("tell", "it is only told");
        return Ok(());
    };
    let known = change.writes.settled_by(change.tenant, draft.source, id).await?;
    let captured = change.writes.captured_payment(change.tenant, id).await?;
    if captured.is_some_and(|payment| known.payment_id == Some(payment.id)) {
        let status: String = status.chars().take(40).collect();
        work.end(InboundStatus::Review, "settle", format!("the order is paid here, and {status} there"));
    } else {
        work.step("tell", "it is only told");
    }
    Ok(())
}

impl Change<'_> {
    /// The order of ours that a delivery names; without one, someone must look at it.
    async fn named_order(&mut self, draft: &InboundDraft, work: &mut Work) -> Result<Option<Order>> {
        let order = match draft.order_id() {
            Some(id) => self.writes.order(self.tenant, id).await?,
            None => None,
        };
        match &order {
            Some(order) => work.step("find the order", order.id.to_string()),
            None => {
                let named: String = draft.reference.as_deref().unwrap_or("none").chars().take(80).collect();
                work.end(
                    InboundStatus::Review,
                    "find the order",
                    format!("it names {named}, which is no order here"),
                );
            }
        }
        Ok(order)
    }

    /// States to the staff what came and what was made of it.
    async fn tell(&mut self, draft: &InboundDraft, inbound: &Inbound) -> Result<()> {
        let notice = ProviderNotice {
            inbound_id: inbound.id,
            source: inbound.source,
            kind: inbound.kind.clone(),
            external_id: inbound.external_id.clone(),
            order_id: inbound.order_id,
            status: inbound.status,
            note: inbound.note.clone(),
            payload: draft.payload.clone(),
        };
        self.state(Fact::provider(inbound.tenant, draft.event_type, notice)).await
    }
}
