//! Pages of many lists of one kind, each with an owner: one statement reads all of them, and another counts them, however
//! many owners there are.

use std::collections::HashMap;

use uuid::Uuid;

use super::batches::ids;
use super::link::{Link, Statement};
use super::list::{self, Filter, Sort};
use super::row::{Fields, Row};
use crate::domain::page::{Anchor, Page, PageRequest, Place};
use crate::domain::{Error, Result};

/// Lists of the rows of a table, newest first, by the column of their owner.
pub(super) struct Nested {
    /// Qualified with the table.
    pub columns: &'static str,
    pub table: &'static str,
    pub owner: &'static str,
    /// Which rows there are, as `own`.
    pub own: Filter,
}

impl Nested {
    /// The same page of each owner's list. An owner whose list the place of the request is not of is left out.
    ///
    /// # Errors
    /// [`Error::PageUnknown`] for a page that is found by its number.
    pub async fn pages<T>(
        self,
        link: &mut Link<'_>,
        mut owners: Vec<Uuid>,
        request: PageRequest,
        read: fn(&Row) -> Result<T>,
    ) -> Result<Vec<(Uuid, Page<T>)>> {
        let names = self.names();
        let belongs = |owner: &Uuid, place: Place| place.from == Anchor::Tail || place.list == names(owner);
        owners.retain(|owner| request.place.is_none_or(|place| belongs(owner, place)));
        if owners.is_empty() {
            return Ok(Vec::new());
        }
        let totals = self.count(link, &owners).await?;
        let mut rows = self.rows(link, &owners, request).await?;
        let page = |owner: Uuid| {
            let total_items = totals.get(&owner).copied().unwrap_or(0);
            let rows = rows.remove(&owner).unwrap_or_default();
            let named = (names(&owner), total_items);
            Ok((owner, list::page_from(rows, request.limit.into(), request, named, read)?))
        };
        owners.into_iter().map(page).collect()
    }

    /// What names the list of an owner, for cursors.
    fn names(&self) -> impl Fn(&Uuid) -> u64 + use<> {
        let (sql, values) = self.own.clone().into_parts();
        let kind = (self.table, self.owner, sql, values);
        move |owner| list::name_of(&(&kind, owner))
    }

    async fn count(&self, link: &mut Link<'_>, owners: &[Uuid]) -> Result<HashMap<Uuid, u64>> {
        let Self { table, owner, own, .. } = self;
        let (sql, values) = own.clone().into_parts();
        let count = Statement::read(format!(
            "SELECT unhex(wanted.value), (SELECT count(*) FROM {table} AS own \
             WHERE {sql} AND own.{owner} = unhex(wanted.value)) FROM json_each(?) AS wanted"
        ));
        let rows = link.rows(count.bind_all(values).bind(ids(owners.iter().copied()))).await?;
        let read = |row: &Row| {
            let mut fields = Fields::of(row);
            Ok((fields.take()?, fields.int()?))
        };
        rows.iter().map(read).collect()
    }

    /// The rows of each owner in the direction of reading, one more than the page has where the list goes on.
    async fn rows(
        &self,
        link: &mut Link<'_>,
        owners: &[Uuid],
        request: PageRequest,
    ) -> Result<HashMap<Uuid, Vec<Row>>> {
        let Self { columns, table, owner, own } = self;
        let anchor = request.place.map(|place| place.from);
        let backwards = list::reads_backwards(anchor);
        let (mut sql, mut values) = own.clone().into_parts();
        match anchor {
            None | Some(Anchor::Tail) => {}
            Some(Anchor::After(key) | Anchor::Before(key)) => {
                sql = format!("{sql} AND {}", Sort::NEWEST.beyond(backwards));
                values.extend([key.value.into(), key.id.into()]);
            }
            Some(Anchor::End | Anchor::Number | Anchor::Skip(_) | Anchor::Until(_)) => {
                return Err(Error::PageUnknown);
            }
        }
        let select = Statement::read(format!(
            "SELECT {columns}, {table}.{owner}, {table}.created_at, {table}.id \
             FROM json_each(?) AS wanted CROSS JOIN {table} ON {table}.id IN (SELECT id FROM {table} AS own \
             WHERE {sql} AND own.{owner} = unhex(wanted.value) ORDER BY {} LIMIT ?)",
            Sort::NEWEST.terms(backwards)
        ));
        let select = select.bind(ids(owners.iter().copied())).bind_all(values).bind(request.limit + 1);
        let mut keyed = Vec::new();
        for row in link.rows(select).await? {
            let owner: Uuid = Fields::of_last(&row, 3).take()?;
            keyed.push((list::key_of(&row)?, owner, row));
        }
        keyed.sort_by(|(one, ..), (other, ..)| if backwards { one.cmp(other) } else { other.cmp(one) });
        let mut of: HashMap<Uuid, Vec<Row>> = HashMap::new();
        for (_, owner, row) in keyed {
            of.entry(owner).or_default().push(row);
        }
        Ok(of)
    }
}
