//! What a read costs beside a bare axum handler that returns the same bytes from memory, in one run, in turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::io::AsyncWriteExt as _;

use crate::http::Connection;
use crate::server::{Petstore, Process};

/// Connections that read at the same time.
const READERS: usize = 32;
/// Reads of one round.
const READS: usize = 40_000;
/// Rounds of each server, in turn; the medians are compared.
const ROUNDS: usize = 3;

/// Serves the bytes of standard input at every path, as the shortest axum program would, until it is killed.
pub async fn serve_bare() {
    let mut body = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut tokio::io::stdin(), &mut body).await.unwrap();
    let body = bytes::Bytes::from(body);
    let answer = move || {
        let body = body.clone();
        async move { ([(CONTENT_TYPE, "application/json")], body) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening on http://{}", listener.local_addr().unwrap());
    axum::serve(listener, Router::new().fallback(get(answer))).await.unwrap();
}

/// Compares one pet and a page of pets.
pub async fn compare(petstore: &Petstore) {
    println!("| read | requests per CPU-s | bare axum | ratio |");
    println!("|---|---|---|---|");
    let mut connection = Connection::open(petstore.address()).await;
    let page = connection.get("/v1/pets?limit=20").await.body;
    let pet = page.split("\"id\":\"").nth(1).unwrap()[..36].to_owned();
    for path in [format!("/v1/pets/{pet}"), "/v1/pets?limit=20".to_owned()] {
        // A connection of its own: the server closes one that was idle for as long as a round takes.
        let body = Connection::open(petstore.address()).await.get(&path).await.body;
        let mut bare = Process::start(
            tokio::process::Command::new(std::env::current_exe().unwrap())
                .arg("--bare")
                .stdin(std::process::Stdio::piped()),
        );
        let mut stdin = bare.stdin();
        stdin.write_all(body.as_bytes()).await.unwrap();
        drop(stdin);
        bare.listening().await;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(rate(&petstore.process, &path).await);
            theirs.push(rate(&bare, &path).await);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let name = if path.contains('?') { "GET /v1/pets?limit=20" } else { "GET /v1/pets/{id}" };
        println!("| {name} | {ours:.0} | {theirs:.0} | {:.2} |", ours / theirs);
        bare.stop().await;
    }
    println!();
}

/// Requests per CPU-second of `server` over one round.
async fn rate(server: &Process, path: &str) -> f64 {
    let next = Arc::new(AtomicUsize::new(0));
    let cpu = server.cpu_seconds();
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(tokio::spawn(read(server.address, path.to_owned(), next.clone())));
    }
    for reader in readers {
        reader.await.unwrap();
    }
    READS as f64 / (server.cpu_seconds() - cpu)
}

async fn read(address: SocketAddr, path: String, next: Arc<AtomicUsize>) {
    let mut connection = Connection::open(address).await;
    while next.fetch_add(1, Ordering::Relaxed) < READS {
        connection.get(&path).await;
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
