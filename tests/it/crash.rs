//! kill -9 of the real binary in the middle of a run of orders, again and again on the same data: what was answered is
//! there, nobody who resumes misses or doubles an event, every webhook arrives.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::api::{id, text, with_json};
use crate::support::binary::Binary;
use crate::support::inbox::ids;
use crate::support::story::{GOOD_CARD, payment};
use crate::support::{Answer, Api, Channel, Database, Envelope, Receiver, channel, websocket, within};

const BUYERS: usize = 6;
/// The server is killed when this many more commands have been answered 2xx; odd, so that orders stand half-way.
const ROUNDS: [usize; 3] = [5, 23, 47];
const TOPICS: [&str; 2] = ["orders", "payments"];
/// How far an order is in its life.
const LIFE: [&str; 4] = ["PLACED", "APPROVED", "SHIPPED", "DELIVERED"];

/// Buyers that order, pay, ship and deliver pet after pet until the server is gone.
#[derive(Clone)]
struct Run {
    alice: Api,
    staff: Api,
    pets: Arc<Mutex<Vec<String>>>,
    /// The place in its life that was answered last, for each order.
    answered: Arc<Mutex<HashMap<String, usize>>>,
    commands: Arc<watch::Sender<usize>>,
}

impl Run {
    /// Lives the life of orders; ends when the connection is lost.
    async fn buy(self) -> Result<(), reqwest::Error> {
        let Self { alice, staff, .. } = &self;
        loop {
            let pet = self.pets.lock().pop().expect("more pets than orders before the kill");
            let body = serde_json::json!({ "petId": pet });
            let order = self.done(
                alice.try_send(with_json(alice.request(http::Method::POST, "/v1/orders"), &body)).await?,
            );
            let id = id(&order).to_owned();
            self.note(&id, 0);
            let path = |what: &str| format!("/v1/orders/{id}/{what}");
            let body = payment(text(&order, "totalAmount"), GOOD_CARD);
            let request = with_json(alice.request(http::Method::POST, &path("payment")), &body);
            self.done(alice.try_send(request).await?);
            self.note(&id, 1);
            self.done(staff.try_send(staff.request(http::Method::POST, &path("ship"))).await?);
            self.note(&id, 2);
            self.done(staff.try_send(staff.request(http::Method::POST, &path("deliver"))).await?);
            self.note(&id, 3);
        }
    }

    /// A broken connection is what a kill looks like; an answer that is an error is not.
    fn done(&self, answer: Answer) -> Value {
        answer.result().expect("a 2xx")
    }

    fn note(&self, order: &str, place: usize) {
        self.answered.lock().insert(order.to_owned(), place);
        self.commands.send_modify(|commands| *commands += 1);
    }

    /// Runs the buyers and kills the server at the answer to the `limit`-th command, while others are under way.
    async fn until(&self, limit: usize, binary: &mut Binary) {
        let mut commands = self.commands.subscribe();
        let target = *commands.borrow() + limit;
        let mut buyers = JoinSet::new();
        for _ in 0..BUYERS {
            buyers.spawn(self.clone().buy());
        }
        within("commands before the kill", commands.wait_for(|commands| *commands >= target)).await.unwrap();
        binary.kill().await;
        while let Some(ended) = within("the buyers to notice", buyers.join_next()).await {
            ended.unwrap().expect_err("the connection is lost");
        }
    }
}

/// What one channel has heard over all crashes.
struct Heard {
    channel: Channel,
    events: Vec<Envelope>,
}

impl Heard {
    async fn listen(&self, api: &Api, start: &str) -> crate::support::Listener {
        let after = self.events.last().map_or(start, |event| &event.cursor);
        self.channel.listen(api, &TOPICS, Some(after)).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_nothing() {
    let mut binary = Binary::start(&[]).await;
    let staff = binary.anonymous().log_in("staff").await;
    let alice = binary.anonymous().log_in("alice").await;
    let receiver = Receiver::subscribed(&staff, &["order.*", "payment.*"]).await;
    let start = websocket::position(&staff).await.unwrap();
    let pets = staff.get("/v1/pets?status=AVAILABLE&limit=100").await.result().unwrap();
    let pets = pets["data"].as_array().unwrap().iter().filter(|pet| pet["currency"] == "USD");
    let pets = Arc::new(Mutex::new(pets.map(|pet| id(pet).to_owned()).collect()));
    let (answered, commands) = (Arc::default(), Arc::new(watch::Sender::new(0)));
    let run = Run { alice, staff: staff.clone(), pets, answered, commands };
    let mut heard = Channel::ALL.map(|channel| Heard { channel, events: Vec::new() });

    for limit in ROUNDS {
        let mut listeners = Vec::new();
        for heard in &heard {
            listeners.push(heard.listen(&staff, &start).await);
        }
        run.until(limit, &mut binary).await;
        for (heard, listener) in heard.iter_mut().zip(listeners) {
            listener.ended(&format!("the end of {:?}", heard.channel)).await;
            heard.events.extend(listener.events());
        }
        binary = binary.restart().await;
    }

    let expected = channel::past(&staff, &TOPICS, Some(&start), 500).await;
    let last = &expected.last().unwrap().event_id;
    for heard in &mut heard {
        if heard.events.last().is_none_or(|event| event.event_id != *last) {
            let listener = heard.listen(&staff, &start).await;
            heard.events.extend(listener.until_id("the rest after the last crash", last).await);
        }
        assert_eq!(ids(&heard.events), ids(&expected), "{:?} over {} crashes", heard.channel, ROUNDS.len());
    }
    the_log_and_the_store_agree(&binary, &run, &expected).await;
    let wanted = ids(&expected);
    let all = |events: &[Value]| wanted.iter().all(|id| events.iter().any(|event| event["eventId"] == *id));
    receiver.until("every event at the receiver", all).await;
    assert_eq!(binary.errors(), [""; 0]);
    binary.terminate().await;
    assert_eq!(binary.exit().await.code(), Some(0));
}

/// Design §1, points 1, 2 and 3.
async fn the_log_and_the_store_agree(binary: &Binary, run: &Run, events: &[Envelope]) {
    let answered = run.answered.lock().clone();
    assert!(answered.len() >= BUYERS, "{answered:?}");
    for (order, place) in &answered {
        let now = run.staff.get(&format!("/v1/orders/{order}")).await.result().unwrap();
        let now = LIFE.iter().position(|status| now["status"] == **status).expect("a status of the story");
        assert!(now >= *place, "{order} was answered {} and is {}", LIFE[*place], LIFE[now]);
        let moves = events.iter().filter(|event| {
            event.data["order"]["id"] == order.as_str() && event.event_type.starts_with("order.")
        });
        let moves: Vec<&str> =
            moves.map(|event| event.data["newStatus"].as_str().unwrap_or("PLACED")).collect();
        assert_eq!(moves, LIFE[..=now], "the log holds every step of {order}, once");
    }
    let mut database = Database::open(&binary.data()).await;
    database.assert_contiguous().await;
    for (what, sql) in [
        (
            "events without their order",
            "SELECT count(*) FROM events WHERE collection = 'orders' AND resource NOT IN (SELECT id FROM orders)",
        ),
        (
            "payments without their order's approval",
            "SELECT count(*) FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.status = 'SUCCEEDED' AND o.status = 'PLACED'",
        ),
        (
            "captured payments without a receipt",
            "SELECT count(*) FROM payments WHERE status = 'SUCCEEDED' AND id NOT IN (SELECT payment_id FROM receipts)",
        ),
        (
            "open orders whose pet can be ordered",
            "SELECT count(*) FROM orders o JOIN pets p ON p.id = o.pet_id WHERE o.status IN ('PLACED', 'APPROVED', 'SHIPPED') AND p.status = 'AVAILABLE'",
        ),
        (
            "events that the dispatcher has passed without a delivery",
            "SELECT count(*) FROM events, meta, webhook_endpoints w WHERE seq <= dispatched AND occurred_at >= w.created_at AND collection IN ('orders', 'payments') AND seq NOT IN (SELECT event_seq FROM deliveries)",
        ),
    ] {
        assert_eq!(database.number(sql).await, 0, "{what}");
    }
    let mut orders: Vec<&str> = events
        .iter()
        .filter(|event| event.event_type == "order.created")
        .map(|event| id(&event.data["order"]))
        .collect();
    let created = orders.len();
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), created, "each order was created once");
    let audited = database
        .number("SELECT count(*) FROM audit WHERE action = 'ORDER_PLACED' AND channel = 'REST'")
        .await;
    assert_eq!(usize::try_from(audited).unwrap(), created, "one audit row for each order");
}
