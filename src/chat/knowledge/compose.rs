//! From what was found to an answer: red flags first, then what the store has, then what the best entry says, with its
//! sources, and a question back where that would help.

use std::fmt::Write as _;

use super::entry::Entry;
use super::retrieval::Finding;
use super::words::split;
use crate::chat::Grounds;
use crate::domain::chat::Citation;
use crate::domain::{Order, Pet, Species};

/// Sentences of the best entry that are told.
const SENTENCES: usize = 6;

const UNKNOWN: &str = "I do not know that. I answer questions about the care of pets (feeding, toxic foods and plants, \
                       vaccination, parasites, first aid, behaviour, housing, ageing, adoption, grooming and travel) \
                       and about the animals and orders of this store. If an animal seems ill, call a vet; you can \
                       also ask here for a member of the staff.";

/// Everything that an answer is made of.
pub struct Shelf<'e> {
    pub finding: Finding<'e>,
    /// Pets that were looked for.
    pub pets: Option<Vec<Pet>>,
    /// The asker's orders, when they were asked for.
    pub orders: Option<Vec<Order>>,
    /// Whether nothing was asked but what the store has.
    pub only_store: bool,
}

impl Shelf<'_> {
    /// The entries that the answer rests on, the most important first.
    pub fn cited(&self) -> Vec<&Entry> {
        let mut cited: Vec<&Entry> = Vec::new();
        // A wish for a pet is answered by the store.
        let read = if self.only_store { &[][..] } else { &self.finding.entries[..] };
        for entry in self.finding.red_flags.iter().chain(read) {
            if !cited.iter().any(|known| known.id == entry.id) {
                cited.push(entry);
            }
        }
        cited.truncate(super::retrieval::TOLD);
        cited
    }

    /// What it rests on, for programs.
    pub fn grounds(&self) -> Grounds {
        let citation = |entry: &&Entry| Citation {
            id: entry.id.clone(),
            title: entry.title.clone(),
            sources: entry.sources.clone(),
        };
        Grounds {
            citations: self.cited().iter().map(citation).collect(),
            red_flags: self.finding.red_flags.iter().map(|entry| entry.id.clone()).collect(),
            pets: self.pets.iter().flatten().map(|pet| pet.id).collect(),
        }
    }

    /// What cannot wait.
    pub fn alarms(&self) -> Vec<String> {
        self.finding.red_flags.iter().filter_map(|entry| alarm(entry)).collect()
    }

    /// The answer.
    pub fn text(&self) -> String {
        let mut parts = self.alarms();
        parts.push(self.text_without_alarms());
        parts.join("\n\n")
    }

    /// The answer but for what cannot wait, when that has been told.
    pub fn text_without_alarms(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.pets.as_ref().map(|pets| shop_window(pets)));
        parts.extend(self.orders.as_ref().map(|orders| order_book(orders)));
        let cited = self.cited();
        match cited.split_first() {
            Some((best, others)) => {
                parts.push(format!("{}. {} [{}]", best.title, self.excerpt(best), best.id));
                if !others.is_empty() {
                    let titles: Vec<String> =
                        others.iter().map(|entry| format!("{} [{}]", entry.title, entry.id)).collect();
                    parts.push(format!("See also: {}.", titles.join("; ")));
                }
                parts.push(sources(&cited));
                parts.extend(self.question_back());
            }
            None if parts.is_empty() => parts.push(UNKNOWN.to_owned()),
            None => {}
        }
        parts.join("\n\n")
    }

    /// The sentences of an entry that say most to the question, in their order; the first always, since the others lean
    /// on it.
    fn excerpt(&self, entry: &Entry) -> String {
        let sentences: Vec<&str> = entry.body.split_inclusive(". ").collect();
        let says = |sentence: &str| {
            let words: Vec<String> = split(sentence).collect();
            self.finding
                .terms
                .iter()
                .filter(|term| words.iter().any(|word| word.starts_with(term.as_str())))
                .count()
        };
        let mut order: Vec<usize> = (0..sentences.len()).collect();
        order.sort_by_cached_key(|at| (*at != 0, std::cmp::Reverse(says(sentences[*at])), *at));
        order.truncate(SENTENCES);
        order.sort_unstable();
        order.into_iter().map(|at| sentences[at]).collect::<String>().trim().to_owned()
    }

    fn question_back(&self) -> Option<String> {
        let asked_store = self.pets.is_some() || self.orders.is_some();
        if !self.finding.red_flags.is_empty() || asked_store {
            return None;
        }
        let ask = match (self.finding.species, self.finding.age_months) {
            (None, None) => "Which animal is it about, and how old is it?",
            (None, Some(_)) => "Which animal is it about?",
            // For these the entries differ by age.
            (Some(Species::Dog | Species::Cat), None) => {
                "How old is the animal? With that I can look closer."
            }
            _ => return None,
        };
        Some(ask.to_owned())
    }
}

fn alarm(entry: &Entry) -> Option<String> {
    let flag = entry.red_flag.as_ref()?;
    Some(format!("SEE A VET NOW. {}: {} {} [{}]", flag.sign, flag.why, flag.action, entry.id))
}

fn sources(cited: &[&Entry]) -> String {
    let mut named: Vec<&str> = Vec::new();
    for source in cited.iter().flat_map(|entry| &entry.sources) {
        if !named.contains(&source.as_str()) {
            named.push(source);
        }
    }
    format!("Sources: {}. General advice; it does not replace an examination by a vet.", named.join("; "))
}

/// A pet in one line, with its id.
pub fn pet_line(pet: &Pet) -> String {
    let mut line = format!("{}, {}", pet.name, pet.breed.as_deref().unwrap_or(pet.species.name()));
    let _ = write!(line, ", {} months, {} {}", pet.age_months, pet.price, pet.currency);
    if pet.good_with_kids == Some(true) {
        line.push_str(", good with kids");
    }
    let _ = write!(line, " (id {})", pet.id);
    line
}

fn shop_window(pets: &[Pet]) -> String {
    if pets.is_empty() {
        return "No pet of the store that is available now fits that.".to_owned();
    }
    let lines: Vec<String> = pets.iter().map(|pet| format!("- {}", pet_line(pet))).collect();
    format!("Available in the store now:\n{}", lines.join("\n"))
}

fn order_book(orders: &[Order]) -> String {
    if orders.is_empty() {
        return "You have no orders.".to_owned();
    }
    let lines = orders.iter().map(|order| {
        format!("- order {}: {}, {} {}", order.id, order.status, order.total_amount, order.currency)
    });
    format!("Your orders, the newest first:\n{}", lines.collect::<Vec<_>>().join("\n"))
}
