//! Lists: their conditions, their order, and one page of them.
//!
//! A page that is asked for by cursor begins at a key (`value`, `id`) in an index, so the last page costs what the first
//! does. Only the first pages are found by passing over those before them.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use super::link::{Link, Statement};
use super::row::{Fields, Row, Value};
use crate::domain::page::{Anchor, Key, Page, PageRequest, Place};
use crate::domain::{Error, Result, Tenant};

/// The order of a list: by a whole number, and by id among those that share it.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Sort {
    value: &'static str,
    id: &'static str,
    descending: bool,
    /// Whether the rows are gathered first and then put in order, instead of read in the order of an index.
    gathered: bool,
}

impl Sort {
    /// Newest first.
    pub const NEWEST: Self = Self::descending("created_at", "id");

    /// The greatest first.
    pub const fn descending(value: &'static str, id: &'static str) -> Self {
        Self { value, id, descending: true, gathered: false }
    }

    /// The least first.
    pub const fn ascending(value: &'static str, id: &'static str) -> Self {
        Self { value, id, descending: false, gathered: false }
    }

    /// By id alone, the greatest first: of ids that rise with time, the newest.
    pub const BY_ID: Self = Self::descending("0", "id");

    /// The same order, made by sorting: for few rows among many.
    pub const fn gathered(self) -> Self {
        Self { gathered: true, ..self }
    }

    pub fn terms(self, backwards: bool) -> String {
        let Self { value, id, descending, gathered } = self;
        let direction = if descending == backwards { "ASC" } else { "DESC" };
        let plus = if gathered { "+" } else { "" };
        if value == "0" {
            return format!("{id} {direction}");
        }
        format!("{plus}{value} {direction}, {plus}{id} {direction}")
    }

    /// Only what follows a key, in this order or, `backwards`, in the other.
    pub fn beyond(self, backwards: bool) -> String {
        let Self { value, id, descending, gathered } = self;
        let sign = if descending == backwards { ">" } else { "<" };
        let plus = if gathered { "+" } else { "" };
        if value == "0" {
            return format!("? = 0 AND {id} {sign} ?");
        }
        format!("({plus}{value}, {plus}{id}) {sign} (?, ?)")
    }
}

/// A list that pages are taken from.
pub(super) struct Listing {
    pub columns: &'static str,
    pub table: &'static str,
    pub sort: Sort,
    /// Names its conditions and its order, for cursors.
    pub name: u64,
    pub total_items: u64,
}

/// The name of the list that `what` describes. It need not be the same in another version of this program: a cursor that
/// is not recognised is refused.
pub(super) fn name_of(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// Whether a cursor, if there is one, belongs to the list of that name.
///
/// # Errors
/// [`Error::PageUnknown`] otherwise.
pub(super) fn check_place(request: PageRequest, name: u64) -> Result<()> {
    let belongs = |place: Place| place.from == Anchor::Tail || place.list == name;
    if request.place.is_none_or(belongs) { Ok(()) } else { Err(Error::PageUnknown) }
}

/// The conditions of a list, all of which must hold.
#[derive(Clone)]
pub(super) struct Filter {
    sql: String,
    values: Vec<Value>,
}

impl Filter {
    /// Only where `condition`, which names the tenant with its first `?`, holds.
    pub fn tenant(condition: &str, tenant: Tenant) -> Self {
        Self { sql: condition.to_owned(), values: vec![tenant.as_uuid().into()] }
    }

    /// The value of the condition's next `?`.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Only where `condition`, with one `?`, holds for `value`, when there is one.
    pub fn and(self, condition: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.and_all(condition, [value.into()]),
            None => self,
        }
    }

    /// Only where `condition` holds for `values`, one for each `?`.
    pub fn and_all(mut self, condition: &str, values: impl IntoIterator<Item = Value>) -> Self {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.extend(values);
        self
    }

    /// Its SQL, and the values of its `?`s.
    pub fn into_parts(self) -> (String, Vec<Value>) {
        (self.sql, self.values)
    }

    /// How many rows of `table` it lets through.
    pub async fn count(self, link: &mut Link<'_>, table: &str) -> Result<u64> {
        let count = Statement::read(format!("SELECT count(*) FROM {table} WHERE {}", self.sql));
        Ok(link.row(count.bind_all(self.values), |row| Fields::of(row).int()).await?.unwrap_or(0))
    }

    /// A page of the rows of `table` that it lets through, in `order`, with their number.
    pub async fn page<T>(
        self,
        link: &mut Link<'_>,
        (columns, table, sort): (&'static str, &'static str, Sort),
        request: PageRequest,
        read: fn(&Row) -> Result<T>,
    ) -> Result<Page<T>> {
        let name = name_of(&(table, sort, &self.sql, &self.values));
        check_place(request, name)?;
        let total_items = self.clone().count(link, table).await?;
        self.page_of(link, Listing { columns, table, sort, name, total_items }, request, read).await
    }

    /// A page of a list that was counted; whether the request's cursor belongs to it has been checked.
    pub async fn page_of<T>(
        self,
        link: &mut Link<'_>,
        listing: Listing,
        mut request: PageRequest,
        read: fn(&Row) -> Result<T>,
    ) -> Result<Page<T>> {
        let Listing { columns, table, sort, name, total_items } = listing;
        let anchor = request.place.map(|place| place.from);
        let limit = u64::from(request.limit);
        let (mut wanted, mut offset) = (limit, 0);
        let backwards = reads_backwards(anchor);
        let Self { mut sql, mut values } = self;
        match anchor {
            None => offset = request.offset(),
            Some(Anchor::After(key) | Anchor::Before(key)) => {
                sql = format!("{sql} AND {}", sort.beyond(backwards));
                values.extend([key.value.into(), key.id.into()]);
            }
            Some(Anchor::End) => {
                // As many as lie on the last page, when all pages before it are full.
                let before = total_items.saturating_sub(1) / limit;
                wanted = total_items - before * limit;
                request.page = u32::try_from(before + 1).unwrap_or(u32::MAX);
            }
            Some(Anchor::Tail) => {}
            Some(Anchor::Number | Anchor::Skip(_) | Anchor::Until(_)) => return Err(Error::PageUnknown),
        }
        let mut rows = Vec::new();
        // Nothing lies behind the end, and SQLite would walk all the way there to find that out.
        if offset < total_items {
            let select = format!(
                "SELECT {columns}, {}, {} FROM {table} WHERE {sql} ORDER BY {} LIMIT ? OFFSET ?",
                sort.value,
                sort.id,
                sort.terms(backwards)
            );
            // One more than is wanted tells whether the list goes on.
            let select = Statement::read(select).bind_all(values);
            let select = select.bind((wanted + 1).cast_signed()).bind(offset.cast_signed());
            rows = link.rows(select).await?;
        }
        page_from(rows, wanted, request, (name, total_items), read)
    }
}

/// Whether a page that begins there is read from its end.
pub(super) fn reads_backwards(anchor: Option<Anchor>) -> bool {
    matches!(anchor, Some(Anchor::Before(_) | Anchor::End | Anchor::Tail))
}

/// A page of rows that were read in its direction, one more than is wanted where the list goes on.
pub(super) fn page_from<T>(
    mut rows: Vec<Row>,
    wanted: u64,
    request: PageRequest,
    (name, total_items): (u64, u64),
    read: fn(&Row) -> Result<T>,
) -> Result<Page<T>> {
    let anchor = request.place.map(|place| place.from);
    let more = rows.len() as u64 > wanted;
    rows.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
    if reads_backwards(anchor) {
        rows.reverse();
    }
    let keys: Vec<Key> = rows.iter().map(key_of).collect::<Result<_>>()?;
    let first = keys.first().copied().map_or(Anchor::End, Anchor::Before);
    // After a page of nothing comes what would have been on it.
    let stays = anchor.filter(|anchor| request.limit == 0 && matches!(anchor, Anchor::After(_)));
    let next = keys.last().copied().map(Anchor::After).or(stays);
    let goes_on = match anchor {
        Some(Anchor::Before(_)) => true,
        Some(Anchor::End | Anchor::Tail) => false,
        _ => more,
    };
    let begins = match anchor {
        None => request.page > 1,
        Some(Anchor::Before(_) | Anchor::End | Anchor::Tail) => more,
        Some(_) => true,
    };
    Ok(Page {
        items: rows.iter().map(read).collect::<Result<_>>()?,
        request,
        total_items,
        list: name,
        after: next.filter(|_| goes_on),
        before: begins.then_some(first),
        anchors: keys.into_iter().map(Anchor::After).collect(),
    })
}

/// The key of a row, in its last two columns.
pub(super) fn key_of(row: &Row) -> Result<Key> {
    let mut fields = Fields::of_last(row, 2);
    Ok(Key { value: fields.take()?, id: fields.take()? })
}
