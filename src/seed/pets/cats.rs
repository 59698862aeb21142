//! Cats.

use super::kind::{Breed, Kind, Phrases, breeds};
use super::names;
use crate::domain::Species;

pub(super) const CAT: Kind = Kind {
    species: Species::Cat,
    young: "Kitten",
    weaned: 2,
    unsexed: 0,
    neutered: Some(95),
    vaccinated: Some(95),
    chipped: Some(92),
    female_names: names::CAT_FEMALE,
    male_names: names::CAT_MALE,
    breeds: BREEDS,
    phrases: PHRASES,
};

const BREEDS: &[Breed] = breeds! {
    "Domestic cats", weight 24 {
        Medium "Domestic Shorthair": grown 12, oldest 216, price 110, kids 82, ["black", "brown tabby", "orange tabby", "grey tabby", "black and white", "calico", "tortoiseshell", "solid grey", "white", "cream tabby"];
        Medium "Domestic Mediumhair": grown 12, oldest 204, price 115, kids 80, ["black", "silver tabby", "orange and white", "dilute tortoiseshell", "smoke grey", "brown tabby and white"];
        Medium "Domestic Longhair": grown 12, oldest 204, price 125, kids 78, ["black and white", "brown tabby", "calico", "orange tabby", "solid grey", "black smoke"];
    }
    "Longhaired cats", weight 4 {
        Large "Maine Coon": grown 30, oldest 168, price 225, kids 90, ["brown tabby", "silver tabby", "black smoke", "red tabby and white"];
        Large "Norwegian Forest Cat": grown 30, oldest 180, price 225, kids 86, ["brown tabby and white", "blue tabby", "black and white"];
        Large "Ragdoll": grown 30, oldest 180, price 250, kids 92, ["seal point", "blue point mitted", "seal bicolor", "lilac point"];
        Medium "Persian": grown 18, oldest 180, price 200, kids 58, ["white", "cream", "shaded silver", "blue grey"];
        Medium "Himalayan": grown 18, oldest 180, price 200, kids 60, ["seal point", "flame point", "blue point"];
        Medium "Turkish Angora": grown 15, oldest 192, price 185, kids 64, ["white", "black", "cream tabby"];
        Large "Siberian": grown 30, oldest 180, price 225, kids 88, ["brown tabby", "golden tabby", "blue tabby and white"];
    }
    "Shorthaired cats", weight 4 {
        Medium "Siamese": grown 12, oldest 216, price 185, kids 74, ["seal point", "chocolate point", "blue point", "lilac point"];
        Medium "British Shorthair": grown 18, oldest 192, price 225, kids 84, ["blue grey", "cream", "silver tabby", "black"];
        Medium "Russian Blue": grown 14, oldest 204, price 200, kids 62, ["silver-tipped blue grey"];
        Medium "Bengal": grown 14, oldest 180, price 250, kids 60, ["brown rosetted", "silver rosetted", "snow spotted"];
        Medium "Abyssinian": grown 14, oldest 180, price 200, kids 64, ["ruddy ticked", "cinnamon ticked", "fawn ticked"];
        Medium "American Shorthair": grown 14, oldest 204, price 150, kids 88, ["silver classic tabby", "brown tabby", "calico"];
        Medium "Manx": grown 14, oldest 168, price 160, kids 80, ["brown tabby", "black", "orange and white"];
        Small "Devon Rex": grown 12, oldest 180, price 225, kids 82, ["blue cream", "black smoke", "white and grey"];
        Medium "Burmese": grown 12, oldest 204, price 200, kids 88, ["sable brown", "champagne", "blue grey"];
        Medium "Snowshoe": grown 14, oldest 192, price 175, kids 80, ["seal point and white", "blue point and white"];
        Medium "Sphynx": grown 12, oldest 168, price 275, kids 80, ["pink", "blue grey", "black and pink"];
    }
};

const PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed}, {color} and perfectly aware of it.",
        "{name} is {an_age} {breed}, {color}, with whiskers of remarkable length.",
        "This {tone} {breed} is {name}, {an_age} {boy} with a purr like a small tractor.",
        "On the top shelf of our cat room lives {name}, {an_age} {tone} {breed}.",
        "{name}, {an_age} {breed}, is {color} from the ears to the tip of the tail.",
        "There is a sunny spot by our front window, and it belongs to {name}, {an_age} {tone} {breed}.",
        "Somewhere in the cardboard box is {name}: {an_age} {breed}, {color}, and comfortable.",
        "{name} is {color}, {an_age} {breed} who has trained all of our volunteers.",
    ],
    young_pasts: &[
        "{He} was bottle-fed by one of our foster families and thinks that people are a kind of cat.",
        "{His} mother raised {him} and three siblings in a garden shed before a neighbor called us.",
        "{He} was found under the hood of a parked car, hungry and furious, and has forgiven everybody.",
        "{He} grew up in a foster home with a dog, a toddler and a washing machine.",
        "{He} came in with the last litter of the season and is the boldest of it.",
        "A mail carrier heard {him} crying in a hedge and brought {him} straight to us.",
    ],
    grown_pasts: &[
        "{He} lived behind a bakery until the baker decided that {he} deserved better.",
        "{His} family found out about an allergy and gave {him} up with a heavy heart.",
        "{He} was left behind when {his} people moved out.",
        "{He} arrived as a stray with a collar that nobody came to claim.",
        "{He} shared a small apartment with nine other cats and enjoys having a bed of {his} own.",
        "{His} owner went abroad and asked us to choose the next one with care.",
        "{He} came from a barn where {he} kept the mice in order.",
        "{He} was returned when a new puppy in the house proved to be too much.",
    ],
    old_pasts: &[
        "{He} spent {his} whole life with one person, who had to move into a care home.",
        "{He} came to us after {his} owner died, with {his} own blanket and very fixed mealtimes.",
        "The years have taken {his} speed, not {his} interest in what is for dinner.",
        "{He} was found thin and matted and now enjoys every single brush stroke.",
    ],
    ways: &[
        ("Playful", "A feather on a string turns {him} into a tiger."),
        ("Lazy", "{He} sleeps for eighteen hours and is very good at it."),
        ("Talkative", "{He} has an opinion about everything and shares it, mostly before breakfast."),
        ("Curious", "No cupboard stays closed for long when {he} is around."),
        ("Climber", "The higher the shelf, the better {he} likes it."),
        ("Calm", "{He} watches the birds for hours and never raises {his} voice."),
        ("Acrobat", "{He} can catch a toy mouse in mid-air and wants you to see it."),
        ("Tidy", "{He} is spotless, and spends much of the day keeping it that way."),
        ("Night owl", "{He} is at {his} best in the evening, when the house has settled down."),
    ],
    bonds: &[
        ("Lap cat", "Sit down anywhere and {he} will be on your knees before the kettle boils."),
        (
            "Shy at first",
            "{He} hides on the first day, comes out on the second, and sleeps on your pillow by the third.",
        ),
        ("Independent", "{He} likes company in the same room, on {his} own terms."),
        ("Good with cats", "{He} gets on with every cat in the room and grooms those who hold still."),
        ("Good with dogs", "{He} has lived with a calm dog and knows how to manage one."),
        ("Affectionate", "{He} greets people with a head-butt and a chirp."),
        ("People cat", "{He} likes people better than other cats, and would like one to {himself}."),
        ("Gentle", "{He} never shows a claw, not even at the vet's."),
    ],
    skills: &[
        ("Litter-trained", "{He} uses the litter box without fail."),
        ("Indoor cat", "{He} shows no wish to go outside and is happy indoors."),
        ("Uses scratching post", "{He} leaves the furniture alone as long as there is a scratching post."),
        ("Easy to groom", "{He} lets {himself} be brushed and even have {his} claws trimmed."),
        ("Carrier-trained", "{He} walks into the carrier by {himself} if there is a treat in it."),
    ],
    homes: &[
        "An indoor home with a window on the garden would be perfect.",
        "{He} needs a place of {his} own to retreat to.",
        "A balcony with a net would make {him} very happy.",
        "{He} suits a first-time owner.",
        "We look for people who are home in the evening.",
        "{He} has settled in quickly everywhere so far.",
    ],
    good_with_kids: &[
        "{He} is patient with children who have learned to be gentle.",
        "{He} seeks out children and falls asleep between their toys.",
        "A family with children is fine with {him}.",
    ],
    not_with_kids: &[
        "Loud games scare {him}, so a home without small children would be better.",
        "{He} says clearly when {he} has had enough, which small children do not always hear.",
        "A household of adults suits {him} best.",
    ],
    conditions: &[
        (
            "FIV positive; in good condition, indoor life only.",
            "{He} carries FIV, which means an indoor life and otherwise nothing out of the ordinary.",
        ),
        ("Deaf; indoor life only.", "{He} is deaf, sleeps deeply, and comes when you flick the lights."),
        (
            "Right front leg amputated; jumps well.",
            "{He} has three legs and still reaches the kitchen counter.",
        ),
        (
            "Cerebellar hypoplasia, mild. Stable.",
            "{He} wobbles when {he} walks, has done so since birth, and minds it less than you will.",
        ),
        (
            "Hyperthyroid; one tablet a day, well controlled.",
            "{He} takes one small tablet a day and hardly notices it in {his} food.",
        ),
        (
            "Chronic gingivitis; all molars removed, eats soft food.",
            "{He} has few teeth left and eats soft food with great enthusiasm.",
        ),
    ],
    notes: &[
        "Healthy at intake examination. Dewormed.",
        "FIV and FeLV tests negative.",
        "Treated for ear mites on arrival; clear since.",
        "Cold on arrival, fully recovered.",
        "Mats shaved on intake; coat growing back well.",
        "Teeth checked, light tartar only.",
    ],
    holds: &[
        "Stray hold until the search for the owner ends.",
        "Upper respiratory infection under treatment; in isolation.",
        "Ringworm treatment; second culture pending.",
        "Recovering from dental surgery; recheck in ten days.",
        "In foster care until {he} has put on weight.",
        "Bite quarantine, ten days, no symptoms so far.",
        "Settling in: too stressed to be shown yet.",
    ],
};
