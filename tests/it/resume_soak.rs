//! Clients of every channel behind a network that cuts and freezes their connections at random, and a server that is killed
//! and stopped meanwhile: each ends with exactly the sequence of the log. A small dose here; the whole of it with
//! `PETSTORE_SOAK=1` (`make soak`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::support::api::with_json;
use crate::support::binary::Binary;
use crate::support::channel::{Channel, past};
use crate::support::inbox::{Envelope, ids};
use crate::support::{Api, websocket};

/// How much of it.
struct Dose {
    clients_of_each: usize,
    rounds: usize,
    events_of_each: usize,
    /// How long the clients may take after the last round.
    rest: Duration,
}

fn dose() -> Dose {
    let rest = Duration::from_secs(60);
    match std::env::var_os("PETSTORE_SOAK") {
        Some(_) => Dose { clients_of_each: 40, rounds: 60, events_of_each: 100, rest },
        None => Dose { clients_of_each: 2, rounds: 4, events_of_each: 20, rest },
    }
}

fn random() -> u32 {
    u32::from_be_bytes(*uuid::Uuid::new_v4().as_bytes().first_chunk().unwrap())
}

/// A network between clients and server: every connection is cut or frozen at random while it is bad.
struct Network {
    address: SocketAddr,
    bad: watch::Sender<bool>,
    _accepting: AbortOnDropHandle<()>,
}

impl Network {
    async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (bad, is_bad) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let is_bad = is_bad.clone();
                connections.spawn(async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        carry(client, server, is_bad).await;
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, bad, _accepting: AbortOnDropHandle::new(accepting) }
    }
}

/// Carries bytes both ways until one side ends, or the network ends the connection.
async fn carry(mut client: TcpStream, mut server: TcpStream, mut is_bad: watch::Receiver<bool>) {
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    let mut fate = Box::pin(fate(is_bad.clone()));
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(count) if count > 0 && server.write_all(&up[..count]).await.is_ok() => {}
                _ => return,
            },
            read = server.read(&mut down) => match read {
                Ok(count) if count > 0 && client.write_all(&down[..count]).await.is_ok() => {}
                _ => return,
            },
            cut = &mut fate => {
                if cut {
                    return;
                }
                // Frozen: nothing is read, on either side.
                tokio::time::sleep(Duration::from_millis(u64::from(random() % 300))).await;
                let _ = is_bad.wait_for(|bad| !bad).await;
                fate = Box::pin(self::fate(is_bad.clone()));
            }
        }
    }
}

/// What becomes of a connection while the network is bad: cut, or frozen.
async fn fate(mut is_bad: watch::Receiver<bool>) -> bool {
    if is_bad.wait_for(|bad| *bad).await.is_err() {
        return true;
    }
    tokio::time::sleep(Duration::from_millis(u64::from(random() % 100))).await;
    !random().is_multiple_of(3)
}

/// A client that comes back whenever it is cut off, with the last cursor that it saw.
async fn follow(channel: Channel, api: Api, start: String, seen: Arc<Mutex<Vec<Envelope>>>) {
    loop {
        let after = seen.lock().last().map_or(start.clone(), |last: &Envelope| last.cursor.clone());
        if let Ok(Ok(listener)) =
            tokio::time::timeout(Duration::from_secs(5), channel.listen(&api, &["pets"], Some(&after))).await
        {
            let mut taken = 0;
            loop {
                let events = listener.events();
                seen.lock().extend_from_slice(&events[taken..]);
                let ended = listener.has_ended();
                // What came between the look and the end is taken as well.
                if ended && taken == events.len() {
                    break;
                }
                taken = events.len();
                if !ended {
                    listener.changed_within(Duration::from_millis(200)).await;
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(u64::from(random() % 50))).await;
    }
}

/// Makes that many pets, each at least once: the server may die with the answer.
async fn make_pets(staff: &Api, count: usize) {
    let body = json!({ "name": "Soak", "species": "DOG", "ageMonths": 5, "price": "50.00" });
    for _ in 0..count {
        let request = with_json(staff.request(http::Method::POST, "/v1/pets"), &body);
        if staff.try_send(request).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_ends_with_the_sequence_of_the_log() {
    let dose = dose();
    // A small ring, so that those who were away long are served from the log.
    let settings = [("PETSTORE_RATE_LIMIT_ENABLED", "false"), ("PETSTORE_FEED_RING_EVENTS", "64")];
    let mut binary = Binary::start(&settings).await;
    let server: SocketAddr = binary.url.strip_prefix("http://").unwrap().parse().unwrap();
    let network = Network::before(server).await;
    let staff = binary.anonymous().log_in("staff").await;
    let through = Api { url: format!("http://{}", network.address), ..staff.clone() };
    let start = websocket::position(&staff).await.unwrap();

    let began = tokio::time::Instant::now();
    let mut clients = JoinSet::new();
    let mut all = Vec::new();
    for channel in Channel::STREAMING {
        for _ in 0..dose.clients_of_each {
            let seen = Arc::<Mutex<Vec<Envelope>>>::default();
            all.push((channel, seen.clone()));
            clients.spawn(follow(channel, through.clone(), start.clone(), seen));
        }
    }
    for round in 0..dose.rounds {
        make_pets(&staff, dose.events_of_each / 2).await;
        network.bad.send_replace(true);
        make_pets(&staff, dose.events_of_each / 2).await;
        match round % 4 {
            1 => {
                binary.kill().await;
                binary = binary.restart().await;
            }
            3 => {
                binary.terminate().await;
                assert!(binary.exit().await.success());
                binary = binary.restart().await;
            }
            _ => {}
        }
        network.bad.send_replace(false);
        if round % 10 == 9 {
            println!("{} of {} rounds after {:?}", round + 1, dose.rounds, began.elapsed());
        }
    }
    make_pets(&staff, 1).await;
    let log = past(&staff, &["pets"], Some(&start), 500).await;
    assert!(log.len() > dose.rounds * dose.events_of_each / 2, "only {} events", log.len());
    let last = &log.last().unwrap().event_id;
    for (channel, seen) in &all {
        let whole = async {
            while seen.lock().last().map(|event| &event.event_id) != Some(last) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(dose.rest, whole).await.is_ok();
        let seen = seen.lock().clone();
        assert!(in_time, "{channel:?} has {} of {} events", seen.len(), log.len());
        assert_eq!(ids(&seen), ids(&log), "{channel:?}");
    }
    clients.abort_all();
    assert_eq!(binary.errors(), [""; 0]);
}
