//! Conversations over REST: who may see them, who answers, what is kept.

use http::Method;
use serde_json::json;

use super::{advice, history, open_room, say};
use crate::support::api::{id, text, with_json};
use crate::support::{Receiver, Setup, TestServer};

/// A PNG of one pixel.
pub const PIXEL: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\
    \xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_and_everyone_who_should_hears_of_it() {
    let server = TestServer::demo().await;
    let alice = server.user("alice").await;
    let receiver = Receiver::subscribed(&alice, &["chat.messageCreated"]).await;
    let room = open_room(&alice).await;
    say(&alice, &room, "my dog ate a bar of dark choclate").await;
    let answer = advice(&alice, &room).await;
    assert!(text(&answer, "text").starts_with("SEE A VET NOW"), "{answer}");
    assert_eq!(answer["citations"][0]["id"], "dog-chocolate");
    assert!(!answer["citations"][0]["sources"].as_array().unwrap().is_empty());

    let state = alice.get(&room).await.result().unwrap();
    assert!(
        state["unanswered"].is_null() && state["title"] == "my dog ate a bar of dark choclate",
        "{state}"
    );
    let topic = format!("/v1/events?topics=chat/{}", id(&state));
    let events = alice.get(&topic).await.result().unwrap();
    let kinds: Vec<&str> = events["data"].as_array().unwrap().iter().map(|e| text(e, "eventType")).collect();
    assert_eq!(kinds, ["chat.roomCreated", "chat.messageCreated", "chat.messageCreated"]);
    let delivered = receiver.until("both messages", |bodies| bodies.len() >= 2).await;
    assert_eq!(delivered[1]["data"]["message"]["id"], answer["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_its_users_and_the_staffs() {
    let server = TestServer::demo().await;
    let (alice, bob, staff) =
        (server.user("alice").await, server.user("bob").await, server.user("staff").await);
    let room = open_room(&alice).await;
    let message = say(&alice, &room, "how often should I brush my cat").await;
    let own = id(&message);
    for (method, path) in [
        (Method::GET, String::new()),
        (Method::GET, "/messages".to_owned()),
        (Method::GET, "/receipts".to_owned()),
        (Method::DELETE, format!("/messages/{own}")),
        (Method::POST, "/call".to_owned()),
    ] {
        let answer = bob.send(bob.request(method, &format!("{room}{path}"))).await;
        assert_eq!((answer.status, answer.refusal().code.as_str()), (404, "not_found"), "{path}");
    }
    assert_eq!(bob.post(&format!("{room}/messages"), json!({ "text": "hi" })).await.status, 404);
    assert_eq!(bob.get(&room.replace("/v1/chat/rooms/", "/v1/events?topics=chat/")).await.status, 404);
    assert_eq!(server.anonymous().get(&room).await.status, 401);
    let elsewhere = alice.in_tenant("550e8400-e29b-41d4-a716-446655440000");
    assert!(matches!(elsewhere.get(&room).await.status, 401 | 403 | 404));
    assert_eq!(staff.get(&room).await.status, 200);
    // The staff reads, but writes only after taking over.
    let refused = staff.post(&format!("{room}/messages"), json!({ "text": "hello" })).await.refusal();
    assert_eq!(refused.code, "forbidden");
    let listed = bob.get("/v1/chat/rooms").await.result().unwrap();
    assert_eq!(listed["data"], json!([]));
    assert_eq!(bob.get(&format!("/v1/chat/rooms?userId={}", alice.user_id())).await.status, 403);
    advice(&alice, &room).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_staff_takes_over_and_gives_back() {
    let server = TestServer::demo().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let room = open_room(&alice).await;
    let state = alice.command(&format!("{room}/call")).await.result().unwrap();
    assert!(state["waitingSince"].is_string());
    assert_eq!(alice.get("/v1/chat/rooms?waiting=true").await.status, 403);
    let queue = staff.get("/v1/chat/rooms?waiting=true").await.result().unwrap();
    assert_eq!(queue["data"][0]["id"], state["id"]);

    let state = staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    assert_eq!((state["agentId"].as_str(), &state["waitingSince"]), (Some(staff.user_id()), &json!(null)));
    assert_eq!(alice.put(&format!("{room}/agent"), json!({})).await.status, 403);
    let asked = say(&alice, &room, "can cats drink milk").await;
    let replied = say(&staff, &room, "Better not. Water is what she needs.").await;
    assert_eq!((text(&asked, "author"), text(&replied, "author")), ("USER", "STAFF"));

    staff.delete(&format!("{room}/agent")).await.result().unwrap();
    say(&alice, &room, "can kittens drink milk").await;
    advice(&alice, &room).await;
    let authors: Vec<String> =
        history(&alice, &room).await.iter().map(|message| text(message, "author").to_owned()).collect();
    // Called, joined, the two, left, and again the advisor: who was silent meanwhile.
    assert_eq!(authors, ["SYSTEM", "SYSTEM", "USER", "STAFF", "SYSTEM", "USER", "ADVISOR"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn editing_and_deleting_leave_a_trace() {
    let server = TestServer::demo().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let room = open_room(&alice).await;
    staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    let message = say(&alice, &room, "my dgo limps").await;
    let path = format!("{room}/messages/{}", id(&message));
    let edit = |api: &crate::support::Api| {
        with_json(api.request(Method::PATCH, &path), &json!({ "text": "my dog limps" }))
    };
    assert_eq!(staff.send(edit(&staff)).await.refusal().code, "forbidden");
    let edited = alice.send(edit(&alice)).await.result().unwrap();
    assert!(edited["editedAt"].is_string() && edited["text"] == "my dog limps");
    assert_eq!(alice.delete(&path).await.status, 204);
    assert_eq!(alice.delete(&path).await.status, 404);
    assert!(alice.get(&path).await.result().unwrap()["deletedAt"].is_string());
    let kept = history(&alice, &room).await.pop().unwrap();
    assert!(kept["deletedAt"].is_string() && kept["text"] == "", "{kept}");
    let topic = room.replace("/v1/chat/rooms/", "/v1/events?topics=chat/");
    let events = alice.get(&topic).await.result().unwrap();
    let updates =
        events["data"].as_array().unwrap().iter().filter(|e| e["eventType"] == "chat.messageUpdated");
    assert_eq!(updates.count(), 2);
    let trace = "SELECT before FROM audit WHERE action = 'CHAT_MESSAGE_DELETED'";
    let trace = server.database().await.texts(trace).await;
    assert!(trace.iter().any(|before| before.contains("my dog limps")), "{trace:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_only_move_forward() {
    let server = TestServer::demo().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let room = open_room(&alice).await;
    staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    let (first, second) = (say(&alice, &room, "one").await, say(&alice, &room, "two").await);
    let mark = async |message: &serde_json::Value, status: &str| {
        let body = json!({ "messageId": message["id"], "status": status });
        staff.post(&format!("{room}/receipts"), body).await.result().unwrap()
    };
    let receipt = mark(&first, "READ").await;
    assert_eq!((&receipt["read"], &receipt["delivered"]), (&first["id"], &first["id"]));
    let receipt = mark(&second, "DELIVERED").await;
    assert_eq!((&receipt["read"], &receipt["delivered"]), (&first["id"], &second["id"]));
    mark(&second, "READ").await;
    let receipt = mark(&first, "READ").await;
    assert_eq!(receipt["read"], second["id"]);
    let known = alice.get(&format!("{room}/receipts")).await.result().unwrap();
    assert_eq!(known["data"][0]["userId"].as_str(), Some(staff.user_id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn history_goes_back_by_cursor() {
    let server = Setup::demo().set("chat.messages_per_minute", 1000).start().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let room = open_room(&alice).await;
    staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    let mut written = Vec::new();
    for number in 0..7 {
        written.push(id(&say(&alice, &room, &format!("message {number}")).await).to_owned());
    }
    let (mut found, mut before) = (Vec::new(), String::new());
    loop {
        let page = alice.get(&format!("{room}/messages?limit=3{before}")).await.result().unwrap();
        let ids: Vec<String> = page["data"].as_array().unwrap().iter().map(|m| id(m).to_owned()).collect();
        found.splice(..0, ids);
        match page["older"].as_str() {
            Some(older) => before = format!("&before={older}"),
            None => break,
        }
    }
    // The first is the notice that somebody joined.
    assert_eq!(found[1..], written);
    let after = alice.get(&format!("{room}/messages?after={}", written[4])).await.result().unwrap();
    assert_eq!(after["data"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_checked_by_their_content() {
    let server = Setup::demo().set("chat.max_picture_bytes", 2000).start().await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let (room, other) = (open_room(&alice).await, open_room(&bob).await);
    let upload = |api: &crate::support::Api, room: &str, bytes: Vec<u8>| {
        api.request(Method::POST, &format!("{room}/attachments"))
            .header("content-type", "image/png")
            .body(bytes)
    };
    let picture = alice.send(upload(&alice, &room, PIXEL.to_vec())).await.result().unwrap();
    assert_eq!(picture["contentType"], "image/png");
    assert_eq!(alice.send(upload(&alice, &room, b"<svg/>".to_vec())).await.status, 415);
    assert_eq!(alice.send(upload(&alice, &room, vec![0; 5000])).await.status, 413);
    assert_eq!(bob.send(upload(&bob, &room, PIXEL.to_vec())).await.status, 404);

    // As a form, too.
    let form = |name: &str, bytes: &[u8]| {
        let mut body =
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"x.png\"\r\n\r\n")
                .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = alice.request(Method::POST, &format!("{room}/attachments"));
        request.header("content-type", "multipart/form-data; boundary=edge").body(body)
    };
    assert_eq!(alice.send(form("file", PIXEL)).await.result().unwrap()["contentType"], "image/png");
    assert_eq!(alice.send(form("file", &[0; 5000])).await.status, 413);
    assert_eq!(alice.send(form("file", b"<svg/>")).await.status, 415);
    assert_eq!(alice.send(form("picture", PIXEL)).await.refusal().fields, ["picture"]);

    let body = json!({ "text": "what is this?", "attachments": [picture["id"]] });
    let message = alice.post(&format!("{room}/messages"), body.clone()).await.result().unwrap();
    let url = text(&message["attachments"][0], "url").to_owned();
    let answer = alice.send(alice.request(Method::GET, &url)).await;
    assert_eq!((answer.status, answer.header("x-content-type-options")), (200, "nosniff"));
    assert_eq!(bob.get(&url).await.status, 404);
    assert_eq!(bob.post(&format!("{other}/messages"), body).await.refusal().fields, ["attachments[0]"]);
    advice(&alice, &room).await;
}
