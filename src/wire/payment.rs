//! Payments and receipts. Only what was reduced is ever written; what is read lives until it is charged.

use serde::{Deserialize, Serialize};

use super::json::Whole;
use super::{Unreadable, Violations};
use crate::domain::payment::{AccountType, Address, CardBrand, PaymentDraft, Source, SourceDraft};
use crate::domain::{
    self, Amount, Currency, Error, Order, PaymentId, PaymentStatus, ReceiptId, Timestamp, Violation,
};

/// A payment, `OrderPayment` in the contract (§3, names of seed 002).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    pub id: String,
    pub amount: String,
    pub currency: String,
    pub source: PaymentSource,
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<String>,
    pub created_at: String,
}

/// Where the money came from, masked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "object", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum PaymentSource {
    Card {
        name: String,
        number: String,
        exp_month: u8,
        exp_year: u16,
        brand: String,
        last4: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address_line1: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address_line2: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address_city: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address_country: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address_post_code: Option<String>,
    },
    BankAccount {
        name: String,
        number: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        routing_number: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sort_code: Option<String>,
        account_type: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bank_name: Option<String>,
        last4: String,
    },
}

impl From<&Source> for PaymentSource {
    fn from(source: &Source) -> Self {
        match source.clone() {
            Source::Card { name, brand, last4, exp_month, exp_year, address } => Self::Card {
                name,
                number: format!("************{last4}"),
                exp_month,
                exp_year,
                brand: brand.to_string(),
                last4,
                address_line1: address.line1,
                address_line2: address.line2,
                address_city: address.city,
                address_country: address.country,
                address_post_code: address.post_code,
            },
            Source::BankAccount { name, last4, routing_number, sort_code, account_type, bank_name } => {
                Self::BankAccount {
                    name,
                    number: format!("********{last4}"),
                    routing_number,
                    sort_code,
                    account_type: account_type.to_string(),
                    bank_name,
                    last4,
                }
            }
        }
    }
}

impl PaymentSource {
    /// The source that this was written from.
    pub(crate) fn restore(self) -> Result<Source, Unreadable> {
        let unreadable = |what: &str| Unreadable("payment source", what.to_owned());
        Ok(match self {
            Self::Card {
                name,
                exp_month,
                exp_year,
                brand,
                last4,
                address_line1,
                address_line2,
                address_city,
                address_country,
                address_post_code,
                ..
            } => Source::Card {
                name,
                brand: CardBrand::from_name(&brand).ok_or_else(|| unreadable(&brand))?,
                last4,
                exp_month,
                exp_year,
                address: Address {
                    line1: address_line1,
                    line2: address_line2,
                    city: address_city,
                    country: address_country,
                    post_code: address_post_code,
                },
            },
            Self::BankAccount { name, routing_number, sort_code, account_type, bank_name, last4, .. } => {
                let account_type =
                    AccountType::from_name(&account_type).ok_or_else(|| unreadable(&account_type))?;
                Source::BankAccount { name, last4, routing_number, sort_code, account_type, bank_name }
            }
        })
    }
}

impl From<&domain::Payment> for Payment {
    fn from(payment: &domain::Payment) -> Self {
        Self {
            id: payment.id.to_string(),
            amount: payment.amount.to_string(),
            currency: payment.currency.to_string(),
            source: (&payment.source).into(),
            status: payment.status.to_string(),
            failure_code: payment.failure_code.clone(),
            created_at: payment.created_at.to_string(),
        }
    }
}

impl Payment {
    /// The payment of `order` that this was written from.
    pub(super) fn restore(self, order: &Order) -> Result<domain::Payment, Unreadable> {
        let unreadable = || Unreadable("payment", self.id.clone());
        Ok(domain::Payment {
            id: PaymentId::parse("id", &self.id).map_err(|_| unreadable())?,
            tenant: order.tenant,
            order_id: order.id,
            amount: Amount::parse("amount", &self.amount).map_err(|_| unreadable())?,
            currency: Currency::from_name(&self.currency).ok_or_else(unreadable)?,
            status: PaymentStatus::from_name(&self.status).ok_or_else(unreadable)?,
            created_at: Timestamp::parse(&self.created_at).ok_or_else(unreadable)?,
            failure_code: self.failure_code.clone(),
            source: self.source.restore()?,
        })
    }
}

/// Proof of a payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    pub receipt_id: String,
    pub receipt_url: String,
    pub generated_at: String,
}

impl From<&domain::Receipt> for Receipt {
    fn from(receipt: &domain::Receipt) -> Self {
        Self {
            receipt_id: receipt.id.to_string(),
            receipt_url: receipt.url.clone(),
            generated_at: receipt.generated_at.to_string(),
        }
    }
}

impl Receipt {
    /// The receipt of `payment` that this was written from.
    pub(super) fn restore(self, payment: PaymentId) -> Result<domain::Receipt, Unreadable> {
        let unreadable = || Unreadable("receipt", self.receipt_id.clone());
        Ok(domain::Receipt {
            id: ReceiptId::parse("receiptId", &self.receipt_id).map_err(|_| unreadable())?,
            payment_id: payment,
            generated_at: Timestamp::parse(&self.generated_at).ok_or_else(unreadable)?,
            url: self.receipt_url,
        })
    }
}

/// The body of payOrder. Not `Debug`: it holds the card's number.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaymentInput {
    amount: Option<String>,
    currency: Option<String>,
    source: Option<SourceInput>,
}

/// A source in the schema's names or in those of upstream's examples (contract §1, Payment).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SourceInput {
    object: Option<String>,
    #[serde(alias = "accountHolderName", alias = "cardholderName")]
    name: Option<String>,
    #[serde(alias = "accountNumber")]
    number: Option<String>,
    cvc: Option<String>,
    exp_month: Option<Whole>,
    exp_year: Option<Whole>,
    billing_address: Option<AddressInput>,
    address_line1: Option<String>,
    address_line2: Option<String>,
    address_city: Option<String>,
    address_country: Option<String>,
    address_post_code: Option<String>,
    routing_number: Option<String>,
    sort_code: Option<String>,
    account_type: Option<String>,
    bank_name: Option<String>,
    /// Derived from the number; accepted because upstream's examples send it, and not believed.
    #[serde(rename = "brand")]
    _brand: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddressInput {
    #[serde(alias = "addressLine1")]
    line1: Option<String>,
    #[serde(alias = "addressLine2")]
    line2: Option<String>,
    #[serde(alias = "addressCity")]
    city: Option<String>,
    #[serde(alias = "addressCountry")]
    country: Option<String>,
    #[serde(alias = "addressPostCode", alias = "postalCode")]
    post_code: Option<String>,
}

impl PaymentInput {
    /// The draft that it describes.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every field that cannot be read.
    pub fn into_draft(self) -> Result<PaymentDraft, Error> {
        let mut found = Violations::default();
        let amount = found.read(self.amount, |text| Amount::parse("amount", text));
        let currency = found.read(self.currency, |text| Currency::parse("currency", text));
        let source = self.source.and_then(|source| source.into_draft(&mut found));
        found.finish(PaymentDraft { amount, currency, source })
    }
}

impl SourceInput {
    fn into_draft(self, found: &mut Violations) -> Option<SourceDraft> {
        match self.object.as_deref() {
            Some("card") => {
                let nested = self.billing_address.unwrap_or_default();
                let address = Address {
                    line1: nested.line1.or(self.address_line1),
                    line2: nested.line2.or(self.address_line2),
                    city: nested.city.or(self.address_city),
                    country: nested.country.or(self.address_country),
                    post_code: nested.post_code.or(self.address_post_code),
                };
                let (name, number, cvc) = (self.name, self.number, self.cvc);
                let (exp_month, exp_year) =
                    (self.exp_month.map(|Whole(n)| n), self.exp_year.map(|Whole(n)| n));
                Some(SourceDraft::Card { name, number, cvc, exp_month, exp_year, address })
            }
            Some("bank_account") => {
                let account_type = found.read(self.account_type, |text| {
                    AccountType::parse("source.accountType", &text.to_ascii_uppercase())
                });
                Some(SourceDraft::BankAccount {
                    name: self.name,
                    number: self.number,
                    routing_number: self.routing_number,
                    sort_code: self.sort_code,
                    account_type,
                    bank_name: self.bank_name,
                })
            }
            other => {
                let violation = match other {
                    None => Violation::required("source.object"),
                    Some(given) => Violation::one_of("source.object", given, &["card", "bank_account"]),
                };
                found.take::<()>(Err(violation));
                None
            }
        }
    }
}
