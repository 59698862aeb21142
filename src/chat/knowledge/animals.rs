//! Which animal a question is about.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::split;
use crate::domain::Species;

/// The words that name a species, breeds that owners say instead of it included.
const NAMES: &[(Species, &str)] = &[
    (
        Species::Dog,
        "dog dogs puppy puppies pup pups doggo doggy hound bitch labrador lab beagle retriever shepherd poodle bulldog \
         terrier dachshund chihuahua spaniel collie husky rottweiler boxer corgi dane labradoodle pug mastiff greyhound \
         whippet schnauzer dalmatian setter pointer whelp kennel",
    ),
    (
        Species::Cat,
        "cat cats kitty kitties kitten kittens feline tomcat siamese persian ragdoll tabby bengal sphynx burmese catnip",
    ),
    (Species::Rabbit, "rabbit rabbits rabit rabits bunny bunnies lop lionhead doe"),
    (
        Species::Bird,
        "bird birds parrot parrots budgie budgies parakeet parakeets canary canaries cockatiel cockatiels cockatoo \
         macaw conure lovebird lovebirds finch finches amazon parrotlet african pigeon dove hen",
    ),
    (
        Species::Reptile,
        "reptile reptiles lizard lizards snake snakes python boa gecko geckos turtle turtles tortoise tortoises terrapin \
         iguana chameleon slider skink dragon dragons beardie frog frogs",
    ),
    (
        Species::Other,
        "hamster hamsters guinea cavy cavies gerbil gerbils rat rats mouse mice chinchilla chinchillas ferret ferrets fish \
         goldfish betta degu hedgehog hedgehogs glider aquarium rodent rodents",
    ),
];

/// Words that tell of an animal without saying which.
const ANIMAL: &str =
    "pet pets animal animals vet veterinary veterinarian breed litter paw paws fur tail leash collar cage";

enum Named {
    Species(Species),
    Animal,
}

static WORDS: LazyLock<HashMap<&str, Named>> = LazyLock::new(|| {
    let animals = ANIMAL.split_whitespace().map(|word| (word, Named::Animal));
    let species = NAMES.iter().flat_map(|(species, names)| {
        names.split_whitespace().map(move |word| (word, Named::Species(*species)))
    });
    animals.chain(species).collect()
});

/// The species that `text` names, each once, in its order: whose food, flea drops or teeth it was may come before who
/// suffers from them.
pub fn all_named(text: &str) -> Vec<Species> {
    let mut found = Vec::new();
    for word in split(text) {
        if let Some(Named::Species(species)) = WORDS.get(word.as_str())
            && !found.contains(species)
        {
            found.push(*species);
        }
    }
    found
}

/// The species that `text` names first.
pub fn named(text: &str) -> Option<Species> {
    all_named(text).first().copied()
}

/// Whether `text` is about an animal at all, as far as its words tell.
pub fn mentioned(text: &str) -> bool {
    split(text).any(|word| WORDS.contains_key(word.as_str()))
}

/// The age that `text` tells, in months: a number, a unit, and `old` behind it or `aged` before it.
pub fn age_months(text: &str) -> Option<u32> {
    let words: Vec<String> = split(text).collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let unit = words.get(at + 1)?;
        let is_age = words.get(at + 2).is_some_and(|next| next == "old")
            || at > 0 && matches!(words[at - 1].as_str(), "aged" | "age");
        let months = match unit.as_str() {
            "year" | "years" | "yr" | "yrs" => 12.0,
            "month" | "months" => 1.0,
            "week" | "weeks" | "wk" | "wks" => 0.23,
            "day" | "days" => 0.033,
            _ => return None,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an age is small and not negative"
        )]
        is_age.then(|| number(word).map(|count| (f64::from(count) * months) as u32))?
    })
}

fn number(word: &str) -> Option<u32> {
    const NAMES: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let named = NAMES.iter().position(|name| *name == word).and_then(|at| u32::try_from(at).ok());
    named.or_else(|| word.parse().ok()).filter(|number| *number < 1000)
}

/// Whether `text` tells an age and not much else: an answer, not a question.
pub fn is_age_alone(text: &str) -> bool {
    const MUCH: usize = 8;
    age_months(text).is_some() && !text.contains('?') && split(text).count() <= MUCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_named_is_found() {
        assert_eq!(all_named("my Labrador was bitten by a snake"), [Species::Dog, Species::Reptile]);
        assert_eq!(named("the guinea pig"), Some(Species::Other));
        assert_eq!(named("What is the capital of France?"), None);
        assert!(mentioned("how do I choose a pet?"));
    }

    #[test]
    fn an_age_is_read() {
        for (text, months) in [
            ("he is 2 years old", Some(24)),
            ("my 8-week-old puppy", Some(1)),
            ("she is ten years old", Some(120)),
            ("a cat aged 5 months", Some(5)),
            ("since 3 days", None),
            ("my old dog", None),
        ] {
            assert_eq!(age_months(text), months, "{text}");
        }
        assert!(is_age_alone("he is 2 years old") && !is_age_alone("what do i feed a 6 week old kitten?"));
    }
}
