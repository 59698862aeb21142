//! The orders of the demo store, each lived through with the domain's own rules: what the domain would refuse cannot
//! be in the seed.

use std::ops::RangeInclusive;

use super::generator::Random;
use super::payments::{Payer, decline, pay};
use super::{CLOSED_MS, DAY_MS, HOUR_MS, MINUTE_MS};
use crate::domain::order::OrderCommand;
use crate::domain::{
    Error, Order, OrderId, OrderStatus, Payment, PaymentStatus, Pet, PetStatus, Receipt, Result, Tenant,
    Timestamp, User,
};

/// How many end in each status; 300 together.
const ENDINGS: [(OrderStatus, usize); 5] = [
    (OrderStatus::Cancelled, 50),
    (OrderStatus::Placed, 70),
    (OrderStatus::Approved, 45),
    (OrderStatus::Shipped, 40),
    (OrderStatus::Delivered, 95),
];

/// What alice and bob have of each, so that whoever logs in as one of them finds something in every state.
const ALICE: [(OrderStatus, usize); 5] = [
    (OrderStatus::Cancelled, 1),
    (OrderStatus::Placed, 2),
    (OrderStatus::Approved, 1),
    (OrderStatus::Shipped, 1),
    (OrderStatus::Delivered, 3),
];
const BOB: [(OrderStatus, usize); 5] = [
    (OrderStatus::Cancelled, 2),
    (OrderStatus::Placed, 1),
    (OrderStatus::Approved, 1),
    (OrderStatus::Shipped, 1),
    (OrderStatus::Delivered, 1),
];

/// Pets whose order was cancelled and that someone else ordered later.
const ORDERED_AGAIN: usize = 15;

/// How long things take, in minutes: to type in a card, to sleep on it, to ship, to deliver, to change one's mind.
const TYPING: RangeInclusive<i64> = 2..=30;
const SLEEPING: RangeInclusive<i64> = 60..=20 * 60;
const SHIPPING: RangeInclusive<i64> = 20 * 60..=60 * 60;
const DELIVERY: RangeInclusive<i64> = 24 * 60..=96 * 60;
const SECOND_THOUGHTS: RangeInclusive<i64> = 40..=40 * 60;

/// A pet that is ordered has been free since this long before the end or longer: enough for any order to come to its
/// end.
const FREE_MS: i64 = 14 * DAY_MS;

/// Everything that came of the orders, each list in the order of time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    pub orders: Vec<Order>,
    pub payments: Vec<Payment>,
    pub receipts: Vec<Receipt>,
}

/// A pet that can be ordered: its place in the list, and since when.
#[derive(Clone, Copy)]
struct Free {
    pet: usize,
    since: Timestamp,
}

/// What is given to every order.
struct Market<'a> {
    pets: &'a mut [Pet],
    /// By the time they signed up; the first two are alice and bob.
    customers: &'a [User],
    public_url: &'a str,
    ledger: Ledger,
}

/// Orders `pets` on behalf of `users` (as [`super::people::people`] made them), and moves the pets along.
///
/// # Errors
/// What the domain refuses.
pub(super) fn orders(
    random: &mut Random,
    pets: &mut [Pet],
    users: &[User],
    public_url: &str,
) -> Result<Ledger> {
    let latest = Timestamp::from_ms(CLOSED_MS - FREE_MS);
    let mut free: Vec<Free> = (0..pets.len())
        .filter(|index| pets[*index].status == PetStatus::Available && pets[*index].created_at <= latest)
        .map(|pet| Free { pet, since: pets[pet].created_at })
        .collect();
    random.shuffle(&mut free);
    let customers = users.get(2..).unwrap_or_default();
    let mut market = Market { pets, customers, public_url, ledger: Ledger::default() };
    let mut returned = Vec::new();
    for (ending, buyer) in endings(random) {
        let again = if ending == OrderStatus::Cancelled { None } else { returned.pop() };
        let Some(pet) = again.or_else(|| free.pop()) else {
            return Err(Error::internal("the seed has fewer pets than orders"));
        };
        let ended = market.live(random, pet, ending, buyer)?;
        if ending == OrderStatus::Cancelled && ended <= latest && returned.len() < ORDERED_AGAIN {
            returned.push(Free { since: ended, ..pet });
        }
    }
    let mut ledger = market.ledger;
    ledger.orders.sort_by_key(|order| (order.created_at, order.id));
    ledger.payments.sort_by_key(|payment| (payment.created_at, payment.id));
    ledger.receipts.sort_by_key(|receipt| (receipt.generated_at, receipt.id));
    Ok(ledger)
}

/// Every order to come: how it ends, and which customer it is of when that is settled. Those that are cancelled come
/// first, so that others can order their pets again.
fn endings(random: &mut Random) -> Vec<(OrderStatus, Option<usize>)> {
    let mut endings = Vec::new();
    for (index, (status, count)) in ENDINGS.into_iter().enumerate() {
        let (alice, bob) = (ALICE[index].1, BOB[index].1);
        endings.extend(vec![(status, Some(0)); alice]);
        endings.extend(vec![(status, Some(1)); bob]);
        endings.extend(vec![(status, None); count.saturating_sub(alice + bob)]);
    }
    let cancelled = ENDINGS[0].1;
    random.shuffle(&mut endings[cancelled..]);
    endings
}

impl Market<'_> {
    /// One order from its placing to `ending`; returns when it came there.
    fn live(
        &mut self,
        random: &mut Random,
        free: Free,
        ending: OrderStatus,
        buyer: Option<usize>,
    ) -> Result<Timestamp> {
        use OrderCommand as C;
        let placed = placed_at(random, ending, free.since);
        let paid = ending != OrderStatus::Placed && (ending != OrderStatus::Cancelled || random.chance(55));
        // Nobody logged in: nobody can pay later on.
        let anonymous = buyer.is_none() && !paid && random.chance(20);
        let customer = (!anonymous).then(|| self.customer(random, buyer, placed));
        let mut order = {
            let pet = &mut self.pets[free.pet];
            pet.status = PetStatus::Pending;
            pet.updated_at = placed;
            Order {
                id: OrderId(random.uuid_v7(placed)),
                tenant: Tenant::PUBLIC,
                pet_id: pet.id,
                user_id: customer.map(|customer| self.customers[customer].id),
                status: OrderStatus::Placed,
                total_amount: pet.price,
                currency: pet.currency,
                created_at: placed,
                updated_at: placed,
            }
        };
        let mut now = placed;
        if let Some(customer) = customer {
            now = self.settle(random, &mut order, customer, paid)?;
        }
        if paid {
            self.move_pet(free.pet, PetStatus::Adopted, now);
        }
        match ending {
            OrderStatus::Placed | OrderStatus::Approved => {}
            OrderStatus::Shipped => advance(&mut order, C::Ship, later(random, now, SHIPPING))?,
            OrderStatus::Delivered => {
                advance(&mut order, C::Ship, later(random, now, SHIPPING))?;
                let shipped = order.updated_at;
                advance(&mut order, C::Deliver, later(random, shipped, DELIVERY))?;
            }
            OrderStatus::Cancelled => {
                advance(&mut order, C::Cancel, later(random, now, SECOND_THOUGHTS))?;
                self.refund(&order);
                self.move_pet(free.pet, PetStatus::Available, order.updated_at);
            }
        }
        let ended = order.updated_at;
        self.ledger.orders.push(order);
        Ok(ended)
    }

    /// Tries to pay: some cards are declined first, and some never get further. Returns when the last try was.
    fn settle(
        &mut self,
        random: &mut Random,
        order: &mut Order,
        customer: usize,
        paid: bool,
    ) -> Result<Timestamp> {
        let payer = Payer::new(&self.customers[customer], customer);
        let mut now = order.created_at;
        if random.chance(if paid { 8 } else { 15 }) {
            now = later(random, now, TYPING);
            self.ledger.payments.push(decline(random, order, &payer, now)?);
        }
        if !paid {
            return Ok(now);
        }
        // Most pay at once, some sleep on it.
        let pause = if random.chance(85) { TYPING } else { SLEEPING };
        now = later(random, now, pause);
        let (payment, receipt) = pay(random, order, &payer, now, self.public_url)?;
        self.ledger.payments.push(payment);
        self.ledger.receipts.push(receipt);
        advance(order, OrderCommand::Approve, now)?;
        Ok(now)
    }

    fn refund(&mut self, order: &Order) {
        let captured = |payment: &&mut Payment| {
            payment.order_id == order.id && payment.status == PaymentStatus::Succeeded
        };
        if let Some(payment) = self.ledger.payments.iter_mut().rev().find(captured) {
            payment.status = PaymentStatus::Refunded;
        }
    }

    fn move_pet(&mut self, pet: usize, status: PetStatus, at: Timestamp) {
        self.pets[pet].status = status;
        self.pets[pet].updated_at = at;
    }

    /// `buyer`, or anyone else who had signed up by then; alice when there was no one.
    fn customer(&self, random: &mut Random, buyer: Option<usize>, at: Timestamp) -> usize {
        let signed_up = self.customers.partition_point(|customer| customer.created_at < at);
        let other = if signed_up > 2 { 2 + random.below(signed_up - 2) } else { 0 };
        buyer.unwrap_or(other)
    }
}

/// When an order was placed that came to `ending`, of a pet that is free since then.
fn placed_at(random: &mut Random, ending: OrderStatus, since: Timestamp) -> Timestamp {
    let recent =
        |days: RangeInclusive<i64>| CLOSED_MS - days.end() * DAY_MS..=CLOSED_MS - days.start() * DAY_MS;
    // The spans leave room for everything that follows.
    let window = match ending {
        OrderStatus::Placed => CLOSED_MS - 6 * DAY_MS..=CLOSED_MS - HOUR_MS,
        OrderStatus::Approved => recent(1..=4),
        OrderStatus::Shipped => recent(4..=9),
        OrderStatus::Delivered => since.as_ms() + 6 * HOUR_MS..=CLOSED_MS - 10 * DAY_MS,
        OrderStatus::Cancelled => since.as_ms() + 2 * HOUR_MS..=CLOSED_MS - 4 * DAY_MS,
    };
    Timestamp::from_ms(match ending {
        // Most pets find someone soon after they arrive.
        OrderStatus::Delivered | OrderStatus::Cancelled => random.early(window),
        OrderStatus::Placed | OrderStatus::Approved | OrderStatus::Shipped => random.within(window),
    })
}

/// Some time after `at`, within `minutes`.
fn later(random: &mut Random, at: Timestamp, minutes: RangeInclusive<i64>) -> Timestamp {
    let (start, end) = minutes.into_inner();
    at.plus_ms(random.early(start * MINUTE_MS..=end * MINUTE_MS))
}

fn advance(order: &mut Order, command: OrderCommand, at: Timestamp) -> Result<()> {
    order.status = order.status.after(command)?;
    order.updated_at = at;
    Ok(())
}

#[cfg(test)]
mod tests;
