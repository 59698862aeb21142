//! Payments: card and bank data is checked here and reduced to what may be kept.

use super::pet::check_text;
use super::{Amount, Currency, OrderId, PaymentId, ReceiptId, Tenant, Timestamp, Violation, named_enum};

named_enum! {
    /// Where a payment stands.
    PaymentStatus {
        Pending => "PENDING",
        Processing => "PROCESSING",
        Succeeded => "SUCCEEDED",
        Failed => "FAILED",
        Cancelled => "CANCELLED",
        Refunded => "REFUNDED",
    }
}
named_enum! {
    /// Who issued a card.
    CardBrand {
        Visa => "VISA",
        Mastercard => "MASTERCARD",
        Amex => "AMEX",
        Discover => "DISCOVER",
        Diners => "DINERS",
        Jcb => "JCB",
        UnionPay => "UNIONPAY",
    }
}
named_enum! {
    /// What kind of bank account.
    AccountType { Individual => "INDIVIDUAL", Company => "COMPANY", Checking => "CHECKING", Savings => "SAVINGS" }
}

/// A billing address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub post_code: Option<String>,
}

/// Where the money came from, reduced: no full number, no cvc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Card {
        name: String,
        brand: CardBrand,
        last4: String,
        exp_month: u8,
        exp_year: u16,
        address: Address,
    },
    BankAccount {
        name: String,
        last4: String,
        routing_number: Option<String>,
        sort_code: Option<String>,
        account_type: AccountType,
        bank_name: Option<String>,
    },
}

/// One try to pay an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub tenant: Tenant,
    pub order_id: OrderId,
    pub amount: Amount,
    pub currency: Currency,
    pub source: Source,
    pub status: PaymentStatus,
    /// Why it failed, as payment providers name it: `card_declined`, `insufficient_funds` …
    pub failure_code: Option<String>,
    pub created_at: Timestamp,
}

/// Which payments a list shows.
#[derive(Clone, Debug, Default)]
pub struct PaymentFilter {
    pub status: Option<PaymentStatus>,
    pub order_id: Option<OrderId>,
    /// Made not before.
    pub created_from: Option<Timestamp>,
    /// Made not after.
    pub created_to: Option<Timestamp>,
}

/// Proof of a payment that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub id: ReceiptId,
    pub payment_id: PaymentId,
    pub url: String,
    pub generated_at: Timestamp,
}

/// What a payer sends. Not `Debug`: it holds the card's number.
pub struct PaymentDraft {
    pub amount: Option<Amount>,
    pub currency: Option<Currency>,
    pub source: Option<SourceDraft>,
}

/// A source as the payer sends it; lives only until it is [`SourceDraft::charge`]d.
pub enum SourceDraft {
    Card {
        name: Option<String>,
        number: Option<String>,
        cvc: Option<String>,
        exp_month: Option<i64>,
        exp_year: Option<i64>,
        address: Address,
    },
    BankAccount {
        name: Option<String>,
        number: Option<String>,
        routing_number: Option<String>,
        sort_code: Option<String>,
        account_type: Option<AccountType>,
        bank_name: Option<String>,
    },
}

/// What the built-in payment sandbox answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Captured,
    /// With the provider's reason.
    Declined(&'static str),
}

impl SourceDraft {
    /// Checks the source, asks the payment sandbox (well-known test numbers decide, as at every provider's
    /// sandbox; any other valid number is captured) and reduces it to what may be kept.
    ///
    /// # Errors
    /// Every violation, by its field below `source`.
    pub fn charge(self, now: Timestamp) -> Result<(Source, Outcome), Vec<Violation>> {
        match self {
            Self::Card { name, number, cvc, exp_month, exp_year, address } => {
                charge_card(name, number.as_deref(), cvc.as_deref(), (exp_month, exp_year), address, now)
            }
            Self::BankAccount { name, number, routing_number, sort_code, account_type, bank_name } => {
                let mut found = Vec::new();
                let name = text(&mut found, "source.name", name);
                let number = digits(&mut found, "source.number", number.as_deref(), 4, 34);
                for (field, value) in [
                    ("source.routingNumber", &routing_number),
                    ("source.sortCode", &sort_code),
                    ("source.bankName", &bank_name),
                ] {
                    found.extend(value.as_ref().and_then(|value| check_text(field, value, 1, 100)));
                }
                if routing_number.is_none() && sort_code.is_none() {
                    found.push(Violation::required("source.routingNumber"));
                }
                if !found.is_empty() {
                    return Err(found);
                }
                let outcome = match number.as_str() {
                    "000111111116" => Outcome::Declined("no_account"),
                    "000111111113" => Outcome::Declined("account_closed"),
                    "000222222227" => Outcome::Declined("insufficient_funds"),
                    _ => Outcome::Captured,
                };
                let account_type = account_type.unwrap_or(AccountType::Individual);
                let last4 = last4(&number);
                Ok((
                    Source::BankAccount { name, last4, routing_number, sort_code, account_type, bank_name },
                    outcome,
                ))
            }
        }
    }
}

fn charge_card(
    name: Option<String>,
    number: Option<&str>,
    cvc: Option<&str>,
    expiry: (Option<i64>, Option<i64>),
    address: Address,
    now: Timestamp,
) -> Result<(Source, Outcome), Vec<Violation>> {
    let mut found = Vec::new();
    let name = text(&mut found, "source.name", name);
    let number = digits(&mut found, "source.number", number, 12, 19);
    if !number.is_empty() && !luhn(&number) {
        found.push(Violation::new(
            "source.number",
            "invalid_number",
            "is not a valid card number (Luhn check)",
        ));
    }
    let brand = brand(&number);
    if !number.is_empty() && brand.is_none() {
        found.push(Violation::new("source.number", "unknown_brand", "is of no card brand that is accepted"));
    }
    if cvc.is_some() {
        digits(&mut found, "source.cvc", cvc, 3, 4);
    }
    let (this_year, this_month) = now.year_month();
    let exp_month = expiry.0.and_then(|m| u8::try_from(m).ok()).filter(|m| (1..=12).contains(m));
    let exp_year = expiry.1.and_then(|y| u16::try_from(y).ok()).filter(|y| (2000..=2100).contains(y));
    if exp_month.is_none() {
        found.push(Violation::new(
            "source.expMonth",
            "out_of_range",
            "is required and must be between 1 and 12",
        ));
    }
    if exp_year.is_none() {
        found.push(Violation::new(
            "source.expYear",
            "out_of_range",
            "is required and must be a year of four digits",
        ));
    }
    let (exp_month, exp_year) = (exp_month.unwrap_or(12), exp_year.unwrap_or(2100));
    if (i32::from(exp_year), exp_month) < (this_year, this_month) {
        found.push(Violation::new("source.expYear", "card_expired", "the card has expired"));
    }
    for (field, value) in [
        ("source.addressLine1", &address.line1),
        ("source.addressLine2", &address.line2),
        ("source.addressCity", &address.city),
        ("source.addressCountry", &address.country),
        ("source.addressPostCode", &address.post_code),
    ] {
        found.extend(value.as_ref().and_then(|value| check_text(field, value, 0, 100)));
    }
    match brand {
        Some(brand) if found.is_empty() => {
            let last4 = last4(&number);
            Ok((Source::Card { name, brand, last4, exp_month, exp_year, address }, card_outcome(&number)))
        }
        _ => Err(found),
    }
}

fn card_outcome(number: &str) -> Outcome {
    match number {
        "4000000000000002" => Outcome::Declined("card_declined"),
        "4000000000009995" => Outcome::Declined("insufficient_funds"),
        "4000000000009987" => Outcome::Declined("lost_card"),
        "4000000000009979" => Outcome::Declined("stolen_card"),
        "4000000000000069" => Outcome::Declined("expired_card"),
        "4000000000000127" => Outcome::Declined("incorrect_cvc"),
        "4000000000000119" => Outcome::Declined("processing_error"),
        _ => Outcome::Captured,
    }
}

fn text(found: &mut Vec<Violation>, field: &str, value: Option<String>) -> String {
    match value {
        None => found.push(Violation::required(field)),
        Some(value) => match check_text(field, &value, 1, 100) {
            Some(violation) => found.push(violation),
            None => return value,
        },
    }
    String::new()
}

/// The digits of `value` without spaces and hyphens; empty when it was refused.
fn digits(found: &mut Vec<Violation>, field: &str, value: Option<&str>, min: usize, max: usize) -> String {
    let Some(value) = value else {
        found.push(Violation::required(field));
        return String::new();
    };
    let digits: String = value.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if digits.bytes().all(|b| b.is_ascii_digit()) && (min..=max).contains(&digits.len()) {
        return digits;
    }
    found.push(Violation::new(field, "digits", format!("must be {min} to {max} digits")));
    String::new()
}

fn last4(number: &str) -> String {
    number[number.len().saturating_sub(4)..].to_owned()
}

/// ISO/IEC 7812-1 annex B.
fn luhn(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte - b'0') * if index % 2 == 1 { 2 } else { 1 };
            if digit > 9 { digit - 9 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn brand(number: &str) -> Option<CardBrand> {
    let prefix = |length: usize| number.get(..length).and_then(|p| p.parse::<u32>().ok()).unwrap_or(0);
    Some(match (prefix(1), prefix(2), prefix(3), prefix(4)) {
        (4, ..) => CardBrand::Visa,
        (_, 34 | 37, ..) => CardBrand::Amex,
        (_, 51..=55, ..) | (_, _, _, 2221..=2720) => CardBrand::Mastercard,
        (_, 36 | 38 | 39, ..) | (_, _, 300..=305, _) => CardBrand::Diners,
        (_, _, _, 3528..=3589) => CardBrand::Jcb,
        (_, 65, ..) | (_, _, 644..=649, _) | (_, _, _, 6011) => CardBrand::Discover,
        (_, 62, ..) => CardBrand::UnionPay,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(number: &str) -> SourceDraft {
        SourceDraft::Card {
            name: Some("Jane Doe".into()),
            number: Some(number.into()),
            cvc: Some("123".into()),
            exp_month: Some(12),
            exp_year: Some(2030),
            address: Address::default(),
        }
    }

    #[test]
    fn only_brand_and_last4_remain() {
        let now = Timestamp::parse("2026-11-22T00:00:00Z").unwrap();
        let (source, outcome) = card("4242 4242 4242 4242").charge(now).unwrap();
        assert_eq!(outcome, Outcome::Captured);
        assert!(!format!("{source:?}").contains("424242"), "the full number must not survive");
        assert_eq!(card("4000000000000002").charge(now).unwrap().1, Outcome::Declined("card_declined"));
        assert_eq!(card("4242424242424241").charge(now).unwrap_err()[0].code, "invalid_number");
        let later = Timestamp::parse("2031-01-01T00:00:00Z").unwrap();
        assert_eq!(card("4242424242424242").charge(later).unwrap_err()[0].code, "card_expired");
    }
}
