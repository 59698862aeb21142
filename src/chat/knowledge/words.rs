//! From what an owner writes to the terms that the index knows: lower case, one word for one thing, stems, and the
//! spelling mended against the words of the knowledge base.

use std::collections::{BTreeMap, HashMap, HashSet};

use rust_stemmers::{Algorithm, Stemmer};
use strsim::osa_distance;

/// Words shorter than this are not mended: too many others are near them.
const MENDED_FROM: usize = 5;
/// From this length on two mistakes are mended.
const TWO_MISTAKES_FROM: usize = 9;
/// Longest question that is looked at, in words; the rest says no more.
const MAX_WORDS: usize = 200;

/// One word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// In lower case, its spelling mended.
    pub word: String,
    /// The stem of the word that stands for it.
    pub term: String,
    /// Whether it says nothing about what is asked.
    pub silent: bool,
    /// The part of the text, between two marks, that it is in.
    pub clause: usize,
}

/// The store's knowledge of words.
pub struct Words {
    stemmer: Stemmer,
    /// Spelling to the word that stands for it.
    synonyms: HashMap<String, String>,
    /// Two words that are one: `throwing up`.
    pairs: HashMap<(String, String), String>,
    silent: HashSet<String>,
    /// Words that are spelled as they are meant though no entry has them.
    right: HashSet<String>,
    /// Every word that the knowledge base uses, with how often.
    vocabulary: BTreeMap<String, u32>,
}

impl Words {
    /// From the list of synonyms (`knowledge/words.txt`).
    pub fn read(list: &str) -> Self {
        let (mut synonyms, mut pairs) = (HashMap::new(), HashMap::new());
        let (mut silent, mut right) = (HashSet::new(), HashSet::new());
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            if let Some(words) = line.strip_prefix('|') {
                silent.extend(words.split_whitespace().map(str::to_owned));
            } else if let Some(words) = line.strip_prefix('+') {
                right.extend(words.split_whitespace().map(str::to_owned));
            } else if let Some((word, others)) = line.split_once(':') {
                for other in others.split_whitespace() {
                    match other.split_once('_') {
                        Some((one, two)) => {
                            pairs.insert((one.to_owned(), two.to_owned()), word.to_owned());
                        }
                        None => {
                            synonyms.insert(other.to_owned(), word.to_owned());
                        }
                    }
                }
            }
        }
        let stemmer = Stemmer::create(Algorithm::English);
        Self { stemmer, synonyms, pairs, silent, right, vocabulary: BTreeMap::new() }
    }

    /// Learns the spelling of the words in `text`.
    pub fn learn(&mut self, text: &str) {
        for word in split(text) {
            *self.vocabulary.entry(word).or_default() += 1;
        }
    }

    /// The terms of `text` in its order, silent words left out; `mend` is for what people type.
    pub fn terms(&self, text: &str, mend: bool) -> Vec<String> {
        self.said(text, mend).into_iter().filter(|said| !said.silent).map(|said| said.term).collect()
    }

    /// Every word of `text` with its term.
    pub fn said(&self, text: &str, mend: bool) -> Vec<Said> {
        let clauses = text.split(['.', ',', ';', ':', '!', '?', '\n']).enumerate();
        let words = clauses.flat_map(|(clause, text)| {
            self.pair_up(split(text).collect()).into_iter().map(move |w| (clause, w))
        });
        let read = |(clause, word): (usize, String)| {
            let word = if mend { self.mend(word) } else { word };
            let meant = self.synonyms.get(&word).unwrap_or(&word);
            let silent = self.is_silent(&word) || self.is_silent(meant);
            Said { term: self.stemmer.stem(meant).into_owned(), word, silent, clause }
        };
        words.take(MAX_WORDS).map(read).collect()
    }

    /// Whether a word says nothing about what is asked.
    pub fn is_silent(&self, word: &str) -> bool {
        self.silent.contains(word)
    }

    fn pair_up(&self, words: Vec<String>) -> Vec<String> {
        let mut joined = Vec::with_capacity(words.len());
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            let pair = words.peek().and_then(|next| self.pairs.get(&(word.clone(), next.clone())));
            match pair {
                Some(pair) => {
                    joined.push(pair.clone());
                    words.next();
                }
                None => joined.push(word),
            }
        }
        joined
    }

    /// The word of the knowledge base that `word` was meant to be; itself when none is near.
    fn mend(&self, word: String) -> String {
        let length = word.chars().count();
        if length < MENDED_FROM || self.knows(&word) {
            return word;
        }
        let most = if length >= TWO_MISTAKES_FROM { 2 } else { 1 };
        // Few mistype the first letter, and with it the others need not be looked at.
        let Some(first) = word.chars().next() else { return word };
        let alike =
            self.vocabulary.range(first.to_string()..).take_while(|(known, _)| known.starts_with(first));
        let near = alike.filter(|(known, _)| known.len().abs_diff(word.len()) <= most);
        let near = near.map(|(known, count)| (osa_distance(known, &word), u32::MAX - count, known));
        near.filter(|(distance, ..)| *distance <= most).min().map_or(word, |(_, _, known)| known.clone())
    }

    /// Whether the spelling, or one with the same stem, is in use.
    fn knows(&self, word: &str) -> bool {
        let meant = self.synonyms.contains_key(word) || self.silent.contains(word);
        meant || self.right.contains(word) || self.vocabulary.contains_key(word)
    }
}

/// The words of a text: letters and digits in lower case. A genitive is its noun (`dog's`), any other apostrophe joins
/// (`can't` is `cant`).
pub fn split(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'))
        .map(|word| word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word))
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
        .filter(|word: &String| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let mut words = Words::read("vomit: throwing_up puke\nnot: cant\n| my is the");
        words.learn("seizure chocolate vaccination rabbit");
        words
    }

    #[test]
    fn one_thing_has_one_term() {
        let terms = words().terms("My rabbit can't stop throwing up, PUKES", true);
        assert_eq!(terms, ["rabbit", "not", "stop", "vomit", "puke"]);
    }

    #[test]
    fn mistakes_of_typing_are_mended() {
        let words = words();
        for (typed, meant) in [
            ("siezure", "seizure"),
            ("choclate", "chocolate"),
            ("vacinattion", "vaccination"),
            ("rabit", "rabbit"),
        ] {
            assert_eq!(words.mend(typed.to_owned()), meant);
        }
        assert_eq!(words.mend("laptop".to_owned()), "laptop");
        assert_eq!(words.mend("cat".to_owned()), "cat");
    }
}
