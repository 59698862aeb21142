//! Pets and the stock of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::json::{Object, Whole};
use super::{Unreadable, Violations};
use crate::domain::inventory::{Counts, SpeciesStock};
use crate::domain::pet::{self, Gender, Label, PetDraft, Size};
use crate::domain::{self, Amount, Currency, Error, PetId, PetStatus, Species, Tenant, Timestamp};

/// A pet (contract §3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pet {
    pub id: String,
    pub name: String,
    pub species: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breed: Option<String>,
    pub age_months: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    pub gender: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good_with_kids: Option<bool>,
    pub price: String,
    pub currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub status: String,
    pub photos: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medical_info: Option<MedicalInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<NamedLabel>,
    pub tags: Vec<NamedLabel>,
    pub links: SelfLink,
    pub created_at: String,
    pub updated_at: String,
    pub tenant_id: Option<Uuid>,
}

/// Where a resource is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SelfLink {
    #[serde(rename = "self")]
    pub this: String,
}

/// What the vet says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MedicalInfo {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spayed_neutered: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vaccinated: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microchipped: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special_needs: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_notes: Option<String>,
}

/// A category or a tag.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedLabel {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: String,
}

impl From<pet::MedicalInfo> for MedicalInfo {
    fn from(m: pet::MedicalInfo) -> Self {
        let pet::MedicalInfo { spayed_neutered, vaccinated, microchipped, special_needs, health_notes } = m;
        Self { spayed_neutered, vaccinated, microchipped, special_needs, health_notes }
    }
}

impl From<MedicalInfo> for pet::MedicalInfo {
    fn from(m: MedicalInfo) -> Self {
        let MedicalInfo { spayed_neutered, vaccinated, microchipped, special_needs, health_notes } = m;
        Self { spayed_neutered, vaccinated, microchipped, special_needs, health_notes }
    }
}

impl From<Label> for NamedLabel {
    fn from(label: Label) -> Self {
        Self { id: label.id, name: label.name }
    }
}

impl From<NamedLabel> for Label {
    fn from(label: NamedLabel) -> Self {
        Self { id: label.id, name: label.name }
    }
}

impl From<&domain::Pet> for Pet {
    fn from(pet: &domain::Pet) -> Self {
        Self {
            id: pet.id.to_string(),
            name: pet.name.clone(),
            species: pet.species.to_string(),
            breed: pet.breed.clone(),
            age_months: pet.age_months,
            size: pet.size.map(|size| size.to_string()),
            color: pet.color.clone(),
            gender: pet.gender.to_string(),
            good_with_kids: pet.good_with_kids,
            price: pet.price.to_string(),
            currency: pet.currency.to_string(),
            description: pet.description.clone(),
            status: pet.status.to_string(),
            photos: pet.photos.clone(),
            medical_info: pet.medical_info.clone().map(Into::into),
            category: pet.category.clone().map(Into::into),
            tags: pet.tags.iter().cloned().map(Into::into).collect(),
            links: SelfLink { this: format!("/v1/pets/{}", pet.id) },
            created_at: pet.created_at.to_string(),
            updated_at: pet.updated_at.to_string(),
            tenant_id: pet.tenant.id(),
        }
    }
}

impl Pet {
    /// The pet that this was written from.
    pub(super) fn restore(self) -> Result<domain::Pet, Unreadable> {
        let read = || {
            Some(domain::Pet {
                id: PetId::parse("id", &self.id).ok()?,
                tenant: Tenant::from_uuid(self.tenant_id.unwrap_or_default()),
                species: Species::from_name(&self.species)?,
                size: match &self.size {
                    Some(size) => Some(Size::from_name(size)?),
                    None => None,
                },
                gender: Gender::from_name(&self.gender)?,
                price: Amount::parse("price", &self.price).ok()?,
                currency: Currency::from_name(&self.currency)?,
                status: PetStatus::from_name(&self.status)?,
                created_at: Timestamp::parse(&self.created_at)?,
                updated_at: Timestamp::parse(&self.updated_at)?,
                name: self.name.clone(),
                breed: self.breed.clone(),
                age_months: self.age_months,
                color: self.color.clone(),
                good_with_kids: self.good_with_kids,
                description: self.description.clone(),
                photos: self.photos.clone(),
                medical_info: self.medical_info.clone().map(Into::into),
                category: self.category.clone().map(Into::into),
                tags: self.tags.iter().cloned().map(Into::into).collect(),
            })
        };
        read().ok_or_else(|| Unreadable("pet", self.id.clone()))
    }
}

/// The body of createPet and updatePet; fields left out keep their value.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PetInput {
    pub name: Option<String>,
    pub species: Option<String>,
    pub breed: Option<String>,
    pub age_months: Option<Whole>,
    pub size: Option<String>,
    pub color: Option<String>,
    pub gender: Option<String>,
    pub good_with_kids: Option<bool>,
    pub price: Option<String>,
    pub currency: Option<String>,
    pub description: Option<String>,
    pub status: Option<String>,
    pub photos: Option<Vec<String>>,
    pub medical_info: Option<Object<MedicalInfo>>,
    pub category: Option<Object<NamedLabel>>,
    pub tags: Option<Vec<Object<NamedLabel>>>,
}

impl PetInput {
    /// The draft that it describes.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a violation for each unknown enum value and unreadable amount.
    pub fn into_draft(self) -> Result<PetDraft, Error> {
        let mut found = Violations::default();
        let draft = PetDraft {
            name: self.name,
            species: found.read(self.species, |text| Species::parse("species", text)),
            breed: self.breed,
            age_months: self.age_months.map(|Whole(age)| age),
            size: found.read(self.size, |text| Size::parse("size", text)),
            color: self.color,
            gender: found.read(self.gender, |text| Gender::parse("gender", text)),
            good_with_kids: self.good_with_kids,
            price: found.read(self.price, |text| Amount::parse("price", text)),
            currency: found.read(self.currency, |text| Currency::parse("currency", text)),
            description: self.description,
            status: found.read(self.status, |text| PetStatus::parse("status", text)),
            photos: self.photos,
            medical_info: self.medical_info.map(|info| info.0.into()),
            category: self.category.map(|label| label.0.into()),
            tags: self.tags.map(|tags| tags.into_iter().map(|tag| tag.0.into()).collect()),
            merge: None,
        };
        found.finish(draft)
    }
}

/// Numbers of pets by status.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusCounts {
    pub available: u64,
    pub pending: u64,
    pub adopted: u64,
    pub not_available: u64,
    pub total: u64,
}

impl From<Counts> for StatusCounts {
    fn from(counts: Counts) -> Self {
        let Counts { available, pending, adopted, not_available } = counts;
        Self { available, pending, adopted, not_available, total: counts.total() }
    }
}

/// The stock of one species, as in `inventory.changed`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stock {
    pub species: String,
    #[serde(flatten)]
    pub counts: StatusCounts,
    pub updated_at: String,
}

impl From<&SpeciesStock> for Stock {
    fn from(stock: &SpeciesStock) -> Self {
        Self {
            species: stock.species.to_string(),
            counts: stock.counts.into(),
            updated_at: stock.updated_at.to_string(),
        }
    }
}

impl Stock {
    /// The stock that this was written from.
    pub(super) fn restore(self) -> Result<SpeciesStock, Unreadable> {
        let StatusCounts { available, pending, adopted, not_available, .. } = self.counts;
        let read = || {
            Some(SpeciesStock {
                species: Species::from_name(&self.species)?,
                counts: Counts { available, pending, adopted, not_available },
                updated_at: Timestamp::parse(&self.updated_at)?,
            })
        };
        read().ok_or_else(|| Unreadable("stock", self.species.clone()))
    }
}

/// The stock of the whole store (getStoreInventory).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    #[serde(flatten)]
    pub counts: StatusCounts,
    pub by_species: BTreeMap<String, StatusCounts>,
    /// The beginning of time when there never was a pet.
    pub updated_at: String,
}

fn sum(stocks: &[SpeciesStock]) -> Counts {
    let mut all = Counts::default();
    for stock in stocks {
        all.available += stock.counts.available;
        all.pending += stock.counts.pending;
        all.adopted += stock.counts.adopted;
        all.not_available += stock.counts.not_available;
    }
    all
}

/// The number of pets of each status (listInventories).
pub fn inventories(stocks: &[SpeciesStock]) -> BTreeMap<&'static str, u64> {
    let mut all = sum(stocks);
    PetStatus::ALL.iter().map(|status| (status.name(), *all.of(*status))).collect()
}

impl From<&[SpeciesStock]> for Inventory {
    fn from(stocks: &[SpeciesStock]) -> Self {
        let updated_at = stocks.iter().map(|stock| stock.updated_at).max();
        Self {
            counts: sum(stocks).into(),
            by_species: stocks
                .iter()
                .filter(|stock| stock.counts.total() > 0)
                .map(|stock| (stock.species.to_string(), stock.counts.into()))
                .collect(),
            updated_at: updated_at.unwrap_or(Timestamp::from_ms(0)).to_string(),
        }
    }
}
