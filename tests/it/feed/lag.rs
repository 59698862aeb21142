//! Readers that fall behind: they are served from the log, and miss nothing.

use std::time::Duration;

use petstore::clock::Clock;
use serde_json::json;

use crate::support::api::id;
use crate::support::inbox::ids;
use crate::support::socketio::{Socket, Transport};
use crate::support::websocket::{Connection, Opening};
use crate::support::{
    Api, Channel, Driver, Envelope, Listener, Setup, Story, TOPICS, TestServer, channel, eventually, graphql,
    socketio, sse, websocket,
};

/// With a ring of one event, every commit that makes two overruns everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_of_one_loses_nothing_on_any_channel() {
    const STORIES: usize = 8;
    let server = Setup::demo().set("feed.ring_events", 1).set("feed.page_events", 7).start().await;
    let story = Story::cast(&server).await;
    let start = websocket::position(&story.staff).await.unwrap();
    let mut listeners = Vec::new();
    for channel in Channel::STREAMING {
        listeners.push((channel, channel.listen(&story.staff, &TOPICS, None).await.unwrap()));
        listeners.push((channel, channel.listen(&story.staff, &["payments"], None).await.unwrap()));
    }
    let stories = (0..STORIES).map(|number| story.tell(Driver::ALL[number % 2]));
    futures_util::future::join_all(stories).await;
    let log = channel::past(&story.staff, &TOPICS, Some(&start), 500).await;
    assert_eq!(log.len(), STORIES * 12);
    let payments: Vec<Envelope> =
        log.iter().filter(|event| event.event_type.starts_with("payment.")).cloned().collect();
    for pair in listeners.chunks(2) {
        let [(channel, all), (_, paid)] = pair else { panic!("pairs") };
        let heard = all.until_id(&format!("everything on {channel:?}"), &log.last().unwrap().event_id).await;
        assert_eq!(ids(&heard), ids(&log), "{channel:?}");
        let heard =
            paid.until_id(&format!("payments on {channel:?}"), &payments.last().unwrap().event_id).await;
        assert_eq!(ids(&heard), ids(&payments), "{channel:?}");
        assert!(
            server.metrics().channel(channel.counted()).lagged_total() > 0,
            "{channel:?} counts that it lagged"
        );
    }
}

/// Photos of the pet in each event of the flood, and the length of their addresses in bytes.
const PHOTOS: usize = 20;
const ADDRESS: usize = 480;
/// Events of the flood: together far more than the kernel buffers between a server and a client that does not read.
const FLOOD: usize = 600;
const SMALL_BUFFER: Option<u32> = Some(4096);

/// Changes a pet again and again, many at a time; returns the log of it.
async fn flood(server: &TestServer, staff: &Api, start: &str) -> Vec<Envelope> {
    let pet = id(&staff.create_pet("Flood").await).to_owned();
    let pet = petstore::domain::PetId::parse("id", &pet).unwrap();
    let caller = crate::support::inside::staff_of(petstore::domain::Tenant::PUBLIC);
    let changes = (0..FLOOD).map(|number| {
        let photo = |photo: usize| format!("http://127.0.0.1/{number}/{photo:0ADDRESS$}");
        let photos = Some((0..PHOTOS).map(photo).collect());
        let draft = petstore::domain::pet::PetDraft { photos, ..Default::default() };
        server.app().update_pet(&caller, pet, draft)
    });
    for changed in futures_util::future::join_all(changes).await {
        changed.unwrap();
    }
    channel::past(staff, &["pets"], Some(start), 500).await
}

/// What must hold once the client reads again.
async fn catches_up(server: &TestServer, channel: Channel, listener: Listener, log: &[Envelope]) {
    let heard = listener.until_id(&format!("the flood on {channel:?}"), &log.last().unwrap().event_id).await;
    assert!(ids(&heard) == ids(log), "{channel:?}: {} events, {} in the log", heard.len(), log.len());
    assert!(server.metrics().channel(channel.counted()).lagged_total() > 0, "{channel:?} was not behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_for_a_while_catches_up() {
    let server =
        Setup::demo().set("feed.ring_events", 64).set("socketio.max_buffered_packets", 8).start().await;
    let staff = server.user("staff").await;
    let start = websocket::position(&staff).await.unwrap();
    let after = Some(start.as_str());

    let opening = Opening { receive_buffer: SMALL_BUFFER, ..Opening::default() };
    let mut socket = Connection::open_with(&staff, opening).await.unwrap();
    let socket_from = socket.subscribe("s1", &["pets"], after).await.unwrap();
    let request = staff.request(http::Method::GET, &sse::path(&["pets"], after));
    let mut stream = sse::Stream::open(request).await.unwrap();
    stream.block().await.unwrap();
    let mut packets = Socket::connect_with(&staff, Transport::WebSocket, SMALL_BUFFER).await.unwrap();
    let packets_from = packets.subscribe(&["pets"], after).await.unwrap();
    let mut polling = Socket::connect(&staff, Transport::Polling).await.unwrap();
    let polling_from = polling.subscribe(&["pets"], after).await.unwrap();
    let mut results = graphql::Connection::open_silent(&staff, SMALL_BUFFER).await.unwrap();
    results.send(&json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", staff.token.as_deref().unwrap()) } })).await;
    results.message().await.unwrap();
    results.subscribe("s1", &graphql::events(&["pets"], after)).await;

    let log = flood(&server, &staff, &start).await;
    assert_eq!(log.len(), FLOOD + 1);
    // Others are not held up by those who do not read.
    let quick = Channel::WebSocket.listen(&staff, &["pets"], after).await.unwrap();
    quick.until_id("a reader beside those who do not read", &log.last().unwrap().event_id).await;

    catches_up(&server, Channel::WebSocket, websocket::listener(socket_from, socket), &log).await;
    catches_up(&server, Channel::Sse, sse::listener(None, stream), &log).await;
    catches_up(&server, Channel::SocketIo, socketio::listener(packets_from, packets), &log).await;
    catches_up(&server, Channel::SocketIoPolling, socketio::listener(polling_from, polling), &log).await;
    catches_up(&server, Channel::GraphQlWs, graphql::listener(results), &log).await;
}

/// Nobody is waited for without end: who takes nothing is closed under a limit's name, and misses nothing when it comes again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_nothing_for_too_long_is_closed_and_resumes() {
    let setup = Setup::demo().set("server.write_timeout_ms", 700).set("websocket.write_timeout_ms", 700);
    let server = setup.set("socketio.stall_timeout_ms", 700).start().await;
    let staff = server.user("staff").await;
    let start = websocket::position(&staff).await.unwrap();
    let opening = Opening { receive_buffer: SMALL_BUFFER, ..Opening::default() };
    let mut socket = Connection::open_with(&staff, opening).await.unwrap();
    socket.subscribe("s1", &["pets"], None).await.unwrap();
    let request = staff.request(http::Method::GET, &sse::path(&["pets"], None));
    let _stream = sse::Stream::open(request).await.unwrap();
    let mut packets = Socket::connect_with(&staff, Transport::WebSocket, SMALL_BUFFER).await.unwrap();
    packets.subscribe(&["pets"], None).await.unwrap();
    let log = flood(&server, &staff, &start).await;
    for limit in ["server.write_timeout_ms", "websocket.write_timeout_ms", "socketio.stall_timeout_ms"] {
        let hit = async || (server.metrics().limit_hits(limit) == 1).then_some(());
        eventually(&format!("{limit} to be reached"), hit).await;
    }
    for channel in [Channel::WebSocket, Channel::Sse, Channel::SocketIo] {
        let listener = channel.listen(&staff, &["pets"], Some(&start)).await.unwrap();
        let heard = listener.until_id("what was missed", &log.last().unwrap().event_id).await;
        assert!(ids(&heard) == ids(&log), "{channel:?}");
    }
}

/// A reader that is so slow that the log is purged past it is told so, and never jumps over the gap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_the_log_was_purged_past_is_told() {
    const RETENTION_S: u64 = 3600;
    let clock = Clock::manual(1_790_000_000_000);
    let server = Setup::demo().clock(&clock).set("feed.ring_events", 64).start().await;
    let (staff, anonymous) = (server.user("staff").await, server.anonymous());
    let start = websocket::position(&anonymous).await.unwrap();
    let opening = Opening { receive_buffer: SMALL_BUFFER, ..Opening::default() };
    let mut socket = Connection::open_with(&anonymous, opening).await.unwrap();
    let from = socket.subscribe("s1", &["pets"], Some(&start)).await.unwrap();
    let stream = sse::Stream::open(anonymous.request(http::Method::GET, &sse::path(&["pets"], Some(&start))));
    let stream = stream.await.unwrap();
    let log = flood(&server, &staff, &start).await;
    server.quiet().await;
    clock.advance(Duration::from_secs(RETENTION_S + 1));
    server.app().purge(RETENTION_S).await.unwrap();
    for listener in [websocket::listener(from, socket), sse::listener(None, stream)] {
        let refusal = listener.ended("the refusal").await;
        assert_eq!(refusal.code, "cursor_expired", "{refusal:?}");
        let heard = listener.events();
        assert!(heard.len() < log.len());
        assert_eq!(ids(&heard), ids(&log[..heard.len()]), "what came before the gap");
    }
}
