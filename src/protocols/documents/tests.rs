use super::*;
use crate::app::policy::Operation;

fn operation(use_case: &str) -> Node {
    Node::entries([("operationId", "test".into()), ("x-use-case", use_case.into())])
}

#[test]
fn the_documents_can_be_put_together() {
    let documents = Documents::new().unwrap();
    for (name, text) in documents.files("https://pets.example:8443") {
        assert!(!text.contains("petstore.invalid"), "{name} has a placeholder left");
        assert!(!text.contains("$code."), "{name} has a name left that the code should know");
        assert!(
            text.contains("https://pets.example:8443") || text.contains("\"wss\""),
            "{name} names no address"
        );
    }
}

#[test]
fn an_operation_names_a_use_case_that_there_is() {
    assert!(access::apply(&mut operation("PlaceOrder")).is_ok());
    assert!(access::apply(&mut operation("EatPet")).is_err());
    assert!(access::apply(&mut Node::entries([("operationId", "test".into())])).is_err());
}

#[test]
fn access_is_what_the_policy_says() {
    let mut write = operation("WritePets");
    access::apply(&mut write).unwrap();
    assert_eq!(write.get("x-access").and_then(Node::as_text), Some("staff"));
    let text = serde_json::to_string(&write).unwrap();
    assert!(text.contains(r#""security":[{"bearerAuth":[]},{"oauth2":["write:pets"]}]"#), "{text}");
    let mut read = operation("ReadPets");
    access::apply(&mut read).unwrap();
    assert!(serde_json::to_string(&read).unwrap().contains(r#""security":[{},"#), "nobody has to sign in");
}

#[test]
fn a_name_that_the_code_does_not_know_is_refused() {
    let mut document = Node::entries([("enum", "$code.Species".into())]);
    vocabulary::fill(&mut document).unwrap();
    assert_eq!(document.get("enum").map(|names| names.items().len()), Some(6));
    assert!(vocabulary::fill(&mut Node::entries([("enum", "$code.Dragons".into())])).is_err());
}

#[test]
fn every_use_case_is_described() {
    let mut document = compose::openapi().unwrap();
    let mut named = Vec::new();
    document
        .walk(&mut |node| named.extend(node.get("x-use-case").and_then(Node::as_text).map(str::to_owned)));
    for operation in Operation::ALL {
        assert!(named.iter().any(|name| name == operation.name()), "{operation:?} has no path");
    }
}
