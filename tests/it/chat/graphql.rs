//! Conversations over GraphQL: each operation beside what REST then tells.

use serde_json::json;

use super::{advice, history, open_room};
use crate::support::TestServer;
use crate::support::api::{id, text};

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_does_what_rest_does() {
    let server = TestServer::demo().await;
    let (alice, staff) = (server.user("alice").await, server.user("staff").await);
    let path = open_room(&alice).await;
    let room = path.rsplit('/').next().unwrap().to_owned();
    let ask = async |who: &crate::support::Api, operation: &str| {
        let document = operation.replace("{room}", &room);
        who.graphql(&document).await.unwrap_or_else(|refused| panic!("{document}: {refused:?}"))
    };

    let rooms = ask(&alice, "{ chatRooms { id title } }").await;
    assert!(rooms.as_array().unwrap().iter().any(|found| id(found) == room), "{rooms}");
    let post = "mutation { postChatMessage(room: \"{room}\", text: \"can rabbits eat carots\") { id } }";
    let asked = id(&ask(&alice, post).await).to_owned();
    let answer = advice(&alice, &path).await;
    let edit = format!(
        "mutation {{ editChatMessage(room: \"{{room}}\", id: \"{asked}\", text: \"can rabbits eat carrots\") {{ text }} }}"
    );
    assert_eq!(text(&ask(&alice, &edit).await, "text"), "can rabbits eat carrots");
    let mark =
        format!("mutation {{ markChatMessages(room: \"{{room}}\", upto: \"{}\") {{ read }} }}", id(&answer));
    assert_eq!(text(&ask(&alice, &mark).await, "read"), id(&answer));
    let receipts = ask(&alice, "{ chatReceipts(room: \"{room}\") { read delivered userId } }").await;
    let rest = alice.get(&format!("{path}/receipts")).await.result().unwrap();
    assert_eq!(receipts[0]["read"], rest["data"][0]["read"], "{rest}");
    assert_eq!(ask(&alice, "mutation { typeInChatRoom(room: \"{room}\", typing: true) }").await, json!(true));

    ask(&alice, "mutation { callChatStaff(room: \"{room}\") { id } }").await;
    let waiting = ask(&staff, "{ chatRooms(waiting: true) { id } }").await;
    assert!(waiting.as_array().unwrap().iter().any(|found| id(found) == room), "{waiting}");
    ask(&staff, "mutation { joinChatRoom(room: \"{room}\") { id } }").await;
    let joined = alice.get(&path).await.result().unwrap();
    assert!(joined["agentId"].is_string(), "{joined}");
    ask(&staff, "mutation { leaveChatRoom(room: \"{room}\") { id } }").await;
    assert!(alice.get(&path).await.result().unwrap()["agentId"].is_null());

    let delete =
        format!("mutation {{ deleteChatMessage(room: \"{{room}}\", id: \"{asked}\") {{ text deletedAt }} }}");
    assert!(ask(&alice, &delete).await["deletedAt"].is_string());
    let messages = ask(&alice, "{ chatMessages(room: \"{room}\") { id text } }").await;
    let rest = history(&alice, &path).await;
    let ids = |messages: &serde_json::Value| -> Vec<String> {
        messages.as_array().unwrap().iter().map(|message| id(message).to_owned()).collect()
    };
    assert_eq!(ids(&messages), ids(&json!(rest)), "{messages}");
    let title = ask(&alice, "{ chatRoom(id: \"{room}\") { id title } }").await;
    assert_eq!(id(&title), room);
}
