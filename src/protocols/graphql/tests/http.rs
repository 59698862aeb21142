//! GraphQL over HTTP.

use ::http::{Request, StatusCode, header};
use axum::body::Body;
use serde_json::{Value, json};

use super::support::{Fixture, STAFF, getting, posting, read, settings};
use crate::protocols::graphql::{GraphQlSettings, PATH};

const MODERN: &str = "application/graphql-response+json";
const CLASSIC: &str = "application/json";

#[tokio::test]
async fn the_story_of_an_order() {
    let store = Fixture::new().await;
    let alice = store.customer("alice").await;
    let order = store.order(&alice).await;
    let pay = r#"mutation ($id: ID!, $card: String!) { payOrder(id: $id, input: {amount: "75.00", currency: USD,
        source: {card: {name: "Alice", number: $card, cvc: "123", expMonth: 12, expYear: 2090}}}) {
        payment { id status amount source { ... on Card { number brand last4 } } }
        userErrors { code paymentId } } }"#;

    let declined = json!({ "query": pay, "variables": { "id": order, "card": "4000000000000002" } });
    let (status, answer) = store.post(Some(&alice), MODERN, &declined).await;
    let told = &answer["data"]["payOrder"];
    assert_eq!((status, &told["payment"]), (StatusCode::OK, &Value::Null), "{answer}");
    assert_eq!(told["userErrors"][0]["code"], "payment_declined");
    assert!(told["userErrors"][0]["paymentId"].is_string(), "{answer}");

    let paid = store.data(Some(&alice), pay, json!({ "id": order, "card": "4242424242424242" })).await;
    assert_eq!(
        paid["payOrder"]["payment"]["source"],
        json!({ "number": "************4242", "brand": "VISA", "last4": "4242" })
    );
    for (step, status) in [("shipOrder", "SHIPPED"), ("deliverOrder", "DELIVERED")] {
        let query = format!("mutation ($id: ID!) {{ step: {step}(id: $id) {{ order {{ status }} }} }}");
        assert_eq!(
            store.data(Some(STAFF), &query, json!({ "id": order })).await["step"]["order"]["status"],
            status
        );
    }
    let query =
        "query ($id: ID!) { order(id: $id) { status totalAmount pet { name status } payments { status }
        user { username email } } me { username roles } orders(limit: 1) { id } eventsCursor }";
    let seen = store.data(Some(&alice), query, json!({ "id": order })).await;
    assert_eq!(seen["order"]["pet"], json!({ "name": "Rex", "status": "ADOPTED" }));
    assert_eq!(seen["order"]["payments"], json!([{ "status": "SUCCEEDED" }, { "status": "FAILED" }]));
    assert_eq!(seen["order"]["user"], json!({ "username": "alice", "email": "alice@example.com" }));
    assert_eq!(seen["me"], json!({ "username": "alice", "roles": ["USER"] }));
    assert_eq!(seen["orders"].as_array().unwrap().len(), 1);
    assert!(seen["eventsCursor"].is_string());
}

#[tokio::test]
async fn refusals_have_the_code_that_they_have_everywhere() {
    let store = Fixture::new().await;
    let alice = store.customer("alice").await;
    let bob = store.customer("bob").await;
    let order = store.order(&alice).await;
    let id = format!("\"{order}\"");
    let cases: [(Option<&str>, String, &str, u16); 6] = [
        (None, format!("query {{ order(id: {id}) {{ id }} }}"), "unauthenticated", 401),
        (Some(&bob), format!("query {{ order(id: {id}) {{ id }} }}"), "forbidden", 403),
        (Some(&alice), format!("mutation {{ shipOrder(id: {id}) {{ order {{ id }} }} }}"), "forbidden", 403),
        (Some(STAFF), "{ order(id: \"1\") { id } }".into(), "malformed_request", 400),
        (None, "{ pets(limit: 101, ageMin: -1) { id } }".into(), "validation_failed", 422),
        (None, "{ me { id } }".into(), "unauthenticated", 401),
    ];
    for (token, query, code, status) in cases {
        let (http, answer) = store.post(token, MODERN, &json!({ "query": query })).await;
        assert_eq!(http, StatusCode::OK, "it was executed: {answer}");
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["status"]),
            (&json!(code), &json!(status)),
            "{query}: {answer}"
        );
    }
    let (_, answer) =
        store.post(None, MODERN, &json!({ "query": "{ pets(limit: 101, ageMin: -1) { id } }" })).await;
    let errors = answer["errors"][0]["extensions"]["errors"].as_array().unwrap();
    let fields: Vec<&Value> = errors.iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["ageMin", "limit"]);
    let nothing = json!({ "query": "{ pet(id: \"019b4132-70aa-764f-b315-e2803d882a24\") { id } }" });
    assert_eq!(store.post(None, MODERN, &nothing).await.1, json!({ "data": { "pet": null } }));
}

#[tokio::test]
async fn what_the_caller_can_mend_is_in_the_payload() {
    let store = Fixture::new().await;
    let alice = store.customer("alice").await;
    let order = store.order(&alice).await;
    for (call, code, fields) in [
        (format!("shipOrder(id: \"{order}\")"), "illegal_transition", vec![Value::Null]),
        ("shipOrder(id: \"1\")".into(), "malformed_request", vec![json!("id")]),
        ("createPet(input: {price: \"cheap\"})".into(), "validation_failed", vec![json!("price")]),
        (
            "createPet(input: {name: \"\", species: DOG, price: \"1.00\"})".into(),
            "validation_failed",
            vec![json!("ageMonths"), json!("name")],
        ),
    ] {
        let query = format!("mutation {{ call: {call} {{ userErrors {{ code message field rule }} }} }}");
        let told = store.data(Some(STAFF), &query, json!({})).await;
        let errors = told["call"]["userErrors"].as_array().unwrap();
        let told: Vec<_> = errors.iter().map(|error| error["field"].clone()).collect();
        assert!(errors.iter().all(|error| error["code"] == code), "{query}: {errors:?}");
        assert_eq!(told, fields, "{query}");
    }
}

#[tokio::test]
async fn what_is_refused_before_execution_has_no_data() {
    let store = Fixture::new().await;
    for query in [
        "{",
        "{ unknown }",
        "query ($id: ID!) { pet(id: $id) { id } }",
        "query A { __typename } query B { __typename }",
        "subscription { events(topics: [\"pets\"]) { eventId } }",
        "mutation { placeOrder(input: {petId: 1, extra: 2}) { order { id } } }",
    ] {
        let body = json!({ "query": query });
        let (status, answer) = store.post(None, MODERN, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {answer}");
        assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{answer}");
        assert!(answer.get("data").is_none(), "{answer}");
        let expected =
            if query.starts_with("subscription") { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        assert_eq!(store.post(None, CLASSIC, &body).await.0, expected, "{query}");
    }
}

#[tokio::test]
async fn methods_and_media_types() {
    let store = Fixture::new().await;
    let status = async |request: Request<Body>| {
        let response = store.send(request).await;
        let allow = response.headers().get(header::ALLOW).map(|value| value.to_str().unwrap().to_owned());
        let (status, body) = read(response).await;
        assert_eq!(body["errors"].is_array(), status.is_client_error(), "{body}");
        (status.as_u16(), allow)
    };
    assert_eq!(status(getting("query=%7B__typename%7D", CLASSIC)).await, (200, None));
    assert_eq!(status(getting("query=mutation%7B__typename%7D", CLASSIC)).await, (405, Some("POST".into())));
    assert_eq!(status(getting("query=%7B__typename%7D&variables=%5B%5D", CLASSIC)).await, (400, None));
    assert_eq!(status(getting("query=%7B__typename%7D&nope=1", CLASSIC)).await, (400, None));
    assert_eq!(status(getting("", CLASSIC)).await, (400, None));
    assert_eq!(status(getting("query=%7B__typename%7D", "image/png")).await, (406, None));
    let patch = Request::patch(PATH).body(Body::empty()).unwrap();
    assert_eq!(status(patch).await, (405, Some("GET, HEAD, POST, PUT, DELETE".into())));

    let mut form = posting(None, CLASSIC, &json!({ "query": "{__typename}" }));
    form.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
    assert_eq!(status(form).await, (415, None));
    let large = posting(None, CLASSIC, &json!({ "query": "#".repeat(5000) }));
    assert_eq!(status(large).await, (413, None));
    let mut foreign = posting(None, CLASSIC, &json!({ "query": "{__typename}" }));
    foreign.headers_mut().insert(header::AUTHORIZATION, "Basic eA==".parse().unwrap());
    assert_eq!(status(foreign).await, (401, None));

    let page = store.send(getting("", "text/html,application/xhtml+xml,*/*;q=0.8")).await;
    assert_eq!((page.status(), read(page).await.1), (StatusCode::OK, Value::Null));
}

#[tokio::test]
async fn limits_hold() {
    let store = Fixture::with(GraphQlSettings { introspection: false, max_depth: 3, ..settings() }).await;
    for (query, code) in [
        (format!("{{ {} }}", "a ".repeat(501)), "limit_reached"),
        (format!("{{a{}", "{a".repeat(80)), "limit_reached"),
        ("{ ...A } fragment A on Query { ...A }".to_owned(), "malformed_request"),
        ("{ orders { pet { category { name } } } }".to_owned(), "limit_reached"),
        (format!("{{ {} }}", "a: pets(limit: 100) { id name } ".repeat(9)), "limit_reached"),
        ("{ __schema { types { name } } }".to_owned(), "forbidden"),
    ] {
        let (status, answer) = store.post(None, MODERN, &json!({ "query": query })).await;
        assert_eq!(
            (status, &answer["errors"][0]["extensions"]["code"]),
            (StatusCode::BAD_REQUEST, &json!(code)),
            "{answer}"
        );
    }
    let (_, answer) = store.post(None, MODERN, &json!({ "query": "{ petz }" })).await;
    assert!(!answer.to_string().contains("Did you mean"), "{answer}");
}
