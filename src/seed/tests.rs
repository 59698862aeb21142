use super::*;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use uuid::Uuid;

use crate::app::ArgonCost;
use crate::clock::Clock;
use crate::domain::order::OrderFilter;
use crate::domain::page::PageRequest;
use crate::domain::{PetStatus, Species};
use crate::store::faults::Faults;
use crate::store::sqlite::{self, SqliteSettings};

const URL: &str = "http://127.0.0.1:8080";

fn passwords() -> Passwords {
    Passwords::new(ArgonCost { memory_kib: 64, iterations: 1, parallelism: 1 }, 1, 8).unwrap()
}

async fn open(dir: &Path, faults: Faults) -> Store {
    let settings = SqliteSettings {
        data_dir: dir.to_owned(),
        read_connections: 1,
        busy_timeout_ms: 1_000,
        cache_kib: 1_024,
        write_queue: 8,
        max_batch: 8,
    };
    sqlite::open(settings, faults, Box::new(|events, _, _| assert!(events.is_empty()))).await.unwrap()
}

fn ids_of(past: &Past) -> Vec<Uuid> {
    let Past { pets, users, ledger: Ledger { orders, payments, receipts } } = past;
    pets.iter()
        .map(|pet| pet.id.0)
        .chain(users.iter().map(|user| user.id.0))
        .chain(orders.iter().map(|order| order.id.0))
        .chain(payments.iter().map(|payment| payment.id.0))
        .chain(receipts.iter().map(|receipt| receipt.id.0))
        .collect()
}

#[test]
fn every_run_gives_the_same_store() {
    let past = Past::generate(URL).unwrap();
    assert_eq!(past, Past::generate(URL).unwrap());
    let ids = ids_of(&past);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "an id is given twice");
    assert!(ids.iter().all(|id| id.get_version_num() == 7));
    // Others may have written these down: when they change, it must be meant.
    assert_eq!(past.users[2].id.to_string(), "0199a782-ef00-7fb1-940e-b8cbf1aeee97");
    assert_eq!(past.pets[0].id.to_string(), "0199a781-de3e-7c59-b0a0-8fd3ecc3975c");
    assert_eq!(
        past.summary().to_string(),
        "1200 pets (560 available, 205 pending, 230 adopted, 205 not available), 50 users, 300 orders, \
         241 payments, 212 receipts"
    );
}

#[test]
fn the_finished_store_has_enough_of_everything() {
    let past = Past::generate(URL).unwrap();
    let mut counts: BTreeMap<PetStatus, BTreeMap<Species, usize>> = BTreeMap::new();
    for pet in &past.pets {
        *counts.entry(pet.status).or_default().entry(pet.species).or_default() += 1;
    }
    for status in PetStatus::ALL {
        assert!(counts[status].values().sum::<usize>() >= 200, "{status}: {:?}", counts[status]);
        assert_eq!(counts[status].len(), Species::ALL.len(), "{status}: {:?}", counts[status]);
    }
    assert!(past.users.iter().all(|user| user.tenant == Tenant::PUBLIC));
    assert!(past.pets.iter().all(|pet| pet.tenant == Tenant::PUBLIC));
}

#[tokio::test]
async fn the_demo_is_written_once_and_without_events() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Faults::default()).await;
    let passwords = passwords();
    let summary = demo(&store, &passwords, URL).await.unwrap();

    let reads = store.read();
    let mut counts = Counts::default();
    for stock in reads.inventory(Tenant::PUBLIC).await.unwrap() {
        for status in PetStatus::ALL {
            let mut of_species = stock.counts;
            *counts.of(*status) += *of_species.of(*status);
        }
    }
    assert_eq!(counts, summary.pets);
    let bounds = reads.log_bounds().await.unwrap();
    assert_eq!(bounds.head, bounds.floor);

    for (login, role) in
        [("admin", Role::Admin), ("staff", Role::Staff), ("alice", Role::User), ("bob", Role::User)]
    {
        let found = reads.find_credentials(Tenant::PUBLIC, login).await.unwrap().unwrap();
        assert_eq!(found.user.role, role);
        assert!(passwords.verify(DEMO_PASSWORD.to_owned(), Some(found.password_hash)).await.unwrap());
    }
    let past = Past::generate(URL).unwrap();
    for pet in &past.pets {
        assert_eq!(reads.find_pet(Tenant::PUBLIC, pet.id).await.unwrap().as_ref(), Some(pet));
    }
    for receipt in &past.ledger.receipts {
        let (found, payment, order) = reads.find_receipt(Tenant::PUBLIC, receipt.id).await.unwrap().unwrap();
        assert_eq!(&found, receipt);
        assert!(past.ledger.payments.contains(&payment) && past.ledger.orders.contains(&order));
    }

    assert!(matches!(demo(&store, &passwords, URL).await, Err(Error::Taken(_))));
    let page = PageRequest::numbered(1, 1);
    let orders = reads.list_orders(Tenant::PUBLIC, &OrderFilter::default(), page).await.unwrap();
    assert_eq!(orders.total_items, 300, "the second time nothing was written");
    assert_eq!(
        first_admin(&store, &passwords, &Ids::new(Clock::system()), Timestamp::from_ms(0)).await.unwrap(),
        None
    );
    store.close().await;
}

#[tokio::test]
async fn a_seed_that_fails_half_way_leaves_nothing_and_can_be_done_again() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Faults::default();
    let store = open(dir.path(), faults.clone()).await;
    for calls in [1, 60, 1_500] {
        faults.fail_after(calls);
        demo(&store, &passwords(), URL).await.unwrap_err();
        assert!(faults.struck());
        assert!(!store.read().has_users().await.unwrap());
        assert!(store.read().inventory(Tenant::PUBLIC).await.unwrap().is_empty());
    }
    demo(&store, &passwords(), URL).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn the_first_admin_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Faults::default()).await;
    let (passwords, ids) = (passwords(), Ids::new(Clock::manual(1_800_000_000_000)));
    let now = Timestamp::from_ms(1_800_000_000_000);
    let password = first_admin(&store, &passwords, &ids, now).await.unwrap().unwrap();
    assert!(password.len() >= 20);
    let found = store.read().find_credentials(Tenant::PUBLIC, "admin").await.unwrap().unwrap();
    assert_eq!((found.user.role, found.user.created_at), (Role::Admin, now));
    assert!(passwords.verify(password, Some(found.password_hash)).await.unwrap());
    assert_eq!(first_admin(&store, &passwords, &ids, now).await.unwrap(), None);
    store.close().await;
}
