//! REST: bodies, paths, queries and headers.

use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Target, assert_problem, deep};
use crate::support::{Api, api, within};

const MAX_BODY: usize = 1_048_576;
const NOWHERE: &str = "019b4139-1234-7abc-8def-123456789abc";

async fn post(api: &Api, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> crate::support::Answer {
    api.send(api.request(Method::POST, path).header("content-type", kind).body(body)).await
}

/// The body of a pet, with more fields.
fn pet(more: &str) -> Vec<u8> {
    format!(r#"{{"name":"Rex","species":"DOG","ageMonths":5,"price":"75.00"{more}}}"#).into_bytes()
}

/// What is no JSON.
fn malformed() -> Vec<Vec<u8>> {
    let fixed: [&[u8]; 10] = [
        b"",
        b"hello",
        b"{\"name\":",
        b"{\"\xff\":1}",
        b"{\"name\":\"\xc3\x28\"}",
        b"\xef\xbb\xbf{}",
        b"{\"name\":\"\\ud800\"}",
        b"\0",
        br#"{"ageMonths":1e400}"#,
        b"{} {}",
    ];
    let mut bodies = fixed.map(<[u8]>::to_vec).to_vec();
    bodies.push("[".repeat(10_000).into_bytes());
    bodies
}

/// What is no pet, and the field that must be named.
fn invalid_pets() -> Vec<(Vec<u8>, &'static str)> {
    let fixed: [(&[u8], &str); 9] = [
        (b"[]", "body"),
        (b"null", "body"),
        (b"\"pet\"", "body"),
        (b"{}", "price"),
        (br#"{"name":1}"#, "name"),
        (br#"{"ageMonths":5.5}"#, "ageMonths"),
        (br#"{"ageMonths":99999999999999999999}"#, "ageMonths"),
        (br#"{"price":75.00}"#, "price"),
        (br#"{"name":"Rex","species":"DRAGON","ageMonths":5,"price":"cheap"}"#, "species"),
    ];
    let more = [
        (r#","wings":2"#, "wings"),
        (r#","name":"Max""#, "name"),
        (r#","medicalInfo":{"wings":2}"#, "medicalInfo.wings"),
        (r#","tags":[{"name":"a"},{"name":1}]"#, "tags[1].name"),
        (r#","size":"HUGE""#, "size"),
        (r#","color":"\u0000""#, "color"),
    ];
    // A pet by position, which a lenient reader would take.
    let positions = format!(r#"["Rex","DOG",null,5,null,null,null,null,"75.00"{}]"#, ",null".repeat(7));
    let mut bodies = fixed.map(|(body, field)| (body.to_vec(), field)).to_vec();
    bodies.extend(more.map(|(more, field)| (pet(more), field)));
    bodies.extend(
        [(positions, "body"), (deep("name"), "name"), (deep("wings"), "wings")]
            .map(|(body, field)| (body.into_bytes(), field)),
    );
    bodies
}

/// What is no order, user, token or endpoint: path, body, and the field that must be named.
const INVALID: [(&str, &str, &str); 10] = [
    ("/v1/orders", "{}", "petId"),
    ("/v1/orders", r#"{"petId":42}"#, "petId"),
    ("/v1/orders", r#"{"petId":"42"}"#, "petId"),
    ("/v1/orders", r#"{"petId":"019b4139-1234-7abc-8def-123456789abc","gift":true}"#, "gift"),
    ("/v1/users", r#"{"username":"x","email":"nobody","password":"short"}"#, "email"),
    ("/v1/users", r#"{"username":"root","role":"ADMIN"}"#, "role"),
    ("/v1/auth/tokens", "{}", "username"),
    ("/v1/webhook-endpoints", r#"{"url":"ftp://127.0.0.1/","eventTypes":["*"]}"#, "url"),
    ("/v1/webhook-endpoints", r#"{"url":"http://127.0.0.1/","eventTypes":["dance"]}"#, "eventTypes[0]"),
    ("/v1/webhook-endpoints", r#"{"url":"http://127.0.0.1/","eventTypes":["*"],"secret":"x"}"#, "secret"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_bodies() {
    let target = Target::new().await;
    let staff = &target.staff;
    let malformed = malformed().into_iter().map(|body| ("/v1/pets", body, "malformed_request", "body"));
    let invalid = "validation_failed";
    let pets = invalid_pets().into_iter().map(|(body, field)| ("/v1/pets", body, invalid, field));
    let others = INVALID.map(|(path, body, field)| (path, body.as_bytes().to_vec(), invalid, field));
    for (path, body, code, field) in malformed.chain(pets).chain(others) {
        let what = format!("{path} {}", String::from_utf8_lossy(&body).chars().take(80).collect::<String>());
        let answer = post(staff, path, "application/json", body).await;
        assert_problem(&answer.refusal(), code, field, &what);
        assert_eq!(answer.body["instance"], path, "{what}");
        assert_eq!(answer.body["requestId"], answer.header("x-request-id"), "{what}");
    }
    for kind in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "json"] {
        let answer = post(staff, "/v1/pets", kind, pet("")).await;
        assert_eq!(
            (answer.status, answer.refusal().code.as_str()),
            (415, "unsupported_media_type"),
            "{kind}"
        );
    }
    let bare = staff.send(staff.request(Method::POST, "/v1/pets").body(pet(""))).await;
    assert_eq!(bare.status, 415, "no content type");
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_beyond_the_limit() {
    let target = Target::new().await;
    let staff = &target.staff;
    let large = format!(
        r#"{{"name":"Rex","species":"DOG","ageMonths":5,"price":"75.00","description":"{}"}}"#,
        "x".repeat(MAX_BODY)
    );
    let answer = post(staff, "/v1/pets", "application/json", large.clone()).await;
    assert_eq!((answer.status, answer.refusal().code.as_str()), (413, "payload_too_large"));
    // Without a length in the head.
    let pieces = large
        .into_bytes()
        .chunks(65_536)
        .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
        .collect::<Vec<_>>();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let answer = post(staff, "/v1/pets", "application/json", body).await;
    assert_eq!((answer.status, answer.refusal().code.as_str()), (413, "payload_too_large"));
    // As large as is allowed, and still read: it is the description that is too long.
    let padded = format!("{}{}", r#"{"description":1}"#, " ".repeat(MAX_BODY - 17));
    let answer = post(staff, "/v1/pets", "application/json", padded).await;
    assert_problem(&answer.refusal(), "validation_failed", "description", "1 MiB");
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_paths_queries_and_headers() {
    let target = Target::new().await;
    let staff = &target.staff;
    for (path, code, field) in [
        ("/v1/pets/42", "malformed_request", "id"),
        ("/v1/pets/%FF", "malformed_request", "id"),
        ("/v1/pets/019b413912347abc8def123456789abc", "malformed_request", "id"),
        ("/v1/orders/42", "malformed_request", "id"),
        ("/v1/receipts/42", "malformed_request", "id"),
        ("/v1/users/42", "malformed_request", "id"),
        ("/v1/webhook-endpoints/42", "malformed_request", "id"),
        ("/v1/pets?status=LOST", "validation_failed", "status"),
        ("/v1/pets?page=0", "validation_failed", "page"),
        ("/v1/pets?page=x", "validation_failed", "page"),
        ("/v1/pets?limit=101", "validation_failed", "limit"),
        ("/v1/pets?ageMin=-1", "validation_failed", "ageMin"),
        ("/v1/pets?goodWithKids=perhaps", "validation_failed", "goodWithKids"),
        ("/v1/pets?colour=red", "validation_failed", "colour"),
        ("/v1/orders?petId=42", "validation_failed", "petId"),
    ] {
        assert_problem(&staff.get(path).await.refusal(), code, field, path);
    }
    for path in ["/v1/orders", "/v1/pets", "/v1/receipts"] {
        let path = if path.ends_with("receipts") {
            format!("{path}/rcp_{NOWHERE}")
        } else {
            format!("{path}/{NOWHERE}")
        };
        assert_eq!(staff.get(&path).await.refusal().code, "not_found", "{path}");
    }
    for path in ["/v1/dragons", "/v1", "/v1/pets/", "/nowhere", "/v1/../pets"] {
        let refusal = staff.get(path).await.refusal();
        assert_eq!((refusal.status, refusal.code.as_str()), (Some(404), "unknown_operation"), "{path}");
    }
    let answer = staff.send(staff.request(Method::PATCH, "/v1/orders")).await;
    assert_eq!((answer.status, answer.refusal().code.as_str()), (405, "method_not_allowed"));
    assert!(
        answer.header("allow").contains("POST") && answer.header("allow").contains("GET"),
        "{:?}",
        answer.headers
    );
    for tenant in ["x", "", "00000000-0000-0000-0000-000000000000", "\u{e9}"] {
        let request =
            target.binary.anonymous().request(Method::GET, "/v1/pets").header("x-tenant-id", tenant);
        assert_problem(&staff.send(request).await.refusal(), "malformed_request", "X-Tenant-ID", tenant);
    }
    let twice = staff.request(Method::GET, "/v1/pets").header("authorization", "Bearer x");
    assert_problem(&staff.send(twice).await.refusal(), "malformed_request", "Authorization", "two tokens");
    let pet = target.binary.anonymous().get("/v1/pets?limit=1").await.result().unwrap();
    let path = format!("/v1/pets/{}", api::id(&pet["data"][0]));
    let answer = staff.put(&path, serde_json::json!({ "status": "LOST" })).await;
    assert_problem(&answer.refusal(), "validation_failed", "status", "an unknown status");
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http() {
    let target = Target::new().await;
    let host = target.binary.url[7..].to_owned();
    let huge = format!("GET /v1/pets HTTP/1.1\r\nhost: x\r\nx-padding: {}\r\n\r\n", "x".repeat(100_000));
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(100_000));
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"HELO petstore\r\n\r\n".to_vec(),
        huge.into_bytes(),
        long.into_bytes(),
    ] {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        // It may be closed before all of it is sent.
        let _ = stream.write_all(&bytes).await;
        let mut answer = Vec::new();
        let _ = within("the end of the connection", stream.read_to_end(&mut answer)).await;
        let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
        assert!(line.is_empty() || line.starts_with("HTTP/1.1 4"), "{line}");
    }
    target.unharmed().await;
}
