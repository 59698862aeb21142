//! The body of patchPet: a merge patch (RFC 7396), in which null takes a value away.

use serde::{Deserialize, Deserializer};

use super::Violations;
use super::json::{Object, Whole};
use super::pet::{NamedLabel, PetInput};
use crate::domain::pet::{Clearable, LabelDraft, MedicalInfo, Merge, PetDraft};
use crate::domain::{Error, Violation};

/// Left out, null, or a value.
type Member<T> = Option<Option<T>>;

/// What is there, be it null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(reader: D) -> Result<Member<T>, D::Error> {
    Option::deserialize(reader).map(Some)
}

macro_rules! members {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $(#[serde(default, deserialize_with = "given")] pub $field: Member<$type>),+ }
    };
}

members! {
    /// What is to change of a pet.
    PetPatch {
        name: String,
        species: String,
        breed: String,
        age_months: Whole,
        size: String,
        color: String,
        gender: String,
        good_with_kids: bool,
        price: String,
        currency: String,
        description: String,
        status: String,
        photos: Vec<String>,
        medical_info: Object<MedicalPatch>,
        category: Object<LabelPatch>,
        tags: Vec<Object<NamedLabel>>,
    }
}
members! {
    /// What is to change of what the vet says.
    MedicalPatch {
        spayed_neutered: bool,
        vaccinated: bool,
        microchipped: bool,
        special_needs: bool,
        health_notes: String,
    }
}
members! {
    /// What is to change of a category.
    LabelPatch { id: String, name: String }
}

/// What a patch takes away, and what it must not.
#[derive(Default)]
struct Nulls {
    cleared: Vec<Clearable>,
    refused: Violations,
}

impl Nulls {
    /// The value; a null takes `what` away.
    fn value<T>(&mut self, member: Member<T>, what: Clearable) -> Option<T> {
        if matches!(member, Some(None)) {
            self.cleared.push(what);
        }
        member.flatten()
    }

    /// The value of a member that every pet has.
    fn needed<T>(&mut self, member: Member<T>, field: &str) -> Option<T> {
        if matches!(member, Some(None)) {
            let violation = Violation::new(field, "required", "is required and cannot be taken away");
            self.refused.take::<()>(Err(violation));
        }
        member.flatten()
    }

    fn medical(&mut self, patch: MedicalPatch) -> MedicalInfo {
        MedicalInfo {
            spayed_neutered: self.value(patch.spayed_neutered, Clearable::SpayedNeutered),
            vaccinated: self.value(patch.vaccinated, Clearable::Vaccinated),
            microchipped: self.value(patch.microchipped, Clearable::Microchipped),
            special_needs: self.value(patch.special_needs, Clearable::SpecialNeeds),
            health_notes: self.value(patch.health_notes, Clearable::HealthNotes),
        }
    }

    fn category(&mut self, patch: LabelPatch) -> LabelDraft {
        LabelDraft {
            id: self.value(patch.id, Clearable::CategoryId),
            name: self.needed(patch.name, "category.name"),
        }
    }
}

impl PetPatch {
    /// The draft that it describes.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a null where a pet needs a value; as [`PetInput::into_draft`].
    pub fn into_draft(self) -> Result<PetDraft, Error> {
        let mut nulls = Nulls::default();
        let input = PetInput {
            name: nulls.needed(self.name, "name"),
            species: nulls.needed(self.species, "species"),
            breed: nulls.value(self.breed, Clearable::Breed),
            age_months: nulls.needed(self.age_months, "ageMonths"),
            size: nulls.value(self.size, Clearable::Size),
            color: nulls.value(self.color, Clearable::Color),
            gender: nulls.value(self.gender, Clearable::Gender),
            good_with_kids: nulls.value(self.good_with_kids, Clearable::GoodWithKids),
            price: nulls.needed(self.price, "price"),
            currency: nulls.needed(self.currency, "currency"),
            description: nulls.value(self.description, Clearable::Description),
            status: nulls.needed(self.status, "status"),
            photos: nulls.value(self.photos, Clearable::Photos),
            medical_info: None,
            category: None,
            tags: nulls.value(self.tags, Clearable::Tags),
        };
        let medical_info = nulls.value(self.medical_info, Clearable::MedicalInfo);
        let medical_info = medical_info.map(|Object(patch)| nulls.medical(patch));
        let category = nulls.value(self.category, Clearable::Category);
        let category = category.map(|Object(patch)| nulls.category(patch));
        let Nulls { cleared, refused } = nulls;
        let draft = refused.finish(input)?.into_draft()?;
        Ok(PetDraft { merge: Some(Merge { cleared, medical_info, category }), ..draft })
    }
}
