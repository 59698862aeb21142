//! Callbacks: what a caller is told of the processing of an order, at an address of the caller's choice.

use super::payment::Source;
use super::webhook::MAX_URL;
use super::{
    Amount, Currency, EndpointId, Error, Order, OrderId, OrderStatus, Payment, PaymentId, PaymentStatus,
    Result, Tenant, Timestamp, UserId, Violation, named_enum,
};

named_enum! {
    /// How the processing of an order ended.
    ProcessedStatus { Completed => "COMPLETED", Failed => "FAILED" }
}
named_enum! {
    /// Why it failed.
    ProcessingFailure {
        OrderCancelled => "order_cancelled",
        WrongAmount => "wrong_amount",
        WrongCurrency => "wrong_currency",
        PaymentDeclined => "payment_declined",
        NotPaid => "not_paid",
    }
}

impl ProcessingFailure {
    /// In a sentence.
    pub const fn message(self) -> &'static str {
        match self {
            Self::OrderCancelled => "the order is cancelled",
            Self::WrongAmount => "the amount is not the order's total",
            Self::WrongCurrency => "the currency is not the order's",
            Self::PaymentDeclined => "the last payment of the order was declined",
            Self::NotPaid => "the order has no captured payment",
        }
    }
}

/// The payment that stands behind an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The payment.
    pub id: PaymentId,
    /// The network that it went through: the brand of the card, or `BANK_ACCOUNT`.
    pub processor: String,
    /// Proof that it was captured; nothing for one that was declined.
    pub approval_code: Option<String>,
}

/// How the processing of an order ended, as it was at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed {
    /// Nothing when it completed.
    pub failure: Option<ProcessingFailure>,
    pub transaction: Option<Transaction>,
}

impl Processed {
    /// What there is to say of `order`, whose newest payments come first in `payments`, to someone who expects `amount`
    /// of `currency`.
    pub fn of(order: &Order, payments: &[Payment], amount: Amount, currency: Currency) -> Self {
        let captured = payments.iter().find(|payment| payment.status == PaymentStatus::Succeeded);
        let declined = payments.first().filter(|payment| payment.status == PaymentStatus::Failed);
        let failure = match captured {
            _ if order.status == OrderStatus::Cancelled => Some(ProcessingFailure::OrderCancelled),
            _ if currency != order.currency => Some(ProcessingFailure::WrongCurrency),
            _ if amount != order.total_amount => Some(ProcessingFailure::WrongAmount),
            Some(_) => None,
            None if declined.is_some() => Some(ProcessingFailure::PaymentDeclined),
            None => Some(ProcessingFailure::NotPaid),
        };
        Self { failure, transaction: captured.or(declined).map(Transaction::of) }
    }

    /// COMPLETED or FAILED.
    pub const fn status(&self) -> ProcessedStatus {
        if self.failure.is_none() { ProcessedStatus::Completed } else { ProcessedStatus::Failed }
    }
}

impl Transaction {
    fn of(payment: &Payment) -> Self {
        let processor = match &payment.source {
            Source::Card { brand, .. } => brand.name(),
            Source::BankAccount { .. } => "BANK_ACCOUNT",
        };
        // The built-in sandbox has no bank that would make one up: the random end of the payment's id stands for it, so
        // that it is the same whenever it is asked for.
        let approved = payment.status == PaymentStatus::Succeeded;
        let code = || format!("{:012X}", payment.id.0.as_u128() & 0xFFFF_FFFF_FFFF)[6..].to_owned();
        Self { id: payment.id, processor: processor.to_owned(), approval_code: approved.then(code) }
    }
}

/// What the caller of "Callback Example" sends (contract §1).
#[derive(Clone, Debug, Default)]
pub struct CallbackDraft {
    pub amount: Option<String>,
    pub currency: Option<String>,
    /// Unix seconds, as text.
    pub timestamp: Option<String>,
    pub callback_url: Option<String>,
}

/// What was checked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackRequest {
    pub amount: Amount,
    pub currency: Currency,
    pub url: String,
    /// Whom it must not delay: the origin of `url`.
    pub lane: String,
}

/// What callbacks need from outside the domain.
pub trait CallbackDesk: Send + Sync {
    /// The origin of `url`, if callbacks may go there; the same judgement as of a webhook's address.
    ///
    /// # Errors
    /// A violation of `url` that says what is allowed.
    fn origin(&self, url: &str) -> Result<String, Violation>;

    /// The secret (`whsec_…`) that signs the callbacks of `user`; always the same.
    fn secret(&self, tenant: Tenant, user: UserId) -> String;

    /// That secret, sealed for `endpoint`.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be sealed.
    fn sealed_secret(&self, tenant: Tenant, user: UserId, endpoint: EndpointId) -> Result<Vec<u8>>;
}

impl CallbackDraft {
    /// The request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub fn check(self, desk: &dyn CallbackDesk) -> Result<CallbackRequest> {
        let mut found = Vec::new();
        let amount = field(&mut found, "amount", self.amount, |text| Amount::parse("amount", text));
        let currency = field(&mut found, "currency", self.currency, |text| Currency::parse("currency", text));
        let timestamp = field(&mut found, "timestamp", self.timestamp, unix_seconds);
        let url = field(&mut found, "callbackUrl", self.callback_url, |url| {
            let named = |violation: Violation| Violation { field: "callbackUrl".to_owned(), ..violation };
            if url.len() > MAX_URL {
                let message = format!("must be at most {MAX_URL} bytes long");
                return Err(Violation::new("callbackUrl", "length", message));
            }
            Ok((url.to_owned(), desk.origin(url).map_err(named)?))
        });
        match (amount, currency, timestamp, url) {
            (Some(amount), Some(currency), Some(_), Some((url, lane))) => {
                Ok(CallbackRequest { amount, currency, url, lane })
            }
            _ => Err(Error::Invalid(found)),
        }
    }
}

fn field<T>(
    found: &mut Vec<Violation>,
    name: &str,
    text: Option<String>,
    read: impl FnOnce(&str) -> Result<T, Violation>,
) -> Option<T> {
    let read = text.ok_or_else(|| Violation::required(name)).and_then(|text| read(&text));
    read.map_err(|violation| found.push(violation)).ok()
}

fn unix_seconds(text: &str) -> Result<Timestamp, Violation> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: Option<i64> = text.parse().ok().filter(|_| digits);
    seconds.map(|seconds| Timestamp::from_ms(seconds.saturating_mul(1000))).ok_or_else(|| {
        Violation::new(
            "timestamp",
            "invalid_timestamp",
            "must be Unix seconds as a string of digits, for example \"1758613403\"",
        )
    })
}

/// How many callbacks wait to be delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub of_order: u64,
    /// Those that the user asked for.
    pub of_user: u64,
    pub of_tenant: u64,
}

/// A callback on its way to the table: a delivery of the event that was stated last.
#[derive(Clone, Debug)]
pub struct Callback {
    pub tenant: Tenant,
    pub order: OrderId,
    /// Who asked for it.
    pub user: UserId,
    pub lane: String,
    pub url: String,
    /// The id of the lane's endpoint, should there be none yet, and the signing secret that was sealed for it.
    pub endpoint: EndpointId,
    pub sealed_secret: Vec<u8>,
    pub delivery: super::DeliveryId,
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::payment::AccountType;
    use crate::domain::{OrderId, PetId};
    use uuid::Uuid;

    fn order(status: OrderStatus) -> Order {
        let now = Timestamp::from_ms(1);
        Order {
            id: OrderId(Uuid::nil()),
            tenant: Tenant::PUBLIC,
            pet_id: PetId(Uuid::nil()),
            user_id: None,
            status,
            total_amount: Amount::from_minor(7500),
            currency: Currency::Usd,
            created_at: now,
            updated_at: now,
        }
    }

    fn payment(status: PaymentStatus) -> Payment {
        Payment {
            id: PaymentId(Uuid::from_u128(0x0123_4567_89AB)),
            tenant: Tenant::PUBLIC,
            order_id: OrderId(Uuid::nil()),
            amount: Amount::from_minor(7500),
            currency: Currency::Usd,
            source: Source::BankAccount {
                name: "Jane".into(),
                last4: "6789".into(),
                routing_number: None,
                sort_code: None,
                account_type: AccountType::Individual,
                bank_name: None,
            },
            status,
            failure_code: None,
            created_at: Timestamp::from_ms(1),
        }
    }

    fn processed(status: OrderStatus, payments: &[Payment], minor: i64, currency: Currency) -> Processed {
        Processed::of(&order(status), payments, Amount::from_minor(minor), currency)
    }

    #[test]
    fn completes_only_what_was_captured_as_expected() {
        use ProcessingFailure as F;
        let (paid, failed) = (payment(PaymentStatus::Succeeded), payment(PaymentStatus::Failed));
        let done = processed(OrderStatus::Approved, &[paid.clone(), failed.clone()], 7500, Currency::Usd);
        assert_eq!((done.status(), done.failure), (ProcessedStatus::Completed, None));
        let transaction = done.transaction.unwrap();
        assert_eq!((transaction.id, transaction.processor.as_str()), (paid.id, "BANK_ACCOUNT"));
        assert_eq!(transaction.approval_code.as_deref(), Some("6789AB"));
        let refunded = payment(PaymentStatus::Refunded);
        for (status, payments, minor, currency, failure) in [
            (OrderStatus::Approved, &[paid.clone()][..], 7400, Currency::Usd, F::WrongAmount),
            (OrderStatus::Approved, &[paid], 7500, Currency::Eur, F::WrongCurrency),
            (OrderStatus::Cancelled, &[refunded], 7500, Currency::Usd, F::OrderCancelled),
            (OrderStatus::Placed, &[failed], 7500, Currency::Usd, F::PaymentDeclined),
            (OrderStatus::Placed, &[], 7500, Currency::Usd, F::NotPaid),
        ] {
            let told = processed(status, payments, minor, currency);
            assert_eq!((told.status(), told.failure), (ProcessedStatus::Failed, Some(failure)));
            assert!(
                failure == F::WrongAmount
                    || failure == F::WrongCurrency
                    || told.transaction.is_none_or(|t| t.approval_code.is_none())
            );
        }
    }

    #[test]
    fn a_timestamp_is_unix_seconds() {
        assert_eq!(unix_seconds("1758613403").unwrap().as_secs(), 1_758_613_403);
        for bad in ["", "-1", "+1", "1.5", "1e9", "yesterday", "9999999999999", " 1"] {
            assert_eq!(unix_seconds(bad).unwrap_err().field, "timestamp", "{bad}");
        }
    }
}
