use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::event::{Collection, Fact};
use crate::domain::inventory::{Counts, SpeciesStock};
use crate::domain::pet::PetDraft;
use crate::domain::{Amount, Epoch, EventId, Pet, PetId, Position, Species, Tenant, Timestamp};

#[test]
fn recent_events_are_given_whole_or_not_at_all() {
    let hub = Hub::new(ring_of(4));
    let seqs = |after, upto, limit| {
        let events = hub.recent(Seq(after), Seq(upto), limit)?;
        Some(events.iter().map(|published| published.event.position.seq.0).collect::<Vec<_>>())
    };
    assert_eq!(seqs(0, 0, 9), None, "the ring is empty");
    hub.publish((1..=6).map(|seq| pet_event(seq, 1)).collect());
    assert_eq!(seqs(2, 6, 9), Some(vec![3, 4, 5, 6]));
    assert_eq!(seqs(2, 5, 2), Some(vec![3, 4]), "a page");
    assert_eq!(seqs(3, 5, 9), Some(vec![4, 5]));
    assert_eq!(seqs(6, 6, 9), Some(vec![]));
    assert_eq!(seqs(1, 6, 9), None, "2 is no longer there");
    assert_eq!(seqs(4, 7, 9), None, "7 is not there yet");
}

fn ring_of(events: usize) -> Capacity {
    Capacity { events, bytes: usize::MAX }
}

fn event(seq: u64, fact: Fact) -> Event {
    let position = Position { epoch: Epoch(1), seq: Seq(seq) };
    Event::new(EventId(Uuid::nil()), position, Timestamp::from_ms(0), fact)
}

fn pet(id: u128) -> Pet {
    let draft = PetDraft {
        name: Some("Rex".into()),
        species: Some(Species::Dog),
        age_months: Some(1),
        price: Some(Amount::from_minor(100)),
        ..PetDraft::default()
    };
    draft.create(PetId(Uuid::from_u128(id)), Tenant::PUBLIC, Timestamp::from_ms(0)).unwrap()
}

fn pet_event(seq: u64, id: u128) -> Event {
    event(seq, Fact::pet_updated(&pet(id)))
}

fn stock_event(seq: u64) -> Event {
    let stock =
        SpeciesStock { species: Species::Dog, counts: Counts::default(), updated_at: Timestamp::from_ms(0) };
    event(seq, Fact::inventory_changed(Tenant::PUBLIC, stock))
}

fn of_pet(id: u128) -> Key {
    Key::Resource(Tenant::PUBLIC, Collection::Pets, Uuid::from_u128(id))
}

fn seqs(taken: Taken) -> Vec<u64> {
    match taken {
        Taken::Events(events) => events.iter().map(|p| p.event.position.seq.0).collect(),
        Taken::Overrun { upto } => panic!("overrun up to {upto:?}"),
    }
}

fn is_ready(subscription: &Subscription) -> bool {
    let mut wait = std::pin::pin!(subscription.wait());
    let waker = futures_util::task::noop_waker();
    wait.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_ready()
}

#[test]
fn only_those_whose_keys_match_are_woken() {
    let hub = Hub::new(ring_of(8));
    let mut first = hub.join(vec![of_pet(1)], None).subscription;
    let second = hub.join(vec![of_pet(2)], None).subscription;
    hub.publish(vec![pet_event(1, 1), stock_event(2)]);
    assert!(is_ready(&first));
    assert!(!is_ready(&second));
    assert_eq!(seqs(first.take(10)), [1]);
    assert_eq!(first.position(), Seq(2), "what is not for it was passed over");
    assert!(!is_ready(&first));
}

#[test]
fn a_quiet_subscriber_is_not_overrun_by_events_of_others() {
    let hub = Hub::new(ring_of(2));
    let mut quiet = hub.join(vec![of_pet(1)], None).subscription;
    hub.publish((1..=100).map(stock_event).collect());
    hub.publish(vec![pet_event(101, 1)]);
    assert_eq!(seqs(quiet.take(10)), [101]);
}

#[test]
fn one_that_reads_too_late_is_told_so_and_comes_back() {
    let hub = Hub::new(ring_of(2));
    let mut slow = hub.join(vec![of_pet(1)], None).subscription;
    hub.publish((1..=5).map(|seq| pet_event(seq, 1)).collect());
    assert!(matches!(slow.take(10), Taken::Overrun { upto: Seq(5) }));
    assert!(is_ready(&slow), "until it has caught up it does not sleep");
    assert!(matches!(slow.take(10), Taken::Overrun { .. }), "and asking again changes nothing");
    slow.caught_up(Seq(4));
    assert_eq!(seqs(slow.take(10)), [5]);
    assert!(!is_ready(&slow));
}

#[test]
fn the_ring_is_bounded_in_bytes_too() {
    let hub = Hub::new(Capacity { events: 100, bytes: 3 * pet_event(1, 1).weight() });
    let mut slow = hub.join(vec![of_pet(1)], None).subscription;
    hub.publish((1..=5).map(|seq| pet_event(seq, 1)).collect());
    assert_eq!(hub.state.read().ring.len(), 3);
    assert!(matches!(slow.take(10), Taken::Overrun { .. }));
}

#[test]
fn an_event_of_two_keys_comes_once() {
    let hub = Hub::new(ring_of(8));
    let all = Key::Collection(Tenant::PUBLIC, Collection::Pets);
    let mut both = hub.join(vec![all, of_pet(1)], None).subscription;
    hub.publish(vec![pet_event(1, 1)]);
    assert_eq!(seqs(both.take(10)), [1]);
    assert!(seqs(both.take(10)).is_empty());
}

#[test]
fn a_subscription_leaves_nothing_behind() {
    let hub = Hub::new(ring_of(8));
    let subscription = hub.join(vec![of_pet(1), of_pet(2)], None).subscription;
    assert_eq!(hub.listeners(&of_pet(1)), 1);
    drop(subscription);
    assert_eq!(hub.listeners(&of_pet(1)), 0);
    assert!(hub.state.read().listeners.is_empty());
}

#[tokio::test]
async fn a_waiting_task_is_woken() {
    let hub = Hub::new(ring_of(8));
    let subscription = hub.join(vec![of_pet(1)], None).subscription;
    let publish = async {
        tokio::task::yield_now().await;
        hub.publish(vec![pet_event(1, 1)]);
    };
    let both = async { tokio::join!(subscription.wait(), publish) };
    tokio::time::timeout(Duration::from_secs(5), both).await.expect("it was not woken");
}

#[derive(Clone, Debug)]
enum Step {
    Publish(Vec<u128>),
    Take(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(0..3u128, 1..6).prop_map(Step::Publish),
        (1..4usize).prop_map(Step::Take),
    ]
}

proptest! {
    /// Whatever is published and however it is read, with a ring of any size: the log's events of that pet after the
    /// joining position, in order, each once.
    #[test]
    fn nothing_is_missed_or_doubled(
        steps in prop::collection::vec(step(), 1..60),
        capacity in 1..6usize,
        history in 0..6u64,
        after in 0..6u64,
    ) {
        let hub = Hub::new(ring_of(capacity));
        let mut log: HashMap<u64, u128> = HashMap::new();
        let mut head = 0;
        let mut publish = |pets: Vec<u128>, log: &mut HashMap<u64, u128>| {
            let events = pets.into_iter().map(|pet| {
                head += 1;
                log.insert(head, pet);
                pet_event(head, pet)
            }).collect();
            hub.publish(events);
            head
        };
        publish((0..history).map(u128::from).map(|n| n % 3).collect(), &mut log);
        let after = after.min(history);
        let mut subscription = hub.join(vec![of_pet(1)], Some(Seq(after))).subscription;
        let mut seen = Vec::new();
        let mut look = |limit: usize, log: &HashMap<u64, u128>| match subscription.take(limit) {
            Taken::Events(events) => seen.extend(events.iter().map(|p| p.event.position.seq.0)),
            Taken::Overrun { upto } => {
                // As the feed does: a page from the log.
                let from = subscription.position().0;
                let page: Vec<u64> = (from + 1..=upto.0).filter(|seq| log[seq] == 1).take(limit).collect();
                let reached = if page.len() == limit { page[limit - 1] } else { upto.0 };
                seen.extend(page);
                subscription.caught_up(Seq(reached));
            }
        };
        let mut last = history;
        for step in steps {
            match step {
                Step::Publish(pets) => last = publish(pets, &mut log),
                Step::Take(limit) => look(limit, &log),
            }
        }
        for _ in 0..=last {
            look(3, &log);
        }
        let wanted: Vec<u64> = (after + 1..=last).filter(|seq| log[seq] == 1).collect();
        prop_assert_eq!(seen, wanted);
    }
}
