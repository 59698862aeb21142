//! Pages of a collection.

use super::Violation;

/// Which part of a collection is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Counted from 1.
    pub page: u32,
    /// Items on a page, 1..=100.
    pub limit: u32,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { page: 1, limit: 20 }
    }
}

impl PageRequest {
    /// The furthest page; further ones are reached by cursor.
    pub const MAX_PAGE: u32 = 1_000_000;

    /// Checks the caller's numbers; what is left out gets its default.
    ///
    /// # Errors
    /// A violation for each number out of its range.
    pub fn new(page: Option<i64>, limit: Option<i64>) -> Result<Self, Vec<Violation>> {
        let mut found = Vec::new();
        let mut check = |field: &str, value: Option<i64>, default: u32, max: u32| {
            let value = value.unwrap_or(i64::from(default));
            u32::try_from(value).ok().filter(|value| (1..=max).contains(value)).unwrap_or_else(|| {
                found.push(Violation::new(
                    field,
                    "out_of_range",
                    format!("must be between 1 and {max}; got {value}"),
                ));
                default
            })
        };
        let page = check("page", page, 1, Self::MAX_PAGE);
        let limit = check("limit", limit, 20, 100);
        if found.is_empty() { Ok(Self { page, limit }) } else { Err(found) }
    }

    /// Items to skip.
    pub fn offset(self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.limit)
    }
}

/// One page of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub request: PageRequest,
    pub total_items: u64,
}

impl<T> Page<T> {
    /// Number of pages, at least 1.
    pub fn total_pages(&self) -> u64 {
        self.total_items.div_ceil(u64::from(self.request.limit)).max(1)
    }
}
