//! Rate limits.

use std::time::Duration;

use petstore::clock::Clock;
use serde_json::json;

use super::ask;
use crate::support::{Answer, Channel, Setup, channel};

fn remaining(answer: &Answer) -> Option<u32> {
    answer.headers.get("ratelimit-remaining").map(|value| value.to_str().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_addresses_have_buckets_that_empty_and_fill() {
    let clock = Clock::manual(1_800_000_000_000);
    let setup = Setup::demo().clock(&clock).set("rate_limit.reads_burst", 3).set("rate_limit.reads_per_s", 2);
    let server =
        setup.set("rate_limit.logins_burst", 4).set("server.trusted_proxies", "127.0.0.1").start().await;
    let (alice, bob, nobody) = (server.user("alice").await, server.user("bob").await, server.anonymous());
    for left in [2, 1, 0] {
        let answer = alice.get("/v1/pets").await;
        assert_eq!((answer.status, remaining(&answer)), (200, Some(left)));
        assert_eq!(answer.header("ratelimit-limit"), "3");
        assert_eq!(answer.header("ratelimit-policy"), "\"reads\";q=3;w=2");
    }
    let refused = alice.get("/v1/orders").await;
    assert_eq!((refused.status, refused.refusal().code.as_str()), (429, "rate_limited"));
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), ("1", "\"reads\";r=0;t=2"));
    assert_eq!(server.metrics().limit_hits("rate_limit.reads_burst"), 1);
    assert_eq!(bob.get("/v1/pets").await.status, 200, "another user");
    assert_eq!(alice.post("/v1/orders", json!({})).await.status, 422, "another class");
    clock.advance(Duration::from_millis(500));
    assert_eq!(alice.get("/v1/pets").await.status, 200);
    assert_eq!(alice.get("/v1/pets").await.status, 429);

    for _ in 0..3 {
        assert_eq!(nobody.get("/v1/pets").await.status, 200);
    }
    assert_eq!(nobody.get("/v1/pets").await.status, 429);
    assert_eq!(
        nobody.with_token("guessed").get("/v1/pets").await.status,
        429,
        "tokens are not to be guessed"
    );
    for _ in 0..9 {
        let (health, page) = (nobody.get("/healthz").await, nobody.get("/").await);
        assert_eq!((health.status, remaining(&health), page.status), (200, None, 200), "not limited");
    }
    let behind = [("x-forwarded-for", "6.6.6.6, 192.0.2.7")];
    assert_eq!(ask(&nobody, "GET", "/v1/pets", &behind).await.status, 200, "another address");

    let login = json!({ "username": "alice", "password": "wrong" });
    assert_eq!(nobody.post("/v1/auth/tokens", login.clone()).await.status, 401);
    assert_eq!(nobody.post("/v1/auth/tokens", login.clone()).await.status, 401);
    let refused = nobody.post("/v1/auth/tokens", login).await;
    assert_eq!((refused.status, refused.header("ratelimit-limit")), (429, "4"), "two had logged in before");
    let graphql = nobody.graphql("{ __typename }").await;
    assert!(graphql.is_ok(), "{graphql:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_live_channels_are_limited() {
    for channel in Channel::ALL {
        let setup = Setup::demo().set("rate_limit.reads_burst", 1).set("rate_limit.writes_burst", 1);
        let server = setup.set("rate_limit.reads_per_s", 1).set("rate_limit.writes_per_s", 1).start().await;
        let mut refused = 0;
        for _ in 0..6 {
            refused += u32::from(channel.listen(&server.anonymous(), &["pets"], None).await.is_err());
        }
        assert!(refused > 0, "{channel:?}");
        let hits = server.metrics().limit_hits("rate_limit.reads_burst")
            + server.metrics().limit_hits("rate_limit.writes_burst");
        assert!(hits > 0, "{channel:?}");
    }
    let _ = channel::Channel::ALL;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_can_be_switched_off() {
    let setup = Setup::demo().set("rate_limit.enabled", false).set("rate_limit.reads_burst", 1);
    let server = setup.start().await;
    for _ in 0..5 {
        let answer = server.anonymous().get("/v1/pets").await;
        assert_eq!((answer.status, remaining(&answer)), (200, None));
    }
}
