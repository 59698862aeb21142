//! The staff of a conversation goes, and others come.

use serde_json::json;

use super::{advice, history, open_room, say};
use crate::support::TestServer;
use crate::support::api::id;

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_an_agent_who_is_silent_is_helped() {
    let server = TestServer::demo().await;
    let (alice, staff, admin) =
        (server.user("alice").await, server.user("staff").await, server.user("admin").await);
    let room = open_room(&alice).await;
    staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    let state = alice.command(&format!("{room}/call")).await.result().unwrap();
    assert!(state["waitingSince"].is_string() && state["agentId"].is_string(), "{state}");
    let queue = staff.get("/v1/chat/rooms?waiting=true").await.result().unwrap();
    assert_eq!(queue["data"][0]["id"], state["id"]);
    // An agent who speaks is there.
    say(&staff, &room, "I am here.").await;
    assert!(alice.get(&room).await.body["waitingSince"].is_null());

    // An administrator may take over from anybody; others only from an agent who is waited for.
    let state = admin.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    assert_eq!(state["agentId"].as_str(), Some(admin.user_id()));
    assert_eq!(staff.put(&format!("{room}/agent"), json!({})).await.refusal().code, "already_taken");
    alice.command(&format!("{room}/call")).await.result().unwrap();
    let state = staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    assert_eq!(state["agentId"].as_str(), Some(staff.user_id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_of_an_agent_who_is_gone_are_handed_back() {
    let server = TestServer::demo().await;
    let (alice, staff, admin) =
        (server.user("alice").await, server.user("staff").await, server.user("admin").await);
    let room = open_room(&alice).await;
    staff.put(&format!("{room}/agent"), json!({})).await.result().unwrap();
    let path = format!("/v1/admin/users/{}/status", staff.user_id());
    admin.patch(&path, json!({ "status": "SUSPENDED" })).await.result().unwrap();
    assert!(alice.get(&room).await.body["agentId"].is_null());
    say(&alice, &room, "how often should I brush my cat").await;
    advice(&alice, &room).await;
    let notices = history(&alice, &room).await;
    assert_eq!(notices.iter().filter(|message| message["author"] == "SYSTEM").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_conversations_go_with_the_user() {
    let server = TestServer::demo().await;
    let (staff, carol) = (server.user("staff").await, server.anonymous().sign_up("carol").await);
    let room = open_room(&carol).await;
    say(&carol, &room, "how often should I brush my cat").await;
    advice(&carol, &room).await;
    assert_eq!(staff.get(&room).await.status, 200);
    assert_eq!(carol.delete(&format!("/v1/users/{}", carol.user_id())).await.status, 204);
    assert_eq!(staff.get(&room).await.status, 404);
    let left = staff.get("/v1/chat/rooms").await.result().unwrap();
    assert!(left["data"].as_array().unwrap().iter().all(|found| !room.ends_with(id(found))));
}
