//! The schema and the three transports over a real store in a folder of its own.

mod http;
mod safety;
mod schema;
mod stream;
mod support;
mod transports;
mod websocket;

use serde_json::{Value, json};

use super::schema::{builder, sdl};
pub(super) use support::settings;

#[test]
fn the_schema_is_written_down() {
    let text = sdl();
    assert_eq!(text, sdl());
    for part in [
        "type Query {",
        "type Mutation {",
        "type Subscription {",
        "input PaymentSourceInput @oneOf {",
        "union PaymentSource = ",
        "scalar Decimal @specifiedBy(",
        "payOrder(",
        "orderStatusChanged(",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[tokio::test]
async fn everything_in_the_schema_is_described() {
    let query = "{ __schema { types { name kind description enumValues { name description }
        fields { name description args { name description } } inputFields { name description } } } }";
    let answer = builder().finish().execute(query).await.into_result().unwrap();
    let answer = answer.data.into_json().unwrap();
    let mut described = 0;
    for kind in answer["__schema"]["types"].as_array().unwrap() {
        let name = kind["name"].as_str().unwrap();
        if !name.starts_with('_') && !["Boolean", "Float", "ID", "Int", "String"].contains(&name) {
            described += check(name, kind);
        }
    }
    assert!(described > 200, "only {described} descriptions");
}

#[tokio::test]
async fn every_subscription_can_be_gone_on_with_after_its_last_item() {
    let query = "{ __type(name: \"Subscription\") { fields { name args { name type { name } }
        type { ofType { name fields { name } } } } } }";
    let answer = builder().finish().execute(query).await.into_result().unwrap();
    let answer = answer.data.into_json().unwrap();
    let mut found = Vec::new();
    for field in answer["__type"]["fields"].as_array().unwrap() {
        let has = |list: &Value, wanted: Value| list.as_array().unwrap().contains(&wanted);
        let after = json!({ "name": "after", "type": { "name": "Cursor" } });
        assert!(has(&field["args"], after), "{field}");
        assert!(has(&field["type"]["ofType"]["fields"], json!({ "name": "cursor" })), "{field}");
        found.push(field["name"].as_str().unwrap());
    }
    found.sort_unstable();
    let wanted =
        ["chatMessages", "deliveries", "events", "inventoryChanged", "orderStatusChanged", "orderUpdated"];
    assert_eq!(found, [&wanted[..], &["paymentSucceeded", "petChanged"]].concat());
}

/// Counts the descriptions of an element and of what is in it; each must be there.
fn check(path: &str, element: &Value) -> usize {
    assert!(element["description"].as_str().is_some_and(|text| !text.is_empty()), "{path} is not described");
    let mut described = 1;
    for part in ["fields", "inputFields", "enumValues", "args"] {
        // Those of the federation are the gateway's.
        let own = |inner: &&Value| !inner["name"].as_str().is_some_and(|name| name.starts_with('_'));
        for inner in element[part].as_array().into_iter().flatten().filter(own) {
            described += check(&format!("{path}.{}", inner["name"].as_str().unwrap()), inner);
        }
    }
    described
}
