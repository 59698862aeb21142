//! The Admin API: what administrators see and do.

use serde_json::{Value, json};

use crate::support::api::{DEMO_PASSWORD, id, text};
use crate::support::story::GOOD_CARD;
use crate::support::{Api, Driver, Receiver, TestServer, channel::Channel};

const PATHS: [&str; 4] =
    ["/v1/admin/dashboard/stats", "/v1/admin/users", "/v1/admin/orders", "/v1/admin/audit-logs"];

async fn stats(admin: &Api) -> Value {
    admin.get("/v1/admin/dashboard/stats").await.result().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_for_administrators() {
    let server = TestServer::demo().await;
    for path in PATHS {
        assert_eq!(server.anonymous().get(path).await.refusal().status, Some(401), "{path}");
        for name in ["alice", "staff"] {
            assert_eq!(server.user(name).await.get(path).await.refusal().status, Some(403), "{path}");
        }
        assert_eq!(server.user("admin").await.get(path).await.status, 200, "{path}");
    }
}

/// The dashboard must say the same as a count of everything.
async fn assert_true(server: &TestServer, stats: &Value) {
    let mut database = server.database().await;
    for (status, told) in stats["orders"]["byStatus"].as_object().unwrap() {
        let count = database.number(&format!("SELECT count(*) FROM orders WHERE status = '{status}'")).await;
        assert_eq!(told["count"], count, "{status}: {stats}");
        let sums = format!(
            "SELECT currency || ' ' || printf('%d.%02d', sum(total_amount) / 100, sum(total_amount) % 100) \
             FROM orders WHERE status = '{status}' GROUP BY currency ORDER BY 1"
        );
        let amounts = told["amounts"].as_object().unwrap().iter();
        let amounts: Vec<String> =
            amounts.map(|(currency, sum)| format!("{currency} {}", sum.as_str().unwrap())).collect();
        assert_eq!(amounts, database.texts(&sums).await, "{status}: {stats}");
    }
    let captured =
        "SELECT sum(amount) FROM payments WHERE currency = 'USD' AND status IN ('SUCCEEDED', 'REFUNDED')";
    let net = "SELECT sum(amount) FROM payments WHERE currency = 'USD' AND status = 'SUCCEEDED'";
    for (field, sql) in [("captured", captured), ("net", net)] {
        let cents = text(&stats["revenue"]["USD"], field).replace('.', "");
        assert_eq!(cents.parse::<i64>().unwrap(), database.number(sql).await, "{field}: {stats}");
    }
    for table in ["pets", "users"] {
        for (status, count) in stats[table]["byStatus"].as_object().unwrap() {
            let sql = format!("SELECT count(*) FROM {table} WHERE status = '{status}'");
            assert_eq!(count, database.number(&sql).await, "{table} {status}");
        }
    }
    for (field, status) in [("pending", "PENDING"), ("succeededLast24h", "SUCCEEDED")] {
        let sql = format!("SELECT count(*) FROM deliveries WHERE status = '{status}'");
        assert_eq!(stats["webhooks"][field], database.number(&sql).await, "{field}: {stats}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_dashboard_tells_what_a_count_would() {
    let server = TestServer::demo().await;
    let (alice, staff, admin) =
        (server.user("alice").await, server.user("staff").await, server.user("admin").await);
    assert_true(&server, &stats(&admin).await).await;
    let receiver = Receiver::subscribed(&staff, &["order.*"]).await;
    let listener = Channel::Sse.listen(&alice, &["orders"], None).await.unwrap();
    let mut orders = Vec::new();
    for _ in 0..3 {
        let order = alice.place_order_of(&staff.create_pet("Rex").await).await;
        orders.push(id(&order).to_owned());
    }
    Driver::Rest.pay(&alice, &orders[0], "75.00", GOOD_CARD).await.unwrap();
    Driver::Rest.pay(&alice, &orders[1], "75.00", GOOD_CARD).await.unwrap();
    Driver::Rest.ship(&staff, &orders[0]).await.unwrap();
    Driver::Rest.cancel(&alice, &orders[1]).await.unwrap();
    let path = format!("/v1/admin/users/{}/status", server.user("bob").await.user_id());
    admin.patch(&path, json!({ "status": "SUSPENDED" })).await.result().unwrap();
    receiver.until("the orders", |events| events.len() == 7).await;
    server.settled().await;
    let told = stats(&admin).await;
    assert_true(&server, &told).await;
    assert_eq!(told["users"]["byStatus"]["SUSPENDED"], 1);
    assert_eq!(told["liveConnections"]["sse"], 1, "{told}");
    assert_eq!(
        (&told["webhooks"]["pending"], &told["webhooks"]["oldestPendingAgeSeconds"]),
        (&json!(0), &json!(null))
    );
    let days = told["orders"]["byDay"].as_array().unwrap();
    assert_eq!(days.len(), 30);
    assert_eq!(days[29]["count"], 3, "today is the last: {}", days[29]);
    assert_eq!(days[29]["amounts"]["USD"], "225.00");
    assert_eq!(days[29]["date"], told["generatedAt"].as_str().unwrap()[..10]);
    drop(listener);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_found_and_suspended() {
    let server = TestServer::demo().await;
    let admin = server.user("admin").await;
    let total = |list: &Value| list["pagination"]["totalItems"].as_i64().unwrap();
    let list = async |query: &str| admin.get(&format!("/v1/admin/users?{query}")).await.result().unwrap();
    assert_eq!(total(&list("").await), 50);
    assert_eq!(text(&list("q=ALICE").await["data"][0], "username"), "alice");
    assert_eq!(total(&list("q=%25").await), 0, "no wildcards");
    assert_eq!(total(&list("q=grace.bennett%40").await), 1);
    assert_eq!(total(&list("q=grace%20benn").await), 1);
    assert_eq!(total(&list("role=ADMIN").await), 1);
    assert_eq!(total(&list("role=USER&status=SUSPENDED").await), 0);
    let alice = list("q=alice").await["data"][0].clone();
    let path = format!("/v1/admin/users/{}", id(&alice));
    assert_eq!(admin.get(&path).await.result().unwrap()["email"], alice["email"]);

    let body = json!({ "username": "alice", "password": DEMO_PASSWORD });
    let tokens = server.anonymous().post("/v1/auth/tokens", body.clone()).await.result().unwrap();
    let suspend = json!({ "status": "SUSPENDED", "reason": "chargebacks" });
    let user = admin.patch(&format!("{path}/status"), suspend.clone()).await.result().unwrap();
    assert_eq!(user["status"], "SUSPENDED");
    let refresh = json!({ "refreshToken": tokens["refreshToken"] });
    assert_eq!(server.anonymous().post("/v1/auth/tokens", refresh.clone()).await.status, 401);
    assert_eq!(server.anonymous().post("/v1/auth/tokens", body.clone()).await.status, 401);
    assert_eq!(total(&list("status=SUSPENDED").await), 1);
    admin.patch(&format!("{path}/status"), json!({ "status": "ACTIVE" })).await.result().unwrap();
    assert_eq!(server.anonymous().post("/v1/auth/tokens", refresh).await.status, 401, "it stays revoked");
    assert_eq!(server.anonymous().post("/v1/auth/tokens", body).await.status, 200);
    let own = format!("/v1/admin/users/{}/status", admin.user_id());
    let refusal = admin.patch(&own, suspend).await.refusal();
    assert_eq!((refusal.status, refusal.code.as_str()), (Some(409), "own_account"));
    let logs = admin.get("/v1/admin/audit-logs?action=USER_STATUS_CHANGED").await.result().unwrap();
    assert_eq!(total(&logs), 2);
    assert_eq!(logs["data"][1]["reason"], "chargebacks");
    assert_eq!(logs["data"][1]["after"]["status"], "SUSPENDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_for_who_is_suspended() {
    let server = TestServer::demo().await;
    let (alice, staff, admin) =
        (server.user("alice").await, server.user("staff").await, server.user("admin").await);
    let hers = Receiver::subscribed(&alice, &["order.statusChanged"]).await;
    // The store's own, which tells when the log was looked at.
    let store = Receiver::subscribed(&staff, &["order.statusChanged"]).await;
    let path = format!("/v1/admin/users/{}/status", alice.user_id());
    let mut orders = Vec::new();
    for _ in 0..2 {
        let order = alice.place_order_of(&staff.create_pet("Rex").await).await;
        orders.push(id(&order).to_owned());
    }
    admin.patch(&path, json!({ "status": "SUSPENDED" })).await.result().unwrap();
    Driver::Rest.cancel(&staff, &orders[0]).await.unwrap();
    store.until("what the store is told meanwhile", |events| events.len() == 1).await;
    server.settled().await;
    admin.patch(&path, json!({ "status": "ACTIVE" })).await.result().unwrap();
    Driver::Rest.cancel(&staff, &orders[1]).await.unwrap();
    let events = hers.until("what alice is told", |events| !events.is_empty()).await;
    let told: Vec<&str> = events.iter().map(|event| id(&event["data"]["order"])).collect();
    assert_eq!(told, [orders[1].as_str()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_cancelled_from_any_state() {
    let server = TestServer::demo().await;
    let (alice, staff, admin) =
        (server.user("alice").await, server.user("staff").await, server.user("admin").await);
    for steps in 0..4 {
        let pet = staff.create_pet("Rex").await;
        let order = id(&alice.place_order_of(&pet).await).to_owned();
        if steps > 0 {
            Driver::Rest.pay(&alice, &order, "75.00", GOOD_CARD).await.unwrap();
        }
        if steps > 1 {
            Driver::Rest.ship(&staff, &order).await.unwrap();
        }
        if steps > 2 {
            Driver::Rest.deliver(&staff, &order).await.unwrap();
        }
        let mut database = server.database().await;
        let (audited, log) = (database.audit_count().await, database.head().await);
        let path = format!("/v1/admin/orders/{order}/cancel");
        assert_eq!(admin.post(&path, json!({})).await.refusal().fields, ["reason"]);
        assert_eq!(staff.post(&path, json!({ "reason": "x" })).await.status, 403);
        let cancelled = admin.post(&path, json!({ "reason": "fraud" })).await.result().unwrap();
        assert_eq!(cancelled["status"], "CANCELLED");
        let events: Vec<String> =
            database.events(log).await.into_iter().map(|event| event.event_type).collect();
        assert_eq!(events.contains(&"payment.refunded".to_owned()), steps > 0, "{events:?}");
        let rows = database.audit(audited).await;
        assert_eq!((rows.len(), rows[0].action.as_str()), (1, "ORDER_CANCELLED"));
        assert_eq!(admin.get(&format!("/v1/pets/{}", id(&pet))).await.body["status"], "AVAILABLE");
        let again = admin.post(&path, json!({ "reason": "fraud" })).await.refusal();
        assert_eq!((again.status, again.code.as_str()), (Some(409), "illegal_transition"));
        let logs = admin.get(&format!("/v1/admin/audit-logs?entityId={order}")).await.result().unwrap();
        assert_eq!(logs["data"][0]["reason"], "fraud");
    }
}

/// Someone else has the pet by now: it is not theirs to lose.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_an_old_order_takes_the_pet_from_nobody() {
    let server = TestServer::demo().await;
    let (alice, staff, admin) =
        (server.user("alice").await, server.user("staff").await, server.user("admin").await);
    let pet = staff.create_pet("Rex").await;
    let first = id(&alice.place_order_of(&pet).await).to_owned();
    Driver::Rest.pay(&alice, &first, "75.00", GOOD_CARD).await.unwrap();
    Driver::Rest.ship(&staff, &first).await.unwrap();
    Driver::Rest.deliver(&staff, &first).await.unwrap();
    Driver::Rest.update_pet(&staff, id(&pet), "AVAILABLE").await.unwrap();
    server.user("bob").await.place_order_of(&pet).await;
    let path = format!("/v1/admin/orders/{first}/cancel");
    admin.post(&path, json!({ "reason": "late return" })).await.result().unwrap();
    assert_eq!(admin.get(&format!("/v1/pets/{}", id(&pet))).await.body["status"], "PENDING");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_is_read_by_every_filter() {
    let server = TestServer::demo().await;
    let (alice, staff, admin) =
        (server.user("alice").await, server.user("staff").await, server.user("admin").await);
    let pet = Driver::GraphQl.create_pet(&staff, "Rex").await.unwrap();
    let order = alice.place_order_of(&pet).await;
    alice.delete(&format!("/v1/orders/{}", id(&order))).await.result().unwrap();
    let list = async |query: &str| {
        let list = admin.get(&format!("/v1/admin/audit-logs?{query}")).await.result().unwrap();
        list["data"].as_array().unwrap().clone()
    };
    let actions = |rows: &[Value]| rows.iter().map(|row| text(row, "action").to_owned()).collect::<Vec<_>>();
    let of_order = list(&format!("entityType=ORDERS&entityId={}", id(&order))).await;
    assert_eq!(actions(&of_order), ["ORDER_CANCELLED", "ORDER_PLACED"], "newest first");
    let row = &of_order[0];
    assert_eq!((&row["userId"], &row["channel"]), (&json!(alice.user_id()), &json!("REST")));
    assert_eq!((&row["before"]["status"], &row["after"]["status"]), (&json!("PLACED"), &json!("CANCELLED")));
    assert_eq!(row["ipAddress"], "127.0.0.1");
    assert!(row["requestId"].is_string() && row.get("userAgent").is_some());
    assert_eq!(&admin.get(&format!("/v1/admin/audit-logs/{}", id(row))).await.result().unwrap(), row);
    assert_eq!(actions(&list("channel=GRAPHQL").await), ["PET_CREATED"]);
    assert_eq!(actions(&list("action=ORDER_PLACED").await), ["ORDER_PLACED"]);
    assert_eq!(actions(&list(&format!("userId={}&limit=1&page=2", alice.user_id())).await), ["ORDER_PLACED"]);
    let (placed, cancelled) = (text(&of_order[1], "createdAt"), text(row, "createdAt"));
    assert_eq!(list(&format!("from={cancelled}&entityType=ORDERS")).await[0], *row);
    let until = list(&format!("to={placed}&from=2020-01-01T00:00:00Z&entityType=ORDERS")).await;
    assert_eq!(until.last().unwrap(), &of_order[1]);
    assert!(list("from=2099-01-01T00:00:00Z").await.is_empty());
    let client = json!({ "name": "A", "grantTypes": ["client_credentials"], "scopes": ["read:pets"] });
    admin.post("/v1/admin/oauth-clients", client).await.result().unwrap();
    assert_eq!(actions(&list("entityType=OAUTH_CLIENTS").await).len(), 1);
    assert_eq!(actions(&list("entityType=CHAT_ROOMS").await).len(), 0);
}
