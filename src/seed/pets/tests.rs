use super::*;
use std::collections::{BTreeMap, HashSet};

use crate::domain::pet::Size;

fn all() -> Vec<Pet> {
    pets(&mut Random::new(7)).unwrap()
}

#[test]
fn there_are_enough_of_every_species_and_status() {
    let mut counts: BTreeMap<(Species, PetStatus), usize> = BTreeMap::new();
    for pet in all() {
        *counts.entry((pet.species, pet.status)).or_default() += 1;
    }
    assert_eq!(counts.values().sum::<usize>(), 1_200);
    for species in Species::ALL {
        for status in PetStatus::ALL {
            assert!(
                counts.get(&(*species, *status)).is_some_and(|count| *count > 0),
                "no {species} is {status}"
            );
        }
    }
}

#[test]
fn the_tables_are_sound() {
    for kind in KINDS {
        let phrases = &kind.phrases;
        for list in [
            phrases.openings,
            phrases.young_pasts,
            phrases.grown_pasts,
            phrases.old_pasts,
            phrases.homes,
            phrases.good_with_kids,
            phrases.not_with_kids,
            phrases.notes,
            phrases.holds,
            kind.female_names,
        ] {
            assert!(list.len() > 1, "{}: a list is too short", kind.young);
            assert_eq!(
                list.iter().collect::<HashSet<_>>().len(),
                list.len(),
                "{}: twice in {list:?}",
                kind.young
            );
        }
        assert!(phrases.ways.len() > 2 && phrases.bonds.len() > 2 && phrases.conditions.len() > 1);
        for breed in kind.breeds {
            assert!(kind.weaned <= breed.grown && breed.grown < breed.oldest * 7 / 10, "{}", breed.name);
            assert!(!breed.colors.is_empty() && breed.kids <= 100 && breed.weight > 0);
        }
    }
}

#[test]
fn every_sentence_can_be_filled() {
    for kind in KINDS {
        let phrases = &kind.phrases;
        let traits =
            [phrases.ways, phrases.bonds, phrases.skills].into_iter().flatten().map(|(_, told)| told);
        let conditions = phrases.conditions.iter().flat_map(|(note, told)| [note, told]);
        let plain = [
            phrases.openings,
            phrases.young_pasts,
            phrases.grown_pasts,
            phrases.old_pasts,
            phrases.homes,
            phrases.good_with_kids,
            phrases.not_with_kids,
            phrases.notes,
            phrases.holds,
        ];
        let animal = Animal {
            kind,
            breed: &kind.breeds[0],
            name: "Rex",
            gender: Gender::Female,
            stage: Stage::Adult,
            age_months: 30,
            color: "orange",
            good_with_kids: None,
            condition: None,
        };
        for sentence in plain.into_iter().flatten().chain(traits).chain(conditions) {
            let told = animal.fill(sentence);
            assert!(!told.contains(['{', '}']), "{told}");
            assert!(told.ends_with(['.', '!']), "{told}");
            // The sentences are written for a male; a pronoun that is not in braces would be wrong for a female.
            let words: HashSet<&str> = told.split(|c: char| !c.is_alphabetic()).collect();
            assert!(!["he", "He", "him", "his", "His"].iter().any(|word| words.contains(word)), "{told}");
        }
    }
}

#[test]
fn what_a_pet_says_of_itself_holds_together() {
    let pets = all();
    for pet in &pets {
        let description = pet.description.as_ref().unwrap();
        assert!(description.contains(&pet.name), "{description}");
        assert!((120..1_200).contains(&description.len()), "{description}");
        assert!(pet.photos.is_empty() && (2..=6).contains(&pet.tags.len()));
        let medical = pet.medical_info.as_ref().unwrap();
        let special = pet.tags.iter().any(|tag| tag.name == "Special needs");
        assert_eq!(medical.special_needs, Some(special));
        assert!(
            pet.species != Species::Reptile || (medical.spayed_neutered, medical.vaccinated) == (None, None)
        );
        assert!(pet.status != PetStatus::NotAvailable || medical.health_notes.is_some(), "a reason is given");
        let prices = match pet.species {
            Species::Dog => 4_000..=70_000,
            Species::Cat => 3_000..=40_000,
            Species::Rabbit => 1_000..=12_000,
            Species::Bird | Species::Reptile | Species::Other => 500..=130_000,
        };
        assert!(prices.contains(&pet.price.minor()), "{} {} costs {}", pet.species, pet.name, pet.price);
        let oldest = if pet.species == Species::Dog { 192 } else { 720 };
        assert!((2..=oldest).contains(&pet.age_months));
        assert!(
            pet.created_at.as_ms() >= OPENED_MS
                && pet.created_at <= pet.updated_at
                && pet.updated_at.as_ms() <= CLOSED_MS
        );
    }
    assert!(pets.is_sorted_by_key(|pet| pet.created_at));
    assert!(Size::ALL.iter().all(|size| pets.iter().any(|pet| pet.size == Some(*size))));
    assert!(Gender::ALL.iter().all(|gender| pets.iter().any(|pet| pet.gender == *gender)));
    let distinct = |of: fn(&Pet) -> &str| pets.iter().map(of).collect::<HashSet<_>>().len();
    assert!(distinct(|pet| pet.description.as_deref().unwrap()) == pets.len(), "no description twice");
    assert!(distinct(|pet| pet.breed.as_deref().unwrap()) > 100 && distinct(|pet| &pet.name) > 250);
}

#[test]
fn the_domain_takes_each_as_a_draft() {
    for pet in all() {
        let draft = PetDraft {
            name: Some(pet.name.clone()),
            species: Some(pet.species),
            breed: pet.breed.clone(),
            age_months: Some(pet.age_months.into()),
            size: pet.size,
            color: pet.color.clone(),
            gender: Some(pet.gender),
            good_with_kids: pet.good_with_kids,
            price: Some(pet.price),
            currency: Some(pet.currency),
            description: pet.description.clone(),
            status: Some(pet.status),
            photos: Some(pet.photos.clone()),
            medical_info: pet.medical_info.clone(),
            category: pet.category.clone(),
            tags: Some(pet.tags.clone()),
            merge: None,
        };
        let made = draft.create(pet.id, pet.tenant, pet.created_at).unwrap();
        assert_eq!(Pet { updated_at: pet.updated_at, ..made }, pet);
    }
}
