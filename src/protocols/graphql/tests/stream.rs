//! GraphQL over event streams, and what subscriptions share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::http::header;
use axum::body::Body;
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use super::schema::Statements;
use super::support::{Fixture, STAFF, getting, posting, read, text};
use crate::protocols::http::RequestId;
use crate::telemetry::Channel;

const STREAM: &str = "text/event-stream";
const EVENTS: &str = "subscription ($topics: [String!]!, $after: Cursor) {
    events(topics: $topics, after: $after) { eventId eventType cursor data } }";

/// The blocks of a stream that have an event.
struct Blocks(Body);

impl Blocks {
    fn of(response: Response) -> Self {
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream; charset=utf-8");
        Self(response.into_body())
    }

    async fn next(&mut self) -> Option<Vec<(Option<String>, String, Value)>> {
        loop {
            let chunk = self.0.frame().await?.unwrap().into_data().unwrap();
            let chunk = String::from_utf8(chunk.to_vec()).unwrap();
            let blocks: Vec<_> =
                chunk.split_terminator("\n\n").filter(|block| !block.starts_with(':')).collect();
            if !blocks.is_empty() {
                return Some(blocks.into_iter().map(block).collect());
            }
        }
    }
}

fn block(text: &str) -> (Option<String>, String, Value) {
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(|value| value.trim().to_owned())
    };
    let data = field("data").unwrap();
    (field("id"), field("event").unwrap(), serde_json::from_str(&data).unwrap_or(Value::Null))
}

async fn events(store: &Fixture, count: usize, blocks: &mut Blocks) -> Vec<Value> {
    let mut events = Vec::new();
    while events.len() < count {
        for (id, event, data) in blocks.next().await.expect("the stream ended") {
            assert_eq!(event, "next");
            let event = data["data"]["events"].clone();
            assert_eq!(id, event["cursor"].as_str().map(str::to_owned));
            events.push(event);
        }
    }
    assert!(store.metrics.channel(Channel::GraphQl).delivered_total() >= count as u64);
    events
}

fn watching(topics: &[&str], after: Option<&str>) -> Value {
    json!({ "query": EVENTS, "variables": { "topics": topics, "after": after } })
}

#[tokio::test]
async fn subscribers_get_every_event_and_resume() {
    let store = Fixture::new().await;
    let mut first =
        Blocks::of(store.send(posting(Some(STAFF), STREAM, &watching(&["orders", "pets"], None))).await);
    let mut equal =
        Blocks::of(store.send(posting(Some(STAFF), STREAM, &watching(&["orders", "pets"], None))).await);
    let channel = store.metrics.channel(Channel::GraphQl);
    assert_eq!((channel.connections(), channel.subscriptions(), store.graphql.0.cohorts.count()), (2, 2, 1));

    let order = store.order(STAFF).await;
    // pet.created, order.created, pet.statusChanged
    let seen = events(&store, 3, &mut first).await;
    assert_eq!(seen, events(&store, 3, &mut equal).await);
    let kinds: Vec<String> = seen.iter().map(|event| text(&event["eventType"])).collect();
    assert_eq!(kinds, ["pet.created", "order.created", "pet.statusChanged"]);
    assert_eq!(seen[1]["data"]["order"]["id"], order);

    // From another position it is the same cohort, and an EventSource resumes by its header.
    let after = text(&seen[0]["cursor"]);
    let mut resumed = Blocks::of(
        store.send(posting(Some(STAFF), STREAM, &watching(&["orders", "pets"], Some(&after)))).await,
    );
    assert_eq!(store.graphql.0.cohorts.count(), 1);
    assert_eq!(events(&store, 2, &mut resumed).await, seen[1..]);
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair(
            "query",
            "subscription { events(topics: [\"orders\"]) { eventId eventType cursor data } }",
        )
        .append_pair("access_token", STAFF)
        .finish();
    let mut request = getting(&query, STREAM);
    request.headers_mut().insert("last-event-id", after.parse().unwrap());
    let mut source = Blocks::of(store.send(request).await);
    assert_eq!(events(&store, 1, &mut source).await, seen[1..2]);

    drop((first, equal, resumed, source));
    assert_eq!((channel.connections(), channel.subscriptions(), store.graphql.0.cohorts.count()), (0, 0, 0));
}

#[tokio::test]
async fn what_leads_into_the_store_is_personal() {
    let store = Fixture::new().await;
    let alice = store.customer("alice").await;
    let order = store.order(&alice).await;
    let body = json!({
        "query": "subscription ($id: ID) { orderStatusChanged(orderId: $id) {
            previousStatus newStatus changedBy order { id user { username } payments { status } } } }",
        "variables": { "id": order },
    });
    let mut hers = Blocks::of(store.send(posting(Some(&alice), STREAM, &body)).await);
    let mut staffs = Blocks::of(store.send(posting(Some(STAFF), STREAM, &body)).await);
    assert_eq!(store.graphql.0.cohorts.count(), 2, "who asks decides what the fields show");
    store
        .data(
            Some(&alice),
            "mutation ($id: ID!) { cancelOrder(id: $id) { order { id } } }",
            json!({ "id": order }),
        )
        .await;
    for stream in [&mut hers, &mut staffs] {
        let (_, _, data) = stream.next().await.unwrap().remove(0);
        let change = &data["data"]["orderStatusChanged"];
        assert_eq!(
            (&change["previousStatus"], &change["newStatus"]),
            (&json!("PLACED"), &json!("CANCELLED")),
            "{data}"
        );
        assert_eq!(change["order"], json!({ "id": order, "user": { "username": "alice" }, "payments": [] }));
    }
}

#[tokio::test]
async fn an_order_and_the_stock_are_watched() {
    let store = Fixture::new().await;
    let alice = store.customer("alice").await;
    let order = store.order(&alice).await;
    let of_order = json!({ "query": "subscription ($id: ID!) { item: orderUpdated(id: $id) {
        eventType cursor previousStatus order { id status } } }", "variables": { "id": order } });
    let of_stock =
        json!({ "query": "subscription { item: inventoryChanged { cursor stock { species available } } }" });
    let mut order_stream = Blocks::of(store.send(posting(Some(&alice), STREAM, &of_order)).await);
    let mut stock_stream = Blocks::of(store.send(posting(Some(&alice), STREAM, &of_stock)).await);
    let other = store.order(&alice).await;
    let cancel = "mutation ($id: ID!) { cancelOrder(id: $id) { order { id } } }";
    store.data(Some(&alice), cancel, json!({ "id": order })).await;
    let (id, _, data) = order_stream.next().await.unwrap().remove(0);
    let item = &data["data"]["item"];
    assert_eq!(item["eventType"], "order.statusChanged", "{data}; and nothing of {other}");
    assert_eq!((&item["previousStatus"], id.as_deref()), (&json!("PLACED"), item["cursor"].as_str()));
    assert_eq!(item["order"], json!({ "id": order, "status": "CANCELLED" }));
    let mut available = Vec::new();
    while available.len() < 3 {
        for (_, _, data) in stock_stream.next().await.unwrap() {
            assert_eq!(data["data"]["item"]["stock"]["species"], "DOG");
            available.push(data["data"]["item"]["stock"]["available"].as_u64().unwrap());
        }
    }
    assert_eq!(available, [1, 0, 1], "a pet came, was ordered, and another was freed");

    let refused = json!({ "query": "subscription { orderUpdated(id: \"1\") { cursor } }" });
    let mut blocks = Blocks::of(store.send(posting(Some(&alice), STREAM, &refused)).await);
    assert_eq!(blocks.next().await.unwrap()[0].2["errors"][0]["extensions"]["code"], "malformed_request");
}

#[tokio::test]
async fn an_error_in_an_item_names_the_request_of_its_reader() {
    let store = Fixture::new().await;
    let body = json!({ "query": "subscription { petChanged { pet { name orders(first: 101) { id } } } }" });
    let mut streams = Vec::new();
    for name in ["req-1", "req-2"] {
        let mut request = posting(Some(STAFF), STREAM, &body);
        request.extensions_mut().insert(RequestId(name.to_owned()));
        streams.push((name, Blocks::of(store.send(request).await)));
    }
    assert_eq!(store.graphql.0.cohorts.count(), 1);
    store.pet().await;
    for (name, stream) in &mut streams {
        let (_, _, data) = stream.next().await.unwrap().remove(0);
        let told = &data["errors"][0]["extensions"];
        assert_eq!(
            (&told["code"], &told["requestId"]),
            (&json!("validation_failed"), &json!(name)),
            "{data}"
        );
    }
}

#[tokio::test]
async fn an_item_costs_one_statement_for_each_step() {
    let store = Fixture::new().await;
    let pet = store.pet().await;
    let place = "mutation ($pet: ID!) { placeOrder(input: {petId: $pet}) { order { id } } }";
    let cancel = "mutation ($id: ID!) { cancelOrder(id: $id) { order { id } } }";
    let query =
        "subscription { petChanged { pet { orders(first: 50) { user { username } payments { id } } } } }";
    let mut stream = Blocks::of(store.send(posting(Some(STAFF), STREAM, &json!({ "query": query }))).await);
    let mut costs = Vec::new();
    for round in 0..4 {
        let buyer = store.customer(&format!("buyer{round}")).await;
        let placed = store.data(Some(&buyer), place, json!({ "pet": pet })).await;
        let id = &placed["placeOrder"]["order"]["id"];
        store.data(Some(&buyer), cancel, json!({ "id": id })).await;
        let count = Arc::new(AtomicUsize::new(0));
        let subscriber = tracing_subscriber::registry().with(Statements(count.clone()));
        let guard = tracing::subscriber::set_default(subscriber);
        let items = stream.next().await.unwrap();
        drop(guard);
        let newest = &items.last().unwrap().2["data"]["petChanged"]["pet"]["orders"];
        assert_eq!(newest.as_array().unwrap().len(), round + 1);
        costs.push(count.load(Ordering::Relaxed) / items.len());
    }
    assert_eq!(costs[1..], [3, 3, 3], "orders, users, payments: {costs:?}");
}

/// What a stream says of its next payment, with what that leads to.
async fn next_payment(stream: &mut Blocks) -> Value {
    loop {
        for (_, _, data) in stream.next().await.expect("the stream ended") {
            let payment = &data["data"]["events"]["receipt"]["payment"];
            if !payment.is_null() {
                return payment["order"]["pet"].clone();
            }
        }
    }
}

const INTO_THE_STORE: &str = "subscription { events(topics: [\"payments\"]) { ... on PaymentSucceededEvent {
    receipt { payment { order { pet { name orders(first: 100) { user { username email } } } } } } } } }";
const PAY: &str = r#"mutation ($id: ID!) { payOrder(id: $id, input: {amount: "75.00", currency: USD,
    source: {card: {name: "A", number: "4242424242424242", cvc: "123", expMonth: 12, expYear: 2090}}}) { payment { id } } }"#;

#[tokio::test]
async fn nobody_shares_what_another_may_see() {
    let store = Fixture::new().await;
    let (alice, bob) = (store.customer("alice").await, store.customer("bob").await);
    let pet = store.pet().await;
    let place = async |buyer: &str| {
        let query = "mutation ($pet: ID!) { placeOrder(input: {petId: $pet}) { order { id } } }";
        text(&store.data(Some(buyer), query, json!({ "pet": pet })).await["placeOrder"]["order"]["id"])
    };
    let cancelled = place(&bob).await;
    let cancel = "mutation ($id: ID!) { cancelOrder(id: $id) { order { id } } }";
    store.data(Some(&bob), cancel, json!({ "id": cancelled })).await;
    let body = json!({ "query": INTO_THE_STORE });
    let mut staffs = Blocks::of(store.send(posting(Some(STAFF), STREAM, &body)).await);
    let mut hers = Blocks::of(store.send(posting(Some(&alice), STREAM, &body)).await);
    let order = place(&alice).await;
    store.data(Some(&alice), PAY, json!({ "id": order })).await;
    let buyers = |pet: Value| -> Vec<Value> {
        pet["orders"].as_array().unwrap().iter().map(|order| order["user"]["username"].clone()).collect()
    };
    assert_eq!(buyers(next_payment(&mut staffs).await), ["alice", "bob"]);
    assert_eq!(buyers(next_payment(&mut hers).await), ["alice"], "bob's order is not hers to see");
}

#[tokio::test]
async fn nobody_shares_with_another_tenant() {
    let store = Fixture::new().await;
    let tenants = ["019b4132-70aa-764f-b315-e2803d882a01", "019b4132-70aa-764f-b315-e2803d882a02"];
    let asking = |tenant: &str, accept: &str, body: &Value| {
        let mut request = posting(Some(STAFF), accept, body);
        request.headers_mut().insert("x-tenant-id", tenant.parse().unwrap());
        request
    };
    let mut streams = Vec::new();
    for tenant in tenants {
        let body = json!({ "query": INTO_THE_STORE });
        streams.push(Blocks::of(store.send(asking(tenant, STREAM, &body)).await));
    }
    for (tenant, stream) in tenants.into_iter().zip(&mut streams) {
        let run = async |query: String| {
            let request = asking(tenant, "application/json", &json!({ "query": query }));
            read(store.send(request).await).await.1["data"].clone()
        };
        let pet = format!(
            "mutation {{ createPet(input: {{name: \"{}\", species: DOG, ageMonths: 5, price: \"75.00\"}}) {{ pet {{ id }} }} }}",
            &tenant[30..]
        );
        let pet = text(&run(pet).await["createPet"]["pet"]["id"]);
        let order = format!("mutation {{ placeOrder(input: {{petId: \"{pet}\"}}) {{ order {{ id }} }} }}");
        let order = text(&run(order).await["placeOrder"]["order"]["id"]);
        run(PAY.replace("mutation ($id: ID!)", "mutation").replace("$id", &format!("\"{order}\""))).await;
        assert_eq!(next_payment(stream).await["name"], tenant[30..]);
    }
}

#[tokio::test]
async fn a_refusal_is_one_result_and_the_end() {
    let store = Fixture::new().await;
    for (token, body, code) in [
        (None, watching(&["orders"], None), "unauthenticated"),
        (Some(STAFF), watching(&["dragons"], None), "validation_failed"),
        (Some(STAFF), watching(&["orders"], Some("yesterday")), "malformed_request"),
        (Some(STAFF), json!({ "query": "subscription { nope }" }), "validation_failed"),
        (Some(STAFF), json!({ "query": "{" }), "malformed_request"),
    ] {
        let mut blocks = Blocks::of(store.send(posting(token, STREAM, &body)).await);
        let both = blocks.next().await.unwrap();
        assert_eq!((both[0].1.as_str(), both[1].1.as_str()), ("next", "complete"));
        assert_eq!(both[0].2["errors"][0]["extensions"]["code"], code, "{body}: {both:?}");
        assert!(blocks.next().await.is_none());
    }
    let mut query =
        Blocks::of(store.send(posting(None, STREAM, &json!({ "query": "{ __typename }" }))).await);
    assert_eq!(query.next().await.unwrap()[0].2, json!({ "data": { "__typename": "Query" } }));
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_with_the_server() {
    let store = Fixture::new().await;
    let alice = store.customer("alice").await;
    let mut hers = Blocks::of(store.send(posting(Some(&alice), STREAM, &watching(&["orders"], None))).await);
    let mut pets = Blocks::of(store.send(posting(None, STREAM, &watching(&["pets"], None))).await);
    let clock = store.clock.clone();
    let (end, ()) = tokio::join!(hers.next(), async {
        tokio::task::yield_now().await;
        clock.advance(std::time::Duration::from_secs(61));
    });
    assert_eq!(end.unwrap()[0].2["errors"][0]["extensions"]["code"], "token_expired");
    store.tasks.shutdown().cancel();
    assert!(pets.next().await.is_none(), "without complete, so that the client comes back");
}

#[tokio::test]
async fn a_cohort_works_a_result_out_once() {
    let store = Fixture::new().await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(Blocks::of(store.send(posting(None, STREAM, &watching(&["pets"], None))).await));
    }
    let pet = store.pet().await;
    let mut results = Vec::new();
    for stream in &mut streams {
        results.push(events(&store, 1, stream).await.remove(0));
    }
    assert!(results.iter().all(|result| result["data"]["pet"]["id"] == pet));
    let cohort = store.graphql.0.cohorts.only().unwrap();
    assert_eq!((Arc::strong_count(&cohort), cohort.kept()), (4, 0), "every member took it, so it is let go");
}

/// Its member may not read what it got, and then it is not asked for more.
#[tokio::test]
async fn a_result_that_is_begun_belongs_to_nobody() {
    let store = Fixture::new().await;
    // It asks the store, so it is not there at once.
    let body = json!({ "query": "subscription { petChanged { pet { name orders { id } } } }" });
    let mut streams = Vec::new();
    for _ in 0..2 {
        streams.push(store.send(posting(Some(STAFF), STREAM, &body)).await.into_body());
    }
    for stream in &mut streams {
        assert_eq!(stream.frame().await.unwrap().unwrap().into_data().unwrap(), ":\n\n");
    }
    assert_eq!(store.graphql.0.cohorts.count(), 1);
    let [first, second] = &mut streams[..] else { panic!("two") };
    for _ in 0..50 {
        store.pet().await;
        let begun = futures_util::poll!(first.frame()).is_pending();
        let result = tokio::time::timeout(std::time::Duration::from_secs(10), second.frame()).await;
        let result = result.expect("held up").unwrap().unwrap().into_data().unwrap();
        assert!(String::from_utf8(result.to_vec()).unwrap().contains("\"orders\":[]"));
        // A busy machine may have brought the answer before it was waited for.
        if begun {
            return;
        }
    }
    panic!("the store was never waited for");
}
