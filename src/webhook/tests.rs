//! Webhooks as a whole, on the real store and real connections.

mod by_hand;
mod receiver;
mod rules;
mod world;

use std::time::Duration;

use receiver::{Answer, PATIENCE, Receiver};
use world::World;

use super::signature;
use super::signature::Secret;
use crate::domain::webhook::{Attempt, DeliveryStatus};
use crate::wire;

pub use world::settings;

#[tokio::test]
async fn a_delivery_is_signed_and_says_what_it_is() {
    let receiver = Receiver::accepting().await;
    let mut world = World::new().await;
    let (endpoint, secret) = world.endpoint(&receiver.url()).await;
    world.start();
    let event = world.happen(1).await.remove(0);

    let request = receiver.until(1).await.remove(0);
    let delivery = world.until_settled(endpoint.id, 1).await.remove(0);
    assert_eq!(request.line, "POST /hook HTTP/1.1");
    assert_eq!(request.body, wire::event::webhook_envelope(&event));
    for (name, value) in [
        ("content-type", "application/json"),
        ("user-agent", concat!("PetstoreLive/", env!("CARGO_PKG_VERSION"))),
        ("webhook-id", &event.id.to_string()),
        ("x-webhook-event", "inventory.changed"),
        ("x-webhook-delivery", &delivery.id.to_string()),
        ("x-webhook-attempt", "1"),
        ("x-tenant-id", ""),
    ] {
        assert_eq!(request.header(name), value, "{name}");
    }
    let at = request.header("webhook-timestamp").parse().unwrap();
    let secret = Secret::parse(&secret).unwrap();
    let of = (request.header("webhook-id"), at);
    let signed = signature::headers([&secret], [], of, request.body.as_bytes());
    for (name, value) in &signed {
        assert_eq!(request.headers.get(name), Some(value), "{name}");
    }
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Succeeded, 1));
    let attempts = world.attempts(&delivery).await;
    assert_eq!((attempts.len(), attempts[0].status_code, &attempts[0].error), (1, Some(204), &None));
    world.stop().await;
}

#[tokio::test]
async fn a_receiver_that_keeps_up_gets_each_event_once_and_in_order() {
    let receiver = Receiver::accepting().await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    let mut expected = Vec::new();
    for _ in 0..10 {
        expected.extend(world.happen(5).await.iter().map(|event| event.id.to_string()));
        receiver.until(expected.len()).await;
    }
    world.until_settled(endpoint.id, expected.len()).await;
    let got: Vec<String> = receiver.requests().iter().map(|r| r.header("webhook-id").to_owned()).collect();
    assert_eq!(got, expected);
    world.stop().await;
}

#[tokio::test]
async fn a_failure_is_tried_again_as_scheduled() {
    let receiver = Receiver::start(|nth, _| match nth {
        0 => Answer::Status(500, ""),
        1 => Answer::Status(429, "retry-after: 90\r\n"),
        2 => Answer::Close,
        _ => Answer::Status(200, ""),
    })
    .await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.happen(1).await;
    for (attempts, wait_s) in [(1, 5), (2, 90), (3, 300)] {
        let delivery = world.until_attempts(endpoint.id, attempts).await;
        assert_eq!(delivery.next_attempt_at, Some(world.now().plus_ms(wait_s * 1000)), "after {attempts}");
        world.clock.advance(Duration::from_secs(wait_s as u64));
    }
    let delivery = world.until_settled(endpoint.id, 1).await.remove(0);
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Succeeded, 4));
    let codes: Vec<_> = world.attempts(&delivery).await.iter().map(|attempt| attempt.status_code).collect();
    assert_eq!(codes, [Some(500), Some(429), None, Some(200)]);
    let numbers: Vec<_> =
        receiver.requests().iter().map(|r| r.header("x-webhook-attempt").to_owned()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4"]);
    world.stop().await;
}

#[tokio::test]
async fn the_last_failure_is_a_dead_letter() {
    let receiver = Receiver::start(|_, _| Answer::Status(404, "")).await;
    let mut world = World::with(|settings| settings.retry_schedule_s = vec![0, 0, 0]).await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.happen(1).await;
    let delivery = world.until_settled(endpoint.id, 1).await.remove(0);
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Dead, 3));
    world.stop().await;
}

/// The one attempt that `answer` leads to, by a receiver that gives it, with a time-out that is not waited for in vain.
async fn attempt_answered(answer: Answer) -> (Attempt, usize) {
    let receiver = Receiver::start(move |_, _| answer.clone()).await;
    let mut world = World::with(|settings| settings.max_response_bytes = 1_000).await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.happen(1).await;
    receiver.until(1).await;
    // Long enough for an answer that comes to be there, then the deadline for one that does not.
    tokio::time::sleep(Duration::from_millis(300)).await;
    // From then on the next attempt is due as well.
    let requests = receiver.requests().len();
    world.clock.advance(Duration::from_millis(world.settings.timeout_ms));
    let delivery = world.until_attempts(endpoint.id, 1).await;
    let attempt = world.attempts(&delivery).await.remove(0);
    world.stop().await;
    (attempt, requests)
}

#[tokio::test]
async fn an_answer_that_stalls_has_failed_at_the_deadline() {
    for (answer, status) in [(Answer::HeadThenStall, Some(200)), (Answer::Silence, None)] {
        let (attempt, _) = attempt_answered(answer.clone()).await;
        assert_eq!(attempt.status_code, status, "{answer:?}");
        assert_eq!(attempt.error.as_deref(), Some("no complete answer within 15000 ms"), "{answer:?}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_the_cap() {
    let (attempt, _) = attempt_answered(Answer::Body(20_000_000)).await;
    assert_eq!((attempt.status_code, attempt.error), (Some(200), None));
    assert_eq!(attempt.response_body.unwrap().len(), 1_000);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let (attempt, requests) = attempt_answered(Answer::Status(302, "location: /elsewhere\r\n")).await;
    assert_eq!(attempt.error.as_deref(), Some("the receiver answered 302; redirects are not followed"));
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn gone_disables_the_endpoint_and_keeps_the_rest_pending() {
    let receiver = Receiver::start(|_, _| Answer::Status(410, "")).await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.happen(3).await;
    world.start();
    let dead = world.until_settled(endpoint.id, 1).await.remove(0);
    assert_eq!((dead.status, dead.attempts), (DeliveryStatus::Dead, 1));
    let disabled = world.store().read().find_endpoint(endpoint.tenant, endpoint.id).await.unwrap().unwrap();
    assert!(!disabled.enabled);
    assert_eq!(disabled.disabled_reason.as_deref(), Some("the receiver answered 410 Gone"));
    world.stop().await;
    let requests = receiver.requests().len();
    assert!(requests <= 2, "what was queued is not sent any more: {requests}");
}

#[tokio::test]
async fn a_dead_endpoint_delays_no_other() {
    let (silent, healthy) = (Receiver::start(|_, _| Answer::Silence).await, Receiver::accepting().await);
    let mut world = World::with(|settings| settings.concurrency = 8).await;
    world.endpoint(&silent.url()).await;
    let (endpoint, _) = world.endpoint(&healthy.url()).await;
    world.start();
    for _ in 0..20 {
        world.happen(20).await;
    }
    world.until_settled(endpoint.id, 400).await;
    assert!(silent.requests().len() <= world.settings.per_endpoint_concurrency);
    world.clock.advance(Duration::from_millis(world.settings.timeout_ms));
    world.stop().await;
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_never_connected_to() {
    let receiver = Receiver::accepting().await;
    let mut world = World::with(|settings| settings.allow_private_addresses = false).await;
    let port = receiver.address.port();
    world.start();
    for host in ["127.0.0.1", "localhost"] {
        let (endpoint, _) = world.endpoint(&format!("http://{host}:{port}/hook")).await;
        world.happen(1).await;
        let delivery = world.until_attempts(endpoint.id, 1).await;
        let error = world.attempts(&delivery).await.remove(0).error.unwrap();
        assert!(error.contains("address"), "{host}: {error}");
    }
    assert_eq!(receiver.requests().len(), 0);
    world.stop().await;
}

#[tokio::test]
async fn an_endpoint_gets_the_events_after_it_and_none_before() {
    let receiver = Receiver::accepting().await;
    let mut world = World::new().await;
    world.happen(3).await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    let later = world.happen(1).await.remove(0);
    world.start();
    let delivery = world.until_settled(endpoint.id, 1).await.remove(0);
    assert_eq!(delivery.event_id, later.id);
    world.stop().await;
    assert_eq!(receiver.requests().len(), 1);
}

#[tokio::test]
async fn a_restart_sends_what_is_due_and_nothing_that_was_recorded() {
    let receiver = Receiver::start(|nth, _| Answer::Status(if nth == 1 { 500 } else { 200 }, "")).await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    let first = world.happen(1).await.remove(0);
    world.until_settled(endpoint.id, 1).await;
    let second = world.happen(1).await.remove(0);
    receiver.until(2).await;
    world.restart().await;
    let third = world.happen(1).await.remove(0);
    world.clock.advance(Duration::from_secs(5));
    world.until_settled(endpoint.id, 3).await;
    let mut got: Vec<String> =
        receiver.requests().iter().map(|r| r.header("webhook-id").to_owned()).collect();
    let mut expected = [&first, &second, &second, &third].map(|event| event.id.to_string());
    got.sort();
    expected.sort();
    assert_eq!(got, expected);
    world.stop().await;
}

#[tokio::test]
async fn a_shutdown_finishes_and_records_what_was_sent() {
    let receiver = Receiver::start(|_, _| {
        std::thread::sleep(Duration::from_millis(300));
        Answer::Status(200, "")
    })
    .await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.happen(1).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    world.restart().await;
    let delivery = world.until_settled(endpoint.id, 1).await.remove(0);
    assert_eq!(
        (delivery.status, delivery.attempts, receiver.requests().len()),
        (DeliveryStatus::Succeeded, 1, 1)
    );
    world.stop().await;
}

#[tokio::test]
async fn without_any_notification_the_next_look_finds_it() {
    let receiver = Receiver::accepting().await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start_deaf();
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.happen(1).await;
    world.clock.advance(Duration::from_secs(5));
    world.until_settled(endpoint.id, 1).await;
    world.stop().await;
}

#[tokio::test]
async fn a_store_that_fails_at_any_statement_loses_and_doubles_nothing() {
    let receiver = Receiver::accepting().await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    let mut expected = 0;
    for n in 0..40 {
        let event = world.happen(1).await.remove(0);
        expected += 1;
        world.faults.fail_after(n);
        let deadline = tokio::time::timeout(PATIENCE, async {
            while world.settled(endpoint.id).await.len() < expected {
                tokio::time::sleep(Duration::from_millis(2)).await;
                world.clock.advance(Duration::from_millis(100));
            }
        });
        deadline.await.unwrap_or_else(|_| panic!("{} is stuck after a fault at statement {n}", event.id));
        world.faults.fail_after(u32::MAX);
    }
    assert_eq!(
        receiver.requests().len(),
        expected,
        "a failed commit keeps the result and does not send again"
    );
    world.stop().await;
}
