//! The animals of the demo store.

mod birds;
mod cats;
mod dogs;
mod kind;
mod names;
mod others;
mod rabbits;
mod reptiles;
mod rodents;
mod story;

use self::kind::{Breed, Kind};
use self::story::Animal;
use super::generator::Random;
use super::{CLOSED_MS, DAY_MS, HOUR_MS, OPENED_MS};
use crate::domain::pet::{Gender, Label, MedicalInfo, PetDraft};
use crate::domain::{Amount, Currency, Error, Pet, PetId, PetStatus, Result, Species, Tenant, Timestamp};

const KINDS: [&Kind; 19] = [
    &dogs::DOG,
    &cats::CAT,
    &rabbits::RABBIT,
    &birds::PARROT,
    &birds::SONGBIRD,
    &birds::PIGEON,
    &birds::HEN,
    &reptiles::SNAKE,
    &reptiles::LIZARD,
    &reptiles::TORTOISE,
    &reptiles::TURTLE,
    &rodents::CAVY,
    &rodents::CHINCHILLA,
    &rodents::HAMSTER,
    &rodents::RAT,
    &others::FERRET,
    &others::HEDGEHOG,
    &others::AQUATIC,
    &others::HOOFED,
];

/// How many of each species; 1,200 together.
const SPECIES: [(Species, usize); 6] = [
    (Species::Dog, 320),
    (Species::Cat, 320),
    (Species::Rabbit, 160),
    (Species::Bird, 150),
    (Species::Reptile, 120),
    (Species::Other, 130),
];

/// How many are not to be had for a reason outside of the store: on hold for someone who came in person, adopted at
/// the counter, not ready. All others are AVAILABLE until they are ordered.
const SET_ASIDE: [(PetStatus, usize); 3] =
    [(PetStatus::Pending, 135), (PetStatus::Adopted, 50), (PetStatus::NotAvailable, 205)];

/// Above this age nobody says kitten or hatchling, however long it takes to grow up; in months.
const MAX_YOUNG: u32 = 9;

/// A part of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Young,
    Adolescent,
    Adult,
    Senior,
}

/// All pets in the order in which they arrived, before anyone ordered one.
///
/// # Errors
/// [`Error::Invalid`] when the domain refuses one.
pub(super) fn pets(random: &mut Random) -> Result<Vec<Pet>> {
    let mut species: Vec<Species> = SPECIES.iter().flat_map(|(kind, count)| vec![*kind; *count]).collect();
    random.shuffle(&mut species);
    let mut statuses: Vec<PetStatus> =
        SET_ASIDE.iter().flat_map(|(status, count)| vec![*status; *count]).collect();
    statuses.resize(species.len(), PetStatus::Available);
    random.shuffle(&mut statuses);
    let span_ms = CLOSED_MS - OPENED_MS - HOUR_MS;
    let mut arrivals: Vec<i64> = species.iter().map(|_| random.within(0..=span_ms)).collect();
    arrivals.sort_unstable();
    let planned = species.into_iter().zip(statuses).zip(arrivals);
    planned
        .map(|((species, status), after_ms)| {
            pet(random, species, status, Timestamp::from_ms(OPENED_MS + after_ms))
        })
        .collect()
}

fn pet(random: &mut Random, species: Species, status: PetStatus, arrived: Timestamp) -> Result<Pet> {
    let id = PetId(random.uuid_v7(arrived));
    let animal = animal(random, species);
    let (description, mut tags) = animal.describe(random);
    match animal.stage {
        Stage::Young => tags.push(animal.kind.young),
        Stage::Senior => tags.push("Senior"),
        Stage::Adolescent | Stage::Adult => {}
    }
    tags.extend(animal.condition.is_some().then_some("Special needs"));
    let draft = PetDraft {
        name: Some(animal.name.to_owned()),
        species: Some(species),
        breed: Some(animal.breed.name.to_owned()),
        age_months: Some(animal.age_months.into()),
        size: Some(animal.breed.size),
        color: Some(animal.color.to_owned()),
        gender: Some(animal.gender),
        good_with_kids: animal.good_with_kids,
        price: Some(price(random, &animal)),
        currency: Some(Currency::Usd),
        description: Some(description),
        status: Some(status),
        photos: None,
        medical_info: Some(medical(random, &animal, status)),
        category: Some(label(animal.breed.category)),
        tags: Some(tags.into_iter().map(label).collect()),
        merge: None,
    };
    let mut pet = draft.create(id, Tenant::PUBLIC, arrived).map_err(Error::Invalid)?;
    pet.updated_at = updated(random, status, arrived);
    Ok(pet)
}

fn animal(random: &mut Random, species: Species) -> Animal {
    let (kind, breed) = breed_of(random, species);
    let (stage, age_months) = age(random, kind, breed);
    let gender = match random.below(2) {
        _ if random.chance(kind.unsexed) => Gender::Unknown,
        0 if !kind.male_names.is_empty() => Gender::Male,
        _ => Gender::Female,
    };
    let names = match gender {
        Gender::Male => kind.male_names,
        Gender::Unknown if random.chance(50) => kind.male_names,
        Gender::Female | Gender::Unknown => kind.female_names,
    };
    Animal {
        kind,
        breed,
        name: random.pick(names),
        gender,
        stage,
        age_months,
        color: random.pick(breed.colors),
        good_with_kids: (!random.chance(7)).then(|| random.chance(breed.kids)),
        condition: condition(random, kind, stage),
    }
}

fn breed_of(random: &mut Random, species: Species) -> (&'static Kind, &'static Breed) {
    let kinds = KINDS.into_iter().filter(|kind| kind.species == species);
    let breeds: Vec<(&Kind, &Breed)> =
        kinds.flat_map(|kind| kind.breeds.iter().map(move |breed| (kind, breed))).collect();
    let mut left = random.below(breeds.iter().map(|(_, breed)| breed.weight).sum());
    for (kind, breed) in &breeds {
        match left.checked_sub(breed.weight) {
            Some(less) => left = less,
            None => return (kind, breed),
        }
    }
    breeds[0]
}

/// Shelters have many young animals and many young adults.
fn age(random: &mut Random, kind: &Kind, breed: &Breed) -> (Stage, u32) {
    let (young, grown, old) = ((breed.grown / 2).min(MAX_YOUNG), breed.grown, breed.oldest * 7 / 10);
    let (stage, start, end) = match random.below(100) {
        0..24 => (Stage::Young, kind.weaned, young),
        24..42 => (Stage::Adolescent, young + 1, grown),
        42..86 => (Stage::Adult, grown + 1, old),
        _ => (Stage::Senior, old + 1, breed.oldest),
    };
    // One that is weaned when it is nearly grown has no other youth.
    let start = start.max(kind.weaned);
    let months = random.early(start.into()..=end.max(start).into());
    (stage, u32::try_from(months).unwrap_or(start))
}

/// A lasting condition; most come with age, so that only the grown have any.
fn condition(random: &mut Random, kind: &Kind, stage: Stage) -> Option<(&'static str, &'static str)> {
    let percent = match stage {
        Stage::Young | Stage::Adolescent => 0,
        Stage::Adult => 10,
        Stage::Senior => 22,
    };
    let conditions = kind.phrases.conditions;
    random.chance(percent).then(|| conditions[random.below(conditions.len())])
}

/// Young ones cost more, old ones and those with a condition less; rounded as a shelter would.
fn price(random: &mut Random, animal: &Animal) -> Amount {
    let percent = match animal.stage {
        Stage::Young => 130,
        Stage::Adolescent => 110,
        Stage::Adult => 100,
        Stage::Senior => 55,
    };
    let percent = if animal.condition.is_some() { percent * 7 / 10 } else { percent };
    let dollars = i64::from(animal.breed.price) * percent * random.within(90..=110) / 10_000;
    let step = if dollars >= 40 { 5 } else { 1 };
    Amount::from_minor((dollars / step * step).max(5) * 100)
}

fn medical(random: &mut Random, animal: &Animal, status: PetStatus) -> MedicalInfo {
    let kind = animal.kind;
    // No vet operates on the very young, and few on the young.
    let neutered = kind.neutered.map(|grown| match animal.stage {
        _ if animal.age_months < 4 => 0,
        Stage::Young => grown / 5,
        Stage::Adolescent | Stage::Adult | Stage::Senior => grown,
    });
    let note = match (status, animal.condition) {
        (PetStatus::NotAvailable, _) => Some(random.pick(kind.phrases.holds)),
        (_, Some((note, _))) => Some(note),
        (_, None) => random.chance(60).then(|| random.pick(kind.phrases.notes)),
    };
    let mut done = |percent: Option<u32>| percent.map(|percent| random.chance(percent));
    MedicalInfo {
        spayed_neutered: done(neutered),
        vaccinated: done(kind.vaccinated),
        microchipped: done(kind.chipped),
        special_needs: Some(animal.condition.is_some()),
        health_notes: note.map(|note| animal.fill(note)),
    }
}

/// When the pet got its status.
fn updated(random: &mut Random, status: PetStatus, arrived: Timestamp) -> Timestamp {
    let arrived_ms = arrived.as_ms();
    Timestamp::from_ms(match status {
        PetStatus::Available => arrived_ms,
        PetStatus::Pending => random.within(arrived_ms.max(CLOSED_MS - 6 * DAY_MS)..=CLOSED_MS),
        PetStatus::Adopted => random.early(arrived_ms..=CLOSED_MS),
        PetStatus::NotAvailable => random.within(arrived_ms..=CLOSED_MS.min(arrived_ms + 2 * DAY_MS)),
    })
}

/// With an id that is made of the name: `Longhaired cats` is `longhaired-cats`.
fn label(name: &str) -> Label {
    let words: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    Label { id: Some(words.join("-")), name: name.to_owned() }
}

#[cfg(test)]
mod tests;
