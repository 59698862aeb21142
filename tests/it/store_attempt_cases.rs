//! What every store promises about the order of attempts.

use petstore::domain::*;
use petstore::store::{LogBounds, Store, Verdict};

use super::store_cases::{at, tenant};
use super::store_webhook_cases::{
    add_endpoint, claim, delete_endpoint, delivery, dispatch, log, settle, sweep,
};

/// They need the store's deliveries to themselves, and leave none pending.
pub async fn run_all(store: &Store) {
    sweep(store).await;
    let (mine, other) = (tenant(), tenant());
    let (one, two) = (add_endpoint(store, mine).await, add_endpoint(store, mine).await);
    let events = log(store, mine, 3, 0).await;
    let mut rows = vec![delivery(&two, &events[0], 0)];
    rows.extend(events.iter().map(|event| delivery(&one, event, 0)));
    dispatch(store, rows).await;
    let bounds = async |endpoint: EndpointId| store.read().attempt_bounds(mine, endpoint).await.unwrap();
    let after = async |seq: Seq, limit: u32| -> Vec<webhook::RecordedAttempt> {
        store.read().attempts_after(mine, one.id, seq, limit).await.unwrap()
    };
    let LogBounds { floor, head: start, .. } = bounds(one.id).await.unwrap();
    assert_eq!(floor, Seq::START, "nothing of it was purged, whatever was before it");
    assert_eq!(store.read().attempt_bounds(other, one.id).await.unwrap(), None, "another tenant's");

    let claimed = claim(store, 10, 9, 9).await;
    let of_one: Vec<_> = claimed.iter().filter(|claimed| claimed.endpoint.id == one.id).collect();
    let of_two = claimed.iter().find(|claimed| claimed.endpoint.id == two.id).unwrap();
    assert!(settle(store, of_one[0], Verdict::Retry { at: at(500) }).await);
    assert!(settle(store, of_two, Verdict::Succeeded).await);
    assert!(settle(store, of_one[1], Verdict::Succeeded).await);
    assert!(!settle(store, of_one[1], Verdict::Dead).await, "what is not recorded takes no position");
    assert!(settle(store, of_one[2], Verdict::Dead).await);
    assert_eq!(bounds(one.id).await.unwrap().head, Seq(start.0 + 4));
    let found = after(start, 9).await;
    let positions: Vec<u64> = found.iter().map(|recorded| recorded.position.seq.0 - start.0).collect();
    assert_eq!(positions, [1, 3, 4], "one of them is the other endpoint's");
    for (recorded, claimed) in found.iter().zip(&of_one) {
        assert_eq!(recorded.delivery.id, claimed.delivery.id);
        assert_eq!(recorded.attempt.delivery_id, claimed.delivery.id);
    }
    assert_eq!(found[1].delivery.status, webhook::DeliveryStatus::Succeeded);
    assert_eq!(after(start, 2).await, found[..2], "a page");
    assert_eq!(store.read().attempts_after(other, one.id, start, 9).await.unwrap(), [], "another tenant's");
    assert_eq!(after(found[1].position.seq, 9).await, found[2..]);

    // A second attempt of the first comes last, and tells of the delivery as it is.
    let again = claim(store, 500, 9, 9).await.remove(0);
    assert!(settle(store, &again, Verdict::Succeeded).await);
    let now = after(start, 9).await;
    assert_eq!((now.len(), now[0].delivery.attempts, now[3].attempt.number), (4, 2, 2));

    // What is purged is told, and its positions are not given again.
    let end = bounds(one.id).await.unwrap().head;
    while store.write(async |w| w.purge_settled(at(9_999), at(9_999), 2).await).await.unwrap() > 0 {}
    assert_eq!(after(start, 9).await, []);
    assert_eq!(bounds(one.id).await.map(|bounds| (bounds.floor, bounds.head)), Some((end, end)));
    assert_eq!(bounds(two.id).await.unwrap().floor, Seq(start.0 + 2), "the other's own");
    dispatch(store, vec![delivery(&one, &log(store, mine, 1, 0).await[0], 0)]).await;
    assert!(settle(store, &claim(store, 600, 9, 9).await[0], Verdict::Succeeded).await);
    assert_eq!(after(end, 9).await[0].position.seq, end.next());

    for endpoint in [&one, &two] {
        delete_endpoint(store, endpoint).await;
        assert_eq!(bounds(endpoint.id).await, None, "gone at once");
    }
    sweep(store).await;
}
