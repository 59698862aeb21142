//! Webhooks as their owners meet them: endpoints, what is done to them by hand, lists and jobs, over REST.

use petstore::clock::Clock;
use serde_json::{Value, json};

use crate::support::api::{id, text};
use crate::support::{Api, Receiver, Setup, TestServer, eventually};

async fn endpoint(owner: &Api, body: Value) -> Value {
    owner.post("/v1/webhook-endpoints", body).await.result().unwrap()
}

fn path(endpoint: &Value, rest: &str) -> String {
    format!("/v1/webhook-endpoints/{}{rest}", id(endpoint))
}

/// An endpoint that nobody answers, with one dead letter.
async fn with_a_dead_letter(server: &TestServer, staff: &Api) -> (Value, Value) {
    let body = json!({ "url": "http://127.0.0.1:9/", "eventTypes": ["pet.created"] });
    let endpoint = endpoint(staff, body).await;
    staff.create_pet("Rex").await;
    server.quiet().await;
    let found = staff.get(&path(&endpoint, "/deliveries?status=DEAD_LETTER")).await.result().unwrap();
    assert_eq!(found["pagination"]["totalItems"], 1, "{found}");
    (endpoint, found["data"][0].clone())
}

fn impatient() -> Setup {
    Setup::demo().set("webhook.retry_schedule_s", "0,1").clock(&Clock::manual(1_790_000_000_000))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_says_all_that_it_is_and_never_its_secrets() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let asked = json!({
        "url": "https://example.com/hook", "description": "mine", "eventTypes": ["order.*", "pet.created"],
        "filter": { "conditions": [{ "field": "order.status", "operator": "eq", "values": ["PLACED"] }] },
        "headers": { "Authorization": "Bearer hush" }, "ordering": "perResource", "maxPerSecond": 5,
        "timeoutMs": 4000, "ed25519": true,
    });
    let made = endpoint(&staff, asked.clone()).await;
    let shown = staff.get(&path(&made, "")).await.result().unwrap();
    for field in
        ["url", "description", "eventTypes", "filter", "ordering", "maxPerSecond", "timeoutMs", "ed25519"]
    {
        assert_eq!(shown[field], asked[field], "{field}");
    }
    assert_eq!(shown["headers"], json!({ "Authorization": "***" }));
    assert!(text(&made, "secret").starts_with("whsec_") && text(&made, "publicKey").starts_with("whpk_"));
    assert!(shown.get("secret").is_none() && !shown.to_string().contains("hush"));
    let mut database = server.database().await;
    for secret in ["hush", &text(&made, "secret")[6..]] {
        let rows = database.dump().await;
        assert!(!rows.iter().any(|row| row.contains(secret)), "{secret} stands in the database");
    }
    let bad = json!({ "url": "https://example.com/", "eventTypes": ["*"], "maxPerSecond": 5000, "timeoutMs": 1,
        "headers": { "Host": "x" }, "ordering": "random" });
    let refusal = staff.post("/v1/webhook-endpoints", bad).await.refusal();
    assert_eq!(refusal.fields, ["ordering"]);
    let bad = json!({ "url": "https://example.com/", "eventTypes": ["*"], "maxPerSecond": 5000, "timeoutMs": 1,
        "headers": { "Host": "x" } });
    let refusal = staff.post("/v1/webhook-endpoints", bad).await.refusal();
    assert_eq!(refusal.fields, ["maxPerSecond", "timeoutMs", "headers.Host"]);
    // JSON knows no difference between 5 and 5.0.
    let whole = json!({ "maxPerSecond": 5.0, "timeoutMs": 4000.0 });
    assert_eq!(staff.patch(&path(&made, ""), whole).await.result().unwrap()["maxPerSecond"], 5);
    for (bad, field) in
        [(json!({ "maxPerSecond": -1 }), "maxPerSecond"), (json!({ "timeoutMs": 1.5 }), "timeoutMs")]
    {
        assert_eq!(staff.patch(&path(&made, ""), bad).await.refusal().fields, [field]);
    }
    let rotated = staff.post(&path(&made, "/rotate-secret"), json!({ "overlapSeconds": 60.0 })).await;
    assert_eq!(rotated.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_hand_one_is_sent_again_and_all_that_failed() {
    let server = impatient().start().await;
    let staff = server.user("staff").await;
    let (endpoint, dead) = with_a_dead_letter(&server, &staff).await;
    let delivery = path(&endpoint, &format!("/deliveries/{}", id(&dead)));
    let again = staff.command(&format!("{delivery}/resend")).await;
    assert_eq!((again.status, &again.body["status"]), (202, &json!("PENDING")));
    let dead = eventually("two more attempts", async || {
        server.quiet().await;
        let now = staff.get(&delivery).await.result().unwrap();
        (now["status"] == "DEAD_LETTER" && now["attempts"] == 4).then_some(())
    });
    dead.await;

    let body = json!({ "since": "2020-01-01T00:00:00Z" });
    let job = staff.post(&path(&endpoint, "/resend-failed"), body).await;
    assert_eq!((job.status, &job.body["kind"]), (202, &json!("RESEND_FAILED")));
    let job = path(&endpoint, &format!("/jobs/{}", id(&job.body)));
    let done = eventually("the job", async || {
        Some(staff.get(&job).await.result().unwrap()).filter(|job| job["status"] == "FINISHED")
    });
    let done = done.await;
    assert_eq!((&done["queued"], &done["progressPercent"]), (&json!(1), &json!(100)));
    let twice = eventually("two more attempts", async || {
        server.quiet().await;
        (staff.get(&delivery).await.result().unwrap()["attempts"] == 6).then_some(())
    });
    twice.await;
    let attempts = staff.get(&path(&endpoint, "/attempts?succeeded=false&limit=5")).await.result().unwrap();
    assert_eq!(attempts["pagination"]["totalItems"], 6);
    let numbers: Vec<u64> = attempts["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [6, 5, 4, 3, 2]);
    assert_eq!(
        staff.get(&path(&endpoint, "/attempts?succeeded=true")).await.body["pagination"]["totalItems"],
        0
    );
    let none = staff.get(&path(&endpoint, "/deliveries?eventType=order.created")).await.body;
    assert_eq!(none["pagination"]["totalItems"], 0);
    let refusal = staff.get(&path(&endpoint, "/deliveries?status=LOST&since=now")).await.refusal();
    assert_eq!(refusal.fields, ["status", "since"]);

    let alice = server.user("alice").await;
    for (path, body) in [
        (format!("{delivery}/resend"), json!({})),
        (path(&endpoint, "/replay"), json!({ "since": "2020-01-01T00:00:00Z" })),
        (path(&endpoint, "/pause"), json!({})),
        (path(&endpoint, "/test"), json!({})),
        (path(&endpoint, "/rotate-secret"), json!({})),
    ] {
        assert_eq!(alice.post(&path, body).await.status, 404, "{path}: another's is not there");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_a_test_a_pause_and_a_rotation() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    for _ in 0..5 {
        staff.create_pet("Earlier").await;
    }
    let receiver = Receiver::subscribed(&staff, &["pet.created"]).await;
    let listed = staff.get("/v1/webhook-endpoints").await.result().unwrap();
    let endpoint = listed["data"][0].clone();
    staff.create_pet("Rex").await;
    receiver.until("the pet", |events| events.len() == 1).await;
    server.settled().await;

    let refusal = staff.post(&path(&endpoint, "/replay"), json!({})).await.refusal();
    assert_eq!(refusal.fields, ["since"]);
    let foreign =
        staff.post(&path(&endpoint, "/replay"), json!({ "cursor": "AAAAAAAAAAEAAAAAAAAAAQ" })).await;
    assert_eq!(foreign.refusal().code, "cursor_foreign");
    let replay = staff.post(&path(&endpoint, "/replay"), json!({ "since": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(replay.status, 202);
    receiver.until("the past", |events| events.len() >= 6).await;
    server.settled().await;
    let job = path(&endpoint, &format!("/jobs/{}", id(&replay.body)));
    let done = eventually("the job's end", async || {
        let job = staff.get(&job).await.body;
        (job["status"] == "FINISHED").then_some(job)
    });
    let done = done.await;
    let cancelled = staff.command(&format!("{job}/cancel")).await;
    assert_eq!((cancelled.status, cancelled.body), (200, done), "one that has ended stays as it is");

    let before = receiver.messages();
    let test = staff.command(&path(&endpoint, "/test")).await;
    assert_eq!(test.status, 202);
    let is_test =
        |event: &Value| event["eventId"] == test.body["eventId"] && event["eventType"] == "endpoint.test";
    receiver.until("the test", |events| events.iter().any(is_test)).await;
    server.settled().await;
    assert_eq!(receiver.messages(), before + 1);

    assert_eq!(staff.command(&path(&endpoint, "/pause")).await.body["paused"], true);
    staff.create_pet("Held").await;
    let held = eventually("the delivery", async || {
        let pending = staff.get(&path(&endpoint, "/deliveries?status=PENDING")).await.body;
        (pending["pagination"]["totalItems"] == 1).then_some(())
    });
    held.await;
    assert_eq!(receiver.messages(), before + 1);
    assert_eq!(staff.command(&path(&endpoint, "/resume")).await.body["paused"], false);
    eventually("what was held", async || (receiver.messages() == before + 2).then_some(())).await;

    let rotated = staff.post(&path(&endpoint, "/rotate-secret"), json!({ "overlapSeconds": 3600 })).await;
    assert_eq!(rotated.status, 200);
    assert!(
        text(&rotated.body, "secret").starts_with("whsec_")
            && rotated.body["previousSecretUntil"].is_string()
    );
    staff.create_pet("Both").await;
    // By the old secret, which is all that the receiver knows.
    eventually("the delivery", async || (receiver.messages() == before + 3).then_some(())).await;
    let refusal =
        staff.post(&path(&endpoint, "/rotate-secret"), json!({ "overlapSeconds": 604_801 })).await.refusal();
    assert_eq!(refusal.fields, ["overlapSeconds"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_can_be_cancelled() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let hook = endpoint(&staff, json!({ "url": "http://127.0.0.1:9/", "eventTypes": ["*"] })).await;
    let job = staff.post(&path(&hook, "/replay"), json!({ "since": "2020-01-01T00:00:00Z" })).await.body;
    let cancelled = staff.command(&path(&hook, &format!("/jobs/{}/cancel", id(&job)))).await;
    assert_eq!(cancelled.status, 200);
    // It may have come to its end before; else it has stopped where it was.
    assert!(["CANCELLED", "FINISHED"].contains(&text(&cancelled.body, "status")), "{cancelled:?}");
    server.settled().await;
    let jobs = staff.get(&path(&hook, "/jobs")).await.body;
    assert_eq!(jobs["data"], json!([cancelled.body]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_are_bounded_for_a_user_for_all_users_and_for_the_staff() {
    let setup = Setup::demo().set("webhook.max_endpoints", 2).set("webhook.max_endpoints_per_user", 1);
    let server = setup.set("webhook.max_user_endpoints", 2).start().await;
    let body = json!({ "url": "https://example.com/hook", "eventTypes": ["*"] });
    let add = async |who: &Api| who.post("/v1/webhook-endpoints", body.clone()).await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let (carol, staff) = (server.anonymous().sign_up("carol").await, server.user("staff").await);
    assert_eq!((add(&alice).await.status, add(&bob).await.status), (201, 201));
    for (who, limit, whose) in [
        (&alice, "webhook.max_endpoints_per_user", "one user can have at most 1 webhook endpoints"),
        (&carol, "webhook.max_user_endpoints", "all users together can have at most 2 webhook endpoints"),
    ] {
        let refused = add(who).await.refusal();
        assert_eq!((refused.status, refused.code.as_str()), (Some(409), "limit_reached"));
        assert!(refused.text.contains(whose), "{refused:?}");
        assert_eq!(server.metrics().limit_hits(limit), 1);
    }
    assert_eq!((add(&staff).await.status, add(&staff).await.status), (201, 201), "the staff have their own");
    assert_eq!(add(&staff).await.refusal().code, "limit_reached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_types_are_described_with_schema_and_example() {
    let server = TestServer::demo().await;
    let anyone = server.anonymous();
    let types = anyone.get("/v1/event-types").await.result().unwrap();
    let types = types["data"].as_array().unwrap().clone();
    assert!(types.len() > 30);
    for one in &types {
        assert_eq!(one["example"]["eventType"], one["type"]);
        assert_eq!(one["schema"]["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
    let one = anyone.get("/v1/event-types/order.statusChanged").await.result().unwrap();
    assert_eq!(one["example"]["data"]["newStatus"], "APPROVED");
    assert_eq!(anyone.get("/v1/event-types/order.eaten").await.status, 404);
}
