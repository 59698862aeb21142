//! Users who change their account, and who leave.

use serde_json::json;

use crate::support::api::{DEMO_PASSWORD, id, text};
use crate::support::{Api, TestServer};

/// A user with a refresh token.
async fn sign_up(server: &TestServer, name: &str) -> (Api, String) {
    let body = json!({ "username": name, "email": format!("{name}@example.com"), "password": DEMO_PASSWORD,
        "firstName": "Jane", "phone": "+14155550123" });
    let answer = server.anonymous().post("/v1/users", body).await.result().unwrap();
    let refresh = text(&answer, "refreshToken").to_owned();
    (server.anonymous().log_in(name).await, refresh)
}

async fn refreshes(server: &TestServer, token: &str) -> u16 {
    server.anonymous().post("/v1/auth/tokens", json!({ "refreshToken": token })).await.status
}

async fn logs_in(server: &TestServer, name: &str, password: &str) -> u16 {
    let body = json!({ "username": name, "password": password });
    server.anonymous().post("/v1/auth/tokens", body).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_keeps_its_value_and_a_new_password_ends_every_login() {
    let server = TestServer::demo().await;
    let (jane, refresh) = sign_up(&server, "jane").await;
    let path = format!("/v1/users/{}", jane.user_id());
    let mut database = server.database().await;
    let (audited, log) = (database.audit_count().await, database.head().await);
    let user = jane.put(&path, json!({ "lastName": "Doe" })).await.result().unwrap();
    assert_eq!(
        (&user["firstName"], &user["lastName"], &user["phone"]),
        (&json!("Jane"), &json!("Doe"), &json!("+14155550123"))
    );
    assert!(user.get("password").is_none());
    assert_eq!(logs_in(&server, "jane", DEMO_PASSWORD).await, 200);
    jane.put(&path, json!({ "username": "janedoe", "password": "another-secret" })).await.result().unwrap();
    assert_eq!(refreshes(&server, &refresh).await, 401, "the logins before have ended");
    assert_eq!(logs_in(&server, "janedoe", DEMO_PASSWORD).await, 401);
    assert_eq!(logs_in(&server, "janedoe", "another-secret").await, 200);
    let rows = database.audit(audited).await;
    let updated: Vec<_> = rows.iter().filter(|row| row.action == "USER_UPDATED").collect();
    assert_eq!(updated.len(), 2);
    assert_eq!(
        (&updated[0].before["lastName"], &updated[0].after["lastName"]),
        (&json!(null), &json!("Doe"))
    );
    let events = database.events(log).await;
    assert_eq!(events.iter().filter(|event| event.event_type == "user.updated").count(), 2);
    let dump = database.dump().await.join("\n");
    assert!(!dump.contains("another-secret"), "a password was kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_change_whom() {
    let server = TestServer::demo().await;
    let (jane, _) = sign_up(&server, "jane").await;
    let (bob, staff, admin) =
        (server.user("bob").await, server.user("staff").await, server.user("admin").await);
    let path = |api: &Api| format!("/v1/users/{}", api.user_id());
    let change = json!({ "firstName": "Janet" });
    for (who, whom, status) in [
        (&server.anonymous(), &jane, 401),
        (&bob, &jane, 403),
        (&staff, &jane, 200),
        (&admin, &jane, 200),
        // A password that can be set is a role that can be had.
        (&staff, &admin, 403),
        (&staff, &staff, 200),
        (&admin, &staff, 200),
    ] {
        assert_eq!(who.put(&path(whom), change.clone()).await.status, status, "{who:?} {whom:?}");
    }
    for (taken, value) in [("username", "ALICE"), ("email", "jane@example.com")] {
        let refusal = bob.put(&path(&bob), json!({ taken: value })).await.refusal();
        assert_eq!((refusal.status, &refusal.fields[..]), (Some(409), &[taken.to_owned()][..]));
    }
    let refusal = staff.put("/v1/users/019b4139-1234-7abc-8def-123456789abc", change).await.refusal();
    assert_eq!(refusal.status, Some(404));
    // Others see what is public.
    let public = bob.get(&path(&jane)).await.result().unwrap();
    assert!(public.get("email").is_none() && public["username"] == "jane", "{public}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_gone_and_the_orders_stay() {
    let server = TestServer::demo().await;
    let (jane, refresh) = sign_up(&server, "jane").await;
    let (bob, staff, admin) =
        (server.user("bob").await, server.user("staff").await, server.user("admin").await);
    let order = jane.place_order_of(&staff.create_pet("Rex").await).await;
    let endpoint = json!({ "url": "https://example.com/hook", "eventTypes": ["*"] });
    jane.post("/v1/webhook-endpoints", endpoint).await.result().unwrap();
    let path = format!("/v1/users/{}", jane.user_id());
    assert_eq!(bob.delete(&path).await.status, 403);
    assert_eq!(jane.delete(&path).await.status, 204);
    assert_eq!(staff.get(&path).await.status, 404);
    assert_eq!(refreshes(&server, &refresh).await, 401);
    assert_eq!(logs_in(&server, "jane", DEMO_PASSWORD).await, 401);
    let kept = staff.get(&format!("/v1/orders/{}", id(&order))).await.result().unwrap();
    assert_eq!(kept, order);
    let endpoints = "SELECT count(*) FROM webhook_endpoints WHERE deleted = 0 AND owner IS NOT NULL";
    let mut database = server.database().await;
    assert_eq!(database.number(endpoints).await, 0);
    let logs =
        admin.get(&format!("/v1/admin/audit-logs?entityId={}", jane.user_id())).await.result().unwrap();
    assert_eq!(logs["data"][0]["action"], "USER_DELETED");
    assert_eq!(logs["data"][0]["before"]["username"], "jane");
    // The name is free again.
    sign_up(&server, "jane").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_staff_hear_of_all_users_and_users_of_themselves() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let (jane, _) = sign_up(&server, "jane").await;
    let (joe, _) = sign_up(&server, "joe").await;
    let heard = async |who: &Api| {
        let events = who.get("/v1/events?topics=users&limit=500").await.result().unwrap();
        let mut owners: Vec<String> =
            events["data"].as_array().unwrap().iter().map(|e| id(&e["data"]["user"]).to_owned()).collect();
        owners.dedup();
        owners
    };
    let all = heard(&staff).await;
    assert!(all.ends_with(&[jane.user_id().to_string(), joe.user_id().to_string()]), "{all:?}");
    assert_eq!(heard(&jane).await, [jane.user_id().to_string()]);
    assert_eq!(server.anonymous().get("/v1/events?topics=users").await.status, 401);
}
