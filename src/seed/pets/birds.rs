//! Birds: parrots, songbirds, pigeons and doves, hens.

use super::kind::{Breed, Kind, Phrases, breeds};
use super::names;
use crate::domain::Species;

pub(super) const PARROT: Kind = Kind {
    species: Species::Bird,
    young: "Fledgling",
    weaned: 3,
    unsexed: 30,
    neutered: None,
    vaccinated: None,
    chipped: Some(45),
    female_names: names::BIRD_FEMALE,
    male_names: names::BIRD_MALE,
    breeds: PARROTS,
    phrases: PARROT_PHRASES,
};

pub(super) const SONGBIRD: Kind =
    Kind { unsexed: 35, weaned: 2, chipped: None, breeds: SONGBIRDS, phrases: SONGBIRD_PHRASES, ..PARROT };

pub(super) const PIGEON: Kind =
    Kind { unsexed: 45, weaned: 2, chipped: None, breeds: PIGEONS, phrases: PIGEON_PHRASES, ..PARROT };

/// Hens only: who may keep a rooster in town?
pub(super) const HEN: Kind = Kind {
    young: "Pullet",
    weaned: 3,
    unsexed: 0,
    vaccinated: Some(75),
    chipped: None,
    female_names: names::HEN,
    male_names: &[],
    breeds: HENS,
    phrases: HEN_PHRASES,
    ..PARROT
};

const PARROTS: &[Breed] = breeds! {
    "Small parrots", weight 6 {
        Small "Budgerigar": grown 8, oldest 120, price 25, kids 82, ["green and yellow", "sky blue", "violet", "lutino yellow", "grey"];
        Small "Cockatiel": grown 12, oldest 240, price 75, kids 84, ["grey with a yellow crest", "lutino", "pied grey and white", "cinnamon pearl"];
        Small "Peach-faced Lovebird": grown 10, oldest 180, price 60, kids 58, ["green with a peach face", "sea green", "lutino with a red face"];
        Small "Pacific Parrotlet": grown 10, oldest 216, price 90, kids 50, ["green", "turquoise blue", "yellow"];
        Small "Bourke's Parakeet": grown 9, oldest 156, price 80, kids 78, ["pink and brown", "rosy pink"];
    }
    "Conures and parakeets", weight 3 {
        Small "Green-cheeked Conure": grown 12, oldest 300, price 250, kids 66, ["green with grey cheeks", "yellow-sided green", "pineapple"];
        Medium "Sun Conure": grown 18, oldest 300, price 350, kids 60, ["bright yellow and orange"];
        Small "Quaker Parakeet": grown 12, oldest 300, price 200, kids 60, ["green and grey", "blue and grey"];
        Medium "Indian Ringneck Parakeet": grown 24, oldest 300, price 275, kids 52, ["green", "powder blue", "lutino yellow"];
        Medium "Senegal Parrot": grown 24, oldest 330, price 350, kids 46, ["green and orange with a grey head"];
    }
    "Large parrots", weight 1 {
        Medium "Congo African Grey": grown 48, oldest 540, price 750, kids 42, ["grey with a red tail"];
        Medium "Blue-fronted Amazon": grown 48, oldest 600, price 650, kids 48, ["green with a blue and yellow face"];
        Large "Blue-and-gold Macaw": grown 54, oldest 600, price 900, kids 40, ["turquoise and yellow"];
        Large "Umbrella Cockatoo": grown 54, oldest 540, price 700, kids 38, ["white"];
        Medium "Eclectus Parrot": grown 36, oldest 360, price 650, kids 52, ["emerald green", "red and violet"];
    }
};

const SONGBIRDS: &[Breed] = breeds! {
    "Finches and canaries", weight 4 {
        Small "Zebra Finch": grown 4, oldest 84, price 15, kids 80, ["grey with orange cheeks", "fawn", "white", "pied"];
        Small "Society Finch": grown 4, oldest 84, price 18, kids 84, ["chocolate and white", "fawn and white", "cream"];
        Small "Gouldian Finch": grown 9, oldest 84, price 70, kids 76, ["green, purple and yellow with a red head", "green, purple and yellow with a black head"];
        Small "American Singer Canary": grown 9, oldest 120, price 75, kids 84, ["yellow", "variegated green", "white"];
        Small "Red Factor Canary": grown 9, oldest 120, price 85, kids 84, ["deep orange red", "bronze"];
    }
};

const PIGEONS: &[Breed] = breeds! {
    "Doves and pigeons", weight 3 {
        Small "Diamond Dove": grown 6, oldest 144, price 25, kids 84, ["silver grey with white spots", "cinnamon"];
        Medium "Ringneck Dove": grown 6, oldest 180, price 30, kids 90, ["fawn with a black ring", "white", "tangerine"];
        Medium "Fantail Pigeon": grown 7, oldest 168, price 40, kids 84, ["white", "blue bar", "almond"];
        Medium "Homing Pigeon": grown 7, oldest 180, price 20, kids 84, ["blue bar", "checkered grey", "red checkered"];
    }
};

const HENS: &[Breed] = breeds! {
    "Poultry", weight 3 {
        Medium "Buff Orpington": grown 7, oldest 96, price 20, kids 92, ["golden"];
        Medium "Plymouth Rock": grown 6, oldest 96, price 18, kids 86, ["barred black and white", "white"];
        Small "Silkie": grown 8, oldest 96, price 22, kids 94, ["white", "black", "partridge", "buff"];
        Medium "Rhode Island Red": grown 6, oldest 84, price 15, kids 78, ["mahogany"];
        Medium "Easter Egger": grown 6, oldest 96, price 18, kids 84, ["brown and gold", "silver grey", "black and copper"];
    }
};

const PARROT_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, and never at a loss for words.",
        "{name} is {an_age} {breed}, {color}, who starts every morning with a whistle.",
        "This {tone} {breed} is {name}, {an_age} acrobat on ropes and swings.",
        "{name}, {an_age} {breed} in {color}, bobs {his} head at everyone who passes by.",
        "Say hello to {name}, our {tone} {breed}, and wait for the answer.",
    ],
    young_pasts: &[
        "{He} was hatched in a foster home and hand-fed from the first week.",
        "{He} flew onto a balcony downtown and was far too young to be out alone.",
        "A breeder retired and gave us {his} last clutch, {name} among them.",
    ],
    grown_pasts: &[
        "{His} owner moved into an apartment with very thin walls.",
        "{He} was found in a parking lot, tired and hungry, and stepped right onto a finger.",
        "{He} comes from a home where nobody was in during the day.",
        "{His} family had underestimated how many toys a parrot can take apart in a week.",
        "{He} was one of many birds in a collection that had grown too large.",
    ],
    old_pasts: &[
        "{He} has survived {his} first owner and remembers a few of the old songs.",
        "{He} has seen a lot of the world from a cage by the kitchen window, and wants to see more.",
    ],
    ways: &[
        ("Talkative", "{He} says hello, good night, and something in Spanish that we have not worked out."),
        ("Playful", "Bells, corks, paper cups: {he} takes everything apart with care."),
        ("Acrobat", "{He} hangs upside down from the swing for longer than seems sensible."),
        ("Clever", "{He} opens simple latches, so please use good ones."),
        ("Whistler", "{He} whistles three tunes and is working on a fourth."),
        ("Calm", "{He} is quieter than most of {his} kind and spends the afternoon preening."),
        ("Bather", "A shallow bowl of water is {his} favorite toy."),
    ],
    bonds: &[
        ("Hand-tame", "{He} steps onto a hand and likes to have {his} neck scratched."),
        ("Shy at first", "{He} watches hands with suspicion but is won over by millet."),
        ("Flock bird", "{He} needs the company of {his} own kind and gets on with the others in our aviary."),
        ("One-person bird", "{He} chooses one person and is polite to the rest."),
        ("Sociable", "{He} wants to be where the people are."),
    ],
    skills: &[
        ("Step-up trained", "{He} steps up and down on command."),
        ("Eats pellets", "{He} eats pellets and greens, not only seeds."),
        ("Used to travel", "{He} goes into the travel cage by {himself}."),
    ],
    homes: &[
        "{He} needs a large cage and several hours outside of it every day.",
        "A smoke-free home without non-stick pans is a must.",
        "We place {him} only where there is another bird or somebody at home.",
        "An aviary or a bird room would be a dream come true.",
        "Think of the neighbors: {he} likes to greet the sunrise.",
    ],
    good_with_kids: &[
        "Children may offer {him} a treat and will not lose a finger.",
        "{He} has lived with school children and knows their names.",
    ],
    not_with_kids: &[
        "{His} beak is quick, so we look for a home without small children.",
        "{He} does better with adults who know birds.",
    ],
    conditions: &[
        ("Old wing fracture; cannot fly.", "{He} cannot fly and gets everywhere on foot and by ladder."),
        (
            "Plucks feathers on the chest; no medical cause found.",
            "{He} used to pluck {his} feathers and looks a little unfinished in front.",
        ),
        ("One toe missing on the left foot.", "{He} has a toe less than usual and holds on just as well."),
    ],
    notes: &[
        "Healthy at intake examination. Psittacosis test negative.",
        "Beak and nails trimmed on intake.",
        "Weight stable on a pellet diet.",
        "Seed diet on arrival; now eats pellets and vegetables.",
    ],
    holds: &[
        "In quarantine after arrival, thirty days.",
        "Waiting for the result of the PBFD test.",
        "Treated for mites; recheck pending.",
        "Moulting and stressed; to be shown later.",
    ],
};

const SONGBIRD_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, no heavier than a letter.",
        "{name} is {an_age} {breed}, {color}, and never sits still for a photo.",
        "This {tone} {breed} is {name}, {an_age} bundle of energy with wings.",
        "The brightest spot in our aviary is {name}, {an_age} {breed}, {color}.",
    ],
    young_pasts: &[
        "{He} hatched in our own aviary, much to everybody's surprise.",
        "{He} came in with the rest of a nest from a breeder who gave up.",
    ],
    grown_pasts: &[
        "{He} was given up together with a flock of twelve.",
        "{His} owner moved abroad and could not take birds.",
        "{He} was found in a garden at a feeder, among the sparrows.",
        "A retirement home closed its aviary and asked us for help.",
    ],
    old_pasts: &[
        "{He} has been the oldest in every flock for a while now.",
        "{His} keeper died, and {he} moved in with us.",
    ],
    ways: &[
        ("Lively", "{He} is on the move from the first light to the last."),
        ("Singer", "In the morning {he} sings for the whole house."),
        ("Bather", "The bath is {his} favorite place, preferably just after it was cleaned."),
        ("Nest builder", "{He} carries off every thread and feather in sight."),
    ],
    bonds: &[
        ("Flock bird", "{He} must not be kept alone and gets on with all the others."),
        ("For watching", "{He} is a bird to watch and to listen to, not to handle."),
        ("Peaceful", "{He} has never started a quarrel at the seed bowl."),
    ],
    skills: &[],
    homes: &[
        "A long flight cage or an aviary, please; height matters less.",
        "{He} needs at least one companion of {his} kind.",
        "A bright place without drafts, and {he} is content.",
    ],
    good_with_kids: &["Children love to watch {him}.", "{He} does not mind a lively room."],
    not_with_kids: &["{He} needs a quiet room without sudden noise.", "Too much bustle makes {him} nervous."],
    conditions: &[
        ("Old leg fracture, healed crooked.", "One leg healed crooked, so {he} needs flat perches."),
        ("Cannot fly far; low perches needed.", "{He} flies only short hops and likes {his} perches low."),
    ],
    notes: &[
        "Healthy at intake examination.",
        "Nails trimmed on intake.",
        "Treated for air sac mites; clear since.",
    ],
    holds: &[
        "In quarantine after arrival, thirty days.",
        "Under treatment for mites.",
        "Sitting on eggs: not to be moved.",
    ],
};

const PIGEON_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, with a soft coo and a firm step.",
        "{name} is {an_age} {breed}, {color} and gentle to the core.",
        "This {tone} {breed} is {name}, {an_age} picture of calm.",
    ],
    young_pasts: &[
        "{He} was raised by hand after falling from the nest.",
        "{He} hatched here from an egg that we had overlooked.",
    ],
    grown_pasts: &[
        "{He} was released at a wedding by people who did not know that such birds cannot find home.",
        "{He} strayed from a race and has retired early.",
        "{He} was given up when a loft was closed.",
        "{He} was found on a balcony with a tangled foot, now healed.",
    ],
    old_pasts: &[
        "{He} has raised many broods and is done with all that.",
        "{He} has spent long years in one loft, whose owner died.",
    ],
    ways: &[
        ("Calm", "{He} spends hours on a window perch and coos at passers-by."),
        ("Foodie", "{He} sorts the peas out of every mixture."),
        ("Bather", "When it rains {he} spreads a wing to shower."),
        ("Dancer", "{He} bows and turns in circles when {he} is happy."),
    ],
    bonds: &[
        ("Hand-tame", "{He} eats from the hand and will land on your shoulder."),
        ("Pair bird", "{He} needs a partner, and we can help to find one."),
        ("Gentle", "{He} has never pecked anyone."),
    ],
    skills: &[],
    homes: &[
        "An aviary that is safe from hawks and cats, please.",
        "{He} can live indoors with daily time to fly.",
        "A small flock would take {him} in without trouble.",
    ],
    good_with_kids: &["{He} sits still on a child's arm.", "Children can feed {him} from the hand."],
    not_with_kids: &[
        "{He} is easily startled, so a quiet home is better.",
        "{He} would be happier with adults.",
    ],
    conditions: &[
        ("Left wing amputated at the tip; cannot fly.", "{He} cannot fly, so the perches must be low."),
        (
            "Missing toes from string injury, healed.",
            "String cost {him} two toes, which does not hold {him} back.",
        ),
    ],
    notes: &["Healthy at intake examination.", "Dewormed on arrival.", "Canker test negative."],
    holds: &[
        "In quarantine after arrival, thirty days.",
        "Canker treatment under way.",
        "Wing strapped; recheck in two weeks.",
    ],
};

const HEN_PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color}, and first at the fence every morning.",
        "{name} is {an_age} {breed}, {color}, with a dignified walk and a loud voice at breakfast.",
        "This {tone} {breed} is {name}, {an_age} lady who knows her place in the flock.",
    ],
    young_pasts: &[
        "{He} hatched in a school project and needs a real yard now.",
        "{He} was raised under a lamp in a foster home.",
    ],
    grown_pasts: &[
        "{He} came from an egg farm that was closing down.",
        "{His} town changed its rules about backyard flocks.",
        "{He} was found walking along the highway, perfectly calm.",
        "{He} was given up together with two friends when the house was sold.",
    ],
    old_pasts: &[
        "{He} has laid enough eggs for one lifetime and is retired.",
        "{He} outlived the flock {he} came with.",
    ],
    ways: &[
        ("Forager", "{He} turns over every leaf in the run and finds something."),
        ("Sunbather", "A dust bath in the sun is the best part of {his} day."),
        ("Bug hunter", "No beetle in the yard is safe."),
        ("Early bird", "{He} is up before everyone and says so."),
    ],
    bonds: &[
        ("Tame", "{He} can be picked up and likes to be carried about."),
        ("Flock bird", "{He} needs company and fits into any peaceful flock."),
        ("Boss", "{He} likes to be in charge, in a kind way."),
    ],
    skills: &[],
    homes: &[
        "{He} needs a predator-proof coop and grass under {his} feet.",
        "At least two companions, please: nobody should live alone.",
        "Check your town's rules on backyard flocks before you apply.",
    ],
    good_with_kids: &["Children may collect the eggs and hold {him}.", "{He} is very patient with children."],
    not_with_kids: &["{He} pecks at bare toes, so not for toddlers.", "{He} does not like to be chased."],
    conditions: &[
        (
            "Cross beak; needs a deep feeder.",
            "{His} beak is crossed, so {he} needs a deep bowl and a little more time.",
        ),
        (
            "Old bumblefoot, healed with a scar; limps slightly.",
            "{He} limps a little from an old infection and is otherwise fit.",
        ),
    ],
    notes: &["Healthy at intake examination.", "Treated for lice on arrival.", "Feathers growing back well."],
    holds: &[
        "In quarantine after arrival, thirty days.",
        "Foot bandaged; recheck in a week.",
        "Avian influenza restrictions in the region of origin.",
    ],
};
