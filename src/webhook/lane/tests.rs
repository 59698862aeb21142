use uuid::Uuid;

use super::*;
use crate::domain::event::Fact;
use crate::domain::inventory::{Counts, SpeciesStock};
use crate::domain::webhook::{Delivery, DeliveryStatus, Endpoint};
use crate::domain::{DeliveryId, Epoch, Event, EventId, Position, Seq, Species, Tenant};
use crate::webhook::tests::settings;

const FAR: i64 = 1_000_000;

fn lanes(concurrency: usize, per_endpoint: usize) -> Lanes {
    Lanes::new(&WebhookSettings {
        concurrency,
        per_endpoint_concurrency: per_endpoint,
        timeout_ms: 1_000,
        ..settings()
    })
}

fn endpoint(number: u128) -> EndpointId {
    EndpointId(Uuid::from_u128(number))
}

fn claimed(endpoint_number: u128, seq: u64) -> ClaimedDelivery {
    let (now, tenant) = (Timestamp::from_ms(0), Tenant::PUBLIC);
    let position = Position { epoch: Epoch(1), seq: Seq(seq) };
    let stock = SpeciesStock { species: Species::Dog, counts: Counts::default(), updated_at: now };
    let event = Event::new(EventId(Uuid::nil()), position, now, Fact::inventory_changed(tenant, stock));
    ClaimedDelivery {
        delivery: Delivery {
            id: DeliveryId(Uuid::from_u128(seq.into())),
            tenant,
            endpoint_id: endpoint(endpoint_number),
            event_id: event.id,
            event_seq: position.seq,
            event_type: event.kind,
            status: DeliveryStatus::Pending,
            attempts: 0,
            next_attempt_at: Some(now),
            created_at: now,
            settled_at: None,
        },
        endpoint: Endpoint {
            id: endpoint(endpoint_number),
            tenant,
            owner: None,
            url: "http://example.com/".into(),
            description: None,
            event_types: Vec::new(),
            sealed_secret: Vec::new(),
            enabled: true,
            disabled_reason: None,
            since: Seq::START,
            created_at: now,
            updated_at: now,
        },
        event,
        claim: 1,
    }
}

/// Everything that may start now, as (endpoint, seq).
fn start(lanes: &mut Lanes) -> Vec<(u128, u64)> {
    std::iter::from_fn(|| lanes.next(Timestamp::from_ms(0)))
        .map(|claimed| (claimed.endpoint.id.0.as_u128(), claimed.delivery.event_seq.0))
        .collect()
}

fn accept(lanes: &mut Lanes, deliveries: impl Iterator<Item = (u128, u64)>) {
    lanes.accept(deliveries.map(|(endpoint, seq)| claimed(endpoint, seq)).collect(), Timestamp::from_ms(FAR));
}

#[test]
fn a_lane_that_keeps_up_sends_one_after_the_other() {
    let mut lanes = lanes(64, 4);
    accept(&mut lanes, (1..=10).map(|seq| (1, seq)));
    for seq in 1..=10 {
        assert_eq!(start(&mut lanes), [(1, seq)]);
        lanes.finished(endpoint(1), true);
    }
    assert_eq!(start(&mut lanes), []);
    assert_eq!((lanes.sending(), lanes.lanes.len(), lanes.room()), (0, 0, 64 * IN_ORDER));
}

#[test]
fn a_backlog_widens_the_lane_up_to_its_limit_and_a_failure_narrows_it() {
    let mut lanes = lanes(64, 3);
    accept(&mut lanes, (1..=100).map(|seq| (1, seq)));
    assert_eq!(start(&mut lanes), [(1, 1), (1, 2), (1, 3)]);
    lanes.finished(endpoint(1), false);
    assert_eq!(start(&mut lanes), [], "two are still under way");
    lanes.finished(endpoint(1), false);
    lanes.finished(endpoint(1), false);
    assert_eq!(start(&mut lanes), [(1, 4)], "a failing endpoint gets one at a time");
    lanes.finished(endpoint(1), true);
    assert_eq!(start(&mut lanes), [(1, 5), (1, 6), (1, 7)]);
}

#[test]
fn free_slots_go_round() {
    let mut lanes = lanes(2, 2);
    accept(&mut lanes, (1..=40).map(|seq| (1, seq)));
    accept(&mut lanes, [(2, 41), (3, 42)].into_iter());
    assert_eq!(start(&mut lanes), [(1, 1), (2, 41)], "the long lane does not take both");
    lanes.finished(endpoint(1), true);
    assert_eq!(start(&mut lanes), [(3, 42)]);
    lanes.finished(endpoint(2), true);
    assert_eq!(start(&mut lanes), [(1, 2)]);
}

#[test]
fn shares_shrink_with_the_room_but_never_to_nothing() {
    let mut lanes = lanes(8, 2);
    let mut seq = 0;
    for number in 1..100 {
        let (room, share) = (lanes.room(), lanes.share());
        assert!(share <= 2 * IN_ORDER && (share > 0) == (room > 0), "room {room}, share {share}");
        accept(
            &mut lanes,
            (0..share.min(room)).map(|_| {
                (number, {
                    seq += 1;
                    seq
                })
            }),
        );
    }
    assert_eq!(lanes.room(), 0);
    assert!(lanes.lanes.len() > 12, "a few endpoints must not take all: {}", lanes.lanes.len());
}

#[test]
fn a_lease_that_would_end_during_the_attempt_is_not_used() {
    let mut lanes = lanes(4, 1);
    lanes.accept(vec![claimed(1, 1), claimed(1, 2)], Timestamp::from_ms(999));
    lanes.accept(vec![claimed(1, 3), claimed(2, 4)], Timestamp::from_ms(1_000));
    assert_eq!(start(&mut lanes), [(1, 3), (2, 4)]);
    assert_eq!((lanes.waiting, lanes.sending), (0, 2));
}

#[test]
fn a_cleared_lane_sends_no_more() {
    let mut lanes = lanes(4, 1);
    accept(&mut lanes, [(1, 1), (1, 2), (2, 3)].into_iter());
    assert_eq!(lanes.next(Timestamp::from_ms(0)).unwrap().delivery.event_seq, Seq(1));
    lanes.finished(endpoint(1), false);
    lanes.clear(endpoint(1));
    assert_eq!(start(&mut lanes), [(2, 3)]);
    accept(&mut lanes, [(1, 4), (2, 5)].into_iter());
    lanes.clear_all();
    lanes.finished(endpoint(2), true);
    assert_eq!((start(&mut lanes), lanes.lanes.len(), lanes.waiting), (vec![], 0, 0));
}
