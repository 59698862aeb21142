//! Pages of a collection: the first ones by number, any by cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::Violation;

/// Which part of a collection is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// Counted from 1; with a place, the number that the page had when its cursor was given out.
    pub page: u32,
    /// Items on a page, 1..=100.
    pub limit: u32,
    /// Where the page begins, when it was asked for by cursor.
    pub place: Option<Place>,
}

/// A place in a list that is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Names the list: its filters and its order.
    pub list: u64,
    pub from: Anchor,
}

impl Place {
    /// A place of no list.
    const NOWHERE: Self = Self { list: 0, from: Anchor::End };
}

/// What a page is next to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// It follows the item of this key.
    After(Key),
    /// It comes before the item of this key.
    Before(Key),
    /// It is the last one.
    End,
    /// It is found by its number: a short list whose order has no key, such as one by relevance.
    Number,
    /// It follows the first so many items of such a list.
    Skip(u32),
    /// It ends before the item that comes after the first so many of such a list.
    Until(u32),
    /// It is the last items, however many lie before them; of any list.
    Tail,
}

/// What an item is ordered by: one value, and its id among those that share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub value: i64,
    pub id: Uuid,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::numbered(1, 20)
    }
}

/// Bytes of a cursor: kind, limit, page, list, value, id.
const CURSOR_BYTES: usize = 1 + 1 + 4 + 8 + 8 + 16;

impl PageRequest {
    /// The furthest page that is reached by its number, since all before it must be passed over; further ones are
    /// reached by cursor.
    pub const MAX_PAGE: u32 = 100;

    /// A page by its number, which is not checked.
    pub const fn numbered(page: u32, limit: u32) -> Self {
        Self { page, limit, place: None }
    }

    /// Checks the caller's numbers and cursor; what is left out gets its default.
    ///
    /// # Errors
    /// A violation for each number out of its range, and for a cursor that is none.
    pub fn new(page: Option<i64>, limit: Option<i64>, cursor: Option<&str>) -> Result<Self, Vec<Violation>> {
        let mut found = Vec::new();
        let mut check = |field: &str, value: Option<i64>, default: u32, max: u32, more: &str| {
            let value = value.unwrap_or(i64::from(default));
            u32::try_from(value).ok().filter(|value| (1..=max).contains(value)).unwrap_or_else(|| {
                let message = format!("must be between 1 and {max}{more}; got {value}");
                found.push(Violation::new(field, "out_of_range", message));
                default
            })
        };
        let further = ", pages beyond that are reached by `cursor`, as in the links `next` and `last`";
        let number = check("page", page, 1, Self::MAX_PAGE, further);
        let given = check("limit", limit, 20, 100, "");
        let mut request = Self::numbered(number, given);
        if let Some(cursor) = cursor {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
            let bytes = bytes.and_then(|bytes| <[u8; CURSOR_BYTES]>::try_from(bytes).ok());
            match bytes.map(Self::from_cursor) {
                Some(Some(place)) => request = place,
                // It has the form of one; that it is no place of the list is for the list to say.
                Some(None) if found.is_empty() => return Ok(Self { place: Some(Place::NOWHERE), ..request }),
                _ => found.push(Violation::new(
                    "cursor",
                    "invalid_cursor",
                    "must be a cursor that this store gave out, unchanged",
                )),
            }
            if limit.is_some() && given != request.limit {
                let message = format!("must be {} as where the cursor came from, or left out", request.limit);
                found.push(Violation::new("limit", "other_than_cursor", message));
            }
            if page.is_some() {
                found.push(Violation::new("page", "not_with_cursor", "must be left out beside `cursor`"));
            }
        }
        if found.is_empty() { Ok(request) } else { Err(found) }
    }

    /// Items to skip when it is found by its number.
    pub fn offset(self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.limit)
    }

    /// Whether the page is found by its number.
    pub fn is_numbered(self) -> bool {
        self.place.is_none_or(|place| place.from == Anchor::Number)
    }

    /// The cursor of an item: `from` says what follows it.
    pub fn cursor_of(list: u64, from: Anchor) -> Option<String> {
        Self { place: Some(Place { list, from }), ..Self::default() }.to_cursor()
    }

    /// The last `limit` items of a list, which are not checked.
    pub const fn tail(limit: u32) -> Self {
        Self { page: 1, limit, place: Some(Place { list: 0, from: Anchor::Tail }) }
    }

    /// The opaque text that clients see and send back; of a place only.
    pub fn to_cursor(self) -> Option<String> {
        let Place { list, from } = self.place?;
        let (kind, key) = match from {
            Anchor::After(key) => (0, key),
            Anchor::Before(key) => (1, key),
            Anchor::End => (2, Key::default()),
            Anchor::Number => (3, Key::default()),
            Anchor::Skip(items) => (4, Key { value: items.into(), ..Key::default() }),
            // Said beside a cursor, and not by one.
            Anchor::Until(_) | Anchor::Tail => return None,
        };
        let mut bytes = Vec::with_capacity(CURSOR_BYTES);
        bytes.extend([kind, u8::try_from(self.limit).unwrap_or(u8::MAX)]);
        bytes.extend(self.page.to_be_bytes());
        bytes.extend(list.to_be_bytes());
        bytes.extend(key.value.to_be_bytes());
        bytes.extend(key.id.as_bytes());
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn from_cursor(bytes: [u8; CURSOR_BYTES]) -> Option<Self> {
        let (kind, limit) = (bytes[0], u32::from(bytes[1]));
        let page = u32::from_be_bytes(bytes[2..6].try_into().ok()?);
        let list = u64::from_be_bytes(bytes[6..14].try_into().ok()?);
        let value = i64::from_be_bytes(bytes[14..22].try_into().ok()?);
        let key = Key { value, id: Uuid::from_slice(&bytes[22..]).ok()? };
        let from = match (kind, key == Key::default()) {
            (0, _) => Anchor::After(key),
            (1, _) => Anchor::Before(key),
            (2, true) => Anchor::End,
            (3, true) => Anchor::Number,
            (4, _) if key.id.is_nil() => Anchor::Skip(u32::try_from(value).ok()?),
            _ => return None,
        };
        let allowed = (1..=100).contains(&limit) && page >= 1;
        allowed.then_some(Self { page, limit, place: Some(Place { list, from }) })
    }
}

/// One page of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Which page it is.
    pub request: PageRequest,
    pub total_items: u64,
    /// Names the list, for cursors.
    pub list: u64,
    /// Where the next page begins, when there is one.
    pub after: Option<Anchor>,
    /// Where the page before it ends, when there is one.
    pub before: Option<Anchor>,
    /// For each item: what follows it.
    pub anchors: Vec<Anchor>,
}

impl<T> Page<T> {
    /// Number of pages, at least 1.
    pub fn total_pages(&self) -> u64 {
        self.total_items.div_ceil(u64::from(self.request.limit)).max(1)
    }

    /// The next page, by number for as long as that reaches, unless this one was asked for by cursor.
    pub fn next(&self) -> Option<PageRequest> {
        let page = self.request.page.saturating_add(1);
        if self.request.place.is_none() && page <= PageRequest::MAX_PAGE {
            return self.after.map(|_| PageRequest::numbered(page, self.request.limit));
        }
        self.next_by_cursor()
    }

    /// The next page, by cursor.
    pub fn next_by_cursor(&self) -> Option<PageRequest> {
        self.after.map(|from| self.at(self.request.page.saturating_add(1), from))
    }

    /// The page before this one.
    pub fn previous(&self) -> Option<PageRequest> {
        let last = u32::try_from(self.total_pages()).unwrap_or(u32::MAX);
        let page = (self.request.page - 1).min(last).max(1);
        let from = self.before?;
        Some(self.by_number(page).unwrap_or_else(|| self.at(page, from)))
    }

    /// The last page.
    pub fn last(&self) -> PageRequest {
        let page = u32::try_from(self.total_pages()).unwrap_or(u32::MAX);
        let by_number = [self.after, self.before].contains(&Some(Anchor::Number));
        let from = if by_number { Anchor::Number } else { Anchor::End };
        self.by_number(page).unwrap_or_else(|| self.at(page, from))
    }

    fn by_number(&self, page: u32) -> Option<PageRequest> {
        (page <= PageRequest::MAX_PAGE).then(|| PageRequest::numbered(page, self.request.limit))
    }

    fn at(&self, page: u32, from: Anchor) -> PageRequest {
        PageRequest { page, limit: self.request.limit, place: Some(Place { list: self.list, from }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn from() -> impl Strategy<Value = Anchor> {
        let key =
            (any::<i64>(), any::<u128>()).prop_map(|(value, id)| Key { value, id: Uuid::from_u128(id) });
        (0..5, key, any::<u32>()).prop_map(|(kind, key, items)| match kind {
            0 => Anchor::After(key),
            1 => Anchor::Before(key),
            2 => Anchor::End,
            3 => Anchor::Number,
            _ => Anchor::Skip(items),
        })
    }

    proptest! {
        #[test]
        fn reads_the_cursors_that_it_writes(page in 1u32.., limit in 1u32..=100, list: u64, from in from()) {
            let request = PageRequest { page, limit, place: Some(Place { list, from }) };
            prop_assert_eq!(PageRequest::new(None, None, request.to_cursor().as_deref()), Ok(request));
        }

        #[test]
        fn refuses_every_other_cursor(text in ".{0,60}") {
            if let Ok(request) = PageRequest::new(None, None, Some(&text))
                && request.place != Some(Place::NOWHERE)
            {
                prop_assert_eq!(request.to_cursor(), Some(text));
            }
        }
    }

    #[test]
    fn names_what_leads_past_the_numbered_pages() {
        let found = PageRequest::new(Some(101), Some(0), None).unwrap_err();
        assert_eq!((found[0].field.as_str(), found[1].field.as_str()), ("page", "limit"));
        assert!(found[0].message.contains("`cursor`"), "{}", found[0].message);
    }
}
