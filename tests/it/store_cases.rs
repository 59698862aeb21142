//! What every store promises, as a list of cases that run on any of them.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use petstore::domain::audit::{Action, AuditEntry, Channel, Origin, Snapshot};
use petstore::domain::event::{ChangedBy, Collection, Fact, Key};
use petstore::domain::order::OrderFilter;
use petstore::domain::page::PageRequest;
use petstore::domain::pet::{Gender, Label, MedicalInfo, PetFilter, Size};
use petstore::domain::*;
use petstore::store::faults::Faults;
use petstore::store::{Store, Writes};
use uuid::Uuid;

/// A store that was just opened, empty, with what a test can see and do behind it.
#[derive(Clone)]
pub struct Subject {
    pub store: Store,
    pub faults: Faults,
    /// What the store told its listener of, in order.
    pub published: Arc<Mutex<Vec<Event>>>,
}

/// Every case, each in tenants of its own.
pub async fn run_all(subject: Subject) {
    let store = &subject.store;
    super::store_resource_cases::run_all(store).await;
    a_change_sees_itself_and_others_only_when_it_is_kept(store).await;
    a_change_that_fails_or_panics_leaves_the_others_alone(store).await;
    one_of_two_buyers_wins(store).await;
    the_order_of_the_log_is_the_order_of_commits(&subject).await;
    reading_by_keys_is_filtering_everything(store).await;
    super::store_webhook_cases::run_all(store).await;
    no_failed_statement_leaves_anything_half_written(&subject).await;
    super::store_webhook_cases::a_purge_raises_the_floor_and_spares_what_deliveries_need(store).await;
}

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(1_700_000_000_000 + ms)
}

pub fn tenant() -> Tenant {
    Tenant::from_uuid(Uuid::new_v4())
}

pub fn page(page: u32, limit: u32) -> PageRequest {
    PageRequest { page, limit }
}

pub fn pet(tenant: Tenant, species: Species, created: i64) -> Pet {
    Pet {
        id: PetId(Uuid::now_v7()),
        tenant,
        name: "Ünal \"the\" cat\n".into(),
        species,
        breed: Some("Siamese".into()),
        age_months: 24,
        size: Some(Size::Small),
        color: None,
        gender: Gender::Female,
        good_with_kids: Some(true),
        price: Amount::from_minor(7_550),
        currency: Currency::Eur,
        description: Some("quiet".into()),
        status: PetStatus::Available,
        photos: vec!["https://example.com/a.jpg".into()],
        medical_info: Some(MedicalInfo { vaccinated: Some(true), ..MedicalInfo::default() }),
        category: Some(Label { id: Some("c1".into()), name: "Indoor".into() }),
        tags: vec![Label { id: None, name: "calm".into() }],
        created_at: at(created),
        updated_at: at(created),
    }
}

pub fn order(pet: &Pet, user: Option<UserId>, created: i64) -> Order {
    Order {
        id: OrderId(Uuid::now_v7()),
        tenant: pet.tenant,
        pet_id: pet.id,
        user_id: user,
        status: OrderStatus::Placed,
        total_amount: pet.price,
        currency: pet.currency,
        created_at: at(created),
        updated_at: at(created),
    }
}

fn audit(tenant: Tenant, after: Snapshot) -> AuditEntry {
    AuditEntry {
        id: AuditId(Uuid::now_v7()),
        tenant,
        at: at(3),
        action: Action::OrderPlaced,
        user_id: None,
        before: None,
        after: Some(after),
        origin: Origin {
            channel: Channel::Rest,
            ip_address: Some([127, 0, 0, 1].into()),
            user_agent: Some("test".into()),
            request_id: None,
        },
    }
}

/// The error of `result`; the values of writes are not all `Debug`.
pub fn error<T>(result: Result<T>) -> Error {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error,
    }
}

pub async fn add_pet(store: &Store, pet: &Pet) {
    let pet = pet.clone();
    store.write(async move |w| w.insert_pet(&pet).await).await.unwrap();
}

async fn state_event(w: &mut dyn Writes, fact: Fact) -> Result<()> {
    w.append_event(EventId(Uuid::now_v7()), at(4), fact).await
}

/// As the use case does it: the pet is looked at and taken in one change.
async fn place(w: &mut dyn Writes, id: PetId, tenant: Tenant, user: Option<UserId>) -> Result<Order> {
    let mut pet = w.pet(tenant, id).await?.ok_or(Error::NotFound("pet"))?;
    if pet.status != PetStatus::Available {
        return Err(Error::PetNotAvailable(pet.status.name()));
    }
    let order = order(&pet, user, 5);
    pet.status = PetStatus::Pending;
    w.update_pet(&pet).await?;
    w.insert_order(&order).await?;
    let stock = w.stock(tenant, pet.species).await?;
    state_event(w, Fact::order_created(&order)).await?;
    state_event(w, Fact::pet_status_changed(&pet, PetStatus::Available)).await?;
    state_event(w, Fact::inventory_changed(tenant, stock)).await?;
    w.insert_audit(&audit(tenant, Snapshot::Order(order.clone()))).await?;
    Ok(order)
}

async fn a_change_sees_itself_and_others_only_when_it_is_kept(store: &Store) {
    let tenant = tenant();
    let mine = pet(tenant, Species::Dog, 0);
    let (id, reader) = (mine.id, store.clone());
    store
        .write(async move |w| {
            w.insert_pet(&mine).await?;
            assert_eq!(w.pet(tenant, mine.id).await?.as_ref(), Some(&mine));
            assert_eq!(w.stock(tenant, Species::Dog).await?.counts.available, 1);
            let mut next = mine.clone();
            next.status = PetStatus::Pending;
            w.update_pet(&next).await?;
            assert_eq!(w.stock(tenant, Species::Dog).await?.counts.pending, 1);
            assert_eq!(w.pet(tenant, mine.id).await?, Some(next));
            assert_eq!(reader.read().find_pet(tenant, mine.id).await?, None, "it is not committed");
            w.delete_pet(tenant, mine.id).await?;
            assert_eq!(w.pet(tenant, mine.id).await?, None);
            assert_eq!(w.stock(tenant, Species::Dog).await?.counts.total(), 0);
            w.insert_pet(&mine).await
        })
        .await
        .unwrap();
    assert!(store.read().find_pet(tenant, id).await.unwrap().is_some());
}

async fn a_change_that_fails_or_panics_leaves_the_others_alone(store: &Store) {
    let tenant = tenant();
    let head = store.read().log_bounds().await.unwrap().head;
    let submit = |kind: usize| {
        let store = store.clone();
        let pet = pet(tenant, Species::Rabbit, 0);
        async move {
            let id = pet.id;
            let outcome = store
                .write(async move |w| {
                    w.insert_pet(&pet).await?;
                    state_event(w, Fact::pet_created(&pet)).await?;
                    assert_eq!(w.pet(tenant, pet.id).await?.as_ref(), Some(&pet));
                    match kind {
                        0 => Ok(()),
                        1 => Err(Error::PetInUse),
                        2 => w.update_pet(&Pet { id: PetId(Uuid::nil()), ..pet }).await,
                        3 => w.insert_pet(&pet).await,
                        _ => panic!("as asked"),
                    }
                })
                .await;
            (kind, id, outcome)
        }
    };
    let all = futures_util::future::join_all((0..40).map(|i| submit(i % 5))).await;
    for (kind, id, outcome) in all {
        let kept = store.read().find_pet(tenant, id).await.unwrap().is_some();
        let code = outcome.map_err(|error| error.code());
        let expected =
            [Ok(()), Err("pet_in_use"), Err("not_found"), Err("internal"), Err("unavailable")][kind];
        assert_eq!((kept, code), (kind == 0, expected), "kind {kind}");
    }
    let bounds = store.read().log_bounds().await.unwrap();
    assert_eq!(bounds.head.0, head.0 + 8, "only the changes that were kept are in the log");
    let events = store.read().read_events(&[], head, bounds.head, 100).await.unwrap();
    assert!(events.iter().map(|event| event.position.seq.0).eq(head.0 + 1..=bounds.head.0));
}

async fn one_of_two_buyers_wins(store: &Store) {
    let tenant = tenant();
    for _ in 0..10 {
        let pet = pet(tenant, Species::Cat, 0);
        add_pet(store, &pet).await;
        let buy = |_| {
            let (store, id) = (store.clone(), pet.id);
            async move { store.write(async move |w| place(w, id, tenant, None).await).await }
        };
        let outcomes = futures_util::future::join_all((0..8).map(buy)).await;
        let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let late = outcomes.iter().filter(|o| matches!(o, Err(Error::PetNotAvailable("PENDING")))).count();
        assert_eq!((won, late), (1, 7));
    }
}

async fn the_order_of_the_log_is_the_order_of_commits(subject: &Subject) {
    let tenant = tenant();
    let store = &subject.store;
    let before = subject.published.lock().len();
    let submit = |submitter: u32| {
        let (store, published) = (store.clone(), subject.published.clone());
        tokio::spawn(async move {
            let mut last = 0;
            for round in 0..20_u32 {
                let mine = pet(tenant, Species::Bird, i64::from(submitter * 100 + round));
                let id = mine.id.0;
                let facts = 1 + (submitter + round) % 3;
                store
                    .write(async move |w| {
                        w.insert_pet(&mine).await?;
                        for _ in 0..facts {
                            state_event(w, Fact::pet_created(&mine)).await?;
                        }
                        Ok(())
                    })
                    .await
                    .unwrap();
                // Whoever is answered finds the events published, after those of its own earlier changes.
                let mine: Vec<u64> = {
                    let published = published.lock();
                    let mine = published.iter().filter(|event| event.resource() == Some(id));
                    mine.map(|event| event.position.seq.0).collect()
                };
                assert_eq!(mine.len() as u32, facts);
                assert!(
                    mine.iter().zip(mine[0]..).all(|(seq, next)| *seq == next),
                    "a change's events are together"
                );
                assert!(mine[0] > last);
                last = mine[mine.len() - 1];
            }
        })
    };
    for task in (0..64).map(submit).collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_log_is_what_was_published(subject).await;
    let published = subject.published.lock();
    assert!(published.len() >= before + 64 * 20);
    assert_eq!(published.iter().map(|event| event.id).collect::<HashSet<_>>().len(), published.len());
}

/// The log holds exactly what was published, in that order, without a hole.
async fn assert_log_is_what_was_published(subject: &Subject) {
    let bounds = subject.store.read().log_bounds().await.unwrap();
    let mut log = Vec::new();
    let mut after = bounds.floor;
    loop {
        let page = subject.store.read().read_events(&[], after, bounds.head, 100).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position.seq;
        log.extend(page);
    }
    assert!(log.iter().map(|event| event.position.seq.0).eq(bounds.floor.0 + 1..=bounds.head.0));
    assert!(log.iter().all(|event| event.position.epoch == bounds.epoch));
    assert!(*subject.published.lock() == log, "what was published differs from the log");
}

async fn reading_by_keys_is_filtering_everything(store: &Store) {
    let (mine, other) = (tenant(), tenant());
    let users = [UserId(Uuid::now_v7()), UserId(Uuid::now_v7())];
    let start = store.read().log_bounds().await.unwrap().head;
    let mut orders = Vec::new();
    for i in 0..30_usize {
        let pet = pet(if i % 5 == 0 { other } else { mine }, Species::Dog, 0);
        add_pet(store, &pet).await;
        let order = order(&pet, users.get(i % 3).copied(), 0);
        orders.push(order.clone());
        store
            .write(async move |w| {
                state_event(w, Fact::pet_updated(&pet)).await?;
                state_event(w, Fact::order_created(&order)).await?;
                let stock = w.stock(pet.tenant, pet.species).await?;
                state_event(w, Fact::inventory_changed(pet.tenant, stock)).await?;
                let (mut next, by) = (order.clone(), ChangedBy::Staff);
                next.status = OrderStatus::Approved;
                state_event(w, Fact::order_status_changed(&next, order.status, by)).await
            })
            .await
            .unwrap();
    }
    let head = store.read().log_bounds().await.unwrap().head;
    let all = store.read().read_events(&[], start, head, 1000).await.unwrap();
    assert_eq!(all.len(), 120);
    let key_sets: [&[Key]; 6] = [
        &[Key::Collection(mine, Collection::Orders)],
        &[Key::Collection(mine, Collection::Pets), Key::Collection(mine, Collection::Inventory)],
        &[Key::Owner(mine, Collection::Orders, users[0]), Key::Owner(mine, Collection::Orders, users[1])],
        &[
            Key::Resource(mine, Collection::Orders, orders[7].id.0),
            Key::Owner(mine, Collection::Orders, users[1]),
        ],
        &[
            Key::Collection(mine, Collection::Orders),
            Key::Resource(mine, Collection::Orders, orders[8].id.0),
            Key::Owner(mine, Collection::Orders, users[0]),
        ],
        &[Key::Resource(mine, Collection::Orders, orders[0].id.0)],
    ];
    for keys in key_sets {
        for (skip, upto, limit) in [(0, 120, 1000), (0, 120, 7), (33, 120, 5), (50, 60, 100), (120, 120, 10)]
        {
            let (after, upto) = (Seq(start.0 + skip), Seq(start.0 + upto));
            let expected: Vec<&Event> = all
                .iter()
                .filter(|event| event.position.seq > after && event.position.seq <= upto)
                .filter(|event| event.keys().any(|key| keys.contains(&key)))
                .take(limit as usize)
                .collect();
            let found = store.read().read_events(keys, after, upto, limit).await.unwrap();
            assert!(found.iter().eq(expected), "{keys:?} {skip} {limit}");
        }
    }
}

/// A statement that fails, whichever it is, takes its change with it and nothing else.
async fn no_failed_statement_leaves_anything_half_written(subject: &Subject) {
    let Subject { store, faults, .. } = subject;
    let tenant = tenant();
    let mut struck = 0;
    for n in 0.. {
        let pets: Vec<Pet> = (0..3).map(|_| pet(tenant, Species::Reptile, 0)).collect();
        for pet in &pets {
            add_pet(store, pet).await;
        }
        faults.fail_after(n);
        let buy = |pet: &Pet| {
            let (store, id) = (store.clone(), pet.id);
            async move { store.write(async move |w| place(w, id, tenant, None).await).await }
        };
        let outcomes = futures_util::future::join_all(pets.iter().map(buy)).await;
        let hit = faults.struck();
        faults.fail_after(u32::MAX);
        for (pet, outcome) in pets.iter().zip(&outcomes) {
            let after = store.read().find_pet(tenant, pet.id).await.unwrap().unwrap();
            let filter = OrderFilter { pet_id: Some(pet.id), ..OrderFilter::default() };
            let orders = store.read().list_orders(tenant, &filter, page(1, 10)).await.unwrap().items;
            match outcome {
                Ok(order) => {
                    assert_eq!((after.status, orders.as_slice()), (PetStatus::Pending, &[order.clone()][..]));
                }
                Err(error) => {
                    assert_eq!(error.code(), "unavailable");
                    assert_eq!(
                        (after.status, orders.len()),
                        (PetStatus::Available, 0),
                        "fault at statement {n}"
                    );
                }
            }
        }
        assert_log_is_what_was_published(subject).await;
        if !hit {
            assert!(outcomes.iter().all(Result::is_ok));
            break;
        }
        struck += 1;
    }
    assert!(struck > 10, "only {struck} statements were failed");
    let counts = store.read().inventory(tenant).await.unwrap()[0].counts;
    let pending = PetFilter { status: Some(PetStatus::Pending), ..PetFilter::default() };
    assert_eq!(
        counts.pending,
        store.read().list_pets(tenant, &pending, page(1, 1)).await.unwrap().total_items
    );
}
