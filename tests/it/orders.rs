//! The life of orders: one buyer wins, no sequence of commands goes astray.

mod model;

use std::collections::HashMap;

use serde_json::json;

use crate::support::api::id;
use crate::support::{Driver, TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_buyers_of_one_pet_exactly_one_wins() {
    const PETS: usize = 50;
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let buyers = [server.user("alice").await, server.user("bob").await, staff.clone(), server.anonymous()];
    let mut pets = Vec::new();
    for number in 0..PETS {
        pets.push(id(&staff.create_pet(&format!("Rex {number}")).await).to_owned());
    }
    let mut database = server.database().await;
    let log = database.head().await;
    let mut calls = Vec::new();
    for (number, pet) in pets.iter().enumerate() {
        for buyer in 0..2 + number % 7 {
            let driver = Driver::ALL[(number + buyer) % 2];
            let api = &buyers[buyer % buyers.len()];
            calls.push(async move { (pet, driver.place(api, pet).await) });
        }
    }
    let answers = futures_util::future::join_all(calls).await;
    let mut winners: HashMap<&str, Vec<String>> = HashMap::new();
    for (pet, answer) in &answers {
        match answer {
            Ok(order) => winners.entry(pet).or_default().push(id(order).to_owned()),
            Err(refusal) => {
                assert_eq!((refusal.code.as_str(), refusal.status), ("pet_not_available", Some(409)))
            }
        }
    }
    assert_eq!(winners.len(), PETS, "every pet found its buyer");
    assert!(winners.values().all(|orders| orders.len() == 1), "{winners:?}");
    for pet in &pets {
        let kept = format!("/v1/orders?petId={pet}");
        let orders = staff.get(&kept).await.result().unwrap();
        let orders: Vec<&str> = orders["data"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(orders, winners[pet.as_str()], "no other order was kept");
        let pet = staff.get(&format!("/v1/pets/{pet}")).await.result().unwrap();
        assert_eq!(pet["status"], "PENDING");
    }
    let created =
        database.events(log).await.iter().filter(|event| event.event_type == "order.created").count();
    assert_eq!(created, PETS, "one event for each order");
    database.assert_contiguous().await;
}

/// The last unit of everything is fought for at the same time by those who pay and those who cancel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_and_cancelling_at_once_end_in_one_of_the_two_orders() {
    let server = TestServer::demo().await;
    let (staff, alice) = (server.user("staff").await, server.user("alice").await);
    for number in 0..20 {
        let order = alice.place_order_of(&staff.create_pet(&format!("Rex {number}")).await).await;
        let order = id(&order);
        let pay = || Driver::Rest.pay(&alice, order, "75.00", crate::support::story::GOOD_CARD);
        let (first, second, cancelled) = tokio::join!(pay(), pay(), Driver::GraphQl.cancel(&alice, order));
        assert!(cancelled.is_ok(), "an order can be cancelled before and after it is paid: {cancelled:?}");
        assert!(!(first.is_ok() && second.is_ok()), "paid twice");
        let payments = alice
            .graphql(&format!("{{ order(id: {}) {{ payments {{ status }} }} }}", json!(order)))
            .await
            .unwrap();
        let paid = usize::from(first.is_ok()) + usize::from(second.is_ok());
        let expected: Vec<_> = (0..paid).map(|_| json!({ "status": "REFUNDED" })).collect();
        assert_eq!(payments["payments"], json!(expected), "what was captured was given back");
    }
}
