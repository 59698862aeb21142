//! Cursors and topics that cannot be served: a named error, the same on every channel, never a silent gap.

use std::time::Duration;

use petstore::clock::Clock;

use crate::support::{Channel, Driver, Setup, Story, TOPICS, TestServer, channel, eventually, websocket};

const NOWHERE: &str = "019b4139-1234-7abc-8def-123456789abc";
/// The machine's time would do as well; it only must not move by itself.
const START_MS: i64 = 1_790_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_cursor_is_named_on_every_channel() {
    const RETENTION_S: u64 = 3600;
    let clock = Clock::manual(START_MS);
    let server = Setup::demo().clock(&clock).set("store.event_retention_s", RETENTION_S).start().await;
    let story = Story::cast(&server).await;
    let start = websocket::position(&story.staff).await.unwrap();
    story.tell(Driver::Rest).await;
    let old = channel::past(&story.staff, &TOPICS, Some(&start), 500).await;
    server.quiet().await;
    clock.advance(Duration::from_secs(RETENTION_S + 1));
    story.staff.create_pet("Young").await;
    server.quiet().await;
    server.app().purge(RETENTION_S).await.unwrap();

    let (before_last, last) = (&old[old.len() - 2].cursor, &old[old.len() - 1].cursor);
    for channel in Channel::ALL {
        for cursor in [&start, &old[0].cursor, before_last] {
            let refusal = channel.refusal(&story.staff, &TOPICS, Some(cursor)).await;
            assert_eq!(refusal.code, "cursor_expired", "{channel:?}: {refusal:?}");
            if matches!(channel, Channel::Sse | Channel::Poll) {
                assert_eq!(refusal.status, Some(410));
            }
        }
        // Nothing is missing after the last one that was purged.
        let listener = channel.listen(&story.staff, &TOPICS, Some(last)).await.unwrap();
        listener.until("what is kept", |events| events.len() == 2).await;
    }
    let kept = channel::past(&story.staff, &TOPICS, None, 500).await;
    assert_eq!(kept.len(), 2, "the oldest that is kept comes first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_janitor_purges_by_itself() {
    const RETENTION_S: u64 = 60;
    let clock = Clock::manual(START_MS);
    let server = Setup::demo().clock(&clock).set("store.event_retention_s", RETENTION_S).start().await;
    let story = Story::cast(&server).await;
    story.tell(Driver::Rest).await;
    server.quiet().await;
    let mut database = server.database().await;
    eventually("the janitor to purge", async || {
        clock.advance(Duration::from_secs(2 * RETENTION_S));
        tokio::task::yield_now().await;
        let left = database.number("SELECT count(*) FROM events").await;
        (left == 0).then_some(())
    })
    .await;
    let position = websocket::position(&server.anonymous()).await.unwrap();
    let listener = Channel::Sse.listen(&server.anonymous(), &["pets"], Some(&position)).await.unwrap();
    server.user("staff").await.create_pet("Young").await;
    listener.until("an event after the purge", |events| events.len() == 1).await;
    database.assert_contiguous().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_cursor_is_named_on_every_channel() {
    let server = TestServer::demo().await;
    let other = TestServer::demo().await;
    let staff = server.user("staff").await;
    let foreign = websocket::position(&other.anonymous()).await.unwrap();
    let own = websocket::position(&staff).await.unwrap();
    // A position of this store that it has not reached, as after a restore from an old copy.
    let own = petstore::domain::Position::parse("after", &own).unwrap();
    let future =
        petstore::domain::Position { seq: petstore::domain::Seq(own.seq.0 + 1000), ..own }.to_cursor();
    for channel in Channel::ALL {
        for cursor in [&foreign, &future] {
            let refusal = channel.refusal(&staff, &["orders"], Some(cursor)).await;
            assert_eq!(refusal.code, "cursor_foreign", "{channel:?}: {refusal:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_cursor_is_named_on_every_channel() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let good = websocket::position(&staff).await.unwrap();
    let (long, short) = (format!("{good}A"), &good[..good.len() - 1]);
    for channel in Channel::ALL {
        for cursor in ["yesterday", "", "%00", "\u{1F436}", &long, short] {
            let refusal = channel.refusal(&staff, &["orders"], Some(cursor)).await;
            assert_eq!(refusal.code, "malformed_request", "{channel:?} {cursor:?}: {refusal:?}");
            assert_eq!(refusal.fields, ["after"], "{channel:?} {cursor:?}: {refusal:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_that_are_none_are_named_on_every_channel() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let many: Vec<String> =
        (0..65).map(|number| format!("pets/019b4139-1234-7abc-8def-{number:012}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let table: [(&[&str], &str); 7] = [
        (&[], "topics"),
        (&["dragons"], "topics[0]"),
        (&["pets", "Orders"], "topics[1]"),
        (&["orders/42"], "topics[0]"),
        (&["inventory/1"], "topics[0]"),
        (&["users/me"], "topics[0]"),
        (&many, "topics"),
    ];
    for channel in Channel::ALL {
        for (topics, field) in table {
            let refusal = channel.refusal(&staff, topics, None).await;
            assert_eq!(refusal.code, "validation_failed", "{channel:?} {topics:?}: {refusal:?}");
            assert_eq!(refusal.fields, [field], "{channel:?} {topics:?}: {refusal:?}");
        }
        let refusal = channel.refusal(&staff, &[&format!("orders/{NOWHERE}")], None).await;
        assert_eq!(refusal.code, "not_found", "{channel:?}: {refusal:?}");
        // As many as are allowed; the same one twice counts once.
        let listener = channel.listen(&staff, &many[..64], None).await.unwrap();
        drop(listener);
    }
}
