//! The load benchmark: drives the built binary from this second process, over loopback only, and prints a table.
//!
//! Every part is bounded in operations and in time. CPU-seconds are the server's own, read from /proc; they are the
//! steady figure, since machines are shared. `--petstore PATH` names the binary.

#![allow(clippy::disallowed_methods, reason = "a program of its own: it measures, and spawns what it likes")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark that cannot go on should stop")]

mod channels;
mod chat;
mod http;
mod lists;
mod queries;
mod reads;
mod server;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use channels::Kind;
use http::Connection;
use server::Petstore;

/// Clients that order at the same time.
const BUYERS: usize = 256;
/// Orders of the first part.
const ORDERS: usize = 8_000;
/// Subscribers of each channel.
const SUBSCRIBERS: usize = 1_000;
/// Events that each of them gets.
const EVENTS: u64 = 200;
/// What there is to measure.
const PARTS: [&str; 6] = ["orders", "reads", "lists", "chat", "channels", "webhooks"];
/// No part may take longer.
const PART: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() {
    if std::env::args().any(|arg| arg == "--bare") {
        return reads::serve_bare().await;
    }
    chat::memory_of_the_index();
    let binary = std::env::args().skip_while(|arg| arg != "--petstore").nth(1);
    let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_petstore").to_owned());
    // Names of parts narrow the run to them.
    let parts: Vec<String> = std::env::args().skip(1).filter(|arg| PARTS.contains(&arg.as_str())).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|name| name == part);
    println!("two processes on {} cores\n", num_cpus());
    if wanted("orders") {
        let petstore = Petstore::start(&binary).await;
        tokio::time::timeout(PART, orders(&petstore)).await.expect("the orders took too long");
        petstore.stop().await;
    }
    if wanted("reads") {
        let petstore = Petstore::start(&binary).await;
        reads::compare(&petstore).await;
        tokio::time::timeout(PART, queries::worst(&petstore)).await.expect("the queries took too long");
        petstore.stop().await;
    }
    if wanted("lists") {
        lists::run(&binary).await;
    }
    if wanted("chat") {
        let petstore = Petstore::start(&binary).await;
        tokio::time::timeout(PART, chat::first_words(&petstore)).await.expect("the advisor took too long");
        petstore.stop().await;
    }
    if wanted("channels") {
        println!(
            "| channel | deliveries | CPU-s per million | deliveries per CPU-s | KiB per idle connection |"
        );
        println!("|---|---|---|---|---|");
        for kind in Kind::ALL {
            // A fresh one for each: memory that an earlier channel gave back would be taken for nothing.
            let petstore = Petstore::start(&binary).await;
            tokio::time::timeout(PART, deliveries(&petstore, kind))
                .await
                .expect("the deliveries took too long");
            petstore.stop().await;
        }
    }
    if wanted("webhooks") {
        webhooks::run(&binary).await;
    }
}

fn num_cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Places and pays orders for pets that were made for it.
async fn orders(petstore: &Petstore) {
    let staff = petstore.login("staff").await;
    let pets = make_pets(petstore, &staff, ORDERS).await;
    let next = Arc::new(AtomicU64::new(0));
    let pets = Arc::new(pets);
    let (cpu, started) = (petstore.process.cpu_seconds(), Instant::now());
    let mut buyers = Vec::new();
    for _ in 0..BUYERS {
        let (address, token, next, pets) = (petstore.address(), staff.clone(), next.clone(), pets.clone());
        buyers.push(tokio::spawn(async move {
            let mut connection = Connection::open(address).await;
            let mut times = Vec::new();
            while let Some(pet) = pets.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                let begun = Instant::now();
                let order = connection.post("/v1/orders", &token, &format!("{{\"petId\":\"{pet}\"}}")).await;
                let id = order.field("id");
                let source = r#"{"object":"card","name":"B","number":"4242424242424242","expMonth":12,"expYear":2030}"#;
                let payment = format!("{{\"amount\":\"50.00\",\"currency\":\"USD\",\"source\":{source}}}");
                connection.post(&format!("/v1/orders/{id}/payment"), &token, &payment).await;
                times.push(begun.elapsed());
            }
            times
        }));
    }
    let mut times = Vec::new();
    for buyer in buyers {
        times.extend(buyer.await.unwrap());
    }
    let (took, cpu) = (started.elapsed().as_secs_f64(), petstore.process.cpu_seconds() - cpu);
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!("orders placed and paid   {ORDERS} by {BUYERS} buyers at once, each durable (two commits)");
    println!("per second               {:.0}", ORDERS as f64 / took);
    println!("CPU-ms each (server)     {:.3}", cpu * 1000.0 / ORDERS as f64);
    println!("latency p50 / p99        {:.1} / {:.1} ms (order and payment)", at(0.5), at(0.99));
    println!("commits, changes in them {}\n", petstore.commits().await);
}

async fn make_pets(petstore: &Petstore, staff: &str, count: usize) -> Vec<String> {
    let body = r#"{"name":"Bench","species":"DOG","ageMonths":5,"price":"50.00"}"#;
    let mut makers = Vec::new();
    for _ in 0..64 {
        let (address, token) = (petstore.address(), staff.to_owned());
        makers.push(tokio::spawn(async move {
            let mut connection = Connection::open(address).await;
            let mut pets = Vec::new();
            for _ in 0..count.div_ceil(64) {
                pets.push(connection.post("/v1/pets", &token, body).await.field("id"));
            }
            pets
        }));
    }
    let mut pets = Vec::new();
    for maker in makers {
        pets.extend(maker.await.unwrap());
    }
    pets.truncate(count);
    pets
}

/// Opens idle subscribers, weighs them, then sends them events.
async fn deliveries(petstore: &Petstore, kind: Kind) {
    let staff = petstore.login("staff").await;
    let mut writer = Connection::open(petstore.address()).await;
    let body = r#"{"name":"Watched","species":"CAT","ageMonths":5,"price":"50.00"}"#;
    let pet = writer.post("/v1/pets", &staff, body).await.field("id");
    let before_kib = petstore.process.resident_kib();
    let received = Arc::new(AtomicU64::new(0));
    let mut subscribers = Vec::new();
    for _ in 0..SUBSCRIBERS {
        subscribers.push(channels::subscribe(kind, petstore.address(), &pet, received.clone()).await);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let idle_kib = (petstore.process.resident_kib() - before_kib) as f64 / SUBSCRIBERS as f64;
    received.store(0, Ordering::SeqCst);

    let cpu = petstore.process.cpu_seconds();
    let wanted = SUBSCRIBERS as u64 * EVENTS;
    for number in 0..EVENTS {
        let body = format!("{{\"ageMonths\":{}}}", number % 100);
        writer.put(&format!("/v1/pets/{pet}"), &staff, &body).await;
        // Paced by the receivers, so that every event is a delivery of its own.
        while received.load(Ordering::SeqCst) < (number + 1) * SUBSCRIBERS as u64 {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
    let cpu = petstore.process.cpu_seconds() - cpu;
    let got = received.load(Ordering::SeqCst);
    assert_eq!(got, wanted, "{kind:?} lost or doubled events");
    println!(
        "| {} | {got} | {:.1} | {:.0} | {idle_kib:.1} |",
        kind.name(),
        cpu * 1e6 / got as f64,
        got as f64 / cpu
    );
    for subscriber in subscribers {
        subscriber.abort();
    }
}
