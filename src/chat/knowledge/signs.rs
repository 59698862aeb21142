//! The signs of red flags: what a question must say for an alarm. Unlike full text this looks at every word, also those
//! that say nothing by themselves (`get up`, `run over`), and at where they stand.

use super::words::{Said, Words, split};
use crate::domain::{Error, Result};

/// Words that may stand between `not` and what is not.
const BETWEEN: usize = 1;
/// Words that say nothing between two of a phrase, at most.
const PASSED_OVER: usize = 3;
/// Words behind which a `not` before them has ended.
const ENDINGS: [&str; 7] = ["and", "but", "when", "because", "so", "while", "if"];

/// One line of `when`. Its words may stand anywhere, each in any of its forms; `not` stands before the word that follows
/// it, or anywhere when it is the last. `a_b` is a phrase: words in that order with nothing between them but words that
/// say nothing. `=a` is this very word. `-a` must not be said.
pub struct Sign {
    items: Vec<Item>,
    /// How telling it is.
    weight: f64,
}

struct Item {
    marks: Vec<Mark>,
    wanted: bool,
    /// What is said not to be.
    denied: bool,
}

struct Mark {
    text: String,
    literal: bool,
    silent: bool,
}

/// What was said in one turn, and which words of it are in one sentence.
pub struct Turn(Vec<Said>);

impl Turn {
    /// What an owner typed.
    pub fn read(words: &Words, text: &str) -> Self {
        Self(words.said(text, true))
    }
}

impl Sign {
    /// Reads a line; `weight` tells how telling a term is.
    ///
    /// # Errors
    /// [`Error::Internal`] for a line whose words say nothing but one: it would be shown by far too much.
    pub fn read(words: &Words, line: &str, weight: impl Fn(&str) -> f64) -> Result<Self> {
        let mut items: Vec<Item> = Vec::new();
        let mut telling = 0.0;
        let mut tellers = 0;
        for token in line.split_whitespace() {
            let (wanted, token) = token.strip_prefix('-').map_or((true, token), |token| (false, token));
            let marks: Vec<Mark> = token.split('_').flat_map(|word| marks(words, word)).collect();
            let denied = items.last().is_some_and(is_not);
            if denied {
                items.pop();
            }
            if wanted {
                let terms = marks.iter().filter(|mark| !mark.silent);
                let each: Vec<f64> = terms.map(|mark| weight(&mark.text)).collect();
                telling += each.iter().sum::<f64>() + f64::from(u8::from(denied));
                // A phrase is told by its order, too.
                tellers += each.len().max(usize::from(marks.len() > 1) * 2) + usize::from(denied);
            }
            items.push(Item { marks, wanted, denied });
        }
        let wanted = items.iter().filter(|item| item.wanted).count();
        if wanted == 0 || tellers < wanted.min(2) {
            return Err(Error::internal(format!(
                "the sign {line:?} says nothing but one word; write a phrase"
            )));
        }
        Ok(Self { items, weight: telling })
    }

    /// How telling it is, when `turns` (the newest first) show it: all of it, some of that in the newest.
    pub fn shown(&self, turns: &[Turn]) -> Option<f64> {
        let mut new = false;
        for item in &self.items {
            let at = turns.iter().position(|turn| item.is_in(&turn.0));
            match (at, item.wanted) {
                (Some(at), true) => new |= at == 0,
                (None, false) => {}
                (None, true) | (Some(_), false) => return None,
            }
        }
        new.then_some(self.weight)
    }
}

fn marks(words: &Words, word: &str) -> Vec<Mark> {
    match word.strip_prefix('=') {
        Some(word) => vec![Mark { text: word.to_owned(), literal: true, silent: words.is_silent(word) }],
        None => {
            let mark = |said: Said| Mark { text: said.term, literal: false, silent: said.silent };
            words.said(word, false).into_iter().map(mark).collect()
        }
    }
}

fn is_not(item: &Item) -> bool {
    item.wanted && !item.denied && item.marks.len() == 1 && item.marks[0].text == "not"
}

impl Item {
    fn is_in(&self, said: &[Said]) -> bool {
        if !self.denied {
            return (0..said.len()).any(|at| self.begins(said, at));
        }
        said.iter().enumerate().filter(|(_, word)| word.term == "not").any(|(not, word)| {
            let mut between = 0;
            for at in not + 1..said.len() {
                let next = &said[at];
                if next.clause != word.clause || ENDINGS.contains(&next.word.as_str()) {
                    return false;
                }
                if self.begins(said, at) {
                    return true;
                }
                between += usize::from(!next.silent);
                if between > BETWEEN {
                    return false;
                }
            }
            false
        })
    }

    /// Whether its words are said from `at` on.
    fn begins(&self, said: &[Said], at: usize) -> bool {
        let clause = said[at].clause;
        let mut left = said[at..].iter().take_while(|word| word.clause == clause);
        let Some((first, others)) = self.marks.split_first() else { return false };
        if !left.next().is_some_and(|word| self.is(first, word)) {
            return false;
        }
        others.iter().all(|mark| {
            let mut passed = 0;
            for word in left.by_ref() {
                if self.is(mark, word) {
                    return true;
                }
                passed += 1;
                if !word.silent || passed > PASSED_OVER {
                    return false;
                }
            }
            false
        })
    }

    fn is(&self, mark: &Mark, said: &Said) -> bool {
        if mark.literal {
            return mark.text == said.word;
        }
        // Who has not eaten does not eat.
        mark.text == said.term || (self.denied && mark.text == "eat" && said.term == "ate")
    }
}

/// The words of a line of `when` that the spelling is mended against.
pub fn plain(line: &str) -> String {
    split(&line.replace(['_', '='], " ")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let mut words = Words::read(
            "not: cannot hasnt wont dont doesnt\nate: eaten swallowed\npoop: pooped\n| get up my is he by a to it has and or are s",
        );
        words.learn("snake bitten eat pooped poop breathe swallowed stand");
        words
    }

    fn shows(line: &str, turns: &[&str]) -> bool {
        let words = words();
        let turns: Vec<Turn> = turns.iter().map(|turn| Turn::read(&words, turn)).collect();
        Sign::read(&words, line, |_| 1.0).unwrap().shown(&turns).is_some()
    }

    #[test]
    fn a_sign_is_shown_by_its_words_where_they_stand() {
        for (line, text, shown) in [
            ("not get_up", "he cannot get up", true),
            ("not get_up", "he won't even get up", true),
            ("not get_up", "he does not like his bath", false),
            ("not get_up", "why do dogs get up early and not late", false),
            ("snake_bit", "a snake has bit him", true),
            ("snake_bit", "my snake likes rats that bit", false),
            ("not eat", "he has not eaten", true),
            ("not eat", "he does not like me when I eat", false),
            ("not poop", "he hasn't eaten or pooped", true),
            ("=swallowed", "he swallowed it", true),
            ("=swallowed", "he ate it", false),
            ("circling -feet", "he is circling", true),
            ("circling -feet", "he is circling my feet", false),
            ("labor not", "labor and nothing, cannot", true),
        ] {
            assert_eq!(shows(line, &[text]), shown, "{line}: {text}");
        }
    }

    #[test]
    fn a_sign_may_be_told_bit_by_bit_and_alarms_once() {
        assert!(shows("ate chocolate", &["chocolate", "he ate something"]));
        assert!(!shows("ate chocolate", &["how often should I brush him", "he ate chocolate"]));
    }

    #[test]
    fn a_line_that_anything_shows_is_refused() {
        for line in ["snake get", "is up", "-snake", ""] {
            assert!(Sign::read(&words(), line, |_| 1.0).is_err(), "{line}");
        }
        for line in ["snake", "snake bitten", "get_up", "not eat"] {
            assert!(Sign::read(&words(), line, |_| 1.0).is_ok(), "{line}");
        }
    }
}
