//! Streams that are reserved, answers in parts, requests with files, and documents that are known by their hash.

use std::time::Duration;

use ::http::{Method, Request, StatusCode, header};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::support::{Fixture, STAFF, getting, posting, read, settings, text};
use crate::protocols::graphql::{GraphQlSettings, PATH, federation_sdl};

const JSON: &str = "application/json";
const MODERN: &str = "application/graphql-response+json";

fn request(method: &str, query: &str, token: &str, body: &Value) -> Request<Body> {
    let builder = Request::builder().method(method.parse::<Method>().unwrap()).uri(format!("{PATH}{query}"));
    let builder = builder.header(header::AUTHORIZATION, format!("Bearer {STAFF}"));
    let builder = builder.header(header::CONTENT_TYPE, JSON).header(header::ACCEPT, "*/*");
    let builder =
        if token.is_empty() { builder } else { builder.header("x-graphql-event-stream-token", token) };
    builder.body(if body.is_null() { Body::empty() } else { Body::from(body.to_string()) }).unwrap()
}

async fn whole(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// The next chunk that is no comment.
async fn chunk(body: &mut Body) -> String {
    loop {
        let frame = body.frame().await.expect("the stream ended").unwrap().into_data().unwrap();
        let chunk = String::from_utf8(frame.to_vec()).unwrap();
        if !chunk.starts_with(':') {
            return chunk;
        }
    }
}

fn operation(id: &str, query: &str) -> Value {
    json!({ "query": query, "extensions": { "operationId": id } })
}

#[tokio::test]
async fn several_operations_share_a_reserved_stream() {
    let store = Fixture::new().await;
    let reserved = store.send(request("PUT", "", "", &Value::Null)).await;
    assert_eq!(reserved.status(), StatusCode::CREATED);
    let token = whole(reserved).await;
    let status = async |request| store.send(request).await.status();

    let opened = store.send(request("GET", "", &token, &Value::Null)).await;
    assert_eq!(opened.headers()[header::CONTENT_TYPE], "text/event-stream; charset=utf-8");
    let mut stream = opened.into_body();
    assert_eq!(status(request("GET", "", &token, &Value::Null)).await, StatusCode::CONFLICT);

    let query = operation("q", "{ __typename }");
    assert_eq!(status(request("POST", "", &token, &query)).await, StatusCode::ACCEPTED);
    let result = r#"{"id":"q","payload":{"data":{"__typename":"Query"}}}"#;
    assert_eq!(chunk(&mut stream).await, format!("event: next\ndata: {result}\n\n"));
    assert_eq!(chunk(&mut stream).await, "event: complete\ndata: {\"id\":\"q\"}\n\n");

    let watch = operation("s", "subscription { petChanged { pet { id } } }");
    assert_eq!(status(request("POST", "", &token, &watch)).await, StatusCode::ACCEPTED);
    assert_eq!(status(request("POST", "", &token, &watch)).await, StatusCode::CONFLICT);
    while store.metrics.channel(crate::telemetry::Channel::GraphQl).subscriptions() == 0 {
        tokio::task::yield_now().await;
    }
    let pet = store.pet().await;
    assert!(chunk(&mut stream).await.contains(&pet));
    assert_eq!(status(request("DELETE", "?operationId=s", &token, &Value::Null)).await, StatusCode::OK);
    assert_eq!(
        status(request("POST", "", &token, &operation("s", "{ unknown }"))).await,
        StatusCode::ACCEPTED
    );
    assert!(chunk(&mut stream).await.contains("validation_failed"));

    let nameless = json!({ "query": "{ __typename }" });
    assert_eq!(status(request("POST", "", &token, &nameless)).await, StatusCode::BAD_REQUEST);
    assert_eq!(status(request("POST", "", "none", &query)).await, StatusCode::NOT_FOUND);
    let mut strangers = request("POST", "", &token, &query);
    strangers.headers_mut().remove(header::AUTHORIZATION);
    assert_eq!(status(strangers).await, StatusCode::NOT_FOUND);
    drop(stream);
    assert_eq!(status(request("POST", "", &token, &query)).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn streams_that_are_reserved_are_bounded() {
    let store = Fixture::new().await;
    for _ in 0..4 {
        assert_eq!(store.send(request("PUT", "", "", &Value::Null)).await.status(), StatusCode::CREATED);
    }
    let (status, answer) = read(store.send(request("PUT", "", "", &Value::Null)).await).await;
    assert_eq!(
        (status, &answer["errors"][0]["extensions"]["code"]),
        (StatusCode::CONFLICT, &json!("limit_reached"))
    );
}

#[tokio::test]
async fn a_stream_that_nobody_opens_ends_with_what_runs_over_it() {
    let store = Fixture::with(GraphQlSettings { init_timeout_ms: 200, ..settings() }).await;
    let token = whole(store.send(request("PUT", "", "", &Value::Null)).await).await;
    let watch = operation("s", "subscription { petChanged { cursor } }");
    assert_eq!(store.send(request("POST", "", &token, &watch)).await.status(), StatusCode::ACCEPTED);
    let channel = store.metrics.channel(crate::telemetry::Channel::GraphQl);
    let turns = async |wanted: i64| {
        for _ in 0..500 {
            if channel.subscriptions() == wanted {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        false
    };
    assert!(turns(1).await, "it runs");
    assert!(turns(0).await, "its time is over");
    for late in ["GET", "POST", "DELETE"] {
        let body = if late == "POST" { watch.clone() } else { Value::Null };
        let query = if late == "DELETE" { "?operationId=s" } else { "" };
        assert_eq!(
            store.send(request(late, query, &token, &body)).await.status(),
            StatusCode::NOT_FOUND,
            "{late}"
        );
    }
    for _ in 0..4 {
        assert_eq!(store.send(request("PUT", "", "", &Value::Null)).await.status(), StatusCode::CREATED);
    }
}

#[tokio::test]
async fn an_open_stream_ends_with_the_token_that_reserved_it() {
    let store = Fixture::new().await;
    let alice = store.customer("alice").await;
    let mut reserve = request("PUT", "", "", &Value::Null);
    reserve.headers_mut().insert(header::AUTHORIZATION, format!("Bearer {alice}").parse().unwrap());
    let token = whole(store.send(reserve).await).await;
    let mut stream = store.send(request("GET", "", &token, &Value::Null)).await.into_body();
    assert_eq!(stream.frame().await.unwrap().unwrap().into_data().unwrap(), ":\n\n");
    let clock = store.clock.clone();
    let (end, ()) = tokio::join!(stream.frame(), async {
        tokio::task::yield_now().await;
        clock.advance(std::time::Duration::from_secs(61));
    });
    assert!(end.is_none(), "{end:?}");
}

#[tokio::test]
async fn a_subscription_can_come_in_parts() {
    let store = Fixture::new().await;
    let start = text(&store.data(None, "{ eventsCursor }", json!({})).await["eventsCursor"]);
    let pet = store.pet().await;
    let query = format!("subscription {{ petChanged(after: \"{start}\") {{ eventType pet {{ id }} }} }}");
    let accept = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json";
    let answer = store.send(posting(Some(STAFF), accept, &json!({ "query": query }))).await;
    let kind = "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0";
    assert_eq!(answer.headers()[header::CONTENT_TYPE], kind);
    let mut body = answer.into_body();
    assert_eq!(chunk(&mut body).await, "--graphql");
    let part = chunk(&mut body).await;
    let json = part.strip_prefix("\r\nContent-Type: application/json; charset=utf-8\r\n\r\n").unwrap();
    let json = json.strip_suffix("\r\n--graphql").unwrap();
    let told: Value = serde_json::from_str(json).unwrap();
    let change = &told["payload"]["data"]["petChanged"];
    assert_eq!(change, &json!({ "eventType": "pet.created", "pet": { "id": pet } }));
    let (status, answer) =
        read(store.send(posting(None, accept, &json!({ "query": "{ __typename }" }))).await).await;
    assert_eq!((status, &answer["data"]["__typename"]), (StatusCode::OK, &json!("Query")), "no subscription");
}

/// A form of these parts.
fn form(token: Option<&str>, parts: &[(&str, &[u8])]) -> Request<Body> {
    let mut body = Vec::new();
    for (name, value) in parts {
        let head =
            format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"x\"\r\n\r\n");
        body.extend([head.as_bytes(), value, b"\r\n"].concat());
    }
    body.extend(b"--edge--\r\n");
    let request = Request::post(PATH).header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge");
    let request = match token {
        Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        None => request,
    };
    request.header(header::ACCEPT, MODERN).body(body.into()).unwrap()
}

#[tokio::test]
async fn a_file_comes_as_a_part_of_its_own() {
    let store = Fixture::new().await;
    let pet = store.pet().await;
    let query = "mutation ($pet: ID!, $file: Upload!) { uploadPetImage(id: $pet, file: $file, additionalMetadata: \"x\") {
        image { url mediaType bytes additionalMetadata petId } userErrors { code field } } }";
    let operations = json!({ "query": query, "variables": { "pet": pet, "file": null } }).to_string();
    let png = PNG;
    let map = br#"{"0": ["variables.file"]}"#;
    let parts: [(&str, &[u8]); 3] = [("operations", operations.as_bytes()), ("map", map), ("0", png)];
    let (status, answer) = read(store.send(form(Some(STAFF), &parts)).await).await;
    let image = &answer["data"]["uploadPetImage"]["image"];
    assert_eq!((status, &image["mediaType"]), (StatusCode::OK, &json!("image/png")), "{answer}");
    assert_eq!((&image["petId"], &image["bytes"]), (&json!(pet), &json!(png.len())));
    let query = "query ($id: ID!) { pet(id: $id) { photos } }";
    let photos = store.data(None, query, json!({ "id": pet })).await;
    assert_eq!(photos["pet"]["photos"], json!([image["url"]]));

    let (_, answer) = read(store.send(form(Some(STAFF), &parts)).await).await;
    assert_eq!(answer["data"]["uploadPetImage"]["userErrors"][0]["code"], "limit_reached", "{answer}");
    assert_eq!(store.send(form(None, &parts)).await.status(), StatusCode::FORBIDDEN, "a plain form");
    let large = vec![b'x'; 1_001];
    for (parts, status) in [
        (vec![parts[0], parts[1], ("0", &large)], StatusCode::PAYLOAD_TOO_LARGE),
        (vec![parts[1], parts[0], parts[2]], StatusCode::BAD_REQUEST),
        (vec![parts[0], parts[1]], StatusCode::BAD_REQUEST),
        (vec![parts[0], ("map", br#"{"0": ["query"]}"#.as_slice()), parts[2]], StatusCode::BAD_REQUEST),
        (vec![parts[0], parts[1], ("1", png)], StatusCode::BAD_REQUEST),
        (Vec::new(), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(store.send(form(Some(STAFF), &parts)).await.status(), status);
    }
    let made_up = json!({ "pet": pet, "file": "file 7" });
    let body = json!({ "query": "mutation ($pet: ID!, $file: Upload!) { uploadPetImage(id: $pet, file: $file) {
        userErrors { code field } } }", "variables": made_up });
    let (_, answer) = store.post(Some(STAFF), MODERN, &body).await;
    assert_eq!(answer["data"]["uploadPetImage"]["userErrors"][0]["field"], "file", "{answer}");
    let kept = store.image_files();
    assert_eq!(kept.len(), 1, "nothing is left of what was refused: {kept:?}");
}

/// Smallest head of a picture.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\0\0\0\0";

#[tokio::test]
async fn a_file_goes_to_the_disk_as_it_comes_and_can_be_used_twice() {
    let store = Fixture::new().await;
    let (one, two) = (store.pet().await, store.pet().await);
    let query = "mutation ($one: ID!, $two: ID!, $a: Upload!, $b: Upload!) {
        first: uploadPetImage(id: $one, file: $a) { image { bytes } }
        second: uploadPetImage(id: $two, file: $b) { image { bytes } } }";
    let variables = json!({ "one": one, "two": two, "a": null, "b": null });
    let operations = json!({ "query": query, "variables": variables }).to_string();
    let map = br#"{"0": ["variables.a", "variables.b"]}"#;
    let file = [PNG, &[0; 800]].concat();
    let whole = form(Some(STAFF), &[("operations", operations.as_bytes()), ("map", map), ("0", &file)]);
    let (parts, body) = whole.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let within_file = body.len() - 400;
    let sending = |upto: std::ops::Range<usize>| {
        let (sender, pieces) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
        let stream = futures_util::stream::unfold(pieces, |mut pieces| async move {
            let piece = pieces.recv().await?;
            Some((piece, pieces))
        });
        let request = Request::from_parts(parts.clone(), Body::from_stream(stream));
        (sender, body.slice(upto), Box::pin(store.router.clone().oneshot(request)))
    };
    let on_disk = async || {
        loop {
            let files = store.image_files();
            if files.iter().any(|(name, bytes)| name.ends_with(".part") && *bytes > 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    // The end of the part is not there yet, and the sender goes away.
    let (sender, piece, mut answer) = sending(0..within_file);
    sender.send(Ok(piece)).await.unwrap();
    tokio::select! {
        early = &mut answer => panic!("answered before it was whole: {early:?}"),
        () = on_disk() => {}
        () = tokio::time::sleep(Duration::from_secs(10)) => panic!("nothing comes to the disk"),
    }
    drop(sender);
    assert_eq!(answer.await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(store.image_files(), [], "and are taken away again");

    let (sender, piece, answer) = sending(0..body.len());
    sender.send(Ok(piece)).await.unwrap();
    drop(sender);
    let (_, answer) = read(answer.await.unwrap()).await;
    for field in ["first", "second"] {
        assert_eq!(answer["data"][field]["image"]["bytes"], file.len(), "{answer}");
    }
    let kept = store.image_files();
    assert_eq!(kept.len(), 2);
    assert!(
        kept.iter().all(|(name, bytes)| !name.ends_with(".part") && *bytes == file.len() as u64),
        "{kept:?}"
    );
}

#[tokio::test]
async fn a_document_can_be_named_by_its_hash() {
    let store = Fixture::new().await;
    // The SHA-256 of "{__typename}".
    let hash = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let (_, unknown) = store.post(None, JSON, &json!({ "extensions": extensions })).await;
    let error = &unknown["errors"][0];
    assert_eq!(
        (&error["message"], &error["extensions"]["code"]),
        (&json!("PersistedQueryNotFound"), &json!("PERSISTED_QUERY_NOT_FOUND"))
    );
    let wrong = json!({ "query": "{ __typename }", "extensions": extensions });
    assert_eq!(
        store.post(None, JSON, &wrong).await.1["errors"][0]["extensions"]["code"],
        "validation_failed"
    );
    let first = json!({ "query": "{__typename}", "extensions": extensions });
    assert_eq!(store.post(None, JSON, &first).await.1["data"]["__typename"], "Query");
    let query = format!(
        "extensions={}",
        extensions.to_string().replace('"', "%22").replace('{', "%7B").replace('}', "%7D")
    );
    let known = store.send(getting(&query, JSON)).await;
    assert_eq!(known.status(), StatusCode::OK);
    assert!(known.headers().contains_key(header::ETAG), "a GET can be kept by caches");
    let by_id = store.send(getting(&format!("documentId=sha256:{hash}"), JSON)).await;
    assert_eq!(read(by_id).await.1["data"]["__typename"], "Query");
}

#[tokio::test]
async fn a_gateway_finds_the_schema_and_the_entities() {
    let sdl = federation_sdl();
    assert!(sdl.contains("https://specs.apollo.dev/federation/v2"), "{}", &sdl[sdl.len() - 400..]);
    for entity in [
        "type Pet implements Node @key(fields: \"id\")",
        "type User implements Node @key",
        "type Order implements Node @key",
    ] {
        assert!(sdl.contains(entity), "{entity}");
    }
    let store = Fixture::new().await;
    let told = store.data(None, "{ _service { sdl } }", json!({})).await;
    assert!(told["_service"]["sdl"].as_str().unwrap().contains("@key"));
    let (pet, order) = (store.pet().await, store.order(&store.customer("alice").await).await);
    let query =
        "query ($who: [_Any!]!) { _entities(representations: $who) { __typename ... on Pet { id name }
        ... on Order { status } } }";
    let who = json!([{ "__typename": "Pet", "id": pet }, { "__typename": "Order", "id": order }]);
    let found = store.data(Some(STAFF), query, json!({ "who": who })).await;
    assert_eq!(found["_entities"][0], json!({ "__typename": "Pet", "id": pet, "name": "Rex" }));
    assert_eq!(found["_entities"][1]["status"], "PLACED");

    let closed = Fixture::with(GraphQlSettings { introspection: false, ..settings() }).await;
    for query in ["{ _service { sdl } }", "{ __schema { types { name } } }", "{ petz { id } }"] {
        let (_, answer) = closed.post(None, MODERN, &json!({ "query": query })).await;
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(!message.contains("Did you mean") && answer["data"].is_null(), "{query}: {answer}");
    }
}
