//! kill -9 of the real binary at random instants while events go out to many endpoints: nothing that was acknowledged is
//! lost, and nothing is sent twice but what was under way at a kill. A small dose here; the whole of it with
//! `PETSTORE_SOAK=1` (`make soak`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::support::api::{id, with_json};
use crate::support::binary::Binary;
use crate::support::{Api, Database, eventually};

/// How much of it.
struct Dose {
    kills: usize,
    events: usize,
    endpoints: usize,
    /// How long the rest may take after the last kill.
    rest: Duration,
}

fn dose() -> Dose {
    match std::env::var_os("PETSTORE_SOAK") {
        Some(_) => Dose { kills: 100, events: 10_000, endpoints: 20, rest: Duration::from_secs(600) },
        None => Dose { kills: 4, events: 200, endpoints: 4, rest: Duration::from_secs(60) },
    }
}

/// Counts what came, by receiver and event.
type Counted = Arc<Mutex<HashMap<(usize, String), u32>>>;

async fn receive(
    State(counted): State<Counted>,
    Path(receiver): Path<usize>,
    headers: HeaderMap,
) -> StatusCode {
    let event = headers["webhook-id"].to_str().unwrap().to_owned();
    *counted.lock().entry((receiver, event)).or_default() += 1;
    StatusCode::NO_CONTENT
}

/// Makes pets until the server is gone or there are enough; `made` are those that were acknowledged.
async fn make_pets(staff: Api, made: Arc<Mutex<HashSet<String>>>, enough: usize) {
    let body = json!({ "name": "Soak", "species": "DOG", "ageMonths": 5, "price": "50.00" });
    while made.lock().len() < enough {
        match staff.try_send(with_json(staff.request(http::Method::POST, "/v1/pets"), &body)).await {
            Ok(answer) if answer.status == 201 => drop(made.lock().insert(id(&answer.body).to_owned())),
            Ok(answer) => panic!("{answer:?}"),
            Err(_) => return,
        }
    }
}

/// What was claimed when the process was killed: the only deliveries that may be sent twice.
async fn under_way(binary: &Binary) -> HashSet<(String, String)> {
    let mut database = Database::open(&binary.data()).await;
    let sql = "SELECT lower(hex(endpoint_id)) || lower(hex(event_id)) FROM deliveries WHERE lease_until IS NOT NULL";
    let split = |text: String| (text[..32].to_owned(), text[32..].to_owned());
    database.texts(sql).await.into_iter().map(split).collect()
}

fn plain(id: &str) -> String {
    id.trim_start_matches("evt_").replace('-', "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_at_random_instants_loses_no_webhook() {
    let dose = dose();
    let counted = Counted::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/{receiver}", post(receive)).with_state(counted.clone());
    let _receivers =
        AbortOnDropHandle::new(tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }));

    let mut binary = Binary::start(&[("PETSTORE_RATE_LIMIT_ENABLED", "false")]).await;
    let staff = binary.anonymous().log_in("staff").await;
    let mut endpoints = Vec::new();
    for receiver in 0..dose.endpoints {
        let body = json!({ "url": format!("http://{address}/{receiver}"), "eventTypes": ["pet.created"] });
        let endpoint = staff.post("/v1/webhook-endpoints", body).await.result().unwrap();
        endpoints.push(plain(id(&endpoint)));
    }
    let made = Arc::new(Mutex::new(HashSet::new()));
    let (mut allowed, mut claimed): (HashMap<(String, String), u32>, usize) = (HashMap::new(), 0);
    for kill in 1..=dose.kills {
        let mut makers = JoinSet::new();
        for _ in 0..4 {
            makers.spawn(make_pets(staff.clone(), made.clone(), dose.events * kill / dose.kills));
        }
        let [random, ..] = *uuid::Uuid::new_v4().as_bytes();
        tokio::time::sleep(Duration::from_millis(20 + u64::from(random))).await;
        binary.kill().await;
        makers.join_all().await;
        let under_way = under_way(&binary).await;
        claimed += under_way.len();
        for delivery in under_way {
            *allowed.entry(delivery).or_default() += 1;
        }
        binary = binary.restart().await;
    }
    make_pets(staff.clone(), made.clone(), dose.events).await;

    let began = std::time::Instant::now();
    let mut database = Database::open(&binary.data()).await;
    let pending = "SELECT count(*) FROM deliveries WHERE status = 'PENDING'";
    let behind = "SELECT count(*) FROM events, meta WHERE seq > dispatched AND type = 'pet.created'";
    while database.number(pending).await + database.number(behind).await > 0 {
        assert!(began.elapsed() < dose.rest, "deliveries are stuck");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let created = "SELECT lower(hex(id)) || lower(hex(resource)) FROM events WHERE type = 'pet.created'";
    let created: Vec<String> = database.texts(created).await;
    let of: HashMap<&str, &str> = created.iter().map(|text| (&text[32..], &text[..32])).collect();
    let counted: HashMap<(usize, String), u32> =
        counted.lock().iter().map(|((receiver, event), count)| ((*receiver, plain(event)), *count)).collect();
    let mut twice = 0;
    for pet in made.lock().iter() {
        let event = of[plain(pet).as_str()].to_owned();
        for (receiver, endpoint) in endpoints.iter().enumerate() {
            let count = counted.get(&(receiver, event.clone())).copied().unwrap_or(0);
            assert!(count > 0, "event {event} never came to {receiver}");
            let more = allowed.get(&(endpoint.clone(), event.clone())).copied().unwrap_or(0);
            assert!(count <= 1 + more, "event {event} came {count} times to {receiver}, {more} kills met it");
            twice += count - 1;
        }
    }
    println!(
        "{} kills, {} events, {} endpoints: none lost, {twice} sent again of {claimed} under way",
        dose.kills,
        made.lock().len(),
        dose.endpoints
    );
    assert_eq!(binary.errors(), [""; 0]);
    eventually("readiness", async || (staff.get("/readyz").await.status == 200).then_some(())).await;
}
