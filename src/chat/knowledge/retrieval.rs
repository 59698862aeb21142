//! Finding the entries that answer a question: red flags by their words, the rest by full text, and nothing when the
//! question is not about what is known here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::animals;
use super::entry::{self, Entry};
use super::words::Words;
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
/// What an entry about another species than the question's keeps of its score.
const OTHER_SPECIES: f64 = 0.3;
/// What an entry gains that a red flag of the question points at.
const FLAGGED: f64 = 2.0;
/// Terms below which a question leans on the one before it.
const SHORT: usize = 3;

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
    /// The terms that were looked up.
    pub terms: Vec<String>,
}

/// The knowledge base with its index.
pub struct Library {
    entries: Vec<Entry>,
    words: Words,
    index: KnowledgeIndex,
    /// The terms of each entry.
    terms: Vec<HashSet<String>>,
    /// How telling a term is: the fewer entries have it the more.
    weights: HashMap<String, f64>,
    /// Each line of `when`, as terms, with the place of its entry.
    signs: Vec<(Vec<String>, usize)>,
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
                words.learn(line);
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
        let terms: Vec<HashSet<String>> = documents.iter().map(terms_of).collect();
        let signs = entries.iter().enumerate().flat_map(|(place, entry)| {
            let lines = entry.red_flag.iter().flat_map(|flag| &flag.when);
            lines.map(move |line| (line, place))
        });
        let signs = signs.map(|(line, place)| (words.terms(line, false), place)).collect();
        let index = KnowledgeIndex::build(&documents)?;
        let weights = weights(&terms);
        Ok(Self { entries, words, index, terms, weights, signs })
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
        let named = animals::all_named(question.text);
        let earlier = || question.before.iter().rev().find_map(|text| animals::named(text));
        let species = question.species.or(named.first().copied()).or_else(earlier);
        let concerned: Vec<Species> = named.iter().copied().chain(species).collect();
        let mut terms = self.words.terms(question.text, true);
        let flagged = self.flagged(&terms, &concerned);
        let follows = !question.before.is_empty() && (terms.len() <= SHORT || named.is_empty());
        let about_animals = species.is_some() || animals::mentioned(question.text);
        let mut entries = self.rank(&terms, &flagged, &concerned, about_animals)?;
        if follows && (entries.is_empty() || terms.len() <= SHORT) {
            let last = question.before.last().map(|text| self.words.terms(text, true)).unwrap_or_default();
            terms.extend(last);
            // What little it says by itself is no subject; it is about the one before.
            let leaning = self.rank(&terms, &flagged, &concerned, about_animals)?;
            entries.splice(..0, leaning);
        }
        let mut told: Vec<&Entry> = Vec::new();
        for place in entries {
            let entry = &self.entries[place];
            if told.len() < TOLD && !told.iter().any(|known| known.id == entry.id) {
                told.push(entry);
            }
        }
        let red_flags = flagged.iter().take(FLAGS).map(|place| &self.entries[*place]).collect();
        Ok(Finding { entries: told, red_flags, species, terms })
    }

    /// The entries whose red flag the terms show: all the terms of one of its lines, the longest line first.
    fn flagged(&self, terms: &[String], concerned: &[Species]) -> Vec<usize> {
        let mut asked: HashSet<&str> = terms.iter().map(String::as_str).collect();
        // Who has not eaten does not eat.
        if asked.contains("not") && asked.contains("ate") {
            asked.insert("eat");
        }
        let mut shown: Vec<(f64, usize)> = Vec::new();
        for (line, place) in &self.signs {
            let fits = fits(&self.entries[*place], concerned);
            if !fits || line.is_empty() || !line.iter().all(|term| asked.contains(term.as_str())) {
                continue;
            }
            let told: f64 = line.iter().map(|term| self.weight(term)).sum();
            match shown.iter_mut().find(|(_, known)| known == place) {
                Some((best, _)) => *best = best.max(told),
                None => shown.push((told, *place)),
            }
        }
        shown.sort_by(|one, other| other.0.total_cmp(&one.0));
        shown.into_iter().map(|(_, place)| place).collect()
    }

    fn rank(
        &self,
        terms: &[String],
        flagged: &[usize],
        concerned: &[Species],
        about_animals: bool,
    ) -> Result<Vec<usize>> {
        let hits = self.index.search(terms, CANDIDATES)?;
        let asked: HashSet<&String> = terms.iter().collect();
        let whole: f64 = asked.iter().map(|term| self.weight(term)).sum();
        let least = if about_animals { LEAST_SHARE } else { LEAST_SHARE_UNNAMED };
        let mut ranked: Vec<(f64, usize)> = Vec::new();
        for hit in hits {
            let entry = &self.entries[hit.place];
            let own: f64 = asked
                .iter()
                .filter(|term| self.terms[hit.place].contains(**term))
                .map(|term| self.weight(term))
                .sum();
            let share = own / whole.max(f64::EPSILON);
            let is_flagged = flagged.contains(&hit.place);
            if share < least && !is_flagged {
                continue;
            }
            let fitting = if fits(entry, concerned) { 1.0 } else { OTHER_SPECIES };
            let flag = if is_flagged { FLAGGED } else { 1.0 };
            ranked.push((hit.score * share * fitting * flag, hit.place));
        }
        ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
        Ok(ranked.into_iter().map(|(_, place)| place).collect())
    }

    /// A term that no entry has tells most: that the question is about something else.
    fn weight(&self, term: &str) -> f64 {
        self.weights.get(term).copied().unwrap_or_else(|| unseen(self.entries.len()))
    }
}

/// Whether an entry is about any of the species that a question concerns; about all when it names none.
fn fits(entry: &Entry, concerned: &[Species]) -> bool {
    concerned.is_empty() || concerned.iter().any(|species| entry.species.contains(species))
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
