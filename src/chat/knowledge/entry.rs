//! The entries of the knowledge base, as they stand in `knowledge/`: Markdown with front matter, one file for each.

use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::domain::{Error, Result, Species};

#[derive(RustEmbed)]
#[folder = "knowledge"]
struct Files;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    Feeding,
    Toxic,
    Vaccination,
    Parasites,
    FirstAid,
    Behaviour,
    Housing,
    Ageing,
    Adoption,
    Grooming,
    Travel,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 11] = [
        Self::Feeding,
        Self::Toxic,
        Self::Vaccination,
        Self::Parasites,
        Self::FirstAid,
        Self::Behaviour,
        Self::Housing,
        Self::Ageing,
        Self::Adoption,
        Self::Grooming,
        Self::Travel,
    ];
}

/// A sign after which an animal must see a vet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedFlag {
    pub sign: String,
    pub why: String,
    pub action: String,
    /// What stands for it, a line each: see [`super::signs::Sign`].
    pub when: Vec<String>,
    /// The names of further species whom it threatens as well, though the entry is not about them.
    #[serde(default)]
    also: Vec<String>,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: String,
    pub title: String,
    pub species: Vec<Species>,
    /// Whom its red flag threatens.
    pub threatens: Vec<Species>,
    pub topic: Topic,
    pub keywords: Vec<String>,
    pub red_flag: Option<RedFlag>,
    /// Who published what it says: body and title.
    pub sources: Vec<String>,
    pub body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    id: String,
    title: String,
    species: Vec<String>,
    topic: Topic,
    keywords: Vec<String>,
    #[serde(default)]
    red_flag: Option<RedFlag>,
    sources: Vec<String>,
}

/// Every entry, in the order of their ids.
///
/// # Errors
/// [`Error::Internal`] naming the file that cannot be read.
pub fn all() -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> =
        Files::iter().filter(|name| name.ends_with(".md")).map(|name| read(&name)).collect::<Result<_>>()?;
    entries.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(entries)
}

/// The list of words that mean one thing.
pub fn word_list() -> String {
    Files::get("words.txt").map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

fn read(name: &str) -> Result<Entry> {
    let broken = |what: String| Error::internal(format!("knowledge/{name}: {what}"));
    let file = Files::get(name).ok_or_else(|| broken("is not there".to_owned()))?;
    let text = std::str::from_utf8(&file.data).map_err(|error| broken(error.to_string()))?;
    let (head, body) = text
        .strip_prefix("---\n")
        .and_then(|text| text.split_once("\n---\n"))
        .ok_or_else(|| broken("has no front matter".to_owned()))?;
    let head: FrontMatter = serde_saphyr::from_str(head).map_err(|error| broken(error.to_string()))?;
    let named = |names: &[String]| {
        let species = names.iter().map(|name| Species::from_name(name)).collect::<Option<Vec<_>>>();
        species.ok_or_else(|| broken("names a species that there is not".to_owned()))
    };
    let species = named(&head.species)?;
    let also = named(head.red_flag.as_ref().map_or(&[][..], |flag| &flag.also))?;
    Ok(Entry {
        id: head.id,
        title: head.title,
        threatens: species.iter().copied().chain(also).collect(),
        species,
        topic: head.topic,
        keywords: head.keywords,
        red_flag: head.red_flag,
        sources: head.sources,
        // One paragraph is one line: the width of the file is not part of the text.
        body: body.trim().split("\n\n").map(|p| p.replace('\n', " ")).collect::<Vec<_>>().join("\n\n"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_knowledge_base_is_whole() {
        let entries = all().unwrap();
        assert!(entries.len() >= 120, "only {} entries", entries.len());
        let ids: HashSet<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), entries.len(), "two entries have one id");
        for entry in &entries {
            let words = entry.body.split_whitespace().count();
            assert!((60..=250).contains(&words), "{}: {words} words", entry.id);
            assert!(!entry.sources.is_empty() && !entry.species.is_empty(), "{}", entry.id);
            assert!(!entry.keywords.is_empty(), "{}", entry.id);
            if let Some(flag) = &entry.red_flag {
                assert!(
                    !flag.when.is_empty() && !flag.sign.is_empty() && !flag.action.is_empty(),
                    "{}",
                    entry.id
                );
            }
        }
    }

    #[test]
    fn every_species_and_every_topic_is_covered() {
        let entries = all().unwrap();
        for species in Species::ALL {
            for topic in Topic::ALL {
                let covered = entries.iter().any(|e| e.topic == topic && e.species.contains(species));
                assert!(covered, "nothing on {topic:?} for {species}");
            }
        }
    }
}
