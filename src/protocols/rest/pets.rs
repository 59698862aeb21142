//! `/pets` and `/inventory`.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::extract::{By, Id, Json, MergePatch, Params, QueryBody};
use super::once::once;
use super::query::announce;
use super::reads::Read;
use super::{Rest, Told, collection, created, json};
use crate::app::Caller;
use crate::domain;
use crate::domain::event::{Collection, Key};
use crate::domain::pet::{MAX_AGE_MONTHS, PetFilter, PetSort, SearchText, Size};
use crate::domain::{Error, PetId, PetStatus, Species};
use crate::wire::page::Found;
use crate::wire::pet::{Inventory, Pet, PetInput, inventories};
use crate::wire::pet_patch::PetPatch;
use crate::wire::search::SearchInput;

/// listPets
pub async fn list(State(rest): State<Rest>, By(caller): By, read: Read, mut params: Params) -> Told {
    let filter = PetFilter {
        species: params.read("species", |text| Species::parse("species", text)).into_iter().collect(),
        status: params.read("status", |text| PetStatus::parse("status", text)).into_iter().collect(),
        size: params.read("size", |text| Size::parse("size", text)).into_iter().collect(),
        age_min: params.number("ageMin", 0, MAX_AGE_MONTHS),
        age_max: params.number("ageMax", 0, MAX_AGE_MONTHS),
        good_with_kids: params.flag("goodWithKids"),
        text: params.read("q", |text| SearchText::parse("q", text)).flatten(),
        sort: params.read("sort", |text| PetSort::parse("sort", text)),
        ..PetFilter::default()
    };
    let (request, query) = params.page()?;
    let key = Key::Collection(caller.principal.tenant, Collection::Pets);
    let make = async || {
        let page = rest.app.list_pets(&caller.principal, &filter, request).await?;
        // Here, since what is kept is given without asking the router.
        Ok(announce(collection(&page, "/v1/pets", &query, |pet| Pet::from(pet))))
    };
    rest.reads.answer(&caller.principal, read, key, make).await
}

/// searchPets by POST, for clients that cannot send QUERY
pub async fn search(State(rest): State<Rest>, By(caller): By, Json(input): Json<SearchInput>) -> Told {
    find(&rest, &caller, input).await
}

/// searchPets
pub async fn query(
    State(rest): State<Rest>,
    By(caller): By,
    QueryBody(input): QueryBody<SearchInput>,
) -> Told {
    find(&rest, &caller, input).await
}

async fn find(rest: &Rest, caller: &Caller, input: SearchInput) -> Told {
    let (filter, request) = input.read()?;
    let page = rest.app.list_pets(&caller.principal, &filter, request).await?;
    Ok(json(StatusCode::OK, &Found::new(&page, |pet| Pet::from(pet))))
}

/// createPet
pub async fn create(State(rest): State<Rest>, By(caller): By, Json(input): Json<PetInput>) -> Told {
    let draft = input.into_draft()?;
    let encode = |pet: &domain::Pet| created(&format!("/v1/pets/{}", pet.id), &Pet::from(pet));
    once(&rest, caller, encode, async |caller| rest.app.create_pet(caller, draft).await).await
}

/// getPet
pub async fn get(State(rest): State<Rest>, By(caller): By, read: Read, id: Id) -> Told {
    let id = pet_id(&id)?;
    let key = Key::Resource(caller.principal.tenant, Collection::Pets, id.0);
    let make = async || {
        let pet = rest.app.get_pet(&caller.principal, id).await?;
        Ok(json(StatusCode::OK, &Pet::from(&pet)))
    };
    rest.reads.answer(&caller.principal, read, key, make).await
}

/// updatePet
pub async fn update(State(rest): State<Rest>, By(caller): By, id: Id, Json(input): Json<PetInput>) -> Told {
    let pet = rest.app.update_pet(&caller, pet_id(&id)?, input.into_draft()?).await?;
    Ok(json(StatusCode::OK, &Pet::from(&pet)))
}

/// patchPet
pub async fn patch(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    MergePatch(patch): MergePatch<PetPatch>,
) -> Told {
    let pet = rest.app.update_pet(&caller, pet_id(&id)?, patch.into_draft()?).await?;
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

/// listInventories
pub async fn list_inventories(State(rest): State<Rest>, By(caller): By) -> Told {
    let stocks = rest.app.inventory(&caller.principal).await?;
    Ok(json(StatusCode::OK, &inventories(&stocks)))
}

fn pet_id(id: &Id) -> Result<PetId, Error> {
    PetId::parse_address("id", &id.0)
}
