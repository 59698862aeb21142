//! What the store itself has for a question: pets that fulfil a wish, and the asker's own orders.

use super::wish::Wish;
use super::words::split;
use crate::app::{App, Caller};
use crate::domain::order::OrderFilter;
use crate::domain::page::PageRequest;
use crate::domain::pet::{PetFilter, PetSort, PetSortKey, SearchText};
use crate::domain::{Error, Order, Pet, PetStatus, Result};

/// Pets that are told at most.
const TOLD: usize = 5;
/// Pets that are looked at for each wording of a wish at most.
const LOOKED_AT: u32 = 50;
/// Wordings of a wish that are searched for at most.
const WORDINGS: usize = 24;
/// Orders that are told at most.
const ORDERS: u32 = 5;

/// The store's pets that fulfil a wish: the cheapest first when it names a price, else the newest. Tempers are searched
/// for by each of the words that mean them.
///
/// # Errors
/// As [`App::list_pets`].
pub async fn pets(app: &App, caller: &Caller, wish: &Wish) -> Result<Vec<Pet>> {
    let filter = PetFilter {
        species: wish.species.into_iter().collect(),
        status: vec![PetStatus::Available],
        size: wish.size.into_iter().collect(),
        age_min: wish.age_min,
        age_max: wish.age_max,
        good_with_kids: wish.good_with_kids,
        sort: Some(match wish.max_price {
            Some(_) => PetSort { key: PetSortKey::Price, descending: false },
            None => PetSort::NEWEST,
        }),
        ..PetFilter::default()
    };
    let mut found: Vec<Pet> = Vec::new();
    for wording in wordings(wish) {
        let text = SearchText::parse("text", &wording).map_err(Error::invalid)?;
        let filter = PetFilter { text, ..filter.clone() };
        let page = app.list_pets(&caller.principal, &filter, PageRequest::numbered(1, LOOKED_AT)).await?;
        for pet in page.items.into_iter().filter(|pet| fulfils(pet, wish)) {
            if found.len() < TOLD && !found.iter().any(|known| known.id == pet.id) {
                found.push(pet);
            }
        }
        if found.len() >= TOLD {
            break;
        }
    }
    Ok(found)
}

/// What is searched for: a word of each temper, in every combination; one that is empty without tempers.
fn wordings(wish: &Wish) -> Vec<String> {
    let mut wordings = vec![String::new()];
    for means in wish.tempers() {
        let longer =
            wordings.iter().flat_map(|words| means.iter().map(move |word| format!("{words} {word}")));
        wordings = longer.collect();
    }
    wordings.truncate(WORDINGS);
    wordings
}

fn fulfils(pet: &Pet, wish: &Wish) -> bool {
    let tags = pet.tags.iter().map(|tag| tag.name.as_str());
    let told: Vec<&str> = pet.description.iter().map(String::as_str).chain(tags).collect();
    let told = line(&told.join(" "));
    let tempers = wish.tempers().all(|means| means.iter().any(|word| told.contains(&line(word))));
    tempers && wish.max_price.is_none_or(|most| pet.price <= most)
}

/// The words of a text, each with a space before and behind it, so that no part of a word is taken for a word.
fn line(text: &str) -> String {
    format!(" {} ", split(text).collect::<Vec<_>>().join(" "))
}

/// The newest orders of the asker.
///
/// # Errors
/// As [`App::list_orders`].
pub async fn orders(app: &App, caller: &Caller) -> Result<Vec<Order>> {
    let filter = OrderFilter { user_id: caller.principal.user_id(), ..OrderFilter::default() };
    let page = PageRequest::numbered(1, ORDERS);
    Ok(app.list_orders(&caller.principal, filter, page).await?.items)
}
