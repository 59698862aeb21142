//! WebSocket frames.

use futures_util::SinkExt as _;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use super::{Target, assert_problem, deep, problem_of};
use crate::support::websocket::Connection;
use crate::support::within;

const MAX_FRAME: usize = 65_536;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_frame_gets_an_error_and_the_connection_goes_on() {
    let target = Target::new().await;
    let mut connection = Connection::open(&target.staff).await.unwrap();
    connection.subscribe("taken", &["orders"], None).await.unwrap();
    let (malformed, invalid) = ("malformed_request", "validation_failed");
    let subscribe = |more: &str| format!(r#"{{"op":"subscribe","id":"s1"{more}}}"#);
    let table: Vec<(String, &str, &str)> = vec![
        ("hello".into(), malformed, "body"),
        ("".into(), malformed, "body"),
        (r#"{"op":"subscribe""#.into(), malformed, "body"),
        ("[1,2,3]".into(), invalid, "body"),
        ("null".into(), invalid, "body"),
        ("{}".into(), invalid, "op"),
        (r#"{"id":"s1"}"#.into(), invalid, "op"),
        (r#"{"op":"dance","id":"s1"}"#.into(), invalid, "op"),
        (r#"{"op":1}"#.into(), invalid, "op"),
        (r#"{"op":"subscribe","topics":["pets"]}"#.into(), invalid, "id"),
        (r#"{"op":"subscribe","topics":["pets"],"id":""}"#.into(), invalid, "id"),
        (format!(r#"{{"op":"subscribe","topics":["pets"],"id":"{}"}}"#, "x".repeat(65)), invalid, "id"),
        (r#"{"op":"subscribe","topics":["pets"],"id":"taken"}"#.into(), invalid, "id"),
        (subscribe(""), invalid, "topics"),
        (subscribe(r#","topics":"pets""#), invalid, "topics"),
        (subscribe(r#","topics":[]"#), invalid, "topics"),
        (subscribe(r#","topics":[1]"#), invalid, "topics[0]"),
        (subscribe(r#","topics":["pets","dragons"]"#), invalid, "topics[1]"),
        (subscribe(r#","topics":["orders/42"]"#), invalid, "topics[0]"),
        (subscribe(r#","topics":["pets"],"after":"yesterday""#), malformed, "after"),
        (subscribe(r#","topics":["pets"],"after":5"#), invalid, "after"),
        (subscribe(r#","topics":["pets"],"since":"x""#), invalid, "since"),
        (subscribe(r#","topics":["pets"],"token":"x""#), invalid, "token"),
        (r#"{"op":"unsubscribe"}"#.into(), invalid, "id"),
        (r#"{"op":"unsubscribe","id":"nobody"}"#.into(), invalid, "id"),
        (r#"{"op":"auth"}"#.into(), invalid, "token"),
        (r#"{"op":"auth","token":"x"}"#.into(), "unauthenticated", ""),
        (deep("op"), invalid, "op"),
        (deep("wings"), invalid, "wings"),
        (format!(r#"{{"op":"ping","id":"{}"}}"#, "x".repeat(MAX_FRAME)), "payload_too_large", ""),
    ];
    for (frame, code, field) in table {
        let what = frame.chars().take(80).collect::<String>();
        let answer = connection.ask(frame.clone()).await.unwrap();
        assert_eq!(answer["op"], "error", "{what}: {answer}");
        assert_problem(&problem_of(&answer["error"]), code, field, &what);
        if frame.starts_with(r#"{"op":"subscribe","id":"s1","topics":["#)
            && code != "payload_too_large"
            && field != "since"
        {
            let named = !frame.contains("[1]") && !frame.contains(":5");
            assert!(!named || answer["id"] == "s1", "the error names its subscription: {answer}");
        }
        let pong = connection.ask(r#"{"op":"ping","id":"p"}"#).await.unwrap();
        assert_eq!(pong, json!({ "op": "pong", "id": "p" }), "after {what}");
    }
    let answer = connection.ask(Message::binary(vec![0, 159, 146, 150])).await.unwrap();
    assert_problem(&problem_of(&answer["error"]), "malformed_request", "frame", "a binary frame");
    connection.subscribe("s1", &["orders"], None).await.unwrap();
    drop(connection);
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_subscriptions_on_one_connection() {
    let target = Target::new().await;
    let mut connection = Connection::open(&target.staff).await.unwrap();
    for number in 0..64 {
        connection.subscribe(&format!("s{number}"), &["pets"], None).await.unwrap();
    }
    let refusal = connection.subscribe("one more", &["pets"], None).await.unwrap_err();
    assert_problem(&refusal, "limit_reached", "", "one more than 64");
    connection.ask(r#"{"op":"unsubscribe","id":"s7"}"#).await.unwrap();
    connection.subscribe("one more", &["pets"], None).await.unwrap();
    drop(connection);
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_the_framing_closes_with_the_code_for_it() {
    let target = Target::new().await;
    // A text frame of `{`, 0xff, 0xfe, `}`, masked with zeros.
    let invalid_text = [&[0x81, 0x84, 0, 0, 0, 0][..], b"{\xff\xfe}"].concat();
    // A head that announces 1 GiB.
    let huge = [&[0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0][..], &[0; 8]].concat();
    // A frame without a mask; a reserved opcode; a reserved bit.
    let wrong = [vec![0x81, 0x02, b'h', b'i'], vec![0x83, 0x80, 0, 0, 0, 0], vec![0xc1, 0x80, 0, 0, 0, 0]];
    let table = [(invalid_text, 1007), (huge, 1009)].into_iter().chain(wrong.map(|bytes| (bytes, 1002)));
    for (bytes, code) in table {
        let mut connection = Connection::open(&target.staff).await.unwrap();
        connection.0.get_mut().write_all(&bytes).await.unwrap();
        let end = within("the end of the connection", connection.frame()).await.unwrap_err();
        assert!(end.status.is_none_or(|status| status == code), "{bytes:?}: {end:?}");
    }
    // A message in many pieces is limited like one in one.
    let mut connection = Connection::open(&target.staff).await.unwrap();
    let large = connection.0.send(Message::text("x".repeat(MAX_FRAME * 16))).await;
    let end = within("the end of the connection", connection.frame()).await.unwrap_err();
    assert!(large.is_err() || end.status.is_none_or(|status| status == 1009), "{end:?}");
    target.unharmed().await;
}
