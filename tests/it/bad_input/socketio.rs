//! Socket.IO: handshakes, calls and packets.

use serde_json::{Value, json};

use super::{Target, assert_problem, deep, problem_of};
use crate::support::socketio::{Socket, Transport};
use crate::support::within;

const MAX_PAYLOAD: usize = 65_536;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_call_is_acknowledged_with_a_problem_and_the_socket_goes_on() {
    let target = Target::new().await;
    let invalid = "validation_failed";
    let table: Vec<(String, &str, &str)> = vec![
        (r#"["subscribe"]"#.into(), invalid, "topics"),
        (r#"["subscribe",null]"#.into(), invalid, "body"),
        (r#"["subscribe","orders"]"#.into(), invalid, "body"),
        (r#"["subscribe",{}]"#.into(), invalid, "topics"),
        (r#"["subscribe",{"topics":"orders"}]"#.into(), invalid, "topics"),
        (r#"["subscribe",{"topics":[]}]"#.into(), invalid, "topics"),
        (r#"["subscribe",{"topics":[1]}]"#.into(), invalid, "topics[0]"),
        (r#"["subscribe",{"topics":["pets","dragons"]}]"#.into(), invalid, "topics[1]"),
        (r#"["subscribe",{"topics":["orders/42"]}]"#.into(), invalid, "topics[0]"),
        (r#"["subscribe",{"topics":["pets"],"after":"yesterday"}]"#.into(), "malformed_request", "after"),
        (r#"["subscribe",{"topics":["pets"],"since":"x"}]"#.into(), invalid, "since"),
        (r#"["subscribe",{"topics":["pets"]},{}]"#.into(), invalid, "arguments"),
        (r#"["unsubscribe",{"id":"nobody"}]"#.into(), invalid, "id"),
        (r#"["unsubscribe",{}]"#.into(), invalid, "id"),
        (r#"["dance",{}]"#.into(), "unknown_operation", ""),
        (format!(r#"["subscribe",{}]"#, deep("topics")), invalid, "topics[0]"),
        (format!(r#"["subscribe",{}]"#, deep("wings")), invalid, "wings"),
    ];
    for transport in [Transport::WebSocket, Transport::Polling] {
        let mut socket = Socket::connect(&target.staff, transport).await.unwrap();
        for (array, code, field) in &table {
            let what = format!("{transport:?} {}", array.chars().take(80).collect::<String>());
            let answer = socket.call_raw(array).await.unwrap_or_else(|refusal| panic!("{what}: {refusal:?}"));
            assert_problem(&problem_of(&answer["error"]), code, field, &what);
        }
        socket.subscribe(&["orders"], None).await.unwrap();
    }
    target.unharmed().await;
}

/// Without an acknowledgement to put it into, the problem comes as an event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_emit_without_acknowledgement_is_told_too() {
    let target = Target::new().await;
    for transport in [Transport::WebSocket, Transport::Polling] {
        let mut socket = Socket::connect(&target.staff, transport).await.unwrap();
        socket.send(r#"42["subscribe",{"topics":["dragons"]}]"#).await.unwrap();
        let (name, problem) = within("a problem", socket.event()).await.unwrap();
        assert_eq!(name, "problem");
        assert_problem(&problem_of(&problem), "validation_failed", "topics[0]", "a bad emit");
        socket.subscribe(&["orders"], None).await.unwrap();
    }
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_packet_harms_nobody_else() {
    let target = Target::new().await;
    let mut bystander = Socket::connect(&target.staff, Transport::WebSocket).await.unwrap();
    bystander.subscribe(&["pets"], None).await.unwrap();
    let large = format!(r#"420["subscribe",{{"topics":["{}"]}}]"#, "x".repeat(MAX_PAYLOAD));
    let packets = [
        "9",
        "4",
        "42",
        "42[",
        r#"42"x""#,
        "42{}",
        "4299999999999999999999[]",
        "45",
        "451-[]",
        "4\u{1f436}",
        "hello",
        &large,
    ];
    for transport in [Transport::WebSocket, Transport::Polling] {
        for packet in packets {
            let mut socket = Socket::connect(&target.staff, transport).await.unwrap();
            // The server may answer, ignore it or hang up; it must not stumble.
            let sent = socket.send(packet).await;
            if sent.is_ok()
                && let Ok(answer) = socket.call("subscribe", &[json!({ "topics": ["pets"] })]).await
            {
                assert!(answer["cursor"].is_string(), "{packet:?}: {answer}");
            }
        }
    }
    let answer = bystander.call("subscribe", &[json!({ "topics": ["orders"] })]).await.unwrap();
    assert!(answer["cursor"].is_string(), "{answer}");
    target.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_handshakes() {
    let target = Target::new().await;
    let anonymous = target.binary.anonymous();
    for query in [
        "",
        "EIO=4",
        "EIO=3&transport=polling",
        "EIO=4&transport=pigeon",
        "EIO=4&transport=polling&sid=nobody",
    ] {
        let answer = anonymous.get(&format!("/socket.io/?{query}")).await;
        assert!((400..500).contains(&answer.status), "{query}: {} {}", answer.status, answer.body);
    }
    for (auth, code) in [
        (json!({ "token": "not.a.token" }), "unauthenticated"),
        (json!({ "token": 42 }), ""),
        (json!({ "token": null }), "none"),
        (json!([]), ""),
    ] {
        let mut packets = Vec::new();
        for transport in [Transport::WebSocket, Transport::Polling] {
            packets.push(connect_with(&target, transport, &auth).await);
        }
        assert_eq!(packets[0], packets[1], "both transports alike for {auth}");
        if code == "unauthenticated" {
            assert!(packets[0].as_ref().is_err_and(|text| text.contains(code)), "{packets:?}");
        }
    }
    target.unharmed().await;
}

/// Whether a connect with that `auth` is taken, or what is said of it.
async fn connect_with(target: &Target, transport: Transport, auth: &Value) -> Result<(), String> {
    let socket = Socket::connect_raw(&target.binary.anonymous(), transport, None, &auth.to_string()).await;
    socket.map(drop).map_err(|refusal| refusal.text)
}
