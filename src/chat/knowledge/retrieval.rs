//! Finding the entries that answer a question: red flags by their words, the rest by full text, and nothing when the
//! question is not about what is known here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::animals;
use super::entry::{self, Entry, Topic};
use super::signs::{self, Sign, Turn};
use super::words::{Words, split};
use crate::domain::{Result, Species};
use crate::store::knowledge::{Document, KnowledgeIndex};

/// Entries that full text brings, before the species and the share of the question decide.
const CANDIDATES: u32 = 24;
/// Entries that are told at most.
pub const TOLD: usize = 3;
/// Red flags that are told at most.
const FLAGS: usize = 2;
/// Least share of what a question says that an entry must speak of, for a question that names an animal and for one
/// that does not.
const LEAST_SHARE: f64 = 0.34;
const LEAST_SHARE_UNNAMED: f64 = 0.6;
/// Least share of a question without an animal that the title, the keywords and the sign of an entry must have.
const LEAST_HEAD: f64 = 0.55;
/// What an entry about another species than the question's keeps of its score.
const OTHER_SPECIES: f64 = 0.3;
/// What an entry gains that a red flag of the question points at.
const FLAGGED: f64 = 2.0;
/// Terms below which a question leans on what was asked before.
const SHORT: usize = 3;
/// Questions before it that it may lean on.
const LEANED_ON: usize = 6;
/// Turns of the user in which a red flag may be told bit by bit.
const FLAGGED_IN: usize = 3;
/// Dogs and cats are young below this age and old from that one on, months.
const GROWN_FROM: u32 = 12;
const OLD_FROM: u32 = 84;
/// What an entry about another age than the animal's keeps of its score.
const OTHER_AGE: f64 = 0.2;

/// What a question is looked up with.
#[derive(Clone, Debug, Default)]
pub struct Question<'q> {
    pub text: &'q str,
    /// What was asked before, the oldest first.
    pub before: &'q [&'q str],
    /// The species that is known from elsewhere.
    pub species: Option<Species>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Finding<'e> {
    /// The best entries, the best first; none when the question is not about what is known here.
    pub entries: Vec<&'e Entry>,
    /// Entries whose red flag the question shows, the most telling first.
    pub red_flags: Vec<&'e Entry>,
    pub species: Option<Species>,
    /// The age of the animal, when it was told, in months.
    pub age_months: Option<u32>,
    /// The terms that were looked up.
    pub terms: Vec<String>,
}

/// The knowledge base with its index.
pub struct Library {
    entries: Vec<Entry>,
    words: Words,
    index: KnowledgeIndex,
    /// The terms of each entry, and those that it is found by: all but its body.
    terms: Vec<HashSet<String>>,
    heads: Vec<HashSet<String>>,
    /// How telling a term is: the fewer entries have it the more.
    weights: HashMap<String, f64>,
    /// Each line of `when`, with the place of its entry.
    signs: Vec<(Sign, usize)>,
}

impl Library {
    /// The knowledge base that is built in; every server of the process has the same.
    ///
    /// # Errors
    /// As [`Library::open`].
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Option<Arc<Library>>> = Mutex::new(None);
        let mut shared = SHARED.lock();
        if let Some(library) = &*shared {
            return Ok(library.clone());
        }
        let library = Arc::new(Self::open()?);
        *shared = Some(library.clone());
        Ok(library)
    }

    /// Reads and indexes the knowledge base that is built in.
    ///
    /// # Errors
    /// [`crate::domain::Error::Internal`] naming the file that cannot be read.
    pub fn open() -> Result<Self> {
        let entries = entry::all()?;
        let mut words = Words::read(&entry::word_list());
        for entry in &entries {
            words.learn(&entry.title);
            words.learn(&entry.body);
            words.learn(&entry.keywords.join(" "));
            for line in entry.red_flag.iter().flat_map(|flag| &flag.when) {
                words.learn(&signs::plain(line));
            }
        }
        let line = |text: &str| words.terms(text, false).join(" ");
        let documents: Vec<Document> = entries
            .iter()
            .map(|entry| Document {
                title: line(&entry.title),
                keywords: line(&entry.keywords.join(" ")),
                sign: entry.red_flag.as_ref().map(|flag| line(&flag.sign)).unwrap_or_default(),
                body: line(&entry.body),
            })
            .collect();
        let heads = documents.iter().map(head_of).collect();
        let terms: Vec<HashSet<String>> = documents.iter().map(terms_of).collect();
        let weights = weights(&terms);
        let weight = |term: &str| weights.get(term).copied().unwrap_or_else(|| unseen(entries.len()));
        let lines = entries.iter().enumerate().flat_map(|(place, entry)| {
            let lines = entry.red_flag.iter().flat_map(|flag| &flag.when);
            lines.map(move |line| (line, place))
        });
        let signs = lines
            .map(|(line, place)| Ok((Sign::read(&words, line, weight)?, place)))
            .collect::<Result<_>>()?;
        let index = KnowledgeIndex::build(&documents)?;
        Ok(Self { entries, words, index, terms, heads, weights, signs })
    }

    /// Whether `words` say anything, silent words aside.
    pub fn says_anything(&self, words: &str) -> bool {
        !self.words.terms(words, true).is_empty()
    }

    /// Every entry.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is known about a question.
    ///
    /// # Errors
    /// The index's failures.
    pub fn look_up(&self, question: &Question<'_>) -> Result<Finding<'_>> {
        let known = self.known(question);
        // How old it is, is about what was asked before.
        let answers = !question.before.is_empty() && animals::is_age_alone(question.text);
        let mut terms = if answers { Vec::new() } else { self.words.terms(question.text, true) };
        let follows = !question.before.is_empty() && (terms.len() <= SHORT || known.named.is_empty());
        let mut entries = self.rank(&terms, &known)?;
        if follows
            && (entries.is_empty() || terms.len() <= SHORT)
            && self.is_of_ours(&terms)
            && let Some(topic) = self.topic(question.before, &known)?
        {
            terms.extend(topic);
            // What little it says by itself is no subject; it is about the one before.
            let leaning = self.rank(&terms, &known)?;
            entries.splice(..0, leaning);
        }
        let mut told: Vec<&Entry> = Vec::new();
        for place in entries {
            let entry = &self.entries[place];
            if told.len() < TOLD && !told.iter().any(|known| known.id == entry.id) {
                told.push(entry);
            }
        }
        let red_flags = known.flagged.iter().take(FLAGS).map(|place| &self.entries[*place]).collect();
        let Known { species, age_months, .. } = known;
        Ok(Finding { entries: told, red_flags, species, age_months, terms })
    }

    /// What the conversation tells of the animal.
    fn known(&self, question: &Question<'_>) -> Known {
        let before = || question.before.iter().rev();
        let named = animals::all_named(question.text);
        let earlier = before().find_map(|text| animals::named(text));
        let species = question.species.or(named.first().copied()).or(earlier);
        let concerned: Vec<Species> = named.iter().copied().chain(species).collect();
        let age_months = animals::age_months(question.text).or_else(|| {
            // Another animal has another age.
            let same = named.is_empty() || earlier.is_none_or(|earlier| named.contains(&earlier));
            before().filter(|_| same).find_map(|text| animals::age_months(text))
        });
        let about_animals = species.is_some() || animals::mentioned(question.text);
        let mut turns = vec![Turn::read(&self.words, question.text)];
        if named.is_empty() || earlier.is_none_or(|earlier| named.contains(&earlier)) {
            turns.extend(before().take(FLAGGED_IN - 1).map(|text| Turn::read(&self.words, text)));
        }
        let flagged = self.flagged(&turns, &concerned);
        Known { named, species, concerned, age_months, about_animals, flagged }
    }

    /// The terms of the last question about which anything is known.
    fn topic(&self, before: &[&str], known: &Known) -> Result<Option<Vec<String>>> {
        let questions = before.iter().rev().take(LEANED_ON).filter(|text| !animals::is_age_alone(text));
        for text in questions {
            let terms = self.words.terms(text, true);
            if !self.rank(&terms, known)?.is_empty() {
                return Ok(Some(terms));
            }
        }
        Ok(None)
    }

    /// Whether less than half of what the terms say is foreign to the knowledge base.
    fn is_of_ours(&self, terms: &[String]) -> bool {
        let foreign = terms.iter().filter(|term| !self.weights.contains_key(*term)).count();
        foreign == 0 || foreign * 2 < terms.len()
    }

    /// The entries whose red flag the turns show, those about the very species first, then the most telling sign.
    fn flagged(&self, turns: &[Turn], concerned: &[Species]) -> Vec<usize> {
        let mut shown: Vec<(bool, f64, usize)> = Vec::new();
        for (sign, place) in &self.signs {
            let entry = &self.entries[*place];
            if !any_of(&entry.threatens, concerned) {
                continue;
            }
            let Some(telling) = sign.shown(turns) else { continue };
            match shown.iter_mut().find(|(.., known)| known == place) {
                Some((_, best, _)) => *best = best.max(telling),
                None => shown.push((any_of(&entry.species, concerned), telling, *place)),
            }
        }
        shown.sort_by(|one, other| other.0.cmp(&one.0).then(other.1.total_cmp(&one.1)));
        shown.into_iter().map(|(.., place)| place).collect()
    }

    fn rank(&self, terms: &[String], known: &Known) -> Result<Vec<usize>> {
        let hits = self.index.search(terms, CANDIDATES)?;
        // A number that no entry has is no subject.
        let counts =
            |term: &String| term.chars().any(|c| !c.is_ascii_digit()) || self.weights.contains_key(term);
        let asked: HashSet<&String> = terms.iter().filter(|term| counts(term)).collect();
        let whole: f64 = asked.iter().map(|term| self.weight(term)).sum();
        let least = if known.about_animals { LEAST_SHARE } else { LEAST_SHARE_UNNAMED };
        let mut ranked: Vec<(f64, usize)> = Vec::new();
        for hit in hits {
            let entry = &self.entries[hit.place];
            let told_by = |words: &HashSet<String>| -> f64 {
                let told = asked.iter().filter(|term| words.contains(**term)).map(|term| self.weight(term));
                told.sum::<f64>() / whole.max(f64::EPSILON)
            };
            // What names no animal must be about what the entry is about, not about what it mentions.
            let share = told_by(&self.terms[hit.place]);
            let is_close =
                share >= least && (known.about_animals || told_by(&self.heads[hit.place]) >= LEAST_HEAD);
            let is_flagged = known.flagged.contains(&hit.place);
            if !is_close && !is_flagged {
                continue;
            }
            let fitting =
                if is_flagged || any_of(&entry.species, &known.concerned) { 1.0 } else { OTHER_SPECIES };
            let flag = if is_flagged { FLAGGED } else { 1.0 };
            ranked.push((hit.score * share * fitting * flag * known.fits_age(entry), hit.place));
        }
        ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
        Ok(ranked.into_iter().map(|(_, place)| place).collect())
    }

    /// A term that no entry has tells most: that the question is about something else.
    fn weight(&self, term: &str) -> f64 {
        self.weights.get(term).copied().unwrap_or_else(|| unseen(self.entries.len()))
    }
}

/// What a conversation tells of the animal, and what threatens it.
struct Known {
    named: Vec<Species>,
    species: Option<Species>,
    concerned: Vec<Species>,
    age_months: Option<u32>,
    about_animals: bool,
    /// Places of entries.
    flagged: Vec<usize>,
}

impl Known {
    /// What an entry keeps of its score, the animal being as old as it is.
    fn fits_age(&self, entry: &Entry) -> f64 {
        let (Some(age), Some(Species::Dog | Species::Cat)) = (self.age_months, self.species) else {
            return 1.0;
        };
        let title: Vec<String> = split(&entry.title).collect();
        let names = |words: &[&str]| title.iter().any(|word| words.contains(&word.as_str()));
        let young = names(&["puppy", "puppies", "kitten"]) && !names(&["dog", "cat"]);
        let other = match age {
            ..GROWN_FROM => entry.topic == Topic::Ageing || names(&["adult", "old"]),
            GROWN_FROM..OLD_FROM => young || entry.topic == Topic::Ageing,
            _ => young,
        };
        if other { OTHER_AGE } else { 1.0 }
    }
}

/// Whether any of `species` is concerned; all are when none is named.
fn any_of(species: &[Species], concerned: &[Species]) -> bool {
    concerned.is_empty() || concerned.iter().any(|one| species.contains(one))
}

fn head_of(document: &Document) -> HashSet<String> {
    let fields = [&document.title, &document.keywords, &document.sign];
    fields.into_iter().flat_map(|field| field.split_whitespace()).map(str::to_owned).collect()
}

fn terms_of(document: &Document) -> HashSet<String> {
    let fields = [&document.title, &document.keywords, &document.sign, &document.body];
    fields.into_iter().flat_map(|field| field.split_whitespace()).map(str::to_owned).collect()
}

#[expect(clippy::cast_precision_loss, reason = "some hundred entries")]
fn weights(documents: &[HashSet<String>]) -> HashMap<String, f64> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for term in documents.iter().flatten() {
        *counts.entry(term.clone()).or_default() += 1;
    }
    let all = documents.len() as f64;
    counts.into_iter().map(|(term, count)| (term, (1.0 + all / count as f64).ln())).collect()
}

#[expect(clippy::cast_precision_loss, reason = "some hundred entries")]
fn unseen(entries: usize) -> f64 {
    (1.0 + entries as f64).ln()
}

#[cfg(test)]
mod tests;
