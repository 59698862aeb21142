//! GraphQL: requests over HTTP, and messages of graphql-transport-ws.

use futures_util::SinkExt as _;
use http::Method;
use serde_json::{Value, json};

use super::{Target, assert_problem, deep};
use crate::support::api::{self, with_json};
use crate::support::graphql::{Connection, events};
use crate::support::{Api, Refusal, within};

const PATH: &str = "/v1/graphql";
const CREATE: &str = "mutation { createPet(input: {name: \"Rex\", species: DOG, ageMonths: 5, price: \"75.00\"}) { pet { id } userErrors { code status message field } } }";

/// What a body is answered, which must be an error.
async fn refusal(api: &Api, body: impl Into<reqwest::Body>) -> Refusal {
    let request = api.request(Method::POST, PATH).header("content-type", "application/json").body(body);
    let answer = api.send(request).await;
    assert!(answer.status < 500, "{}", answer.status);
    let data = answer.body["data"].as_object().and_then(|data| data.values().next());
    if let Some(value) = data.filter(|value| value.is_object()) {
        return api::payload(value.clone()).unwrap_err();
    }
    assert!(answer.body["errors"].is_array(), "{} {}", answer.status, answer.body);
    Refusal::of_graphql(&answer.body["errors"])
}

/// What is well formed and wrong, or more than the limits allow.
fn against_the_limits() -> Vec<(Vec<u8>, &'static str, &'static str)> {
    let (malformed, invalid) = ("malformed_request", "validation_failed");
    let query = |text: &str| json!({ "query": text }).to_string().into_bytes();
    vec![
        (query("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"), malformed, "query"),
        (query(&format!("{{ {} }}", "a: __typename ".repeat(60))), "limit_reached", ""),
        (query(&format!("{{ __typename {} }}", "@skip(if: false) ".repeat(60))), "limit_reached", ""),
        (query(&format!("{{ me {{ {} }} }}", "id ".repeat(300_000))), "limit_reached", ""),
        (query("query A { __typename } query B { __typename }"), malformed, "operationName"),
        (br#"{"query":"query A { __typename }","operationName":"Z"}"#.to_vec(), malformed, "operationName"),
        (br#"{"query":"query ($id: ID!) { pet(id: $id) { id } }"}"#.to_vec(), malformed, "variables.id"),
        (
            br#"{"query":"query ($n: Int) { pets(limit: $n) { id } }","variables":{"n":"x"}}"#.to_vec(),
            invalid,
            "",
        ),
        (format!("[{}]", vec![r#"{"query":"{__typename}"}"#; 1_000].join(",")).into_bytes(), invalid, "body"),
        (query("{ petsConnection(first: 101) { totalCount } }"), invalid, "first"),
        (query("{ petsConnection(after: \"yesterday\") { totalCount } }"), invalid, "after"),
        (query("{ petsConnection(first: 1, last: 1) { totalCount } }"), invalid, "first"),
        (
            query(
                "{ petsConnection(first: 100) { edges { node { orders(first: 100) { payments { order { id } } } } } } }",
            ),
            "limit_reached",
            "",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_over_http() {
    let target = Target::new().await;
    let staff = &target.staff;
    let (malformed, invalid) = ("malformed_request", "validation_failed");
    let query = |text: &str| json!({ "query": text }).to_string().into_bytes();
    let mut table: Vec<(Vec<u8>, &str, &str)> = vec![
        (b"".to_vec(), malformed, "body"),
        (b"hello".to_vec(), malformed, "body"),
        (b"{\"query\":\"\xff\"}".to_vec(), malformed, "body"),
        (b"{}".to_vec(), malformed, "query"),
        (b"[]".to_vec(), invalid, "body"),
        (br#"{"query":42}"#.to_vec(), invalid, "query"),
        (br#"{"query":"{ me { id } }","variables":[]}"#.to_vec(), invalid, "variables"),
        (br#"{"query":"{ me { id } }","wings":2}"#.to_vec(), invalid, "wings"),
        (deep("query").into_bytes(), invalid, "query"),
        (query("{"), malformed, "query"),
        (query("{ wings }"), invalid, ""),
        (query("{ pet(id: 5.5) { id } }"), invalid, ""),
        (query("{ pet(id: \"42\") { id } }"), malformed, "id"),
        (query("{ pets(limit: 0) { id } }"), invalid, "limit"),
        (query("{ pets(wings: 2) { id } }"), invalid, ""),
        (
            query(
                "mutation { createPet(input: {wings: 2}) { pet { id } userErrors { code status message field } } }",
            ),
            invalid,
            "",
        ),
        (
            query(
                "mutation { createPet(input: {name: \"Rex\"}) { pet { id } userErrors { code status message field } } }",
            ),
            invalid,
            "price",
        ),
        (
            query(
                "mutation { createPet(input: {name: \"Rex\", species: DRAGON}) { pet { id } userErrors { code status message field } } }",
            ),
            invalid,
            "",
        ),
        (
            query(
                "mutation { placeOrder(input: {petId: \"42\"}) { order { id } userErrors { code status message field } } }",
            ),
            invalid,
            "petId",
        ),
        (query(&format!("{} me {{ id }} {}", "{".repeat(10_000), "}".repeat(10_000))), "limit_reached", ""),
        (query(&format!("{{ me {{ {} }} }}", "id ".repeat(20_000))), "limit_reached", ""),
    ];
    table.extend(against_the_limits());
    for (body, code, field) in table {
        let what = String::from_utf8_lossy(&body).chars().take(80).collect::<String>();
        assert_problem(&refusal(staff, body).await, code, field, &what);
    }
    let deep = format!(r#"{{"query":"query ($x: JSON) {{ me {{ id }} }}","variables":{}}}"#, deep("x"));
    let refused = refusal(staff, deep).await;
    assert!(refused.code == malformed || refused.code == invalid, "{refused:?}");
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_http_refuses() {
    let target = Target::new().await;
    let staff = &target.staff;
    let large = json!({ "query": "{ me { id } }", "operationName": "x".repeat(1_048_576) });
    let answer = staff.post(PATH, large).await;
    assert_eq!(
        (answer.status, Refusal::of_graphql(&answer.body["errors"]).code.as_str()),
        (413, "payload_too_large")
    );
    for kind in ["text/plain", "application/graphql", "application/x-www-form-urlencoded"] {
        let request = staff.request(Method::POST, PATH).header("content-type", kind);
        let answer = staff.send(request.body(json!({ "query": CREATE }).to_string())).await;
        assert_eq!(answer.status, 415, "{kind}: {}", answer.body);
    }
    let by_get = format!("{PATH}?{}", crate::support::channel::query_of(&[("query", CREATE.to_owned())]));
    let answer = staff.get(&by_get).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST, OPTIONS"), "a mutation by GET");
    let answer = staff.send(staff.request(Method::DELETE, PATH)).await;
    assert_eq!(answer.status, 405);
    let plain = with_json(staff.request(Method::POST, PATH), &json!({ "query": events(&["pets"], None) }));
    let answer = staff.send(plain.header("accept", "application/json")).await;
    assert!((400..500).contains(&answer.status), "a subscription that cannot stream: {}", answer.body);
    let strict = with_json(staff.request(Method::POST, PATH), &json!({ "query": "{ wings }" }));
    let answer = staff.send(strict.header("accept", "application/graphql-response+json")).await;
    assert_eq!(answer.status, 400, "by the draft's own media type: {}", answer.body);
    let image = with_json(staff.request(Method::POST, PATH), &json!({ "query": "{ me { id } }" }));
    assert_eq!(staff.send(image.header("accept", "image/png")).await.status, 406);
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_subscription_is_an_error_of_its_own() {
    let target = Target::new().await;
    let mut connection = Connection::open(&target.staff).await.unwrap();
    let table = [
        (events(&["dragons"], None), "validation_failed", "topics[0]"),
        (events(&[], None), "validation_failed", "topics"),
        (events(&["pets"], Some("yesterday")), "malformed_request", "after"),
        (events(&["orders/019b4139-1234-7abc-8def-123456789abc"], None), "not_found", ""),
        ("subscription { events(topics: 5) { cursor } }".to_owned(), "validation_failed", ""),
        ("subscription { wings }".to_owned(), "validation_failed", ""),
        ("subscription {".to_owned(), "malformed_request", "query"),
        (
            "subscription { orderStatusChanged(orderId: \"42\") { cursor } }".to_owned(),
            "malformed_request",
            "orderId",
        ),
    ];
    for (number, (query, code, field)) in table.iter().enumerate() {
        connection.subscribe(&format!("s{number}"), query).await;
        let refusal = within("the refusal", connection.next()).await.unwrap_err();
        assert_problem(&refusal, code, field, query);
        connection.send(&json!({ "type": "ping" })).await;
        let pong = within("a pong", connection.message()).await.unwrap();
        assert_eq!(pong["type"], "pong", "after {query}: {pong}");
    }
    connection.subscribe("good", "query { __typename }").await;
    let (id, _) = within("a result", connection.next()).await.unwrap();
    assert_eq!(id, "good");
    drop(connection);
    target.unharmed().await;
}

/// The protocol has a close code for each of these.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_message_closes_with_the_code_for_it() {
    let target = Target::new().await;
    let subscribe =
        json!({ "type": "subscribe", "id": "s1", "payload": { "query": events(&["pets"], None) } });
    let init = json!({ "type": "connection_init" });
    let no_id = json!({ "type": "subscribe", "payload": { "query": "{ me { id } }" } });
    let no_query = json!({ "type": "subscribe", "id": "s1", "payload": {} });
    let large = json!({ "type": "ping", "payload": { "x": "x".repeat(4 * 1_048_576) } });
    let table: [(&[&Value], &[u16]); 7] = [
        (&[&json!("hello")], &[4400]),
        (&[&json!({ "type": "dance" })], &[4400]),
        (&[&no_id], &[4400]),
        (&[&no_query], &[4400]),
        (&[&subscribe, &subscribe], &[4409]),
        (&[&init], &[4429]),
        (&[&large], &[1009, 4400]),
    ];
    for (messages, codes) in table {
        let mut connection = Connection::open(&target.staff).await.unwrap();
        for message in messages {
            // What is too large is cut off before all of it is sent.
            let _ = connection.0.send(message.to_string().into()).await;
        }
        let what = messages[0].to_string().chars().take(80).collect::<String>();
        let end = loop {
            match within("the close", connection.message()).await {
                Ok(message) => assert_ne!(message["type"], "connection_ack", "{what}"),
                Err(end) => break end,
            }
        };
        assert!(end.status.is_none_or(|status| codes.contains(&status)), "{what}: {end:?}");
        assert!(end.status.is_some() || codes.contains(&1009), "{what}: {end:?}");
    }
    let mut early = Connection::open_silent(&target.binary.anonymous(), None).await.unwrap();
    early.send(&subscribe).await;
    assert_eq!(within("the close", early.message()).await.unwrap_err().status, Some(4401));
    let mut garbled = Connection::open(&target.staff).await.unwrap();
    garbled.send_raw("{\"type\":").await;
    assert_eq!(within("the close", garbled.message()).await.unwrap_err().status, Some(4400));
    target.unharmed().await;
}
