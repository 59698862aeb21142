//! The OpenAPI document and the router: the same paths and the same methods, in both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use http::Method;
use serde_json::Value;

use crate::support::{Setup, TestServer};

/// What a path item calls its operations.
const METHODS: &[&str] = &["get", "put", "post", "delete", "patch", "query"];

/// Routes that other documents describe, by the beginning of their paths, and which.
const ELSEWHERE: &[(&str, &str)] = &[
    ("/v1/graphql", "schema.graphql"),
    ("/oauth", "/.well-known/oauth-authorization-server"),
    ("/authorize", "/.well-known/oauth-authorization-server"),
    ("/token", "/.well-known/oauth-authorization-server"),
    ("/refresh", "/.well-known/oauth-authorization-server"),
    ("/device", "/.well-known/oauth-authorization-server"),
    ("/introspect", "/.well-known/oauth-authorization-server"),
    ("/revoke", "/.well-known/oauth-authorization-server"),
    ("/style.css", "style of the pages for people"),
    ("/.well-known/", "RFC 8414 and RFC 7517"),
    ("/v1/ws", "the AsyncAPI document"),
    ("/v1/echo/ws", "the AsyncAPI document"),
    ("/engine.io/", "the conformance profile, in the README"),
    ("/socket.io/", "the AsyncAPI document"),
    ("/assets/", "files of the pages"),
    ("/docs", "a page"),
];

/// The pages of the demo.
const PAGES: &[&str] = &["/", "/operations", "/lab", "/webhooks", "/chat", "/sign-in", "/sign-in/callback"];

/// The paths of the document, with their methods.
fn described(document: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = |item: &Value| {
        let item = item.as_object().expect("a path item");
        item.keys().filter(|key| METHODS.contains(&key.as_str())).map(|key| key.to_uppercase()).collect()
    };
    paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

/// Every path that the source hands to a router.
fn routes() -> BTreeSet<String> {
    fn walk(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the source").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
            {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                for call in code.split(".route(").skip(1) {
                    // Written there, or in a constant of that file.
                    let route = match call.trim_start().strip_prefix("PATH") {
                        Some(_) => code.split("const PATH: &str = \"").nth(1),
                        None => call.trim_start().strip_prefix('"'),
                    };
                    let route = route.and_then(|rest| rest.split('"').next());
                    let route =
                        route.unwrap_or_else(|| panic!("a route without its path: {}", path.display()));
                    found.insert(route.to_owned());
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/protocols"), &mut found);
    assert!(found.len() > 20, "only {} routes were found; the source has moved", found.len());
    found
}

/// The methods that a path takes, as its 405 lists them; HEAD and OPTIONS come with GET and with CORS.
async fn allowed(server: &TestServer, path: &str) -> BTreeSet<String> {
    let id = "019b4139-1234-7abc-8def-123456789abc";
    let path = path.split('/').map(|part| if part.starts_with('{') { id } else { part });
    let path = path.collect::<Vec<_>>().join("/");
    let api = server.anonymous();
    let answer = api.send(api.request(Method::from_bytes(b"PURGE").expect("a method"), &path)).await;
    assert_eq!(answer.status, 405, "{path} takes any method, or none: {}", answer.body);
    let listed = answer.header("allow").split(',').map(|method| method.trim().to_owned());
    listed.filter(|method| !matches!(method.as_str(), "HEAD" | "OPTIONS" | "")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_the_router_have_the_same_operations() {
    let server = Setup::empty().start().await;
    let document = server.anonymous().get("/v1/openapi.json").await.body;
    let described = described(&document);
    for (path, methods) in &described {
        assert_eq!(allowed(&server, path).await, *methods, "the methods of {path}");
    }
    let nested = |route: &str| format!("/v1{route}");
    let elsewhere = |route: &str| {
        PAGES.contains(&route)
            || ELSEWHERE.iter().any(|(start, _)| route.starts_with(start) || nested(route).starts_with(start))
    };
    let missing: Vec<String> = routes()
        .into_iter()
        .filter(|route| !described.contains_key(route) && !described.contains_key(&nested(route)))
        .filter(|route| !elsewhere(route))
        .collect();
    assert!(missing.is_empty(), "routes that no document describes: {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_name_the_address_that_was_asked() {
    let server = Setup::empty().start().await;
    let api = server.anonymous();
    let own = api.get("/v1/openapi.json").await.body;
    assert_eq!(own["servers"][0]["url"], server.url.as_str());
    assert_eq!(own["$self"], format!("{}/v1/openapi.json", server.url));
    let named = api.request(Method::GET, "/v1/openapi.json").header("host", "pets.example:8443");
    assert_eq!(api.send(named).await.body["servers"][0]["url"], "http://pets.example:8443");
    let asyncapi = api.get("/v1/asyncapi.json").await.body;
    assert_eq!(asyncapi["servers"]["websocket"]["host"], server.url.trim_start_matches("http://"));
    let odd = api.request(Method::GET, "/v1/openapi.json").header("host", "a\"},{\"b");
    let odd = api.send(odd).await;
    assert!(odd.status == 400 || odd.body["servers"][0]["url"] == "http://localhost", "{}", odd.status);

    let configured = Setup::empty().set("server.public_url", "https://pets.example").start().await;
    let document = configured.anonymous().get("/v1/openapi-3.1.json").await.body;
    assert_eq!(document["servers"][0]["url"], "https://pets.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_projection_has_nothing_that_3_1_does_not_know() {
    let server = Setup::empty().start().await;
    let document = server.anonymous().get("/v1/openapi-3.1.json").await.body;
    assert_eq!(document["openapi"], "3.1.1");
    let text = document.to_string();
    for word in ["\"query\":{\"operationId\"", "itemSchema", "\"parent\"", "deviceAuthorization", "$self"] {
        assert!(!text.contains(word), "{word}");
    }
    let groups = document["x-tagGroups"].as_array().expect("groups");
    assert!(groups.iter().any(|group| group["name"] == "Store API"), "{groups:?}");
}
