//! Bad input: a clear problem that names the field, the connection lives where that is possible, nothing is written, and
//! nothing of it reaches the log as an error.

mod admin;
mod connections;
mod graphql;
mod pets;
mod rest;
mod socketio;
mod websocket;

use http::Method;
use serde_json::Value;

use crate::support::binary::Binary;
use crate::support::channel::query_of;
use crate::support::{Api, Database, Refusal};

/// JSON so deep that a reader that follows it runs out of stack.
fn deep(field: &str) -> String {
    const DEPTH: usize = 10_000;
    format!("{{\"{field}\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH))
}

/// A running binary, and what it had stored before the bad input came.
struct Target {
    binary: Binary,
    staff: Api,
    admin: Api,
    before: Vec<String>,
}

impl Target {
    async fn new() -> Self {
        let binary = Binary::start(&[]).await;
        let staff = binary.anonymous().log_in("staff").await;
        let admin = binary.anonymous().log_in("admin").await;
        let before = Database::open(&binary.data()).await.dump().await;
        Self { binary, staff, admin, before }
    }

    /// Nothing was written, nothing was logged as an error, and the server still serves.
    async fn unharmed(mut self) {
        assert_eq!(self.staff.get("/v1/pets?limit=1").await.status, 200);
        let after = Database::open(&self.binary.data()).await.dump().await;
        assert!(self.before == after, "something was written");
        self.binary.terminate().await;
        assert_eq!(self.binary.exit().await.code(), Some(0));
        assert_eq!(self.binary.errors(), [""; 0]);
    }
}

/// A problem of the caller's making, with that code, which names `field`.
fn assert_problem(refusal: &Refusal, code: &str, field: &str, what: &str) {
    assert_eq!(refusal.code, code, "{what}: {refusal:?}");
    assert!(refusal.status.is_some_and(|status| (400..500).contains(&status)), "{what}: {refusal:?}");
    assert!(
        field.is_empty() || refusal.fields.iter().any(|named| named == field),
        "{what} must name {field}: {refusal:?}"
    );
}

/// The problem in an error frame or an acknowledgement.
fn problem_of(problem: &Value) -> Refusal {
    let refusal = Refusal::of_problem(problem);
    assert!(
        problem["type"].as_str().is_some_and(|uri| uri.starts_with("https://petstoreapi.com/errors/")),
        "{problem}"
    );
    assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
    refusal
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_queries_of_the_event_stream() {
    let target = Target::new().await;
    let table = [
        ("topics=", "validation_failed", "topics"),
        ("", "validation_failed", "topics"),
        ("topics=dragons", "validation_failed", "topics[0]"),
        ("topics=pets,orders/42", "validation_failed", "topics[1]"),
        ("topics=pets%FF", "validation_failed", "topics[0]"),
        ("topics=pets&after=yesterday", "malformed_request", "after"),
        ("topics=pets&after=%00", "malformed_request", "after"),
        ("topics=pets&limit=0", "validation_failed", "limit"),
        ("topics=pets&limit=501", "validation_failed", "limit"),
        ("topics=pets&limit=-1", "validation_failed", "limit"),
        ("topics=pets&limit=many", "validation_failed", "limit"),
        ("topics=pets&since=x", "validation_failed", "since"),
    ];
    for accept in ["text/event-stream", "application/json"] {
        for (query, code, field) in table {
            let request =
                target.staff.request(Method::GET, &format!("/v1/events?{query}")).header("accept", accept);
            let answer = target.staff.send(request).await;
            assert_problem(&answer.refusal(), code, field, &format!("{query} as {accept}"));
        }
        for bad in ["yesterday", "%", "\u{e9}"] {
            let request =
                target.staff.request(Method::GET, "/v1/events?topics=pets").header("accept", accept);
            let answer = target.staff.send(request.header("last-event-id", bad)).await;
            assert_eq!(answer.refusal().code, "malformed_request", "{bad:?} as {accept}");
        }
    }
    let long = query_of(&[("topics", "pets".to_owned()), ("after", "A".repeat(8000))]);
    let answer = target.staff.get(&format!("/v1/events?{long}")).await;
    assert_problem(&answer.refusal(), "malformed_request", "after", "a long cursor");
    let request = target.staff.request(Method::GET, "/v1/events?topics=pets").header("accept", "image/png");
    let refusal = target.staff.send(request).await.refusal();
    assert!(refusal.status.is_some_and(|status| (400..500).contains(&status)), "{refusal:?}");
    target.unharmed().await;
}
