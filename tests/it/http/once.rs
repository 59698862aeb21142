//! `Idempotency-Key`: done once, answered the same.

use std::time::Duration;

use http::Method;
use petstore::clock::Clock;
use serde_json::{Value, json};

use crate::support::api::{DEMO_PASSWORD, id, text, with_json};
use crate::support::story::{DECLINED_CARD, GOOD_CARD, payment};
use crate::support::{Answer, Api, Setup, TestServer};

async fn keyed(api: &Api, key: &str, path: &str, body: &Value) -> Answer {
    api.send(with_json(api.request(Method::POST, path), body).header("idempotency-key", key)).await
}

/// Posts twice under one key: the same answer, the second time marked.
async fn twice(api: &Api, key: &str, path: &str, body: &Value) -> Answer {
    let first = keyed(api, key, path, body).await;
    let second = keyed(api, key, path, body).await;
    same(&first, &second);
    first
}

fn same(first: &Answer, second: &Answer) {
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(second.header("idempotency-replayed"), "true", "{second:?}");
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    for name in ["location", "content-type", "etag", "cache-control"] {
        assert_eq!(first.header(name), second.header(name), "{name}");
    }
}

async fn count(server: &TestServer, table: &str) -> i64 {
    server.database().await.number(&format!("SELECT count(*) FROM {table}")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_post_that_creates_or_pays_is_done_once() {
    let server = TestServer::demo().await;
    let (staff, alice) = (server.user("staff").await, server.user("alice").await);
    let pet = json!({ "name": "Rex", "species": "DOG", "ageMonths": 5, "price": "75.00" });
    let (pets, audit) = (count(&server, "pets").await, count(&server, "audit").await);
    let made = twice(&staff, "key-1", "/v1/pets", &pet).await;
    assert_eq!((made.status, count(&server, "pets").await), (201, pets + 1));
    assert_eq!(count(&server, "audit").await, audit + 1, "one change, one audit row");

    let order = twice(&alice, "\"key-1\"", "/v1/orders", &json!({ "petId": made.body["id"] })).await;
    assert_eq!(order.status, 201, "another user's key-1 is another key");
    let path = format!("/v1/orders/{}/payment", id(&order.body));
    let declined = twice(&alice, "key-2", &path, &payment("75.00", DECLINED_CARD)).await;
    assert_eq!((declined.status, declined.refusal().code.as_str()), (402, "payment_declined"));
    assert_eq!(declined.body["instance"], path.as_str());
    let paid = twice(&alice, "key-3", &path, &payment("75.00", GOOD_CARD)).await;
    assert_eq!(paid.status, 201);
    let unkeyed = alice.post(&path, payment("75.00", GOOD_CARD)).await;
    assert_eq!(unkeyed.refusal().code, "already_paid");

    let hook = json!({ "url": "http://127.0.0.1:9/", "eventTypes": ["pet.adopted"] });
    let made = twice(&staff, "key-4", "/v1/webhook-endpoints", &hook).await;
    assert!(text(&made.body, "secret").starts_with("whsec_"));

    let nobody = server.anonymous();
    let user = json!({ "username": "dora", "email": "dora@example.com", "password": DEMO_PASSWORD });
    let signed_up = twice(&nobody, "key-1", "/v1/users", &user).await;
    assert_eq!((signed_up.status, signed_up.header("cache-control")), (201, "no-store"));
    let login = json!({ "username": "dora", "password": DEMO_PASSWORD });
    let grant = twice(&nobody, "key-2", "/v1/auth/tokens", &login).await;
    assert_eq!(nobody.with_token(text(&grant.body, "token")).get("/v1/orders").await.status, 200);
    let refresh = json!({ "refreshToken": grant.body["refreshToken"] });
    assert_eq!(twice(&nobody, "key-3", "/v1/auth/tokens", &refresh).await.status, 200);

    let token = text(&grant.body, "token").to_owned();
    let mut database = server.database().await;
    let hidden = format!("SELECT count(*) FROM kept_answers WHERE instr(sealed, '{}') > 0", &token[..20]);
    assert_eq!(database.number("SELECT count(*) FROM kept_answers").await, 8);
    assert_eq!(database.number(&hidden).await, 0, "answers do not lie in clear");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_for_one_request() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = |name: &str| json!({ "name": name, "species": "DOG", "ageMonths": 5, "price": "75.00" });
    let made = keyed(&staff, "k", "/v1/pets", &pet("Rex")).await;
    let pets = count(&server, "pets").await;
    let other = keyed(&staff, "k", "/v1/pets", &pet("Max")).await;
    assert_eq!(
        (other.status, other.refusal().code.as_str()),
        (422, "idempotency_key_reused"),
        "another body"
    );
    assert_eq!(other.refusal().fields, ["Idempotency-Key"]);
    let other = keyed(&staff, "k", "/v1/orders", &json!({ "petId": made.body["id"] })).await;
    assert_eq!(other.refusal().code, "idempotency_key_reused", "another operation");
    // A refusal is not kept: mended, or when its time has come, the request may be sent again.
    let refused = keyed(&staff, "k2", "/v1/pets", &json!({ "name": "Rex" })).await;
    assert_eq!(refused.status, 422);
    assert_eq!(keyed(&staff, "k2", "/v1/pets", &pet("Rex")).await.status, 201);
    let long = "x".repeat(256);
    for key in ["", "a b", "\u{e9}", "a\tb", long.as_str()] {
        let refused = keyed(&staff, key, "/v1/pets", &pet("Rex")).await;
        assert_eq!(
            (refused.status, refused.refusal().fields),
            (400, vec!["Idempotency-Key".to_owned()]),
            "{key}"
        );
    }
    assert_eq!(keyed(&staff, &"x".repeat(255), "/v1/pets", &pet("Rex")).await.status, 201);
    assert_eq!(count(&server, "pets").await, pets + 2);
    // A tenant's key is the tenant's.
    let user = json!({ "username": "emil", "email": "emil@example.com", "password": DEMO_PASSWORD });
    let tenant = server.anonymous().in_tenant("550e8400-e29b-41d4-a716-446655440000");
    assert_eq!(keyed(&server.anonymous(), "t", "/v1/users", &user).await.status, 201);
    assert_eq!(keyed(&tenant, "t", "/v1/users", &user).await.header("idempotency-replayed"), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twins_one_is_done() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pets = count(&server, "pets").await;
    for round in 0..5 {
        let key = format!("round-{round}");
        let pet = json!({ "name": key, "species": "DOG", "ageMonths": 5, "price": "75.00" });
        let twins = (0..8).map(|_| keyed(&staff, &key, "/v1/pets", &pet));
        let answers = futures_util::future::join_all(twins).await;
        let done: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
        let fresh = done.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count();
        assert_eq!(fresh, 1, "exactly one was done");
        assert!(done.iter().all(|answer| answer.body == done[0].body));
        for late in answers.iter().filter(|answer| answer.status != 201) {
            assert_eq!((late.status, late.refusal().code.as_str()), (409, "idempotency_conflict"));
        }
        assert_eq!(keyed(&staff, &key, "/v1/pets", &pet).await.body, done[0].body);
    }
    assert_eq!(count(&server, "pets").await, pets + 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_outlive_a_restart_and_end_after_a_day() {
    let clock = Clock::manual(1_800_000_000_000);
    let server = Setup::demo().clock(&clock).start().await;
    let staff = server.user("staff").await;
    let pet = json!({ "name": "Rex", "species": "DOG", "ageMonths": 5, "price": "75.00" });
    let first = keyed(&staff, "k", "/v1/pets", &pet).await;
    let server = server.restart().await;
    same(&first, &keyed(&staff, "k", "/v1/pets", &pet).await);
    clock.advance(Duration::from_hours(24));
    let staff = server.user("staff").await;
    crate::support::eventually("the key to be purged", async || {
        (count(&server, "kept_answers").await == 0).then_some(())
    })
    .await;
    let again = keyed(&staff, "k", "/v1/pets", &pet).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, ""));
    assert_ne!(again.body["id"], first.body["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_to_an_order_heed_its_version_and_declines_end() {
    let server = Setup::demo().set("store.max_failed_payments", 2).start().await;
    let (staff, alice) = (server.user("staff").await, server.user("alice").await);
    let pet = staff.create_pet("Rex").await;
    let order = alice.post("/v1/orders", json!({ "petId": id(&pet) })).await;
    let path = format!("/v1/orders/{}/payment", id(&order.body));
    let body = payment(text(&order.body, "totalAmount"), DECLINED_CARD);
    let stale = with_json(alice.request(Method::POST, &path), &body).header("if-match", "\"other\"");
    assert_eq!(alice.send(stale).await.status, 412);
    let (head, tag) = (count(&server, "payments").await, order.header("etag"));
    let fresh = with_json(alice.request(Method::POST, &path), &body).header("if-match", tag);
    assert_eq!(alice.send(fresh).await.status, 402);
    assert_eq!(alice.post(&path, body.clone()).await.status, 402);
    let refused = alice.post(&path, body).await;
    assert_eq!((refused.status, refused.refusal().code.as_str()), (409, "limit_reached"));
    assert_eq!(count(&server, "payments").await, head + 2);
}
