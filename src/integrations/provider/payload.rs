//! The provider's messages, field by field as seed 003 has them. Everything may be missing: what is told must not depend on
//! what is left out.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// What every message has.
#[derive(Debug, Deserialize)]
pub struct Envelope {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub date: Option<Value>,
    pub payload: Option<Box<RawValue>>,
}

/// A list that may also be null.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An order at the provider. Amounts are kept as they were written: no float comes near them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OrderPayload {
    pub id: Option<String>,
    pub merchant_id: Option<String>,
    pub payer_financial_address: Option<FinancialAddress>,
    pub app_id: Option<String>,
    pub merchant_app_id: Option<String>,
    pub shop_name: Option<String>,
    /// Our order's id.
    pub reference_id: Option<String>,
    pub display_id: Option<String>,
    pub offset_project: Option<String>,
    pub metadata: Option<Map<String, Value>>,
    pub category: Option<String>,
    pub co2_grams: Option<Box<RawValue>>,
    pub application_fee_amount: Option<Box<RawValue>>,
    pub price: Option<Price>,
    #[serde(deserialize_with = "list")]
    pub line_items: Vec<LineItem>,
    pub shop_logo: Option<String>,
    pub guest: Option<bool>,
    pub climate_action_mode: Option<ClimateActionMode>,
    #[serde(deserialize_with = "list")]
    pub impact_offset_projects: Vec<Value>,
    pub billing_address: Option<PostalAddress>,
    pub shipping_address: Option<PostalAddress>,
    pub payment_status: Option<String>,
    pub status: Option<String>,
    #[serde(deserialize_with = "list")]
    pub refunds: Vec<Refund>,
    pub refund_amount: Option<Box<RawValue>>,
    /// Of a message about one refund.
    pub amount: Option<Box<RawValue>>,
    pub created_at: Option<Value>,
    pub updated_at: Option<Value>,
    pub shopper_email: Option<String>,
    pub shopper: Option<Shopper>,
    pub trees: Option<Box<RawValue>>,
    pub merchant_financial_address: Option<FinancialAddress>,
    pub bank_statement_reference: Option<String>,
    pub destination: Option<Destination>,
    pub payment_method_type: Option<String>,
    pub setup_payment_mandate: Option<bool>,
    #[serde(deserialize_with = "list")]
    pub status_history_list: Vec<StatusChange>,
    pub mandate: Option<Mandate>,
    pub subaccount_id: Option<String>,
    pub subaccount_legal_name: Option<String>,
    pub instant_payment_scheme: Option<bool>,
    pub status_classification: Option<StatusClassification>,
    pub payment_mode: Option<String>,
    pub customer_id: Option<String>,
    pub bank_id: Option<String>,
}

/// A bank account in one of four notations.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FinancialAddress {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub iban: Option<Account>,
    pub sort_code: Option<Account>,
    pub bank_code: Option<Account>,
    pub bban: Option<Account>,
    pub payment_reference: Option<String>,
}

/// An account in any of the notations.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Account {
    pub account_holder_name: Option<String>,
    pub iban: Option<String>,
    pub bban: Option<String>,
    pub bic: Option<String>,
    pub sort_code: Option<String>,
    pub code: Option<String>,
    pub account_number: Option<String>,
}

impl FinancialAddress {
    /// The holder's name and the account's number.
    pub fn payer(&self) -> Option<(String, String)> {
        let account =
            [&self.iban, &self.sort_code, &self.bank_code, &self.bban].into_iter().flatten().next()?;
        let number = [&account.iban, &account.account_number, &account.bban].into_iter().flatten().next();
        Some((account.account_holder_name.clone().unwrap_or_default(), number.cloned().unwrap_or_default()))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Price {
    pub total: Option<Box<RawValue>>,
    pub currency: Option<String>,
    pub sub_total: Option<Box<RawValue>>,
    pub shipping: Option<Box<RawValue>>,
    pub total_net: Option<Box<RawValue>>,
    pub vat: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LineItem {
    pub name: Option<String>,
    pub reference_id: Option<String>,
    pub single_net: Option<Box<RawValue>>,
    pub single_vat: Option<Box<RawValue>>,
    pub amount: Option<Box<RawValue>>,
    pub quantity: Option<Box<RawValue>>,
    pub image: Option<String>,
    pub category: Option<String>,
    #[serde(rename = "EAN")]
    pub ean: Option<String>,
    pub co2_grams: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ClimateActionMode {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub amount: Option<Box<RawValue>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PostalAddress {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub region: Option<String>,
    pub city: Option<String>,
    pub zip_code: Option<String>,
    pub country: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Refund {
    pub id: Option<String>,
    pub description: Option<String>,
    pub reference_id: Option<String>,
    pub amount: Option<Box<RawValue>>,
    pub status: Option<String>,
    pub created_at: Option<Value>,
    pub updated_at: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Shopper {
    pub email: Option<String>,
    pub phone_number: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Destination {
    pub bank_account: Option<FinancialAddress>,
    pub bank_statement_reference: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StatusChange {
    pub previous_status: Option<String>,
    pub current_status: Option<String>,
    pub reason: Option<String>,
    pub created_at: Option<Value>,
    pub updated_at: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mandate {
    pub setup: Option<bool>,
    pub reference_id: Option<String>,
    pub account_holder_name: Option<String>,
    pub user_notification_email: Option<String>,
    pub additional_display_information: Option<Value>,
    pub reference: Option<String>,
    pub creditor: Option<Creditor>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Creditor {
    pub name: Option<String>,
    pub id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StatusClassification {
    pub primary: Option<String>,
    pub secondary: Option<String>,
}
