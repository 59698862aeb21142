//! What the tables of animals are made of.

use crate::domain::Species;
use crate::domain::pet::Size;

/// Animals that are cared for, and spoken of, in the same way; finer than a species.
pub(super) struct Kind {
    pub species: Species,
    /// The tag of a young one.
    pub young: &'static str,
    /// The youngest that is given away, in months.
    pub weaned: u32,
    /// Of a hundred, those whose sex nobody has told yet.
    pub unsexed: u32,
    /// Of a hundred grown ones; nothing where it is not done.
    pub neutered: Option<u32>,
    /// Of a hundred; nothing where it is not done.
    pub vaccinated: Option<u32>,
    /// Of a hundred; nothing where it is not done.
    pub chipped: Option<u32>,
    pub female_names: &'static [&'static str],
    pub male_names: &'static [&'static str],
    pub breeds: &'static [Breed],
    pub phrases: Phrases,
}

/// A breed, or what stands in its place for a kind that has none.
pub(super) struct Breed {
    pub name: &'static str,
    pub category: &'static str,
    pub size: Size,
    /// How often it is seen, against the others of the species.
    pub weight: usize,
    /// Age at which it is grown up, in months.
    pub grown: u32,
    /// The greatest age that the store has seen, in months.
    pub oldest: u32,
    /// Of a grown one in good health, in whole dollars.
    pub price: u32,
    /// Of a hundred, those that are good with children.
    pub kids: u32,
    pub colors: &'static [&'static str],
}

/// A tag and the sentence that tells it.
pub(super) type Trait = (&'static str, &'static str);

/// Sentences of which a description is put together. `{name}`, `{breed}`, `{color}`, `{tone}` (the color, before
/// a noun), `{a_tone}`, `{an_age}`, `{boy}`, `{he}`, `{him}`, `{his}`, `{himself}`, `{He}`, `{His}` stand for what fits
/// the animal. They say nothing of whether it
/// can be had, since that changes.
pub(super) struct Phrases {
    /// Who it is.
    pub openings: &'static [&'static str],
    /// Where it comes from, when it is young.
    pub young_pasts: &'static [&'static str],
    /// Where it comes from, when it is grown.
    pub grown_pasts: &'static [&'static str],
    /// Where it comes from, when it is old.
    pub old_pasts: &'static [&'static str],
    /// How it spends the day.
    pub ways: &'static [Trait],
    /// How it is with others.
    pub bonds: &'static [Trait],
    /// What a grown one has learnt; may be empty.
    pub skills: &'static [Trait],
    /// What home it needs.
    pub homes: &'static [&'static str],
    pub good_with_kids: &'static [&'static str],
    pub not_with_kids: &'static [&'static str],
    /// Lasting conditions: the note of the vet, and the sentence for the reader.
    pub conditions: &'static [(&'static str, &'static str)],
    /// Notes of the vet about a healthy one.
    pub notes: &'static [&'static str],
    /// Why one is not to be had yet.
    pub holds: &'static [&'static str],
}

/// A table of breeds, by category; `weight` is that of each breed in it.
macro_rules! breeds {
    ($($category:literal, weight $weight:literal {
        $($size:ident $name:literal: grown $grown:literal, oldest $oldest:literal, price $price:literal,
          kids $kids:literal, [$($color:literal),+];)+
    })+) => {
        &[$($($crate::seed::pets::kind::Breed {
            name: $name,
            category: $category,
            size: $crate::domain::pet::Size::$size,
            weight: $weight,
            grown: $grown,
            oldest: $oldest,
            price: $price,
            kids: $kids,
            colors: &[$($color),+],
        }),+),+]
    };
}
pub(super) use breeds;
