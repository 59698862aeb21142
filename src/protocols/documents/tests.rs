use super::*;

#[test]
fn the_documents_can_be_put_together() {
    let documents = Documents::new().unwrap();
    for (name, text) in documents.files("https://pets.example:8443") {
        assert!(!text.contains("petstore.invalid"), "{name} has a placeholder left");
        assert!(!text.contains("$code."), "{name} has a name left that the code should know");
    }
}
