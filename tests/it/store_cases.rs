//! What every store promises, as a list of cases that run on any of them.

use std::sync::Arc;

use parking_lot::Mutex;
use petstore::domain::audit::{Action, AuditEntry, Channel, Origin, Snapshot};
use petstore::domain::event::Fact;
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
    super::store_list_cases::run_all(store).await;
    a_change_sees_itself_and_others_only_when_it_is_kept(store).await;
    a_change_that_fails_or_panics_leaves_the_others_alone(store).await;
    a_change_that_goes_on_after_a_failure_is_not_kept_by_halves(store).await;
    one_of_two_buyers_wins(store).await;
    super::store_log_cases::run_all(&subject).await;
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
    PageRequest::numbered(page, limit)
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
        reason: None,
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

pub async fn state_event(w: &mut dyn Writes, fact: Fact) -> Result<()> {
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
            w.delete_pet(tenant, mine.id, at(1)).await?;
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
        let expected = [Ok(()), Err("pet_in_use"), Err("not_found"), Err("internal"), Err("internal")][kind];
        assert_eq!((kept, code), (kind == 0, expected), "kind {kind}");
    }
    let bounds = store.read().log_bounds().await.unwrap();
    assert_eq!(bounds.head.0, head.0 + 8, "only the changes that were kept are in the log");
    let events = store.read().read_events(&[], head, bounds.head, 100).await.unwrap();
    assert!(events.iter().map(|event| event.position.seq.0).eq(head.0 + 1..=bounds.head.0));
}

async fn a_change_that_goes_on_after_a_failure_is_not_kept_by_halves(store: &Store) {
    let tenant = tenant();
    let (first, second) = (pet(tenant, Species::Dog, 0), pet(tenant, Species::Cat, 0));
    add_pet(store, &first).await;
    let (again, other) = (first.clone(), second.clone());
    let outcome = store
        .write(async move |w| {
            // The store may notice at any of these that the first is refused; none of them may be lost for it.
            let refused = w.insert_pet(&again).await;
            let inserted = w.insert_pet(&other).await;
            let read = w.stock(tenant, Species::Cat).await;
            assert!(refused.is_err() || inserted.is_err() || read.is_err());
            Ok(())
        })
        .await;
    let kept = store.read().find_pet(tenant, second.id).await.unwrap().is_some();
    assert_eq!(kept, outcome.is_ok());
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
        super::store_log_cases::assert_log_is_what_was_published(subject).await;
        if !hit {
            assert!(outcomes.iter().all(Result::is_ok));
            break;
        }
        struck += 1;
    }
    assert!(struck > 10, "only {struck} statements were failed");
    let counts = store.read().inventory(tenant).await.unwrap()[0].counts;
    let pending = PetFilter { status: vec![PetStatus::Pending], ..PetFilter::default() };
    assert_eq!(
        counts.pending,
        store.read().list_pets(tenant, &pending, page(1, 1)).await.unwrap().total_items
    );
}
