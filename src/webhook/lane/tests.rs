use std::sync::Arc;

use uuid::Uuid;

use super::*;
use crate::domain::event::Fact;
use crate::domain::inventory::{Counts, SpeciesStock};
use crate::domain::webhook::{Delivery, DeliveryStatus, Endpoint};
use crate::domain::{Epoch, Event, EventId, Position, Seq, Species, Tenant};
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

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
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
            schedule_from: 0,
            last_status_code: None,
            order_key: None,
            next_attempt_at: Some(now),
            created_at: now,
            settled_at: None,
        },
        endpoint: Endpoint::blank(endpoint(endpoint_number), tenant, None, now).into(),
        event: event.into(),
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
    let claimed = deliveries.map(|(endpoint, seq)| claimed(endpoint, seq)).collect();
    assert_eq!(lanes.accept(claimed, at(FAR), at(0)), []);
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
    lanes.accept(vec![claimed(1, 1), claimed(1, 2)], at(999), at(0));
    lanes.accept(vec![claimed(1, 3), claimed(2, 4)], at(1_000), at(0));
    assert_eq!(start(&mut lanes), [(1, 3), (2, 4)]);
    assert_eq!((lanes.waiting, lanes.sending), (0, 2));
}

#[test]
fn a_cleared_lane_sends_no_more() {
    let mut lanes = lanes(4, 1);
    accept(&mut lanes, [(1, 1), (1, 2), (2, 3)].into_iter());
    assert_eq!(lanes.next(Timestamp::from_ms(0)).unwrap().delivery.event_seq, Seq(1));
    lanes.finished(endpoint(1), false);
    assert_eq!(lanes.clear(endpoint(1)), [(DeliveryId(Uuid::from_u128(2)), 1)]);
    assert_eq!(start(&mut lanes), [(2, 3)]);
    accept(&mut lanes, [(1, 4), (2, 5)].into_iter());
    assert_eq!(lanes.clear_all().len(), 2);
    lanes.finished(endpoint(2), true);
    assert_eq!((start(&mut lanes), lanes.lanes.len(), lanes.waiting), (vec![], 0, 0));
}

#[test]
fn a_throttled_lane_begins_at_even_distances() {
    let mut lanes = lanes(64, 4);
    let throttled = |seq| {
        let mut claimed = claimed(1, seq);
        Arc::make_mut(&mut claimed.endpoint).max_per_second = Some(3);
        claimed
    };
    assert_eq!(lanes.accept((1..=40).map(throttled).collect(), at(FAR), at(0)), []);
    let mut begun = Vec::new();
    for ms in 0..=2_000 {
        lanes.tick(at(ms));
        while let Some(claimed) = lanes.next(at(ms)) {
            begun.push(ms);
            lanes.finished(claimed.endpoint.id, true);
        }
        let next = lanes.next_tick().map_or(0, |at| at.as_ms());
        assert!(next > ms && next <= ms + 334, "at {ms} it is {next}");
    }
    assert_eq!(begun, [0, 334, 668, 1_002, 1_336, 1_670]);
    lanes.clear(endpoint(1));
    assert_eq!(lanes.accept(vec![throttled(41)], at(FAR), at(2_000)), []);
    assert_eq!(lanes.next(at(2_000)).map(|claimed| claimed.claim), None, "it remembers the last one");
}

#[test]
fn a_lane_that_rests_takes_nothing_and_gives_back_what_it_has() {
    let mut lanes = lanes(64, 1);
    accept(&mut lanes, [(1, 1), (1, 2), (2, 3)].into_iter());
    assert_eq!(start(&mut lanes), [(1, 1), (2, 3)]);
    lanes.finished(endpoint(1), false);
    let held = (DeliveryId(Uuid::from_u128(2)), 1);
    assert_eq!(lanes.rest(endpoint(1), at(500)), [held]);
    assert_eq!(lanes.accept(vec![claimed(1, 2)], at(FAR), at(499)), [held]);
    assert_eq!(lanes.rest(endpoint(1), at(100)), [], "a shorter rest changes nothing");
    assert_eq!(lanes.accept(vec![claimed(1, 2)], at(FAR), at(499)), [held]);
    assert_eq!(lanes.accept(vec![claimed(1, 2)], at(FAR), at(500)), []);
    assert_eq!(start(&mut lanes), [(1, 2)]);
    lanes.rest(endpoint(1), at(9_000));
    lanes.finished(endpoint(1), true);
    assert_eq!(lanes.renew(endpoint(1)), []);
    assert_eq!(lanes.accept(vec![claimed(1, 4)], at(FAR), at(600)), [], "whoever changed it ends its rest");
}
