//! What every store promises about webhooks: deliveries, claims, leases, and the log that they need.

use std::collections::HashMap;

use petstore::domain::event::{Collection, Fact, Key};
use petstore::domain::page::PageRequest;
use petstore::domain::webhook::{
    Attempt, Delivery, DeliveryFilter, DeliveryStatus, Endpoint, EventPattern, Job, JobKind,
};
use petstore::domain::*;
use petstore::store::{ClaimedDelivery, Owners, Store, Verdict};
use uuid::Uuid;

use super::store_cases::{add_pet, at, pet, tenant};

const ALL: PageRequest = PageRequest::numbered(1, 100);

/// The cases about endpoints and deliveries; they need the store's deliveries to themselves, and leave none pending.
pub async fn run_all(store: &Store) {
    endpoints_are_kept(store).await;
    an_event_is_delivered_once_to_an_endpoint(store).await;
    claims_are_fair_and_bounded(store).await;
    a_claim_is_settled_by_its_newest_holder_only(store).await;
    leases_end_and_are_given_back(store).await;
    a_cancelled_job_stays_cancelled(store).await;
    a_deleted_endpoint_is_gone_at_once_and_its_rows_bit_by_bit(store).await;
    super::store_attempt_cases::run_all(store).await;
}

fn endpoint(tenant: Tenant, owner: Option<UserId>, created: i64) -> Endpoint {
    Endpoint {
        url: "https://example.com/hook".into(),
        event_types: vec![EventPattern::Prefix("order.".into()), EventPattern::Exact(EventType::PetCreated)],
        sealed_secret: vec![0, 255, 7],
        ..Endpoint::blank(EndpointId(Uuid::now_v7()), tenant, owner, at(created))
    }
}

pub(super) async fn add_endpoint(store: &Store, tenant: Tenant) -> Endpoint {
    let new = endpoint(tenant, None, 0);
    let id = new.id;
    store.write(async move |w| w.insert_endpoint(&new).await).await.unwrap();
    store.read().find_endpoint(tenant, id).await.unwrap().unwrap()
}

pub(super) async fn delete_endpoint(store: &Store, endpoint: &Endpoint) {
    let (tenant, id) = (endpoint.tenant, endpoint.id);
    store.write(async move |w| w.delete_endpoint(tenant, id).await).await.unwrap();
}

async fn a_cancelled_job_stays_cancelled(store: &Store) {
    let endpoint = add_endpoint(store, tenant()).await;
    let (head, id) = (store.read().log_bounds().await.unwrap().head, JobId(Uuid::now_v7()));
    let job = Job {
        id,
        tenant: endpoint.tenant,
        endpoint_id: endpoint.id,
        kind: JobKind::Replay,
        since: None,
        first: Seq::START,
        cursor: Seq::START,
        upto: head,
        queued: 0,
        created_at: at(0),
        finished_at: None,
        cancelled: false,
    };
    let (new, cancelled) = (job.clone(), job.cancelled(at(5)));
    let step = Job { queued: 7, ..job };
    store.write(async move |w| w.insert_job(&new).await).await.unwrap();
    let end = cancelled.clone();
    store.write(async move |w| w.update_job(&end).await).await.unwrap();
    let late = store.write(async move |w| w.update_job(&step).await).await;
    assert!(matches!(late, Err(Error::NotFound(_))), "a step that was under way");
    assert_eq!(store.read().find_job(endpoint.tenant, id).await.unwrap().unwrap(), cancelled);
    let running = store.write(async |w| w.running_job(None).await).await.unwrap();
    assert_ne!(running.map(|job| job.id), Some(id));
    delete_endpoint(store, &endpoint).await;
}

/// Puts `count` events into the log and returns them.
pub(super) async fn log(store: &Store, tenant: Tenant, count: usize, occurred: i64) -> Vec<Event> {
    let pet = pet(tenant, Species::Dog, 0);
    add_pet(store, &pet).await;
    let before = store.read().log_bounds().await.unwrap().head;
    store
        .write(async move |w| {
            for _ in 0..count {
                w.append_event(EventId(Uuid::now_v7()), at(occurred), Fact::pet_created(&pet)).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let head = store.read().log_bounds().await.unwrap().head;
    store.read().read_events(&[], before, head, 10_000).await.unwrap()
}

pub(super) fn delivery(endpoint: &Endpoint, event: &Event, due: i64) -> Delivery {
    Delivery {
        id: DeliveryId(Uuid::now_v7()),
        tenant: endpoint.tenant,
        endpoint_id: endpoint.id,
        event_id: event.id,
        event_seq: event.position.seq,
        event_type: event.kind,
        status: DeliveryStatus::Pending,
        attempts: 0,
        schedule_from: 0,
        last_status_code: None,
        order_key: None,
        next_attempt_at: Some(at(due)),
        created_at: at(0),
        settled_at: None,
    }
}

pub(super) async fn dispatch(store: &Store, deliveries: Vec<Delivery>) {
    let upto = store.read().log_bounds().await.unwrap().head;
    store.write(async move |w| w.insert_deliveries(&deliveries, upto).await).await.unwrap();
}

pub(super) async fn claim(store: &Store, now: i64, limit: u32, per_endpoint: u32) -> Vec<ClaimedDelivery> {
    let (now, lease_until) = (at(now), at(now + 100));
    store.write(async move |w| w.claim_deliveries(now, lease_until, limit, per_endpoint).await).await.unwrap()
}

pub(super) async fn settle(store: &Store, claimed: &ClaimedDelivery, verdict: Verdict) -> bool {
    let (id, claim) = (claimed.delivery.id, claimed.claim);
    let attempt = attempt(&claimed.delivery);
    store.write(async move |w| w.settle_delivery(id, claim, &attempt, verdict).await).await.unwrap()
}

fn attempt(delivery: &Delivery) -> Attempt {
    Attempt {
        id: AttemptId(Uuid::now_v7()),
        delivery_id: delivery.id,
        number: delivery.attempts + 1,
        started_at: at(50),
        duration_ms: 12,
        address: Some("192.0.2.7".into()),
        request_headers: vec![("webhook-id".into(), "evt_1".into())],
        response_headers: vec![("x-one".into(), "1".into()), ("x-one".into(), "2".into())],
        status_code: Some(503),
        error: Some("the receiver answered 503".into()),
        response_body: Some("busy".into()),
    }
}

/// Takes away what is left of deleted endpoints.
pub(super) async fn sweep(store: &Store) {
    while store.write(async |w| w.purge_events(Timestamp::from_ms(0), 100).await).await.unwrap() > 0 {}
}

async fn endpoints_are_kept(store: &Store) {
    let (tenant, other) = (tenant(), tenant());
    let user = UserId(Uuid::now_v7());
    let (mut first, mut second) = (endpoint(tenant, None, 1), endpoint(tenant, Some(user), 2));
    let (one, two) = (first.clone(), second.clone());
    log(store, tenant, 1, 0).await;
    let counts = store
        .write(async move |w| {
            w.insert_endpoint(&one).await?;
            w.insert_endpoint(&two).await?;
            Ok([
                w.count_endpoints(tenant, Owners::Staff).await?,
                w.count_endpoints(tenant, Owners::User(user)).await?,
                w.count_endpoints(tenant, Owners::Users).await?,
            ])
        })
        .await
        .unwrap();
    assert_eq!(counts, [1, 1, 1]);
    first.since = store.read().log_bounds().await.unwrap().head;
    second.since = first.since;
    (first.enabled, first.disabled_reason) = (false, Some("410".into()));
    (first.event_types, first.sealed_secret) = (vec![EventPattern::All], vec![1]);
    let changed = first.clone();
    store.write(async move |w| w.update_endpoint(&changed).await).await.unwrap();
    assert_eq!(store.read().find_endpoint(tenant, first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.read().find_endpoint(other, first.id).await.unwrap(), None);
    let listed = store.read().list_endpoints(tenant, None, ALL).await.unwrap();
    assert_eq!((listed.items, listed.total_items), (vec![second.clone(), first.clone()], 2));
    assert_eq!(store.read().list_endpoints(tenant, Some(user), ALL).await.unwrap().items, [second.clone()]);
    assert_eq!(store.read().enabled_endpoints(&[other, tenant]).await.unwrap(), [second.clone()]);
    assert_eq!(store.read().enabled_endpoints(&[other]).await.unwrap(), []);
    let (id, foreign) = (first.id, store.clone());
    let refused = foreign.write(async move |w| w.delete_endpoint(other, id).await).await;
    assert_eq!(refused.unwrap_err().code(), "not_found");
    delete_endpoint(store, &first).await;
    delete_endpoint(store, &second).await;
}

async fn an_event_is_delivered_once_to_an_endpoint(store: &Store) {
    let (mine, other) = (tenant(), tenant());
    let (kept, deleted) = (add_endpoint(store, mine).await, add_endpoint(store, mine).await);
    let events = log(store, mine, 40, 0).await;
    delete_endpoint(store, &deleted).await;
    let rows: Vec<Delivery> = events.iter().map(|event| delivery(&kept, event, 5)).collect();
    let mut all = rows.clone();
    all.extend(events.iter().map(|event| delivery(&deleted, event, 5)));
    dispatch(store, all).await;
    let again = events.iter().map(|event| delivery(&kept, event, 9)).collect();
    dispatch(store, again).await;
    let dispatched = store.write(async |w| w.dispatched().await).await.unwrap();
    assert_eq!(dispatched, store.read().log_bounds().await.unwrap().head);
    store.write(async |w| w.insert_deliveries(&[], Seq(1)).await).await.unwrap();
    assert_eq!(store.write(async |w| w.dispatched().await).await.unwrap(), dispatched, "never goes back");

    let listed = store.read().list_deliveries(mine, kept.id, &DeliveryFilter::default(), ALL).await.unwrap();
    let newest_first: Vec<Delivery> = rows.iter().rev().cloned().collect();
    assert_eq!((listed.items, listed.total_items), (newest_first, 40));
    assert_eq!(
        store
            .read()
            .list_deliveries(other, kept.id, &DeliveryFilter::default(), ALL)
            .await
            .unwrap()
            .total_items,
        0
    );
    assert_eq!(store.read().find_delivery(mine, rows[3].id).await.unwrap().as_ref(), Some(&rows[3]));
    assert_eq!(store.read().find_delivery(other, rows[3].id).await.unwrap(), None);
    assert_eq!(store.read().next_due().await.unwrap(), Some(at(5)));
    delete_endpoint(store, &kept).await;
    assert_eq!(store.read().find_delivery(mine, rows[3].id).await.unwrap(), None, "gone with its endpoint");
    assert_eq!(store.read().next_due().await.unwrap(), None);
}

async fn claims_are_fair_and_bounded(store: &Store) {
    let tenant = tenant();
    let (busy, quiet, off) = (
        add_endpoint(store, tenant).await,
        add_endpoint(store, tenant).await,
        add_endpoint(store, tenant).await,
    );
    let events = log(store, tenant, 30, 0).await;
    let mut rows: Vec<Delivery> =
        (0_i64..).zip(&events).map(|(due, event)| delivery(&busy, event, due)).collect();
    rows.extend(events[..3].iter().map(|event| delivery(&quiet, event, 20)));
    rows.extend(events.iter().map(|event| delivery(&off, event, 0)));
    rows.push(delivery(&quiet, &events[4], 1_000));
    dispatch(store, rows).await;
    let disabled = Endpoint { enabled: false, ..off.clone() };
    store.write(async move |w| w.update_endpoint(&disabled).await).await.unwrap();

    assert!(claim(store, -1, 100, 10).await.is_empty(), "nothing is due yet");
    let taken = claim(store, 40, 100, 4).await;
    let mut of: HashMap<EndpointId, Vec<&ClaimedDelivery>> = HashMap::new();
    for claimed in &taken {
        of.entry(claimed.endpoint.id).or_default().push(claimed);
        let event = events.iter().find(|event| event.position.seq == claimed.delivery.event_seq);
        assert_eq!(Some(&*claimed.event), event, "with the event that it delivers");
    }
    assert_eq!(of[&busy.id].len(), 4);
    assert_eq!(of[&quiet.id].len(), 3, "a backlog elsewhere does not hold it up");
    assert!(!of.contains_key(&off.id), "it is disabled");
    let due: Vec<_> = of[&busy.id].iter().map(|claimed| claimed.delivery.next_attempt_at).collect();
    assert_eq!(due, (0..4).map(|ms| Some(at(ms))).collect::<Vec<_>>(), "the oldest first");
    assert!(claim(store, 40, 100, 4).await.is_empty(), "each is held up to its limit");
    assert!(settle(store, of[&busy.id][0], Verdict::Succeeded).await);
    let one = claim(store, 40, 100, 4).await;
    assert_eq!((one.len(), one[0].delivery.next_attempt_at), (1, Some(at(4))));
    assert_eq!(claim(store, 40, 2, 10).await.len(), 2, "never more than the limit");
    for endpoint in [busy, quiet, off] {
        delete_endpoint(store, &endpoint).await;
    }
}

async fn a_claim_is_settled_by_its_newest_holder_only(store: &Store) {
    sweep(store).await;
    let tenant = tenant();
    let endpoint = add_endpoint(store, tenant).await;
    let events = log(store, tenant, 1, 0).await;
    let row = delivery(&endpoint, &events[0], 0);
    dispatch(store, vec![row.clone()]).await;
    let first = claim(store, 10, 9, 9).await.remove(0);
    assert!(claim(store, 109, 9, 9).await.is_empty(), "it is held");
    let second = claim(store, 110, 9, 9).await.remove(0);
    assert!(second.claim > first.claim, "the lease has expired");
    assert!(!settle(store, &first, Verdict::Succeeded).await, "a newer claim exists");
    let read = async || store.read().find_delivery(tenant, row.id).await.unwrap().unwrap();
    assert_eq!(read().await, row, "nothing was written");
    assert_eq!(store.read().list_attempts(tenant, row.id).await.unwrap(), []);

    assert!(settle(store, &second, Verdict::Retry { at: at(300) }).await);
    let waiting = read().await;
    assert_eq!(
        (waiting.status, waiting.attempts, waiting.next_attempt_at),
        (DeliveryStatus::Pending, 1, Some(at(300)))
    );
    assert_eq!(store.read().next_due().await.unwrap(), Some(at(300)));
    assert!(!settle(store, &second, Verdict::Succeeded).await, "it was settled");
    let third = claim(store, 300, 9, 9).await.remove(0);
    assert_eq!(third.delivery.attempts, 1);
    assert!(settle(store, &third, Verdict::Dead).await);
    let dead = read().await;
    assert_eq!((dead.status, dead.attempts, dead.next_attempt_at), (DeliveryStatus::Dead, 2, None));
    assert_eq!(dead.settled_at, Some(at(62)));
    assert!(claim(store, 9_999, 9, 9).await.is_empty());
    let attempts = store.read().list_attempts(tenant, row.id).await.unwrap();
    assert_eq!(attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(attempts[0], Attempt { id: attempts[0].id, ..attempt(&row) });
    assert_eq!(store.read().list_attempts(super::store_cases::tenant(), row.id).await.unwrap(), []);
    let purge = async |before: i64| {
        store.write(async move |w| w.purge_settled(at(before), at(before), 9).await).await.unwrap()
    };
    assert_eq!(purge(62).await, 0, "settled at 62");
    let failing = store.write(async move |w| {
        w.purge_settled(at(63), at(63), 9).await?;
        Err::<(), _>(Error::PetInUse)
    });
    assert!(failing.await.is_err());
    assert_eq!(store.read().list_attempts(tenant, row.id).await.unwrap().len(), 2, "taken back");
    assert_eq!(purge(63).await, 1);
    assert_eq!(store.read().find_delivery(tenant, row.id).await.unwrap(), None);
    assert_eq!(store.read().list_attempts(tenant, row.id).await.unwrap(), []);
    let gone = ClaimedDelivery { delivery: Delivery { id: DeliveryId(Uuid::nil()), ..row }, ..third };
    assert!(!settle(store, &gone, Verdict::Succeeded).await);
    delete_endpoint(store, &endpoint).await;
}

async fn leases_end_and_are_given_back(store: &Store) {
    let tenant = tenant();
    let endpoint = add_endpoint(store, tenant).await;
    let events = log(store, tenant, 3, 0).await;
    dispatch(store, events.iter().map(|event| delivery(&endpoint, event, 0)).collect()).await;
    assert_eq!(claim(store, 10, 9, 2).await.len(), 2);
    assert_eq!(store.read().next_due().await.unwrap(), Some(at(0)), "the third is due and free");
    assert_eq!(claim(store, 10, 9, 3).await.len(), 1);
    assert_eq!(store.read().next_due().await.unwrap(), Some(at(110)), "when the leases end");
    assert_eq!(store.write(async |w| w.release_leases().await).await.unwrap(), 3);
    assert_eq!(store.write(async |w| w.release_leases().await).await.unwrap(), 0);
    assert_eq!(claim(store, 11, 9, 9).await.len(), 3);
    delete_endpoint(store, &endpoint).await;
}

async fn a_deleted_endpoint_is_gone_at_once_and_its_rows_bit_by_bit(store: &Store) {
    let purge =
        async || store.write(async |w| w.purge_events(Timestamp::from_ms(0), 25).await).await.unwrap();
    while purge().await > 0 {}
    let tenant = tenant();
    let endpoint = add_endpoint(store, tenant).await;
    let events = log(store, tenant, 30, 0).await;
    let rows: Vec<Delivery> = events.iter().map(|event| delivery(&endpoint, event, 0)).collect();
    dispatch(store, rows.clone()).await;
    let claimed = claim(store, 10, 2, 2).await;
    assert!(settle(store, &claimed[0], Verdict::Retry { at: at(99) }).await);
    let (id, row) = (endpoint.id, claimed[0].delivery.id);
    delete_endpoint(store, &endpoint).await;
    assert!(!settle(store, &claimed[1], Verdict::Succeeded).await, "it was under way");
    assert!(claim(store, 10, 99, 99).await.is_empty());
    assert_eq!(store.read().next_due().await.unwrap(), None);
    assert_eq!(store.read().find_endpoint(tenant, id).await.unwrap(), None);
    assert_eq!(store.read().list_endpoints(tenant, None, ALL).await.unwrap().total_items, 0);
    assert_eq!(
        store.read().list_deliveries(tenant, id, &DeliveryFilter::default(), ALL).await.unwrap().total_items,
        0
    );
    assert_eq!(store.read().find_delivery(tenant, row).await.unwrap(), None);
    assert_eq!(store.read().list_attempts(tenant, row).await.unwrap(), []);
    assert_eq!(store.write(async move |w| w.count_endpoints(tenant, Owners::Staff).await).await.unwrap(), 0);
    let again = store.write(async move |w| w.delete_endpoint(tenant, id).await).await;
    assert_eq!(again.unwrap_err().code(), "not_found");
    dispatch(store, rows).await;
    assert_eq!([purge().await, purge().await, purge().await], [25, 5, 0]);
}

/// Last of all cases: it empties the log.
pub async fn a_purge_raises_the_floor_and_spares_what_deliveries_need(store: &Store) {
    let tenant = tenant();
    let endpoint = add_endpoint(store, tenant).await;
    let purge = async |before: i64, limit: u32| {
        store.write(async move |w| w.purge_events(at(before), limit).await).await.unwrap()
    };
    dispatch(store, vec![]).await;
    while purge(1_000, 1_000).await == 1_000 {}
    let start = store.read().log_bounds().await.unwrap();
    assert_eq!(start.floor, start.head, "everything was old");

    let old = log(store, tenant, 6, 2_000).await;
    assert_eq!(purge(3_000, 100).await, 0, "not dispatched yet");
    let young = log(store, tenant, 2, 5_000).await;
    let late = log(store, tenant, 1, 2_000).await;
    let rows: Vec<Delivery> = [1, 3].map(|i| delivery(&endpoint, &old[i], 0)).into();
    dispatch(store, rows).await;
    assert_eq!(purge(3_000, 4).await, 4);
    let bounds = store.read().log_bounds().await.unwrap();
    assert_eq!((bounds.floor, bounds.head), (old[3].position.seq, late[0].position.seq));
    assert_eq!(purge(3_000, 100).await, 2);
    assert_eq!(purge(3_000, 100).await, 0, "the floor stops before a younger event");
    let bounds = store.read().log_bounds().await.unwrap();
    assert_eq!(bounds.floor, old[5].position.seq);

    let keys = [Key::Collection(tenant, Collection::Pets)];
    let left = store.read().read_events(&[], Seq::START, bounds.floor, 100).await.unwrap();
    assert_eq!(left, [old[1].clone(), old[3].clone()], "kept for their deliveries");
    let served = store.read().read_events(&keys, bounds.floor, bounds.head, 100).await.unwrap();
    assert_eq!(served, [young.clone(), late].concat());
    let stale = store.read().read_events(&keys, old[0].position.seq, bounds.head, 100).await;
    assert_eq!(stale.unwrap_err().code(), "cursor_expired", "no silent gap");

    let claimed = claim(store, 10, 9, 9).await;
    assert_eq!(
        claimed.iter().map(|c| &*c.event).collect::<Vec<_>>(),
        [&old[1], &old[3]],
        "still there to be sent"
    );
    assert!(settle(store, &claimed[0], Verdict::Retry { at: at(20) }).await);
    assert!(settle(store, &claimed[1], Verdict::Succeeded).await);
    let again = claim(store, 20, 9, 9).await;
    assert_eq!(*again[0].event, old[1], "a retry needs it still");
    assert!(settle(store, &again[0], Verdict::Dead).await);
    let left = store.read().read_events(&[], Seq::START, bounds.head, 100).await.unwrap();
    assert_eq!(left[..2], [old[1].clone(), young[0].clone()], "a dead letter can be sent again");
    let id = again[0].delivery.id;
    assert!(store.write(async move |w| w.reopen_delivery(tenant, id, at(30)).await).await.unwrap());
    assert!(settle(store, &claim(store, 30, 9, 9).await[0], Verdict::Succeeded).await);
    let left = store.read().read_events(&[], Seq::START, bounds.head, 100).await.unwrap();
    assert_eq!(left[0], young[0], "what nobody needs any more is gone");
    let gone = store.write(async move |w| w.reopen_delivery(tenant, id, at(40)).await).await.unwrap();
    assert!(!gone, "its event is no longer kept");
    delete_endpoint(store, &endpoint).await;

    dispatch(store, vec![]).await;
    assert_eq!(purge(9_000, 100).await, 3);
    let bounds = store.read().log_bounds().await.unwrap();
    assert_eq!(bounds.floor, bounds.head, "an empty log still knows its head");
    let next = log(store, tenant, 1, 9_999).await;
    assert_eq!(next[0].position.seq, bounds.head.next());
}
