//! What the product is: the same call through any protocol gives the same result, the same error code, the same audit
//! row and the same event; and the same event reaches every channel.

mod operations;
mod refusals;

use serde_json::Value;

use crate::support::api::id;
use crate::support::inbox::{ids, types};
use crate::support::normal::{Normal, projected};
use crate::support::{Channel, Driver, Receiver, Story, TOPICS, TestServer, channel, websocket};

/// The events of one story, in their order.
const STORY: [&str; 12] = [
    "pet.created",
    "inventory.changed",
    "order.created",
    "pet.statusChanged",
    "inventory.changed",
    "payment.succeeded",
    "order.statusChanged",
    "pet.statusChanged",
    "pet.adopted",
    "inventory.changed",
    "order.statusChanged",
    "order.statusChanged",
];

/// What each use case of the story writes into the audit log.
const AUDITED: [&str; 5] = ["PET_CREATED", "ORDER_PLACED", "ORDER_PAID", "ORDER_SHIPPED", "ORDER_DELIVERED"];

async fn every_channel_hears_the_story(driver: Driver) {
    let server = TestServer::demo().await;
    let story = Story::cast(&server).await;
    let receiver = Receiver::subscribed(&story.staff, &["*"]).await;
    let mut database = server.database().await;
    let (log, audits) = (database.head().await, database.audit_count().await);
    let start = websocket::position(&story.staff).await.unwrap();
    let mut listeners = Vec::new();
    for channel in Channel::ALL {
        let listener = channel.listen(&story.staff, &TOPICS, None).await.unwrap();
        listeners.push((channel, listener));
    }
    let own = Channel::WebSocket.listen(&story.buyer, &["orders", "payments"], None).await.unwrap();

    let told = story.tell(driver).await;
    let statuses: Vec<&str> = told.iter().map(|answer| answer["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["AVAILABLE", "PLACED", "SUCCEEDED", "SHIPPED", "DELIVERED"]);

    let logged = database.events(log).await;
    let expected: Vec<&str> = logged.iter().map(|event| event.event_id.as_str()).collect();
    let kinds: Vec<&str> = logged.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(kinds, STORY);
    let last = expected.last().unwrap();

    let past = channel::past(&story.staff, &TOPICS, Some(&start), 500).await;
    assert_eq!(ids(&past), expected, "the poll form");
    for (channel, listener) in &listeners {
        let heard = listener.until_id(&format!("the end of the story on {channel:?}"), last).await;
        assert_eq!(ids(&heard), expected, "{channel:?}");
        assert_eq!(heard, past, "envelopes on {channel:?}");
    }
    let hooks = receiver.until("the story at the receiver", |events| events.len() >= expected.len()).await;
    let bodies: Vec<Value> = past.iter().map(without_cursor).collect();
    assert_eq!(hooks, bodies, "at the webhook receiver");

    let of_buyer: Vec<_> = past.iter().filter(|event| event.data["order"].is_object()).cloned().collect();
    let heard = own.until("the buyer's own story", |events| events.len() >= of_buyer.len()).await;
    assert_eq!(heard, of_buyer, "what the buyer hears of it");

    let audit = database.audit(audits).await;
    let actions: Vec<&str> = audit.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, AUDITED);
    assert!(audit.iter().all(|row| row.channel == driver.audited()), "{audit:?}");
    server.settled().await;
    assert_eq!(receiver.messages(), expected.len(), "no event was sent twice, and no other");
}

fn without_cursor(event: &crate::support::Envelope) -> Value {
    serde_json::json!({
        "eventId": event.event_id, "eventType": event.event_type, "timestamp": event.timestamp, "data": event.data,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_channel_hears_the_story_told_by_rest() {
    every_channel_hears_the_story(Driver::Rest).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_channel_hears_the_story_told_by_graphql() {
    every_channel_hears_the_story(Driver::GraphQl).await;
}

/// What a run leaves: answers, events and audit rows.
struct Run {
    answers: Vec<Value>,
    events: Vec<(String, Value)>,
    audit: Vec<Value>,
}

async fn run(story: &Story, server: &TestServer, driver: Driver) -> Run {
    let mut database = server.database().await;
    let audits = database.audit_count().await;
    let start = websocket::position(&story.staff).await.unwrap();
    let answers = story.tell(driver).await;
    // A second order, which is declined, paid, cancelled and so refunded.
    let pet = driver.create_pet(&story.staff, "Milo").await.unwrap();
    let order = driver.place(&story.buyer, id(&pet)).await.unwrap();
    let declined = driver.pay(&story.buyer, id(&order), "75.00", crate::support::story::DECLINED_CARD).await;
    assert_eq!(declined.unwrap_err().code, "payment_declined");
    driver.pay(&story.buyer, id(&order), "75.00", crate::support::story::GOOD_CARD).await.unwrap();
    driver.cancel(&story.buyer, id(&order)).await.unwrap();
    let read = driver.read_order(&story.buyer, id(&order)).await.unwrap();

    let mut normal = Normal::default();
    let events = channel::past(&story.staff, &TOPICS, Some(&start), 500).await;
    let events = events.iter().map(|event| (event.event_type.clone(), without_stock(&event.data)));
    let audit = database.audit(audits).await;
    let audit = audit.iter().map(|row| {
        assert_eq!(row.channel, driver.audited(), "{row:?}");
        let user = row.user_id.map(|id| id.to_string());
        serde_json::json!([row.action, user, row.entity_type, row.entity_id, row.before, row.after])
    });
    Run {
        answers: answers.iter().chain([&read]).map(|answer| normal.of(answer)).collect(),
        events: events.map(|(kind, data)| (kind, normal.of(&data))).collect(),
        audit: audit.map(|row| normal.of(&row)).collect(),
    }
}

/// The stock goes on from run to run.
fn without_stock(data: &Value) -> Value {
    if data["inventory"].is_object() { Value::Null } else { data.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_drivers_give_the_same_answers_events_and_audit_rows() {
    let server = TestServer::demo().await;
    let story = Story::cast(&server).await;
    let rest = run(&story, &server, Driver::Rest).await;
    let graphql = run(&story, &server, Driver::GraphQl).await;
    for (rest, graphql) in rest.answers.iter().zip(&graphql.answers) {
        assert_eq!(&projected(rest, graphql), graphql);
    }
    assert_eq!(rest.events, graphql.events);
    assert_eq!(rest.audit, graphql.audit);
    assert!(rest.audit.len() == 10 && rest.events.len() > 20, "{} {}", rest.audit.len(), rest.events.len());
    let kinds: Vec<&str> = rest.events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert!(kinds.contains(&"payment.refunded") && kinds.contains(&"payment.failed"), "{kinds:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_subscriptions_tell_the_same_story() {
    let server = TestServer::demo().await;
    let story = Story::cast(&server).await;
    let start = websocket::position(&story.staff).await.unwrap();
    let order = id(&story.tell(Driver::Rest).await[1]).to_owned();
    let past = channel::past(&story.staff, &["orders", "payments"], Some(&start), 500).await;
    assert_eq!(types(&past).len(), 5);

    let mut connection = crate::support::graphql::Connection::open(&story.buyer).await.unwrap();
    let changes = format!(
        "subscription {{ orderStatusChanged(orderId: \"{order}\", after: \"{start}\") \
         {{ eventId cursor order {{ id status pet {{ id }} }} previousStatus newStatus changedBy }} }}"
    );
    connection.subscribe("changes", &changes).await;
    let moved: Vec<_> = past.iter().filter(|event| event.event_type == "order.statusChanged").collect();
    for event in &moved {
        let (_, change) = crate::support::within("a change of the order", connection.next()).await.unwrap();
        assert_eq!(change["eventId"], event.event_id);
        assert_eq!(change["cursor"], event.cursor);
        assert_eq!(change["order"]["id"], order);
        assert_eq!(change["order"]["pet"]["id"], event.data["order"]["petId"]);
        assert_eq!(change["order"]["status"], event.data["newStatus"]);
        for field in ["previousStatus", "newStatus", "changedBy"] {
            assert_eq!(change[field], event.data[field], "{field}");
        }
    }
    assert_eq!(moved.len(), 3);
    let paid = format!(
        "subscription {{ paymentSucceeded(after: \"{start}\") {{ eventId payment {{ id }} order {{ id }} receipt {{ receiptId }} }} }}"
    );
    connection.subscribe("paid", &paid).await;
    let (name, payment) = crate::support::within("the payment", connection.next()).await.unwrap();
    let event = past.iter().find(|event| event.event_type == "payment.succeeded").unwrap();
    assert_eq!((name.as_str(), &payment["eventId"]), ("paid", &Value::from(event.event_id.as_str())));
    assert_eq!(payment["payment"]["id"], event.data["payment"]["id"]);
    assert_eq!(payment["receipt"]["receiptId"], event.data["receipt"]["receiptId"]);
}
