//! The golden set: what owners ask, and what must be cited.

use super::super::compose::Shelf;
use super::*;

const GOLDEN: &str = include_str!("../../../../tests/knowledge/golden.tsv");

struct Asked {
    held: bool,
    kind: &'static str,
    expected: Vec<&'static str>,
    text: &'static str,
}

fn golden() -> Vec<Asked> {
    let lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&'static str> = line.split('\t').collect();
            let [set, kind, _, expected, text] = fields[..] else { panic!("five columns: {line}") };
            let expected = expected.split(',').filter(|id| *id != "-").collect();
            Asked { held: set == "held", kind, expected, text }
        })
        .collect()
}

#[derive(Default, Debug)]
struct Figures {
    questions: usize,
    expected: usize,
    recalled: usize,
    red: usize,
    caught: usize,
    alarms: usize,
    /// Of those, where there is nothing at all to fear.
    false_of_calm: usize,
    foreign: usize,
    refused: usize,
    misses: Vec<String>,
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "some hundred questions")]
    fn recall(&self) -> f64 {
        self.recalled as f64 / self.expected as f64
    }
}

fn measure(library: &Library, held: bool) -> Figures {
    let mut figures = Figures::default();
    for asked in golden().into_iter().filter(|asked| asked.held == held) {
        figures.questions += 1;
        let question = Question { text: asked.text, before: &[], species: None };
        let finding = library.look_up(&question).unwrap();
        let shelf = Shelf { finding, pets: None, orders: None, only_store: false };
        let (found, finding) = (shelf.cited(), &shelf.finding);
        let found: Vec<&str> = found.iter().map(|entry| entry.id.as_str()).collect();
        if !asked.expected.is_empty() {
            figures.expected += 1;
            if asked.expected.iter().any(|id| found.contains(id)) {
                figures.recalled += 1;
            } else {
                let (text, expected, terms) = (asked.text, &asked.expected, &finding.terms);
                figures.misses.push(format!("{text} -> {expected:?}; found {found:?} {terms:?}"));
            }
        }
        match asked.kind {
            "red" => {
                figures.red += 1;
                if finding.red_flags.iter().any(|entry| asked.expected.contains(&entry.id.as_str())) {
                    figures.caught += 1;
                } else {
                    figures.misses.push(format!("red flag: {} {:?}", asked.text, finding.terms));
                }
            }
            "foreign" => {
                figures.foreign += 1;
                if found.is_empty() && finding.red_flags.is_empty() {
                    figures.refused += 1;
                } else {
                    figures.misses.push(format!("foreign: {} {:?} -> {found:?}", asked.text, finding.terms));
                }
            }
            kind if !finding.red_flags.is_empty() => {
                figures.alarms += 1;
                figures.false_of_calm += usize::from(kind == "calm");
                let flags: Vec<&str> = finding.red_flags.iter().map(|entry| entry.id.as_str()).collect();
                figures.misses.push(format!("false alarm: {} -> {flags:?}", asked.text));
            }
            _ => {}
        }
    }
    figures
}

#[test]
fn golden_questions_are_answered() {
    let library = Library::shared().unwrap();
    let show_held = std::env::var_os("GOLDEN_HELD").is_some();
    for held in [false, true] {
        let figures = measure(&library, held);
        let set = if held { "held out" } else { "tuned on" };
        println!(
            "golden set, {set}: {} questions, recall@3 {:.3}, red flags {}/{}, foreign refused {}/{}, false alarms {}",
            figures.questions,
            figures.recall(),
            figures.caught,
            figures.red,
            figures.refused,
            figures.foreign,
            figures.alarms
        );
        if !held || show_held {
            println!("{}", figures.misses.join("\n"));
        }
        assert!(figures.recall() >= 0.9, "recall@3 of the questions {set}: {}", figures.recall());
        assert_eq!(figures.caught, figures.red, "red flags of the questions {set}");
        assert_eq!(figures.refused, figures.foreign, "foreign questions {set}");
        if !held {
            assert_eq!(figures.false_of_calm, 0, "alarms for nothing in the questions {set}");
        }
        assert!(figures.alarms * 20 <= figures.questions, "too many false alarms in the questions {set}");
        assert!(figures.questions > 40 && figures.red > 10 && figures.foreign > 5, "the golden set has gone");
    }
}

#[test]
fn a_question_leans_on_the_one_before() {
    let library = Library::shared().unwrap();
    let before = ["what vegetables can my bearded dragon eat"];
    let question = Question { text: "and how often?", before: &before, species: None };
    let finding = library.look_up(&question).unwrap();
    assert_eq!(finding.species, Some(Species::Reptile));
    assert!(finding.entries.iter().any(|entry| entry.id == "bearded-dragon-feeding"), "{:?}", finding.terms);
    // The species alone is carried on where the question says enough by itself.
    let question = Question { text: "what temperature does he need in the basking spot?", ..question };
    let finding = library.look_up(&question).unwrap();
    assert_eq!(finding.entries.first().map(|entry| entry.id.as_str()), Some("reptile-heat-light"));
}

fn asked(text: &'static str, before: &[&str]) -> (Vec<String>, Vec<String>) {
    let library = Library::shared().unwrap();
    let finding = library.look_up(&Question { text, before, species: None }).unwrap();
    let ids = |entries: Vec<&Entry>| entries.iter().map(|entry| entry.id.clone()).collect();
    (ids(finding.entries), ids(finding.red_flags))
}

#[test]
fn an_age_is_no_subject_and_counts() {
    let before = ["what vegetables can my bearded dragon eat", "he is 2 years old"];
    assert_eq!(asked("and how often?", &before).0[0], "bearded-dragon-feeding");
    assert_eq!(asked(before[1], &before[..1]).0[0], "bearded-dragon-feeding");
    // The same question has another answer at another age.
    let before = ["how much should I feed my dog"];
    assert_eq!(asked("he is 8 weeks old", &before).0[0], "puppy-feeding");
    assert_ne!(asked("he is 10 years old", &before).0[0], "puppy-feeding");
    // What is foreign does not lean.
    assert!(asked("what is the capital of france", &["is my dog too fat"]).0.is_empty());
}

#[test]
fn an_emergency_that_is_told_bit_by_bit_is_one() {
    for (before, text, flag) in [
        (vec!["my dog ate something in the garden"], "chocolate", "dog-chocolate"),
        (vec!["my dog", "just ate"], "a bar of chocolate", "dog-chocolate"),
        (
            vec!["my cat is straining in the litter box"],
            "he is a male and nothing comes out",
            "cat-urinary-blockage",
        ),
        (vec!["my rabbit is very quiet today"], "he has not eaten since yesterday", "rabbit-gi-stasis"),
    ] {
        assert_eq!(asked(text, &before).1.first().map(String::as_str), Some(flag), "{before:?} {text}");
    }
    // It is not told again when something else is asked.
    assert!(asked("how often should I brush him", &["my dog ate chocolate"]).1.is_empty());
    assert!(asked("my cat likes chocolate milk", &["my dog just ate"]).1.is_empty());
}

#[test]
fn a_single_word_that_many_entries_have_is_no_sign() {
    let entries = entry::all().unwrap();
    let library = Library::shared().unwrap();
    for entry in &entries {
        for line in
            entry.red_flag.iter().flat_map(|flag| &flag.when).filter(|line| !line.contains([' ', '_', '=']))
        {
            let terms = library.words.terms(line, false);
            let told =
                library.terms.iter().filter(|known| terms.iter().all(|term| known.contains(term))).count();
            assert!(told * 5 <= entries.len(), "{}: {line} is in {told} entries", entry.id);
        }
    }
}
