//! Reads that are answered before the router is asked: nobody can tell them from those that a handler made.

use http::HeaderMap;
use serde_json::{Value, json};

use super::ask;
use crate::support::api::{id, text};
use crate::support::{Answer, Api, Setup, TestServer};

/// The headers that do not belong to one request alone.
fn lasting(answer: &Answer) -> HeaderMap {
    let mut headers = answer.headers.clone();
    for name in ["date", "x-request-id", "ratelimit", "ratelimit-remaining", "ratelimit-reset"] {
        assert!(headers.remove(name).is_some(), "{name}");
    }
    headers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_answer_is_the_one_that_was_made() {
    // One server keeps nothing.
    let keeping = TestServer::demo().await;
    let making = Setup::demo().set("server.read_cache_bytes", 0).start().await;
    for server in [&keeping, &making] {
        let staff = server.user("staff").await;
        let pet = format!("/v1/pets/{}", id(&staff.create_pet("Rex").await));
        let anyone = server.anonymous();
        for path in [pet.as_str(), "/v1/pets", "/v1/pets?limit=50&sort=price"] {
            for headers in [
                &[][..],
                &[("accept-encoding", "gzip")],
                &[("origin", "https://shop.example")],
                &[("accept", "text/html")],
                &[("if-none-match", "*")],
            ] {
                let mut first = ask(&anyone, "GET", path, headers).await;
                let mut second = ask(&anyone, "GET", path, headers).await;
                // A refusal has an id of its own.
                for refusal in
                    [&mut first.body, &mut second.body].into_iter().filter_map(Value::as_object_mut)
                {
                    refusal.remove("requestId");
                }
                assert_eq!(first.status, second.status, "{path} {headers:?}");
                assert_eq!(lasting(&first), lasting(&second), "{path} {headers:?}");
                assert_eq!(first.body, second.body, "{path} {headers:?}");
            }
        }
        let route = |status: u16| {
            format!("protocol=\"http\",method=\"GET\",route=\"/v1/pets/{{id}}\",status=\"{status}\"}} 2")
        };
        let metrics = anyone.get("/metrics").await.body;
        for status in [304, 406] {
            let counted = metrics.as_str().unwrap().lines().any(|line| line.ends_with(&route(status)));
            assert!(counted, "{} in {metrics}", route(status));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_answer_ends_with_a_change_and_is_the_tenants_own() {
    const TENANT: &str = "550e8400-e29b-41d4-a716-446655440000";
    let server = TestServer::demo().await;
    let (staff, anyone) = (server.user("staff").await, server.anonymous());
    let pet = format!("/v1/pets/{}", id(&staff.create_pet("Rex").await));
    for name in ["Rex", "Max", "Moritz"] {
        staff.put(&pet, json!({ "name": name })).await.result().unwrap();
        for _ in 0..2 {
            assert_eq!(text(&anyone.get(&pet).await.body, "name"), name);
        }
    }
    let elsewhere = anyone.in_tenant(TENANT);
    assert_eq!(elsewhere.get(&pet).await.status, 404);
    assert_eq!(elsewhere.get("/v1/pets").await.body["pagination"]["totalItems"], 0);
    assert_eq!(anyone.in_tenant("nobody").get(&pet).await.status, 400);
    staff.delete(&pet).await.result().unwrap();
    assert_eq!(anyone.get(&pet).await.status, 404);
}

/// HEAD tells what GET would, and has no body, also where a refusal has one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn head_is_get_without_a_body_over_both_versions() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let http2 = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let over_http2 = |api: &Api| Api { http: http2.clone(), ..api.clone() };
    for api in [staff.clone(), over_http2(&staff)] {
        let anyone = Api { token: None, ..api.clone() };
        for (api, path, headers, status) in [
            (&api, "/v1/pets?limit=50", &[("accept-encoding", "gzip")][..], 200),
            (&api, "/v1/pets?limit=50", &[], 200),
            (&anyone, "/v1/pets?limit=50", &[("accept-encoding", "br")], 200),
            (&anyone, "/v1/orders", &[], 401),
            (&anyone, "/v1/pets", &[("accept", "text/html")], 406),
            (&anyone, "/v1/dragons", &[], 404),
        ] {
            let get = ask(api, "GET", path, headers).await;
            let head = ask(api, "HEAD", path, headers).await;
            assert_eq!((get.status, head.status), (status, status), "{path} {headers:?}");
            assert!(head.body.is_null(), "{path} {headers:?} {:?}", head.body);
            for name in ["etag", "content-type", "content-encoding", "vary"] {
                assert_eq!(head.header(name), get.header(name), "{path} {headers:?} {name}");
            }
            if status == 200 {
                assert_eq!(head.header("content-length"), get.header("content-length"), "{path} {headers:?}");
            }
        }
    }
}
