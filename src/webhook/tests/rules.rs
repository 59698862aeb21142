//! What endpoints ask for, and what their failures lead to.

use std::time::Duration;

use super::receiver::{Answer, PATIENCE, Receiver};
use super::world::World;
use crate::domain::event::{Collection, Data, Key};
use crate::domain::webhook::{Condition, DeliveryStatus, Endpoint, Filter, Health, Operator, Ordering};
use crate::domain::{EventType, Network, Seq, Tenant};
use crate::webhook::{AddressGuard, Allowed};

fn ids(receiver: &Receiver) -> Vec<String> {
    receiver.requests().iter().map(|request| request.header("webhook-id").to_owned()).collect()
}

#[tokio::test]
async fn the_whole_schedule_is_walked_to_the_dead_letter() {
    let receiver = Receiver::start(|_, _| Answer::Status(500, "")).await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.happen(1).await;
    let waits = [5, 60, 300, 1_800, 3_600, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (attempts, wait_s) in (1..).zip(waits) {
        let delivery = world.until_attempts(endpoint.id, attempts).await;
        assert_eq!(delivery.next_attempt_at, Some(world.now().plus_ms(wait_s * 1000)), "after {attempts}");
        world.clock.advance(Duration::from_secs(wait_s.unsigned_abs()));
    }
    let delivery = world.until_settled(endpoint.id, 1).await.remove(0);
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Dead, 12));
    assert_eq!(receiver.requests().len(), 12);
    assert!(world.found(endpoint.id).await.enabled, "three days are less than five");
    world.stop().await;
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it_for_its_whole_lane() {
    for (head, rest_s) in [("retry-after: 90\r\n", 90), ("", 5)] {
        let receiver =
            Receiver::start(move |nth, _| Answer::Status(if nth == 0 { 429 } else { 204 }, head)).await;
        let mut world = World::new().await;
        let (endpoint, _) = world.endpoint(&receiver.url()).await;
        world.start();
        world.happen(1).await;
        world.until_attempts(endpoint.id, 1).await;
        world.happen(40).await;
        world.clock.advance(Duration::from_millis(rest_s * 1000 - 1));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(receiver.requests().len(), 1, "nothing else is sent meanwhile");
        world.clock.advance(Duration::from_millis(1));
        world.until_settled(endpoint.id, 41).await;
        assert_eq!(world.found(endpoint.id).await.health, Health::default(), "a success mends it");
        world.stop().await;
    }
}

#[tokio::test]
async fn a_success_that_was_under_way_takes_no_time_back_and_no_other_endpoint_waits() {
    // The first answer comes slowly, after the second has asked for time.
    let receiver = Receiver::start(|nth, _| match nth {
        0 => Answer::Late,
        1 => Answer::Status(429, "retry-after: 45\r\n"),
        _ => Answer::Status(204, ""),
    })
    .await;
    let other = Receiver::accepting().await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.endpoint(&other.url()).await;
    let first = world.happen(200).await.remove(0).position.seq;
    world.start();
    other.until(200).await;
    // It succeeds, while the time that was asked for still runs.
    let slow = async {
        while world.settled(endpoint.id).await.iter().all(|delivery| delivery.event_seq != first) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, slow).await.expect("the slow answer");
    until(&world, &endpoint, |health| health.hold_until.is_some() && health.failures == 0).await;
    world.happen(1).await;
    other.until(201).await;
    let so_far = receiver.requests().len();
    world.clock.advance(Duration::from_secs(44));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(receiver.requests().len(), so_far, "it has asked for 45 seconds");
    world.clock.advance(Duration::from_secs(2));
    world.until_settled(endpoint.id, 201).await;
    world.stop().await;
}

#[tokio::test]
async fn a_circuit_opens_tries_one_and_closes() {
    let receiver = Receiver::start(|nth, _| Answer::Status(if nth < 4 { 500 } else { 204 }, "")).await;
    let mut world =
        World::with(|settings| (settings.circuit_failures, settings.circuit_open_ms) = (3, 600_000)).await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.happen(30).await;
    let open = until(&world, &endpoint, |health| health.circuit == 1).await;
    assert_eq!(open.hold_until, Some(world.now().plus_ms(600_000)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.clock.advance(Duration::from_secs(599));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.requests().len(), 3, "it is open");
    let again = until(&world, &endpoint, |health| {
        // A look that fell into the last moment of the rest is followed by another half a second later.
        world.clock.advance(Duration::from_millis(500));
        health.circuit == 2
    });
    let rest_ms = again.await.hold_until.unwrap().as_ms() - world.now().as_ms();
    assert!((1_000_000..=1_200_000).contains(&rest_ms), "twice as long: {rest_ms}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.requests().len(), 4, "half-open lets one through");
    world.clock.advance(Duration::from_secs(1_200));
    until(&world, &endpoint, |health| {
        world.clock.advance(Duration::from_millis(500));
        *health == Health::default()
    })
    .await;
    let settled = world.until_settled(endpoint.id, 30).await;
    assert!(settled.iter().all(|delivery| delivery.status == DeliveryStatus::Succeeded));
    assert_eq!(world.found(endpoint.id).await.health, Health::default());
    world.stop().await;
}

async fn until(world: &World, endpoint: &Endpoint, found: impl Fn(&Health) -> bool) -> Health {
    let wait = async {
        loop {
            let health = world.found(endpoint.id).await.health;
            if found(&health) {
                return health;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it comes to that")
}

#[tokio::test]
async fn failing_for_days_disables_with_an_event() {
    let receiver = Receiver::start(|_, _| Answer::Status(500, "")).await;
    let mut world = World::with(|settings| settings.disable_after_s = 60).await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.happen(1).await;
    world.until_attempts(endpoint.id, 1).await;
    world.clock.advance(Duration::from_secs(5));
    world.until_attempts(endpoint.id, 2).await;
    world.clock.advance(Duration::from_secs(60));
    let delivery = world.until_attempts(endpoint.id, 3).await;
    let disabled = world.found(endpoint.id).await;
    assert_eq!(
        (disabled.enabled, delivery.status),
        (false, DeliveryStatus::Pending),
        "what is pending stays"
    );
    assert_eq!(disabled.disabled_reason.as_deref(), Some("every attempt has failed for 0 hours"));
    let keys = [Key::Collection(Tenant::PUBLIC, Collection::Endpoints)];
    let head = world.store().read().log_bounds().await.unwrap().head;
    let events = world.store().read().read_events(&keys, Seq::START, head, 9).await.unwrap();
    let Data::Endpoint(notice) = &events[0].data else { panic!("{events:?}") };
    assert_eq!(
        (events.len(), events[0].kind, notice.endpoint_id),
        (1, EventType::EndpointDisabled, endpoint.id)
    );
    world.stop().await;
}

#[tokio::test]
async fn events_of_a_resource_wait_for_one_another_and_for_no_other() {
    // The first event of order 1 fails once.
    let receiver = Receiver::start(|nth, _| Answer::Status(if nth == 0 { 500 } else { 204 }, "")).await;
    let mut world = World::new().await;
    let ordered =
        |draft: &mut crate::domain::webhook::EndpointDraft| draft.ordering = Some(Ordering::PerResource);
    let (endpoint, _) = world.endpoint_with(&receiver.url(), ordered).await;
    world.start();
    world.happen_to(&[1, 1, 2, 1, 2, 3]).await;
    world.until_settled(endpoint.id, 3).await;
    let waiting = world.until_attempts(endpoint.id, 1).await;
    assert!(waiting.next_attempt_at.is_some() || waiting.settled_at.is_some());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.settled(endpoint.id).await.len(), 3, "orders 2 and 3 are through, order 1 waits");
    world.clock.advance(Duration::from_secs(5));
    world.until_settled(endpoint.id, 6).await;
    let order = |request: &super::receiver::Request| {
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        body["data"]["order"]["totalAmount"].as_str().unwrap().to_owned()
    };
    let of = |amount: &str| -> Vec<String> {
        let requests = receiver.requests();
        let of = requests.iter().filter(|request| order(request) == amount);
        of.map(|request| request.header("webhook-id").to_owned()).collect()
    };
    let (first, second) = (of("1.00"), of("2.00"));
    assert_eq!(first[0], first[1], "tried again before its successors");
    assert!(first[1..].is_sorted() && second.is_sorted() && first.len() == 4 && second.len() == 2);
    world.stop().await;
}

#[tokio::test]
async fn a_throttled_endpoint_gets_no_more_than_it_asked_for() {
    let receiver = Receiver::accepting().await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint_with(&receiver.url(), |draft| draft.max_per_second = Some(10)).await;
    world.start();
    world.happen(25).await;
    let mut seen = receiver.until(1).await.len();
    for _ in 0..24 {
        world.clock.advance(Duration::from_millis(99));
        tokio::time::sleep(Duration::from_millis(4)).await;
        assert_eq!(receiver.requests().len(), seen, "99 ms later");
        world.clock.advance(Duration::from_millis(1));
        seen += 1;
        receiver.until(seen).await;
    }
    world.until_settled(endpoint.id, 25).await;
    world.stop().await;
}

#[tokio::test]
async fn filters_let_pass_what_they_say() {
    let receiver = Receiver::accepting().await;
    let mut world = World::new().await;
    let field = "order.totalAmount".to_owned();
    let condition = Condition { field, operator: Operator::Gte, values: vec!["3".into()] };
    let filter = Filter { conditions: vec![condition], ..Filter::default() };
    let (endpoint, _) = world.endpoint_with(&receiver.url(), |draft| draft.filter = Some(filter)).await;
    world.start();
    world.happen_to(&[1, 2, 3, 20]).await;
    world.happen(1).await;
    world.until_settled(endpoint.id, 2).await;
    world.stop().await;
    let amounts: Vec<bool> = receiver
        .requests()
        .iter()
        .map(|r| r.body.contains("\"3.00\"") || r.body.contains("\"20.00\""))
        .collect();
    assert_eq!(amounts, [true, true]);
}

#[tokio::test]
async fn what_was_sent_is_recorded_without_the_owners_secrets() {
    let receiver = Receiver::start(|_, _| Answer::Status(200, "x-answer: yes\r\n")).await;
    let mut world = World::new().await;
    let own =
        vec![("Authorization".to_owned(), "Bearer hush".to_owned()), ("X-Env".to_owned(), "test".to_owned())];
    let (endpoint, secret) = world
        .endpoint_with(&receiver.url(), |draft| (draft.headers, draft.ed25519) = (Some(own), Some(true)))
        .await;
    world.start();
    world.happen(1).await;
    let delivery = world.until_settled(endpoint.id, 1).await.remove(0);
    let request = receiver.requests().remove(0);
    assert_eq!((request.header("authorization"), request.header("x-env")), ("Bearer hush", "test"));
    let signatures: Vec<&str> = request.header("webhook-signature").split(' ').collect();
    assert!(signatures[0].starts_with("v1,") && signatures[1].starts_with("v1a,") && signatures.len() == 2);
    let captured = crate::webhook::tools::Captured::new(&request.headers, request.body.as_bytes());
    for key in [secret.as_str(), endpoint.public_key.as_deref().unwrap()] {
        let key = crate::webhook::tools::Key::parse(key).unwrap();
        crate::webhook::tools::verify(&captured, &key, world.now().as_secs(), 0).unwrap();
    }
    let attempt = world.attempts(&delivery).await.remove(0);
    let sent = |name: &str| {
        attempt.request_headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    };
    assert_eq!((sent("authorization"), sent("x-env")), (Some("***"), Some("***")));
    assert_eq!(sent("webhook-id"), Some(request.header("webhook-id")));
    assert!(attempt.response_headers.contains(&("x-answer".to_owned(), "yes".to_owned())));
    assert_eq!(attempt.address.as_deref(), Some("127.0.0.1"));
    assert_eq!(delivery.last_status_code, Some(200));
    world.stop().await;
}

#[tokio::test]
async fn a_name_that_changes_its_meaning_is_judged_each_time() {
    let receiver = Receiver::start(|_, _| Answer::Close).await;
    let mut world = World::with(|settings| settings.allow_private_addresses = false).await;
    let asked = std::sync::atomic::AtomicUsize::new(0);
    world.guard = AddressGuard::new(Allowed::Public)
        .with_networks(vec![Network::parse("127.0.0.1").unwrap()])
        .with_lookup(move |_| {
            let nth = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            vec![if nth == 0 { [127, 0, 0, 1] } else { [127, 0, 0, 2] }.into()]
        });
    let (endpoint, _) =
        world.endpoint(&format!("http://rebinding.example:{}/hook", receiver.address.port())).await;
    world.start();
    world.happen(1).await;
    world.until_attempts(endpoint.id, 1).await;
    world.clock.advance(Duration::from_secs(5));
    let delivery = world.until_attempts(endpoint.id, 2).await;
    let attempts = world.attempts(&delivery).await;
    assert_eq!(receiver.requests().len(), 1, "the first look was allowed, the second is not");
    assert!(attempts[1].error.as_deref().unwrap().contains("address is not allowed"), "{attempts:?}");
    let addresses: Vec<_> = attempts.iter().map(|attempt| attempt.address.as_deref()).collect();
    assert_eq!(addresses, [Some("127.0.0.1"), None], "what is refused is not told");
    world.stop().await;
}

#[tokio::test]
async fn whatever_a_receiver_answers_is_a_failed_attempt_at_most() {
    for answer in [Answer::Reset, Answer::Garbage, Answer::Close] {
        let told = answer.clone();
        let receiver = Receiver::start(move |_, _| told.clone()).await;
        let mut world = World::new().await;
        let (endpoint, _) = world.endpoint(&receiver.url()).await;
        world.start();
        world.happen(1).await;
        let delivery = world.until_attempts(endpoint.id, 1).await;
        let attempt = world.attempts(&delivery).await.remove(0);
        assert_eq!((attempt.status_code, attempt.error.is_some()), (None, true), "{answer:?}");
        world.stop().await;
    }
}

#[tokio::test]
async fn an_endpoints_own_time_out_covers_a_slow_head() {
    let receiver = Receiver::start(|_, _| Answer::SlowHead).await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint_with(&receiver.url(), |draft| draft.timeout_ms = Some(2_000)).await;
    world.start();
    world.happen(1).await;
    receiver.until(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.clock.advance(Duration::from_secs(2));
    let delivery = world.until_attempts(endpoint.id, 1).await;
    let attempt = world.attempts(&delivery).await.remove(0);
    assert_eq!(attempt.error.as_deref(), Some("no complete answer within 2000 ms"));
    world.stop().await;
}

#[tokio::test]
async fn one_dead_endpoint_among_a_hundred_moves_no_other() {
    let (silent, healthy) = (Receiver::start(|_, _| Answer::Silence).await, Receiver::accepting().await);
    let mut world = World::new().await;
    world.endpoint(&silent.url()).await;
    for _ in 0..99 {
        world.endpoint(&healthy.url()).await;
    }
    world.start();
    let mut slowest = Duration::ZERO;
    for round in 1..=10 {
        let began = crate::telemetry::Stopwatch::start();
        world.happen(1).await;
        healthy.until(99 * round).await;
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "the healthy ones waited {slowest:?}");
    assert_eq!(ids(&silent).len(), 1, "one at a time");
    world.clock.advance(Duration::from_secs(15));
    world.stop().await;
}
