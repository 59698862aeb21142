//! The advisor: questions at the same time, all of one member of the staff, beside orders, until the first words.

use std::time::{Duration, Instant};

use petstore::chat::knowledge::Library;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::http::Connection;
use crate::server::{Petstore, resident_kib};

/// Who ask at the same time, each over `/v1/chat/completions`; rooms are not part of it.
const CONVERSATIONS: usize = 50;
/// Questions of each.
const QUESTIONS: usize = 40;
/// The pause of a person between two questions.
const PAUSE: Duration = Duration::from_millis(100);

const ASKED: [&str; 5] = [
    "my dog ate a bar of dark choclate what do i do",
    "how big a cage does a rabbit need",
    "my parrot is pulling out its feathers",
    "what is the capital of france",
    "a calm rabbit under $80 that is good with kids",
];

/// Prints what the knowledge base takes with its index: here and not at the server, where it is not to be told apart from
/// the rest. Call it first, before there is memory that was given back.
#[allow(clippy::cast_precision_loss, reason = "some thousand KiB")]
pub fn memory_of_the_index() {
    let before = resident_kib("self");
    let library = Library::open().unwrap();
    let mib = (resident_kib("self") - before) as f64 / 1024.0;
    println!("knowledge base: {} entries, {mib:.1} MiB with its index\n", library.entries().len());
}

/// Prints the times until the first words of an answer.
pub async fn first_words(petstore: &Petstore) {
    let staff = petstore.login("staff").await;
    // Order traffic: pets that are put in and ordered as fast as one connection does it.
    let (address, token) = (petstore.address(), staff.clone());
    let orders = tokio::spawn(async move {
        let mut connection = Connection::open(address).await;
        let pet = r#"{"name":"Bench","species":"DOG","ageMonths":5,"price":"75.00"}"#;
        loop {
            let pet = connection.post("/v1/pets", &token, pet).await.field("id");
            connection.post("/v1/orders", &token, &format!("{{\"petId\":\"{pet}\"}}")).await;
        }
    });
    let cpu = petstore.process.cpu_seconds();
    let mut talks = Vec::new();
    for number in 0..CONVERSATIONS {
        let (address, token) = (petstore.address(), staff.clone());
        talks.push(tokio::spawn(async move {
            let mut times = Vec::new();
            for round in 0..QUESTIONS {
                times.push(ask(address, &token, ASKED[(number + round) % ASKED.len()]).await);
                tokio::time::sleep(PAUSE).await;
            }
            times
        }));
    }
    let mut times: Vec<Duration> = Vec::new();
    for talk in talks {
        times.extend(talk.await.unwrap());
    }
    orders.abort();
    let cpu = petstore.process.cpu_seconds() - cpu;
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!(
        "advisor (knowledge): {} questions of {CONVERSATIONS} who ask beside orders: first words p50 {:.1} ms, \
         p99 {:.1} ms, max {:.1} ms; {cpu:.2} CPU-s of the server, orders included\n",
        times.len(),
        at(50),
        at(99),
        at(100),
    );
}

/// The time until the first words of a streamed answer; a connection of its own, as browsers open one.
async fn ask(address: std::net::SocketAddr, token: &str, words: &str) -> Duration {
    let body = format!(
        "{{\"model\":\"pet-advisor-1\",\"stream\":true,\"messages\":[{{\"role\":\"user\",\"content\":\"{words}\"}}]}}"
    );
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: petstore\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let begun = Instant::now();
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut answer, mut first) = (Vec::new(), None);
    while stream.read_buf(&mut answer).await.unwrap() > 0 {
        // The role comes first and says nothing.
        if first.is_none() && String::from_utf8_lossy(&answer).matches("\"content\":\"").count() > 1 {
            first = Some(begun.elapsed());
        }
    }
    assert!(answer.windows(6).any(|window| window == b"[DONE]"), "{}", String::from_utf8_lossy(&answer));
    first.expect("words")
}
