//! Collections in pages.

use serde::Serialize;

use crate::domain::page::{Page, PageRequest};

/// A page of a collection with where it stands (contract §1, `GET /pets`).
#[derive(Debug, Serialize)]
pub struct Collection<T> {
    pub data: Vec<T>,
    pub pagination: Pagination,
    pub links: Links,
}

/// A page of what a search found (contract §1, searchPets): a search has a body, so no link leads to its next page.
#[derive(Debug, Serialize)]
pub struct Found<T> {
    pub data: Vec<T>,
    pub pagination: FoundPagination,
}

/// Where a page stands.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    pub page: u32,
    pub limit: u32,
    pub total_items: u64,
    pub total_pages: u64,
}

/// Where a page of a search stands, with what leads to the next one.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundPagination {
    #[serde(flatten)]
    pub pagination: Pagination,
    /// To be sent as `pagination.cursor` with the same criteria and sort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The ways to the other pages; relative references.
#[derive(Clone, Debug, Serialize)]
pub struct Links {
    #[serde(rename = "self")]
    pub this: String,
    pub first: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prev: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub last: String,
}

impl<T> From<&Page<T>> for Pagination {
    fn from(page: &Page<T>) -> Self {
        let PageRequest { page: number, limit, .. } = page.request;
        Self { page: number, limit, total_items: page.total_items, total_pages: page.total_pages() }
    }
}

impl<T> Collection<T> {
    /// `page` as the answer to `path?query`, where `query` is the request's own without `page`, `limit` and `cursor`.
    pub fn new<U>(page: &Page<U>, path: &str, query: &str, encode: impl FnMut(&U) -> T) -> Self {
        let limit = page.request.limit;
        let link = |request: PageRequest| {
            let separator = if query.is_empty() { "" } else { "&" };
            let place = match request.to_cursor() {
                Some(cursor) => format!("cursor={cursor}"),
                None => format!("page={}", request.page),
            };
            format!("{path}?{query}{separator}{place}&limit={limit}")
        };
        Self {
            data: page.items.iter().map(encode).collect(),
            pagination: Pagination::from(page),
            links: Links {
                this: link(page.request),
                first: link(PageRequest::numbered(1, limit)),
                prev: page.previous().map(link),
                next: page.next().map(link),
                last: link(page.last()),
            },
        }
    }
}

impl<T> Found<T> {
    /// `page` as the answer to a search.
    pub fn new<U>(page: &Page<U>, encode: impl FnMut(&U) -> T) -> Self {
        let next_cursor = page.next_by_cursor().and_then(PageRequest::to_cursor);
        Self {
            data: page.items.iter().map(encode).collect(),
            pagination: FoundPagination { pagination: Pagination::from(page), next_cursor },
        }
    }
}

impl Links {
    /// The same links as a `Link` header (RFC 8288).
    pub fn header(&self) -> String {
        let mut links =
            vec![format!("<{}>; rel=\"self\"", self.this), format!("<{}>; rel=\"first\"", self.first)];
        links.extend(self.prev.iter().map(|link| format!("<{link}>; rel=\"prev\"")));
        links.extend(self.next.iter().map(|link| format!("<{link}>; rel=\"next\"")));
        links.push(format!("<{}>; rel=\"last\"", self.last));
        links.join(", ")
    }
}
