//! What keeps a request within bounds, and what a gateway may ask.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use ::http::StatusCode;
use serde_json::{Value, json};

use super::support::{Fixture, STAFF, getting, posting, read, settings, text};
use crate::protocols::edge::{Meter, Rate, RateLimitSettings, RateLimits};
use crate::protocols::graphql::{Documents, GraphQlSettings};
use crate::protocols::http::PeerAddr;

const MODERN: &str = "application/graphql-response+json";
const NOBODY: &str = "019b4132-70aa-764f-b315-e2803d882a24";

/// The first error of an answer to a query that is refused.
async fn refused(store: &Fixture, token: Option<&str>, query: &str, variables: Value) -> Value {
    let (_, answer) = store.post(token, MODERN, &json!({ "query": query, "variables": variables })).await;
    assert!(answer["errors"].is_array(), "{query}: {answer}");
    answer["errors"][0].clone()
}

/// What graphql-js asks (`getIntrospectionQuery` with all options), and with it GraphiQL and the code generators.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
    subscriptionType { name kind } types { ...FullType } directives { name description isRepeatable locations
    args(includeDeprecated: true) { ...InputValue } } } }
    fragment FullType on __Type { kind name description specifiedByURL isOneOf
      fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef }
        isDeprecated deprecationReason }
      inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
    fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
      ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test]
async fn tools_read_the_schema_once_in_a_request() {
    let store = Fixture::with(GraphQlSettings { max_complexity: 2_000, ..settings() }).await;
    let query = json!({ "query": INTROSPECTION });
    let mut request = posting(None, MODERN, &query);
    *request.body_mut() = query.to_string().into();
    let (status, answer) = read(store.send(request).await).await;
    assert_eq!((status, &answer["errors"]), (StatusCode::OK, &Value::Null), "{answer:.400}");
    assert!(answer["data"]["__schema"]["types"].as_array().unwrap().len() > 100);
    let cycle = "{ __type(name: \"Event\") { possibleTypes { interfaces { possibleTypes { name } } } } }";
    assert_eq!(refused(&store, None, cycle, json!({})).await["extensions"]["code"], "limit_reached");
    let twice = INTROSPECTION.replacen("__schema {", "a: __schema { types { ...FullType } } __schema {", 1);
    assert_eq!(refused(&store, None, &twice, json!({})).await["extensions"]["code"], "limit_reached");
}

#[tokio::test]
async fn the_payments_of_an_order_are_a_list_with_a_price() {
    let store = Fixture::new().await;
    let alice = store.customer("alice").await;
    let order = store.order(&alice).await;
    let pay = r#"mutation ($id: ID!) { payOrder(id: $id, input: {amount: "75.00", currency: USD,
        source: {card: {name: "A", number: "4000000000000002", cvc: "123", expMonth: 12, expYear: 2090}}}) {
        userErrors { paymentId } } }"#;
    let mut tries = Vec::new();
    for _ in 0..3 {
        let told = store.data(Some(&alice), pay, json!({ "id": order })).await;
        tries.insert(0, text(&told["payOrder"]["userErrors"][0]["paymentId"]));
    }
    let other = store.order(&alice).await;
    store.data(Some(&alice), pay, json!({ "id": other })).await;
    let query = "query ($first: Int) { orders { id payments(first: $first) { id } } }";
    for (first, many) in [(json!(2), 2), (json!(0), 0), (Value::Null, 3)] {
        let found = store.data(Some(&alice), query, json!({ "first": first })).await;
        let orders = found["orders"].as_array().unwrap();
        let of = |id: &str| orders.iter().find(|found| found["id"] == id).unwrap()["payments"].clone();
        let ids: Vec<Value> = of(&order).as_array().unwrap().iter().map(|paid| paid["id"].clone()).collect();
        assert_eq!(ids, tries[..many], "{first}");
        assert_eq!(of(&other).as_array().unwrap().len(), many.min(1), "{first}: a limit for each order");
    }
    let nest = |levels: usize| {
        let payments =
            (0..levels).fold("id".to_owned(), |inner, _| format!("payments {{ order {{ {inner} }} }}"));
        format!("query ($id: ID!) {{ order(id: $id) {{ {payments} }} }}")
    };
    store.data(Some(&alice), &nest(1), json!({ "id": order })).await;
    let told = refused(&store, Some(&alice), &nest(4), json!({ "id": order })).await;
    assert_eq!(told["extensions"]["code"], "limit_reached");
}

#[tokio::test]
async fn a_gateway_gets_a_place_for_each_reference() {
    let store = Fixture::with(GraphQlSettings { max_body_bytes: 65_536, ..settings() }).await;
    let pet = store.pet().await;
    let query =
        "query ($who: [_Any!]!) { _entities(representations: $who) { ... on Pet { name orders { id } } } }";
    let one = |name: &str, id: &Value| json!({ "__typename": name, "id": id });
    let gone = json!([
        one("Pet", &json!(NOBODY)),
        one("Pet", &json!(pet)),
        one("Order", &json!(NOBODY)),
        one("User", &json!("x")),
        one("Pet", &json!(5))
    ]);
    let found = store.data(Some(STAFF), query, json!({ "who": gone })).await;
    assert_eq!(found["_entities"], json!([null, { "name": "Rex", "orders": [] }, null, null, null]));
    for (wrong, field, code) in [
        (json!({ "__typename": "Pet" }), "id", "required"),
        (json!({ "__typename": "Zed", "id": pet }), "__typename", "not_allowed"),
        (json!({ "id": pet }), "__typename", "required"),
        (json!("Pet"), "id", "required"),
    ] {
        let body = json!({ "query": query, "variables": { "who": [one("Pet", &json!(pet)), wrong] } });
        let (status, answer) = store.post(Some(STAFF), MODERN, &body).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["data"]["_entities"], json!([{ "name": "Rex", "orders": [] }, null]), "{answer}");
        let error = &answer["errors"][0];
        assert_eq!(
            (&error["path"], &error["extensions"]["code"]),
            (&json!(["_entities", 1]), &json!("validation_failed"))
        );
        let violation = &error["extensions"]["errors"][0];
        assert_eq!(violation["field"], format!("representations[1].{field}"), "{answer}");
        assert_eq!(violation["code"], code);
    }
    let many = |count: usize| json!({ "who": vec![one("Pet", &json!(pet)); count] });
    // 20 for each list of 20 orders, and 40 for two entities of five.
    store.data(Some(STAFF), query, many(10)).await;
    assert_eq!(refused(&store, Some(STAFF), query, many(100)).await["extensions"]["code"], "limit_reached");
    let small = "query ($who: [_Any!]!) { _entities(representations: $who) { __typename } }";
    store.data(Some(STAFF), small, many(100)).await;
    let told = refused(&store, Some(STAFF), small, many(101)).await;
    assert_eq!(told["extensions"]["errors"][0]["code"], "too_many", "{told}");
}

#[tokio::test]
async fn what_takes_too_long_can_be_tried_again() {
    let store = Fixture::with(GraphQlSettings { timeout_ms: 0, ..settings() }).await;
    // A change waits for the writer; a read may be done at once.
    let change = r#"mutation { createPet(input: {name: "A", species: DOG, ageMonths: 1, price: "1.00"}) { pet { id } } }"#;
    for accept in [MODERN, "application/json"] {
        let (status, answer) = store.post(Some(STAFF), accept, &json!({ "query": change })).await;
        let told = &answer["errors"][0]["extensions"];
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
        assert_eq!(told["code"], "timeout");
        assert_eq!((&told["kind"], &told["status"]), (&json!("UNAVAILABLE"), &json!(503)));
        assert!(answer.get("data").is_none(), "{answer}");
    }
}

#[tokio::test]
async fn headers_that_a_change_would_depend_on_are_refused() {
    let store = Fixture::new().await;
    for (name, value) in [("idempotency-key", "k1"), ("if-match", "\"x\"")] {
        let asking = |query: &str| {
            let mut request = posting(Some(STAFF), MODERN, &json!({ "query": query }));
            request.headers_mut().insert(name, value.parse().unwrap());
            request
        };
        let (status, answer) =
            read(store.send(asking("mutation { deletePet(id: \"1\") { deletedId } }")).await).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert!(
            answer["errors"][0]["message"].as_str().unwrap().to_lowercase().starts_with(name),
            "{answer}"
        );
        assert_eq!(read(store.send(asking("{ __typename }")).await).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn every_login_of_a_mutation_is_charged() {
    let store = Fixture::new().await;
    let rate = |burst| Rate { period: Duration::from_secs(60), burst: NonZeroU32::new(burst).unwrap() };
    let limits = RateLimitSettings { reads: rate(100), writes: rate(100), logins: rate(5), slots: 64 };
    let limits = Arc::new(RateLimits::new(&limits, &store.clock));
    let log_in = async |times: usize| {
        let each = (0..times).map(|n| format!("a{n}: createToken(input: {{username: \"u\", password: \"wrong pass\"}}) {{ userErrors {{ code }} }}"));
        let query = format!("mutation {{ {} }}", each.collect::<Vec<_>>().join(" "));
        let mut request = posting(None, MODERN, &json!({ "query": query }));
        request.extensions_mut().insert(PeerAddr("192.0.2.1:5".parse().unwrap()));
        let meter = Arc::new(Meter::new(&limits, &request));
        request.extensions_mut().insert(meter);
        read(store.send(request).await).await
    };
    let (status, answer) = log_in(3).await;
    assert_eq!(
        (status, &answer["errors"][0]["extensions"]["code"]),
        (StatusCode::OK, &json!("wrong_credentials")),
        "{answer}"
    );
    let (status, answer) = log_in(3).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{answer}");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "rate_limited");
    assert!(answer.get("data").is_none(), "none was tried");
}

#[tokio::test]
async fn with_a_list_of_documents_no_other_is_run() {
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("list.json");
    std::fs::write(&list, r#"{"kind":"query ($n: Int) { pets(limit: $n) { __typename } }"}"#).unwrap();
    let documents = Documents::open(16, Some(&list)).unwrap();
    let store = Fixture::with(GraphQlSettings { documents, ..settings() }).await;
    let listed = json!({ "documentId": "kind", "variables": { "n": 1 } });
    assert_eq!(store.post(None, MODERN, &listed).await.1, json!({ "data": { "pets": [] } }));
    let known = store.send(getting("documentId=kind", MODERN)).await;
    assert_eq!(known.status(), StatusCode::OK);
    for other in [
        json!({ "query": "{ pets { id } }" }),
        json!({ "documentId": "other" }),
        json!({ "query": "{ __schema { types { name } } }" }),
        json!({ "query": "mutation { revokeToken { revoked } }" }),
    ] {
        let (status, answer) = store.post(Some(STAFF), MODERN, &other).await;
        let told = &answer["errors"][0]["extensions"];
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert_eq!(
            (&told["code"], &told["kind"]),
            (&json!("PERSISTED_QUERY_NOT_IN_LIST"), &json!("FORBIDDEN"))
        );
    }
}

#[tokio::test]
async fn a_time_that_is_none_names_its_field() {
    let store = Fixture::new().await;
    for (query, field) in [
        ("{ ordersConnection(filter: {createdFrom: \"x\"}) { totalCount } }", "filter.createdFrom"),
        ("{ payments(filter: {createdTo: \"2026\"}) { totalCount } }", "filter.createdTo"),
    ] {
        let told = refused(&store, Some(STAFF), query, json!({})).await;
        let violation = &told["extensions"]["errors"][0];
        assert_eq!(
            (&violation["field"], &violation["code"]),
            (&json!(field), &json!("invalid_time")),
            "{told}"
        );
    }
    let replay = format!(
        "mutation {{ replayEvents(id: \"{NOBODY}\", input: {{since: \"x\"}}) {{ userErrors {{ code field rule }} }} }}"
    );
    let told = store.data(Some(STAFF), &replay, json!({})).await;
    assert_eq!(
        told["replayEvents"]["userErrors"],
        json!([{ "code": "validation_failed", "field": "since", "rule": "invalid_time" }])
    );
}

#[test]
fn every_form_of_a_topic_is_described() {
    let sdl = crate::protocols::graphql::sdl();
    assert!(sdl.contains(&crate::domain::topic::FORMS.replace(", chat/{room}", " or chat/{room}")));
}

#[tokio::test]
async fn a_variable_of_another_type_is_refused_before_anything_is_done() {
    let store = Fixture::new().await;
    let body = json!({ "query": "query ($n: String) { pets(limit: $n) { id } }", "variables": { "n": "3" } });
    let (status, answer) = store.post(None, MODERN, &body).await;
    assert_eq!((status, answer.get("data")), (StatusCode::BAD_REQUEST, None), "{answer}");
    let told = &answer["errors"][0];
    assert_eq!(
        told["message"],
        "Variable \"$n\" of type \"String\" used in position expecting type \"Int\"."
    );
    assert_eq!(told["extensions"]["code"], "validation_failed");
}

#[tokio::test]
async fn a_page_of_nothing_only_counts() {
    let store = Fixture::new().await;
    let query =
        "query ($after: String) { petsConnection(first: 0, after: $after) { totalCount edges { cursor }
        pageInfo { hasNextPage hasPreviousPage endCursor } } }";
    let found = store.data(None, query, json!({})).await;
    assert_eq!(found["petsConnection"]["pageInfo"]["hasNextPage"], false);
    for _ in 0..2 {
        store.pet().await;
    }
    let found = store.data(None, query, json!({})).await;
    assert_eq!(
        (&found["petsConnection"]["totalCount"], &found["petsConnection"]["edges"]),
        (&json!(2), &json!([]))
    );
    assert_eq!(
        found["petsConnection"]["pageInfo"],
        json!({ "hasNextPage": true, "hasPreviousPage": false, "endCursor": null })
    );
    let all = store.data(None, "{ petsConnection { edges { cursor } } }", json!({})).await;
    for (place, goes_on) in [(0, true), (1, false)] {
        let after = &all["petsConnection"]["edges"][place]["cursor"];
        let found = store.data(None, query, json!({ "after": after })).await;
        assert_eq!(found["petsConnection"]["pageInfo"]["hasNextPage"], goes_on);
    }
    let none = "{ petsConnection(last: 0) { edges { cursor } } orders(limit: 0) { id } }";
    let told = refused(&store, Some(STAFF), none, json!({})).await;
    assert_eq!(told["path"], json!(["orders"]), "a page by number has items");
}
