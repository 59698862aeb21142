//! What every store promises about lists: every order, every filter, every page, by number and by cursor, and by words.

use petstore::domain::page::{Page, PageRequest};
use petstore::domain::pet::{Label, MedicalInfo, PetFilter, PetSort, SearchText, Size};
use petstore::domain::*;
use petstore::store::Store;

use super::store_cases::{add_pet, at, error, page, pet, tenant};

/// The cases about lists.
pub async fn run_all(store: &Store) {
    let (tenant, pets) = shop(store).await;
    every_order_shows_every_pet_once_in_both_directions(store, tenant, &pets).await;
    every_filter_lets_through_what_it_says(store, tenant, &pets).await;
    a_cursor_is_for_its_list(store, tenant).await;
    words_are_found_in_their_tenant_and_ranked(store).await;
    words_follow_what_a_pet_is_told_to_be(store).await;
}

const SPECIES: [Species; 3] = [Species::Dog, Species::Cat, Species::Other];

/// 137 pets of every kind, many of which share a value, the newest first; and as many of another tenant.
async fn shop(store: &Store) -> (Tenant, Vec<Pet>) {
    let (tenant, other) = (tenant(), tenant());
    let mut pets = Vec::new();
    for number in 0..137_u32 {
        let mut pet = pet(tenant, SPECIES[number as usize % 3], i64::from(number / 3));
        pet.age_months = number * 7 % 40;
        pet.price = Amount::from_minor(i64::from(number * 11 % 50) * 100);
        pet.status = PetStatus::ALL[number as usize % 11 % 4];
        pet.size = [Some(Size::Small), Some(Size::Large), None][number as usize % 3];
        pet.good_with_kids = [Some(true), Some(false), None][number as usize % 5 % 3];
        let vaccinated = (number % 4 == 0).then_some(number % 8 == 0);
        pet.medical_info = Some(MedicalInfo { vaccinated, ..MedicalInfo::default() });
        let tag = if number % 6 == 0 { "Good-with dogs" } else { "Quiet" };
        pet.tags = vec![Label { id: None, name: tag.into() }];
        add_pet(store, &pet).await;
        add_pet(store, &Pet { id: PetId(uuid::Uuid::now_v7()), tenant: other, ..pet.clone() }).await;
        pets.insert(0, pet);
    }
    (tenant, pets)
}

async fn list(store: &Store, tenant: Tenant, filter: &PetFilter, request: PageRequest) -> Page<Pet> {
    store.read().list_pets(tenant, filter, request).await.unwrap()
}

fn ids(pets: &[Pet]) -> Vec<PetId> {
    pets.iter().map(|pet| pet.id).collect()
}

/// `pets` as a list in that order shows them.
fn in_order(pets: &[Pet], sort: PetSort) -> Vec<PetId> {
    let mut sorted = pets.to_vec();
    sorted.sort_by_key(|pet| {
        let value = match sort.key.name() {
            "createdAt" => pet.created_at.as_ms(),
            "ageMonths" => i64::from(pet.age_months),
            _ => pet.price.minor(),
        };
        (value, pet.id)
    });
    if sort.descending {
        sorted.reverse();
    }
    ids(&sorted)
}

/// All pages of a list, walked by cursor to the end, and from the end back to the start.
async fn walk(store: &Store, tenant: Tenant, filter: &PetFilter, limit: u32) -> Vec<PetId> {
    let first = list(store, tenant, filter, PageRequest::numbered(1, limit)).await;
    let (mut forth, mut next) = (ids(&first.items), first.next_by_cursor());
    let mut last = first.clone();
    while let Some(request) = next {
        last = list(store, tenant, filter, request).await;
        assert!(!last.items.is_empty() && last.items.len() <= limit as usize);
        forth.extend(ids(&last.items));
        next = last.next_by_cursor();
    }
    assert_eq!(last.request.page as u64, first.total_pages(), "{filter:?}");
    let mut back: Vec<PetId> = Vec::new();
    let end = page_at_end(&first);
    let mut before = Some(end);
    while let Some(request) = before {
        let page = list(store, tenant, filter, request).await;
        back.splice(..0, ids(&page.items));
        before = page.before.map(|from| PageRequest {
            page: page.request.page - 1,
            limit,
            place: Some(petstore::domain::page::Place { list: page.list, from }),
        });
    }
    assert_eq!(back, forth, "from the end to the start: {filter:?}");
    forth
}

fn page_at_end(first: &Page<Pet>) -> PageRequest {
    let from = match first.after {
        Some(petstore::domain::page::Anchor::Number) => petstore::domain::page::Anchor::Number,
        _ => petstore::domain::page::Anchor::End,
    };
    let place = Some(petstore::domain::page::Place { list: first.list, from });
    PageRequest { page: u32::try_from(first.total_pages()).unwrap(), limit: first.request.limit, place }
}

async fn every_order_shows_every_pet_once_in_both_directions(store: &Store, tenant: Tenant, pets: &[Pet]) {
    for sort in ["createdAt", "-createdAt", "ageMonths", "-ageMonths", "price", "-price"] {
        let sort = PetSort::parse("sort", sort).unwrap();
        let filter = PetFilter { sort: Some(sort), ..PetFilter::default() };
        for limit in [1, 20, 100] {
            assert_eq!(
                walk(store, tenant, &filter, limit).await,
                in_order(pets, sort),
                "{sort:?} by {limit}"
            );
        }
        for number in 1..=8 {
            let page = list(store, tenant, &filter, page(number, 20)).await;
            let from = (number as usize - 1) * 20;
            let to = (from + 20).min(pets.len());
            assert_eq!(ids(&page.items), in_order(pets, sort).get(from..to).unwrap_or_default());
            assert_eq!((page.total_items, page.total_pages()), (137, 7));
            assert_eq!((page.next().is_some(), page.previous().is_some()), (number < 7, number > 1));
        }
    }
    let newest = list(store, tenant, &PetFilter::default(), page(1, 100)).await;
    assert_eq!(
        ids(&newest.items),
        in_order(pets, PetSort::NEWEST)[..100],
        "newest first when nothing is said"
    );
}

async fn every_filter_lets_through_what_it_says(store: &Store, tenant: Tenant, pets: &[Pet]) {
    type Holds = fn(&Pet) -> bool;
    let all = PetFilter::default;
    let vaccinated = |pet: &Pet| pet.medical_info.as_ref().and_then(|medical| medical.vaccinated);
    let filters: [(PetFilter, Holds); 11] = [
        (PetFilter { species: vec![Species::Dog], ..all() }, |pet| pet.species == Species::Dog),
        (PetFilter { species: vec![Species::Bird], ..all() }, |_| false),
        (PetFilter { status: vec![PetStatus::Pending], ..all() }, |pet| pet.status == PetStatus::Pending),
        (
            PetFilter {
                status: PetStatus::ALL[..2].to_vec(),
                species: vec![Species::Cat, Species::Dog],
                ..all()
            },
            |pet| PetStatus::ALL[..2].contains(&pet.status) && pet.species != Species::Other,
        ),
        (PetFilter { size: vec![Size::Small], ..all() }, |pet| pet.size == Some(Size::Small)),
        (PetFilter { age_min: Some(10), age_max: Some(12), ..all() }, |pet| {
            (10..=12).contains(&pet.age_months)
        }),
        (PetFilter { age_min: Some(12), age_max: Some(10), ..all() }, |_| false),
        (PetFilter { good_with_kids: Some(false), ..all() }, |pet| pet.good_with_kids == Some(false)),
        (PetFilter { good_with_dogs: Some(true), ..all() }, |pet| pet.tags[0].name == "Good-with dogs"),
        (PetFilter { good_with_dogs: Some(false), species: vec![Species::Dog], ..all() }, |pet| {
            pet.tags[0].name == "Quiet" && pet.species == Species::Dog
        }),
        (PetFilter { good_with_cats: Some(true), ..all() }, |_| false),
    ];
    for (filter, holds) in filters {
        let matching: Vec<Pet> = pets.iter().filter(|pet| holds(pet)).cloned().collect();
        for sort in [PetSort::NEWEST, PetSort::parse("sort", "price").unwrap()] {
            let filter = PetFilter { sort: Some(sort), ..filter.clone() };
            assert_eq!(walk(store, tenant, &filter, 7).await, in_order(&matching, sort), "{filter:?}");
        }
        let total = list(store, tenant, &filter, page(1, 1)).await.total_items;
        assert_eq!(total, matching.len() as u64, "{filter:?}");
    }
    for wanted in [true, false] {
        let filter = PetFilter { vaccinated: Some(wanted), ..all() };
        let matching = pets.iter().filter(|pet| vaccinated(pet) == Some(wanted)).count();
        assert_eq!(list(store, tenant, &filter, page(1, 100)).await.items.len(), matching);
    }
}

async fn a_cursor_is_for_its_list(store: &Store, tenant: Tenant) {
    let first = list(store, tenant, &PetFilter::default(), page(1, 10)).await;
    let cursor = first.next_by_cursor().unwrap();
    let dogs = PetFilter { species: vec![Species::Dog], ..PetFilter::default() };
    let cheap = PetFilter { sort: Some(PetSort::parse("sort", "price").unwrap()), ..PetFilter::default() };
    for (tenant, filter) in [(tenant, &dogs), (tenant, &cheap), (Tenant::PUBLIC, &PetFilter::default())] {
        let refused = error(store.read().list_pets(tenant, filter, cursor).await);
        assert_eq!(refused.violations()[0].field, "cursor", "{refused}");
    }
}

fn text(text: &str) -> PetFilter {
    PetFilter { text: SearchText::parse("q", text).unwrap(), ..PetFilter::default() }
}

async fn add(store: &Store, tenant: Tenant, name: &str, breed: &str, description: &str) -> Pet {
    let plain = pet(tenant, Species::Dog, 0);
    let (breed, description) = (Some(breed.to_owned()), Some(description.to_owned()));
    let pet = Pet { name: name.into(), breed, description, tags: vec![], ..plain };
    add_pet(store, &pet).await;
    pet
}

async fn words_are_found_in_their_tenant_and_ranked(store: &Store) {
    let (tenant, other) = (tenant(), tenant());
    let told =
        add(store, tenant, "Bello", "Mutt", "Likes Rex, the neighbour's dog, and long walks by the river")
            .await;
    let named = add(store, tenant, "Rex", "Collie", "Quiet").await;
    let foreign = add(store, other, "Rex", "Collie", "Crème brûlée").await;
    let found = async |tenant, query: &str| ids(&list(store, tenant, &text(query), page(1, 100)).await.items);
    assert_eq!(found(tenant, "rex").await, [named.id, told.id], "a name says more than a description");
    assert_eq!(found(other, "rex").await, [foreign.id]);
    assert_eq!(found(tenant, "REX river").await, [told.id], "all words");
    assert_eq!(found(tenant, "neighb").await, [told.id], "the beginning of a word");
    assert_eq!(found(other, "creme BRULEE").await, [foreign.id], "without accents");
    assert_eq!(found(tenant, "  ").await.len(), 2, "blank is no search");
    let hex = tenant.as_uuid().simple().to_string();
    for none in [
        "!?*",
        "\"",
        "name",
        "tenant",
        &hex,
        "rex NOT river",
        "rex\" OR \"bello",
        "name:rex",
        "NEAR(rex, river)",
    ] {
        assert_eq!(found(tenant, none).await, [], "{none}");
    }
    for query in ["rex*", "\"rex\"", "^rex", "{rex}", "rex'--", "-rex", "rex\0"] {
        assert_eq!(found(tenant, query).await, [named.id, told.id], "{query}");
    }
    let cheap = PetFilter { sort: Some(PetSort::parse("sort", "createdAt").unwrap()), ..text("rex") };
    assert_eq!(walk(store, tenant, &cheap, 1).await, [told.id, named.id], "an explicit order wins");
    assert_eq!(walk(store, tenant, &text("rex"), 1).await, [named.id, told.id]);
    let cats = PetFilter { species: vec![Species::Cat], ..text("rex") };
    assert_eq!(list(store, tenant, &cats, page(1, 1)).await.total_items, 0);
}

async fn words_follow_what_a_pet_is_told_to_be(store: &Store) {
    let tenant = tenant();
    let pet = add(store, tenant, "Bello", "Mutt", "Brave").await;
    let found = async |query: &str| list(store, tenant, &text(query), page(1, 1)).await.total_items;
    assert_eq!((found("bello").await, found("shy").await), (1, 0));
    let tags = vec![Label { id: None, name: "Playful".into() }];
    let shy = Pet { description: Some("Shy".into()), tags, updated_at: at(9), ..pet.clone() };
    let (next, adopted) = (shy.clone(), Pet { status: PetStatus::Adopted, updated_at: at(10), ..shy });
    store.write(async move |w| w.update_pet(&next).await).await.unwrap();
    assert_eq!((found("shy").await, found("brave").await, found("playful").await), (1, 0, 1));
    let available = PetFilter { status: vec![PetStatus::Available], ..text("shy") };
    assert_eq!(list(store, tenant, &available, page(1, 1)).await.total_items, 1);
    let moved = adopted.clone();
    store.write(async move |w| w.update_pet_status(PetStatus::Available, &moved).await).await.unwrap();
    assert_eq!(store.read().find_pet(tenant, pet.id).await.unwrap(), Some(adopted));
    assert_eq!(list(store, tenant, &available, page(1, 1)).await.total_items, 0, "counted anew");
    assert_eq!(found("shy").await, 1);
    store.write(async move |w| w.delete_pet(tenant, pet.id, at(11)).await).await.unwrap();
    assert_eq!((found("shy").await, found("bello").await), (0, 0));
}
