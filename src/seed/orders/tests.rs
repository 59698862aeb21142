use super::*;
use std::collections::{HashMap, HashSet};

use crate::domain::payment::Source;
use crate::domain::{OrderId, PetId};
use crate::seed::Past;

fn past() -> Past {
    Past::generate("http://127.0.0.1:8080").unwrap()
}

fn payments_of(past: &Past) -> HashMap<OrderId, Vec<&Payment>> {
    let mut payments: HashMap<OrderId, Vec<&Payment>> = HashMap::new();
    for payment in &past.ledger.payments {
        payments.entry(payment.order_id).or_default().push(payment);
    }
    payments
}

#[test]
fn every_status_has_its_orders_and_alice_and_bob_have_some_of_each() {
    let past = past();
    assert_eq!(past.ledger.orders.len(), 300);
    let buyers = [None, Some(past.users[2].id), Some(past.users[3].id)];
    for (status, count) in ENDINGS {
        let orders: Vec<&Order> = past.ledger.orders.iter().filter(|order| order.status == status).collect();
        assert_eq!(orders.len(), count, "{status}");
        for buyer in &buyers[1..] {
            assert!(orders.iter().any(|order| order.user_id == *buyer), "{status} of {buyer:?}");
        }
    }
    let anonymous = past.ledger.orders.iter().filter(|order| order.user_id == buyers[0]).count();
    assert!((3..30).contains(&anonymous), "{anonymous}");
    let named: HashSet<_> = past.ledger.orders.iter().filter_map(|order| order.user_id).collect();
    assert!(named.len() > 40, "{}", named.len());
    let staff = &past.users[..2];
    assert!(staff.iter().all(|user| !named.contains(&user.id)), "the staff does not buy");
}

#[test]
fn orders_and_pets_agree() {
    let past = past();
    let pets: HashMap<PetId, &Pet> = past.pets.iter().map(|pet| (pet.id, pet)).collect();
    let mut of_pet: HashMap<PetId, Vec<&Order>> = HashMap::new();
    for order in &past.ledger.orders {
        of_pet.entry(order.pet_id).or_default().push(order);
    }
    assert!(of_pet.values().filter(|orders| orders.len() > 1).count() >= ORDERED_AGAIN - 2);
    for (id, orders) in of_pet {
        let pet = pets[&id];
        for pair in orders.windows(2) {
            assert_eq!(pair[0].status, OrderStatus::Cancelled, "only a cancelled order frees a pet");
            assert!(pair[0].updated_at < pair[1].created_at);
        }
        let last = orders.last().unwrap();
        let expected = match last.status {
            OrderStatus::Placed => PetStatus::Pending,
            OrderStatus::Approved | OrderStatus::Shipped | OrderStatus::Delivered => PetStatus::Adopted,
            OrderStatus::Cancelled => PetStatus::Available,
        };
        assert_eq!(pet.status, expected);
        for order in &orders {
            assert_eq!((order.total_amount, order.currency), (pet.price, pet.currency));
            assert!(pet.created_at < order.created_at && order.created_at <= order.updated_at);
            assert!(order.updated_at.as_ms() <= CLOSED_MS);
        }
        assert!(pet.updated_at >= last.created_at && pet.updated_at <= last.updated_at);
    }
}

#[test]
fn payments_tell_how_an_order_got_where_it_is() {
    let past = past();
    let payments = payments_of(&past);
    let none = Vec::new();
    let (mut failed_first, mut refunded) = (0, 0);
    for order in &past.ledger.orders {
        let payments = payments.get(&order.id).unwrap_or(&none);
        let count = |status| payments.iter().filter(|payment| payment.status == status).count();
        let (good, back) = (count(PaymentStatus::Succeeded), count(PaymentStatus::Refunded));
        match order.status {
            OrderStatus::Placed => assert_eq!((good, back), (0, 0)),
            OrderStatus::Approved | OrderStatus::Shipped | OrderStatus::Delivered => {
                assert_eq!((good, back), (1, 0))
            }
            OrderStatus::Cancelled => assert!(good == 0 && back <= 1),
        }
        assert_eq!(count(PaymentStatus::Failed) + good + back, payments.len());
        assert!(order.user_id.is_some() || payments.is_empty(), "nobody logged in, nobody paid");
        failed_first += usize::from(good == 1 && payments[0].status == PaymentStatus::Failed);
        refunded += back;
        for payment in payments {
            assert_eq!((payment.amount, payment.currency), (order.total_amount, order.currency));
            assert!(order.created_at < payment.created_at);
            assert_eq!(payment.failure_code.is_some(), payment.status == PaymentStatus::Failed);
            if order.status != OrderStatus::Placed {
                assert!(payment.created_at <= order.updated_at);
            }
        }
    }
    assert!(failed_first > 5 && refunded > 10, "{failed_first} {refunded}");
    let brands: HashSet<_> = past
        .ledger
        .payments
        .iter()
        .filter_map(|payment| match &payment.source {
            Source::Card { brand, .. } => Some(*brand),
            Source::BankAccount { .. } => None,
        })
        .collect();
    assert_eq!(brands.len(), crate::domain::payment::CardBrand::ALL.len());
    let banks =
        past.ledger.payments.iter().filter(|p| matches!(p.source, Source::BankAccount { .. })).count();
    assert!(banks > 5, "{banks}");
}

#[test]
fn every_captured_payment_has_its_receipt() {
    let past = past();
    let receipts: HashMap<_, _> =
        past.ledger.receipts.iter().map(|receipt| (receipt.payment_id, receipt)).collect();
    assert_eq!(receipts.len(), past.ledger.receipts.len());
    for payment in &past.ledger.payments {
        let captured = payment.status != PaymentStatus::Failed;
        let receipt = receipts.get(&payment.id);
        assert_eq!(receipt.is_some(), captured);
        if let Some(receipt) = receipt {
            assert_eq!(receipt.generated_at, payment.created_at);
            assert_eq!(receipt.url, format!("http://127.0.0.1:8080/v1/receipts/{}", receipt.id));
        }
    }
}

#[test]
fn nobody_orders_before_they_signed_up() {
    let past = past();
    let since: HashMap<_, _> = past.users.iter().map(|user| (user.id, user.created_at)).collect();
    for order in &past.ledger.orders {
        assert!(order.user_id.is_none_or(|user| since[&user] < order.created_at));
    }
    let weeks: HashSet<i64> = past
        .ledger
        .orders
        .iter()
        .map(|order| (CLOSED_MS - order.created_at.as_ms()) / (7 * DAY_MS))
        .collect();
    assert!(weeks.len() > 10, "spread over the whole time: {weeks:?}");
}
