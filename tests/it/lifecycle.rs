//! The binary from its start to its end: what it refuses, what it prints, what it tells those who listen when it goes.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::binary::{Binary, command};
use crate::support::socketio::{Socket, Transport};
use crate::support::websocket::Connection;
use crate::support::{Channel, Setup, TOPICS, TestServer, api, eventually, graphql, sse, within};

/// The issue's promise.
const STOP_LIMIT: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_tells_those_who_listen_and_ends_with_0() {
    let mut binary = Binary::start(&[]).await;
    let alice = binary.anonymous().log_in("alice").await;
    let mut socket = Connection::open(&alice).await.unwrap();
    socket.subscribe("s1", &["orders"], None).await.unwrap();
    let mut stream =
        sse::Stream::open(alice.request(http::Method::GET, &sse::path(&["orders"], None))).await.unwrap();
    stream.block().await.unwrap();
    let mut results = graphql::Connection::open(&alice).await.unwrap();
    let packets = Channel::SocketIo.listen(&alice, &["orders"], None).await.unwrap();
    let polling = Channel::SocketIoPolling.listen(&alice, &["orders"], None).await.unwrap();
    let silent = TcpStream::connect(binary.url.strip_prefix("http://").unwrap()).await.unwrap();

    let began = Instant::now();
    binary.terminate().await;
    let closed = within("the close of the WebSocket", socket.frame()).await.unwrap_err();
    assert_eq!(closed.status, Some(1012), "{closed:?}");
    let farewell = within("the end of the event stream", stream.block()).await.unwrap().unwrap();
    assert!(farewell.retry.is_some(), "{farewell:?} says when to come back");
    assert_eq!(within("the end of the event stream", stream.block()).await, Ok(None), "ended, not cut off");
    let closed = within("the close of GraphQL", results.message()).await.unwrap_err();
    assert!(matches!(closed.status, Some(1001 | 1012)), "{closed:?}");
    let told = packets.ended("the reason on Socket.IO").await;
    assert_eq!(told.code, "unavailable", "{told:?}");
    // The one answer to the last poll is the close itself.
    let told = polling.ended("the close on Socket.IO polling").await;
    assert!(told.text.contains("disconnected"), "{told:?}");
    let status = binary.exit().await;
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < STOP_LIMIT, "{:?}", began.elapsed());
    drop(silent);
    assert_eq!(binary.errors(), [""; 0]);
}

/// A request that is under way when the shutdown begins is answered, and what it did is there afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_is_finished() {
    let mut binary = Binary::start(&[]).await;
    let staff = binary.anonymous().log_in("staff").await;
    let mut socket = Connection::open(&staff).await.unwrap();
    let (body, host) = (r#"{"name":"Late","species":"DOG","ageMonths":5,"price":"75.00"}"#, &staff.url[7..]);
    let mut request = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /v1/pets HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{}",
        staff.token.as_deref().unwrap(),
        body.len(),
        &body[..10]
    );
    request.write_all(head.as_bytes()).await.unwrap();
    // The server has begun to read this request, once it has answered a later one.
    staff.get("/v1/pets?limit=1").await.result().unwrap();
    binary.terminate().await;
    within("the close of the WebSocket", socket.frame()).await.unwrap_err();
    request.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut answer = String::new();
    within("the answer", request.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(binary.exit().await.code(), Some(0));
    let binary = binary.restart().await;
    let id = answer.split("/v1/pets/").nth(1).unwrap().get(..36).unwrap();
    assert_eq!(binary.anonymous().get(&format!("/v1/pets/{id}")).await.result().unwrap()["name"], "Late");
}

/// What the binary says when it does not start.
async fn refused(arguments: &[&str], env: &[(&str, &str)]) -> String {
    let output = command(arguments).envs(env.iter().copied()).output();
    let output = within("a start that is refused", output).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "it started: {said}");
    assert!(output.stdout.is_empty(), "nothing was ready");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_setting_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("petstore.toml");
    std::fs::write(&file, "[server]\nlistn = \"127.0.0.1:0\"\n\n[feed]\nring_events = 0\n\n[kitchen]\n")
        .unwrap();
    let file = file.to_str().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    type Case<'c> = (&'c [&'c str], &'c [(&'c str, &'c str)], &'c [&'c str]);
    let table: &[Case] = &[
        (&[], &[("PETSTORE_SERVER_LISTN", "x")], &["PETSTORE_SERVER_LISTN"]),
        (&[], &[("PETSTORE_FEED_RING_EVENTS", "many")], &["feed.ring_events", "many", "1 to"]),
        (&[], &[("PETSTORE_SEED", "lots")], &["server.seed", "lots", "demo", "none"]),
        (&["--listen", "everywhere"], &[], &["server.listen", "everywhere", "IP:PORT"]),
        (&["--auth", "maybe"], &[], &["auth.mode", "strict", "open"]),
        (&["--config", file], &[], &["server.listn", "feed.ring_events", "kitchen"]),
        (&["--config", "/nowhere/petstore.toml"], &[], &["/nowhere/petstore.toml"]),
        (&["--port", "80"], &[], &["--port"]),
    ];
    for (arguments, env, named) in table {
        let mut all = vec!["serve", "--data", data];
        all.extend_from_slice(arguments);
        let said = refused(&all, env).await;
        for name in *named {
            assert!(said.contains(name), "{arguments:?} {env:?} must name {name}: {said}");
        }
    }
    assert!(!std::path::Path::new(data).exists(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_address_and_a_folder_that_is_none_are_refused() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let said = refused(&["serve", "--listen", &address, "--data", data.to_str().unwrap()], &[]).await;
    assert!(said.contains(&address), "{said}");
    std::fs::write(&data, "not a folder").unwrap();
    let said = refused(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()], &[]).await;
    assert!(said.contains(data.to_str().unwrap()), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_what_is_where_and_when_it_is_ready() {
    let binary = Binary::start(&[]).await;
    let (ready, table) = binary.banner.split_last().unwrap();
    assert_eq!(ready, &format!("listening on {}", binary.url));
    let table = table.join("\n");
    for path in ["/v1/pets", "/v1/graphql", "/v1/events", "/v1/ws", "/socket.io/", "/v1/webhook-endpoints"] {
        assert!(table.contains(path), "{path} is missing in\n{table}");
    }
    let port = binary.url.rsplit(':').next().unwrap();
    assert!(port != "0" && table.matches(port).count() >= 6, "the port that was taken stands in\n{table}");
    let version = command(&["--version"]).output().await.unwrap();
    assert_eq!(
        String::from_utf8(version.stdout).unwrap(),
        format!("petstore {}\n", env!("CARGO_PKG_VERSION"))
    );
}

/// The number of a series, without the prefix of its name.
fn value(metrics: &str, series: &str) -> Option<f64> {
    let series = format!("petstore_{series} ");
    metrics.lines().find_map(|line| line.strip_prefix(&series)).map(|number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_metrics_tell_how_it_is() {
    // A client of long-polling is missed only when its pong is.
    let pings = Setup::demo().set("socketio.ping_interval_ms", 400).set("socketio.ping_timeout_ms", 300);
    let server = pings.start().await;
    let anonymous = server.anonymous();
    assert_eq!(anonymous.get("/healthz").await.status, 200);
    assert_eq!(anonymous.get("/readyz").await.status, 200);
    let staff = server.user("staff").await;
    let receiver = crate::support::Receiver::subscribed(&staff, &["pet.*"]).await;
    let mut listeners = Vec::new();
    for channel in Channel::STREAMING {
        listeners.push(channel.listen(&staff, &TOPICS, None).await.unwrap());
    }
    let pet = staff.create_pet("Rex").await;
    for listener in &listeners {
        listener.until("the pet and the stock", |events| events.len() == 2).await;
    }
    receiver.until("the pet", |events| events.len() == 1).await;
    server.settled().await;
    let path = format!("/v1/pets/{}", api::id(&pet));
    anonymous.get(&path).await.result().unwrap();

    let answer = anonymous.get("/metrics").await;
    let kind = answer.header("content-type");
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    // What was sent is counted a moment after it came.
    let text = eventually("every delivery to be counted", async || {
        let text = anonymous.get("/metrics").await.body.as_str().expect("text").to_owned();
        let counted = |series: &str| value(&text, series);
        let sent = |(channel, sent)| {
            counted(&format!("events_delivered_total{{channel=\"{channel}\"}}")) == Some(sent)
        };
        let channels = [("sse", 2.0), ("websocket", 2.0), ("socketio", 6.0), ("graphql", 4.0)];
        let hooks = counted("webhook_deliveries_total{outcome=\"succeeded\"}") == Some(1.0);
        (hooks && channels.into_iter().all(sent)).then_some(text)
    })
    .await;
    let counted = |series: &str| value(&text, series).unwrap_or_else(|| panic!("no {series} in\n{text}"));
    for (channel, open) in [("sse", 1.0), ("websocket", 1.0), ("socketio", 3.0), ("graphql", 2.0)] {
        assert_eq!(counted(&format!("subscriptions{{channel=\"{channel}\"}}")), open, "{channel}");
        assert!(counted(&format!("connections{{channel=\"{channel}\"}}")) >= open, "{channel}");
        assert_eq!(counted(&format!("events_lagged_total{{channel=\"{channel}\"}}")), 0.0, "{channel}");
    }
    assert_eq!(counted("events_published_total{type=\"pet.created\"}"), 1.0);
    assert!(counted("commit_duration_seconds_count") >= 1.0);
    let of_route = ["http_requests_total", "\"/v1/pets/{id}\"", "\"200\""];
    let requests = text.lines().find(|line| of_route.iter().all(|part| line.contains(part)));
    assert!(requests.is_some_and(|line| line.ends_with(" 1")), "{requests:?}");
    assert!(text.ends_with("# EOF\n"), "the text is whole");
    drop(listeners);
    eventually("all subscriptions to end", async || {
        let open: i64 = Channel::STREAMING
            .map(|channel| server.metrics().channel(channel.counted()).subscriptions())
            .iter()
            .sum();
        (open == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_store_gets_an_administrator_once() {
    let server = Setup::empty().start().await;
    let admin = server.first_admin().await;
    let pet = admin.create_pet("First").await;
    let server = server.restart().await;
    assert!(server.first_admin_password().is_none(), "the password is told once");
    assert_eq!(admin.get(&format!("/v1/pets/{}", api::id(&pet))).await.result().unwrap(), pet);
    let refusal = server
        .anonymous()
        .post("/v1/auth/tokens", serde_json::json!({ "username": "alice", "password": api::DEMO_PASSWORD }))
        .await
        .refusal();
    assert_eq!(refusal.code, "wrong_credentials", "demo accounts are only in the demo");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_is_left_sends_nothing_more() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let auth = serde_json::json!({ "token": staff.token }).to_string();
    for transport in [Transport::WebSocket, Transport::Upgrade] {
        let mut socket = Socket::connect(&staff, transport).await.unwrap();
        for name in ["First", "Second"] {
            socket.subscribe(&["pets"], None).await.unwrap();
            staff.create_pet(name).await;
            let (_, event) = socket.event().await.unwrap();
            assert_eq!(event["data"]["pet"]["name"], name);
            // The connection stays.
            socket.send("41").await.unwrap();
            let channel = server.metrics().channel(petstore::telemetry::Channel::SocketIo);
            eventually("the subscription to end", async || (channel.subscriptions() == 0).then_some(()))
                .await;
            staff.create_pet("Unseen").await;
            socket.join(&auth).await.unwrap();
        }
    }
}
