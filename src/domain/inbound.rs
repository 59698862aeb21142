//! What other systems send here: kept raw, with what was made of it.

use super::{
    Amount, Currency, Error, InboundId, Order, OrderId, Payment, PaymentId, Result, Tenant, Timestamp,
    named_enum,
};

named_enum! {
    /// Who sends.
    InboundSource { Provider => "provider", AnySpend => "anyspend" }
}
named_enum! {
    /// What was made of it.
    InboundStatus {
        /// It was understood, and did what it means.
        Processed => "PROCESSED",
        /// It changes nothing: late, or nothing of ours.
        Ignored => "IGNORED",
        /// Someone must look at it.
        Review => "REVIEW",
    }
}

/// One step of what was done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    pub succeeded: bool,
    pub detail: String,
}

/// One delivery of another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// Told as `executionId`, too.
    pub id: InboundId,
    pub tenant: Tenant,
    pub source: InboundSource,
    pub kind: String,
    pub external_id: String,
    pub run_id: InboundId,
    pub order_id: Option<OrderId>,
    pub status: InboundStatus,
    pub note: Option<String>,
    pub steps: Vec<Step>,
    /// As it came.
    pub body: String,
    pub received_at: Timestamp,
    pub processed_at: Timestamp,
}

/// Which of them a list shows.
#[derive(Clone, Debug, Default)]
pub struct InboundFilter {
    pub source: Option<InboundSource>,
    pub status: Option<InboundStatus>,
    pub order_id: Option<OrderId>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// What a source says of one of its orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceOrder {
    pub external_id: String,
    pub status: String,
    pub updated_at: Timestamp,
}

/// What is to be done to an order of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing; it is only told.
    None,
    /// Nothing, because it says nothing new.
    Ignore(String),
    /// It is not what was expected.
    Review(String),
    /// The order was paid.
    Settle(Settlement),
    /// Money was given back; nothing for all of it.
    Refund(Option<Refunded>),
    /// It is not paid, whatever was said before; the status in the source's words.
    Unpaid(String),
}

/// What was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refunded {
    /// In the currency of the order.
    Amount(Amount),
    Paid(Paid),
}

impl Refunded {
    /// Whether it is all that was paid for `order` by `payment`.
    ///
    /// # Errors
    /// What it is instead, in words.
    pub fn check(&self, order: &Order, payment: &Payment) -> Result<(), String> {
        match self {
            Self::Amount(amount) if *amount == payment.amount => Ok(()),
            Self::Amount(part) => {
                Err(format!("{part} of {} {} was given back", payment.amount, payment.currency))
            }
            Self::Paid(paid) => paid.check(order),
        }
    }
}

/// What a source has done to the money of one of our orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The payment that it has settled.
    pub payment_id: Option<PaymentId>,
    /// It has given money back.
    pub refunded: bool,
}

/// An amount in its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    pub amount: Amount,
    pub currency: Currency,
}

/// A payment that another system took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub paid: Paid,
    /// Who paid, as far as it was told.
    pub payer: String,
    /// Where the money came from.
    pub bank: String,
    /// The end of the payer's account number, or of the transaction's.
    pub last4: String,
}

/// A token that stands for a currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedToken {
    pub chain: u64,
    /// In lower case: the mixed case of such addresses is a check sum only.
    pub address: String,
    pub decimals: u32,
    pub currency: Currency,
}

impl AcceptedToken {
    /// Reads `chain:address:decimals:currency`; nothing when it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let [chain, address, decimals, currency] = text.split(':').collect::<Vec<_>>().try_into().ok()?;
        Some(Self {
            chain: chain.parse().ok()?,
            address: Some(address).filter(|address| !address.is_empty())?.to_ascii_lowercase(),
            decimals: decimals.parse().ok().filter(|decimals| *decimals <= 36)?,
            currency: Currency::from_name(currency)?,
        })
    }
}

/// What was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paid {
    Money(Money),
    /// Base units of a token that stands for one unit of `currency` with `decimals` digits behind the point; decimal
    /// digits, since a token's amounts fit in no integer of ours.
    Token {
        base_units: String,
        decimals: u32,
        currency: Currency,
    },
}

impl Paid {
    /// Whether it is the total of `order`, to the last unit.
    ///
    /// # Errors
    /// Why it is not, in words.
    pub fn check(&self, order: &Order) -> Result<(), String> {
        let wanted = format!("the order is {} {}", order.total_amount, order.currency);
        match self {
            Self::Money(money) if (money.amount, money.currency) == (order.total_amount, order.currency) => {
                Ok(())
            }
            Self::Money(money) => Err(format!("{} {} was paid; {wanted}", money.amount, money.currency)),
            Self::Token { base_units, decimals, currency } => {
                let expected = base_units_of(order.total_amount, *decimals);
                let digits = base_units.trim_start_matches('0');
                let is_number =
                    !base_units.is_empty() && base_units.bytes().all(|byte| byte.is_ascii_digit());
                if is_number && *currency == order.currency && expected.as_deref() == Some(digits) {
                    return Ok(());
                }
                let shown: String = base_units.chars().take(80).collect();
                Err(format!("{shown} base units ({decimals} decimals, {currency}) were paid; {wanted}"))
            }
        }
    }
}

/// `amount` in base units of a token with `decimals` digits, without leading zeros; nothing when it is no whole number.
fn base_units_of(amount: Amount, decimals: u32) -> Option<String> {
    let mut digits = amount.minor().to_string();
    match decimals.checked_sub(2) {
        Some(zeros) => digits.extend(std::iter::repeat_n('0', usize::try_from(zeros).ok()?)),
        None => {
            let cut = digits.len().checked_sub(usize::try_from(2 - decimals).ok()?)?;
            let rest = digits.split_off(cut);
            if rest.bytes().any(|digit| digit != b'0') {
                return None;
            }
        }
    }
    Some(digits.trim_start_matches('0').to_owned())
}

/// One delivery as its integration has understood it.
#[derive(Clone, Debug)]
pub struct InboundDraft {
    pub source: InboundSource,
    pub kind: String,
    pub event_type: super::EventType,
    pub external_id: String,
    /// The order of ours that it names, as text: it may be none.
    pub reference: Option<String>,
    /// What the source says of its own order.
    pub source_order: Option<SourceOrder>,
    pub effect: Effect,
    pub body: String,
    /// What is told to others of it, as JSON text.
    pub payload: String,
}

impl InboundDraft {
    /// The order of ours that it names.
    pub fn order_id(&self) -> Option<OrderId> {
        OrderId::parse("referenceId", self.reference.as_deref()?).ok()
    }

    /// # Errors
    /// [`Error::Invalid`] when what makes a repetition known is missing or too long.
    pub fn check(&self) -> Result<()> {
        const MAX: usize = 400;
        if self.external_id.is_empty() || self.external_id.len() > MAX {
            let message = format!("must have 1 to {MAX} characters");
            return Err(Error::invalid(super::Violation::new("id", "length", message)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_units_are_exact() {
        for (minor, decimals, expected) in [
            (12_550, 6, Some("125500000")),
            (12_550, 18, Some("125500000000000000000")),
            (12_550, 2, Some("12550")),
            (12_550, 1, Some("1255")),
            (12_550, 0, None),
            (12_500, 0, Some("125")),
            (1, 18, Some("10000000000000000")),
            (0, 6, Some("")),
        ] {
            let found = base_units_of(Amount::from_minor(minor), decimals);
            assert_eq!(found.as_deref(), expected, "{minor} {decimals}");
        }
    }
}
