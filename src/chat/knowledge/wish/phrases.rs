//! The words around an animal that is looked for.

/// What looks for an animal to have when the animal follows.
pub const BEFORE: &[&str] = &[
    "do you have",
    "have you got",
    "do you sell",
    "show me",
    "looking for",
    "find me",
    "want to adopt",
    "want to buy",
    "like to adopt",
    "like to buy",
    "want to get",
    "can i buy",
    "can i adopt",
    "are there any",
    "are there",
    "is there a",
    "list",
    "list all",
    "available",
    "search for",
    "which",
    "what",
];

/// What looks for an animal to have when the animal stands before it.
pub const BEHIND: &[&str] = &[
    "for sale",
    "in stock",
    "available",
    "are available",
    "do you have",
    "have you got",
    "do you sell",
    "can i buy",
    "can i adopt",
    "are there",
    "are for sale",
    "are in stock",
    "up for adoption",
];

/// These need something behind the animal as well: `which rabbits are for sale`.
pub const ASKING: &[&str] = &["which", "what"];

/// Words between which and an animal there is another thing: `a vaccine for rabbits`.
pub const PARTING: &[&str] = &[
    "for", "to", "in", "on", "of", "that", "which", "my", "our", "your", "his", "her", "their", "about",
    "with", "can", "should", "is", "are", "do", "does",
];

/// Words that may follow the animal; another makes it a part of something else: `a dog trainer`.
pub const FOLLOWING: &[&str] = &[
    "that",
    "which",
    "who",
    "with",
    "without",
    "under",
    "below",
    "less",
    "cheaper",
    "up",
    "at",
    "for",
    "good",
    "in",
    "and",
    "or",
    "available",
    "left",
    "now",
    "please",
    "today",
    "here",
    "from",
    "you",
    "i",
    "around",
    "do",
    "have",
    "are",
    "not",
    "aged",
    "younger",
    "older",
    "pig",
    "pigs",
];
