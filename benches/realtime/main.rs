//! `make bench-realtime`: what a delivery costs on our channels, and what an idle subscriber weighs, beside npm `ws`,
//! npm `socket.io`, `graphql-ws` and nchan, and a loop that only writes, which is the floor.
//!
//! All are asked for the same message by the same client, in turn, for three rounds; medians are told. CPU-seconds and
//! memory are the servers' own, from /proc, since machines are shared. Everything goes to loopback and is bounded.
//! `--petstore PATH` names the binary, `--quick` measures less, `--rounds N` that often, `--only NAME,NAME`
//! some of them.

#![allow(clippy::disallowed_methods, reason = "a program of its own: it measures, and spawns what it likes")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

mod client;
mod contenders;
mod floor;
#[path = "../load/http.rs"]
#[expect(dead_code, reason = "the other bench asks more of it")]
mod http;
mod report;
mod slow;

use std::sync::Arc;
use std::time::Duration;

use client::Received;
use contenders::{Contender, Running};
use report::Figures;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Dose {
    pub rounds: usize,
    pub subscribers: usize,
    /// Messages that each of them gets one by one.
    pub messages: u64,
    /// Bursts, and the messages in each.
    pub bursts: u64,
    pub burst: u64,
    /// Connections that are weighed.
    pub idle: usize,
    /// Connections that never read, and as many that do.
    pub slow: usize,
}

/// How long idle connections are watched, once for each server: what pings cost is of an interval of them (25 s here and in
/// Socket.IO).
const QUIET: Duration = Duration::from_secs(25);

const WHOLE: Dose =
    Dose { rounds: 3, subscribers: 1_000, messages: 200, bursts: 5, burst: 64, idle: 5_000, slow: 200 };
const QUICK: Dose =
    Dose { rounds: 1, subscribers: 500, messages: 60, bursts: 2, burst: 64, idle: 1_000, slow: 50 };

/// No server may take longer.
const PATIENCE: Duration = Duration::from_secs(600);

fn main() {
    if std::env::args().any(|arg| arg == "--floor") {
        return floor::serve();
    }
    tokio::runtime::Runtime::new().unwrap().block_on(measure_all());
}

fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != name).nth(1)
}

async fn measure_all() {
    let mut dose = if std::env::args().any(|arg| arg == "--quick") { QUICK } else { WHOLE };
    if let Some(rounds) = option("--rounds") {
        dose.rounds = rounds.parse().expect("--rounds and a number");
    }
    let binary = option("--petstore").unwrap_or_else(|| env!("CARGO_BIN_EXE_petstore").to_owned());
    let message = contenders::sample(&binary).await;
    let only = option("--only");
    let chosen = |contender: &Contender| {
        only.as_ref().is_none_or(|only| only.split(',').any(|name| name == contender.name()))
    };
    let contenders: Vec<Contender> = Contender::ALL.into_iter().filter(chosen).collect();
    println!(
        "{} rounds in turn; {} subscribers, {} messages of {} bytes, {} bursts of {}; {} idle",
        dose.rounds,
        dose.subscribers,
        dose.messages,
        message.len(),
        dose.bursts,
        dose.burst,
        dose.idle
    );
    let mut all: Vec<(Contender, Vec<Figures>)> =
        contenders.into_iter().map(|one| (one, Vec::new())).collect();
    for round in 1..=dose.rounds {
        for (contender, rounds) in &mut all {
            let quiet = if round == dose.rounds { QUIET } else { Duration::ZERO };
            let measured = measure(*contender, &binary, &message, dose, quiet);
            let measured = tokio::time::timeout(PATIENCE, measured).await;
            match measured.expect("a server took too long") {
                Some(figures) => {
                    println!("round {round} {:22} {figures}", contender.name());
                    rounds.push(figures);
                }
                None => println!("round {round} {:22} is not installed here", contender.name()),
            }
        }
    }
    report::tell(&all, dose);
    let ours = all.into_iter().map(|(contender, _)| contender).filter(|contender| contender.is_ours());
    slow::measure(ours, &binary, dose).await;
}

/// One server, fresh: idle subscribers are weighed, and watched for that long; then messages are sent one by one, then in
/// bursts.
async fn measure(
    contender: Contender,
    binary: &str,
    message: &str,
    dose: Dose,
    quiet: Duration,
) -> Option<Figures> {
    let mut running = Running::start(contender, binary, message).await?;
    let received = Arc::new(Received::default());
    // What it costs to make the messages is the same with and without subscribers, and no part of their delivery.
    let (rounds, all) = (dose.messages.min(60), dose.bursts);
    deliver(&mut running, &received, 0, 5, 1).await;
    let making = deliver(&mut running, &received, 0, rounds, 1).await;
    let making_bursts = deliver(&mut running, &received, 0, all, dose.burst).await;
    let mut subscribers = Vec::new();
    // The first ones make what is made once.
    for _ in 0..50 {
        subscribers.push(running.subscribe(&received).await);
    }
    let bare_kib = running.resident_kib();
    for _ in 0..dose.idle {
        subscribers.push(running.subscribe(&received).await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle_kib = (running.resident_kib() - bare_kib) as f64 / dose.idle as f64;
    let cpu = running.cpu_seconds();
    tokio::time::sleep(quiet).await;
    // Not a number where it was not watched.
    let idle_us = (running.cpu_seconds().0 - cpu.0) * 1e6 / quiet.as_secs_f64() / dose.idle as f64;
    for subscriber in subscribers.drain(dose.subscribers..) {
        subscriber.abort();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let weight = running.resident_kib();

    let single = deliver(&mut running, &received, dose.subscribers, dose.messages, 1).await;
    let burst = deliver(&mut running, &received, dose.subscribers, dose.bursts, dose.burst).await;
    let per_million = |cpu: Cpu, making: Cpu| {
        let of = |cpu: f64, making: f64| (cpu - making) * 1e6 / dose.subscribers as f64;
        (of(cpu.all, making.all), of(cpu.user, making.user))
    };
    let (single, burst) = (per_million(single, making), per_million(burst, making_bursts));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = running.resident_kib() as f64 / weight as f64;
    subscribers.iter().for_each(tokio::task::JoinHandle::abort);
    let making_ms = making.all * 1e3;
    Some(Figures {
        all: single.0,
        user: single.1,
        burst: burst.0,
        burst_user: burst.1,
        making_ms,
        idle_kib,
        idle_us,
        after,
    })
}

/// CPU-seconds for each message.
#[derive(Clone, Copy)]
struct Cpu {
    all: f64,
    user: f64,
}

/// Sends `times` messages, `at_once` of them at a time, and waits for all to arrive.
async fn deliver(
    running: &mut Running,
    received: &Arc<Received>,
    subscribers: usize,
    times: u64,
    at_once: u64,
) -> Cpu {
    running.open_writers(at_once).await;
    let (all, user) = running.cpu_seconds();
    let before = received.count();
    for number in 1..=times {
        running.publish(at_once).await;
        // Paced by the receivers, so that messages sent one by one are deliveries of their own.
        let wanted = before + number * at_once * subscribers as u64;
        while received.count() < wanted {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
    let after = running.cpu_seconds();
    let (all, user) = (after.0 - all, after.1 - user);
    let got = received.count() - before;
    assert_eq!(got, times * at_once * subscribers as u64, "messages were doubled");
    let messages = (times * at_once) as f64;
    Cpu { all: all / messages, user: user / messages }
}
