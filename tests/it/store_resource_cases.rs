//! What every store promises about resources: each is kept as it was given, in its tenant, found, listed and counted.

use petstore::domain::order::OrderFilter;
use petstore::domain::payment::{Address, CardBrand, Source};
use petstore::domain::pet::{PetFilter, Size};
use petstore::domain::user::{Preferences, UserStatus};
use petstore::domain::*;
use petstore::store::{Credentials, RefreshToken, Revocation, Store};
use uuid::Uuid;

use super::store_cases::{add_pet, at, error, order, page, pet, tenant};

/// The cases about pets, users, tokens, orders, payments and receipts.
pub async fn run_all(store: &Store) {
    pets_are_kept_listed_and_counted(store).await;
    users_are_unique_in_their_tenant(store).await;
    refresh_tokens_are_used_once_and_revoked_by_session(store).await;
    orders_payments_and_receipts_are_kept(store).await;
}

fn credentials(tenant: Tenant, username: &str, email: &str) -> Credentials {
    let user = User {
        id: UserId(Uuid::now_v7()),
        tenant,
        username: username.into(),
        email: email.into(),
        first_name: Some("Jane".into()),
        last_name: None,
        phone: Some("+14155550123".into()),
        preferences: Preferences { newsletter: true, notifications: false },
        status: UserStatus::Active,
        role: Role::Staff,
        created_at: at(1),
        updated_at: at(2),
    };
    Credentials { user, password_hash: "$argon2id$secret".into() }
}

fn payment(order: &Order, status: PaymentStatus, created: i64) -> Payment {
    Payment {
        id: PaymentId(Uuid::now_v7()),
        tenant: order.tenant,
        order_id: order.id,
        amount: order.total_amount,
        currency: order.currency,
        source: Source::Card {
            name: "Jane Doe".into(),
            brand: CardBrand::Visa,
            last4: "4242".into(),
            exp_month: 12,
            exp_year: 2030,
            address: Address { city: Some("Bern".into()), ..Address::default() },
        },
        status,
        failure_code: None,
        created_at: at(created),
    }
}

async fn pets_are_kept_listed_and_counted(store: &Store) {
    let (tenant, other) = (tenant(), tenant());
    let mut pets = Vec::new();
    for created in 0..7 {
        let species = if created % 3 == 0 { Species::Cat } else { Species::Dog };
        let mut pet = pet(tenant, species, created);
        if created == 2 {
            let minimal = Pet { breed: None, size: None, good_with_kids: None, description: None, ..pet };
            pet = Pet { photos: vec![], medical_info: None, category: None, tags: vec![], ..minimal };
        }
        add_pet(store, &pet).await;
        pets.insert(0, pet);
    }
    for pet in &pets {
        assert_eq!(store.read().find_pet(tenant, pet.id).await.unwrap().as_ref(), Some(pet));
        assert_eq!(store.read().find_pet(other, pet.id).await.unwrap(), None, "another tenant's pet");
    }
    let all = PetFilter::default();
    let second = store.read().list_pets(tenant, &all, page(2, 3)).await.unwrap();
    assert_eq!((second.items.as_slice(), second.total_items), (&pets[3..6], 7), "newest first");
    let beyond = store.read().list_pets(tenant, &all, page(1_000_000, 100)).await.unwrap();
    assert_eq!((beyond.items.len(), beyond.total_items), (0, 7));
    let filter = PetFilter {
        species: vec![Species::Dog],
        status: vec![PetStatus::Available],
        size: vec![Size::Small],
        age_min: Some(24),
        age_max: Some(24),
        good_with_kids: Some(true),
        ..PetFilter::default()
    };
    let dogs: Vec<Pet> =
        pets.iter().filter(|pet| pet.species == Species::Dog && pet.size.is_some()).cloned().collect();
    assert_eq!(store.read().list_pets(tenant, &filter, page(1, 100)).await.unwrap().items, dogs);
    let number = async |filter: PetFilter| {
        store.read().list_pets(tenant, &filter, page(1, 1)).await.unwrap().total_items
    };
    assert_eq!(number(PetFilter { size: vec![Size::Small], ..PetFilter::default() }).await, 6);
    assert_eq!(number(PetFilter { size: vec![Size::Large], ..PetFilter::default() }).await, 0);
    assert_eq!(number(PetFilter { good_with_kids: Some(false), ..PetFilter::default() }).await, 0);
    assert_eq!(number(PetFilter { status: vec![PetStatus::Pending], ..PetFilter::default() }).await, 0);
    assert_eq!(number(PetFilter { age_max: Some(23), ..PetFilter::default() }).await, 0);
    assert_eq!(number(PetFilter { age_min: Some(25), ..PetFilter::default() }).await, 0);

    let mut changed = pets[0].clone();
    (changed.status, changed.species, changed.updated_at) = (PetStatus::Adopted, Species::Bird, at(99));
    let (next, gone) = (changed.clone(), pets[1].id);
    store
        .write(async move |w| {
            w.update_pet(&next).await?;
            w.delete_pet(tenant, gone, at(200)).await
        })
        .await
        .unwrap();
    assert_eq!(store.read().find_pet(tenant, changed.id).await.unwrap(), Some(changed.clone()));
    assert_eq!(store.read().find_pet(tenant, gone).await.unwrap(), None);
    let inventory = store.read().inventory(tenant).await.unwrap();
    let counts: Vec<_> =
        inventory.iter().map(|s| (s.species, s.counts.available, s.counts.adopted)).collect();
    assert_eq!(counts, [(Species::Dog, 3, 0), (Species::Cat, 2, 0), (Species::Bird, 0, 1)]);
    let times = [inventory[0].updated_at, inventory[2].updated_at];
    assert_eq!(times, [at(200), at(99)], "when the last pet came, went or changed");
    assert_eq!(store.read().inventory(other).await.unwrap(), []);

    let elsewhere = Pet { tenant: other, ..changed };
    let refused = store.write(async move |w| w.update_pet(&elsewhere).await).await;
    assert_eq!(error(refused).code(), "not_found", "another tenant's pet cannot be changed");
    assert_eq!(
        error(store.write(async move |w| w.delete_pet(other, gone, at(201)).await).await).code(),
        "not_found"
    );
}

async fn users_are_unique_in_their_tenant(store: &Store) {
    let (tenant, other) = (tenant(), tenant());
    let jane = credentials(tenant, "Jane", "Jane@Example.com");
    let add =
        async |credentials: Credentials| store.write(async move |w| w.insert_user(&credentials).await).await;
    add(jane.clone()).await.unwrap();
    assert!(store.read().has_users().await.unwrap());
    for login in ["jane", "JANE", "jane@example.COM"] {
        let found = store.read().find_credentials(tenant, login).await.unwrap().unwrap();
        assert!(found.user == jane.user && found.password_hash == jane.password_hash, "{login}");
        assert!(store.read().find_credentials(other, login).await.unwrap().is_none());
    }
    assert!(store.read().find_credentials(tenant, "' OR 1=1 --").await.unwrap().is_none());
    let same_name = add(credentials(tenant, "jANE", "other@example.com")).await;
    assert!(matches!(error(same_name), Error::Taken("username")));
    let same_mail = add(credentials(tenant, "other", "jane@EXAMPLE.com")).await;
    assert!(matches!(error(same_mail), Error::Taken("email")));
    add(credentials(other, "jane", "jane@example.com")).await.unwrap();
    assert_eq!(store.read().find_user(tenant, jane.user.id).await.unwrap(), Some(jane.user.clone()));
    assert_eq!(store.read().find_user(other, jane.user.id).await.unwrap(), None);
    // At once: the rest of the change can still choose another name.
    let (taken, free) =
        (credentials(tenant, "jane", "x@example.com"), credentials(tenant, "jane2", "x@example.com"));
    store
        .write(async move |w| match w.insert_user(&taken).await {
            Err(Error::Taken("username")) => w.insert_user(&free).await,
            other => other,
        })
        .await
        .unwrap();
    assert!(store.read().find_credentials(tenant, "jane2").await.unwrap().is_some());
}

async fn refresh_tokens_are_used_once_and_revoked_by_session(store: &Store) {
    let owner = credentials(tenant(), "token-owner", "token@example.com");
    let session = SessionId(Uuid::now_v7());
    let token = |byte: u8| RefreshToken {
        hash: [byte; 32],
        session,
        user_id: owner.user.id,
        tenant: owner.user.tenant,
        client: Some("an-app".to_owned()),
        scopes: vec![Scope::ReadPets, Scope::ReadOrders],
        expires_at: at(9),
        used_at: None,
        revoked_at: None,
    };
    let (first, second, owner_id) = (token(1), token(2), owner.user.id);
    let same = store
        .write(async move |w| {
            w.insert_user(&owner).await?;
            w.insert_refresh_token(&first).await?;
            w.insert_refresh_token(&second).await?;
            w.mark_refresh_token_used(&[1; 32], at(5)).await?;
            Ok(w.refresh_token(&[2; 32]).await? == Some(second))
        })
        .await
        .unwrap();
    assert!(same);
    let (id, user) = (Uuid::now_v7(), owner_id);
    let revocation = Revocation { id, user, session: Some(session), until: at(8) };
    store.write(async move |w| w.revoke(&revocation, at(6)).await).await.unwrap();
    assert!(store.read().revocations().await.unwrap().contains(&revocation));
    for (now, kept) in [(7, true), (8, false)] {
        store.write(async move |w| w.purge_credentials(at(now)).await).await.unwrap();
        assert_eq!(store.read().revocations().await.unwrap().contains(&revocation), kept, "{now}");
    }
    let found = store
        .write(async move |w| Ok([w.refresh_token(&[1; 32]).await?, w.refresh_token(&[3; 32]).await?]))
        .await
        .unwrap();
    let used = found[0].clone().unwrap();
    assert_eq!((used.used_at, used.revoked_at), (Some(at(5)), Some(at(6))));
    assert!(found[1].is_none());
    let purge = async |before: i64| {
        store.write(async move |w| w.purge_settled(at(before), at(before), 1).await).await.unwrap()
    };
    assert_eq!(
        [purge(9).await, purge(10).await, purge(10).await, purge(10).await],
        [0, 1, 1, 0],
        "expired at 9"
    );
}

async fn orders_payments_and_receipts_are_kept(store: &Store) {
    let (tenant, other) = (tenant(), tenant());
    let pet = pet(tenant, Species::Dog, 0);
    add_pet(store, &pet).await;
    let user = Some(UserId(Uuid::now_v7()));
    let orders: Vec<Order> =
        (0..3).map(|i| Order { status: OrderStatus::Cancelled, ..order(&pet, user, i) }).collect();
    let mut open = order(&pet, None, 3);
    let (all, first) = (orders.clone(), open.clone());
    store
        .write(async move |w| {
            for order in &all {
                w.insert_order(order).await?;
            }
            assert!(!w.pet_has_open_order(tenant, first.pet_id).await?);
            w.insert_order(&first).await?;
            assert!(w.pet_has_open_order(tenant, first.pet_id).await?);
            Ok(())
        })
        .await
        .unwrap();
    let rival = order(&pet, user, 4);
    assert!(matches!(error(store.write(async move |w| w.insert_order(&rival).await).await), Error::PetInUse));
    assert_eq!(store.read().find_order(tenant, open.id).await.unwrap(), Some(open.clone()));
    assert_eq!(store.read().find_order(other, open.id).await.unwrap(), None);
    let list = async |filter: OrderFilter| {
        let page = store.read().list_orders(tenant, &filter, page(1, 2)).await.unwrap();
        (page.items.iter().map(|order| order.id).collect::<Vec<_>>(), page.total_items)
    };
    assert_eq!(list(OrderFilter::default()).await, (vec![open.id, orders[2].id], 4));
    assert_eq!(list(OrderFilter { user_id: user, ..OrderFilter::default() }).await.1, 3);
    assert_eq!(list(OrderFilter { status: Some(OrderStatus::Placed), ..OrderFilter::default() }).await.1, 1);
    assert_eq!(list(OrderFilter { pet_id: Some(PetId(Uuid::nil())), ..OrderFilter::default() }).await.1, 0);

    let mut failed = payment(&open, PaymentStatus::Processing, 4);
    let paid = payment(&open, PaymentStatus::Succeeded, 5);
    let url = "https://example.com/r".to_owned();
    let receipt = Receipt { id: ReceiptId(Uuid::now_v7()), payment_id: paid.id, url, generated_at: at(6) };
    let (try_one, try_two, proof) = (failed.clone(), paid.clone(), receipt.clone());
    (failed.status, failed.failure_code) = (PaymentStatus::Failed, Some("card_declined".into()));
    (open.status, open.updated_at) = (OrderStatus::Approved, at(7));
    let (failure, approved) = (failed.clone(), open.clone());
    let captured = store
        .write(async move |w| {
            w.insert_payment(&try_one).await?;
            w.update_payment(PaymentStatus::Processing, &failure).await?;
            assert_eq!(w.captured_payment(tenant, approved.id).await?, None);
            w.insert_payment(&try_two).await?;
            w.insert_receipt(tenant, &proof).await?;
            w.update_order(OrderStatus::Placed, &approved).await?;
            w.captured_payment(tenant, approved.id).await
        })
        .await
        .unwrap();
    assert_eq!(captured.as_ref(), Some(&paid));
    assert_eq!(store.read().payments_of(tenant, open.id).await.unwrap(), [paid.clone(), failed]);
    assert_eq!(store.read().payments_of(other, open.id).await.unwrap(), []);
    let again = payment(&open, PaymentStatus::Succeeded, 8);
    assert!(matches!(
        error(store.write(async move |w| w.insert_payment(&again).await).await),
        Error::AlreadyPaid
    ));
    let found = store.read().find_receipt(tenant, receipt.id).await.unwrap();
    assert_eq!(found, Some((receipt.clone(), paid, open)));
    assert_eq!(store.read().find_receipt(other, receipt.id).await.unwrap(), None);
}
