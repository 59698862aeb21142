//! Ferrets, hedgehogs, what lives in an aquarium, and what needs a pasture.

use super::kind::{Breed, Kind, Phrases, breeds};
use super::names;
use crate::domain::Species;

pub(super) const FERRET: Kind = Kind {
    species: Species::Other,
    young: "Kit",
    weaned: 2,
    unsexed: 0,
    neutered: Some(90),
    vaccinated: Some(88),
    chipped: Some(45),
    female_names: names::SMALL_FEMALE,
    male_names: names::SMALL_MALE,
    breeds: FERRETS,
    phrases: FERRET_PHRASES,
};

pub(super) const HEDGEHOG: Kind = Kind {
    young: "Hoglet",
    neutered: Some(10),
    vaccinated: None,
    chipped: None,
    breeds: HEDGEHOGS,
    phrases: HEDGEHOG_PHRASES,
    ..FERRET
};

pub(super) const AQUATIC: Kind = Kind {
    young: "Juvenile",
    weaned: 3,
    unsexed: 45,
    neutered: None,
    breeds: AQUATICS,
    phrases: AQUATIC_PHRASES,
    ..HEDGEHOG
};

pub(super) const HOOFED: Kind = Kind {
    young: "Youngster",
    weaned: 3,
    neutered: None,
    vaccinated: Some(92),
    chipped: Some(60),
    female_names: names::HOOFED_FEMALE,
    male_names: names::HOOFED_MALE,
    breeds: HOOFED_BREEDS,
    phrases: HOOFED_PHRASES,
    ..FERRET
};

const FERRETS: &[Breed] = breeds! {
    "Ferrets", weight 9 {
        Small "Ferret": grown 9, oldest 96, price 110, kids 58, ["sable", "albino", "cinnamon", "black sable", "silver mitt"];
    }
};

const HEDGEHOGS: &[Breed] = breeds! {
    "Hedgehogs", weight 7 {
        Small "African Pygmy Hedgehog": grown 6, oldest 66, price 100, kids 50, ["salt and pepper", "cinnamon", "albino", "pinto"];
    }
};

const AQUATICS: &[Breed] = breeds! {
    "Aquarium animals", weight 4 {
        Small "Axolotl": grown 14, oldest 150, price 45, kids 82, ["leucistic pink", "wild-type olive", "golden albino", "melanoid black"];
        Small "Betta": grown 5, oldest 42, price 10, kids 92, ["royal blue", "red", "marble white and blue", "turquoise"];
        Medium "Fancy Goldfish": grown 14, oldest 144, price 15, kids 92, ["red and white", "calico", "black", "orange"];
    }
};

const HOOFED_BREEDS: &[Breed] = breeds! {
    "Farm animals", weight 3 {
        Medium "Nigerian Dwarf Goat": grown 18, oldest 168, price 150, kids 90, ["black and white", "chamois", "chocolate with white spots", "gold"];
        Medium "Pygmy Goat": grown 18, oldest 156, price 125, kids 88, ["grey agouti", "caramel", "black"];
        Medium "Kunekune Pig": grown 24, oldest 192, price 150, kids 82, ["ginger with black spots", "black and white", "cream"];
        Large "Babydoll Southdown Sheep": grown 18, oldest 156, price 175, kids 92, ["off-white", "black"];
        Large "Miniature Donkey": grown 36, oldest 336, price 350, kids 90, ["grey dun with a cross", "chocolate brown", "spotted brown and white"];
        Large "Alpaca": grown 24, oldest 216, price 300, kids 76, ["fawn", "white", "rose grey", "dark brown"];
    }
};

const FERRET_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {tone} ferret, and hold on to your socks.",
        "{name} is {an_age} {tone} ferret who does not walk but bounces.",
        "If it is in a pocket, {name} will find it: {an_age} ferret, {color}, very busy.",
    ],
    young_pasts: &[
        "{He} came from a store with a return policy.",
        "{He} was born in a litter of seven in foster care.",
    ],
    grown_pasts: &[
        "{He} was found in a garage, trying to open a bag of dog food.",
        "{His} owner moved to a state where ferrets are not allowed.",
        "{He} was given up when the landlord read the lease again.",
        "{He} was one of five in a small cage and enjoys every inch of space now.",
    ],
    old_pasts: &[
        "{He} is an old hand who sleeps a lot and steals only small things.",
        "{He} lost {his} cage-mate and needs a new friend to nap with.",
    ],
    ways: &[
        ("Playful", "{He} dances sideways across the room when {he} is happy."),
        ("Thief", "{He} collects keys, socks and pens behind the sofa."),
        ("Explorer", "{He} has been in every drawer of the office."),
        ("Sleepyhead", "Between two adventures {he} sleeps like a stone."),
    ],
    bonds: &[
        ("Sociable", "{He} needs at least one ferret to play with."),
        ("Cuddly", "{He} gives kisses when {he} is tired."),
        ("Still learning", "{He} is still learning not to use {his} teeth in play."),
        ("Good with cats", "{He} has lived with a cat, and they respected each other."),
    ],
    skills: &[
        ("Litter-trained", "{He} uses the litter corner, most of the time."),
        ("Harness-trained", "{He} walks on a harness."),
    ],
    homes: &[
        "{He} needs a ferret-proofed room and four hours outside of the cage every day.",
        "Check that your town allows ferrets before you apply.",
        "Someone with a sense of humor and no loose cables would be right.",
    ],
    good_with_kids: &["Older children will laugh all day with {him}.", "{He} is gentle enough for a family."],
    not_with_kids: &[
        "{He} plays roughly, so no small children, please.",
        "A home with adults is best for {him}.",
    ],
    conditions: &[
        (
            "Adrenal disease, treated with a yearly implant.",
            "{He} gets an implant once a year for {his} adrenal glands.",
        ),
        ("Deaf.", "{He} is deaf, as some ferrets are, and feels your steps instead."),
    ],
    notes: &["Healthy at intake examination.", "Teeth cleaned on intake.", "Ear mites treated; clear since."],
    holds: &[
        "In quarantine after arrival, fourteen days.",
        "Recovering from surgery; recheck in ten days.",
        "Flu caught from a volunteer; in isolation.",
    ],
};

const HEDGEHOG_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, soft below and sharp above.",
        "{name} is {an_age} {breed}, {color}, who wakes up when you go to bed.",
        "Under the fleece lives {name}, {an_age} {tone} {breed}.",
    ],
    young_pasts: &[
        "{He} was born in a foster home, the size of a walnut.",
        "{He} was bought after a funny video and given up a month later.",
    ],
    grown_pasts: &[
        "{His} owner found out how loud a wheel is at three in the morning.",
        "{He} was left at a vet's office in a shoebox.",
        "{He} came from a breeder who retired.",
        "{His} owner started to work nights and they never met any more.",
    ],
    old_pasts: &[
        "{He} has slowed down and likes a warm hand.",
        "{He} is a senior whose wheel turns only until midnight.",
    ],
    ways: &[
        ("Runner", "{He} runs on the wheel until it hums."),
        ("Forager", "{He} finds every mealworm that we hide."),
        ("Explorer", "{He} pushes {his} nose under everything."),
        ("Calm", "{He} unrolls quickly and rarely huffs."),
    ],
    bonds: &[
        ("Shy at first", "{He} rolls up, waits a minute, and then comes out to see who it is."),
        ("Hand-tame", "{He} walks about on your lap in the evening."),
        ("Solitary", "{He} lives alone by choice."),
    ],
    skills: &[],
    homes: &[
        "{He} needs a warm room, a solid wheel and quiet days.",
        "Night owls will see the most of {him}.",
        "Check that your state allows hedgehogs before you apply.",
    ],
    good_with_kids: &[
        "Children who can wait until {he} unrolls will be rewarded.",
        "{He} is used to children's voices.",
    ],
    not_with_kids: &["{He} is prickly in both senses with small children.", "{He} needs calm, adult hands."],
    conditions: &[
        ("Left eye removed after an injury.", "{He} has one eye, and a very good nose."),
        ("Overweight; on a diet.", "{He} is on a diet and does not agree with it."),
    ],
    notes: &[
        "Healthy at intake examination.",
        "Treated for mites; quills growing back.",
        "Nails trimmed on intake.",
    ],
    holds: &[
        "In quarantine after arrival, fourteen days.",
        "Mite treatment under way; second dose pending.",
        "Too cold on arrival; under observation.",
    ],
};

const AQUATIC_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, always ready for dinner.",
        "{name} is {an_age} {breed}, {color}, with a face that makes everyone smile.",
        "In the third tank on the left swims {name}, {an_age} {tone} {breed}.",
    ],
    young_pasts: &[
        "{He} was raised from eggs by one of our volunteers.",
        "{He} came from a store that closed its fish room.",
    ],
    grown_pasts: &[
        "{He} was given up in a bucket, and lives in forty gallons now.",
        "{He} was a prize at a fair.",
        "{His} owner moved across the country.",
        "An office closed and did not know what to do with the aquarium.",
    ],
    old_pasts: &[
        "{He} is remarkably old and takes {his} time with everything.",
        "{He} has outlived two filters and one owner.",
    ],
    ways: &[
        ("Good eater", "{He} knows the sound of the lid."),
        ("Calm", "{He} hovers between the plants and thinks."),
        ("Explorer", "{He} swims through every cave twice an hour."),
        ("Curious", "{He} follows a finger along the glass."),
    ],
    bonds: &[
        ("Undemanding", "{He} asks for clean water and for little else."),
        ("For watching", "{He} is to be looked at, never handled."),
        ("Peaceful", "{He} leaves everyone in peace who is too large to eat."),
    ],
    skills: &[],
    homes: &[
        "The tank must be cycled before {he} moves in; we will ask for test results.",
        "A bowl is not a home: {he} needs a filtered tank.",
        "Stable water matters more than a large budget.",
    ],
    good_with_kids: &[
        "Children can watch {him} for hours.",
        "A fine first animal for a family that reads up on water.",
    ],
    not_with_kids: &[
        "Knocking on the glass scares {him}.",
        "{He} needs a quiet corner away from small children.",
    ],
    conditions: &[
        ("Damage to one eye; feeds well.", "{He} has one bad eye and never misses a pellet."),
        ("Healed fin damage.", "{His} fins have grown back a little crooked."),
    ],
    notes: &[
        "Healthy at intake examination.",
        "Eats well; no sign of parasites.",
        "Water parameters on the card at the tank.",
    ],
    holds: &[
        "In quarantine tank after arrival, thirty days.",
        "Fungus treatment under way.",
        "Fin damage healing; recheck in two weeks.",
    ],
};

const HOOFED_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, and very interested in your pockets.",
        "{name} is {an_age} {breed}, {color}, who meets every visitor at the gate.",
        "This {tone} {breed} is {name}, {an_age} {boy} with plenty of character.",
    ],
    young_pasts: &[
        "{He} was raised on the bottle after {his} mother died.",
        "{He} was born here in the spring, in the middle of a thunderstorm.",
    ],
    grown_pasts: &[
        "{He} was found wandering through a suburb.",
        "{His} family sold the farm.",
        "{He} was kept as a lawn mower and got bored.",
        "{He} came from a petting zoo that closed.",
        "{He} was taken in with a neglected herd and is in fine shape now.",
    ],
    old_pasts: &[
        "{He} is retired and keeps the younger ones in line.",
        "{His} owners could no longer manage the barn work.",
    ],
    ways: &[
        ("Escape artist", "{He} opens gates, so please use two latches."),
        ("Foodie", "{He} would do anything for a handful of oats."),
        ("Playful", "Now and then {he} races across the pasture for no reason at all."),
        ("Calm", "{He} grazes all day and minds {his} own business."),
    ],
    bonds: &[
        ("Herd animal", "{He} must not live alone and gets on well with others."),
        ("Easy to lead", "{He} follows a bucket anywhere and stands still for a hoof trim."),
        ("Friendly", "{He} likes to be scratched between the ears."),
        ("Shy at first", "{He} keeps {his} distance for a day, and then eats your buttons."),
    ],
    skills: &[],
    homes: &[
        "{He} needs pasture, a dry shelter and company.",
        "Check your zoning rules before you apply.",
        "We visit the new home before the adoption.",
    ],
    good_with_kids: &["{He} is wonderful with children.", "School groups brush {him} every week."],
    not_with_kids: &[
        "{He} is strong and pushy, so not for small children.",
        "{He} needs adults who know the kind.",
    ],
    conditions: &[
        ("Old hoof injury; trimmed every five weeks.", "{His} hooves need a trim every five weeks."),
        ("Blind in the right eye.", "{He} sees on the left only, and follows a companion with a bell."),
    ],
    notes: &[
        "Healthy at intake examination.",
        "Hooves trimmed on intake.",
        "Dewormed; fecal egg count low.",
        "Body condition good.",
    ],
    holds: &[
        "In quarantine after arrival, thirty days.",
        "Waiting for herd test results.",
        "Treated for foot rot; recheck in two weeks.",
    ],
};
