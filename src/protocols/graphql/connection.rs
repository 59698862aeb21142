//! Connections: pages of a list by cursor, as the GraphQL Cursor Connections Specification (Relay) has them, over the same
//! pages that REST has ([`crate::domain::page`]).

use async_graphql::OutputType;

use super::inputs::filters::Violations;
use crate::domain::page::{Anchor, Page, PageRequest, Place};
use crate::domain::{Error, Result, Violation};

/// Which part of a list is asked for.
pub struct Part {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

impl Part {
    /// The page that it is: the first so many after a cursor, or the last so many before one; 20 when no number is given.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation: numbers out of their range, what is no cursor, and both directions at once.
    pub fn page(self) -> Result<PageRequest> {
        let Self { first, after, last, before } = self;
        let mut found = Vec::new();
        let mut count = |field: &str, given: Option<i32>| {
            let allowed = given.map(|given| u32::try_from(given).ok().filter(|n| (0..=100).contains(n)));
            if let (Some(None), Some(given)) = (allowed, given) {
                let message = format!("must be between 0 and 100; got {given}");
                found.push(Violation::new(field, "out_of_range", message));
            }
            allowed.flatten()
        };
        let (first, last) = (count("first", first), count("last", last));
        let backwards = last.is_some() || before.is_some();
        if backwards && (first.is_some() || after.is_some()) {
            let message = "and `after` go together, and so do `last` and `before`";
            found.push(Violation::new("first", "conflict", message));
        }
        let limit = first.or(last).unwrap_or(20);
        let (field, cursor) = if backwards { ("before", before) } else { ("after", after) };
        let place = cursor.map(|cursor| place(field, &cursor, backwards)).transpose();
        let place = place.map_err(|violation| found.push(violation)).ok().flatten();
        match place {
            _ if !found.is_empty() => Err(Error::Invalid(found)),
            None if backwards => Ok(PageRequest::tail(limit)),
            place => Ok(PageRequest { page: 1, limit, place }),
        }
    }
}

/// A page by its number.
///
/// # Errors
/// [`Error::Invalid`] with what was found before and what is wrong with the numbers.
pub fn numbered(page: Option<i32>, limit: Option<i32>, found: Violations) -> Result<PageRequest> {
    match PageRequest::new(page.map(Into::into), limit.map(Into::into), None) {
        Ok(request) => found.finish(request),
        Err(more) => found.refuse(more),
    }
}

/// The place that the cursor of an item means: what follows it, or what comes before it.
fn place(field: &str, cursor: &str, backwards: bool) -> Result<Place, Violation> {
    let known = PageRequest::new(None, None, Some(cursor)).ok().and_then(|request| request.place);
    let from = match known.map(|place| place.from) {
        Some(Anchor::After(key)) if backwards => Some(Anchor::Before(key)),
        Some(Anchor::Skip(items)) if backwards => Some(Anchor::Until(items.saturating_sub(1))),
        Some(from @ (Anchor::After(_) | Anchor::Skip(_))) => Some(from),
        _ => None,
    };
    let list = known.map(|place| place.list);
    from.zip(list).map(|(from, list)| Place { list, from }).ok_or_else(|| {
        Violation::new(field, "invalid_cursor", "must be a cursor that this store gave out, unchanged")
    })
}

/// A page with the cursor of each of its items.
pub struct Paged<T> {
    pub items: Vec<(String, T)>,
    pub has_previous: bool,
    pub has_next: bool,
    pub total: i64,
}

impl<T> Paged<T> {
    /// Of a page of the store, each item made by `item`.
    pub fn of<D>(page: Page<D>, item: impl Fn(D) -> T) -> Self
    where
        T: OutputType,
    {
        let total = page.total_items.cast_signed();
        // A page of nothing from the beginning has no item that the next one could begin after.
        let only_counted = page.request.limit == 0 && page.request.place.is_none() && total > 0;
        let (has_previous, has_next) = (page.before.is_some(), page.after.is_some() || only_counted);
        let cursors = page.anchors.into_iter().map(|anchor| PageRequest::cursor_of(page.list, anchor));
        let items = cursors.zip(page.items);
        let items = items.map(|(cursor, found)| (cursor.unwrap_or_default(), item(found))).collect();
        Self { items, has_previous, has_next, total }
    }
}

/// Declares the connection of a type, and its edge.
macro_rules! connections {
    ($($connection:ident, $edge:ident: $node:ty = $what:literal;)+) => {$(
        #[doc = concat!("A page of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $connection {
            /// The items with their cursors.
            edges: Vec<$edge>,
            /// Whether there is more, and where it begins.
            page_info: async_graphql::connection::PageInfo,
            /// How many there are on all pages together.
            total_count: i64,
        }

        #[doc = concat!("One of ", $what, " with its place among them.")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $edge {
            /// Its place: give it back as `after` or `before`.
            cursor: String,
            /// The item.
            node: $node,
        }

        impl<D: Into<$node>> From<crate::domain::page::Page<D>> for $connection {
            fn from(page: crate::domain::page::Page<D>) -> Self {
                let page = crate::protocols::graphql::connection::Paged::of(page, Into::into);
                let cursor = |at: Option<&(String, $node)>| at.map(|(cursor, _)| cursor.clone());
                let page_info = async_graphql::connection::PageInfo {
                    has_previous_page: page.has_previous,
                    has_next_page: page.has_next,
                    start_cursor: cursor(page.items.first()),
                    end_cursor: cursor(page.items.last()),
                };
                let edges = page.items.into_iter().map(|(cursor, node)| $edge { cursor, node }).collect();
                Self { edges, page_info, total_count: page.total }
            }
        }
    )+};
}
pub(super) use connections;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::page::Key;

    fn part(first: Option<i32>, after: Option<&str>, last: Option<i32>, before: Option<&str>) -> Part {
        let text = |cursor: Option<&str>| cursor.map(str::to_owned);
        Part { first, after: text(after), last, before: text(before) }
    }

    #[test]
    fn a_part_has_one_direction() {
        let key = Key { value: 7, id: uuid::Uuid::from_u128(9) };
        let cursor = PageRequest::cursor_of(5, Anchor::After(key)).unwrap();
        let page = part(Some(3), Some(&cursor), None, None).page().unwrap();
        assert_eq!((page.limit, page.place), (3, Some(Place { list: 5, from: Anchor::After(key) })));
        let page = part(None, None, Some(2), Some(&cursor)).page().unwrap();
        assert_eq!((page.limit, page.place), (2, Some(Place { list: 5, from: Anchor::Before(key) })));
        assert_eq!(part(None, None, Some(2), None).page().unwrap(), PageRequest::tail(2));
        let ranked = PageRequest::cursor_of(5, Anchor::Skip(4)).unwrap();
        let page = part(None, None, None, Some(&ranked)).page().unwrap();
        assert_eq!(page.place, Some(Place { list: 5, from: Anchor::Until(3) }));
        for bad in [
            part(Some(101), None, None, None),
            part(None, None, Some(-1), None),
            part(Some(1), None, Some(1), None),
            part(Some(1), None, None, Some(&cursor)),
            part(None, Some("?"), None, None),
            part(None, Some(""), None, None),
        ] {
            assert!(matches!(bad.page(), Err(Error::Invalid(_))));
        }
    }
}
