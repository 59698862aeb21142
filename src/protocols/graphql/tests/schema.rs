//! The schema over a real store: connections, nodes, and how many statements a nested query costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::support::{Fixture, STAFF, settings, text};
use crate::domain::webhook::{Delivery, DeliveryStatus};
use crate::domain::{DeliveryId, EndpointId, EventId, EventType, Seq, Tenant, Timestamp};
use crate::protocols::graphql::GraphQlSettings;
use crate::store::Writes;

/// Counts the statements that are read with.
pub struct Statements(pub Arc<AtomicUsize>);

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "petstore::sql" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn shop() -> Fixture {
    Fixture::with(GraphQlSettings { max_complexity: 20_000, ..settings() }).await
}

const NESTED: &str = "{ petsConnection(first: 50) { totalCount nodes: edges { node { name
    orders(first: 3) { status user { username orders(first: 2) { id } }
        payments { status receipt { receiptUrl payment { order { pet { name } } } } } } } } } }";

#[tokio::test]
async fn a_nested_query_costs_one_statement_for_each_step() {
    let store = shop().await;
    let pay = r#"mutation ($id: ID!) { payOrder(id: $id, input: {amount: "75.00", currency: USD,
        source: {card: {name: "A", number: "4242424242424242", cvc: "123", expMonth: 12, expYear: 2090}}}) {
        payment { id } } }"#;
    let mut costs = Vec::new();
    for round in 0..3 {
        for number in 0..=round * 4 {
            let buyer = store.customer(&format!("buyer{round}-{number}")).await;
            let order = store.order(&buyer).await;
            store.data(Some(&buyer), pay, json!({ "id": order })).await;
        }
        let (found, cost) = counted(&store, NESTED, json!({})).await;
        costs.push(cost);
        let pets = found["petsConnection"]["nodes"].as_array().unwrap();
        assert_eq!(found["petsConnection"]["totalCount"], pets.len());
        for pet in pets {
            let order = &pet["node"]["orders"][0];
            assert_eq!(order["status"], "APPROVED", "{pet}");
            assert_eq!(order["user"]["orders"].as_array().unwrap().len(), 1);
            assert_eq!(order["payments"][0]["receipt"]["payment"]["order"]["pet"]["name"], "Rex");
        }
    }
    // The list and the stock; orders, users, payments, orders of users, receipts, payments, orders, pets.
    assert_eq!(costs, [10, 10, 10], "statements for 1, 6 and 15 pets");
}

/// What a query finds, and how many statements it costs.
async fn counted(store: &Fixture, query: &str, variables: Value) -> (Value, usize) {
    let count = Arc::new(AtomicUsize::new(0));
    let subscriber = tracing_subscriber::registry().with(Statements(count.clone()));
    let guard = tracing::subscriber::set_default(subscriber);
    let found = store.data(Some(STAFF), query, variables).await;
    drop(guard);
    (found, count.load(Ordering::Relaxed))
}

#[tokio::test]
async fn many_ids_are_looked_up_together() {
    let store = shop().await;
    let alice = store.customer("alice").await;
    let order = store.order(&alice).await;
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let unknown = |number: u32| json!(format!("019b4132-70aa-764f-b315-e2803d88{number:04x}"));
    let mut costs = Vec::new();
    for many in [1, 20, 90] {
        let ids: Vec<Value> =
            (0..many).map(unknown).chain([json!(order), json!("client"), json!("x")]).collect();
        let (found, cost) = counted(&store, query, json!({ "ids": ids })).await;
        let found: Vec<&Value> =
            found["nodes"].as_array().unwrap().iter().filter(|node| !node.is_null()).collect();
        assert_eq!(found, [&json!({ "id": order })]);
        costs.push(cost);
    }
    // Pets, orders, users, payments, endpoints, deliveries; the rest is the administrators'.
    assert_eq!(costs, [6, 6, 6], "statements for 4, 23 and 93 ids");
}

fn delivery(endpoint: &str, number: u64) -> Delivery {
    let uuid = uuid::Uuid::from_u128(number.into());
    Delivery {
        id: DeliveryId(uuid),
        tenant: Tenant::PUBLIC,
        endpoint_id: EndpointId::parse("id", endpoint).unwrap(),
        event_id: EventId(uuid),
        event_seq: Seq(number + 1),
        event_type: EventType::PetCreated,
        status: DeliveryStatus::Pending,
        attempts: 0,
        schedule_from: 0,
        next_attempt_at: Some(Timestamp::from_ms(0)),
        last_status_code: None,
        order_key: None,
        created_at: Timestamp::from_ms(0),
        settled_at: None,
    }
}

#[tokio::test]
async fn deliveries_find_their_endpoint_and_attempts_together() {
    let store = shop().await;
    let made =
        "mutation { createWebhookEndpoint(input: {url: \"https://example.com/h\", eventTypes: [\"*\"]}) {
        endpoint { id } } }";
    let endpoint =
        text(&store.data(Some(STAFF), made, json!({})).await["createWebhookEndpoint"]["endpoint"]["id"]);
    let query = "query ($id: ID!) { deliveries(endpoint: $id, first: 100) { edges { node {
        endpoint { id } attempts { number } } } } }";
    let mut costs = Vec::new();
    for round in 0..3_u64 {
        let rows: Vec<Delivery> =
            (0..=round * 4).map(|number| delivery(&endpoint, round * 100 + number)).collect();
        let upto = rows.last().unwrap().event_seq;
        let write = async move |writes: &mut dyn Writes| writes.insert_deliveries(&rows, upto).await;
        store.store.write(write).await.unwrap();
        let (found, cost) = counted(&store, query, json!({ "id": endpoint })).await;
        let edges = found["deliveries"]["edges"].as_array().unwrap().clone();
        let expected = json!({ "endpoint": { "id": endpoint }, "attempts": [] });
        assert!(edges.iter().all(|edge| edge["node"] == expected), "{found}");
        costs.push((edges.len(), cost));
    }
    // The endpoint, how many there are, and they; their endpoints, and their attempts.
    assert_eq!(costs, [(1, 5), (6, 5), (15, 5)]);
}

/// The items of a connection, and where it goes on.
async fn part(store: &Fixture, field: &str, arguments: &str) -> (Vec<String>, Value) {
    let query = format!(
        "{{ list: {field}({arguments}) {{ totalCount pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
           edges {{ cursor node {{ id }} }} }} }}"
    );
    let found = store.data(Some(STAFF), &query, json!({})).await;
    let ids = found["list"]["edges"].as_array().unwrap().iter().map(|edge| text(&edge["node"]["id"]));
    (ids.collect(), found["list"].clone())
}

#[tokio::test]
async fn a_connection_is_walked_both_ways_in_steps_of_any_size() {
    let store = shop().await;
    let alice = store.customer("alice").await;
    for _ in 0..7 {
        store.order(&alice).await;
    }
    for (field, filter) in [
        ("petsConnection", "first: 100"),
        ("petsConnection", "first: 100, sort: {field: PRICE}"),
        ("petsConnection", "first: 100, sort: {field: CREATED_AT, direction: DESC}"),
        ("petsConnection", "first: 100, filter: {text: \"rex\"}"),
        ("ordersConnection", "first: 100"),
    ] {
        let (all, list) = part(&store, field, filter).await;
        assert_eq!((all.len(), &list["totalCount"]), (7, &json!(7)), "{field} {filter}");
        assert_eq!(list["pageInfo"]["hasNextPage"], false);
        let more = filter.strip_prefix("first: 100").unwrap();
        let (mut walked, mut after) = (Vec::new(), String::new());
        for size in [2, 3, 100] {
            let (ids, list) = part(&store, field, &format!("first: {size}{after}{more}")).await;
            let info = &list["pageInfo"];
            assert_eq!(info["hasPreviousPage"], !walked.is_empty(), "{field} {filter}");
            walked.extend(ids);
            assert_eq!(info["hasNextPage"], walked.len() < 7, "{field} {filter}");
            after = format!(", after: {}", info["endCursor"]);
        }
        assert_eq!(walked, all, "{field} {filter}");
        let (mut back, mut before) = (Vec::new(), String::new());
        for size in [3, 1, 100] {
            let (ids, list) = part(&store, field, &format!("last: {size}{before}{more}")).await;
            back.splice(0..0, ids);
            assert_eq!(list["pageInfo"]["hasPreviousPage"], back.len() < 7, "{field} {filter}");
            before = format!(", before: {}", list["pageInfo"]["startCursor"]);
        }
        assert_eq!(back, all, "{field} {filter}, backwards");
    }
}

#[tokio::test]
async fn a_node_is_found_whatever_it_is() {
    let store = shop().await;
    let alice = store.customer("alice").await;
    let order = store.order(&alice).await;
    let query = "query ($id: ID!) { order(id: $id) { pet { id } user { id } } }";
    let known = store.data(Some(&alice), query, json!({ "id": order })).await;
    let (pet, user) = (text(&known["order"]["pet"]["id"]), text(&known["order"]["user"]["id"]));
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
    let none = "019b4132-70aa-764f-b315-e2803d882a24";
    let ids = json!({ "ids": [order, pet, user, none, "rcp_1", "nothing"] });
    let mine = store.data(Some(&alice), query, ids.clone()).await;
    let kinds: Vec<&Value> =
        mine["nodes"].as_array().unwrap().iter().map(|node| &node["__typename"]).collect();
    assert_eq!(
        kinds,
        [&json!("Order"), &json!("Pet"), &json!("User"), &Value::Null, &Value::Null, &Value::Null]
    );
    let stranger = store.data(None, query, ids).await;
    assert_eq!(stranger["nodes"][0], Value::Null, "another's order");
    assert_eq!(stranger["nodes"][1]["__typename"], "Pet");
}

const CONNECTED: &str = "{ petsConnection(first: 50) { edges { node { id ordersConnection(first: 1) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { user { ordersConnection(last: 1) { totalCount } }
        paymentsConnection { totalCount edges { node { id } } } } } } } } } }";

#[tokio::test]
async fn connections_within_others_cost_two_statements_for_each_step() {
    let store = shop().await;
    let mut costs = Vec::new();
    for round in 0..3 {
        for number in 0..=round * 4 {
            let buyer = store.customer(&format!("buyer{round}-{number}")).await;
            store.order(&buyer).await;
        }
        let (found, cost) = counted(&store, CONNECTED, json!({})).await;
        costs.push(cost);
        for pet in found["petsConnection"]["edges"].as_array().unwrap() {
            let orders = &pet["node"]["ordersConnection"];
            assert_eq!(
                (&orders["totalCount"], &orders["pageInfo"]["hasNextPage"]),
                (&json!(1), &json!(false))
            );
            let order = &orders["edges"][0]["node"];
            assert_eq!(order["user"]["ordersConnection"]["totalCount"], 1);
            assert_eq!(order["paymentsConnection"], json!({ "totalCount": 0, "edges": [] }));
        }
    }
    // The list and the stock; then twice two for orders and payments, users, and two for their orders.
    assert_eq!(costs, [9, 9, 9], "statements for 1, 6 and 15 pets");
}

#[tokio::test]
async fn connections_within_others_are_walked_both_ways() {
    let store = shop().await;
    let (alice, bob) = (store.customer("alice").await, store.customer("bob").await);
    let (pet, other) = (store.pet().await, store.pet().await);
    let mut placed = Vec::new();
    for number in 0..7 {
        let buyer = if number == 3 { &bob } else { &alice };
        let place = "mutation ($pet: ID!) { placeOrder(input: {petId: $pet}) { order { id } } }";
        let order =
            text(&store.data(Some(buyer), place, json!({ "pet": pet })).await["placeOrder"]["order"]["id"]);
        let cancel = "mutation ($id: ID!) { cancelOrder(id: $id) { order { id } } }";
        store.data(Some(buyer), cancel, json!({ "id": order })).await;
        placed.insert(0, order);
    }
    let query = "query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
        pet(id: $id) { ordersConnection(first: $first, after: $after, last: $last, before: $before) {
            totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { node { id } } } } }";
    let walk = async |token: &str, size: &str, from: &str, more: &str, cursor: &str| {
        let (mut pages, mut at) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({ "id": pet, size: 3, from: at });
            let page = store.data(Some(token), query, variables).await["pet"]["ordersConnection"].clone();
            let edges = page["edges"].as_array().unwrap().iter();
            pages.push(edges.map(|edge| text(&edge["node"]["id"])).collect::<Vec<_>>());
            if page["pageInfo"][more] == false {
                return (pages, page["totalCount"].clone());
            }
            at = page["pageInfo"][cursor].clone();
        }
    };
    let (pages, total) = walk(STAFF, "first", "after", "hasNextPage", "endCursor").await;
    assert_eq!((pages.concat(), pages.len(), total), (placed.clone(), 3, json!(7)));
    let (mut pages, _) = walk(STAFF, "last", "before", "hasPreviousPage", "startCursor").await;
    pages.reverse();
    assert_eq!((pages.concat(), pages.len()), (placed.clone(), 3));
    let (pages, total) = walk(&alice, "first", "after", "hasNextPage", "endCursor").await;
    let hers: Vec<String> = placed.iter().filter(|id| **id != placed[3]).cloned().collect();
    assert_eq!((pages.concat(), total), (hers, json!(6)), "and none of bob's");

    // A cursor of another pet's orders, of a list of others, and what is none.
    let first = store.data(Some(STAFF), query, json!({ "id": pet, "first": 1 })).await;
    let cursor = first["pet"]["ordersConnection"]["pageInfo"]["endCursor"].clone();
    let root =
        store.data(Some(STAFF), "{ ordersConnection(first: 1) { pageInfo { endCursor } } }", json!({})).await;
    let root = root["ordersConnection"]["pageInfo"]["endCursor"].clone();
    for (id, after, code) in [
        (&other, &cursor, "page_unknown"),
        (&pet, &root, "page_unknown"),
        (&pet, &json!("x"), "validation_failed"),
    ] {
        let body = json!({ "query": query, "variables": { "id": id, "after": after } });
        let (_, answer) = store.post(Some(STAFF), "application/json", &body).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
    }
    let body = json!({ "query": "{ users { ordersConnection { totalCount } } }" });
    let (_, answer) = store.post(Some(&alice), "application/json", &body).await;
    assert!(answer["errors"].is_array(), "{answer}");
    let mine = store.data(Some(&alice), "{ me { ordersConnection { totalCount } } }", json!({})).await;
    assert_eq!(mine["me"]["ordersConnection"]["totalCount"], 6);
}
