//! What a question asks of the store itself: pets to be had, and the asker's own orders.

use super::animals;
use super::words::split;
use crate::app::{App, Caller};
use crate::domain::order::OrderFilter;
use crate::domain::page::PageRequest;
use crate::domain::pet::{PetFilter, PetSort, PetSortKey, SearchText, Size};
use crate::domain::{Amount, Error, Order, Pet, PetStatus, Result, Species};

/// Pets that are told at most.
const TOLD: usize = 5;
/// Pets that are looked at for each word of a wish at most.
const LOOKED_AT: u32 = 50;
/// Orders that are told at most.
const ORDERS: u32 = 5;
/// An animal is called young or old from these ages on, months.
const YOUNG_UPTO: u32 = 12;
const OLD_FROM: u32 = 84;

/// Words that look for an animal to have rather than for advice.
const LOOKING: &[&str] = &[
    "for sale",
    "in stock",
    "do you have",
    "have you got",
    "do you sell",
    "show me",
    "looking for",
    "find me",
    "want to adopt",
    "want to buy",
    "like to adopt",
    "like to buy",
    "available pets",
    "pets available",
    "can i buy",
    "are there any",
    "is there a",
    "which pets do you",
    "list pets",
    "search for",
];

/// Tempers, and the words of descriptions that mean them.
const TEMPERS: &[(&str, &[&str])] = &[
    (
        "calm",
        &["calm", "quiet", "gentle", "relaxed", "easygoing", "easy-going", "mellow", "placid", "laid-back"],
    ),
    ("quiet", &["quiet", "calm", "gentle"]),
    ("gentle", &["gentle", "calm", "soft", "sweet"]),
    ("playful", &["playful", "lively", "energetic", "active"]),
    ("active", &["active", "energetic", "lively", "playful"]),
    ("friendly", &["friendly", "affectionate", "social", "sweet", "cuddly"]),
    ("cuddly", &["cuddly", "affectionate", "lap"]),
    ("shy", &["shy", "timid"]),
];

/// What is looked for in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub species: Option<Species>,
    pub max_price: Option<Amount>,
    pub good_with_kids: Option<bool>,
    pub size: Option<Size>,
    pub age_min: Option<u32>,
    pub age_max: Option<u32>,
    pub tempers: Vec<&'static str>,
}

/// What a question wants from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    Pets(Wish),
    Orders,
}

/// Reads what a question wants from the store; nothing when it asks for advice.
pub fn errand(question: &str) -> Option<Errand> {
    let words: Vec<String> = split(question).collect();
    let line = words.join(" ");
    let has =
        |phrases: &[&str]| phrases.iter().any(|phrase| format!(" {line} ").contains(&format!(" {phrase} ")));
    if has(&["my order", "my orders", "order status", "my purchase", "status of my order"]) {
        return Some(Errand::Orders);
    }
    let max_price = price(question);
    let species = animals::named(question);
    let looks = has(LOOKING) || max_price.is_some();
    if !looks || !(species.is_some() || animals::mentioned(question)) {
        return None;
    }
    let any = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    Some(Errand::Pets(Wish {
        species,
        max_price,
        good_with_kids: any(&["kids", "kid", "children", "child", "family", "toddler"]).then_some(true),
        size: [(Size::Small, "small"), (Size::Medium, "medium"), (Size::Large, "large")]
            .into_iter()
            .find(|(_, name)| any(&[name]))
            .map(|(size, _)| size),
        age_min: any(&["old", "senior", "older", "adult"]).then_some(if any(&["adult"]) {
            YOUNG_UPTO
        } else {
            OLD_FROM
        }),
        age_max: any(&["young", "baby", "puppy", "puppies", "kitten", "kittens"]).then_some(YOUNG_UPTO),
        tempers: TEMPERS.iter().map(|(temper, _)| *temper).filter(|temper| any(&[temper])).collect(),
    }))
}

/// The number behind `under`, `below`, `up to` and the like, as an amount of money.
fn price(question: &str) -> Option<Amount> {
    const BOUNDS: [&str; 8] = ["under", "below", "than", "to", "max", "maximum", "most", "within"];
    let text = question.to_lowercase().replace(['$', '€', '£'], " $ ");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let number = word.trim_matches(|c: char| !c.is_ascii_digit());
        let money = at > 0 && words[at - 1] == "$"
            || words.get(at + 1).is_some_and(|next| {
                next.starts_with("dollar")
                    || next.starts_with("usd")
                    || next.starts_with("euro")
                    || *next == "bucks"
            });
        let before = words[..at].iter().rev().filter(|word| **word != "$").take(1);
        let bounded = before.into_iter().any(|word| BOUNDS.contains(word));
        if number.is_empty() || !money || !bounded {
            return None;
        }
        let whole = number.split('.').next().filter(|whole| whole.len() <= 7)?;
        Amount::parse("price", &format!("{whole}.00")).ok()
    })
}

/// The store's pets that fulfil a wish: the cheapest first when it names a price, else the newest. A temper is searched
/// for by each of the words that mean it.
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
    let means = wish.tempers.first().map_or(&[][..], |temper| meanings(temper));
    let texts = means.iter().map(|word| SearchText::parse("text", word).map_err(Error::invalid));
    let mut texts = texts.collect::<Result<Vec<_>>>()?;
    if texts.is_empty() {
        texts.push(None);
    }
    let mut found: Vec<Pet> = Vec::new();
    for text in texts {
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

/// The words that mean a temper.
fn meanings(temper: &str) -> &'static [&'static str] {
    TEMPERS.iter().find(|(name, _)| *name == temper).map_or(&[], |(_, means)| means)
}

fn fulfils(pet: &Pet, wish: &Wish) -> bool {
    let tags = pet.tags.iter().map(|tag| tag.name.as_str());
    let told: Vec<&str> = pet.description.iter().map(String::as_str).chain(tags).collect();
    let told = told.join(" ").to_lowercase();
    let tempers = wish.tempers.iter().all(|temper| meanings(temper).iter().any(|word| told.contains(word)));
    tempers && wish.max_price.is_none_or(|most| pet.price <= most)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_read() {
        let wish = errand("a calm rabbit under $80 that is good with kids");
        let expected = Wish {
            species: Some(Species::Rabbit),
            max_price: Some(Amount::parse("price", "80.00").unwrap()),
            good_with_kids: Some(true),
            tempers: vec!["calm"],
            ..Wish::default()
        };
        assert_eq!(wish, Some(Errand::Pets(expected)));
        assert_eq!(errand("Where is my order?"), Some(Errand::Orders));
    }

    #[test]
    fn advice_is_no_wish() {
        for question in
            ["can rabbits eat carrots", "my dog weighs 80 pounds", "whats the best laptop under 1000 dollars"]
        {
            assert_eq!(errand(question), None, "{question}");
        }
    }
}
