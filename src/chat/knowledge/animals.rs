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
}
