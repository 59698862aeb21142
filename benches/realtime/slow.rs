//! What connections that never read cost: the server's memory, and the others' time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::Received;
use crate::contenders::{Contender, Running};
use crate::{Dose, deliver};

/// Bursts that those who do not read are left behind by: more than the kernel keeps for them.
const BURSTS: u64 = 40;

/// Messages whose way is timed, each time.
const TIMED: usize = 300;

/// How often the others' time is taken with and without them.
const ROUNDS: usize = 3;

/// Measures each of ours: the others' p99 from the change to its arrival, without and with as many that never read.
pub async fn measure(ours: impl Iterator<Item = Contender>, binary: &str, dose: Dose) {
    let slow = dose.slow;
    println!(
        "\n| {slow} subscribers beside {slow} that never read | p99 without them | with them | ratio (goal: 1.1) | KiB for each of them (goal: 64) |\n|---|---|---|---|---|"
    );
    for contender in ours {
        let (mut without, mut with, mut kib) = (Vec::new(), Vec::new(), 0.0);
        for _ in 0..ROUNDS {
            let mut running = Running::start(contender, binary, "").await.unwrap();
            let received = Arc::new(Received::default());
            let mut subscribers = Vec::new();
            for _ in 0..slow {
                subscribers.push(running.subscribe(&received).await);
            }
            // What everybody needs once is there before anything is weighed.
            deliver(&mut running, &received, slow, BURSTS, dose.burst).await;
            without.push(p99(&mut running, &received, slow).await);
            // The ring grows with what is sent, whoever reads it.
            let bare_kib = running.resident_kib();
            deliver(&mut running, &received, slow, BURSTS, dose.burst).await;
            let grown_kib = running.resident_kib() - bare_kib;
            let bare_kib = running.resident_kib() + grown_kib;
            let mut sleepers = Vec::new();
            for _ in 0..slow {
                sleepers.push(running.subscribe_and_sleep().await);
            }
            deliver(&mut running, &received, slow, BURSTS, dose.burst).await;
            kib = f64::max(kib, (running.resident_kib() - bare_kib) as f64 / slow as f64);
            with.push(p99(&mut running, &received, slow).await);
            subscribers.iter().for_each(tokio::task::JoinHandle::abort);
        }
        let (without, with) = (median(without), median(with));
        let name = contender.name();
        println!(
            "| {name} | {:.2} ms | {:.2} ms | {:.2} | {kib:.1} |",
            without * 1e3,
            with * 1e3,
            with / without
        );
    }
}

/// From the change to its arrival, in seconds; of all subscribers.
async fn p99(running: &mut Running, received: &Arc<Received>, subscribers: usize) -> f64 {
    running.open_writers(1).await;
    let mut took = Vec::with_capacity(TIMED * subscribers);
    for _ in 0..TIMED {
        received.note_times();
        let wanted = received.count() + subscribers as u64;
        let began = Instant::now();
        running.publish(1).await;
        while received.count() < wanted {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        took.extend(received.note_times().into_iter().map(|at| at.duration_since(began).as_secs_f64()));
    }
    took.sort_by(f64::total_cmp);
    took[took.len() * 99 / 100]
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
