//! Payments and receipts.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject, Union};

use super::enums::{AccountType, CardBrand, Currency, PaymentStatus};
use super::order::Order;
use super::scalars::{DateTime, Decimal};
use crate::domain::payment::{Address, Source};
use crate::domain::{self, OrderId, PaymentId};
use crate::protocols::graphql::loaders::{ReceiptOf, load};
use crate::protocols::graphql::schema::LOOKUP_COST;

/// One try to pay an order (`OrderPayment` in REST).
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Payment {
    /// The payment's id.
    pub(super) id: ID,
    /// How much.
    amount: Decimal,
    /// The currency of the amount.
    currency: Currency,
    /// Where the money came from, masked.
    source: PaymentSource,
    /// Where it stands.
    status: PaymentStatus,
    /// Why it failed, as payment providers name it: `card_declined`, `insufficient_funds` and so on.
    failure_code: Option<String>,
    /// When it was made.
    created_at: DateTime,
    /// The order that it pays.
    order_id: ID,
    #[graphql(skip)]
    payment: PaymentId,
    #[graphql(skip)]
    order: OrderId,
}

#[ComplexObject]
impl Payment {
    /// The order that it pays, as it is now.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn order(&self, ctx: &Context<'_>) -> Result<Option<Order>> {
        Ok(load(ctx, self.order).await?.map(Into::into))
    }

    /// The receipt of a payment that succeeded.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn receipt(&self, ctx: &Context<'_>) -> Result<Option<Receipt>> {
        Ok(load(ctx, ReceiptOf(self.payment)).await?.map(Into::into))
    }
}

/// Where the money of a payment came from, masked.
#[derive(Clone, Union)]
pub enum PaymentSource {
    /// A card.
    Card(Card),
    /// A bank account.
    BankAccount(BankAccount),
}

/// A card, masked.
#[derive(Clone, SimpleObject)]
pub struct Card {
    /// Always `card`.
    object: &'static str,
    /// Name of the holder.
    name: String,
    /// The number, masked but for its last four digits.
    number: String,
    /// Month in which it ends, 1 to 12.
    exp_month: u8,
    /// Year in which it ends.
    exp_year: u16,
    /// Who issued it.
    brand: CardBrand,
    /// Last four digits of the number.
    last4: String,
    /// First line of the billing address.
    address_line1: Option<String>,
    /// Second line of the billing address.
    address_line2: Option<String>,
    /// City of the billing address.
    address_city: Option<String>,
    /// Country of the billing address.
    address_country: Option<String>,
    /// Post code of the billing address.
    address_post_code: Option<String>,
}

/// A bank account, masked.
#[derive(Clone, SimpleObject)]
pub struct BankAccount {
    /// Always `bank_account`.
    object: &'static str,
    /// Name of the holder.
    name: String,
    /// The number, masked but for its last four digits.
    number: String,
    /// Routing number (US).
    routing_number: Option<String>,
    /// Sort code (UK).
    sort_code: Option<String>,
    /// What kind of account.
    account_type: AccountType,
    /// Name of the bank.
    bank_name: Option<String>,
    /// Last four digits of the number.
    last4: String,
}

/// Proof of a payment that succeeded.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Receipt {
    /// The receipt's id.
    pub(super) id: ID,
    /// The same, under the name that events have for it.
    receipt_id: ID,
    /// Where the receipt is.
    receipt_url: String,
    /// When it was made.
    generated_at: DateTime,
    #[graphql(skip)]
    payment: PaymentId,
}

#[ComplexObject]
impl Receipt {
    /// The payment that it proves.
    #[graphql(complexity = "LOOKUP_COST + child_complexity")]
    async fn payment(&self, ctx: &Context<'_>) -> Result<Option<Payment>> {
        Ok(load(ctx, self.payment).await?.map(Into::into))
    }
}

impl From<domain::Payment> for Payment {
    fn from(payment: domain::Payment) -> Self {
        Self {
            id: payment.id.into(),
            amount: payment.amount.into(),
            currency: payment.currency.into(),
            source: payment.source.into(),
            status: payment.status.into(),
            failure_code: payment.failure_code,
            created_at: payment.created_at.into(),
            order_id: payment.order_id.into(),
            payment: payment.id,
            order: payment.order_id,
        }
    }
}

impl From<Source> for PaymentSource {
    fn from(source: Source) -> Self {
        match source {
            Source::Card { name, brand, last4, exp_month, exp_year, address } => {
                let Address { line1, line2, city, country, post_code } = address;
                Self::Card(Card {
                    object: "card",
                    name,
                    number: format!("************{last4}"),
                    exp_month,
                    exp_year,
                    brand: brand.into(),
                    last4,
                    address_line1: line1,
                    address_line2: line2,
                    address_city: city,
                    address_country: country,
                    address_post_code: post_code,
                })
            }
            Source::BankAccount { name, last4, routing_number, sort_code, account_type, bank_name } => {
                Self::BankAccount(BankAccount {
                    object: "bank_account",
                    name,
                    number: format!("********{last4}"),
                    routing_number,
                    sort_code,
                    account_type: account_type.into(),
                    bank_name,
                    last4,
                })
            }
        }
    }
}

impl From<domain::Receipt> for Receipt {
    fn from(receipt: domain::Receipt) -> Self {
        Self {
            id: receipt.id.into(),
            receipt_id: receipt.id.into(),
            receipt_url: receipt.url,
            generated_at: receipt.generated_at.into(),
            payment: receipt.payment_id,
        }
    }
}
