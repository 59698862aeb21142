//! MessagePack on `/v1/ws`.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::websocket::{Opening, Stream, open};
use crate::support::{TestServer, websocket, within};

async fn next(stream: &mut Stream) -> Value {
    loop {
        match within("a frame", stream.next()).await.unwrap().unwrap() {
            Message::Binary(bytes) => return rmp_serde::from_slice(&bytes).unwrap(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn ask(stream: &mut Stream, frame: &Value) -> Value {
    stream.send(Message::binary(rmp_serde::to_vec(frame).unwrap())).await.unwrap();
    next(stream).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_are_messagepack_for_who_asks_for_it() {
    let server = TestServer::demo().await;
    let staff = server.user("staff").await;
    let opening = Opening { subprotocol: Some("petstore.msgpack"), bearer: true, ..Opening::default() };
    let mut stream = open(&staff, "/v1/ws", opening).await.unwrap();
    let pong = ask(&mut stream, &json!({ "op": "ping", "id": "p" })).await;
    assert_eq!(pong, json!({ "op": "pong", "id": "p" }));
    let subscribe = json!({ "op": "subscribe", "id": "s1", "topics": ["pets"] });
    let subscribed = ask(&mut stream, &subscribe).await;
    assert_eq!((&subscribed["op"], &subscribed["resumed"]), (&json!("subscribed"), &json!(false)));

    let opening = Opening { subprotocol: Some("petstore.json"), ..Opening::default() };
    let mut in_json = open(&staff, "/v1/ws", opening).await.unwrap();
    in_json.send(Message::text(subscribe.to_string())).await.unwrap();
    within("the answer", websocket::text(&mut in_json)).await.unwrap();
    staff.create_pet("Rex").await;
    let text = within("the event", websocket::text(&mut in_json)).await.unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["event"]["eventType"], "pet.created");
    assert_eq!(next(&mut stream).await, event, "the same in both");

    for bad in [Message::text("{}"), Message::binary(vec![0xc1]), Message::binary(vec![0xc4, 1, 7])] {
        stream.send(bad).await.unwrap();
        let error = next(&mut stream).await;
        let (op, code) = (&error["op"], &error["error"]["code"]);
        // The next event of the pet may come first.
        if op != "event" {
            assert_eq!((op, code), (&json!("error"), &json!("malformed_request")), "{error}");
        }
    }
}
