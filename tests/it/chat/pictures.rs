//! To whom a picture belongs, and how long it waits for its message.

use std::time::Duration;

use http::Method;
use petstore::clock::Clock;
use serde_json::{Value, json};

use super::rooms::PIXEL;
use super::{open_room, say};
use crate::support::api::{id, text};
use crate::support::{Api, Setup, TestServer, eventually};

async fn send(api: &Api, room: &str) -> Value {
    let request = api.request(Method::POST, &format!("{room}/attachments"));
    api.send(request.header("content-type", "image/png").body(PIXEL.to_vec())).await.result().unwrap()
}

async fn seen(api: &Api, url: &str) -> u16 {
    api.send(api.request(Method::GET, url)).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_belongs_to_one_message_of_who_sent_it() {
    let server = TestServer::demo().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let room = open_room(&alice).await;
    staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    let path = format!("{room}/messages");
    let (own, theirs) = (send(&alice, &room).await, send(&staff, &room).await);
    let naming = |pictures: &[&Value]| {
        let ids: Vec<&Value> = pictures.iter().map(|picture| &picture["id"]).collect();
        json!({ "text": "look", "attachments": ids })
    };
    for (pictures, field) in [(vec![&theirs], "attachments[0]"), (vec![&own, &own], "attachments[1]")] {
        assert_eq!(alice.post(&path, naming(&pictures)).await.refusal().fields, [field]);
    }
    alice.post(&path, naming(&[&own])).await.result().unwrap();
    let again = alice.post(&path, naming(&[&own])).await.refusal();
    assert_eq!(again.fields, ["attachments[0]"]);
    let shown = staff.post(&path, naming(&[&theirs])).await.result().unwrap();
    let url = text(&shown["attachments"][0], "url").to_owned();
    assert_eq!(seen(&alice, &url).await, 200);
    assert_eq!(alice.delete(&format!("{path}/{}", id(&shown))).await.status, 403);
    assert_eq!(staff.delete(&format!("{path}/{}", id(&shown))).await.status, 204);
    assert_eq!(seen(&alice, &url).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_that_no_message_names_are_swept() {
    let clock = Clock::manual(1_800_000_000_000);
    let server = Setup::demo().clock(&clock).start().await;
    let alice = server.user("alice").await;
    let room = open_room(&alice).await;
    let (used, unused) = (send(&alice, &room).await, send(&alice, &room).await);
    let body = json!({ "text": "how often should I brush my cat", "attachments": [used["id"]] });
    alice.post(&format!("{room}/messages"), body).await.result().unwrap();
    assert_eq!(seen(&alice, text(&unused, "url")).await, 200);
    clock.advance(Duration::from_hours(23));
    say(&alice, &room, "still there").await;
    clock.advance(Duration::from_hours(2));
    let again = server.user("alice").await;
    eventually("the picture to be swept", async || {
        clock.advance(Duration::from_secs(60));
        (seen(&again, text(&unused, "url")).await == 404).then_some(())
    })
    .await;
    assert_eq!(seen(&again, text(&used, "url")).await, 200);
}
