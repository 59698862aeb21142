//! The device grant.

use std::time::Duration;

use petstore::clock::Clock;
use serde_json::Value;

use super::browser::Browser;
use super::{Client, error_of, refused};
use crate::support::{Answer, Setup};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn begin(client: &Client) -> Value {
    let begun = client.post("/device/authorize", &[("scope", "read:orders")]).await.result().unwrap();
    assert_eq!((&begun["interval"], &begun["expires_in"]), (&5.into(), &600.into()));
    begun
}

async fn ask(client: &Client, begun: &Value) -> Answer {
    client.token(&[("grant_type", GRANT), ("device_code", begun["device_code"].as_str().unwrap())]).await
}

/// Enters the code, logs in where that is needed, and answers.
async fn answer(browser: &mut Browser, begun: &Value, answer: &str) -> String {
    let page = browser.get("/oauth/device").await;
    // As people type it.
    let typed = begun["user_code"].as_str().unwrap().to_lowercase().replace('-', " ");
    let sent = browser.submit(&page, &[("user_code", &typed)]).await;
    let mut page = browser.get(&sent.location.unwrap()).await;
    if page.text.contains("name=\"password\"") {
        page = browser.log_in(&page, "alice").await;
    }
    assert!(page.text.contains(begun["user_code"].as_str().unwrap()), "{}", page.text);
    browser.submit(&page, &[("action", answer)]).await.text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_waits_for_its_user() {
    let clock = Clock::manual(1_790_000_000_000);
    let server = Setup::demo().clock(&clock).start().await;
    let client = Client::public(&server, &["read:orders"]).await;
    let begun = begin(&client).await;
    assert_eq!(error_of(&ask(&client, &begun).await), refused(400, "authorization_pending"));
    clock.advance(Duration::from_secs(4));
    assert_eq!(error_of(&ask(&client, &begun).await), refused(400, "slow_down"));
    clock.advance(Duration::from_secs(9));
    assert_eq!(error_of(&ask(&client, &begun).await), refused(400, "slow_down"), "five seconds longer now");
    clock.advance(Duration::from_secs(15));
    assert_eq!(error_of(&ask(&client, &begun).await), refused(400, "authorization_pending"));

    let mut browser = Browser::new(&server.anonymous());
    assert!(answer(&mut browser, &begun, "allow").await.contains("is connected"));
    let other = Client::public(&server, &["read:orders"]).await;
    assert_eq!(error_of(&ask(&other, &begun).await), refused(400, "invalid_grant"));
    let tokens = ask(&client, &begun).await.result().unwrap();
    assert_eq!(client.bearer(&tokens).get("/v1/orders").await.status, 200);
    assert!(tokens["refresh_token"].is_string());
    assert_eq!(error_of(&ask(&client, &begun).await), refused(400, "invalid_grant"), "once");

    // The same browser is still logged in.
    let second = begin(&client).await;
    assert!(answer(&mut browser, &second, "deny").await.contains("was not given access"));
    assert_eq!(error_of(&ask(&client, &second).await), refused(400, "access_denied"));

    // Allowed, and then every login is ended before the device has come for its own.
    let ended = begin(&client).await;
    assert!(answer(&mut browser, &ended, "allow").await.contains("is connected"));
    assert_eq!(server.user("alice").await.delete("/v1/auth/tokens?all=true").await.status, 204);
    assert_eq!(error_of(&ask(&client, &ended).await), refused(400, "access_denied"));

    let third = begin(&client).await;
    clock.advance(Duration::from_secs(600));
    assert_eq!(error_of(&ask(&client, &third).await), refused(400, "expired_token"));
    let late =
        browser.get(&format!("/oauth/device?user_code={}", third["user_code"].as_str().unwrap())).await;
    assert!(late.status == 400 && late.text.contains("No device waits"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_cannot_be_guessed() {
    let server = Setup::demo().set("auth.login_failures_per_address", 5).start().await;
    let mut browser = Browser::new(&server.anonymous());
    for guess in 0..5 {
        assert_eq!(browser.get(&format!("/oauth/device?user_code=BCDF-GHJ{guess}")).await.status, 400);
    }
    let locked = browser.get("/oauth/device?user_code=BCDF-GHJK").await;
    assert!(locked.status == 429 && locked.text.contains("Too many attempts"), "{}", locked.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_that_wait_are_bounded() {
    let server = Setup::demo().set("oauth.max_device_codes", 2).start().await;
    let client = Client::public(&server, &["read:orders"]).await;
    begin(&client).await;
    begin(&client).await;
    let third = client.post("/oauth/device/authorize", &[]).await;
    assert_eq!(error_of(&third), refused(429, "temporarily_unavailable"));
    assert_eq!(third.header("retry-after"), "60");
}
