//! Collections in pages.

use serde::Serialize;

use crate::domain::page::Page;

/// A page of a collection with where it stands (contract §1, `GET /pets`).
#[derive(Debug, Serialize)]
pub struct Collection<T> {
    pub data: Vec<T>,
    pub pagination: Pagination,
    pub links: Links,
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

impl<T> Collection<T> {
    /// `page` as the answer to `path?query`, where `query` is the request's own without `page` and `limit`.
    pub fn new<U>(page: &Page<U>, path: &str, query: &str, encode: impl FnMut(&U) -> T) -> Self {
        let limit = page.request.limit;
        let link = |number: u64| {
            let separator = if query.is_empty() { "" } else { "&" };
            format!("{path}?{query}{separator}page={number}&limit={limit}")
        };
        let (current, last) = (u64::from(page.request.page), page.total_pages());
        Self {
            data: page.items.iter().map(encode).collect(),
            pagination: Pagination {
                page: page.request.page,
                limit,
                total_items: page.total_items,
                total_pages: last,
            },
            links: Links {
                this: link(current),
                first: link(1),
                prev: (current > 1).then(|| link((current - 1).min(last))),
                next: (current < last).then(|| link(current + 1)),
                last: link(last),
            },
        }
    }
}

impl Links {
    /// The same links as a `Link` header (RFC 8288).
    pub fn header(&self) -> String {
        let mut links = vec![format!("<{}>; rel=\"first\"", self.first)];
        links.extend(self.prev.iter().map(|link| format!("<{link}>; rel=\"prev\"")));
        links.extend(self.next.iter().map(|link| format!("<{link}>; rel=\"next\"")));
        links.push(format!("<{}>; rel=\"last\"", self.last));
        links.join(", ")
    }
}
