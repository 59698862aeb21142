//! Rabbits.

use super::kind::{Breed, Kind, Phrases, breeds};
use super::names;
use crate::domain::Species;

pub(super) const RABBIT: Kind = Kind {
    species: Species::Rabbit,
    young: "Young rabbit",
    weaned: 2,
    unsexed: 2,
    neutered: Some(82),
    vaccinated: Some(70),
    chipped: Some(35),
    female_names: names::RABBIT_FEMALE,
    male_names: names::RABBIT_MALE,
    breeds: BREEDS,
    phrases: PHRASES,
};

const BREEDS: &[Breed] = breeds! {
    "Lop rabbits", weight 3 {
        Small "Holland Lop": grown 6, oldest 120, price 65, kids 72, ["broken orange", "tortoiseshell", "blue grey", "sable point", "chestnut agouti"];
        Small "Mini Lop": grown 6, oldest 120, price 55, kids 74, ["broken black", "chinchilla grey", "tortoiseshell", "opal"];
        Large "French Lop": grown 9, oldest 84, price 70, kids 78, ["fawn", "agouti", "broken blue"];
        Medium "English Lop": grown 8, oldest 84, price 60, kids 68, ["sooty fawn", "black and white", "fawn"];
        Small "American Fuzzy Lop": grown 6, oldest 108, price 65, kids 66, ["broken tortoiseshell", "lynx", "blue grey"];
    }
    "Dwarf rabbits", weight 3 {
        Small "Netherland Dwarf": grown 5, oldest 132, price 55, kids 40, ["Siamese sable", "black otter", "chestnut", "ruby-eyed white", "Himalayan"];
        Small "Lionhead": grown 6, oldest 120, price 60, kids 66, ["tortoiseshell", "black", "ruby-eyed white", "blue point"];
        Small "Jersey Wooly": grown 6, oldest 108, price 60, kids 72, ["grey agouti", "broken black", "seal"];
        Small "Polish": grown 5, oldest 96, price 45, kids 52, ["blue-eyed white", "black", "broken chocolate"];
        Small "Dwarf Hotot": grown 5, oldest 108, price 55, kids 54, ["white with black eye rings"];
    }
    "Classic rabbits", weight 3 {
        Small "Dutch": grown 6, oldest 108, price 50, kids 82, ["black and white", "blue grey and white", "chocolate and white", "steel and white"];
        Medium "Mini Rex": grown 6, oldest 108, price 55, kids 78, ["castor brown", "black", "broken blue", "lilac"];
        Medium "English Spot": grown 7, oldest 96, price 45, kids 62, ["white with black spots", "white with blue spots"];
        Medium "Himalayan": grown 6, oldest 96, price 45, kids 80, ["white with black points", "white with blue points"];
        Medium "Harlequin": grown 8, oldest 96, price 50, kids 76, ["black and orange", "blue and fawn"];
    }
    "Large rabbits", weight 2 {
        Large "Flemish Giant": grown 10, oldest 84, price 75, kids 84, ["sandy", "steel grey", "fawn", "light grey"];
        Medium "New Zealand": grown 8, oldest 96, price 40, kids 78, ["white", "red", "black"];
        Medium "Californian": grown 8, oldest 96, price 40, kids 76, ["white with black points"];
        Large "Continental Giant": grown 10, oldest 78, price 75, kids 82, ["agouti", "black", "opal"];
        Medium "English Angora": grown 8, oldest 96, price 70, kids 54, ["white", "fawn", "smoke pearl"];
    }
    "Mixed-breed rabbits", weight 6 {
        Medium "Domestic Mix": grown 6, oldest 108, price 35, kids 68, ["brown agouti", "black", "grey and white", "white", "fawn"];
        Small "Lop Mix": grown 6, oldest 108, price 40, kids 70, ["brown agouti", "black and white", "cream", "grey"];
    }
};

const PHRASES: Phrases = Phrases {
    openings: &[
        "Meet {name}, {an_age} {breed} rabbit, {color}, with a nose that is never still.",
        "{name} is {an_age} {breed} rabbit, {color} and very fond of cilantro.",
        "This {tone} rabbit is {name}, {an_age} {breed} with the softest ears in the house.",
        "{name}, {an_age} {breed} rabbit, is {color} and announces dinner time with a thump.",
        "Two ears over the edge of the hay rack: that is {name}, {an_age} {tone} {breed}.",
        "{name} is our {tone} {breed}, {an_age} {boy} who flops over for a good ear rub.",
    ],
    young_pasts: &[
        "{He} was born here after {his} mother was given up with a pair that was not a pair of sisters after all.",
        "{He} was an Easter present that had not been thought through.",
        "A school gave {him} up when the summer break came.",
        "{He} grew up in a foster home and is used to being handled every day.",
    ],
    grown_pasts: &[
        "{He} was found in a city park, far too tame to be a wild rabbit.",
        "{His} owner developed an allergy to hay.",
        "{He} came from a hoarding case with forty rabbits and is enjoying {his} own space.",
        "{He} lived in a small hutch for too long and now hops a lap of honor every morning.",
        "{His} family moved abroad and could not take {him} along.",
        "The children lost interest, we did not.",
    ],
    old_pasts: &[
        "{He} has outlived two partners and deserves a soft place for {his} later years.",
        "{His} owner could no longer bend down to the floor, where {he} spends {his} day.",
        "{He} has seen many winters and moves a little slower now.",
    ],
    ways: &[
        ("Playful", "{He} throws {his} toys about and expects you to bring them back."),
        ("Binky champion", "Let {him} out in the evening and you will see the highest jumps in the house."),
        ("Digger", "Give {him} a box of shredded paper and {he} is busy for hours."),
        ("Calm", "{He} likes to lie stretched out under a chair and watch the room."),
        ("Foodie", "{He} knows the sound of the refrigerator door and is there before you."),
        ("Curious", "{He} inspects every shoe that comes through the door."),
        ("Chewer", "Apple twigs keep {his} teeth short and your cables safe."),
    ],
    bonds: &[
        ("Cuddly", "{He} presses {his} head to the floor to be stroked and does not get up for a while."),
        ("Shy at first", "{He} needs a few quiet days before {he} trusts a hand."),
        ("Sociable", "{He} would love to live with another neutered rabbit."),
        ("Good with cats", "{He} has shared a room with a cat, and was in charge of it."),
        ("Independent", "{He} comes for a visit when {he} wants to, and prefers not to be picked up."),
        ("Gentle", "{He} takes parsley from the hand without a nip."),
    ],
    skills: &[
        ("Litter-trained", "{He} uses a litter box, with hay beside it, like all sensible rabbits."),
        ("Free-roaming", "{He} roams our rabbit-proofed room all day without doing any damage."),
        ("Easy to groom", "{He} keeps still for brushing and for having {his} nails clipped."),
    ],
    homes: &[
        "{He} needs a large pen with daily time outside of it, and no wire floor.",
        "A rabbit-proofed room would be paradise.",
        "An indoor home with unlimited hay, please.",
        "{He} could live outdoors in a predator-proof run with a friend.",
        "A hutch alone is not enough: rabbits need to run.",
    ],
    good_with_kids: &[
        "Children who sit on the floor with {him} will make a friend.",
        "{He} is calm enough for a family with children.",
        "{He} puts up with excited voices better than most rabbits.",
    ],
    not_with_kids: &[
        "{He} startles easily and is better off without small children.",
        "{He} does not like to be lifted, so {he} is not a pet for small children.",
    ],
    conditions: &[
        (
            "Malocclusion; teeth trimmed every six weeks.",
            "{His} teeth grow crooked and need a trim every six weeks.",
        ),
        (
            "Head tilt after E. cuniculi; stable, eats well.",
            "{His} head is tilted after an illness, which gives {him} a permanently puzzled look.",
        ),
        ("Blind in the left eye (cataract).", "{He} sees on one side only; come from the right."),
        ("Sore hocks; needs soft flooring.", "{His} heels are tender, so soft mats are a must."),
    ],
    notes: &[
        "Healthy at intake examination.",
        "Teeth checked, even and short.",
        "Treated for mites on arrival; clear since.",
        "A little overweight; on hay and greens only.",
        "Nails clipped and scent glands cleaned on intake.",
    ],
    holds: &[
        "Recovering from surgery; separate pen for two weeks.",
        "Digestive upset; on recovery food, recheck in three days.",
        "Being bonded with a partner; not to be separated now.",
        "In quarantine after arrival, fourteen days.",
        "Snuffles under treatment with antibiotics.",
    ],
};
