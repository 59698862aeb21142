//! Guinea pigs, hamsters, rats and their relatives.

use super::kind::{Breed, Kind, Phrases, breeds};
use super::names;
use crate::domain::Species;

pub(super) const CAVY: Kind = Kind {
    species: Species::Other,
    young: "Pup",
    weaned: 2,
    unsexed: 3,
    neutered: Some(30),
    vaccinated: None,
    chipped: None,
    female_names: names::SMALL_FEMALE,
    male_names: names::SMALL_MALE,
    breeds: CAVIES,
    phrases: CAVY_PHRASES,
};

pub(super) const CHINCHILLA: Kind =
    Kind { neutered: None, breeds: CHINCHILLAS, phrases: CHINCHILLA_PHRASES, ..CAVY };

pub(super) const HAMSTER: Kind =
    Kind { unsexed: 8, neutered: None, breeds: HAMSTERS, phrases: HAMSTER_PHRASES, ..CAVY };

pub(super) const RAT: Kind =
    Kind { unsexed: 4, neutered: Some(25), breeds: RATS, phrases: RAT_PHRASES, ..CAVY };

const CAVIES: &[Breed] = breeds! {
    "Guinea pigs", weight 4 {
        Small "American Guinea Pig": grown 6, oldest 84, price 30, kids 90, ["tricolor", "black and white", "cream", "red and white", "golden agouti"];
        Small "Abyssinian Guinea Pig": grown 6, oldest 84, price 35, kids 86, ["brindle", "red roan", "black and orange", "tricolor"];
        Small "Peruvian Guinea Pig": grown 6, oldest 84, price 40, kids 78, ["silver agouti", "cream and red", "black and white"];
        Small "Teddy Guinea Pig": grown 6, oldest 84, price 35, kids 90, ["chocolate", "buff", "white and gold"];
    }
};

const CHINCHILLAS: &[Breed] = breeds! {
    "Chinchillas and degus", weight 4 {
        Small "Chinchilla": grown 9, oldest 192, price 125, kids 52, ["standard grey", "beige", "ebony", "white mosaic"];
        Small "Degu": grown 6, oldest 90, price 25, kids 62, ["agouti brown", "blue grey", "sandy"];
    }
};

const HAMSTERS: &[Breed] = breeds! {
    "Hamsters and gerbils", weight 4 {
        Small "Syrian Hamster": grown 3, oldest 30, price 15, kids 76, ["golden", "cream", "black banded", "cinnamon", "long-haired grey"];
        Small "Winter White Dwarf Hamster": grown 3, oldest 24, price 12, kids 64, ["sapphire grey", "pearl white", "agouti grey"];
        Small "Roborovski Hamster": grown 3, oldest 36, price 14, kids 55, ["sandy with white eyebrows", "white-faced sandy"];
        Small "Mongolian Gerbil": grown 3, oldest 48, price 12, kids 78, ["golden agouti", "black", "Siamese", "dove grey"];
    }
};

const RATS: &[Breed] = breeds! {
    "Rats and mice", weight 4 {
        Small "Fancy Rat": grown 4, oldest 34, price 15, kids 86, ["black hooded", "agouti", "Russian blue", "champagne", "Berkshire black and white"];
        Small "Dumbo Rat": grown 4, oldest 34, price 18, kids 88, ["fawn", "blue agouti", "silver fawn hooded"];
        Small "Fancy Mouse": grown 3, oldest 28, price 8, kids 66, ["chocolate", "broken black and white", "champagne", "silver"];
    }
};

const CAVY_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, and always in conversation.",
        "{name} is {an_age} {breed}, {color}, who hears a bell pepper being cut through two doors.",
        "This {tone} {breed} is {name}, {an_age} {boy} with a talent for hay.",
        "{name}, {an_age} {breed}, is {color} and looks astonished most of the time.",
    ],
    young_pasts: &[
        "{He} was born here two weeks after {his} mother was given up.",
        "{He} is the result of a pet store's mistake about who is male and who is not.",
        "A kindergarten gave {him} up before the holidays.",
    ],
    grown_pasts: &[
        "{He} lost {his} partner and was given up so that {he} would not be alone.",
        "{He} was left outside our door in a moving box.",
        "{His} family developed an allergy to hay.",
        "{He} comes from a group of twenty that had grown out of hand.",
        "The child {he} belonged to has grown up and left for college.",
    ],
    old_pasts: &[
        "{He} has been the wise one of every group so far.",
        "{He} came in with {his} whole household when {his} owner fell ill.",
    ],
    ways: &[
        ("Vocal", "{He} has a sound for every occasion and uses them all."),
        ("Foodie", "Cucumber, cilantro, dandelion: {he} takes them in that order."),
        ("Playful", "In the evening {he} races through the tunnels."),
        ("Calm", "{He} likes to sit in a fleece sack and be talked to."),
        ("Explorer", "{He} has to look into every new box at once."),
    ],
    bonds: &[
        ("Sociable", "{He} must live with at least one companion."),
        ("Gentle", "{He} has never bitten anyone."),
        ("Shy at first", "{He} runs from a hand, but not from a hand with dried herbs in it."),
        ("Cuddly", "{He} settles down on a lap once the towel is warm."),
    ],
    skills: &[],
    homes: &[
        "{He} needs a large floor cage, hay without limit and company.",
        "A cage from a pet store is too small: think of a room corner.",
        "We help you to find a companion that fits.",
        "A cool room is important; heat is hard on {him}.",
    ],
    good_with_kids: &[
        "Children who sit on the floor can feed {him} hay by hand.",
        "{He} is well used to children.",
    ],
    not_with_kids: &[
        "{He} is for watching rather than for small hands.",
        "Sudden noise frightens {him}, so older children only.",
    ],
    conditions: &[
        ("Overgrown molars; trimmed every two months.", "{His} teeth need a trim every two months."),
        (
            "Blind in the left eye after an old injury.",
            "{He} sees with one eye and hears with two very good ears.",
        ),
    ],
    notes: &[
        "Healthy at intake examination.",
        "Nails trimmed on intake.",
        "Treated for lice; clear since.",
        "Weighed weekly; steady.",
    ],
    holds: &[
        "In quarantine after arrival, fourteen days.",
        "Recovering from surgery; recheck in a week.",
        "Being introduced to a companion.",
        "Ringworm treatment under way.",
    ],
};

const CHINCHILLA_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, with fur like a cloud.",
        "{name} is {an_age} {breed}, {color}, who bounces off the walls after sunset.",
        "This {tone} {breed} is {name}, {an_age} {boy} with enormous eyes and busy hands.",
    ],
    ways: &[
        ("Jumper", "{He} takes the shelf at five feet without a run-up."),
        ("Playful", "In the evening {he} races around the room along the skirting board."),
        ("Dust bather", "The sand bath is the high point of {his} day, and of your vacuum cleaner's."),
        ("Chewer", "Apple twigs keep {his} teeth short and your furniture safe."),
    ],
    homes: &[
        "{He} needs a tall cage with wooden shelves, hay without limit and company.",
        "Fruit and sugar are off the menu: hay, pellets and dried herbs are what {he} eats.",
        "A cool room is important; heat is hard on {him}.",
        "We help you to find a companion that fits.",
    ],
    ..CAVY_PHRASES
};

const HAMSTER_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, up and about from nine in the evening.",
        "{name} is {an_age} {breed}, {color}, with busy paws and a plan for tonight.",
        "This {tone} {breed} is {name}, {an_age} architect of tunnels.",
    ],
    young_pasts: &[
        "{He} was born in a litter of nine in one of our foster homes.",
        "{He} was bought as one and turned out to be the first of many.",
    ],
    grown_pasts: &[
        "{He} was given up when the interest of a ten-year-old moved on.",
        "{He} was found in an empty apartment, with the wheel still turning.",
        "{His} owner could not sleep because of the wheel.",
        "{He} was handed in with a cage that we have replaced by one five times the size.",
    ],
    old_pasts: &[
        "{He} has reached a great age for {his} kind and takes life slowly.",
        "{He} is a senior who has seen two homes and deserves a last good one.",
    ],
    ways: &[
        ("Digger", "{He} moves the whole bedding from one side to the other every night."),
        ("Runner", "{He} covers several miles a night on the wheel."),
        ("Collector", "{He} hides sunflower seeds in places that only {he} knows."),
        ("Curious", "{He} stands up on two legs whenever somebody comes in."),
    ],
    bonds: &[
        ("Hand-tame", "{He} climbs onto the hand for a seed."),
        ("For watching", "{He} is quick as lightning and better to watch than to hold."),
        ("Shy at first", "{He} needs a week of quiet evenings to get to know you."),
    ],
    skills: &[],
    homes: &[
        "{He} needs deep bedding, a large wheel and peace during the day.",
        "At least six square feet of floor, please.",
        "A glass tank with a mesh lid is what we recommend.",
    ],
    good_with_kids: &[
        "With an adult's help, children can enjoy {him} in the evening.",
        "{He} is calm in children's hands, close to the floor.",
    ],
    not_with_kids: &[
        "{He} nips when woken up, so {he} is not a children's pet.",
        "{He} is too quick for small hands.",
    ],
    conditions: &[
        ("Cataracts in both eyes.", "{He} hardly sees and finds everything by smell."),
        (
            "Old fracture of the right hind leg, healed.",
            "{He} walks with a small limp, and runs without one.",
        ),
    ],
    notes: &["Healthy at intake examination.", "Teeth checked.", "Weight normal."],
    holds: &[
        "In quarantine after arrival, fourteen days.",
        "Wet tail in the litter; under observation.",
        "Could be pregnant: twenty-day watch.",
    ],
};

const RAT_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, and brighter than some of us.",
        "{name} is {an_age} {breed}, {color}, with busy whiskers.",
        "This {tone} {breed} is {name}, {an_age} {boy} who waits at the door of the cage.",
    ],
    young_pasts: &[
        "{He} was born here, as {his} mother came with a surprise.",
        "{He} was meant to be snake food and had better ideas.",
    ],
    grown_pasts: &[
        "{He} comes from a laboratory that places its animals after the work is done.",
        "{He} was given up with {his} brothers and sisters when a student moved out.",
        "{He} was found in a park, tame as can be.",
        "{He} is from a hoarding case with two hundred others.",
    ],
    old_pasts: &[
        "{He} has grown slow and very, very affectionate.",
        "{He} has outlived {his} group and is looking for a new one.",
    ],
    ways: &[
        ("Clever", "{He} learned to ring a bell for a treat within a day."),
        ("Climber", "Ropes, shelves, sleeves: {he} climbs everything."),
        ("Collector", "{He} steals pens and stores them in a hammock."),
        ("Foodie", "{He} holds a pea with both hands and closes {his} eyes."),
    ],
    bonds: &[
        ("Cuddly", "{He} falls asleep in the hood of your sweater."),
        ("Sociable", "{He} needs company of {his} own kind."),
        ("Shy at first", "{He} waits for the others to go first, and then follows."),
        ("Gentle", "{He} takes food from your fingers without touching them."),
    ],
    skills: &[],
    homes: &[
        "{He} needs a tall cage with many levels and at least one companion.",
        "An hour outside of the cage every evening, please.",
        "Somebody who likes to teach tricks will have fun with {him}.",
    ],
    good_with_kids: &["{He} is gentle with children.", "Children who sit still become a climbing frame."],
    not_with_kids: &["{He} is too delicate for small hands.", "{He} is nervous, so a quiet home is best."],
    conditions: &[
        (
            "Chronic mycoplasma; treated in flare-ups.",
            "{He} sneezes at times and needs a course of medicine now and then.",
        ),
        ("Part of the tail missing.", "{He} is missing the last inch of {his} tail."),
    ],
    notes: &["Healthy at intake examination.", "Treated for mites; clear since.", "Lungs clear."],
    holds: &[
        "In quarantine after arrival, fourteen days.",
        "Respiratory infection under treatment.",
        "Could be pregnant: twenty-day watch.",
    ],
};
