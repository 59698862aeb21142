//! `/pets` and `/inventory`.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::extract::{By, Id, Json, Params};
use super::once::once;
use super::{Rest, Told, collection, created, json};
use crate::domain;
use crate::domain::pet::{MAX_AGE_MONTHS, PetFilter, Size};
use crate::domain::{Error, PetId, PetStatus, Species};
use crate::wire::pet::{Inventory, Pet, PetInput};

/// listPets
pub async fn list(State(rest): State<Rest>, By(caller): By, mut params: Params) -> Told {
    let filter = PetFilter {
        species: params.read("species", |text| Species::parse("species", text)),
        status: params.read("status", |text| PetStatus::parse("status", text)),
        size: params.read("size", |text| Size::parse("size", text)),
        age_min: params.number("ageMin", 0, MAX_AGE_MONTHS),
        age_max: params.number("ageMax", 0, MAX_AGE_MONTHS),
        good_with_kids: params.flag("goodWithKids"),
    };
    let (request, query) = params.page()?;
    let page = rest.app.list_pets(&caller.principal, &filter, request).await?;
    Ok(collection(&page, "/v1/pets", &query, |pet| Pet::from(pet)))
}

/// createPet
pub async fn create(State(rest): State<Rest>, By(caller): By, Json(input): Json<PetInput>) -> Told {
    let draft = input.into_draft()?;
    let encode = |pet: &domain::Pet| created(&format!("/v1/pets/{}", pet.id), &Pet::from(pet));
    once(&rest, caller, encode, async |caller| rest.app.create_pet(caller, draft).await).await
}

/// getPet
pub async fn get(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let pet = rest.app.get_pet(&caller.principal, pet_id(&id)?).await?;
    Ok(json(StatusCode::OK, &Pet::from(&pet)))
}

/// updatePet
pub async fn update(State(rest): State<Rest>, By(caller): By, id: Id, Json(input): Json<PetInput>) -> Told {
    let pet = rest.app.update_pet(&caller, pet_id(&id)?, input.into_draft()?).await?;
    Ok(json(StatusCode::OK, &Pet::from(&pet)))
}

/// deletePet
pub async fn delete(State(rest): State<Rest>, By(caller): By, id: Id) -> Told<Response> {
    rest.app.delete_pet(&caller, pet_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// getStoreInventory
pub async fn inventory(State(rest): State<Rest>, By(caller): By) -> Told {
    let stocks = rest.app.inventory(&caller.principal).await?;
    Ok(json(StatusCode::OK, &Inventory::from(&stocks[..])))
}

fn pet_id(id: &Id) -> Result<PetId, Error> {
    PetId::parse_address("id", &id.0)
}
