//! Random sequences of commands against a model: no illegal state is reached, each accepted command makes exactly its
//! events and one audit row, each refused one makes nothing.

use petstore::app::Caller;
use petstore::domain::payment::PaymentDraft;
use petstore::domain::pet::PetDraft;
use petstore::domain::{Error, OrderId, OrderStatus as S, PetId, PetStatus as P, Tenant};
use proptest::prelude::*;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::support::inside::{self, customer_of, staff_of};
use crate::support::story::{DECLINED_CARD, GOOD_CARD};
use crate::support::{Database, Setup, TestServer};

const PETS: usize = 3;
const CASES: u32 = 32;

#[derive(Clone, Copy, Debug)]
enum Payment {
    Good,
    Declined,
    TooLittle,
}

/// A command; orders are named by their number, which there may not be yet.
#[derive(Clone, Copy, Debug)]
enum Command {
    Place { pet: usize, buyer: usize },
    Pay { order: usize, buyer: usize, payment: Payment },
    Ship { order: usize, by_staff: bool },
    Deliver { order: usize },
    Cancel { order: usize, buyer: usize },
    Update { pet: usize, status: P },
    Delete { pet: usize },
}

fn command() -> impl Strategy<Value = Command> {
    let pet = 0..PETS;
    // Weighted, so that many a sequence gets far: mostly the first orders, mostly by those who may.
    let order = prop_oneof![4 => Just(0usize), 2 => Just(1), 1 => 2..5usize];
    let buyer = prop_oneof![3 => Just(2usize), 1 => Just(0), 1 => Just(1)];
    let payment =
        prop_oneof![4 => Just(Payment::Good), 1 => Just(Payment::Declined), 1 => Just(Payment::TooLittle)];
    prop_oneof![
        6 => (pet.clone(), buyer.clone()).prop_map(|(pet, buyer)| Command::Place { pet, buyer }),
        6 => (order.clone(), buyer.clone(), payment)
            .prop_map(|(order, buyer, payment)| Command::Pay { order, buyer, payment }),
        4 => (order.clone(), prop::bool::weighted(0.9))
            .prop_map(|(order, by_staff)| Command::Ship { order, by_staff }),
        4 => order.clone().prop_map(|order| Command::Deliver { order }),
        3 => (order, buyer).prop_map(|(order, buyer)| Command::Cancel { order, buyer }),
        2 => (pet.clone(), prop::sample::select(P::ALL)).prop_map(|(pet, status)| Command::Update { pet, status }),
        1 => pet.prop_map(|pet| Command::Delete { pet }),
    ]
}

/// Two customers, and the staff as the third buyer.
fn actor(number: usize) -> Caller {
    match number {
        2 => staff_of(Tenant::PUBLIC),
        _ => customer_of(Tenant::PUBLIC, number as u128),
    }
}

/// What a command must do: its events and its audited action; or the code of its refusal, with what is kept of it.
struct Expected {
    outcome: Result<(), &'static str>,
    events: Vec<&'static str>,
    action: Option<&'static str>,
}

fn refused(code: &'static str) -> Expected {
    Expected { outcome: Err(code), events: Vec::new(), action: None }
}

fn accepted(action: &'static str, events: &[&'static str]) -> Expected {
    Expected { outcome: Ok(()), events: events.to_vec(), action: Some(action) }
}

/// The contract's words (§1 of the contract), not the program's.
struct Model {
    pets: Vec<Option<P>>,
    /// Pet, buyer, status, and whether a payment was captured.
    orders: Vec<(usize, usize, S, bool)>,
}

impl Model {
    fn is_open(&self, pet: usize) -> bool {
        self.orders
            .iter()
            .any(|order| order.0 == pet && matches!(order.2, S::Placed | S::Approved | S::Shipped))
    }

    /// Judges a command, and moves on.
    fn apply(&mut self, command: Command) -> Expected {
        match command {
            Command::Place { pet, buyer } => match self.pets[pet] {
                None => refused("not_found"),
                Some(P::Available) => {
                    self.pets[pet] = Some(P::Pending);
                    self.orders.push((pet, buyer, S::Placed, false));
                    accepted("ORDER_PLACED", &["order.created", "pet.statusChanged", "inventory.changed"])
                }
                Some(_) => refused("pet_not_available"),
            },
            Command::Pay { order, buyer, payment } => self.pay(order, buyer, payment),
            Command::Ship { by_staff: false, .. } => refused("forbidden"),
            Command::Ship { order, .. } => self.step(order, S::Approved, S::Shipped, "ORDER_SHIPPED"),
            Command::Deliver { order } => self.step(order, S::Shipped, S::Delivered, "ORDER_DELIVERED"),
            Command::Cancel { order, buyer } => self.cancel(order, buyer),
            Command::Update { pet, status } => match self.pets[pet] {
                None => refused("not_found"),
                Some(before) if before == status => accepted("PET_UPDATED", &["pet.updated"]),
                Some(_) if self.is_open(pet) => refused("pet_in_use"),
                Some(_) => {
                    self.pets[pet] = Some(status);
                    accepted("PET_UPDATED", &["pet.updated", "pet.statusChanged", "inventory.changed"])
                }
            },
            Command::Delete { pet } => match self.pets[pet] {
                None => refused("not_found"),
                Some(_) if self.is_open(pet) => refused("pet_in_use"),
                Some(_) => {
                    self.pets[pet] = None;
                    accepted("PET_DELETED", &["pet.deleted", "inventory.changed"])
                }
            },
        }
    }

    fn pay(&mut self, order: usize, buyer: usize, payment: Payment) -> Expected {
        let Some((pet, owner, status, captured)) = self.orders.get_mut(order) else {
            return refused("not_found");
        };
        if *owner != buyer && buyer != 2 {
            return refused("forbidden");
        }
        match (*status, payment) {
            (S::Cancelled, _) => refused("illegal_transition"),
            (S::Approved | S::Shipped | S::Delivered, _) => refused("already_paid"),
            (S::Placed, Payment::TooLittle) => refused("validation_failed"),
            (S::Placed, Payment::Declined) => Expected {
                outcome: Err("payment_declined"),
                events: vec!["payment.failed"],
                action: Some("ORDER_PAYMENT_FAILED"),
            },
            (S::Placed, Payment::Good) => {
                (*status, *captured) = (S::Approved, true);
                // An open order keeps its pet from being deleted.
                assert!(self.pets[*pet].is_some());
                self.pets[*pet] = Some(P::Adopted);
                let pet = ["pet.statusChanged", "pet.adopted", "inventory.changed"];
                accepted("ORDER_PAID", &[&["payment.succeeded", "order.statusChanged"], &pet[..]].concat())
            }
        }
    }

    fn step(&mut self, order: usize, from: S, to: S, action: &'static str) -> Expected {
        match self.orders.get_mut(order) {
            None => refused("not_found"),
            Some((_, _, status, _)) if *status == from => {
                *status = to;
                accepted(action, &["order.statusChanged"])
            }
            Some(_) => refused("illegal_transition"),
        }
    }

    fn cancel(&mut self, order: usize, buyer: usize) -> Expected {
        let Some((pet, owner, status, captured)) = self.orders.get_mut(order) else {
            return refused("not_found");
        };
        if *owner != buyer && buyer != 2 {
            return refused("forbidden");
        }
        if !matches!(status, S::Placed | S::Approved) {
            return refused("illegal_transition");
        }
        *status = S::Cancelled;
        self.pets[*pet] = Some(P::Available);
        let refund: &[&str] = if *captured { &["payment.refunded"] } else { &[] };
        let events = [&["order.statusChanged"], refund, &["pet.statusChanged", "inventory.changed"]].concat();
        accepted("ORDER_CANCELLED", &events)
    }
}

/// What was done so far, under its real ids.
struct Real<'s> {
    server: &'s TestServer,
    pets: Vec<PetId>,
    orders: Vec<OrderId>,
}

impl Real<'_> {
    async fn apply(&mut self, command: Command) -> Result<(), Error> {
        let app = self.server.app();
        let staff = staff_of(Tenant::PUBLIC);
        let order = |number: usize| self.orders.get(number).copied().unwrap_or(OrderId(Uuid::nil()));
        match command {
            Command::Place { pet, buyer } => {
                let order = app.place_order(&actor(buyer), self.pets[pet]).await?;
                self.orders.push(order.id);
            }
            Command::Pay { order: number, buyer, payment } => {
                app.pay_order(&actor(buyer), order(number), draft(payment)).await?;
            }
            Command::Ship { order: number, by_staff } => {
                app.ship_order(&if by_staff { staff } else { actor(0) }, order(number)).await?;
            }
            Command::Deliver { order: number } => {
                app.deliver_order(&staff, order(number)).await?;
            }
            Command::Cancel { order: number, buyer } => {
                app.cancel_order(&actor(buyer), order(number)).await?;
            }
            Command::Update { pet, status } => {
                let draft = PetDraft { status: Some(status), ..PetDraft::default() };
                app.update_pet(&staff, self.pets[pet], draft).await?;
            }
            Command::Delete { pet } => app.delete_pet(&staff, self.pets[pet]).await?,
        }
        Ok(())
    }
}

fn draft(payment: Payment) -> PaymentDraft {
    match payment {
        Payment::Good => inside::payment(7500, GOOD_CARD),
        Payment::Declined => inside::payment(7500, DECLINED_CARD),
        Payment::TooLittle => inside::payment(7499, GOOD_CARD),
    }
}

async fn hold_to_the_model(server: &TestServer, database: &mut Database, commands: &[Command]) {
    let mut real = Real { server, pets: Vec::new(), orders: Vec::new() };
    for number in 0..PETS {
        let draft = inside::pet(&format!("Rex {number}"));
        real.pets.push(server.app().create_pet(&staff_of(Tenant::PUBLIC), draft).await.unwrap().id);
    }
    let mut model = Model { pets: vec![Some(P::Available); PETS], orders: Vec::new() };
    let (mut log, mut audits) = (database.head().await, database.audit_count().await);
    for (step, command) in commands.iter().enumerate() {
        let expected = model.apply(*command);
        let outcome = real.apply(*command).await;
        let at = || format!("step {step} of {commands:?}");
        assert_eq!(outcome.map_err(|error| error.code()), expected.outcome, "{}", at());
        let events = database.events(log).await;
        let kinds: Vec<&str> = events.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(kinds, expected.events, "{}", at());
        log += i64::try_from(events.len()).unwrap();
        assert_eq!(events.last().map_or(log, |event| event.seq), log, "no hole at {}", at());
        let audit = database.audit(audits).await;
        let actions: Vec<&str> = audit.iter().map(|row| row.action.as_str()).collect();
        assert_eq!(actions, expected.action.as_slice(), "{}", at());
        audits += i64::try_from(audit.len()).unwrap();
    }
    let principal = staff_of(Tenant::PUBLIC).principal;
    for (id, (_, _, status, _)) in real.orders.iter().zip(&model.orders) {
        assert_eq!(server.app().get_order(&principal, *id).await.unwrap().status, *status, "{commands:?}");
    }
    for (id, status) in real.pets.iter().zip(&model.pets) {
        let pet = server.app().get_pet(&principal, *id).await;
        assert_eq!(
            pet.map(|pet| pet.status).map_err(|error| error.code()),
            status.ok_or("not_found"),
            "{commands:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sequence_of_commands_goes_astray() {
    let server = Setup::empty().start().await;
    let database = Mutex::new(server.database().await);
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    let sequences = prop::collection::vec(command(), 1..40);
    let check = |commands: Vec<Command>| {
        let holds = async { hold_to_the_model(&server, &mut *database.lock().await, &commands).await };
        tokio::task::block_in_place(|| Handle::current().block_on(holds));
        Ok(())
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner.run(&sequences, check).unwrap_or_else(|failure| panic!("{failure}"));
    let delivered = "SELECT count(*) FROM orders WHERE status = 'DELIVERED'";
    assert!(
        database.lock().await.number(delivered).await > 0,
        "no sequence came to the end of an order's life"
    );
}
