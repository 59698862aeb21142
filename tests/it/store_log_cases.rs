//! What every store promises about its log: positions in the order of commits, without a hole, and pages of any keys.

use std::collections::HashSet;

use petstore::domain::event::{ChangedBy, Collection, Fact, Key};
use petstore::domain::*;
use petstore::store::Store;
use uuid::Uuid;

use super::store_cases::{Subject, add_pet, order, pet, state_event, tenant};

/// The cases about the log.
pub async fn run_all(subject: &Subject) {
    the_order_of_the_log_is_the_order_of_commits(subject).await;
    reading_by_keys_is_filtering_everything(&subject.store).await;
    what_does_not_wait_for_the_disk_states_no_event(&subject.store).await;
}

async fn what_does_not_wait_for_the_disk_states_no_event(store: &Store) {
    let tenant = tenant();
    let (kept, refused) = (pet(tenant, Species::Bird, 0), pet(tenant, Species::Bird, 1));
    let ids = [kept.id, refused.id];
    store.write_unsynced(async move |w| w.insert_pet(&kept).await).await.unwrap();
    let stated = store.write_unsynced(async move |w| {
        w.insert_pet(&refused).await?;
        state_event(w, Fact::pet_created(&refused)).await
    });
    assert!(matches!(stated.await, Err(Error::Internal(_))));
    let found = [store.read().find_pet(tenant, ids[0]).await, store.read().find_pet(tenant, ids[1]).await];
    assert_eq!(found.map(|pet| pet.unwrap().is_some()), [true, false]);
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
pub async fn assert_log_is_what_was_published(subject: &Subject) {
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
