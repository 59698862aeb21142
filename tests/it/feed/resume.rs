//! Resume at every position, over restarts, and while the log grows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::support::api::id;
use crate::support::inbox::ids;
use crate::support::{Api, Channel, Driver, Envelope, Setup, Story, TOPICS, TestServer, channel, websocket};

/// Two stories: the position before them, and their events.
async fn history(story: &Story) -> (String, Vec<Envelope>) {
    let start = websocket::position(&story.staff).await.unwrap();
    story.tell(Driver::Rest).await;
    story.tell(Driver::GraphQl).await;
    let events = channel::past(&story.staff, &TOPICS, Some(&start), 500).await;
    assert_eq!(events.len(), 24);
    (start, events)
}

async fn resumes_everywhere(server: &TestServer, channel: Channel) {
    let story = Story::cast(server).await;
    let (start, past) = history(&story).await;
    let cursors: Vec<&str> =
        std::iter::once(&start).chain(past.iter().map(|event| &event.cursor)).map(String::as_str).collect();
    let mut listeners = Vec::new();
    for cursor in &cursors {
        listeners.push(channel.listen(&story.staff, &TOPICS, Some(cursor)).await.unwrap());
    }
    // One live event after the replay: a gap or a double at the seam would show before it.
    story.staff.create_pet("Live").await;
    let all = channel::past(&story.staff, &TOPICS, Some(&start), 500).await;
    assert_eq!(all.len(), past.len() + 2);
    let last = &all.last().unwrap().event_id;
    for (skipped, listener) in listeners.iter().enumerate() {
        let heard = listener.until_id(&format!("the live event after {skipped} on {channel:?}"), last).await;
        assert_eq!(ids(&heard), ids(&all[skipped..]), "{channel:?} resumed after {skipped} events");
        if let Some(cursor) = &listener.cursor {
            assert_eq!(cursor, cursors[skipped], "{channel:?} says from where it serves");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_channel_resumes_at_every_position() {
    let server = TestServer::demo().await;
    for channel in Channel::ALL {
        resumes_everywhere(&server, channel).await;
    }
}

/// As above, but nothing is served from memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_channel_resumes_at_every_position_from_the_log() {
    let server = Setup::demo().set("feed.ring_events", 1).set("feed.page_events", 3).start().await;
    for channel in Channel::ALL {
        resumes_everywhere(&server, channel).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_poll_form_pages_alike_whatever_the_page() {
    let server = TestServer::demo().await;
    let story = Story::cast(&server).await;
    let (start, past) = history(&story).await;
    for limit in [1, 2, 5, 24, 500] {
        assert_eq!(channel::past(&story.staff, &TOPICS, Some(&start), limit).await, past, "pages of {limit}");
    }
    let from_the_oldest = channel::past(&story.staff, &TOPICS, None, 500).await;
    assert_eq!(from_the_oldest[from_the_oldest.len() - past.len()..], past);
    let one = channel::past(&story.staff, &["payments"], Some(&start), 1).await;
    let payments: Vec<_> =
        past.iter().filter(|event| event.event_type.starts_with("payment.")).cloned().collect();
    assert_eq!(one, payments);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_loses_nothing_on_any_channel() {
    let mut server = TestServer::demo().await;
    let mut story = Story::cast(&server).await;
    let (start, past) = history(&story).await;
    let mut open = Vec::new();
    for channel in Channel::STREAMING {
        let listener = channel.listen(&story.staff, &TOPICS, Some(&start)).await.unwrap();
        listener.until_id("the past", &past.last().unwrap().event_id).await;
        open.push((channel, listener));
    }
    server = server.restart().await;
    for (channel, listener) in &open {
        listener.ended(&format!("the end of {channel:?} at the restart")).await;
    }
    drop(open);
    story = Story::cast(&server).await;
    story.staff.create_pet("After").await;
    let all = channel::past(&story.staff, &TOPICS, Some(&start), 500).await;
    assert_eq!(all.len(), past.len() + 2);
    assert_eq!(all[..past.len()], past, "the same log");
    for channel in Channel::ALL {
        for position in [0, 7, past.len()] {
            let after = if position == 0 { &start } else { &past[position - 1].cursor };
            let listener = channel.listen(&story.staff, &TOPICS, Some(after)).await.unwrap();
            let heard = listener.until_id("what came after the restart", &all.last().unwrap().event_id).await;
            assert_eq!(ids(&heard), ids(&all[position..]), "{channel:?} from {position}");
        }
    }
}

/// Writers that do not rest until they are dropped.
struct Writers {
    stop: Arc<AtomicBool>,
    tasks: tokio::task::JoinSet<()>,
}

impl Writers {
    fn start(staff: &Api, pets: &[String]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = tokio::task::JoinSet::new();
        for pet in pets {
            let (staff, path, stop) = (staff.clone(), format!("/v1/pets/{pet}"), stop.clone());
            tasks.spawn(async move {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    staff.put(&path, json!({ "color": format!("shade {number}") })).await.result().unwrap();
                }
            });
        }
        Self { stop, tasks }
    }

    async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_in_the_middle_of_writes_neither_misses_nor_doubles() {
    const ROUNDS: usize = 20;
    const BEHIND: usize = 10;
    // Half of what is missed is no longer in the ring.
    let server = Setup::demo().set("feed.ring_events", 5).start().await;
    let staff = server.user("staff").await;
    let mut pets = Vec::new();
    for name in ["Ada", "Bob", "Cid"] {
        pets.push(id(&staff.create_pet(name).await).to_owned());
    }
    let start = websocket::position(&staff).await.unwrap();
    let watcher = Channel::WebSocket.listen(&staff, &["pets"], Some(&start)).await.unwrap();
    let writers = Writers::start(&staff, &pets);
    let mut heard = Vec::new();
    for round in 0..ROUNDS {
        let channel = Channel::ALL[round % Channel::ALL.len()];
        let seen = watcher.until("writes", |events| events.len() >= (round + 1) * 5 + BEHIND).await;
        let from = seen.len() - BEHIND;
        let listener = channel.listen(&staff, &["pets"], Some(&seen[from - 1].cursor)).await.unwrap();
        let events = listener
            .until(&format!("round {round} on {channel:?}"), |events| events.len() >= 2 * BEHIND)
            .await;
        heard.push((channel, from, events));
    }
    writers.stop().await;
    let log = channel::past(&staff, &["pets"], Some(&start), 500).await;
    for (round, (channel, from, events)) in heard.iter().enumerate() {
        assert_eq!(ids(events), ids(&log[*from..from + events.len()]), "round {round} on {channel:?}");
    }
}
