//! The deliveries of a webhook endpoint, followed over GraphQL: every attempt in order, by presenting the last cursor.

use std::time::Duration;

use http::Method;
use petstore::clock::Clock;
use petstore::domain::{Position, Seq};
use petstore::telemetry::Channel;
use serde_json::{Value, json};

use crate::support::api::{id, text, with_json};
use crate::support::graphql::Connection;
use crate::support::{Api, Refusal, Setup, TestServer, eventually, sse, websocket, within};

const RETENTION_S: u64 = 3600;

/// Deliveries fail at once, and are dead after a second attempt.
fn impatient() -> (Setup, Clock) {
    let clock = Clock::manual(1_790_000_000_000);
    let setup = Setup::demo().clock(&clock).set("webhook.retry_schedule_s", "0,1");
    // No endpoint is spared for failing.
    let setup = setup.set("webhook.circuit_failures", 1000);
    (setup.set("store.event_retention_s", RETENTION_S), clock)
}

async fn endpoint(owner: &Api) -> String {
    let body = json!({ "url": "http://127.0.0.1:9/", "eventTypes": ["pet.created"] });
    id(&owner.post("/v1/webhook-endpoints", body).await.result().unwrap()).to_owned()
}

fn following(endpoint: &str, after: Option<&str>) -> String {
    let after = after.map_or(String::new(), |after| format!(", after: {}", json!(after)));
    format!(
        "subscription {{ deliveries(endpoint: {}{after}) {{ cursor timestamp attempt {{ number deliveryId error }}
            delivery {{ id status attemptCount eventType }} }} }}",
        json!(endpoint)
    )
}

/// Where the endpoint's attempts stand.
async fn position(api: &Api, endpoint: &str) -> String {
    let query = format!("{{ deliveriesCursor(endpoint: {}) }}", json!(endpoint));
    api.graphql(&query).await.unwrap().as_str().unwrap().to_owned()
}

async fn take(connection: &mut Connection, count: usize) -> Vec<Value> {
    let mut items = Vec::new();
    while items.len() < count {
        items.push(within("an attempt", connection.next()).await.unwrap().1);
    }
    items
}

/// What the server refuses a subscription with, or ends one.
async fn refusal(api: &Api, endpoint: &str, after: Option<&str>) -> Refusal {
    let mut connection = Connection::open(api).await.unwrap();
    connection.subscribe("s1", &following(endpoint, after)).await;
    within("a refusal", connection.next()).await.unwrap_err()
}

async fn stream(api: &Api, query: &str, accept: &str, last_seen: Option<&str>) -> reqwest::RequestBuilder {
    let request = with_json(api.request(Method::POST, "/v1/graphql"), &json!({ "query": query }));
    let request = request.header("accept", accept);
    match last_seen {
        Some(cursor) => request.header("last-event-id", cursor),
        None => request,
    }
}

fn cursors(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| text(item, "cursor")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attempt_comes_in_order_and_can_be_gone_on_after() {
    let server = impatient().0.start().await;
    let staff = server.user("staff").await;
    let (followed, other) = (endpoint(&staff).await, endpoint(&staff).await);
    let start = position(&staff, &followed).await;
    let mut live = Connection::open(&staff).await.unwrap();
    live.subscribe("s1", &following(&followed, None)).await;
    let channel = server.metrics().channel(Channel::GraphQl);
    let open = eventually("the subscription", async || (channel.subscriptions() == 1).then_some(()));
    open.await;
    // More than a page, for the one who comes later.
    for _ in 0..12 {
        staff.create_pet("Rex").await;
    }
    server.quiet().await;
    let items = take(&mut live, 24).await;
    let mut deliveries: Vec<&str> = items.iter().map(|item| text(&item["delivery"], "id")).collect();
    deliveries.sort_unstable();
    deliveries.dedup();
    assert_eq!(deliveries.len(), 12, "none of the other endpoint {other}");
    for delivery in deliveries {
        let mut of_it = items.iter().filter(|item| item["attempt"]["deliveryId"] == delivery);
        let numbers: Vec<_> = of_it.clone().map(|item| item["attempt"]["number"].clone()).collect();
        assert_eq!(numbers, [1, 2], "{delivery}");
        let newest = &of_it.next_back().unwrap()["delivery"];
        assert_eq!((&newest["status"], &newest["attemptCount"]), (&json!("DEAD_LETTER"), &json!(2)));
    }

    let server = server.restart().await;
    for seen in [0_usize, 1, 15, 23] {
        let after = seen.checked_sub(1).map_or(start.as_str(), |last| text(&items[last], "cursor"));
        let mut resumed = Connection::open(&staff).await.unwrap();
        resumed.subscribe("s1", &following(&followed, Some(after))).await;
        let rest = take(&mut resumed, 24 - seen).await;
        assert_eq!(cursors(&rest), cursors(&items[seen..]), "after {seen}");
    }

    // The same as an event stream, whose ids are the cursors, and in parts.
    let query = following(&followed, Some(&start));
    let request = stream(&staff, &query, "text/event-stream", Some(text(&items[21], "cursor"))).await;
    let mut events = sse::Stream::open(request).await.unwrap();
    for expected in &items[22..] {
        let block = loop {
            let block = within("a block", events.block()).await.unwrap().unwrap();
            if block.event.is_some() {
                break block;
            }
        };
        assert_eq!(block.id.as_deref(), expected["cursor"].as_str());
        let data: Value = serde_json::from_str(&block.data.unwrap()).unwrap();
        assert_eq!(data["data"]["deliveries"]["attempt"], expected["attempt"]);
    }
    let query = following(&followed, Some(text(&items[22], "cursor")));
    let mut parts = stream(&staff, &query, "multipart/mixed", None).await.send().await.unwrap();
    let mut body = String::new();
    while !body.contains(text(&items[23], "cursor")) {
        let chunk = within("a part", parts.chunk()).await.unwrap().expect("the answer goes on");
        body.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(!body.contains(text(&items[22], "cursor")), "{body}");

    // Live again after the replay, by hand this time.
    let last = text(&items[23], "cursor");
    let mut resumed = Connection::open(&staff).await.unwrap();
    resumed.subscribe("s1", &following(&followed, Some(last))).await;
    let again = text(&items[0]["delivery"], "id");
    let resend = format!("/v1/webhook-endpoints/{followed}/deliveries/{again}/resend");
    assert_eq!(staff.command(&resend).await.status, 202);
    server.quiet().await;
    let third = take(&mut resumed, 1).await.remove(0);
    assert_eq!((&third["attempt"]["number"], text(&third["delivery"], "id")), (&json!(3), again));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_follow_or_no_longer_is_told_so() {
    let server = impatient().0.start().await;
    let (staff, alice) = (server.user("staff").await, server.user("alice").await);
    let (staffs, hers) = (endpoint(&staff).await, endpoint(&alice).await);
    assert_eq!(refusal(&server.anonymous(), &staffs, None).await.code, "unauthenticated");
    assert_eq!(refusal(&alice, &staffs, None).await.code, "not_found", "another's is not there");
    let elsewhere = server.anonymous().in_tenant("019b4132-70aa-764f-b315-e2803d882a01");
    let elsewhere = elsewhere.sign_up("mallory").await;
    assert_eq!(refusal(&elsewhere, &hers, None).await.code, "not_found", "another tenant's is not there");
    assert_eq!(refusal(&alice, "1", None).await.code, "malformed_request");
    let unknown = alice.graphql(&format!("{{ deliveriesCursor(endpoint: {}) }}", json!(staffs))).await;
    assert_eq!(unknown.unwrap_err().code, "not_found");

    // The endpoint goes: its followers are told at once.
    let mut followed = Connection::open(&staff).await.unwrap();
    followed.subscribe("s1", &following(&staffs, Some(&position(&staff, &staffs).await))).await;
    let channel = server.metrics().channel(Channel::GraphQl);
    eventually("the subscription", async || (channel.subscriptions() == 1).then_some(())).await;
    staff.delete(&format!("/v1/webhook-endpoints/{staffs}")).await.result().unwrap();
    assert_eq!(within("the end", followed.next()).await.unwrap_err().code, "not_found");

    // The follower goes.
    let mut followed = Connection::open(&alice).await.unwrap();
    followed.subscribe("s1", &following(&hers, None)).await;
    eventually("the subscription", async || (channel.subscriptions() == 1).then_some(())).await;
    let admin = server.user("admin").await;
    let status = format!("/v1/admin/users/{}/status", alice.user_id());
    admin.patch(&status, json!({ "status": "SUSPENDED" })).await.result().unwrap();
    let end = within("the end", followed.next()).await.unwrap_err();
    assert_eq!((end.status, end.text.as_str()), (Some(4401), "token_revoked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_that_cannot_be_gone_on_after_is_named() {
    let (setup, clock) = impatient();
    let server = setup.set("webhook.dead_letter_retention_s", RETENTION_S).start().await;
    let staff = server.user("staff").await;
    let followed = endpoint(&staff).await;
    let start = position(&staff, &followed).await;
    staff.create_pet("Rex").await;
    server.quiet().await;
    let mut live = Connection::open(&staff).await.unwrap();
    live.subscribe("s1", &following(&followed, Some(&start))).await;
    let items = take(&mut live, 2).await;
    let last = text(&items[1], "cursor");

    let foreign = TestServer::demo().await;
    let owner = foreign.user("staff").await;
    let foreign = position(&owner, &endpoint(&owner).await).await;
    let own = Position::parse_attempts("after", last).unwrap();
    let future = Position { seq: Seq(own.seq.0 + 1000), ..own }.to_attempts_cursor();
    for cursor in [&foreign, &future] {
        assert_eq!(refusal(&staff, &followed, Some(cursor)).await.code, "cursor_foreign");
    }
    let of_the_log = websocket::position(&staff).await.unwrap();
    for cursor in ["yesterday", "", "a.", &of_the_log, &last[..last.len() - 1]] {
        let refusal = refusal(&staff, &followed, Some(cursor)).await;
        assert_eq!(
            (refusal.code.as_str(), &refusal.fields[..]),
            ("malformed_request", &["after".to_owned()][..])
        );
    }
    let topic = "subscription { orderStatusChanged(after: \"CURSOR\") { cursor } }".replace("CURSOR", last);
    let mut log = Connection::open(&staff).await.unwrap();
    log.subscribe("s1", &topic).await;
    assert_eq!(within("a refusal", log.next()).await.unwrap_err().code, "malformed_request");

    clock.advance(Duration::from_secs(RETENTION_S + 60));
    server.app().purge(RETENTION_S).await.unwrap();
    for cursor in [start.as_str(), text(&items[0], "cursor")] {
        assert_eq!(refusal(&staff, &followed, Some(cursor)).await.code, "cursor_expired");
    }
    // Nothing is missing after the last one that was purged.
    let mut resumed = Connection::open(&staff).await.unwrap();
    resumed.subscribe("s1", &following(&followed, Some(last))).await;
    staff.create_pet("Young").await;
    server.quiet().await;
    assert_eq!(take(&mut resumed, 1).await[0]["attempt"]["number"], 1);
}
