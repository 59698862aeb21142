//! The developer's tools, as the binary has them: `petstore listen`, `petstore trigger` and `petstore webhook verify`.

use std::process::Stdio;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::api::text;
use crate::support::binary::{Binary, command};
use crate::support::{Receiver, eventually, within};

/// `petstore listen`, and the lines that it has printed.
struct Listening {
    _process: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Listening {
    /// To what matches `events`.
    fn start(server: &str, receiver: &Receiver, events: &str) -> Self {
        let asked = ["listen", "--server", server, "--forward", &receiver.url, "--events", events];
        let mut process = command(&asked).spawn().unwrap();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let (mut printed, kept) = (BufReader::new(process.stdout.take().unwrap()).lines(), lines.clone());
        tokio::spawn(async move {
            while let Ok(Some(line)) = printed.next_line().await {
                kept.lock().push(line);
            }
        });
        Self { _process: process, lines }
    }

    async fn printed(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        eventually(what, async || self.lines.lock().iter().find(|line| wanted(line)).cloned()).await
    }
}

/// Whether it could, and what it said.
async fn trigger(server: &str, event: &str) -> (bool, String) {
    let mut asked = command(&["trigger", event, "--server", server]);
    let ended = within("petstore trigger", asked.output()).await.unwrap();
    (ended.status.success(), String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_triggered_is_forwarded_signed_and_over_a_restart() {
    let mut binary = Binary::start(&[]).await;
    let receiver = Receiver::start().await;
    let listening = Listening::start(&binary.url, &receiver, "order.*");
    let told = listening.printed("the secret", |line| line.starts_with("signing secret ")).await;
    receiver.trust(told.strip_prefix("signing secret ").unwrap());
    // It listens from when it is connected, which it does not tell.
    let first = eventually("the first event", async || {
        let (made, told) = trigger(&binary.url, "order.statusChanged").await;
        assert!(made, "{told} {:?}", listening.lines.lock());
        receiver.first().into_iter().next()
    })
    .await;
    assert!(text(&first, "eventType").starts_with("order."), "{first}");
    let told = format!("{} -> 204", text(&first, "eventId"));
    listening.printed("its answer", |line| line.contains(&told)).await;

    binary.terminate().await;
    assert!(within("the end", binary.exit()).await.success());
    binary = binary.restart().await;
    // Whether it is back already or not.
    let before = receiver.first().len();
    let (made, told) = trigger(&binary.url, "order.statusChanged").await;
    assert!(made, "{told}");
    let all = receiver.until("what came after the restart", |events| events.len() >= before + 2).await;
    assert!(all.iter().all(|event| text(event, "eventType").starts_with("order.")), "{all:?}");
    let (made, told) = trigger(&binary.url, "order.eaten").await;
    assert!(!made && told.contains("order.statusChanged"), "it tells which there are: {told}");
    assert_eq!(binary.errors(), [""; 0]);
}

/// Runs `petstore webhook verify` on a captured request.
async fn verify(key: &str, captured: &str) -> (bool, String) {
    let asked = ["webhook", "verify", "--key", key, "--tolerance-s", "4000000000"];
    let mut asked: Command = command(&asked);
    let mut process = asked.stdin(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(captured.as_bytes()).await.unwrap();
    let ended = within("petstore webhook verify", process.wait_with_output()).await.unwrap();
    (ended.status.success(), String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned())
}

/// The vector of Standard Webhooks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_captured_request_is_verified() {
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let request = |body: &str| {
        format!(
            "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n\
             webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n\r\n{body}"
        )
    };
    let (verified, told) = verify(KEY, &request("{\"test\": 2432232314}")).await;
    assert!(verified && told.contains("verified"), "{told}");
    let (verified, told) = verify(KEY, &request("{\"test\": 2432232315}")).await;
    assert!(!verified, "{told}");
    let (verified, told) = verify("whsec_nonsense!", &request("{}")).await;
    assert!(!verified, "{told}");
}
