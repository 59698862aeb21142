//! Pets.

use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use uuid::Uuid;

use super::OrderConnection;
use super::enums::{Currency, Gender, PetStatus, Size, Species};
use super::order::Order;
use super::scalars::{DateTime, Decimal};
use crate::domain::image::PetImage;
use crate::domain::{self, PetId, pet};
use crate::protocols::graphql::connection::Part;
use crate::protocols::graphql::loaders::{OrdersOfPet, load, page_of};
use crate::protocols::graphql::schema::{connection_cost, list_cost, nested_limit};

/// A pet.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Pet {
    /// The pet's id.
    pub(super) id: ID,
    /// Its name.
    name: String,
    /// What kind of animal it is.
    species: Species,
    /// Its breed.
    breed: Option<String>,
    /// Its age in months.
    age_months: u32,
    /// How large it is or grows.
    size: Option<Size>,
    /// Its color.
    color: Option<String>,
    /// Its sex.
    gender: Gender,
    /// Whether it is good with children.
    good_with_kids: Option<bool>,
    /// What it costs, in `currency`.
    price: Decimal,
    /// The currency of the price.
    currency: Currency,
    /// What there is to say about it.
    description: Option<String>,
    /// Whether it can be had.
    status: PetStatus,
    /// Addresses of its photos.
    photos: Vec<String>,
    /// What the vet says.
    medical_info: Option<MedicalInfo>,
    /// The group that it belongs to.
    category: Option<Label>,
    /// Its labels.
    tags: Vec<Label>,
    /// Where else it is.
    links: Links,
    /// When it joined the store.
    created_at: DateTime,
    /// When it last changed.
    updated_at: DateTime,
    /// The tenant that it belongs to; null in the public pool.
    tenant_id: Option<Uuid>,
    #[graphql(skip)]
    pet: PetId,
}

#[ComplexObject]
impl Pet {
    /// The newest orders of it: for the staff all, for a user the user's own. The others are in `ordersConnection`.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
    ) -> Result<Vec<Order>> {
        let orders = load(ctx, OrdersOfPet(self.pet, nested_limit(first)?)).await?;
        Ok(orders.unwrap_or_default().into_iter().map(Into::into).collect())
    }

    /// All orders of it, newest first: for the staff all, for a user the user's own.
    #[graphql(complexity = "connection_cost(first, last, child_complexity)")]
    async fn orders_connection(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 0 to 100; 20 when it is left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many of the last, 0 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<OrderConnection> {
        Ok(page_of(ctx, self.pet, Part { first, after, last, before }).await?.into())
    }
}

/// What the vet says of a pet.
#[derive(Clone, SimpleObject)]
pub struct MedicalInfo {
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
#[derive(Clone, SimpleObject)]
pub struct Label {
    /// Its id, where it has one.
    id: Option<ID>,
    /// Its name.
    name: String,
}

/// An uploaded image of a pet.
#[derive(SimpleObject)]
pub struct Image {
    /// The image's id.
    id: ID,
    /// The pet that it shows.
    pet_id: ID,
    /// Where it is.
    url: String,
    /// `image/jpeg`, `image/png` or `image/webp`.
    media_type: &'static str,
    /// Its size, bytes.
    bytes: u64,
    /// What was said of it.
    additional_metadata: Option<String>,
    /// When it came.
    created_at: DateTime,
}

impl Image {
    /// The image, under the address at which the store is reached.
    pub fn of(image: PetImage, public_url: &str) -> Self {
        Self {
            id: image.id.into(),
            pet_id: image.pet_id.into(),
            url: format!("{public_url}{}", image.path()),
            media_type: image.info.media_type.name(),
            bytes: image.info.bytes,
            additional_metadata: image.metadata,
            created_at: image.created_at.into(),
        }
    }
}

/// Where else a resource is.
#[derive(Clone, SimpleObject)]
pub struct Links {
    /// The path of the resource in the REST API.
    #[graphql(name = "self")]
    this: String,
}

impl From<domain::Pet> for Pet {
    fn from(pet: domain::Pet) -> Self {
        Self {
            id: pet.id.into(),
            name: pet.name,
            species: pet.species.into(),
            breed: pet.breed,
            age_months: pet.age_months,
            size: pet.size.map(Into::into),
            color: pet.color,
            gender: pet.gender.into(),
            good_with_kids: pet.good_with_kids,
            price: pet.price.into(),
            currency: pet.currency.into(),
            description: pet.description,
            status: pet.status.into(),
            photos: pet.photos,
            medical_info: pet.medical_info.map(Into::into),
            category: pet.category.map(Into::into),
            tags: pet.tags.into_iter().map(Into::into).collect(),
            links: Links { this: format!("/v1/pets/{}", pet.id) },
            created_at: pet.created_at.into(),
            updated_at: pet.updated_at.into(),
            tenant_id: pet.tenant.id(),
            pet: pet.id,
        }
    }
}

impl From<pet::MedicalInfo> for MedicalInfo {
    fn from(info: pet::MedicalInfo) -> Self {
        let pet::MedicalInfo { spayed_neutered, vaccinated, microchipped, special_needs, health_notes } =
            info;
        Self { spayed_neutered, vaccinated, microchipped, special_needs, health_notes }
    }
}

impl From<pet::Label> for Label {
    fn from(label: pet::Label) -> Self {
        Self { id: label.id.map(ID), name: label.name }
    }
}
