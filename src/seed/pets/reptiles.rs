//! Reptiles: snakes, lizards, turtles and tortoises.

use super::kind::{Breed, Kind, Phrases, breeds};
use super::names;
use crate::domain::Species;

pub(super) const SNAKE: Kind = Kind {
    species: Species::Reptile,
    young: "Hatchling",
    weaned: 2,
    unsexed: 15,
    neutered: None,
    vaccinated: None,
    chipped: None,
    female_names: names::REPTILE_FEMALE,
    male_names: names::REPTILE_MALE,
    breeds: SNAKES,
    phrases: SNAKE_PHRASES,
};

pub(super) const LIZARD: Kind = Kind { unsexed: 20, breeds: LIZARDS, phrases: LIZARD_PHRASES, ..SNAKE };

pub(super) const TORTOISE: Kind =
    Kind { unsexed: 30, weaned: 4, chipped: Some(40), breeds: TORTOISES, phrases: TORTOISE_PHRASES, ..SNAKE };

/// What lives in the water, unlike a tortoise.
pub(super) const TURTLE: Kind =
    Kind { unsexed: 30, weaned: 4, breeds: TURTLES, phrases: TURTLE_PHRASES, ..SNAKE };

const SNAKES: &[Breed] = breeds! {
    "Snakes", weight 3 {
        Medium "Ball Python": grown 36, oldest 360, price 75, kids 70, ["brown and tan", "banana yellow", "pastel", "pied white and brown", "cinnamon"];
        Medium "Corn Snake": grown 30, oldest 240, price 60, kids 78, ["orange and red", "snow white", "amelanistic red", "anery grey"];
        Medium "California Kingsnake": grown 36, oldest 240, price 65, kids 66, ["banded black and white", "banded brown and cream", "striped brown"];
        Small "Rosy Boa": grown 36, oldest 300, price 90, kids 78, ["striped grey and orange", "striped cream and brown"];
        Medium "Milk Snake": grown 30, oldest 216, price 70, kids 62, ["banded red, black and white"];
        Small "Western Hognose": grown 30, oldest 192, price 110, kids 62, ["sandy brown", "albino orange", "dark olive"];
        Large "Common Boa": grown 42, oldest 360, price 95, kids 38, ["tan with dark saddles", "pastel pink and tan"];
    }
};

const LIZARDS: &[Breed] = breeds! {
    "Geckos", weight 4 {
        Small "Leopard Gecko": grown 12, oldest 216, price 45, kids 80, ["yellow with black spots", "tangerine", "blizzard white", "mack snow"];
        Small "Crested Gecko": grown 18, oldest 216, price 50, kids 72, ["harlequin cream and brown", "flame orange", "buckskin", "dalmatian spotted"];
        Small "African Fat-tailed Gecko": grown 14, oldest 216, price 60, kids 72, ["brown and cream", "striped brown", "oreo grey"];
        Medium "Tokay Gecko": grown 14, oldest 180, price 40, kids 15, ["blue grey with orange spots"];
    }
    "Dragons and skinks", weight 4 {
        Medium "Bearded Dragon": grown 18, oldest 144, price 75, kids 90, ["sandy tan", "citrus yellow", "red orange", "hypo white"];
        Medium "Blue-tongued Skink": grown 20, oldest 240, price 150, kids 84, ["banded brown and tan", "silver grey", "orange-sided brown"];
        Medium "Uromastyx": grown 36, oldest 240, price 140, kids 66, ["ornate green and orange", "yellow and black", "red"];
        Large "Argentine Tegu": grown 36, oldest 216, price 150, kids 36, ["black and white", "red"];
        Large "Green Iguana": grown 36, oldest 216, price 60, kids 25, ["green", "blue green", "rusty orange"];
        Medium "Veiled Chameleon": grown 12, oldest 84, price 85, kids 30, ["green with yellow bands", "turquoise and green"];
    }
};

const TORTOISES: &[Breed] = breeds! {
    "Turtles and tortoises", weight 4 {
        Small "Russian Tortoise": grown 96, oldest 480, price 110, kids 82, ["olive and black", "yellowish brown"];
        Medium "Red-footed Tortoise": grown 84, oldest 540, price 160, kids 80, ["dark brown with red scales"];
        Large "Sulcata Tortoise": grown 120, oldest 720, price 100, kids 76, ["sandy brown", "golden brown"];
        Small "Hermann's Tortoise": grown 96, oldest 600, price 150, kids 80, ["yellow and black"];
        Small "Eastern Box Turtle": grown 84, oldest 600, price 90, kids 68, ["brown with orange markings", "dark brown with yellow markings"];
    }
};

const TURTLES: &[Breed] = breeds! {
    "Turtles and tortoises", weight 4 {
        Medium "Red-eared Slider": grown 60, oldest 360, price 20, kids 60, ["green with red stripes", "olive with red stripes"];
        Small "Musk Turtle": grown 48, oldest 360, price 35, kids 48, ["dark brown", "charcoal with two white stripes"];
        Small "Painted Turtle": grown 60, oldest 360, price 25, kids 62, ["olive with yellow and red stripes"];
    }
};

const SNAKE_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color} and smooth as silk.",
        "{name} is {an_age} {breed}, {color}, with a very good appetite.",
        "This {tone} {breed} is {name}, {an_age} {boy} who changes more opinions about snakes than we can.",
        "Under the cork bark lives {name}, {an_age} {breed}, {color}.",
    ],
    young_pasts: &[
        "{He} hatched from a clutch that came in with {his} mother.",
        "{He} was bought on impulse at a fair and given up a month later.",
        "A college dorm does not allow snakes, as {his} first owner found out.",
    ],
    grown_pasts: &[
        "{He} was found behind a dryer, six weeks after the former tenant had moved out.",
        "{His} owner went to college, and the owner's mother drew a line.",
        "{He} was confiscated together with thirty other animals, and is in good shape today.",
        "{He} taught biology in a classroom until the school closed.",
    ],
    old_pasts: &[
        "{He} has been with the same keeper for most of a lifetime and comes with a thick folder of records.",
        "{He} has been on loan at a nature center for years and is retiring.",
    ],
    ways: &[
        ("Good eater", "{He} takes thawed food without hesitation, once a week."),
        ("Explorer", "{He} inspects every branch in the enclosure after dark."),
        ("Calm", "{He} spends the day coiled up in {his} warm hide."),
        ("Clean shedder", "{He} sheds in one piece and leaves it for you to admire."),
    ],
    bonds: &[
        ("Easy to handle", "{He} moves slowly through the hands and never strikes."),
        ("Head-shy", "{He} pulls back {his} head when touched from above; come from the side."),
        ("Used to people", "{He} is used to being handled several times a week."),
        ("For watching", "{He} prefers to be looked at and not lifted."),
    ],
    skills: &[],
    homes: &[
        "{He} needs a secure enclosure with a warm side and a cool one.",
        "A lid with locks is not optional.",
        "A beginner who has read up on the subject can take {him}.",
        "We ask for photos of the enclosure before the adoption.",
    ],
    good_with_kids: &[
        "Children may hold {him} with an adult beside them.",
        "{He} is calm with older children.",
    ],
    not_with_kids: &["{He} needs experienced adult hands.", "Not for a home with small children."],
    conditions: &[
        ("Retained eye caps in the past; higher humidity needed.", "{He} needs a humid hide to shed well."),
        (
            "Healed burn scar on the belly from an old heat mat.",
            "An old heat mat left a scar on {his} belly, fully healed.",
        ),
    ],
    notes: &[
        "Healthy at intake examination.",
        "Mouth and lungs clear.",
        "Fecal test negative.",
        "Treated for mites; clear since.",
    ],
    holds: &[
        "In quarantine after arrival, sixty days.",
        "Respiratory infection under treatment.",
        "Not eating reliably yet; to be shown later.",
    ],
};

const LIZARD_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, with a look as old as the dinosaurs.",
        "{name} is {an_age} {breed}, {color}, who owns the warmest spot in the room.",
        "This {tone} {breed} is {name}, {an_age} {boy} with excellent aim when it comes to dinner.",
        "On the warm rock sits {name}, {an_age} {tone} {breed}, and watches you.",
    ],
    young_pasts: &[
        "{He} hatched in a foster home and eats like it.",
        "{He} was given up when a birthday present turned out to need ultraviolet light.",
        "{He} came from a store that closed overnight.",
    ],
    grown_pasts: &[
        "{He} lived in a tank that was far too small, and has just discovered climbing.",
        "{His} owner moved in with somebody who does not like lizards.",
        "{He} was left in a laundry room with a note.",
        "{He} was a classroom pet until the teacher retired.",
    ],
    old_pasts: &[
        "{He} is a senior with a routine: warm up, eat, nap.",
        "{He} has had one careful owner for many years, who can no longer look after {him}.",
    ],
    ways: &[
        ("Sunbather", "{He} stretches out under the lamp at nine sharp."),
        ("Good eater", "{He} is at the bowl before you have put it down."),
        ("Climber", "{He} uses every branch that you give {him}."),
        ("Calm", "{He} hardly moves before noon."),
        ("Curious", "{He} comes to the glass to see what you are doing."),
    ],
    bonds: &[
        ("Easy to handle", "{He} walks onto an open hand."),
        ("Shy at first", "{He} hides at first and comes out when it is time to eat."),
        ("For watching", "{He} is better watched than handled."),
        ("Solitary", "{He} wants the enclosure for {himself}."),
    ],
    skills: &[],
    homes: &[
        "{He} needs a proper enclosure with ultraviolet light and a thermometer at each end.",
        "A beginner who is willing to read will do well with {him}.",
        "We ask for photos of the enclosure before the adoption.",
        "Ultraviolet lamps have to be replaced twice a year; please plan for that.",
    ],
    good_with_kids: &["{He} sits calmly on a child's arm.", "Children who can be quiet will enjoy {him}."],
    not_with_kids: &[
        "{His} bite is not bad, but not for children either.",
        "{He} is stressed by noise and many hands.",
    ],
    conditions: &[
        (
            "Metabolic bone disease in the past; stable, slightly bent jaw.",
            "A poor diet in {his} youth left {him} with a crooked smile.",
        ),
        ("Tail lost and regrown.", "{His} tail was lost and has grown back in a shape of its own."),
        (
            "Two toes missing after old shedding trouble.",
            "{He} has two toes less than planned and climbs all the same.",
        ),
    ],
    notes: &[
        "Healthy at intake examination.",
        "Fecal test negative.",
        "Calcium supplement with every second meal.",
        "Weight up by a fifth since arrival.",
    ],
    holds: &[
        "In quarantine after arrival, thirty days.",
        "Parasite treatment under way; second test pending.",
        "Recovering from metabolic bone disease.",
    ],
};

const TORTOISE_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, in no hurry at all.",
        "{name} is {an_age} {breed}, {color}, with more determination than speed.",
        "This {tone} {breed} is {name}, {an_age} {boy} in full armor.",
    ],
    young_pasts: &[
        "{He} was hatched by a hobby keeper who had not expected so many.",
        "{He} was found for sale online without papers and confiscated.",
    ],
    grown_pasts: &[
        "{He} was found crossing a road with great purpose.",
        "{His} family had not expected to be outlived.",
        "{He} came from a garden pond that was being filled in.",
        "{He} was given up when a move to the north was planned.",
    ],
    old_pasts: &[
        "{He} is older than most of our volunteers and has seen three owners come and go.",
        "{He} was handed down in one family for two generations.",
    ],
    ways: &[
        ("Good eater", "{He} hears a lettuce leaf fall at twenty yards."),
        ("Digger", "{He} is always at work on a tunnel."),
        ("Sunbather", "In the morning {he} warms up with all four legs stretched out."),
        ("Explorer", "{He} walks the fence every day to see if it still holds."),
    ],
    bonds: &[
        ("Used to people", "{He} knows the sound of the person who brings the food."),
        ("Shy at first", "{He} pulls in {his} head and waits until you prove harmless."),
        ("Solitary", "{He} prefers to live alone."),
        ("Sociable", "{He} gets on with others of {his} kind."),
    ],
    skills: &[],
    homes: &[
        "{He} may outlive you: please name someone who will take over.",
        "{He} needs room to walk, ultraviolet light and a dry place to sleep.",
        "A secure garden for the summer would be wonderful.",
        "Please ask about permits that your state may require.",
    ],
    good_with_kids: &[
        "Children can feed {him} dandelions by the hour.",
        "{He} is a patient friend for a family.",
    ],
    not_with_kids: &[
        "{He} should not be handled by small children, for the sake of both.",
        "{He} nips at fingers that look like food.",
    ],
    conditions: &[
        (
            "Pyramiding of the shell from an early diet; stable.",
            "{His} shell is bumpy from a poor start in life, which is only a matter of looks now.",
        ),
        (
            "Healed shell fracture on the left side.",
            "A scar on {his} shell tells of an accident that {he} survived.",
        ),
        (
            "Right front foot missing; gets about well.",
            "{He} has three and a half legs and is not the slowest here.",
        ),
    ],
    notes: &[
        "Healthy at intake examination.",
        "Fecal test negative.",
        "Beak trimmed on intake.",
        "Weighed monthly; steady.",
    ],
    holds: &[
        "In quarantine after arrival, sixty days.",
        "Small shell injury healing; recheck in two weeks.",
        "Waiting for permit papers.",
        "Respiratory infection under treatment.",
    ],
};

const TURTLE_PHRASES: Phrases = Phrases {
    ways: &[
        ("Good eater", "{He} paddles to the glass as soon as the lid moves."),
        ("Sunbather", "{He} spends the morning on the basking dock with all four legs stretched out."),
        ("Swimmer", "{He} is a strong swimmer and needs the room for it."),
        ("Curious", "{He} watches the office from the tank and misses nothing."),
    ],
    homes: &[
        "{He} may be with you for thirty years: please name someone who will take over.",
        "{He} needs a large tank, a strong filter and a dry place under an ultraviolet lamp.",
        "A tank of seventy-five gallons is a start.",
        "Please ask about permits that your state may require.",
    ],
    good_with_kids: &[
        "Children can watch {him} by the hour.",
        "{He} is a fine choice for a family that enjoys cleaning a filter.",
    ],
    conditions: &[
        (
            "Healed shell fracture on the left side.",
            "A scar on {his} shell tells of an accident that {he} survived.",
        ),
        (
            "Right front foot missing; swims well.",
            "{He} has three and a half legs and swims in a straight line all the same.",
        ),
    ],
    ..TORTOISE_PHRASES
};
