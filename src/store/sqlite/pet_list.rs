//! Lists of pets: by every filter, in every order, and by their words.
//!
//! A list is either *walked* in the order of an index, passing over what does not match, or *gathered*: all that matches
//! is found first and put in order then. How many match is known before: with `n` of the tenant's `N` pets, a page of
//! `k` costs about `k·N/n` steps to walk to and `n` to gather, so whichever is less is done.

use super::link::{Link, Statement};
use super::list::{Filter, Listing, Sort, check_place, name_of};
use super::pets::{self, COLUMNS, read};
use super::row::{Fields, Row, Value};
use super::totals::Totals;
use crate::domain::inventory::SpeciesStock;
use crate::domain::page::{Anchor, Page, PageRequest};
use crate::domain::pet::{PetFilter, PetSort, PetSortKey, SearchText, Size};
use crate::domain::{Pet, PetStatus, Result, Species, Tenant};

/// Pets whose relevance is reckoned at most, before any other condition. A word that is in more of them tells little, so
/// the newest come first then.
const MAX_RANKED: u64 = 10_000;

/// The weight of a word in each column: none for the tenant, a name more than what is told of the pet.
const RELEVANCE: &str = "bm25(pet_words, 0.0, 10.0, 5.0, 1.0, 3.0)";

/// The shortest beginning of a word that stands for the whole word; shorter ones are in nearly every text.
const MIN_PREFIX: usize = 3;

/// A page of the tenant's pets.
pub(super) async fn page(
    link: &mut Link<'_>,
    totals: &Totals,
    tenant: Tenant,
    filter: &PetFilter,
    request: PageRequest,
) -> Result<Page<Pet>> {
    let name = name_of(&(tenant, filter));
    check_place(request, name)?;
    let stock = pets::inventory(link, tenant).await?;
    let all = stock.iter().map(|stock| stock.counts.total()).sum::<u64>();
    let total_items = if filter.is_of_stock() {
        of_stock(&stock, filter)
    } else {
        counted(link, totals, tenant, filter).await?
    };
    let sort = match (filter.sort, &filter.text) {
        (Some(sort), _) => sort,
        (None, Some(text)) if counted(link, totals, tenant, &of_words(text)).await? <= MAX_RANKED => {
            return ranked(link, tenant, filter, (text, name, total_items), request).await;
        }
        (None, _) => PetSort::NEWEST,
    };
    let way = way(filter, sort, (total_items, all), request);
    let column = match sort.key {
        PetSortKey::CreatedAt => "created_at",
        PetSortKey::AgeMonths => "age_months",
        PetSortKey::Price => "price",
    };
    let order = if sort.descending { Sort::descending } else { Sort::ascending }(column, "id");
    let order = if way == Way::Gather { order.gathered() } else { order };
    let listing = Listing { columns: COLUMNS, table: "pets", sort: order, name, total_items };
    conditions(tenant, filter, way).page_of(link, listing, request, read).await
}

/// How a list is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the order of the index that has this for its filter, too.
    WalkOwn,
    /// In the order of the index of all pets.
    Walk,
    /// By what matches, which is then put in order.
    Gather,
}

fn way(filter: &PetFilter, sort: PetSort, (matching, all): (u64, u64), request: PageRequest) -> Way {
    let own = sort.key == PetSortKey::CreatedAt;
    if own && filter.is_of_stock() && filter.status.len() + filter.species.len() <= 1 {
        return Way::WalkOwn;
    }
    let passed = if request.is_numbered() { request.offset() } else { 0 } + u64::from(request.limit);
    if matching.saturating_mul(matching) < all.saturating_mul(passed) {
        Way::Gather
    } else if own {
        Way::WalkOwn
    } else {
        Way::Walk
    }
}

/// The number of pets by species and status is kept.
fn of_stock(stock: &[SpeciesStock], filter: &PetFilter) -> u64 {
    let statuses = if filter.status.is_empty() { PetStatus::ALL } else { &filter.status };
    let mut wanted: Vec<PetStatus> = statuses.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    stock
        .iter()
        .filter(|stock| filter.species.is_empty() || filter.species.contains(&stock.species))
        .flat_map(|stock| wanted.iter().map(|status| *stock.counts.clone().of(*status)))
        .sum()
}

/// The words alone: all that they are in is ranked before the rest of a filter is asked.
fn of_words(text: &SearchText) -> PetFilter {
    PetFilter { text: Some(text.clone()), ..PetFilter::default() }
}

/// Counts, unless that was done since the tenant's pets changed.
async fn counted(link: &mut Link<'_>, totals: &Totals, tenant: Tenant, filter: &PetFilter) -> Result<u64> {
    let version = totals.version(tenant, filter);
    let key = (tenant, PetFilter { sort: None, ..filter.clone() });
    if let Some(total) = totals.find(&key, version) {
        return Ok(total);
    }
    let total = match &filter.text {
        Some(text) if text.words().is_empty() => 0,
        Some(text) if key.1 == of_words(text) => {
            let count = Statement::read("SELECT count(*) FROM pet_words WHERE pet_words MATCH ?");
            let count = count.bind(expression(tenant, text));
            link.row(count, |row| Fields::of(row).int()).await?.unwrap_or(0)
        }
        _ => conditions(tenant, filter, Way::Gather).count(link, "pets").await?,
    };
    totals.remember(key, version, total);
    Ok(total)
}

/// The search in the language of FTS5 (<https://www.sqlite.org/fts5.html#full_text_query_syntax>). Each word is in
/// quotes, so none is an operator or a column; words hold letters and digits only.
fn expression(tenant: Tenant, text: &SearchText) -> String {
    let words = text.words();
    let quoted = words.iter().enumerate().map(|(index, word)| {
        let cut_short = index + 1 == words.len() && word.chars().count() >= MIN_PREFIX;
        format!("\"{word}\"{}", if cut_short { " *" } else { "" })
    });
    let quoted: Vec<String> = quoted.collect();
    format!(
        "(tenant : \"{}\") AND ({{name breed description tags}} : ({}))",
        tenant.as_uuid().simple(),
        quoted.join(" AND ")
    )
}

/// What the filter lets through. A condition with `+` before its column is no reason to read by that column's index.
fn conditions(tenant: Tenant, filter: &PetFilter, way: Way) -> Filter {
    let names = |values: &[&'static str]| values.iter().map(|name| Value::Name(name)).collect::<Vec<_>>();
    let species = names(&filter.species.iter().map(|value| Species::name(*value)).collect::<Vec<_>>());
    let status = names(&filter.status.iter().map(|value| PetStatus::name(*value)).collect::<Vec<_>>());
    let size = names(&filter.size.iter().map(|value| Size::name(*value)).collect::<Vec<_>>());
    // Of two that have an index, the one by status has the species in it as well.
    let by_status = status.len() == 1 && way != Way::Walk || way == Way::Gather;
    let by_species = species.len() == 1 && way != Way::Walk && status.is_empty()
        || way == Way::Gather && status.is_empty();
    // What is gathered by words is looked up by number; every other index begins with the tenant.
    let by_words = way == Way::Gather && filter.text.is_some();
    let mut list = Filter::tenant(if by_words { "+tenant = ?" } else { "tenant = ?" }, tenant);
    list = one_of(list, "species", by_species, species);
    list = one_of(list, "status", by_status, status);
    list = one_of(list, "size", false, size);
    let ages = if way == Way::Gather {
        ["age_months >= ?", "age_months <= ?"]
    } else {
        ["+age_months >= ?", "+age_months <= ?"]
    };
    list = list
        .and(ages[0], filter.age_min)
        .and(ages[1], filter.age_max)
        .and("+good_with_kids = ?", filter.good_with_kids)
        .and("(medical_info ->> '$.vaccinated') = ?", filter.vaccinated)
        .and("(medical_info ->> '$.spayedNeutered') = ?", filter.spayed_neutered)
        .and("(medical_info ->> '$.specialNeeds') = ?", filter.special_needs);
    for (tag, wanted) in
        [("good with dogs", filter.good_with_dogs), ("good with cats", filter.good_with_cats)]
    {
        if let Some(wanted) = wanted {
            let tagged = "EXISTS (SELECT 1 FROM json_each(tags) \
                          WHERE replace(lower(value ->> '$.name'), '-', ' ') = ?) = ?";
            list = list.and_all(tagged, [tag.into(), wanted.into()]);
        }
    }
    if let Some(text) = &filter.text {
        let plus = if way == Way::Gather { "" } else { "+" };
        let matching = format!("{plus}number IN (SELECT rowid FROM pet_words WHERE pet_words MATCH ?)");
        // FTS5 has no expression that nothing matches.
        list = if text.words().is_empty() {
            list.and_all("FALSE", [])
        } else {
            list.and_all(&matching, [expression(tenant, text).into()])
        };
    }
    list
}

fn one_of(list: Filter, column: &str, by_index: bool, mut values: Vec<Value>) -> Filter {
    let plus = if by_index { "" } else { "+" };
    match values.len() {
        0 => list,
        1 => list.and(&format!("{plus}{column} = ?"), values.pop()),
        several => {
            let places = vec!["?"; several].join(", ");
            list.and_all(&format!("{plus}{column} IN ({places})"), values)
        }
    }
}

/// Which items of a list by relevance are asked for: how many lie before them, and how many they are.
fn ranked_part(request: PageRequest, total_items: u64) -> (u64, u32) {
    let limit = u64::from(request.limit);
    let until = |end: u64| {
        let begin = end.saturating_sub(limit);
        (begin, u32::try_from(end - begin).unwrap_or(request.limit))
    };
    match request.place.map(|place| place.from) {
        Some(Anchor::Skip(items)) => (items.into(), request.limit),
        Some(Anchor::Until(items)) => until(u64::from(items).min(total_items)),
        Some(Anchor::Tail) => until(total_items),
        _ => (request.offset(), request.limit),
    }
}

/// A page by relevance, the newest first among equals. The list is short, so a page is found by its number.
async fn ranked(
    link: &mut Link<'_>,
    tenant: Tenant,
    filter: &PetFilter,
    (text, name, total_items): (&SearchText, u64, u64),
    request: PageRequest,
) -> Result<Page<Pet>> {
    let mut items = Vec::new();
    let (offset, limit) = ranked_part(request, total_items);
    if offset < total_items && limit > 0 {
        let others = PetFilter { text: None, ..filter.clone() };
        let (sql, values) = conditions(tenant, &others, Way::Walk).into_parts();
        let select = Statement::read(format!(
            "SELECT {COLUMNS} FROM (SELECT rowid AS hit, {RELEVANCE} AS score FROM pet_words \
             WHERE pet_words MATCH ?) CROSS JOIN pets ON number = hit WHERE {sql} \
             ORDER BY score, number DESC LIMIT ? OFFSET ?"
        ));
        let select = select.bind(expression(tenant, text)).bind_all(values);
        let select = select.bind(limit).bind(offset.cast_signed());
        items = link.rows(select).await?.iter().map(|row: &Row| read(row)).collect::<Result<_>>()?;
    }
    let end = offset + items.len() as u64;
    // Few enough to be counted in 32 bits: more are not ranked.
    let follows = |item: u64| Anchor::Skip(u32::try_from(offset + item + 1).unwrap_or(u32::MAX));
    Ok(Page {
        after: (!items.is_empty() && end < total_items).then_some(Anchor::Number),
        before: (offset > 0).then_some(Anchor::Number),
        anchors: (0..items.len() as u64).map(follows).collect(),
        items,
        request,
        total_items,
        list: name,
    })
}
