//! One table of what is refused, asked through every way to drive the store.

use crate::support::api::id;
use crate::support::story::{DECLINED_CARD, GOOD_CARD, Told, delete_pet};
use crate::support::{Api, Database, Driver, Refusal, Story, TestServer};

const NOWHERE: &str = "019b4139-1234-7abc-8def-123456789abc";

/// The demo store, and orders at every place of their life.
struct World {
    story: Story,
    bob: Api,
    anonymous: Api,
    pet: String,
    reserved: String,
    placed: String,
    approved: String,
    shipped: String,
    cancelled: String,
}

impl World {
    async fn new(server: &TestServer) -> Self {
        let story = Story::cast(server).await;
        let staff = &story.staff;
        let (mut orders, mut pets) = (Vec::new(), Vec::new());
        for name in ["Placed", "Approved", "Shipped", "Cancelled"] {
            let pet = staff.create_pet(name).await;
            orders.push(id(&story.buyer.place_order_of(&pet).await).to_owned());
            pets.push(id(&pet).to_owned());
        }
        for order in &orders[1..3] {
            Driver::Rest.pay(&story.buyer, order, "75.00", GOOD_CARD).await.unwrap();
        }
        Driver::Rest.ship(staff, &orders[2]).await.unwrap();
        Driver::Rest.cancel(&story.buyer, &orders[3]).await.unwrap();
        let pet = id(&staff.create_pet("Free").await).to_owned();
        let gone = id(&staff.create_pet("Gone").await).to_owned();
        delete_pet(staff, &gone).await.unwrap();
        let [placed, approved, shipped, cancelled] = orders.try_into().unwrap();
        let reserved = pets.swap_remove(0);
        let (bob, anonymous) = (server.user("bob").await, server.anonymous());
        Self { story, bob, anonymous, pet, reserved, placed, approved, shipped, cancelled }
    }
}

/// What was asked, the code that must be answered, and what was answered.
type Row = (&'static str, &'static str, Refusal);

/// The table, as it is filled through one driver.
struct Table {
    driver: Driver,
    database: Database,
    rows: Vec<Row>,
}

impl Table {
    async fn filled(server: &TestServer, world: &World, driver: Driver) -> Vec<Row> {
        let mut table = Self { driver, database: server.database().await, rows: Vec::new() };
        table.orders_and_payments(world).await;
        table.moves(world).await;
        table.pets_and_reads(world).await;
        table.rows
    }

    /// Makes a call that must be refused and leave nothing behind; of a declined payment the try is kept.
    async fn refused(&mut self, what: &'static str, code: &'static str, call: impl Future<Output = Told>) {
        let before = self.database.dump().await;
        let refusal = call.await.expect_err(what);
        let kept = code == "payment_declined";
        assert!(
            kept || before == self.database.dump().await,
            "{what} through {:?} left something",
            self.driver
        );
        self.rows.push((what, code, refusal));
    }

    /// Orders and payments.
    async fn orders_and_payments(&mut self, world: &World) {
        let driver = self.driver;
        let World { story, bob, anonymous, reserved, placed, approved, cancelled, .. } = world;
        let alice = &story.buyer;
        self.refused("order of an unknown pet", "not_found", driver.place(alice, NOWHERE)).await;
        self.refused("order of a malformed pet", "validation_failed", driver.place(alice, "42")).await;
        self.refused("order of a reserved pet", "pet_not_available", driver.place(bob, reserved)).await;
        self.refused(
            "payment of an unknown order",
            "not_found",
            driver.pay(alice, NOWHERE, "75.00", GOOD_CARD),
        )
        .await;
        self.refused(
            "payment of a malformed order",
            "malformed_request",
            driver.pay(alice, "42", "75.00", GOOD_CARD),
        )
        .await;
        self.refused("payment of another's order", "forbidden", driver.pay(bob, placed, "75.00", GOOD_CARD))
            .await;
        self.refused(
            "payment without a token",
            "unauthenticated",
            driver.pay(anonymous, placed, "75.00", GOOD_CARD),
        )
        .await;
        self.refused(
            "payment of too little",
            "validation_failed",
            driver.pay(alice, placed, "74.99", GOOD_CARD),
        )
        .await;
        self.refused(
            "payment of no amount",
            "validation_failed",
            driver.pay(alice, placed, "a lot", GOOD_CARD),
        )
        .await;
        self.refused(
            "payment with no card",
            "validation_failed",
            driver.pay(alice, placed, "75.00", "4242424242424241"),
        )
        .await;
        self.refused(
            "payment that is declined",
            "payment_declined",
            driver.pay(alice, placed, "75.00", DECLINED_CARD),
        )
        .await;
        self.refused("second payment", "already_paid", driver.pay(alice, approved, "75.00", GOOD_CARD)).await;
        self.refused(
            "payment of a cancelled order",
            "illegal_transition",
            driver.pay(alice, cancelled, "75.00", GOOD_CARD),
        )
        .await;
    }

    /// Shipping, delivering and cancelling.
    async fn moves(&mut self, world: &World) {
        let driver = self.driver;
        let World { story, bob, anonymous, placed, approved, shipped, cancelled, .. } = world;
        let (staff, alice, liar) = (&story.staff, &story.buyer, &anonymous.with_token("not.a.token"));
        self.refused("shipping what is not paid", "illegal_transition", driver.ship(staff, placed)).await;
        self.refused("shipping twice", "illegal_transition", driver.ship(staff, shipped)).await;
        self.refused("shipping as a customer", "forbidden", driver.ship(alice, approved)).await;
        self.refused("shipping without a token", "unauthenticated", driver.ship(anonymous, approved)).await;
        self.refused("shipping with a bad token", "unauthenticated", driver.ship(liar, approved)).await;
        self.refused("shipping an unknown order", "not_found", driver.ship(staff, NOWHERE)).await;
        self.refused("shipping a malformed order", "malformed_request", driver.ship(staff, "42")).await;
        self.refused("delivering what is not shipped", "illegal_transition", driver.deliver(staff, approved))
            .await;
        self.refused("delivering as a customer", "forbidden", driver.deliver(alice, shipped)).await;
        self.refused("cancelling another's order", "forbidden", driver.cancel(bob, placed)).await;
        self.refused("cancelling what is shipped", "illegal_transition", driver.cancel(alice, shipped)).await;
        self.refused("cancelling twice", "illegal_transition", driver.cancel(alice, cancelled)).await;
        self.refused("cancelling without a token", "unauthenticated", driver.cancel(anonymous, placed)).await;
    }

    /// Pets, and what is read.
    async fn pets_and_reads(&mut self, world: &World) {
        let driver = self.driver;
        let World { story, bob, anonymous, pet, reserved, placed, .. } = world;
        let (staff, alice) = (&story.staff, &story.buyer);
        self.refused("a pet without a name", "validation_failed", driver.create_pet(staff, "")).await;
        self.refused(
            "a pet with a long name",
            "validation_failed",
            driver.create_pet(staff, &"x".repeat(51)),
        )
        .await;
        self.refused("a pet by a customer", "forbidden", driver.create_pet(alice, "Rex")).await;
        self.refused("a pet without a token", "unauthenticated", driver.create_pet(anonymous, "Rex")).await;
        self.refused("changing an unknown pet", "not_found", driver.update_pet(staff, NOWHERE, "PENDING"))
            .await;
        self.refused(
            "changing a malformed pet",
            "malformed_request",
            driver.update_pet(staff, "42", "PENDING"),
        )
        .await;
        self.refused("freeing a reserved pet", "pet_in_use", driver.update_pet(staff, reserved, "AVAILABLE"))
            .await;
        self.refused("changing a pet as a customer", "forbidden", driver.update_pet(alice, pet, "PENDING"))
            .await;
        self.refused("reading another's order", "forbidden", driver.read_order(bob, placed)).await;
        self.refused("reading without a token", "unauthenticated", driver.read_order(anonymous, placed))
            .await;
        self.refused("reading a malformed order", "malformed_request", driver.read_order(alice, "42")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_table_of_refusals_is_the_same_everywhere_and_leaves_nothing() {
    let server = TestServer::demo().await;
    let world = World::new(&server).await;
    let rest = Table::filled(&server, &world, Driver::Rest).await;
    let graphql = Table::filled(&server, &world, Driver::GraphQl).await;
    let mut differences = Vec::new();
    for ((what, code, rest), (_, _, graphql)) in rest.iter().zip(&graphql) {
        let same = rest.code == *code && graphql.code == *code;
        if !same || rest.status != graphql.status || rest.fields != graphql.fields {
            differences.push(format!("{what} must be {code}:\n  REST {rest:?}\n  GraphQL {graphql:?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!((rest.len(), graphql.len()), (37, 37));
}
