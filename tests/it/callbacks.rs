//! Callbacks of orders: what is told, that it is told, and that a slow receiver delays nobody.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use petstore::clock::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::support::api::{id, text};
use crate::support::receiver::{key_of, verify_signatures};
use crate::support::story::{DECLINED_CARD, GOOD_CARD};
use crate::support::{Api, Driver, Setup, TestServer, within};

/// Takes callbacks and answers them one after the other with `answers`, then with 204.
struct Caller {
    url: String,
    desk: Arc<Desk>,
    _server: AbortOnDropHandle<()>,
}

struct Desk {
    answers: Vec<u16>,
    /// Answers nothing.
    silent: bool,
    inbound: watch::Sender<Vec<(HeaderMap, Bytes)>>,
}

impl Caller {
    async fn start(answers: &[u16], silent: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callbacks/orders/1312312?x=1", listener.local_addr().unwrap());
        let desk = Desk { answers: answers.to_vec(), silent, inbound: watch::Sender::new(Vec::new()) };
        let desk = Arc::new(desk);
        let router = Router::new().route("/callbacks/orders/{id}", post(take)).with_state(desk.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, desk, _server: AbortOnDropHandle::new(server) }
    }

    async fn until(&self, count: usize) -> Vec<(HeaderMap, Bytes)> {
        let mut inbound = self.desk.inbound.subscribe();
        let what = format!("{count} callbacks");
        within(&what, inbound.wait_for(|inbound| inbound.len() >= count)).await.unwrap().clone()
    }

    fn count(&self) -> usize {
        self.desk.inbound.borrow().len()
    }
}

async fn take(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut status = StatusCode::NO_CONTENT;
    desk.inbound.send_modify(|inbound| {
        if let Some(answer) = desk.answers.get(inbound.len()) {
            status = StatusCode::from_u16(*answer).unwrap();
        }
        inbound.push((headers, body));
    });
    if desk.silent {
        std::future::pending::<()>().await;
    }
    status
}

fn request(url: &str, amount: &str) -> Value {
    json!({ "amount": amount, "currency": "USD", "timestamp": "1758613403", "callbackUrl": url })
}

/// An order of 75.00 USD.
async fn order(buyer: &Api, staff: &Api) -> String {
    let pet = staff.create_pet("Rex").await;
    id(&buyer.place_order_of(&pet).await).to_owned()
}

async fn ask(buyer: &Api, order: &str, url: &str, amount: &str) {
    let answer = buyer.post(&format!("/v1/orders/{order}"), request(url, amount)).await;
    assert_eq!((answer.status, &answer.body), (201, &json!({})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_comes_from_the_order_and_its_payments() {
    let server = TestServer::demo().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let caller = Caller::start(&[], false).await;
    let order = order(&alice, &staff).await;
    let mut database = server.database().await;
    let (audited, log) = (database.audit_count().await, database.head().await);

    ask(&alice, &order, &caller.url, "75.00").await;
    Driver::Rest.pay(&alice, &order, "75.00", DECLINED_CARD).await.unwrap_err();
    caller.until(1).await;
    ask(&alice, &order, &caller.url, "75.00").await;
    caller.until(2).await;
    let payment = Driver::Rest.pay(&alice, &order, "75.00", GOOD_CARD).await.unwrap();
    ask(&alice, &order, &caller.url, "75.00").await;
    caller.until(3).await;
    ask(&alice, &order, &caller.url, "74.99").await;
    caller.until(4).await;
    alice.delete(&format!("/v1/orders/{order}")).await.result().unwrap();
    ask(&alice, &order, &caller.url, "75.00").await;

    let told = caller.until(5).await;
    let secret = alice.get("/v1/callback-secret").await.result().unwrap();
    let key = key_of(text(&secret, "secret"));
    let mut outcomes = Vec::new();
    for (headers, body) in &told {
        let message = verify_signatures(&key, headers, body).unwrap();
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(message, format!("evt_{}", text(&body, "requestId")));
        assert_eq!(body["orderId"], order.as_str());
        assert_eq!(headers["x-webhook-event"], "order.processed");
        let result = &body["result"];
        outcomes.push(json!([body["status"], result["transactionId"], result["failureCode"]]));
    }
    let paid = id(&payment);
    assert_eq!(outcomes[0], json!(["FAILED", null, "not_paid"]));
    assert_eq!((&outcomes[1][0], &outcomes[1][2]), (&json!("FAILED"), &json!("payment_declined")));
    assert_eq!(outcomes[2], json!(["COMPLETED", paid, null]));
    assert_eq!(outcomes[3], json!(["FAILED", paid, "wrong_amount"]));
    assert_eq!(outcomes[4], json!(["FAILED", null, "order_cancelled"]));
    let completed: Value = serde_json::from_slice(&told[2].1).unwrap();
    let details = &completed["result"]["processingDetails"];
    assert_eq!(details["processor"], "VISA");
    assert_eq!(text(details, "approvalCode").len(), 6);

    let rows = database.audit(audited).await;
    let processed: Vec<_> = rows.iter().filter(|row| row.action == "ORDER_PROCESSED").collect();
    assert_eq!(processed.len(), 5);
    assert!(processed.iter().all(|row| row.entity_id.as_deref() == Some(&order)));
    let events = database.events(log).await;
    assert_eq!(events.iter().filter(|event| event.event_type == "order.processed").count(), 5);
    // Others sign with other secrets, and the lanes are nobody's endpoints.
    let other = server.user("bob").await.get("/v1/callback-secret").await.result().unwrap();
    assert_ne!(other, secret);
    for user in [&alice, &staff] {
        let endpoints = user.get("/v1/webhook-endpoints").await.result().unwrap();
        assert_eq!(endpoints["pagination"]["totalItems"], 0, "{endpoints}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_retried_and_survives_a_restart() {
    let clock = Clock::manual(1_790_000_000_000);
    let server = Setup::demo().clock(&clock).set("webhook.retry_jitter_percent", 0).start().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let caller = Caller::start(&[500], false).await;
    let order = order(&alice, &staff).await;
    ask(&alice, &order, &caller.url, "75.00").await;
    caller.until(1).await;
    server.settled().await;
    let server = server.restart().await;
    assert_eq!(caller.count(), 1, "the second attempt is not due yet");
    clock.advance(Duration::from_secs(6));
    let told = caller.until(2).await;
    server.settled().await;
    assert_eq!(told[0].0["webhook-id"], told[1].0["webhook-id"], "one id over all attempts");
    assert_eq!(told[0].1, told[1].1);
    assert_eq!(told[1].0["x-webhook-attempt"], "2");
    let mut database = server.database().await;
    let attempts = "SELECT count(*) FROM attempts JOIN deliveries ON deliveries.id = delivery_id \
                    WHERE callback_url IS NOT NULL AND status = 'SUCCEEDED'";
    assert_eq!(database.number(attempts).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_receiver_delays_no_other() {
    let server = Setup::demo().set("webhook.timeout_ms", 1500).start().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let (silent, quick) = (Caller::start(&[], true).await, Caller::start(&[], false).await);
    let order = order(&alice, &staff).await;
    for _ in 0..6 {
        ask(&alice, &order, &silent.url, "75.00").await;
    }
    silent.until(1).await;
    let before = std::time::Instant::now();
    ask(&alice, &order, &quick.url, "75.00").await;
    quick.until(1).await;
    assert!(
        before.elapsed() < Duration::from_millis(1400),
        "it waited for the other: {:?}",
        before.elapsed()
    );
    assert!(silent.count() < 6, "one attempt at a time for a receiver that does not answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_refused_where_it_must_be() {
    let server = Setup::demo().set("webhook.max_callbacks_per_order", 2).start().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let order = order(&alice, &staff).await;
    let path = format!("/v1/orders/{order}");
    let good = request("http://127.0.0.1:9/", "75.00");
    let code = async |api: &Api| {
        let refusal = api.post(&path, good.clone()).await.refusal();
        (refusal.status.unwrap(), refusal.code)
    };
    assert_eq!(code(&server.anonymous()).await, (401, "unauthenticated".into()));
    assert_eq!(code(&server.user("bob").await).await, (404, "not_found".into()));
    for (field, value) in [
        ("amount", json!("seventy")),
        ("amount", json!(75)),
        ("currency", json!("BTC")),
        ("timestamp", json!("yesterday")),
        ("timestamp", json!(1758613403)),
        ("callbackUrl", json!("ftp://example.com/")),
        ("callbackUrl", json!("http://169.254.169.254/latest")),
        ("callbackUrl", json!("http://user:secret@example.com/")),
        ("callbackUrl", json!(format!("https://example.com/{}", "x".repeat(2048)))),
        ("gift", json!(true)),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let refusal = alice.post(&path, body).await.refusal();
        assert_eq!((refusal.status, &refusal.fields[..]), (Some(422), &[field.to_owned()][..]), "{value}");
    }
    let refusal = alice.post(&path, json!({})).await.refusal();
    assert_eq!(refusal.fields, ["amount", "currency", "timestamp", "callbackUrl"]);
    // Nobody listens there, so they wait.
    alice.post(&path, good.clone()).await.result().unwrap();
    staff.post(&path, good.clone()).await.result().unwrap();
    assert_eq!(code(&alice).await, (409, "limit_reached".into()));
    assert_eq!(server.metrics().limit_hits("webhook.max_callbacks_per_order"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_user_cannot_take_the_places_of_all() {
    let server = Setup::demo().set("webhook.max_callbacks_per_user", 1).start().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let path = format!("/v1/orders/{}", order(&alice, &staff).await);
    let good = request("http://127.0.0.1:9/", "75.00");
    alice.post(&path, good.clone()).await.result().unwrap();
    let refused = alice.post(&path, good.clone()).await;
    assert_eq!((refused.status, refused.refusal().code.as_str()), (409, "limit_reached"));
    assert_eq!(server.metrics().limit_hits("webhook.max_callbacks_per_user"), 1);
    staff.post(&path, good).await.result().unwrap();
}
