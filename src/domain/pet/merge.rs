//! What a merge patch (RFC 7396) says beyond new values: members of nested objects, and what goes.

use super::{Gender, Label, MedicalInfo, Pet, PetDraft};
use crate::domain::{Violation, named_enum};

named_enum! {
    /// What null takes away from a pet.
    Clearable {
        Breed => "breed",
        Size => "size",
        Color => "color",
        Gender => "gender",
        GoodWithKids => "goodWithKids",
        Description => "description",
        Photos => "photos",
        MedicalInfo => "medicalInfo",
        SpayedNeutered => "medicalInfo.spayedNeutered",
        Vaccinated => "medicalInfo.vaccinated",
        Microchipped => "medicalInfo.microchipped",
        SpecialNeeds => "medicalInfo.specialNeeds",
        HealthNotes => "medicalInfo.healthNotes",
        Category => "category",
        CategoryId => "category.id",
        Tags => "tags",
    }
}

/// What a merge patch says beyond the new values in the rest of the draft.
#[derive(Clone, Debug, Default)]
pub struct Merge {
    /// What it takes away; a list becomes empty and the gender UNKNOWN.
    pub cleared: Vec<Clearable>,
    /// Members that it sets, when it has any.
    pub medical_info: Option<MedicalInfo>,
    /// Members that it sets, when it has any.
    pub category: Option<LabelDraft>,
}

/// What a caller says of a label.
#[derive(Clone, Debug, Default)]
pub struct LabelDraft {
    pub id: Option<String>,
    pub name: Option<String>,
}

impl PetDraft {
    /// Applies the merge to `pet`, and leaves plain values.
    ///
    /// # Errors
    /// A category without a name.
    pub(super) fn merge_into(&mut self, pet: &mut Pet) -> Result<(), Violation> {
        let Some(Merge { cleared, medical_info, category }) = self.merge.take() else { return Ok(()) };
        if let Some(new) = medical_info {
            let old = pet.medical_info.take().unwrap_or_default();
            self.medical_info = Some(MedicalInfo {
                spayed_neutered: new.spayed_neutered.or(old.spayed_neutered),
                vaccinated: new.vaccinated.or(old.vaccinated),
                microchipped: new.microchipped.or(old.microchipped),
                special_needs: new.special_needs.or(old.special_needs),
                health_notes: new.health_notes.or(old.health_notes),
            });
        }
        if let Some(new) = category {
            let (id, name) = pet.category.take().map_or((None, None), |old| (old.id, Some(old.name)));
            let name = new.name.or(name).ok_or_else(|| Violation::required("category.name"))?;
            self.category = Some(Label { id: new.id.or(id), name });
        }
        for what in cleared {
            self.clear(pet, what);
        }
        Ok(())
    }

    fn clear(&mut self, pet: &mut Pet, what: Clearable) {
        if let Some(category) = self.category.as_mut()
            && what == Clearable::CategoryId
        {
            category.id = None;
        }
        if let Some(medical) = self.medical_info.as_mut() {
            match what {
                Clearable::SpayedNeutered => medical.spayed_neutered = None,
                Clearable::Vaccinated => medical.vaccinated = None,
                Clearable::Microchipped => medical.microchipped = None,
                Clearable::SpecialNeeds => medical.special_needs = None,
                Clearable::HealthNotes => medical.health_notes = None,
                _ => {}
            }
        }
        match what {
            Clearable::Breed => pet.breed = None,
            Clearable::Size => pet.size = None,
            Clearable::Color => pet.color = None,
            Clearable::Gender => pet.gender = Gender::Unknown,
            Clearable::GoodWithKids => pet.good_with_kids = None,
            Clearable::Description => pet.description = None,
            Clearable::Photos => pet.photos.clear(),
            Clearable::MedicalInfo => pet.medical_info = None,
            Clearable::Category => pet.category = None,
            Clearable::Tags => pet.tags.clear(),
            // Members of objects that the draft holds by now.
            Clearable::SpayedNeutered
            | Clearable::Vaccinated
            | Clearable::Microchipped
            | Clearable::SpecialNeeds
            | Clearable::HealthNotes
            | Clearable::CategoryId => {}
        }
    }
}
