//! Reading from a question what it wants of the store itself: pets to be had, or the asker's own orders.

mod bounds;
mod phrases;

use super::animals;
use super::words::split;
use crate::domain::pet::Size;
use crate::domain::{Amount, Species};
use bounds::bounds;
use phrases::{ASKING, BEFORE, BEHIND, FOLLOWING, PARTING};

/// An animal is called young or old from these ages on, months.
const YOUNG_UPTO: u32 = 12;
const OLD_FROM: u32 = 84;
/// Words between what looks for an animal and the animal, at most: `do you have [a small and calm] rabbit`.
const BETWEEN: usize = 5;
/// Words between an animal and the bound of its price, at most: `rabbits [that cost] less than`.
const BEFORE_BOUND: usize = 3;
/// Words of a question that changes an earlier wish, at most.
const CHANGED_IN: usize = 10;
/// Words of it that are not of a wish, at most.
const CHANGED_BESIDE: usize = 4;

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

const CHILDREN: &[&str] = &["kids", "kid", "children", "child", "family", "toddler", "toddlers"];
const DENIALS: &[&str] = &["not", "no", "arent", "isnt", "dont", "doesnt", "without", "never", "too"];
const YOUNG: &[&str] = &["young", "baby", "puppy", "puppies", "kitten", "kittens"];
const AGED: &[&str] = &["old", "senior", "older"];
const SIZES: [(Size, &str); 3] = [(Size::Small, "small"), (Size::Medium, "medium"), (Size::Large, "large")];
/// What else a wish is made of.
const BESIDE: &[&str] = &[
    "good",
    "sale",
    "stock",
    "buy",
    "adopt",
    "adoption",
    "store",
    "shop",
    "available",
    "find",
    "show",
    "search",
    "sell",
    "cost",
    "costs",
    "price",
    "priced",
    "cheap",
    "cheaper",
    "cheapest",
    "expensive",
    "less",
    "than",
    "most",
    "max",
    "maximum",
    "within",
    "budget",
    "below",
    "under",
    "dollar",
    "dollars",
    "usd",
    "euro",
    "euros",
    "eur",
    "bucks",
    "pound",
    "pounds",
    "looking",
    "list",
    "adult",
    "pig",
    "pigs",
    "bearded",
    "home",
    "friend",
    "companion",
    "love",
    "nice",
    "cute",
    "year",
    "years",
    "month",
    "months",
    "around",
    "near",
    "suitable",
    "suited",
    "ones",
    "anyone",
    "else",
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

impl Wish {
    /// Takes from `newer` what it says.
    fn change(&mut self, newer: Self) {
        self.species = newer.species.or(self.species);
        self.max_price = newer.max_price.or(self.max_price);
        self.good_with_kids = newer.good_with_kids.or(self.good_with_kids);
        self.size = newer.size.or(self.size);
        if newer.age_min.is_some() || newer.age_max.is_some() {
            (self.age_min, self.age_max) = (newer.age_min, newer.age_max);
        }
        self.tempers.extend(newer.tempers);
        self.tempers.dedup();
    }

    /// The words that mean its tempers, each temper's apart.
    pub fn tempers(&self) -> impl Iterator<Item = &'static [&'static str]> + '_ {
        self.tempers
            .iter()
            .filter_map(|temper| TEMPERS.iter().find(|(name, _)| name == temper))
            .map(|(_, means)| *means)
    }
}

/// What a question wants from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// What is wished for, and what else the question says: advice that it asks for as well.
    Pets(Wish, String),
    Orders,
}

/// Reads what a question wants from the store, after what was asked `before` (the oldest first); nothing when it asks for
/// advice.
pub fn errand(question: &str, before: &[&str]) -> Option<Errand> {
    let words: Vec<String> = split(question).collect();
    if has(&words, &["my order", "my orders", "order status", "my purchase", "status of my order"]) {
        return Some(Errand::Orders);
    }
    let mut known: Option<Wish> = None;
    for earlier in before {
        let words: Vec<String> = split(earlier).collect();
        known = follow(known, earlier, &words);
    }
    follow(known, question, &words).map(|wish| Errand::Pets(wish, beside(&words)))
}

/// The wish after a question: its own, or the earlier one changed by it.
fn follow(known: Option<Wish>, question: &str, words: &[String]) -> Option<Wish> {
    let own = read(question, words);
    if looks(words, own.max_price.is_some()) {
        return Some(own);
    }
    let mut known = known?;
    // It names no other animal and says nothing else, but sets a bound.
    let changes = own != Wish::default() && own.species.is_none_or(|species| known.species == Some(species));
    if !changes || words.len() > CHANGED_IN || beside(words).split(' ').count() > CHANGED_BESIDE {
        return None;
    }
    known.change(own);
    Some(known)
}

fn has(words: &[String], phrases: &[&str]) -> bool {
    let line = format!(" {} ", words.join(" "));
    phrases.iter().any(|phrase| line.contains(&format!(" {phrase} ")))
}

/// Whether a question looks for an animal to have: an animal behind or before words that look for one, or with a price.
fn looks(words: &[String], priced: bool) -> bool {
    let animals = words.iter().enumerate().filter(|(_, word)| animals::mentioned(word));
    let mut places: Vec<usize> = animals.map(|(at, _)| at).collect();
    // Of `guinea pig` and `bearded dragon`, the words that follow each other are one animal.
    places.retain(|at| !words.get(at + 1).is_some_and(|next| animals::mentioned(next)));
    places.iter().any(|at| {
        let next = words.get(at + 1).map(String::as_str);
        let ends = next.is_none_or(|next| FOLLOWING.contains(&next));
        // With fillers a phrase may be behind it as well: `which of the dogs do you have`.
        let behind = BEHIND.iter().any(|phrase| starts(&words[at + 1..], phrase));
        let owned = words[at.saturating_sub(2)..*at].iter().any(|word| PARTING.contains(&word.as_str()));
        let bound = priced && ends && !owned && bounded(&words[at + 1..]);
        behind && !owned || bound || ends && sought(&words[..*at], behind)
    })
}

fn starts(words: &[String], phrase: &str) -> bool {
    phrase.split(' ').enumerate().all(|(at, part)| words.get(at).is_some_and(|word| word == part))
}

/// Whether what stands before an animal looks for it, with nothing between that parts the two.
fn sought(before: &[String], behind: bool) -> bool {
    (0..=BETWEEN.min(before.len())).any(|between| {
        let (head, tail) = before.split_at(before.len() - between);
        let parted = tail.iter().any(|word| PARTING.contains(&word.as_str()));
        !parted
            && BEFORE.iter().any(|phrase| {
                let parts = phrase.split(' ').count();
                let asked = behind || !ASKING.contains(phrase);
                asked && head.len() >= parts && starts(&head[head.len() - parts..], phrase)
            })
    })
}

/// Whether a bound of the price follows the animal.
fn bounded(behind: &[String]) -> bool {
    behind
        .iter()
        .take(BEFORE_BOUND + 1)
        .any(|word| ["under", "below", "less", "cheaper", "up", "at", "max"].contains(&word.as_str()))
        || has(behind, &["under", "below", "less than", "up to", "at most"])
            && behind.len() > 1
            && behind[0] == "that"
}

/// What else the words say than a wish.
fn beside(words: &[String]) -> String {
    let of_a_wish = |word: &str| {
        animals::mentioned(word)
            || [BESIDE, CHILDREN, YOUNG, AGED, DENIALS].iter().any(|list| list.contains(&word))
            || TEMPERS.iter().any(|(temper, _)| *temper == word)
            || SIZES.iter().any(|(_, size)| *size == word)
            || word.chars().next().is_some_and(|first| first.is_ascii_digit())
    };
    words.iter().map(String::as_str).filter(|word| !of_a_wish(word)).collect::<Vec<_>>().join(" ")
}

/// What the words say about the animal that is wished for.
fn read(question: &str, words: &[String]) -> Wish {
    let any = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    // Not when it is denied within the three words before.
    let meant = |list: &[&str]| {
        let denied = |at: usize| {
            let mut before = words[at.saturating_sub(3)..at].iter().rev().take_while(|word| *word != "but");
            before.any(|word| DENIALS.contains(&word.as_str()))
        };
        words.iter().enumerate().find(|(_, word)| list.contains(&word.as_str())).map(|(at, _)| !denied(at))
    };
    let with_kids = has(
        words,
        &[
            "with kids",
            "with children",
            "with toddlers",
            "with a family",
            "with small kids",
            "with young kids",
            "with small children",
            "with young children",
        ],
    );
    let good_with_kids = match meant(CHILDREN) {
        Some(false) if !with_kids || any(&["without", "no"]) => None,
        told => told,
    };
    let bounds = bounds(question);
    let counted =
        |word: &String| ["year", "years", "month", "months", "week", "weeks", "how"].contains(&word.as_str());
    let aged = words
        .iter()
        .enumerate()
        .any(|(at, word)| AGED.contains(&word.as_str()) && !(at > 0 && counted(&words[at - 1])));
    let age_min = if any(&["adult"]) { Some(YOUNG_UPTO) } else { aged.then_some(OLD_FROM) };
    let young = words.iter().enumerate().any(|(at, word)| {
        YOUNG.contains(&word.as_str())
            && !words.get(at + 1).is_some_and(|next| CHILDREN.contains(&next.as_str()))
    });
    Wish {
        species: words.iter().find_map(|word| animals::named(word)),
        max_price: bounds.price,
        good_with_kids,
        size: SIZES
            .into_iter()
            .find(|(_, name)| {
                words.iter().enumerate().any(|(at, word)| {
                    word == name && !words.get(at + 1).is_some_and(|next| CHILDREN.contains(&next.as_str()))
                })
            })
            .map(|(size, _)| size),
        age_min,
        age_max: bounds.age_months.or(young.then_some(YOUNG_UPTO)),
        tempers: TEMPERS
            .iter()
            .map(|(temper, _)| *temper)
            .filter(|temper| meant(&[temper]) == Some(true))
            .collect(),
    }
}

#[cfg(test)]
mod tests;
