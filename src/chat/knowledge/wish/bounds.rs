//! The numbers that a wish may not exceed.

use super::CHILDREN;
use crate::domain::Amount;

/// What may not be exceeded.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    pub price: Option<Amount>,
    pub age_months: Option<u32>,
}

/// The numbers behind `under`, `less than`, `up to` and the like: an age with its unit, else, unless it has another, money.
pub fn bounds(question: &str) -> Bounds {
    const BOUNDS: [&str; 7] = ["under", "below", "than", "max", "maximum", "most", "within"];
    const MONEY: [&str; 8] = ["dollar", "dollars", "usd", "euro", "euros", "eur", "bucks", "gbp"];
    let text = question.to_lowercase().replace(['$', '€', '£'], " $ ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = Bounds::default();
    for (at, word) in words.iter().enumerate() {
        let number = word.trim_matches(|c: char| !c.is_ascii_digit()).replace(',', "");
        let before: Vec<&str> =
            words[..at].iter().rev().filter(|word| **word != "$").take(2).copied().collect();
        let bounded = before.first().is_some_and(|last| BOUNDS.contains(last)) || before == ["to", "up"];
        // `good with kids under 5` is about the children.
        let of_kids = before.get(1).is_some_and(|word| CHILDREN.contains(word));
        if number.is_empty() || !bounded || of_kids {
            continue;
        }
        let unit = words.get(at + 1).map_or("", |next| next.trim_matches(|c: char| !c.is_alphanumeric()));
        let money = words[at - 1] == "$" || MONEY.contains(&unit);
        match unit {
            "month" | "months" => found.age_months = number.parse().ok(),
            "year" | "years" => {
                found.age_months = number.parse().ok().and_then(|years: u32| years.checked_mul(12))
            }
            _ if money || !is_measure(unit) => found.price = found.price.or_else(|| amount(&number)),
            _ => {}
        }
    }
    found
}

fn is_measure(unit: &str) -> bool {
    const MEASURES: &[&str] = &[
        "week", "weeks", "day", "days", "hour", "hours", "minute", "minutes", "kg", "kilo", "kilos", "lb",
        "lbs", "pound", "pounds", "gram", "grams", "g", "cm", "m", "meter", "meters", "inch", "inches",
        "feet", "foot", "degrees", "c", "f", "percent", "gallon", "gallons", "liter", "liters", "litre",
        "litres", "times", "miles", "km",
    ];
    MEASURES.contains(&unit)
}

/// An amount of money as people write it: `80`, `29.9`, `29.99`.
fn amount(number: &str) -> Option<Amount> {
    let (whole, cents) = number.split_once('.').unwrap_or((number, ""));
    let cents: String = cents.chars().chain("00".chars()).take(2).collect();
    let sound = whole.len() <= 7 && cents.chars().all(|c| c.is_ascii_digit());
    Amount::parse("price", &format!("{whole}.{cents}")).ok().filter(|_| sound)
}
