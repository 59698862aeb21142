//! Pages of a collection.

use async_graphql::SimpleObject;

use super::order::Order;
use super::pet::Pet;
use crate::domain::page::{Page, PageRequest};

/// Where a page stands in its collection.
#[derive(SimpleObject)]
pub struct Pagination {
    /// This page, counted from 1.
    page: u32,
    /// Most items on a page.
    limit: u32,
    /// Items on all pages.
    total_items: i32,
    /// Number of pages, at least 1.
    total_pages: i32,
}

impl Pagination {
    fn of<T>(page: &Page<T>) -> Self {
        let PageRequest { page: number, limit } = page.request;
        // GraphQL's Int has 32 bits.
        let int = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
        Self { page: number, limit, total_items: int(page.total_items), total_pages: int(page.total_pages()) }
    }
}

/// A page of pets.
#[derive(SimpleObject)]
pub struct PetPage {
    /// The pets on this page.
    data: Vec<Pet>,
    /// Where the page stands.
    pagination: Pagination,
}

impl From<Page<crate::domain::Pet>> for PetPage {
    fn from(page: Page<crate::domain::Pet>) -> Self {
        let pagination = Pagination::of(&page);
        Self { data: page.items.into_iter().map(Into::into).collect(), pagination }
    }
}

/// A page of orders.
#[derive(SimpleObject)]
pub struct OrderPage {
    /// The orders on this page.
    data: Vec<Order>,
    /// Where the page stands.
    pagination: Pagination,
}

impl From<Page<crate::domain::Order>> for OrderPage {
    fn from(page: Page<crate::domain::Order>) -> Self {
        let pagination = Pagination::of(&page);
        Self { data: page.items.into_iter().map(Into::into).collect(), pagination }
    }
}
