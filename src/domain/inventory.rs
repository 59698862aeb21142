//! How many pets there are.

use super::{PetStatus, Species, Timestamp};

/// Numbers of pets by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub available: u64,
    pub pending: u64,
    pub adopted: u64,
    pub not_available: u64,
}

impl Counts {
    /// The number of a status, to read or to change.
    pub fn of(&mut self, status: PetStatus) -> &mut u64 {
        match status {
            PetStatus::Available => &mut self.available,
            PetStatus::Pending => &mut self.pending,
            PetStatus::Adopted => &mut self.adopted,
            PetStatus::NotAvailable => &mut self.not_available,
        }
    }

    /// All of them.
    pub const fn total(&self) -> u64 {
        self.available + self.pending + self.adopted + self.not_available
    }
}

/// The stock of one species.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpeciesStock {
    pub species: Species,
    pub counts: Counts,
    pub updated_at: Timestamp,
}
