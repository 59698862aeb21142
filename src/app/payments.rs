//! Payments and receipts.

use super::change::{Audited, Change, found};
use super::policy::{Operation, authorize, authorize_order};
use super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::event::{ChangedBy, Fact};
use crate::domain::order::OrderCommand;
use crate::domain::payment::{Outcome, PaymentDraft};
use crate::domain::{
    Amount, Currency, Error, Order, OrderId, Payment, PaymentId, PaymentStatus, PetStatus, Principal,
    Receipt, ReceiptId, Result, Violation,
};

impl App {
    /// Pays an order. A declined payment is kept as FAILED and the order stays PLACED, to be paid again.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Forbidden`]; [`Error::AlreadyPaid`]; [`Error::Invalid`] for a wrong amount,
    /// currency or source; [`Error::PaymentDeclined`]; [`Error::LimitReached`] when too many were declined.
    pub async fn pay_order(&self, caller: &Caller, id: OrderId, draft: PaymentDraft) -> Result<Payment> {
        authorize(Operation::PayOrder, &caller.principal)?;
        let principal = caller.principal.clone();
        let (payment_id, receipt_id) = (PaymentId(self.0.ids.uuid_v7()), ReceiptId(self.0.ids.uuid_v7()));
        let public_url = self.0.settings.public_url.clone();
        let max_failed = self.0.settings.max_failed_payments;
        // A decline is kept, and told as the refusal that it is only after it is on disk.
        self.change(caller, async move |change| {
            let before = found(change.writes.order(change.tenant, id).await?, "order")?;
            authorize_order(&principal, &before)?;
            // Refuses a paid or cancelled order before anything is charged.
            before.status.after(OrderCommand::Approve)?;
            check_attempts(&change.writes.payments_of(change.tenant, id).await?, max_failed)?;
            let (amount, currency, source) = check(draft, &before)?;
            let (source, outcome) = source.charge(change.now).map_err(Error::Invalid)?;
            let mut payment = Payment {
                id: payment_id,
                tenant: change.tenant,
                order_id: id,
                amount,
                currency,
                source,
                status: PaymentStatus::Succeeded,
                failure_code: None,
                created_at: change.now,
            };
            if let Outcome::Declined(reason) = outcome {
                payment.status = PaymentStatus::Failed;
                payment.failure_code = Some(reason.to_owned());
                change.writes.insert_payment(&payment).await?;
                change.state(Fact::payment_failed(&payment, &before)).await?;
                let after = Some(Snapshot::Payment(payment.clone()));
                let order = Some(Snapshot::Order(before));
                let declined = Error::PaymentDeclined { reason, payment_id };
                return Ok((Err(declined), Audited::new(Action::OrderPaymentFailed, order, after)));
            }
            change.capture(&before, &payment, receipt_id, &public_url).await?;
            let after = Some(Snapshot::Payment(payment.clone()));
            let audited = Audited::new(Action::OrderPaid, Some(Snapshot::Order(before)), after);
            Ok((Ok(payment), audited))
        })
        .await?
    }

    /// A receipt, with its payment and order.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another's.
    pub async fn get_receipt(
        &self,
        principal: &Principal,
        id: ReceiptId,
    ) -> Result<(Receipt, Payment, Order)> {
        authorize(Operation::ReadReceipt, principal)?;
        let receipt = found(self.0.store.read().find_receipt(principal.tenant, id).await?, "receipt")?;
        // The contract lists no 403 here: whose it is not, for them it is not there.
        authorize_order(principal, &receipt.2).map_err(|_| Error::NotFound("receipt"))?;
        Ok(receipt)
    }

    /// The payments of an order, newest first.
    ///
    /// # Errors
    /// As [`App::get_order`].
    pub async fn list_payments(&self, principal: &Principal, order: OrderId) -> Result<Vec<Payment>> {
        self.get_order(principal, order).await?;
        self.0.store.read().payments_of(principal.tenant, order).await
    }
}

impl Change<'_> {
    /// Takes a payment that succeeded: the receipt is made, the order approved, its pet adopted.
    pub async fn capture(
        &mut self,
        before: &Order,
        payment: &Payment,
        receipt_id: ReceiptId,
        public_url: &str,
    ) -> Result<Order> {
        self.writes.insert_payment(payment).await?;
        let url = format!("{public_url}/v1/receipts/{receipt_id}");
        let receipt = Receipt { id: receipt_id, payment_id: payment.id, url, generated_at: self.now };
        self.writes.insert_receipt(self.tenant, &receipt).await?;
        let mut approved = before.clone();
        approved.status = before.status.after(OrderCommand::Approve)?;
        approved.updated_at = self.now;
        self.state(Fact::payment_succeeded(payment, &approved, &receipt)).await?;
        let order = self.move_order(before, OrderCommand::Approve, ChangedBy::System).await?;
        if let Some(pet) = self.writes.pet(self.tenant, order.pet_id).await? {
            let pet = self.move_pet(pet, PetStatus::Adopted).await?;
            self.state(Fact::pet_adopted(&pet)).await?;
            self.state_stock(&pet).await?;
        }
        Ok(order)
    }
}

/// Each decline is kept, so there must be an end to them.
fn check_attempts(payments: &[Payment], max: usize) -> Result<()> {
    if payments.iter().filter(|payment| payment.status == PaymentStatus::Failed).count() < max {
        return Ok(());
    }
    let message = format!("an order can have at most {max} declined payments; cancel it and order again");
    Err(Error::LimitReached { limit: "store.max_failed_payments", message })
}

/// The parts of a draft that matches the order.
fn check(
    draft: PaymentDraft,
    order: &Order,
) -> Result<(Amount, Currency, crate::domain::payment::SourceDraft)> {
    let mut found = Vec::new();
    match draft.amount {
        None => found.push(Violation::required("amount")),
        Some(amount) if amount != order.total_amount => {
            let message = format!("must be the order's total, \"{}\"", order.total_amount);
            found.push(Violation::new("amount", "wrong_amount", message));
        }
        Some(_) => {}
    }
    match draft.currency {
        None => found.push(Violation::required("currency")),
        Some(currency) if currency != order.currency => {
            let message = format!("must be the order's currency, {}", order.currency);
            found.push(Violation::new("currency", "wrong_currency", message));
        }
        Some(_) => {}
    }
    match draft.source {
        Some(source) if found.is_empty() => Ok((order.total_amount, order.currency, source)),
        Some(_) => Err(Error::Invalid(found)),
        None => {
            found.push(Violation::required("source"));
            Err(Error::Invalid(found))
        }
    }
}
