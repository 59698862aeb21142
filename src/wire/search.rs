//! The body of searchPets (contract §1). Enum values are taken in any letter case, here only.

use serde::Deserialize;

use super::Violations;
use super::json::{Object, Whole};
use crate::domain::page::PageRequest;
use crate::domain::pet::{MAX_AGE_MONTHS, PetFilter, PetSort, PetSortKey, SearchText, Size};
use crate::domain::{Error, PetStatus, Species, Violation};

/// Most values of one list of criteria.
const MAX_VALUES: usize = 20;

/// What to search for; what is left out lets all through.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchInput {
    pub criteria: Option<Object<Criteria>>,
    pub sort: Option<Object<SortInput>>,
    pub pagination: Option<Object<PaginationInput>>,
}

/// What a pet must be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Criteria {
    pub species: Option<Vec<String>>,
    pub status: Option<Vec<String>>,
    pub age_range: Option<Object<AgeRange>>,
    pub size: Option<Vec<String>>,
    pub compatibility: Option<Object<Compatibility>>,
    pub medical: Option<Object<Medical>>,
    pub text: Option<String>,
}

/// Months, inclusive.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeRange {
    pub min: Option<Whole>,
    pub max: Option<Whole>,
}

/// Whom it gets on with.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Compatibility {
    pub good_with_kids: Option<bool>,
    pub good_with_dogs: Option<bool>,
    pub good_with_cats: Option<bool>,
}

/// What the vet must have said.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Medical {
    pub vaccinated: Option<bool>,
    pub spayed_neutered: Option<bool>,
    pub special_needs: Option<bool>,
}

/// By what the pets are ordered; ascending when `order` is left out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SortInput {
    pub field: String,
    pub order: Option<String>,
}

/// Which page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaginationInput {
    pub page: Option<Whole>,
    pub limit: Option<Whole>,
    /// The `nextCursor` of the page before, in place of `page`.
    pub cursor: Option<String>,
}

impl SearchInput {
    /// The filter and the page that it describes.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub fn read(self) -> Result<(PetFilter, PageRequest), Error> {
        let mut found = Violations::default();
        let Object(criteria) = self.criteria.unwrap_or_default();
        let Object(ages) = criteria.age_range.unwrap_or_default();
        let Object(compatibility) = criteria.compatibility.unwrap_or_default();
        let Object(medical) = criteria.medical.unwrap_or_default();
        let text = criteria.text.map(|text| SearchText::parse("criteria.text", &text));
        let filter = PetFilter {
            species: any_of(&mut found, "criteria.species", criteria.species, Species::parse),
            status: any_of(&mut found, "criteria.status", criteria.status, PetStatus::parse),
            size: any_of(&mut found, "criteria.size", criteria.size, Size::parse),
            age_min: age(&mut found, "criteria.ageRange.min", ages.min),
            age_max: age(&mut found, "criteria.ageRange.max", ages.max),
            good_with_kids: compatibility.good_with_kids,
            good_with_dogs: compatibility.good_with_dogs,
            good_with_cats: compatibility.good_with_cats,
            vaccinated: medical.vaccinated,
            spayed_neutered: medical.spayed_neutered,
            special_needs: medical.special_needs,
            text: text.and_then(|text| found.take(text)).flatten(),
            sort: self.sort.and_then(|Object(sort)| found.take(sort.read())),
        };
        let Object(PaginationInput { page, limit, cursor }) = self.pagination.unwrap_or_default();
        let request =
            PageRequest::new(whole(page), whole(limit), cursor.as_deref()).unwrap_or_else(|violations| {
                for violation in violations {
                    let field = format!("pagination.{}", violation.field);
                    found.take::<()>(Err(Violation { field, ..violation }));
                }
                PageRequest::default()
            });
        found.finish((filter, request))
    }
}

impl SortInput {
    fn read(&self) -> Result<PetSort, Violation> {
        let key = PetSortKey::ALL.iter().find(|key| key.name().eq_ignore_ascii_case(&self.field));
        let names: Vec<&str> = PetSortKey::ALL.iter().map(|key| key.name()).collect();
        let key = key.copied().ok_or_else(|| Violation::one_of("sort.field", &self.field, &names))?;
        let descending = match self.order.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => {
                let given = self.order.as_deref().unwrap_or_default();
                return Err(Violation::one_of("sort.order", given, &["asc", "desc"]));
            }
        };
        Ok(PetSort { key, descending })
    }
}

/// The values of a list, each once; an empty list lets all through.
fn any_of<T: PartialEq>(
    found: &mut Violations,
    field: &str,
    names: Option<Vec<String>>,
    parse: fn(&str, &str) -> Result<T, Violation>,
) -> Vec<T> {
    let names = names.unwrap_or_default();
    if names.len() > MAX_VALUES {
        let message = format!("must have at most {MAX_VALUES} items");
        found.take::<()>(Err(Violation::new(field, "too_many", message)));
    }
    let mut values = Vec::new();
    for (index, name) in names.iter().take(MAX_VALUES).enumerate() {
        let field = format!("{field}[{index}]");
        // The value as it was given is what a refusal shows.
        let value = parse(&field, &name.to_ascii_uppercase()).or_else(|_| parse(&field, name));
        values.extend(found.take(value).filter(|value| !values.contains(value)));
    }
    values
}

fn whole(number: Option<Whole>) -> Option<i64> {
    number.map(|Whole(number)| number)
}

fn age(found: &mut Violations, field: &str, months: Option<Whole>) -> Option<u32> {
    let Whole(months) = months?;
    let allowed = u32::try_from(months).ok().filter(|months| *months <= MAX_AGE_MONTHS);
    found.take(allowed.ok_or_else(|| {
        let message = format!("must be between 0 and {MAX_AGE_MONTHS}; got {months}");
        Violation::new(field, "out_of_range", message)
    }))
}
