//! What is done to endpoints by hand: rotate, pause, send again, replay.

use std::time::Duration;

use http::HeaderMap;

use super::receiver::{Answer, Receiver};
use super::world::World;
use crate::domain::webhook::{DeliveryStatus, JobKind, Ordering};
use crate::store::Writes;
use crate::webhook::signature::{self, Secret};

#[tokio::test]
async fn two_secrets_sign_until_the_overlap_ends() {
    let receiver = Receiver::accepting().await;
    let mut world = World::new().await;
    let (endpoint, old) = world.endpoint(&receiver.url()).await;
    let (other, new) = world.endpoint("http://127.0.0.1:9/").await;
    let issued = crate::domain::webhook::IssuedSecret {
        text: new.clone(),
        public_key: other.public_key.clone().unwrap(),
        sealed: world.reseal(endpoint.id, &new),
    };
    world.alter(endpoint.rotated(&issued, 60, world.now())).await;
    world.start();
    let signatures = |headers: &HeaderMap| headers["webhook-signature"].to_str().unwrap().to_owned();
    for (requests, secrets) in [(1, vec![&new, &old]), (2, vec![&new])] {
        world.happen_to(&[1]).await;
        let request = receiver.until(requests).await.pop().unwrap();
        let at = request.header("webhook-timestamp").parse().unwrap();
        let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::parse(text).unwrap()).collect();
        let own =
            signature::headers(&secrets, [], (request.header("webhook-id"), at), request.body.as_bytes());
        assert_eq!(signatures(&request.headers), signatures(&own));
        world.until_settled(endpoint.id, requests).await;
        world.clock.advance(Duration::from_secs(60));
    }
    world.stop().await;
}

#[tokio::test]
async fn a_pause_holds_back_and_loses_nothing() {
    let receiver = Receiver::accepting().await;
    let mut world = World::new().await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.alter(endpoint.paused(true, world.now())).await;
    world.happen(20).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.clock.advance(Duration::from_secs(5));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.requests().len(), 0);
    world.alter(endpoint.paused(false, world.now())).await;
    world.until_settled(endpoint.id, 20).await;
    world.stop().await;
}

#[tokio::test]
async fn jobs_send_again_and_go_on_after_a_restart() {
    let receiver = Receiver::start(|nth, _| Answer::Status(if nth < 3 { 500 } else { 204 }, "")).await;
    let mut world = World::with(|settings| settings.retry_schedule_s = vec![0]).await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.happen(3).await;
    let dead = world.until_settled(endpoint.id, 3).await;
    assert!(dead.iter().all(|delivery| delivery.status == DeliveryStatus::Dead));

    let job = world.job(endpoint.id, JobKind::ResendFailed).await;
    assert_eq!(world.until_finished(&job).await.queued, 3);
    receiver.until(6).await;
    let settled = world.until_settled(endpoint.id, 3).await;
    assert!(
        settled.iter().all(|delivery| (delivery.status, delivery.attempts) == (DeliveryStatus::Succeeded, 2))
    );

    world.happen(600).await;
    world.until_settled(endpoint.id, 603).await;
    world.stop().await;
    world.reopen().await;
    let job = world.job(endpoint.id, JobKind::Replay).await;
    world.start();
    assert_eq!(world.until_finished(&job).await.queued, 603);
    receiver.until(606 + 603).await;
    world.until_settled(endpoint.id, 603).await;
    world.stop().await;
}

#[tokio::test]
async fn one_delivery_is_sent_again_with_its_schedule_anew() {
    let receiver = Receiver::start(|nth, _| Answer::Status(if nth < 3 { 500 } else { 204 }, "")).await;
    let mut world = World::with(|settings| settings.retry_schedule_s = vec![0, 7]).await;
    let (endpoint, _) = world.endpoint(&receiver.url()).await;
    world.start();
    world.happen(1).await;
    world.until_attempts(endpoint.id, 1).await;
    world.clock.advance(Duration::from_secs(7));
    let dead = world.until_settled(endpoint.id, 1).await.remove(0);
    assert_eq!((dead.status, dead.attempts), (DeliveryStatus::Dead, 2));
    let (tenant, id, now) = (dead.tenant, dead.id, world.now());
    let reopened = world
        .store()
        .write(async move |writes: &mut dyn Writes| writes.reopen_delivery(tenant, id, now).await);
    assert!(reopened.await.unwrap());
    world.doorbell.ring_for(endpoint.id);
    let again = world.until_attempts(endpoint.id, 3).await;
    assert_eq!(again.next_attempt_at, Some(world.now().plus_ms(7_000)), "as after a first try");
    world.clock.advance(Duration::from_secs(7));
    let delivery = world.until_settled(endpoint.id, 1).await.remove(0);
    assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Succeeded, 4));
    world.stop().await;
}

#[tokio::test]
async fn what_is_sent_again_keeps_the_order_of_its_resource() {
    let receiver = Receiver::start(|nth, _| Answer::Status(if nth == 5 { 500 } else { 204 }, "")).await;
    let mut world = World::new().await;
    let ordered =
        |draft: &mut crate::domain::webhook::EndpointDraft| draft.ordering = Some(Ordering::PerResource);
    let (endpoint, _) = world.endpoint_with(&receiver.url(), ordered).await;
    world.start();
    world.happen_to(&[1, 1, 1, 1, 1]).await;
    let settled = world.until_settled(endpoint.id, 5).await;
    let job = world.job(endpoint.id, JobKind::Replay).await;
    assert_eq!(world.until_finished(&job).await.queued, 5);
    receiver.until(6).await;
    // Nor does one that is asked for by hand overtake those before it.
    let last = settled.iter().max_by_key(|delivery| delivery.event_seq).unwrap();
    let (tenant, id, now) = (last.tenant, last.id, world.now());
    let resend = world
        .store()
        .write(async move |writes: &mut dyn Writes| writes.reopen_delivery(tenant, id, now).await);
    assert!(resend.await.unwrap());
    world.doorbell.ring_for(endpoint.id);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(receiver.requests().len(), 6, "the first has failed, the others wait for it");
    world.clock.advance(Duration::from_secs(5));
    let requests = receiver.until(11).await;
    let ids: Vec<&str> = requests[6..].iter().map(|request| request.header("webhook-id")).collect();
    assert!(ids.is_sorted() && ids[0] == requests[5].header("webhook-id"), "{ids:?}");
    world.until_settled(endpoint.id, 5).await;
    world.stop().await;
}
