//! REST: users who change, callbacks, and the Admin API.

use http::Method;

use super::{Target, assert_problem, deep};
use crate::support::Api;

const NOWHERE: &str = "019b4139-1234-7abc-8def-123456789abc";
const INVALID: &str = "validation_failed";
const MALFORMED: &str = "malformed_request";

/// Path below `/v1`, code, and the field that must be named.
const QUERIES: [(&str, &str, &str); 25] = [
    ("orders?createdFrom=yesterday", INVALID, "createdFrom"),
    ("orders?createdTo=2026-02-30T00:00:00Z", INVALID, "createdTo"),
    ("orders?userId=me", INVALID, "userId"),
    ("orders?status=placed", INVALID, "status"),
    ("orders?status=PLACED&status=PLACED", INVALID, "status"),
    ("admin/dashboard/stats?days=5", INVALID, "days"),
    ("admin/users?q=", INVALID, "q"),
    ("admin/users?q=%00", INVALID, "q"),
    ("admin/users?role=KING", INVALID, "role"),
    ("admin/users?status=ASLEEP", INVALID, "status"),
    ("admin/users?page=0", INVALID, "page"),
    ("admin/users?limit=1000", INVALID, "limit"),
    ("admin/users?sort=name", INVALID, "sort"),
    ("admin/users/42", MALFORMED, "id"),
    ("admin/orders?status=LOST", INVALID, "status"),
    ("admin/orders?petId='%20OR%201=1", INVALID, "petId"),
    ("admin/audit-logs?action=ORDER_EATEN", INVALID, "action"),
    ("admin/audit-logs?channel=PIGEON", INVALID, "channel"),
    ("admin/audit-logs?entityType=ORDER", INVALID, "entityType"),
    ("admin/audit-logs?entityId=", INVALID, "entityId"),
    ("admin/audit-logs?userId=42", INVALID, "userId"),
    ("admin/audit-logs?from=1", INVALID, "from"),
    ("admin/audit-logs?to=now", INVALID, "to"),
    ("admin/audit-logs?before=now", INVALID, "before"),
    ("admin/audit-logs/42", MALFORMED, "id"),
];

/// Method, path below `/v1` (`{me}` is the caller, `{order}` an order of the demo), body, code and field.
fn bodies() -> Vec<(&'static str, &'static str, String, &'static str, &'static str)> {
    let callback = |field: &str, value: &str| {
        let mut body = serde_json::json!({ "amount": "1.00", "currency": "USD", "timestamp": "1758613403",
            "callbackUrl": "http://127.0.0.1:9/" });
        body[field] = serde_json::from_str(value).unwrap();
        body.to_string()
    };
    let long = |field: &str| format!("{{\"{field}\":\"{}\"}}", "x".repeat(100_000));
    let status = "admin/users/{me}/status";
    let cancel = "admin/orders/{order}/cancel";
    vec![
        ("PUT", "users/{me}", r#"{"username":"a b"}"#.into(), INVALID, "username"),
        ("PUT", "users/{me}", r#"{"username":"x' OR 1=1 --"}"#.into(), INVALID, "username"),
        ("PUT", "users/{me}", r#"{"email":"a@b\r\nBcc: c@d.e"}"#.into(), INVALID, "email"),
        ("PUT", "users/{me}", r#"{"password":"short"}"#.into(), INVALID, "password"),
        ("PUT", "users/{me}", long("password"), INVALID, "password"),
        ("PUT", "users/{me}", long("firstName"), INVALID, "firstName"),
        ("PUT", "users/{me}", r#"{"phone":"555"}"#.into(), INVALID, "phone"),
        ("PUT", "users/{me}", r#"{"role":"ADMIN"}"#.into(), INVALID, "role"),
        ("PUT", "users/{me}", r#"{"status":"ACTIVE"}"#.into(), INVALID, "status"),
        (
            "PUT",
            "users/{me}",
            r#"{"preferences":{"newsletter":"yes"}}"#.into(),
            INVALID,
            "preferences.newsletter",
        ),
        ("PUT", "users/{me}", deep("preferences"), INVALID, "preferences"),
        ("PUT", "users/{me}", "{".into(), MALFORMED, "body"),
        ("PUT", "users/42", "{}".into(), MALFORMED, "id"),
        ("DELETE", "users/42", String::new(), MALFORMED, "id"),
        ("POST", "orders/{order}", "{}".into(), INVALID, "callbackUrl"),
        ("POST", "orders/{order}", callback("amount", "1.00"), INVALID, "amount"),
        ("POST", "orders/{order}", callback("amount", r#""1e3""#), INVALID, "amount"),
        ("POST", "orders/{order}", callback("currency", r#""usd""#), INVALID, "currency"),
        ("POST", "orders/{order}", callback("timestamp", r#""99999999999999999999""#), INVALID, "timestamp"),
        (
            "POST",
            "orders/{order}",
            callback("callbackUrl", r#""file:///etc/passwd""#),
            INVALID,
            "callbackUrl",
        ),
        (
            "POST",
            "orders/{order}",
            callback("callbackUrl", r#""http://[::ffff:169.254.169.254]/""#),
            INVALID,
            "callbackUrl",
        ),
        ("POST", "orders/{order}", deep("amount"), INVALID, "amount"),
        ("POST", "orders/{order}", long("gift"), INVALID, "gift"),
        ("POST", "orders/42", "{}".into(), MALFORMED, "id"),
        ("PATCH", status, "{}".into(), INVALID, "status"),
        ("PATCH", status, r#"{"status":"BANNED"}"#.into(), INVALID, "status"),
        ("PATCH", status, r#"{"status":1}"#.into(), INVALID, "status"),
        ("PATCH", status, r#"{"status":"SUSPENDED","role":"USER"}"#.into(), INVALID, "role"),
        (
            "PATCH",
            status,
            format!(r#"{{"status":"ACTIVE","reason":"{}"}}"#, "x".repeat(501)),
            INVALID,
            "reason",
        ),
        ("POST", cancel, "{}".into(), INVALID, "reason"),
        ("POST", cancel, r#"{"reason":"  "}"#.into(), INVALID, "reason"),
        ("POST", cancel, r#"{"reason":"\u0000"}"#.into(), INVALID, "reason"),
        ("POST", cancel, long("reason"), INVALID, "reason"),
        ("POST", cancel, r#"{"reason":"x","refund":false}"#.into(), INVALID, "refund"),
    ]
}

async fn call(api: &Api, method: &str, path: &str, kind: &str, body: String) -> crate::support::Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    api.send(api.request(method, &format!("/v1/{path}")).header("content-type", kind).body(body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_callbacks_and_administrators_are_told_which_field_is_wrong() {
    let target = Target::new().await;
    let orders = target.staff.get("/v1/orders?limit=1&status=DELIVERED").await.result().unwrap();
    let order = crate::support::api::id(&orders["data"][0]).to_owned();
    let admin = target.admin.clone();
    for (path, code, field) in QUERIES {
        let answer = admin.get(&format!("/v1/{path}")).await;
        assert_problem(&answer.refusal(), code, field, path);
    }
    for (method, path, body, code, field) in bodies() {
        let path = path.replace("{me}", admin.user_id()).replace("{order}", &order);
        let what = format!("{method} {path} {}", body.chars().take(80).collect::<String>());
        let answer = call(&admin, method, &path, "application/json", body).await;
        assert_problem(&answer.refusal(), code, field, &what);
    }
    for (method, path) in
        [("GET", "admin/users"), ("GET", "admin/audit-logs"), ("DELETE", "users"), ("POST", "orders")]
    {
        let body = if method == "POST" {
            r#"{"amount":"1.00","currency":"USD","timestamp":"1","callbackUrl":"http://127.0.0.1:9/"}"#
        } else {
            ""
        };
        let answer =
            call(&admin, method, &format!("{path}/{NOWHERE}"), "application/json", body.to_owned()).await;
        assert_eq!(answer.refusal().code, "not_found", "{method} {path}");
    }
    for (method, path) in [("PUT", format!("users/{}", admin.user_id())), ("POST", format!("orders/{order}"))]
    {
        let answer = call(&admin, method, &path, "text/plain", "{}".to_owned()).await;
        assert_eq!(answer.status, 415, "{method} {path}");
    }
    target.unharmed().await;
}
