//! Which pets a list shows, and in what order.

use super::{PetStatus, Size, Species};
use crate::domain::{Violation, named_enum};

named_enum! {
    /// What a list of pets can be ordered by.
    PetSortKey { CreatedAt => "createdAt", AgeMonths => "ageMonths", Price => "price" }
}

/// The order of a list of pets; those with the same value come in the same direction by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PetSort {
    pub key: PetSortKey,
    pub descending: bool,
}

impl PetSort {
    /// Newest first.
    pub const NEWEST: Self = Self { key: PetSortKey::CreatedAt, descending: true };

    /// Reads the name of a field, with `-` before it for descending.
    ///
    /// # Errors
    /// A violation of `field` that lists what is allowed.
    pub fn parse(field: &str, text: &str) -> Result<Self, Violation> {
        let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        match PetSortKey::from_name(name) {
            Some(key) => Ok(Self { key, descending }),
            None => {
                let allowed = ["createdAt", "-createdAt", "ageMonths", "-ageMonths", "price", "-price"];
                Err(Violation::one_of(field, text, &allowed))
            }
        }
    }
}

/// Longest text to search for, in characters.
pub const MAX_SEARCH: usize = 200;
/// Most words of it.
pub const MAX_SEARCH_WORDS: usize = 20;

/// What to search for: words that all occur in the name, breed, description or tags of a pet, the last one perhaps cut
/// short.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SearchText(Vec<String>);

impl SearchText {
    /// The words of `text`; nothing when it is blank. What is neither letter nor digit stands between words and has no
    /// meaning, so a text of such alone has no word, and nothing is found by it.
    ///
    /// # Errors
    /// A violation of `field` when it is too long.
    pub fn parse(field: &str, text: &str) -> Result<Option<Self>, Violation> {
        let length = text.chars().count();
        if length > MAX_SEARCH {
            let message = format!("must be at most {MAX_SEARCH} characters long; it has {length}");
            return Err(Violation::new(field, "length", message));
        }
        if text.trim().is_empty() {
            return Ok(None);
        }
        // A letter may be written as a base and a mark.
        let is_part = |c: char| c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c);
        let words: Vec<String> = text
            .split(|c| !is_part(c))
            .filter(|word| word.chars().any(char::is_alphanumeric))
            .map(str::to_owned)
            .collect();
        if words.len() > MAX_SEARCH_WORDS {
            let message = format!("must have at most {MAX_SEARCH_WORDS} words; it has {}", words.len());
            return Err(Violation::new(field, "too_many", message));
        }
        Ok(Some(Self(words)))
    }

    /// The words, in their order.
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

/// Which pets a list shows; what is empty or left out lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PetFilter {
    /// Any of these.
    pub species: Vec<Species>,
    /// Any of these.
    pub status: Vec<PetStatus>,
    /// Any of these.
    pub size: Vec<Size>,
    /// Months, inclusive.
    pub age_min: Option<u32>,
    /// Months, inclusive.
    pub age_max: Option<u32>,
    pub good_with_kids: Option<bool>,
    /// Whether it has the tag "Good with dogs".
    pub good_with_dogs: Option<bool>,
    /// Whether it has the tag "Good with cats".
    pub good_with_cats: Option<bool>,
    pub vaccinated: Option<bool>,
    pub spayed_neutered: Option<bool>,
    pub special_needs: Option<bool>,
    pub text: Option<SearchText>,
    /// The most relevant first when it is left out beside a text, else the newest.
    pub sort: Option<PetSort>,
}

impl PetFilter {
    /// Whether it looks at nothing but species and status.
    pub fn is_of_stock(&self) -> bool {
        let Self { species, status, .. } = self;
        let stock = Self { species: species.clone(), status: status.clone(), ..Self::default() };
        *self == Self { sort: self.sort, ..stock }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_letter_parts_words() {
        let words = |text: &str| SearchText::parse("q", text).unwrap().map(|text| text.0);
        assert_eq!(words(" \t"), None);
        assert_eq!(words("\"*-^:()\0"), Some(vec![]));
        assert_eq!(words("name:rex* OR \"x"), Some(["name", "rex", "OR", "x"].map(String::from).to_vec()));
        assert_eq!(words("cafe\u{301} 猫"), Some(vec!["cafe\u{301}".to_owned(), "猫".to_owned()]));
        assert!(SearchText::parse("q", &"x".repeat(201)).is_err());
        assert!(SearchText::parse("q", &"x ".repeat(30)).is_err());
    }
}
