//! Descriptions, put together from the sentences of a kind.

use super::kind::{Breed, Kind};
use super::{Random, Stage};
use crate::domain::pet::Gender;

/// Closing sentences, true of every animal.
const CLOSINGS: &[&str] = &[
    "Ask for {him} at the front desk.",
    "Come and meet {him} any afternoon but Monday.",
    "The volunteers who look after {him} are happy to answer questions.",
    "Bring the whole family to the first meeting.",
    "The fee covers the examination and the first bag of food.",
    "We stay in touch after the adoption and help with the first weeks.",
    "Allow for two visits, so that you can get to know each other.",
];

/// An animal, and what a description tells of it.
pub(super) struct Animal {
    pub kind: &'static Kind,
    pub breed: &'static Breed,
    pub name: &'static str,
    pub gender: Gender,
    pub stage: Stage,
    pub age_months: u32,
    pub color: &'static str,
    pub good_with_kids: Option<bool>,
    /// A lasting condition: the note of the vet, and the sentence for the reader.
    pub condition: Option<(&'static str, &'static str)>,
}

impl Animal {
    /// The description, and the tags that it bears out.
    pub fn describe(&self, random: &mut Random) -> (String, Vec<&'static str>) {
        let phrases = &self.kind.phrases;
        let past = match self.stage {
            Stage::Young => phrases.young_pasts,
            Stage::Adolescent | Stage::Adult => phrases.grown_pasts,
            Stage::Senior => phrases.old_pasts,
        };
        let mut told = vec![phrases.openings[random.below(phrases.openings.len())], random.pick(past)];
        let mut tags = Vec::new();
        let grown = self.stage != Stage::Young;
        for (traits, wanted) in [
            (phrases.ways, true),
            (phrases.bonds, true),
            (phrases.skills, grown && !phrases.skills.is_empty() && random.chance(65)),
        ] {
            if wanted {
                let (tag, sentence) = traits[random.below(traits.len())];
                tags.push(tag);
                told.push(sentence);
            }
        }
        told.extend(self.condition.map(|(_, sentence)| sentence));
        match self.good_with_kids {
            Some(true) if random.chance(70) => told.push(random.pick(phrases.good_with_kids)),
            Some(false) => told.push(random.pick(phrases.not_with_kids)),
            _ => {}
        }
        told.push(random.pick(phrases.homes));
        if random.chance(45) {
            told.push(random.pick(CLOSINGS));
        }
        let sentences: Vec<String> = told.into_iter().map(|sentence| self.fill(sentence)).collect();
        (sentences.join(" "), tags)
    }

    /// `template` with its words in place; a word that is not known stays in its braces.
    pub fn fill(&self, template: &str) -> String {
        let mut parts = template.split('{');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (key, rest) = part.split_once('}').unwrap_or((part, ""));
            match self.word(key) {
                Some(word) => text.push_str(&word),
                None => text.extend(["{", key, "}"]),
            }
            text.push_str(rest);
        }
        text
    }

    /// The color as it stands before a noun: without `with a red tail`.
    fn tone(&self) -> &str {
        self.color.split_once(" with ").map_or(self.color, |(tone, _)| tone)
    }

    fn word(&self, key: &str) -> Option<String> {
        let by_gender = |words: [&'static str; 3]| match self.gender {
            Gender::Male => words[0],
            Gender::Female => words[1],
            Gender::Unknown => words[2],
        };
        Some(match key {
            "name" => self.name.to_owned(),
            "breed" => self.breed.name.to_owned(),
            "color" => self.color.to_owned(),
            "tone" => self.tone().to_owned(),
            "a_tone" => with_article(self.tone()),
            "an_age" => with_article(&age(self.age_months)),
            "he" => by_gender(["he", "she", "it"]).to_owned(),
            "him" => by_gender(["him", "her", "it"]).to_owned(),
            "his" => by_gender(["his", "her", "its"]).to_owned(),
            "himself" => by_gender(["himself", "herself", "itself"]).to_owned(),
            "He" => by_gender(["He", "She", "It"]).to_owned(),
            "His" => by_gender(["His", "Her", "Its"]).to_owned(),
            "boy" => by_gender(["boy", "girl", "little one"]).to_owned(),
            _ => return None,
        })
    }
}

/// `7-month-old`, `three-year-old`, `15-year-old`.
fn age(months: u32) -> String {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let years = months / 12;
    match WORDS.get(years as usize) {
        Some(_) if years < 2 => format!("{months}-month-old"),
        Some(word) => format!("{word}-year-old"),
        None => format!("{years}-year-old"),
    }
}

/// With `a` or `an`, as it is spoken.
fn with_article(text: &str) -> String {
    let number: String = text.chars().take_while(char::is_ascii_digit).collect();
    let vowel = match number.as_str() {
        "" => text.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']),
        number => number.starts_with('8') || matches!(number, "11" | "18"),
    };
    format!("{} {text}", if vowel { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_as_people_tell_them() {
        let told = |months| with_article(&age(months));
        assert_eq!(told(2), "a 2-month-old");
        assert_eq!(told(8), "an 8-month-old");
        assert_eq!(told(18), "an 18-month-old");
        assert_eq!(told(24), "a two-year-old");
        assert_eq!(told(101), "an eight-year-old");
        assert_eq!(told(12 * 15), "a 15-year-old");
        assert_eq!(told(12 * 18), "an 18-year-old");
    }
}
