//! The golden set: what owners ask, and what must be cited.

use super::*;

const GOLDEN: &str = include_str!("../../../../tests/knowledge/golden.tsv");

struct Asked {
    held: bool,
    kind: &'static str,
    species: Option<Species>,
    expected: Vec<&'static str>,
    text: &'static str,
}

fn golden() -> Vec<Asked> {
    let lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&'static str> = line.split('\t').collect();
            let [set, kind, species, expected, text] = fields[..] else { panic!("five columns: {line}") };
            let expected = expected.split(',').filter(|id| *id != "-").collect();
            Asked { held: set == "held", kind, species: Species::from_name(species), expected, text }
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
        let question = Question { text: asked.text, before: &[], species: asked.species };
        let finding = library.look_up(&question).unwrap();
        let found: Vec<&str> = finding.entries.iter().map(|entry| entry.id.as_str()).collect();
        for id in &asked.expected {
            figures.expected += 1;
            if found.contains(id) {
                figures.recalled += 1;
            } else {
                figures.misses.push(format!("{} -> {id}; found {found:?} {:?}", asked.text, finding.terms));
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
            _ if !finding.red_flags.is_empty() => {
                figures.alarms += 1;
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
