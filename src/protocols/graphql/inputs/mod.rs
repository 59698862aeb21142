//! Input objects, and the drafts of the domain that they describe. The fields of violations are those of REST.

pub mod filters;
pub mod orders;
pub mod records;
pub mod users;
pub mod webhooks;

use async_graphql::{Enum, ID, InputObject, OneofObject};

use super::types::enums::{AccountType, Currency, Gender, PetStatus, Size, Species};
use super::types::scalars::Decimal;
use crate::domain::payment::{Address, PaymentDraft, SourceDraft};
use crate::domain::pet::{self, Clearable, Merge, PetDraft};
use crate::domain::{Error, PetId, Result};

/// What to say of a pet. A new one needs `name`, `species`, `ageMonths` and `price`; for one that exists, what is left
/// out (or null) keeps its value.
#[derive(InputObject)]
pub struct PetInput {
    /// Its name, 1 to 50 characters.
    name: Option<String>,
    /// What kind of animal it is.
    species: Option<Species>,
    /// Its breed.
    breed: Option<String>,
    /// Its age in months.
    age_months: Option<i32>,
    /// How large it is or grows.
    size: Option<Size>,
    /// Its color.
    color: Option<String>,
    /// Its sex.
    gender: Option<Gender>,
    /// Whether it is good with children.
    good_with_kids: Option<bool>,
    /// What it costs, in `currency`.
    price: Option<Decimal>,
    /// The currency of the price; USD for a new pet when it is left out.
    currency: Option<Currency>,
    /// What there is to say about it.
    description: Option<String>,
    /// Whether it can be had; AVAILABLE for a new pet when it is left out.
    status: Option<PetStatus>,
    /// Addresses of its photos, at most 20.
    photos: Option<Vec<String>>,
    /// What the vet says.
    medical_info: Option<MedicalInfoInput>,
    /// The group that it belongs to.
    category: Option<LabelInput>,
    /// Its labels, at most 20.
    tags: Option<Vec<LabelInput>>,
}

/// What can be taken away from a pet; its lists become empty, its gender UNKNOWN.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum PetField {
    /// The breed.
    Breed,
    /// The size.
    Size,
    /// The color.
    Color,
    /// The gender.
    Gender,
    /// Whether it is good with children.
    GoodWithKids,
    /// The description.
    Description,
    /// All photos.
    Photos,
    /// All that the vet says.
    MedicalInfo,
    /// The category.
    Category,
    /// All tags.
    Tags,
}

impl From<PetField> for Clearable {
    fn from(field: PetField) -> Self {
        match field {
            PetField::Breed => Self::Breed,
            PetField::Size => Self::Size,
            PetField::Color => Self::Color,
            PetField::Gender => Self::Gender,
            PetField::GoodWithKids => Self::GoodWithKids,
            PetField::Description => Self::Description,
            PetField::Photos => Self::Photos,
            PetField::MedicalInfo => Self::MedicalInfo,
            PetField::Category => Self::Category,
            PetField::Tags => Self::Tags,
        }
    }
}

/// What the vet says of a pet.
#[derive(InputObject)]
pub struct MedicalInfoInput {
    /// Whether it was spayed or neutered.
    spayed_neutered: Option<bool>,
    /// Whether it is vaccinated.
    vaccinated: Option<bool>,
    /// Whether it has a microchip.
    microchipped: Option<bool>,
    /// Whether it has special needs.
    special_needs: Option<bool>,
    /// What else there is to know.
    health_notes: Option<String>,
}

/// A category or a tag.
#[derive(InputObject)]
pub struct LabelInput {
    /// Its id, where it has one.
    id: Option<ID>,
    /// Its name.
    name: String,
}

impl PetInput {
    /// The draft that it describes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a price that is no amount.
    pub fn into_draft(self) -> Result<PetDraft> {
        let price = self.price.map(|price| price.amount("price")).transpose().map_err(Error::invalid)?;
        Ok(PetDraft {
            name: self.name,
            species: self.species.map(Into::into),
            breed: self.breed,
            age_months: self.age_months.map(Into::into),
            size: self.size.map(Into::into),
            color: self.color,
            gender: self.gender.map(Into::into),
            good_with_kids: self.good_with_kids,
            price,
            currency: self.currency.map(Into::into),
            description: self.description,
            status: self.status.map(Into::into),
            photos: self.photos,
            medical_info: self.medical_info.map(Into::into),
            category: self.category.map(Into::into),
            tags: self.tags.map(|tags| tags.into_iter().map(Into::into).collect()),
            merge: None,
        })
    }
}

impl PetInput {
    /// The draft that it describes, which takes `clear` away.
    ///
    /// # Errors
    /// As [`PetInput::into_draft`].
    pub fn into_draft_without(self, clear: Option<Vec<PetField>>) -> Result<PetDraft> {
        let draft = self.into_draft()?;
        let cleared: Vec<_> = clear.into_iter().flatten().map(Into::into).collect();
        let merge = (!cleared.is_empty()).then(|| Merge { cleared, ..Merge::default() });
        Ok(PetDraft { merge, ..draft })
    }
}

impl From<MedicalInfoInput> for pet::MedicalInfo {
    fn from(input: MedicalInfoInput) -> Self {
        let MedicalInfoInput { spayed_neutered, vaccinated, microchipped, special_needs, health_notes } =
            input;
        Self { spayed_neutered, vaccinated, microchipped, special_needs, health_notes }
    }
}

impl From<LabelInput> for pet::Label {
    fn from(label: LabelInput) -> Self {
        Self { id: label.id.map(Into::into), name: label.name }
    }
}

/// What to order.
#[derive(InputObject)]
pub struct PlaceOrderInput {
    /// The pet to order; it must be AVAILABLE.
    pet_id: ID,
}

impl PlaceOrderInput {
    /// The pet that is ordered.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no id.
    pub fn pet_id(&self) -> Result<PetId> {
        PetId::parse("petId", &self.pet_id).map_err(Error::invalid)
    }
}

/// How to pay an order.
#[derive(InputObject)]
pub struct PayOrderInput {
    /// The order's total.
    amount: Decimal,
    /// The order's currency.
    currency: Currency,
    /// Where the money comes from.
    source: PaymentSourceInput,
}

/// Where the money of a payment comes from: exactly one of these.
#[derive(OneofObject)]
pub enum PaymentSourceInput {
    /// A card.
    Card(CardInput),
    /// A bank account.
    BankAccount(BankAccountInput),
}

/// A card. Its number is checked and then reduced to brand and last four digits; the code is never kept.
#[derive(InputObject)]
pub struct CardInput {
    /// Name of the holder.
    name: Option<String>,
    /// Number, 12 to 19 digits.
    number: Option<String>,
    /// Card verification code, 3 or 4 digits.
    cvc: Option<String>,
    /// Month in which it ends, 1 to 12.
    exp_month: Option<i32>,
    /// Year in which it ends, four digits.
    exp_year: Option<i32>,
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

/// A bank account. Its number is checked and then reduced to its last four digits.
#[derive(InputObject)]
pub struct BankAccountInput {
    /// Name of the holder.
    name: Option<String>,
    /// Number, 4 to 34 digits.
    number: Option<String>,
    /// Routing number (US); this or `sortCode` is needed.
    routing_number: Option<String>,
    /// Sort code (UK); this or `routingNumber` is needed.
    sort_code: Option<String>,
    /// What kind of account; INDIVIDUAL when it is left out.
    account_type: Option<AccountType>,
    /// Name of the bank.
    bank_name: Option<String>,
}

impl PayOrderInput {
    /// The draft that it describes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an amount that is none.
    pub fn into_draft(self) -> Result<PaymentDraft> {
        let amount = self.amount.amount("amount").map_err(Error::invalid)?;
        let source = match self.source {
            PaymentSourceInput::Card(card) => card.into(),
            PaymentSourceInput::BankAccount(account) => account.into(),
        };
        Ok(PaymentDraft { amount: Some(amount), currency: Some(self.currency.into()), source: Some(source) })
    }
}

impl From<CardInput> for SourceDraft {
    fn from(card: CardInput) -> Self {
        Self::Card {
            name: card.name,
            number: card.number,
            cvc: card.cvc,
            exp_month: card.exp_month.map(Into::into),
            exp_year: card.exp_year.map(Into::into),
            address: Address {
                line1: card.address_line1,
                line2: card.address_line2,
                city: card.address_city,
                country: card.address_country,
                post_code: card.address_post_code,
            },
        }
    }
}

impl From<BankAccountInput> for SourceDraft {
    fn from(account: BankAccountInput) -> Self {
        Self::BankAccount {
            name: account.name,
            number: account.number,
            routing_number: account.routing_number,
            sort_code: account.sort_code,
            account_type: account.account_type.map(Into::into),
            bank_name: account.bank_name,
        }
    }
}
