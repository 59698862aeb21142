//! What is a wish for a pet, what it says, and what is none.

use super::*;

fn wish(question: &str, before: &[&str]) -> Option<Wish> {
    match errand(question, before)? {
        Errand::Pets(wish, _) => Some(wish),
        Errand::Orders => None,
    }
}

fn price(question: &str) -> Option<String> {
    wish(question, &[]).unwrap_or_else(|| panic!("{question}")).max_price.map(|price| price.to_string())
}

#[test]
fn a_wish_is_read() {
    let expected = Wish {
        species: Some(Species::Rabbit),
        max_price: Some(Amount::parse("price", "80.00").unwrap()),
        good_with_kids: Some(true),
        tempers: vec!["calm"],
        ..Wish::default()
    };
    assert_eq!(wish("a calm rabbit under $80 that is good with kids", &[]), Some(expected));
    assert_eq!(errand("Where is my order?", &[]), Some(Errand::Orders));
    for question in [
        "do you have any dogs?",
        "is there a small and calm rabbit?",
        "which dogs do you have",
        "are there any guinea pigs for sale",
        "cats for sale",
        "I'm looking for a bearded dragon",
        "show me dogs that are not good with kids",
        "i want to adopt a cat",
        "what rabbits are in stock",
        "which pets are available?",
    ] {
        assert!(wish(question, &[]).is_some(), "{question}");
    }
}

#[test]
fn advice_is_no_wish() {
    for question in [
        "can rabbits eat carrots",
        "my dog weighs 80 pounds",
        "whats the best laptop under 1000 dollars",
        "is there a vaccine for rabbits?",
        "Is there a safe way to trim my dog's nails?",
        "do you have tips for crate training a puppy?",
        "are there any plants that are toxic for cats?",
        "is there anything i can give my dog, he ate chocolate",
        "i'm looking for advice on fleas on my cat",
        "my vet bill was up to $300 for my cats teeth, how often should teeth be cleaned",
        "are there any vegetables my rabbit should not eat",
        "I'm looking for a dog trainer",
        "is there a good toy for dogs under $20",
        "which dogs shed the least",
        "are there dogs that do not bark",
    ] {
        let advice = question.starts_with("are there dogs");
        assert_eq!(wish(question, &[]).is_some(), advice, "{question}");
    }
}

#[test]
fn a_bound_is_what_was_written() {
    for (question, told) in [
        ("do you have rabbits under $1,000", Some("1000.00")),
        ("do you have rabbits under 30", Some("30.00")),
        ("rabbits under $29.99", Some("29.99")),
        ("rabbits for less than 100 dollars", Some("100.00")),
        ("do you have dogs under 30 kg", None),
        ("do you have a dog good with kids under 5", None),
        ("do you have rabbits up to €45.5?", Some("45.50")),
    ] {
        assert_eq!(price(question).as_deref(), told, "{question}");
    }
    assert_eq!(wish("do you have dogs under 6 months", &[]).unwrap().age_max, Some(6));
}

#[test]
fn not_is_not() {
    let kids = |question: &str| wish(question, &[]).unwrap().good_with_kids;
    assert_eq!(kids("show me dogs that are not good with kids"), Some(false));
    assert_eq!(kids("show me dogs that are good with kids"), Some(true));
    assert_eq!(kids("do you have a cat for a home without kids"), None);
    let tempers = wish("do you have dogs that are not too active but friendly", &[]).unwrap().tempers;
    assert_eq!(tempers, ["friendly"]);
}

#[test]
fn a_wish_is_kept_while_it_is_changed() {
    let before = ["a calm rabbit under $80"];
    let changed = wish("and under $30?", &before).unwrap();
    assert_eq!((changed.species, changed.tempers), (Some(Species::Rabbit), vec!["calm"]));
    assert_eq!(changed.max_price, Amount::parse("price", "30.00").ok());
    let before = ["show me calm rabbits under $80", "any cheaper ones that are good with kids?"];
    let changed = wish("and a small one?", &before).unwrap();
    assert_eq!((changed.good_with_kids, changed.size), (Some(true), Some(Size::Small)));
    for question in ["how often do they need hay", "thanks", "my dog is small and has fleas"] {
        assert_eq!(wish(question, &["a calm rabbit under $80"]), None, "{question}");
    }
}
