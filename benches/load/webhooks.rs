//! What webhooks cost and how they hold: CPU for each delivery, throughput, latency, and neighbours that misbehave.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::http::Connection;
use crate::server::Petstore;

/// Events of the parts that measure cost and throughput.
const EVENTS: u64 = 4_000;
/// Events for each endpoint of the wide fan-out.
const WIDE_EVENTS: u64 = 1_000;
/// Events of the part that measures latency, and how many in a second.
const PACED: u64 = 300;
const PER_SECOND: u32 = 50;
/// How often the server is killed under load, how many events are acknowledged before each, and how long it may take until
/// all of them have come.
const KILLS: u64 = 5;
const BEFORE_KILL: u64 = 100;
const RECOVERY: Duration = Duration::from_secs(60);
/// Deliveries of the backlog: endpoints times events.
const BACKLOG: (usize, u64) = (100, 10_000);
/// No part may take longer.
const PART: Duration = Duration::from_secs(300);

/// Receivers on loopback; the path says how they behave.
struct Sink {
    address: SocketAddr,
    received: Arc<AtomicU64>,
    /// When the pet of that age came to `/timed`.
    arrivals: Arc<Mutex<HashMap<u64, Instant>>>,
}

impl Sink {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (received, arrivals) = (Arc::default(), Arc::default());
        let (counter, times) = (Arc::clone(&received), Arc::clone(&arrivals));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&counter), Arc::clone(&times)));
            }
        });
        Self { address, received, arrivals }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn received(&self) -> u64 {
        self.received.load(Ordering::SeqCst)
    }

    /// Waits until there were so many since `before`.
    async fn until(&self, before: u64, count: u64) {
        while self.received() < before + count {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
}

async fn serve(mut stream: TcpStream, received: Arc<AtomicU64>, arrivals: Arc<Mutex<HashMap<u64, Instant>>>) {
    let _ = stream.set_nodelay(true);
    let mut buffer: Vec<u8> = Vec::with_capacity(8192);
    loop {
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else {
            match stream.read_buf(&mut buffer).await {
                Ok(read) if read > 0 => continue,
                _ => return,
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
        while buffer.len() < end + 4 + length {
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let answer: &[u8] = if head.starts_with("post /stall") {
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
        } else if head.starts_with("post /slow") {
            tokio::time::sleep(Duration::from_secs(25)).await;
            b"HTTP/1.1 204 No Content\r\n\r\n"
        } else if head.starts_with("post /huge") {
            return pour(stream).await;
        } else {
            if head.starts_with("post /timed") {
                let body = String::from_utf8_lossy(&buffer[end + 4..end + 4 + length]);
                let age = body.split("\"ageMonths\":").nth(1).and_then(|rest| rest.split(',').next());
                if let Some(age) = age.and_then(|age| age.parse().ok()) {
                    let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
                    arrivals.entry(age).or_insert_with(Instant::now);
                }
            }
            received.fetch_add(1, Ordering::SeqCst);
            b"HTTP/1.1 204 No Content\r\n\r\n"
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
        buffer.drain(..end + 4 + length);
    }
}

/// 600 MiB, or as much as is taken.
async fn pour(mut stream: TcpStream) {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 600 << 20);
    let chunk = vec![b'x'; 1 << 16];
    if stream.write_all(head.as_bytes()).await.is_ok() {
        for _ in 0..(600 << 4) {
            if stream.write_all(&chunk).await.is_err() {
                return;
            }
        }
    }
}

/// One store, and a pet whose changes are the events.
struct Bench {
    petstore: Petstore,
    sink: Sink,
    staff: String,
    writer: Connection,
    pet: String,
}

impl Bench {
    async fn start(binary: &str) -> Self {
        let petstore = Petstore::start(binary).await;
        let staff = petstore.login("staff").await;
        let mut writer = Connection::open(petstore.address()).await;
        let body = r#"{"name":"Sent","species":"CAT","ageMonths":1,"price":"50.00"}"#;
        let pet = writer.post("/v1/pets", &staff, body).await.field("id");
        Self { petstore, sink: Sink::start().await, staff, writer, pet }
    }

    async fn endpoint(&mut self, path: &str) -> String {
        self.endpoint_with(path, "").await
    }

    /// With more fields, each behind a comma.
    async fn endpoint_with(&mut self, path: &str, more: &str) -> String {
        let url = self.sink.url(path);
        let body = format!("{{\"url\":\"{url}\",\"eventTypes\":[\"pet.updated\"]{more}}}");
        self.writer.post("/v1/webhook-endpoints", &self.staff, &body).await.field("id")
    }

    async fn command(&mut self, endpoint: &str, what: &str) {
        let path = format!("/v1/webhook-endpoints/{endpoint}/{what}");
        self.writer.post(&path, &self.staff, "").await;
    }

    async fn happen(&mut self, age: u64) {
        let body = format!("{{\"ageMonths\":{age}}}");
        self.writer.put(&format!("/v1/pets/{}", self.pet), &self.staff, &body).await;
    }

    /// Many events, by several writers at once.
    async fn happen_often(&self, count: u64) {
        let mut writers = Vec::new();
        for _ in 0..16 {
            let (address, staff, pet) = (self.petstore.address(), self.staff.clone(), self.pet.clone());
            writers.push(tokio::spawn(async move {
                let mut connection = Connection::open(address).await;
                for number in 0..count / 16 {
                    let body = format!("{{\"ageMonths\":{}}}", number % 100);
                    connection.put(&format!("/v1/pets/{pet}"), &staff, &body).await;
                }
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
    }

    /// CPU-seconds of `count` events with what follows from them, and how long it took until `deliveries` had arrived.
    async fn cost(&self, count: u64, deliveries: u64) -> (f64, Duration) {
        let (cpu, before) = (self.petstore.process.cpu_seconds(), self.sink.received());
        let began = Instant::now();
        self.happen_often(count).await;
        self.sink.until(before, deliveries).await;
        let took = began.elapsed();
        // What is recorded after the answer belongs to it.
        tokio::time::sleep(Duration::from_millis(500)).await;
        (self.petstore.process.cpu_seconds() - cpu, took)
    }

    /// Times from the change to its arrival at `/timed`, sorted, in milliseconds.
    async fn latencies(&mut self, count: u64) -> Vec<f64> {
        let mut sent = HashMap::new();
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
        for age in 1_000..1_000 + count {
            ticks.tick().await;
            sent.insert(age, Instant::now());
            self.happen(age).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        let arrivals = self.sink.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        // What has not come by now shows as that long.
        let arrived = |age: &u64| arrivals.get(age).copied().unwrap_or_else(Instant::now);
        let took = |(age, at): (&u64, &Instant)| arrived(age).duration_since(*at).as_secs_f64() * 1000.0;
        let mut times: Vec<f64> = sent.iter().map(took).collect();
        times.sort_by(f64::total_cmp);
        times
    }
}

fn at(times: &[f64], share: f64) -> f64 {
    times[((times.len() - 1) as f64 * share) as usize]
}

/// Prints the figures.
pub async fn run(binary: &str) {
    println!("\n| webhooks | figure |\n|---|---|");
    for part in [
        cost(binary).boxed(),
        wide(binary).boxed(),
        neighbours(binary).boxed(),
        kills(binary).boxed(),
        backlog(binary).boxed(),
    ] {
        tokio::time::timeout(PART, part).await.expect("a part took too long");
    }
}

async fn cost(binary: &str) {
    let mut bench = Bench::start(binary).await;
    bench.happen_often(EVENTS).await;
    let (events, _) = bench.cost(EVENTS, 0).await;
    let endpoint = bench.endpoint("/sink").await;
    let (with, _) = bench.cost(EVENTS, EVENTS).await;
    println!("| CPU-ms per delivery, one endpoint | {:.3} |", (with - events) * 1000.0 / EVENTS as f64);
    bench.command(&endpoint, "pause").await;
    bench.happen_often(EVENTS).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, began) = (bench.sink.received(), Instant::now());
    bench.command(&endpoint, "resume").await;
    bench.sink.until(before, EVENTS).await;
    println!(
        "| deliveries per second, one endpoint's backlog | {:.0} |",
        EVENTS as f64 / began.elapsed().as_secs_f64()
    );
    bench.petstore.stop().await;
}

async fn wide(binary: &str) {
    const ENDPOINTS: u64 = 10;
    let mut bench = Bench::start(binary).await;
    bench.happen_often(WIDE_EVENTS).await;
    let (events, _) = bench.cost(WIDE_EVENTS, 0).await;
    for _ in 0..ENDPOINTS {
        bench.endpoint("/sink").await;
    }
    let deliveries = WIDE_EVENTS / 16 * 16 * ENDPOINTS;
    let (with, took) = bench.cost(WIDE_EVENTS, deliveries).await;
    println!("| CPU-ms per delivery, fan-out 10 | {:.3} |", (with - events) * 1000.0 / deliveries as f64);
    println!("| deliveries per second, fan-out 10 | {:.0} |", deliveries as f64 / took.as_secs_f64());
    bench.petstore.stop().await;
}

async fn neighbours(binary: &str) {
    let mut bench = Bench::start(binary).await;
    bench.endpoint("/timed").await;
    let quiet = bench.latencies(PACED).await;
    println!(
        "| latency at 50 per second, p50 / p99, ms | {:.1} / {:.1} |",
        at(&quiet, 0.5),
        at(&quiet, 0.99)
    );
    let stalled = bench.endpoint_with("/stall", ",\"timeoutMs\":1000").await;
    bench.endpoint_with("/slow", ",\"timeoutMs\":30000").await;
    bench.happen_often(896).await;
    bench.sink.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let beside = bench.latencies(PACED).await;
    println!(
        "| latency beside a stalled and a 25 s receiver with 900 waiting, p99, ms | {:.1} |",
        at(&beside, 0.99)
    );
    let path = format!("/v1/webhook-endpoints/{stalled}/attempts?limit=1");
    let recorded = bench.writer.get_as(&path, &bench.staff).await.number("durationMs");
    println!("| an answer that stalls, time-out 1000 ms, recorded after, ms | {recorded} |");
    let before = bench.petstore.process.resident_kib();
    bench.endpoint("/huge").await;
    for age in 0..20 {
        bench.happen(age).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let more = (bench.petstore.process.resident_kib() - before) as f64 / 1024.0;
    println!("| memory for 20 answers of 600 MiB, MiB | {more:.1} |");
    bench.petstore.stop().await;
}

/// Kills the server while it sends, and counts what comes after all.
async fn kills(binary: &str) {
    let mut bench = Bench::start(binary).await;
    bench.endpoint("/timed").await;
    let mut longest = Duration::ZERO;
    let arrived =
        |bench: &Bench| bench.sink.arrivals.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
    for kill in 0..KILLS {
        let first = kill * BEFORE_KILL;
        for age in first..first + BEFORE_KILL {
            bench.happen(age).await;
        }
        let Bench { petstore, sink, pet, .. } = bench;
        let petstore = Petstore::start_in(binary, petstore.kill().await).await;
        // The tokens of another address are not those of this one.
        let staff = petstore.login("staff").await;
        let writer = Connection::open(petstore.address()).await;
        bench = Bench { petstore, sink, staff, writer, pet };
        let began = Instant::now();
        while arrived(&bench) < first + BEFORE_KILL && began.elapsed() < RECOVERY {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        longest = longest.max(began.elapsed());
    }
    let (acknowledged, came) = (KILLS * BEFORE_KILL, arrived(&bench));
    println!(
        "| kill -9, {KILLS} times: acknowledged / lost / twice | {acknowledged} / {} / {} |",
        acknowledged - came,
        bench.sink.received() - came
    );
    println!("| all have come after a restart within, s | {:.1} |", longest.as_secs_f64());
    bench.petstore.stop().await;
}

async fn backlog(binary: &str) {
    let (endpoints, events) = BACKLOG;
    let mut bench = Bench::start(binary).await;
    let mut first = String::new();
    for _ in 0..endpoints {
        first = bench.endpoint("/sink").await;
        bench.command(&first.clone(), "pause").await;
    }
    let idle = bench.petstore.process.resident_kib();
    bench.happen_often(events).await;
    // The one of before has been idle for longer than the server keeps it.
    bench.writer = Connection::open(bench.petstore.address()).await;
    let path = format!("/v1/webhook-endpoints/{first}/deliveries?limit=1");
    while bench.writer.get_as(&path, &bench.staff).await.number("totalItems") < events / 16 * 16 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let waiting = bench.petstore.process.resident_kib();
    let before = bench.sink.received();
    bench.command(&first, "resume").await;
    bench.sink.until(before, events / 16 * 16).await;
    let sending = bench.petstore.process.resident_kib();
    let mib = |kib: i64| kib as f64 / 1024.0;
    println!(
        "| memory idle / with a backlog of {} / while sending, MiB | {:.0} / {:.0} / {:.0} |",
        endpoints as u64 * events,
        mib(idle),
        mib(waiting),
        mib(sending)
    );
    bench.petstore.stop().await;
}
