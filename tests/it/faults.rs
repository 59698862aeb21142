//! A store that fails at its n-th statement, for every n: the caller is told, nothing is left half-written, and the next
//! call succeeds.

use std::sync::atomic::{AtomicU32, Ordering};

use petstore::clock::Clock;
use petstore::domain::callback::CallbackDraft;
use petstore::domain::user::{UserDraft, UserStatus};
use petstore::domain::webhook::EndpointDraft;
use petstore::domain::{Error, OrderId, PetId, Role, Tenant, UserId};
use petstore::store::faults::Faults;

use crate::support::inside::{self, caller, customer_of, staff_of};
use crate::support::story::{DECLINED_CARD, GOOD_CARD};
use crate::support::{Database, Driver, Receiver, Setup, Story, TestServer, websocket};

/// No use case has as many statements; a fault that still strikes then strikes forever.
const MANY: u32 = 100;

/// A store that fails when told to, and whose time stands still.
struct Frail {
    server: TestServer,
    database: Database,
    faults: Faults,
    names: AtomicU32,
}

impl Frail {
    async fn new(setup: Setup) -> Self {
        let (faults, clock) = (Faults::default(), Clock::manual(1_790_000_000_000));
        let server = setup.faults(&faults).clock(&clock).start().await;
        let database = server.database().await;
        // The dispatcher and the deliverer have begun, and write no more while nothing is to be sent and time stands.
        server.app().create_pet(&staff_of(Tenant::PUBLIC), inside::pet("First")).await.unwrap();
        server.quiet().await;
        Self { server, database, faults, names: AtomicU32::new(0) }
    }

    fn name(&self) -> String {
        format!("name{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    async fn pet(&self) -> PetId {
        self.server.app().create_pet(&staff_of(Tenant::PUBLIC), inside::pet("Rex")).await.unwrap().id
    }

    async fn order(&self) -> OrderId {
        self.server.app().place_order(&customer_of(Tenant::PUBLIC, 1), self.pet().await).await.unwrap().id
    }

    async fn paid(&self) -> OrderId {
        let (order, payment) = (self.order().await, inside::payment(7500, GOOD_CARD));
        self.server.app().pay_order(&customer_of(Tenant::PUBLIC, 1), order, payment).await.unwrap();
        order
    }

    async fn shipped(&self) -> OrderId {
        let order = self.paid().await;
        self.server.app().ship_order(&staff_of(Tenant::PUBLIC), order).await.unwrap();
        order
    }

    /// Ends the faults, and moves the time until whoever waits to try again has tried.
    async fn recover(&self) {
        self.faults.fail_after(u32::MAX);
        self.server.quiet().await;
    }

    /// Lets `act` fail at each of its statements, each time on a new `fixture`.
    async fn strike<F>(
        &mut self,
        what: &str,
        fixture: impl AsyncFn(&Self) -> F,
        act: impl AsyncFn(&Self, &F) -> Result<(), Error>,
    ) {
        let mut n = 0;
        while n < MANY {
            let subject = fixture(self).await;
            let before = self.database.dump().await;
            self.faults.fail_after(n);
            let outcome = act(self, &subject).await;
            if outcome.is_ok() && self.faults.struck() {
                // It struck someone else who wrote just then, as the janitor after the time was moved.
                continue;
            }
            if outcome.is_ok() {
                assert!(n > 3, "{what} has only {n} statements: the fault does not reach them");
                self.recover().await;
                return;
            }
            assert_eq!(outcome.unwrap_err().code(), "unavailable", "{what}, statement {n}");
            assert!(self.faults.struck(), "{what}, statement {n}");
            let after = self.database.dump().await;
            let difference: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
            assert!(before == after, "{what}, statement {n} left {difference:#?}");
            if let Err(error) = act(self, &subject).await {
                panic!("{what} after the fault at statement {n}: {error}");
            }
            self.database.assert_contiguous().await;
            n += 1;
        }
        panic!("{what} never came through");
    }
}

/// A declined payment is a result that is kept, and told as an error.
fn declined<T>(outcome: Result<T, Error>) -> Result<(), Error> {
    match outcome {
        Err(Error::PaymentDeclined { .. }) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => panic!("the card must be declined"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pets_survive_a_fault_at_every_statement() {
    let mut frail = Frail::new(Setup::empty()).await;
    let staff = &staff_of(Tenant::PUBLIC);
    let create = async |frail: &Frail, (): &()| {
        frail.server.app().create_pet(staff, inside::pet("Rex")).await.map(drop)
    };
    frail.strike("creating a pet", async |_| (), create).await;
    let update = async |frail: &Frail, pet: &PetId| {
        let draft = petstore::domain::pet::PetDraft {
            species: Some(petstore::domain::Species::Cat),
            status: Some(petstore::domain::PetStatus::NotAvailable),
            ..Default::default()
        };
        frail.server.app().update_pet(staff, *pet, draft).await.map(drop)
    };
    frail.strike("changing a pet", Frail::pet, update).await;
    let delete = async |frail: &Frail, pet: &PetId| frail.server.app().delete_pet(staff, *pet).await;
    frail.strike("deleting a pet", Frail::pet, delete).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_survive_a_fault_at_every_statement() {
    let mut frail = Frail::new(Setup::empty()).await;
    let (staff, buyer) = (&staff_of(Tenant::PUBLIC), &customer_of(Tenant::PUBLIC, 1));
    let place =
        async |frail: &Frail, pet: &PetId| frail.server.app().place_order(buyer, *pet).await.map(drop);
    frail.strike("placing an order", Frail::pet, place).await;
    let pay = async |frail: &Frail, order: &OrderId| {
        frail.server.app().pay_order(buyer, *order, inside::payment(7500, GOOD_CARD)).await.map(drop)
    };
    frail.strike("paying an order", Frail::order, pay).await;
    let decline = async |frail: &Frail, order: &OrderId| {
        declined(frail.server.app().pay_order(buyer, *order, inside::payment(7500, DECLINED_CARD)).await)
    };
    frail.strike("a declined payment", Frail::order, decline).await;
    let ship =
        async |frail: &Frail, order: &OrderId| frail.server.app().ship_order(staff, *order).await.map(drop);
    frail.strike("shipping an order", Frail::paid, ship).await;
    let deliver = async |frail: &Frail, order: &OrderId| {
        frail.server.app().deliver_order(staff, *order).await.map(drop)
    };
    frail.strike("delivering an order", Frail::shipped, deliver).await;
    let cancel =
        async |frail: &Frail, order: &OrderId| frail.server.app().cancel_order(buyer, *order).await.map(drop);
    frail.strike("cancelling an order", Frail::order, cancel).await;
    frail.strike("cancelling a paid order", Frail::paid, cancel).await;
    let admin = &caller(Tenant::PUBLIC, Some((UserId(uuid::Uuid::from_u128(7)), Role::Admin)));
    let force = async |frail: &Frail, order: &OrderId| {
        frail.server.app().force_cancel_order(admin, *order, Some("fraud".to_owned())).await.map(drop)
    };
    frail.strike("cancelling a shipped order", Frail::shipped, force).await;
    let callback = async |frail: &Frail, order: &OrderId| {
        let text = |text: &str| Some(text.to_owned());
        let (amount, currency, timestamp) = (text("75.00"), text("USD"), text("1758613403"));
        let draft = CallbackDraft { amount, currency, timestamp, callback_url: text("http://127.0.0.1:9/") };
        frail.server.app().request_callback(buyer, *order, draft).await
    };
    // What is sent must have come to rest, or its results are taken for what the fault left.
    let at_rest = async |frail: &Frail| {
        let order = frail.paid().await;
        frail.server.settled().await;
        order
    };
    frail.strike("asking for a callback", at_rest, callback).await;
    frail.server.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_endpoints_survive_a_fault_at_every_statement() {
    let mut frail = Frail::new(Setup::empty()).await;
    let (staff, nobody) = (&staff_of(Tenant::PUBLIC), &caller(Tenant::PUBLIC, None));
    let password = "correct horse".to_owned();
    let sign_up = async |frail: &Frail, name: &String| {
        let email = Some(format!("{name}@example.com"));
        let (username, password) = (Some(name.clone()), Some(password.clone()));
        let draft = UserDraft { username, email, password, ..UserDraft::default() };
        frail.server.app().sign_up(nobody, draft).await.map(drop)
    };
    frail.strike("signing up", async |frail| frail.name(), sign_up).await;
    let log_in = async |frail: &Frail, name: &String| {
        frail.server.app().log_in(nobody, Some(name.clone()), Some(password.clone())).await.map(drop)
    };
    let user = async |frail: &Frail| {
        let name = frail.name();
        sign_up(frail, &name).await.unwrap();
        name
    };
    frail.strike("logging in", user, log_in).await;
    let admin = &caller(Tenant::PUBLIC, Some((UserId(uuid::Uuid::from_u128(7)), Role::Admin)));
    let account = async |frail: &Frail| {
        let (username, password) = (Some(user(frail).await), Some(password.clone()));
        frail.server.app().log_in(nobody, username, password).await.unwrap().user.id
    };
    let change = async |frail: &Frail, id: &UserId| {
        let draft = UserDraft { password: Some("battery staple".to_owned()), ..UserDraft::default() };
        frail.server.app().update_user(admin, *id, draft).await.map(drop)
    };
    frail.strike("changing a user", &account, change).await;
    let suspend = async |frail: &Frail, id: &UserId| {
        frail.server.app().set_user_status(admin, *id, UserStatus::Suspended, None).await.map(drop)
    };
    frail.strike("suspending a user", &account, suspend).await;
    let delete = async |frail: &Frail, id: &UserId| frail.server.app().delete_user(admin, *id).await;
    frail.strike("removing a user", &account, delete).await;
    let endpoint = async |frail: &Frail, name: &String| {
        let draft = EndpointDraft {
            url: Some(format!("http://127.0.0.1:9/{name}")),
            event_types: Some(vec!["order.*".to_owned()]),
            // Nothing is sent to it, so nothing else writes.
            enabled: Some(false),
            ..EndpointDraft::default()
        };
        frail.server.app().create_endpoint(staff, draft).await.map(drop)
    };
    frail.strike("adding a webhook endpoint", async |frail| frail.name(), endpoint).await;
}

/// Changes that share a commit: who was told Ok is there with its event and audit row, who was told an error is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_in_a_shared_commit_separates_those_who_are_told_so() {
    const BUYERS: u128 = 4;
    let mut frail = Frail::new(Setup::empty()).await;
    let (mut failed, mut succeeded) = (0, 0);
    for n in 0..60 {
        let mut pets = Vec::new();
        for _ in 0..BUYERS {
            pets.push(frail.pet().await);
        }
        let (log, audits) = (frail.database.head().await, frail.database.audit_count().await);
        frail.faults.fail_after(n);
        let buyers: Vec<_> = (0..BUYERS).map(|buyer| customer_of(Tenant::PUBLIC, buyer)).collect();
        let orders = pets.iter().zip(&buyers).map(|(pet, buyer)| frail.server.app().place_order(buyer, *pet));
        let outcomes = futures_util::future::join_all(orders).await;
        frail.recover().await;
        let mut placed: Vec<String> = outcomes.iter().flatten().map(|order| order.id.to_string()).collect();
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert_eq!(error.code(), "unavailable", "statement {n}");
        }
        let events = frail.database.events(log).await;
        assert_eq!(events.len(), 3 * placed.len(), "statement {n}: three events for each order");
        let created = events.iter().filter(|event| event.event_type == "order.created");
        let mut created: Vec<String> = created.map(|event| event.resource.unwrap().to_string()).collect();
        let mut audited: Vec<String> =
            frail.database.audit(audits).await.into_iter().filter_map(|row| row.entity_id).collect();
        for list in [&mut placed, &mut created, &mut audited] {
            list.sort();
        }
        assert_eq!((&created, &audited), (&placed, &placed), "statement {n}");
        frail.database.assert_contiguous().await;
        succeeded += placed.len();
        failed += outcomes.len() - placed.len();
    }
    assert!(failed > 0 && succeeded > failed, "{failed} failed, {succeeded} succeeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_is_told_alike_by_every_driver() {
    let frail = Frail::new(Setup::demo()).await;
    let story = Story::cast(&frail.server).await;
    for driver in Driver::ALL {
        let pet = story.staff.create_pet("Rex").await;
        let pet = crate::support::api::id(&pet);
        frail.faults.fail_after(2);
        let refusal = driver.place(&story.buyer, pet).await.unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.status), ("unavailable", Some(503)), "{refusal:?}");
        assert!(
            !refusal.text.contains("a fault that a test asked for"),
            "causes are never sent: {refusal:?}"
        );
        driver.place(&story.buyer, pet).await.unwrap();
    }
    frail.recover().await;
}

/// Wherever the dispatcher and the deliverer fail, every event reaches the receiver.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_survive_a_fault_at_every_statement() {
    let frail = Frail::new(Setup::demo()).await;
    let staff = frail.server.user("staff").await;
    let receiver = Receiver::subscribed(&staff, &["pet.*"]).await;
    let from = websocket::position(&staff).await.unwrap();
    let mut struck = 0;
    for n in 0..45 {
        let app = frail.server.app().clone();
        frail.faults.fail_after(n);
        // The fault strikes this change, or what follows from it.
        let created = app.create_pet(&staff_of(Tenant::PUBLIC), inside::pet("Rex")).await;
        if let Err(error) = created {
            assert_eq!(error.code(), "unavailable");
        }
        frail.server.quiet().await;
        struck += u32::from(frail.faults.struck());
    }
    assert!(struck > 20, "the faults struck only {struck} times");
    frail.recover().await;
    let log = crate::support::channel::past(&staff, &["pets"], Some(&from), 500).await;
    assert!(log.len() > 20, "only {} pets were made", log.len());
    let arrived = receiver.until("every event at the receiver", |events| events.len() >= log.len()).await;
    let mut arrived: Vec<&str> = arrived.iter().map(|event| event["eventId"].as_str().unwrap()).collect();
    arrived.sort_unstable();
    // Ids rise with the log.
    assert_eq!(arrived, crate::support::inbox::ids(&log));
}
