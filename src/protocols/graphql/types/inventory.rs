//! How many pets there are.

use async_graphql::SimpleObject;

use super::enums::Species;
use super::scalars::DateTime;
use crate::domain::Timestamp;
use crate::domain::inventory::{Counts, SpeciesStock};

/// The stock of the whole store.
#[derive(SimpleObject)]
pub struct Inventory {
    /// Pets that can be ordered.
    available: u64,
    /// Pets that are ordered and not yet paid.
    pending: u64,
    /// Pets that have a home.
    adopted: u64,
    /// Pets that are not for sale now.
    not_available: u64,
    /// All of them.
    total: u64,
    /// The same for each species of which there is a pet.
    by_species: Vec<Stock>,
    /// When it last changed; the beginning of time when there never was a pet.
    updated_at: DateTime,
}

/// The stock of one species.
#[derive(Clone, SimpleObject)]
pub struct Stock {
    /// The species.
    species: Species,
    /// Pets that can be ordered.
    available: u64,
    /// Pets that are ordered and not yet paid.
    pending: u64,
    /// Pets that have a home.
    adopted: u64,
    /// Pets that are not for sale now.
    not_available: u64,
    /// All of them.
    total: u64,
    /// When it last changed.
    updated_at: DateTime,
}

impl From<&SpeciesStock> for Stock {
    fn from(stock: &SpeciesStock) -> Self {
        let Counts { available, pending, adopted, not_available } = stock.counts;
        let total = stock.counts.total();
        Self {
            species: stock.species.into(),
            available,
            pending,
            adopted,
            not_available,
            total,
            updated_at: stock.updated_at.into(),
        }
    }
}

impl From<&[SpeciesStock]> for Inventory {
    fn from(stocks: &[SpeciesStock]) -> Self {
        let sum = |of: fn(&Counts) -> u64| stocks.iter().map(|stock| of(&stock.counts)).sum();
        let newest = stocks.iter().map(|stock| stock.updated_at).max();
        Self {
            available: sum(|counts| counts.available),
            pending: sum(|counts| counts.pending),
            adopted: sum(|counts| counts.adopted),
            not_available: sum(|counts| counts.not_available),
            total: sum(Counts::total),
            by_species: stocks.iter().filter(|stock| stock.counts.total() > 0).map(Into::into).collect(),
            updated_at: newest.unwrap_or(Timestamp::from_ms(0)).into(),
        }
    }
}
