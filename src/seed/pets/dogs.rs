//! Dogs.

use super::kind::{Breed, Kind, Phrases, breeds};
use super::names;
use crate::domain::Species;

pub(super) const DOG: Kind = Kind {
    species: Species::Dog,
    young: "Puppy",
    weaned: 2,
    unsexed: 0,
    neutered: Some(92),
    vaccinated: Some(96),
    chipped: Some(94),
    female_names: names::DOG_FEMALE,
    male_names: names::DOG_MALE,
    breeds: BREEDS,
    phrases: PHRASES,
};

const BREEDS: &[Breed] = breeds! {
    "Mixed-breed dogs", weight 7 {
        Large "Labrador Mix": grown 18, oldest 168, price 225, kids 92, ["black", "yellow", "chocolate brown", "black with a white chest"];
        Large "German Shepherd Mix": grown 20, oldest 156, price 225, kids 75, ["black and tan", "sable", "grey and tan"];
        Medium "Pit Bull Mix": grown 18, oldest 168, price 175, kids 78, ["brindle", "blue grey and white", "fawn", "red-nosed copper"];
        Small "Terrier Mix": grown 12, oldest 180, price 225, kids 70, ["wheaten", "grizzle", "black and white", "brindle"];
        Small "Chihuahua Mix": grown 12, oldest 192, price 200, kids 45, ["fawn", "black and tan", "cream", "chocolate and white"];
        Medium "Hound Mix": grown 18, oldest 168, price 200, kids 88, ["tricolor", "red", "lemon and white"];
        Medium "Cattle Dog Mix": grown 18, oldest 168, price 210, kids 60, ["blue speckled", "red speckled", "black and white"];
        Large "Husky Mix": grown 18, oldest 156, price 225, kids 72, ["grey and white", "black and white", "red and white"];
    }
    "Herding dogs", weight 3 {
        Medium "Border Collie": grown 18, oldest 168, price 325, kids 70, ["black and white", "red and white", "blue merle", "tricolor"];
        Medium "Australian Shepherd": grown 18, oldest 168, price 325, kids 75, ["blue merle", "red merle", "black tricolor", "red tricolor"];
        Large "German Shepherd": grown 22, oldest 144, price 300, kids 78, ["black and tan", "sable", "solid black"];
        Small "Pembroke Welsh Corgi": grown 15, oldest 168, price 375, kids 80, ["red and white", "sable and white", "tricolor"];
        Medium "Australian Cattle Dog": grown 18, oldest 180, price 250, kids 55, ["blue speckled", "red speckled"];
        Small "Shetland Sheepdog": grown 15, oldest 168, price 300, kids 80, ["sable and white", "blue merle", "tricolor"];
    }
    "Sporting dogs", weight 3 {
        Large "Labrador Retriever": grown 20, oldest 156, price 325, kids 95, ["black", "yellow", "chocolate brown", "fox red"];
        Large "Golden Retriever": grown 20, oldest 150, price 375, kids 96, ["golden", "light golden", "dark golden"];
        Medium "English Springer Spaniel": grown 18, oldest 168, price 300, kids 88, ["liver and white", "black and white"];
        Small "American Cocker Spaniel": grown 14, oldest 168, price 275, kids 80, ["buff", "black", "red and white"];
        Large "German Shorthaired Pointer": grown 20, oldest 156, price 300, kids 78, ["liver and white ticked", "solid liver"];
        Medium "Brittany": grown 18, oldest 168, price 275, kids 84, ["orange and white", "liver and white"];
    }
    "Hounds", weight 2 {
        Medium "Beagle": grown 15, oldest 168, price 250, kids 92, ["tricolor", "lemon and white", "red and white"];
        Small "Dachshund": grown 12, oldest 180, price 250, kids 58, ["red", "black and tan", "dappled silver", "chocolate and tan"];
        Large "Greyhound": grown 18, oldest 144, price 250, kids 84, ["brindle", "fawn", "blue grey", "black"];
        Medium "Basset Hound": grown 18, oldest 144, price 250, kids 93, ["tricolor", "red and white", "lemon and white"];
        Medium "Whippet": grown 16, oldest 168, price 300, kids 82, ["fawn and white", "brindle", "blue grey"];
        Large "Treeing Walker Coonhound": grown 18, oldest 150, price 200, kids 84, ["tricolor", "bicolor tan and white"];
    }
    "Terriers", weight 2 {
        Small "Jack Russell Terrier": grown 12, oldest 192, price 225, kids 62, ["white and tan", "white and black", "tricolor"];
        Small "Yorkshire Terrier": grown 12, oldest 180, price 300, kids 55, ["steel blue and tan", "black and gold"];
        Small "Cairn Terrier": grown 12, oldest 180, price 250, kids 74, ["wheaten", "grey brindle", "cream"];
        Medium "American Staffordshire Terrier": grown 18, oldest 168, price 200, kids 76, ["blue grey", "brindle", "fawn and white"];
        Small "West Highland White Terrier": grown 12, oldest 180, price 300, kids 72, ["white"];
    }
    "Companion dogs", weight 2 {
        Small "Chihuahua": grown 12, oldest 192, price 225, kids 40, ["fawn", "black and tan", "cream", "chocolate"];
        Small "Shih Tzu": grown 12, oldest 180, price 275, kids 80, ["gold and white", "black and white", "silver and white"];
        Small "Pug": grown 12, oldest 156, price 300, kids 90, ["fawn with a black mask", "black"];
        Small "Miniature Poodle": grown 12, oldest 180, price 350, kids 80, ["apricot", "black", "silver", "cream"];
        Small "Cavalier King Charles Spaniel": grown 12, oldest 144, price 375, kids 92, ["chestnut and white", "black and tan", "ruby", "tricolor"];
        Small "Boston Terrier": grown 14, oldest 156, price 300, kids 88, ["black and white", "seal and white", "brindle and white"];
        Small "Maltese": grown 12, oldest 180, price 300, kids 62, ["white"];
        Medium "French Bulldog": grown 14, oldest 144, price 450, kids 86, ["fawn", "brindle", "cream", "pied"];
    }
    "Working dogs", weight 2 {
        Large "Siberian Husky": grown 18, oldest 156, price 275, kids 78, ["grey and white", "black and white", "red and white"];
        Large "Boxer": grown 20, oldest 132, price 275, kids 86, ["fawn and white", "brindle", "white"];
        Large "Rottweiler": grown 22, oldest 126, price 250, kids 70, ["black and mahogany"];
        Large "Great Dane": grown 24, oldest 108, price 300, kids 85, ["fawn", "harlequin", "blue grey", "black"];
        Large "Bernese Mountain Dog": grown 24, oldest 108, price 425, kids 94, ["black, rust and white"];
        Large "Great Pyrenees": grown 24, oldest 138, price 275, kids 88, ["white", "white with badger markings"];
    }
};

const PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed} with {a_tone} coat and very expressive ears.",
        "{name} is {an_age} {breed}, {color}, with eyes that miss nothing.",
        "This {tone} {breed} is {name}, {an_age} {boy} with a soft spot for anyone who carries treats.",
        "Our volunteers take turns at walking {name}, {an_age} {tone} {breed}.",
        "{name}, {an_age} {breed}, has {a_tone} coat, a handsome head and a tail with a mind of its own.",
        "Look twice at {name}: behind that {tone} coat is {an_age} {breed} with a big heart.",
        "If you have room for {an_age} {breed}, {name} would like a word with you.",
        "{name} is the {tone} {breed} by the window, {an_age} {boy} who is waiting for the right person.",
    ],
    young_pasts: &[
        "{He} was born in a foster home and knows vacuum cleaners, doorbells and a patient old cat.",
        "{His} mother came in as a pregnant stray, and the whole litter was raised here.",
        "{He} was the smallest of six and learned early to speak up for {his} share.",
        "A farmer found {him} and {his} littermates in a barn and brought them in before the cold.",
        "{He} was left in a box at our door one night, and has been spoiled by the night shift ever since.",
        "{His} first family had not thought about how much time a puppy needs.",
    ],
    grown_pasts: &[
        "{His} family had to move to an apartment that does not allow dogs.",
        "{He} was found as a stray near the river trail, and nobody came to claim {him}.",
        "{He} came to us from a crowded shelter in the south of the state.",
        "{His} owner took a job abroad and asked us to find {him} a good home.",
        "A new baby and two jobs left {his} family without the time that {he} deserves.",
        "{He} was one of eleven dogs that we took in from an overwhelmed breeder.",
        "{He} came back to us through no fault of {his} own when a landlord changed the rules.",
        "{He} was brought in by animal control, thin and muddy, and has blossomed since.",
    ],
    old_pasts: &[
        "{His} owner moved into a care home, and {he} is looking for a sofa to grow old beside.",
        "Somebody loved {him} well for years: {he} has lovely manners and a few grey hairs to go with them.",
        "{He} lost {his} person this year and took a while to come out of {his} shell.",
        "After a whole life in one home {he} finds the kennels too loud and dreams of a quiet corner.",
    ],
    ways: &[
        ("Playful", "{He} would chase a ball until the sun goes down."),
        ("Energetic", "{He} needs a good run every day, and says so."),
        ("Calm", "{He} is calm indoors and happy to watch the street go by."),
        ("Curious", "Every leaf, beetle and shopping bag has to be inspected."),
        ("Water lover", "Puddles, sprinklers, lakes: {he} has not met water yet that {he} did not like."),
        ("Clever", "{He} solves every puzzle feeder that we buy."),
        ("Keen nose", "Walks take a while, because every scent has to be read to the end."),
        ("Sleepyhead", "{He} naps like a professional, preferably upside down."),
        ("Eager to learn", "For a piece of cheese {he} will learn almost anything."),
    ],
    bonds: &[
        ("Cuddly", "After a walk {he} wants nothing more than a lap, or as much of one as there is."),
        ("Shy at first", "{He} is shy for ten minutes and your shadow from then on."),
        ("Gentle", "{He} takes treats softly and waits for {his} turn at the bowl."),
        ("Good with dogs", "{He} plays nicely with every dog in the yard."),
        ("Good with cats", "In {his} foster home {he} shared the sofa with two cats."),
        ("Loyal", "Once {he} has chosen you, {he} follows you from room to room."),
        ("Friendly", "{He} believes that every stranger is a friend."),
        ("People dog", "{He} likes other dogs well enough, but people are what {he} lives for."),
    ],
    skills: &[
        ("House-trained", "{He} is house-trained and sleeps through the night."),
        ("Leash-trained", "{He} walks politely on a loose leash."),
        ("Knows the basics", "{He} knows sit, down, stay and, on good days, come."),
        ("Crate-trained", "{He} goes into {his} crate at bedtime without being asked."),
        ("Good traveler", "{He} jumps into the car and sleeps until you are there."),
    ],
    homes: &[
        "A house with a fenced yard would be ideal.",
        "An apartment is fine as long as the walks are long.",
        "{He} would do best with someone who is home for part of the day.",
        "A first-time owner will do well with {him}.",
        "We are looking for people with some experience and a sense of humor.",
        "{He} would love a family that spends its weekends outdoors.",
        "A steady routine and a few kind rules are all that {he} asks for.",
    ],
    good_with_kids: &[
        "{He} is steady around children of all ages.",
        "Children are {his} favorite people.",
        "{He} has met plenty of children here and is gentle with all of them.",
        "School classes visit us every month, and {he} is the one they ask for.",
    ],
    not_with_kids: &[
        "Small children are too hectic for {him}, so we look for a home without them.",
        "A home with adults or teenagers suits {him} best.",
        "Quick little hands worry {him}; a home with grown-ups, please.",
    ],
    conditions: &[
        (
            "Deaf in both ears; responds to hand signs.",
            "{He} cannot hear, but reads hand signs as fast as you can make them.",
        ),
        (
            "Left hind leg amputated after a fracture; moves well.",
            "{He} gets about on three legs and does not seem to miss the fourth.",
        ),
        (
            "Idiopathic epilepsy, controlled with phenobarbital twice a day.",
            "{He} takes a tablet for epilepsy morning and evening, in a bit of sausage, without a fuss.",
        ),
        (
            "Food allergy: chicken and wheat. Hydrolyzed diet.",
            "{His} stomach allows no chicken and no wheat, so {his} food is a special one.",
        ),
        (
            "Blind in the right eye; the left is normal.",
            "{He} sees with one eye only and likes to be spoken to before being touched.",
        ),
        (
            "Grade II heart murmur; check-up twice a year.",
            "{He} has a heart murmur that needs a check-up twice a year and otherwise bothers nobody.",
        ),
    ],
    notes: &[
        "Healthy at intake examination. Dewormed.",
        "Heartworm test negative. On monthly prevention.",
        "Slightly underweight on arrival, now at target weight.",
        "Teeth cleaned on intake, no extractions.",
        "Treated for fleas on arrival; clear since.",
        "Mild ear infection on arrival, treated and resolved.",
    ],
    holds: &[
        "Stray hold until the search for the owner ends.",
        "In isolation: kennel cough in the neighboring run. Recheck in a week.",
        "Recovering from surgery on a torn ligament; strict rest.",
        "In foster care to gain weight before {he} is listed.",
        "Heartworm treatment under way; second injection pending.",
        "Behavior assessment not finished.",
        "Eye infection under treatment; recheck pending.",
    ],
};
