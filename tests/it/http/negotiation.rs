//! Methods, types, codings, other sites' pages, and the headers of every answer.

use http::Method;
use serde_json::json;

use super::ask;
use crate::support::api::id;
use crate::support::{Setup, TestServer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_are_told() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let pet = format!("/v1/pets/{}", id(&staff.create_pet("Rex").await));
    for (path, method, present) in [
        ("/v1/pets", "DELETE", &["GET", "HEAD", "POST", "OPTIONS"][..]),
        (pet.as_str(), "POST", &["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]),
        ("/v1/events", "POST", &["GET", "HEAD", "OPTIONS"]),
        ("/v1/graphql", "PATCH", &["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]),
        ("/v1/ws", "POST", &["GET", "OPTIONS"]),
        ("/healthz", "POST", &["GET", "HEAD", "OPTIONS"]),
    ] {
        let refused = ask(&staff, method, path, &[]).await;
        let told = ask(&staff, "OPTIONS", path, &[]).await;
        assert_eq!((refused.status, told.status), (405, 204), "{path} {told:?}");
        assert!(told.body.is_null());
        for answer in [&refused, &told] {
            let allowed: Vec<&str> = answer.header("allow").split(", ").collect();
            assert!(present.iter().all(|method| allowed.contains(method)), "{path}: {allowed:?}");
        }
    }
    for path in ["/v1/pets", "/v1/inventory", "/v1/orders", "/", "/healthz", "/metrics", &pet] {
        let answer = ask(&staff, "HEAD", path, &[]).await;
        assert_eq!((answer.status, answer.body.is_null()), (200, true), "{path}");
    }
    let answer = ask(&staff, "HEAD", "/v1/dragons", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"));
    let hook = staff
        .post("/v1/webhook-endpoints", json!({ "url": "http://127.0.0.1:9/", "eventTypes": ["*"] }))
        .await;
    let told = ask(&staff, "OPTIONS", hook.header("location"), &[]).await;
    assert!(told.header("accept-patch").contains("application/merge-patch+json"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_and_codings_that_cannot_be_had() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    for accept in ["text/html", "application/xml", "image/*", "application/json;q=0"] {
        let answer = ask(&staff, "GET", "/v1/pets", &[("accept", accept)]).await;
        assert_eq!((answer.status, answer.refusal().code.as_str()), (406, "not_acceptable"), "{accept}");
    }
    for accept in
        ["*/*", "application/*", "application/json", "application/problem+json", "text/html,*/*;q=0.8"]
    {
        assert_eq!(ask(&staff, "GET", "/v1/pets", &[("accept", accept)]).await.status, 200, "{accept}");
    }
    let before = server.database().await.number("SELECT count(*) FROM audit").await;
    let pet = r#"{"name":"Rex","species":"DOG","ageMonths":5,"price":"75.00"}"#;
    let post =
        || staff.request(Method::POST, "/v1/pets").header("content-type", "application/json").body(pet);
    assert_eq!(staff.send(post().header("accept", "text/html")).await.status, 406);
    let coded = staff.send(post().header("content-encoding", "gzip")).await;
    assert_eq!((coded.status, coded.refusal().code.as_str()), (415, "unsupported_media_type"));
    assert_eq!(
        server.database().await.number("SELECT count(*) FROM audit").await,
        before,
        "nothing was done"
    );
    assert_eq!(staff.send(post().header("content-encoding", "identity")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_are_coded_for_those_who_take_it() {
    let server = TestServer::demo().await;
    let nobody = server.anonymous();
    let get = async |path: &str, coding: &str| {
        let request = nobody.request(Method::GET, path).header("accept-encoding", coding);
        let response = request.send().await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let (coded, tag, vary) = (header("content-encoding"), header("etag"), header("vary"));
        (response.status().as_u16(), coded, tag, vary, response.bytes().await.unwrap())
    };
    let (_, plain, tag, vary, whole) = get("/v1/pets?limit=50", "identity").await;
    assert!(plain.is_empty() && vary.contains("accept-encoding"), "{vary}");
    for coding in ["gzip", "br"] {
        let (status, coded, own, vary, body) = get("/v1/pets?limit=50", coding).await;
        assert_eq!((status, coded.as_str()), (200, coding));
        assert_eq!(own, format!("{}-{coding}\"", tag.strip_suffix('"').unwrap()), "a tag of its own");
        assert!(body.len() * 2 < whole.len() && vary.contains("accept-encoding"), "{} {vary}", body.len());
        assert!(coding != "gzip" || body.starts_with(b"\x1f\x8b"));
        let known = ask(&nobody, "GET", "/v1/pets?limit=50", &[("if-none-match", &own)]).await;
        assert_eq!(known.status, 304);
    }
    assert_eq!(get("/v1/pets?limit=50", "gzip;q=0, br").await.1, "br");
    assert_eq!(get("/v1/pets?limit=50", "gzip;q=0, deflate").await.1, "");
    assert_eq!(get("/healthz", "gzip").await.1, "", "too small");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_sites() {
    let preflight = [
        ("origin", "https://pets.example"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "authorization,if-match"),
    ];
    let server = TestServer::demo().await;
    let nobody = server.anonymous();
    for path in ["/v1/pets", "/v1/orders", "/v1/graphql", "/socket.io/?EIO=4&transport=polling"] {
        let answer = ask(&nobody, "OPTIONS", path, &preflight).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"), "{path}");
        assert!(answer.header("access-control-allow-methods").contains("PATCH"));
        assert_eq!(answer.header("access-control-allow-headers"), "authorization,if-match");
    }
    for path in ["/v1/pets", "/v1/orders", "/socket.io/?EIO=4&transport=polling"] {
        let answer = ask(&nobody, "GET", path, &preflight[..1]).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(answer.header("access-control-expose-headers").contains("ETag"));
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
    }
    let server = Setup::demo().set("cors.allow_origins", "https://pets.example").start().await;
    let nobody = server.anonymous();
    let answer = ask(&nobody, "GET", "/v1/pets", &preflight[..1]).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://pets.example");
    assert!(answer.header("vary").contains("origin"));
    for method in ["GET", "OPTIONS"] {
        let strange = [("origin", "https://evil.example"), preflight[1]];
        let answer = ask(&nobody, method, "/v1/pets", &strange).await;
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{method} {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_guarded_and_says_who_may_keep_it() {
    let server = TestServer::demo().await;
    let (nobody, alice) = (server.anonymous(), server.user("alice").await);
    for (api, path, kept) in [
        (&nobody, "/v1/pets?limit=1", "no-cache"),
        (&alice, "/v1/pets?limit=1", "no-store"),
        (&alice, "/v1/orders", "no-store"),
        (&nobody, "/v1/orders", "no-store"),
        (&nobody, "/v1/dragons", "no-store"),
        (&nobody, "/healthz", "no-store"),
        (&nobody, "/", "no-cache"),
    ] {
        let answer = ask(api, "GET", path, &[]).await;
        assert_eq!(answer.header("cache-control"), kept, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("default-src"),
            "{path} {policy}"
        );
        assert!(answer.headers.get("strict-transport-security").is_none(), "only over TLS");
        assert!(!answer.header("x-request-id").is_empty());
    }
    // What a client says about itself comes back only when it is harmless.
    for id in ["a b", "x\u{7f}", "<script>", &"x".repeat(65)] {
        if let Ok(value) = http::HeaderValue::from_str(id) {
            let answer =
                nobody.send(nobody.request(Method::GET, "/healthz").header("x-request-id", value)).await;
            assert_ne!(answer.header("x-request-id"), id);
        }
    }
}
