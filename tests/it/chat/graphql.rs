//! Conversations over GraphQL: each operation beside what REST then tells.

use http::Method;
use serde_json::json;

use super::rooms::PIXEL;
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
    let post = "mutation { postChatMessage(room: \"{room}\", text: \"can rabbits eat carots\") { message { id } userErrors { code } } }";
    let asked = id(&ask(&alice, post).await).to_owned();
    let answer = advice(&alice, &path).await;
    let edit = format!(
        "mutation {{ editChatMessage(room: \"{{room}}\", id: \"{asked}\", text: \"can rabbits eat carrots\") {{ message {{ text }} userErrors {{ code }} }} }}"
    );
    assert_eq!(text(&ask(&alice, &edit).await, "text"), "can rabbits eat carrots");
    let mark = format!(
        "mutation {{ markChatMessages(room: \"{{room}}\", upto: \"{}\") {{ receipt {{ read }} userErrors {{ code }} }} }}",
        id(&answer)
    );
    assert_eq!(text(&ask(&alice, &mark).await, "read"), id(&answer));
    let receipts = ask(&alice, "{ chatReceipts(room: \"{room}\") { read delivered userId } }").await;
    let rest = alice.get(&format!("{path}/receipts")).await.result().unwrap();
    assert_eq!(receipts[0]["read"], rest["data"][0]["read"], "{rest}");
    assert_eq!(
        ask(
            &alice,
            "mutation { typeInChatRoom(room: \"{room}\", typing: true) { typing userErrors { code } } }"
        )
        .await,
        json!(true)
    );

    ask(&alice, "mutation { callChatStaff(room: \"{room}\") { room { id } userErrors { code } } }").await;
    let waiting = ask(&staff, "{ chatRooms(waiting: true) { id } }").await;
    assert!(waiting.as_array().unwrap().iter().any(|found| id(found) == room), "{waiting}");
    ask(&staff, "mutation { joinChatRoom(room: \"{room}\") { room { id } userErrors { code } } }").await;
    let joined = alice.get(&path).await.result().unwrap();
    assert!(joined["agentId"].is_string(), "{joined}");
    ask(&staff, "mutation { leaveChatRoom(room: \"{room}\") { room { id } userErrors { code } } }").await;
    assert!(alice.get(&path).await.result().unwrap()["agentId"].is_null());

    let delete = format!(
        "mutation {{ deleteChatMessage(room: \"{{room}}\", id: \"{asked}\") {{ message {{ text deletedAt }} userErrors {{ code }} }} }}"
    );
    assert!(ask(&alice, &delete).await["deletedAt"].is_string());
    let messages = ask(&alice, "{ chatMessages(room: \"{room}\") { id text } }").await;
    let rest = history(&alice, &path).await;
    let ids = |messages: &serde_json::Value| -> Vec<String> {
        messages.as_array().unwrap().iter().map(|message| id(message).to_owned()).collect()
    };
    assert_eq!(ids(&messages), ids(&json!(rest)), "{messages}");
    let title = ask(&alice, "{ chatRoom(id: \"{room}\") { id title } }").await;
    assert_eq!(id(&title), room);
    let after = format!("{{ chatMessages(room: \"{{room}}\", after: \"{asked}\") {{ id }} }}");
    assert_eq!(ids(&ask(&alice, &after).await), ids(&json!(rest))[1..], "those after the question");
    let one = format!("{{ chatMessage(room: \"{{room}}\", id: \"{}\") {{ id text author }} }}", id(&answer));
    assert_eq!(ask(&alice, &one).await["text"], answer["text"]);
    assert_eq!(ask(&alice, "{ chatRoomWatchers(room: \"{room}\") }").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_found_by_whose_they_are() {
    let server = TestServer::demo().await;
    let (alice, bob, staff) =
        (server.user("alice").await, server.user("bob").await, server.user("staff").await);
    let own = open_room(&alice).await;
    open_room(&bob).await;
    let me = text(&alice.graphql("{ me { id } }").await.unwrap(), "id").to_owned();
    let of = |filter: &str| {
        format!(
            "{{ chatRoomsConnection(filter: {{{filter}}}, first: 10) {{ totalCount edges {{ node {{ id userId }} }} }} }}"
        )
    };
    let (by_graphql, by_rest) = (
        staff.graphql(&of(&format!("userId: \"{me}\""))).await.unwrap(),
        staff.get(&format!("/v1/chat/rooms?userId={me}")).await.result().unwrap(),
    );
    assert_eq!(by_graphql["totalCount"], by_rest["pagination"]["totalItems"]);
    let rooms = by_graphql["edges"].as_array().unwrap();
    assert!(rooms.iter().all(|edge| edge["node"]["userId"] == me) && !rooms.is_empty(), "{by_graphql}");
    assert!(own.ends_with(id(&rooms[0]["node"])), "the newest first: {by_graphql}");
    let join = format!(
        "mutation {{ joinChatRoom(room: \"{}\") {{ room {{ id }} userErrors {{ code }} }} }}",
        id(&rooms[0]["node"])
    );
    staff.graphql(&join).await.unwrap();
    let agent = text(&staff.graphql("{ me { id } }").await.unwrap(), "id").to_owned();
    let joined = staff.graphql(&of(&format!("agentId: \"{agent}\""))).await.unwrap();
    assert_eq!(id(&joined["edges"][0]["node"]), id(&rooms[0]["node"]), "{joined}");
    let refused = staff.graphql(&of("agentId: \"1\"")).await.unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.fields),
        ("validation_failed", vec!["filter.agentId".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_comes_with_the_request() {
    let server = TestServer::demo().await;
    let alice = server.user("alice").await;
    let path = open_room(&alice).await;
    let room = path.rsplit('/').next().unwrap().to_owned();
    let send = async |bytes: &[u8]| {
        let query = "mutation ($room: ID!, $file: Upload!) { attachChatPicture(room: $room, file: $file) {
            attachment { id url contentType } userErrors { code field } } }";
        let operations = json!({ "query": query, "variables": { "room": room, "file": null } });
        let mut body = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{operations}\r\n--edge\r\n\
             content-disposition: form-data; name=\"map\"\r\n\r\n{{\"0\":[\"variables.file\"]}}\r\n--edge\r\n\
             content-disposition: form-data; name=\"0\"; filename=\"p\"\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = alice.request(Method::POST, "/v1/graphql");
        alice.send(request.header("content-type", "multipart/form-data; boundary=edge").body(body)).await.body
    };
    let answer = send(PIXEL).await;
    let picture = &answer["data"]["attachChatPicture"]["attachment"];
    assert_eq!(picture["contentType"], "image/png", "{answer}");
    let message = format!(
        "mutation {{ postChatMessage(room: \"{room}\", text: \"see\", attachments: [\"{}\"]) {{
         message {{ attachments {{ url }} }} userErrors {{ code }} }} }}",
        id(picture)
    );
    assert_eq!(alice.graphql(&message).await.unwrap()["attachments"][0]["url"], picture["url"]);
    assert_eq!(alice.send(alice.request(Method::GET, text(picture, "url"))).await.status, 200);
    let refused = send(b"no picture").await;
    let errors = &refused["data"]["attachChatPicture"]["userErrors"];
    assert_eq!(errors[0]["code"], "unsupported_media_type", "{refused}");
}
