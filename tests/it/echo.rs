//! The protocol examples, and the profile in which suites judge.

use futures_util::{SinkExt as _, StreamExt as _};
use petstore::config::Settings;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::websocket::{Opening, open};
use crate::support::{Api, Setup, TestServer, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_answers_each_message_with_itself() {
    let server = Setup::empty().set("echo.max_message_bytes", 1024).start().await;
    let mut socket = open(&server.anonymous(), "/v1/echo/ws", Opening::default()).await.unwrap();
    for message in [Message::text("hälló"), Message::binary(vec![0, 255, 7]), Message::text("")] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(within("the echo", socket.next()).await.unwrap().unwrap(), message);
    }
    socket.send(Message::binary(vec![0; 1025])).await.unwrap();
    let end = within("the close", socket.next()).await.unwrap().unwrap();
    let Message::Close(Some(frame)) = end else { panic!("{end:?}") };
    assert_eq!(u16::from(frame.code), 1009);
    assert_eq!(server.metrics().limit_hits("echo.max_message_bytes"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_too_fast_is_read_slower_and_loses_nothing() {
    let setup = Setup::empty().set("echo.messages_burst", 5).set("echo.messages_per_s", 100);
    let server = setup.start().await;
    let mut socket = open(&server.anonymous(), "/v1/echo/ws", Opening::default()).await.unwrap();
    for number in 0..10 {
        socket.send(Message::text(number.to_string())).await.unwrap();
    }
    for number in 0..10 {
        let echo = within("the echo", socket.next()).await.unwrap().unwrap();
        assert_eq!(echo, Message::text(number.to_string()));
    }
    assert!(server.metrics().limit_hits("echo.messages_per_s") > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_described_without_its_credentials() {
    let server = TestServer::demo().await;
    let alice = server.user("alice").await;
    let answer = alice.post("/v1/echo/http?a=1&b=x&a=2", json!({ "hello": [1] })).await.body;
    assert_eq!((&answer["method"], &answer["path"]), (&json!("POST"), &json!("/v1/echo/http")));
    assert_eq!(answer["query"], json!({ "a": ["1", "2"], "b": ["x"] }));
    assert_eq!(answer["body"]["json"], json!({ "hello": [1] }));
    assert!(!answer.to_string().contains(alice.token.as_deref().unwrap()), "the token is told: {answer}");
    assert!(answer["headers"].to_string().contains("Bearer ("), "{answer}");
    let large = "x".repeat(2 << 20);
    assert_eq!(server.anonymous().post("/v1/echo/http", json!(large)).await.status, 413);
}

async fn text_of(api: &Api, path: &str, last: Option<&str>) -> (u16, String) {
    let mut request = api.request(http::Method::GET, path);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), within("the end of the stream", response.text()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_repeats_and_is_resumed() {
    let server = Setup::empty().start().await;
    let api = server.anonymous();
    let path = "/v1/echo/sse?data=a%0Ab&count=3&event=tick&intervalMs=1";
    let block = |id: u32| format!("id: {id}\nevent: tick\ndata: a\ndata: b\n\n");
    assert_eq!(text_of(&api, path, None).await, (200, format!("{}{}{}", block(1), block(2), block(3))));
    assert_eq!(text_of(&api, path, Some("2")).await, (200, block(3)));
    assert_eq!(text_of(&api, path, Some("3")).await, (204, String::new()));
    for (query, field) in
        [("count=0", "count"), ("intervalMs=x", "intervalMs"), ("event=a%0Ab", "event"), ("x=1", "x")]
    {
        let refusal = api.get(&format!("/v1/echo/sse?{query}")).await;
        assert_eq!((refusal.status, &refusal.body["errors"][0]["field"]), (422, &json!(field)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inspector_keeps_requests_and_shows_them_live() {
    let server = Setup::empty().set("echo.hook_requests", 2).start().await;
    let api = server.anonymous();
    let live = api.request(http::Method::GET, "/v1/echo/hooks/my-hook").header("accept", "text/event-stream");
    let mut live = live.send().await.unwrap().bytes_stream();
    assert_eq!(within("the first block", live.next()).await.unwrap().unwrap(), ": waiting\n\n");
    for number in 1..=3 {
        assert_eq!(api.post("/v1/echo/hooks/my-hook", json!({ "n": number })).await.body["number"], number);
        let mut block = String::new();
        while !block.ends_with("\n\n") {
            let piece = within("a request", live.next()).await.unwrap().unwrap();
            block.push_str(std::str::from_utf8(&piece).unwrap());
        }
        assert!(block.contains(&format!("-{number}\nevent: request\ndata: ")), "{block}");
        assert!(block.contains(&format!(r#""json":{{"n":{number}}}"#)), "{block}");
    }
    let kept = api.get("/v1/echo/hooks/my-hook").await.body;
    let numbers: Vec<_> =
        kept["data"].as_array().unwrap().iter().map(|one| one["body"]["json"]["n"].clone()).collect();
    assert_eq!(numbers, [2, 3]);
    let refused = api.post("/v1/echo/hooks/my-hook?status=503", json!({})).await;
    assert_eq!((refused.status, &refused.body["code"]), (503, &json!("unavailable")));
    assert_eq!(api.get("/v1/echo/hooks/my-hook").await.body["data"][1]["query"]["status"], json!(["503"]));
    assert_eq!(api.get("/v1/echo/hooks/of-somebody-else").await.body, json!({ "data": [] }));
    assert_eq!(api.get("/v1/echo/hooks/a%2Fb").await.status, 400);
    assert_eq!(api.delete("/v1/echo/hooks/my-hook").await.status, 204);
    assert_eq!(api.get("/v1/echo/hooks/my-hook").await.body, json!({ "data": [] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_examples_can_be_switched_off() {
    let server = Setup::empty().set("echo.enabled", false).start().await;
    for path in ["/v1/echo/http", "/v1/echo/sse", "/v1/echo/ws", "/v1/echo/hooks/a"] {
        assert_eq!(server.anonymous().get(path).await.status, 404, "{path}");
    }
}

fn load(overrides: &[(&str, &str)]) -> Result<Settings, String> {
    let owned = overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::load(None, std::iter::empty(), owned).map_err(|error| error.to_string())
}

#[test]
fn the_conformance_profile_stays_on_this_machine() {
    let profile = ("server.profile", "conformance");
    let settings = load(&[profile, ("socketio.ping_timeout_ms", "250")]).unwrap();
    assert_eq!((settings.socketio.ping_interval_ms, settings.socketio.ping_timeout_ms), (300, 250));
    assert_eq!((settings.echo.max_message_bytes, settings.oauth.clients.len()), (16 << 20, 2));
    assert!(settings.webhook.retry_schedule_s[1] <= 5);
    for listen in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80"] {
        let refused = load(&[profile, ("server.listen", listen)]).unwrap_err();
        assert!(refused.contains("server.listen") && refused.contains("loopback"), "{refused}");
    }
    assert!(load(&[profile, ("server.listen", "[::1]:0")]).is_ok());
    assert_eq!(load(&[]).unwrap().socketio.ping_interval_ms, 25_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conformance_profile_has_its_clients() {
    let profile = load(&[("server.profile", "conformance")]).unwrap();
    let setup = Setup::demo().set("server.profile", "conformance").clients(profile.oauth.clients);
    let server = setup.start().await;
    let form = "grant_type=client_credentials&client_id=conformance-m2m&client_secret=conformance";
    let request = server.anonymous().request(http::Method::POST, "/oauth/token").body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let token = request.send().await.unwrap();
    assert_eq!(token.status(), 200, "{:?}", token.text().await);
}
