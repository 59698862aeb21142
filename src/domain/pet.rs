//! Pets: what is for sale.

mod filter;
mod merge;

use super::{Amount, Currency, PetId, Tenant, Timestamp, Violation, named_enum};

pub use filter::{MAX_SEARCH, MAX_SEARCH_WORDS, PetFilter, PetSort, PetSortKey, SearchText};
pub use merge::{Clearable, LabelDraft, Merge};

named_enum! {
    /// What kind of animal.
    Species { Dog => "DOG", Cat => "CAT", Rabbit => "RABBIT", Bird => "BIRD", Reptile => "REPTILE", Other => "OTHER" }
}
named_enum! {
    /// Whether the pet can be had.
    PetStatus { Available => "AVAILABLE", Pending => "PENDING", Adopted => "ADOPTED", NotAvailable => "NOT_AVAILABLE" }
}
named_enum! {
    /// How large the pet is or grows.
    Size { Small => "SMALL", Medium => "MEDIUM", Large => "LARGE" }
}
named_enum! {
    /// The pet's sex.
    Gender { Male => "MALE", Female => "FEMALE", Unknown => "UNKNOWN" }
}

/// Longest name, in characters.
pub const MAX_NAME: usize = 50;
/// Longest breed, color, category and tag, in characters.
pub const MAX_SHORT_TEXT: usize = 100;
/// Longest description and health notes, in characters.
pub const MAX_LONG_TEXT: usize = 4000;
/// Longest URI of a photo, in characters.
pub const MAX_PHOTO_URI: usize = 512;
/// Most photos, and most tags, of one pet.
pub const MAX_LIST: usize = 20;
/// The greatest age, in months (200 years: a tortoise).
pub const MAX_AGE_MONTHS: u32 = 2400;

/// What the vet says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MedicalInfo {
    pub spayed_neutered: Option<bool>,
    pub vaccinated: Option<bool>,
    pub microchipped: Option<bool>,
    pub special_needs: Option<bool>,
    pub health_notes: Option<String>,
}

/// A named group or label of pets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub id: Option<String>,
    pub name: String,
}

/// A pet as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pet {
    pub id: PetId,
    pub tenant: Tenant,
    pub name: String,
    pub species: Species,
    pub breed: Option<String>,
    pub age_months: u32,
    pub size: Option<Size>,
    pub color: Option<String>,
    pub gender: Gender,
    pub good_with_kids: Option<bool>,
    pub price: Amount,
    pub currency: Currency,
    pub description: Option<String>,
    pub status: PetStatus,
    pub photos: Vec<String>,
    pub medical_info: Option<MedicalInfo>,
    pub category: Option<Label>,
    pub tags: Vec<Label>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Pet {
    /// Bytes of the texts in it that are free in length.
    pub fn text_bytes(&self) -> usize {
        let labels = self.category.iter().chain(&self.tags);
        let notes = self.medical_info.as_ref().and_then(|medical| medical.health_notes.as_ref());
        let texts = [self.breed.as_ref(), self.color.as_ref(), self.description.as_ref(), notes];
        texts.into_iter().flatten().chain(&self.photos).map(String::len).sum::<usize>()
            + labels.map(|label| label.name.len() + label.id.as_ref().map_or(0, String::len)).sum::<usize>()
    }
}

/// What a caller says of a pet; what is left out keeps its value (or gets the default when the pet is new).
#[derive(Clone, Debug, Default)]
pub struct PetDraft {
    pub name: Option<String>,
    pub species: Option<Species>,
    pub breed: Option<String>,
    pub age_months: Option<i64>,
    pub size: Option<Size>,
    pub color: Option<String>,
    pub gender: Option<Gender>,
    pub good_with_kids: Option<bool>,
    pub price: Option<Amount>,
    pub currency: Option<Currency>,
    pub description: Option<String>,
    pub status: Option<PetStatus>,
    pub photos: Option<Vec<String>>,
    pub medical_info: Option<MedicalInfo>,
    pub category: Option<Label>,
    pub tags: Option<Vec<Label>>,
    /// What a merge patch says beyond these values.
    pub merge: Option<Merge>,
}

impl PetDraft {
    /// A new pet from this draft.
    ///
    /// # Errors
    /// Every violation: missing `name`, `species`, `ageMonths` or `price`, and every value out of its range.
    pub fn create(self, id: PetId, tenant: Tenant, now: Timestamp) -> Result<Pet, Vec<Violation>> {
        let mut violations = Vec::new();
        for (field, missing) in [
            ("name", self.name.is_none()),
            ("species", self.species.is_none()),
            ("ageMonths", self.age_months.is_none()),
            ("price", self.price.is_none()),
        ] {
            if missing {
                violations.push(Violation::required(field));
            }
        }
        let blank = Pet {
            id,
            tenant,
            name: "-".into(),
            species: Species::Other,
            breed: None,
            age_months: 0,
            size: None,
            color: None,
            gender: Gender::Unknown,
            good_with_kids: None,
            price: Amount::from_minor(0),
            currency: Currency::Usd,
            description: None,
            status: PetStatus::Available,
            photos: Vec::new(),
            medical_info: None,
            category: None,
            tags: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        match self.apply(&blank, now) {
            Ok(pet) if violations.is_empty() => Ok(pet),
            Ok(_) => Err(violations),
            Err(more) => {
                violations.extend(more);
                Err(violations)
            }
        }
    }

    /// `pet` with the values of this draft in place of its own.
    ///
    /// # Errors
    /// Every value that is out of its range.
    pub fn apply(mut self, pet: &Pet, now: Timestamp) -> Result<Pet, Vec<Violation>> {
        let mut next = pet.clone();
        let merged = self.merge_into(&mut next);
        let mut violations = self.violations();
        violations.extend(merged.err());
        if !violations.is_empty() {
            return Err(violations);
        }
        macro_rules! take { ($($field:ident),+) => { $(if let Some(value) = self.$field { next.$field = value; })+ } }
        macro_rules! take_optional {
            ($($field:ident),+) => { $(if let Some(value) = self.$field { next.$field = Some(value); })+ }
        }
        take!(name, species, gender, price, currency, status, photos, tags);
        take_optional!(breed, size, color, good_with_kids, description, medical_info, category);
        if let Some(age) = self.age_months {
            next.age_months = u32::try_from(age).unwrap_or(0);
        }
        next.updated_at = now;
        Ok(next)
    }

    fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut text = |field: &str, value: Option<&String>, min: usize, max: usize| {
            if let Some(value) = value {
                found.extend(check_text(field, value, min, max));
            }
        };
        text("name", self.name.as_ref(), 1, MAX_NAME);
        text("breed", self.breed.as_ref(), 0, MAX_SHORT_TEXT);
        text("color", self.color.as_ref(), 0, MAX_SHORT_TEXT);
        text("description", self.description.as_ref(), 0, MAX_LONG_TEXT);
        text(
            "medicalInfo.healthNotes",
            self.medical_info.as_ref().and_then(|medical| medical.health_notes.as_ref()),
            0,
            MAX_LONG_TEXT,
        );
        text("category.name", self.category.as_ref().map(|label| &label.name), 1, MAX_SHORT_TEXT);
        text("category.id", self.category.as_ref().and_then(|label| label.id.as_ref()), 1, MAX_SHORT_TEXT);
        for (index, tag) in self.tags.iter().flatten().take(MAX_LIST).enumerate() {
            text(&format!("tags[{index}].name"), Some(&tag.name), 1, MAX_SHORT_TEXT);
            text(&format!("tags[{index}].id"), tag.id.as_ref(), 1, MAX_SHORT_TEXT);
        }
        for (index, photo) in self.photos.iter().flatten().take(MAX_LIST).enumerate() {
            text(&format!("photos[{index}]"), Some(photo), 1, MAX_PHOTO_URI);
        }
        for (index, photo) in self.photos.iter().flatten().take(MAX_LIST).enumerate() {
            let known = ["https://", "http://", "/v1/"].iter().any(|start| photo.starts_with(start));
            if !known || photo.chars().any(char::is_whitespace) {
                let message = "must be an absolute http:// or https:// URI, or a path of this server";
                found.push(Violation::new(format!("photos[{index}]"), "invalid_uri", message));
            }
        }
        for (field, count) in [
            ("tags", self.tags.as_ref().map_or(0, Vec::len)),
            ("photos", self.photos.as_ref().map_or(0, Vec::len)),
        ] {
            if count > MAX_LIST {
                found.push(Violation::new(field, "too_many", format!("must have at most {MAX_LIST} items")));
            }
        }
        if self.age_months.is_some_and(|age| !(0..=i64::from(MAX_AGE_MONTHS)).contains(&age)) {
            found.push(Violation::new(
                "ageMonths",
                "out_of_range",
                format!("must be between 0 and {MAX_AGE_MONTHS}"),
            ));
        }
        found
    }
}

/// The breach when `value` is not `min` to `max` characters long or has control characters in it.
pub fn check_text(field: &str, value: &str, min: usize, max: usize) -> Option<Violation> {
    let length = value.chars().count();
    if length < min || length > max {
        return Some(Violation::new(
            field,
            "length",
            format!("must be {min} to {max} characters long; it has {length}"),
        ));
    }
    if min > 0 && value.trim().is_empty() {
        return Some(Violation::new(field, "blank", "must not be blank"));
    }
    value
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        .then(|| Violation::new(field, "control_character", "must not contain control characters"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_pet_needs_four_fields_and_names_each_breach() {
        let draft = PetDraft { name: Some("x".repeat(51)), age_months: Some(-1), ..PetDraft::default() };
        let violations =
            draft.create(PetId(uuid::Uuid::nil()), Tenant::PUBLIC, Timestamp::from_ms(0)).unwrap_err();
        let fields: Vec<&str> = violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["species", "price", "name", "ageMonths"]);
    }
}
