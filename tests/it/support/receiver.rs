//! A webhook receiver that trusts nothing: both signatures of a delivery are verified before it counts.

use std::collections::HashSet;
use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::{Api, api};

/// What came in.
#[derive(Default)]
struct Inbound {
    /// Verified bodies, by the first arrival of their event.
    first: Vec<Value>,
    seen: HashSet<String>,
    /// Ids of the verified messages, repeats included.
    messages: Vec<String>,
    /// Why requests were not accepted.
    refused: Vec<String>,
}

struct Desk {
    key: Mutex<Option<hmac::Key>>,
    inbound: watch::Sender<Inbound>,
}

/// A receiver on loopback.
pub struct Receiver {
    pub url: String,
    desk: Arc<Desk>,
    _server: AbortOnDropHandle<()>,
}

impl Receiver {
    /// Starts it; it refuses everything until it knows a secret.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let desk = Arc::new(Desk { key: Mutex::new(None), inbound: watch::Sender::new(Inbound::default()) });
        let router = Router::new().route("/hook", post(receive)).with_state(desk.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, desk, _server: AbortOnDropHandle::new(server) }
    }

    /// Starts it and makes an endpoint of `owner` for it.
    pub async fn subscribed(owner: &Api, event_types: &[&str]) -> Self {
        let receiver = Self::start().await;
        let body = json!({ "url": receiver.url, "eventTypes": event_types });
        let endpoint = owner.post("/v1/webhook-endpoints", body).await.result().unwrap();
        receiver.trust(api::text(&endpoint, "secret"));
        receiver
    }

    /// Believes what is signed with that secret.
    pub fn trust(&self, secret: &str) {
        *self.desk.key.lock() = Some(key_of(secret));
    }

    /// The verified events that have come, each once.
    pub fn first(&self) -> Vec<Value> {
        self.desk.inbound.borrow().first.clone()
    }

    /// Waits until the first arrivals satisfy `done`, and returns them.
    pub async fn until(&self, what: &str, done: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut inbound = self.desk.inbound.subscribe();
        let waited = inbound.wait_for(|inbound| done(&inbound.first));
        // What comes back holds the lock, which is taken again below.
        let in_time = tokio::time::timeout(super::PATIENCE, waited).await.is_ok();
        let inbound = self.desk.inbound.borrow();
        assert!(inbound.refused.is_empty(), "{what}: not accepted: {:?}", inbound.refused);
        assert!(in_time, "{what}: not in time; got {} events", inbound.first.len());
        inbound.first.clone()
    }

    /// How many verified messages came, repeats included.
    pub fn messages(&self) -> usize {
        self.desk.inbound.borrow().messages.len()
    }
}

async fn receive(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let key = desk.key.lock().clone();
    let verified = verify(key.as_ref(), &headers, &body);
    let status = if verified.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED };
    desk.inbound.send_modify(|inbound| match verified {
        Ok((message, event)) => {
            inbound.messages.push(message);
            if inbound.seen.insert(api::text(&event, "eventId").to_owned()) {
                inbound.first.push(event);
            }
        }
        Err(why) => inbound.refused.push(why),
    });
    status
}

/// The message's id and the event, when both signatures hold.
fn verify(key: Option<&hmac::Key>, headers: &HeaderMap, body: &[u8]) -> Result<(String, Value), String> {
    let id = verify_signatures(key.ok_or("no secret is known yet")?, headers, body)?;
    let event: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let fields: Vec<&String> = event.as_object().ok_or("the body is no object")?.keys().collect();
    if fields != ["data", "eventId", "eventType", "timestamp"]
        && fields != ["eventId", "eventType", "timestamp", "data"]
    {
        return Err(format!("the envelope has the fields {fields:?}"));
    }
    Ok((id, event))
}

/// The key of a secret (`whsec_` and base64).
pub fn key_of(secret: &str) -> hmac::Key {
    let bytes = secret.strip_prefix("whsec_").expect("a secret");
    hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(bytes).unwrap())
}

/// The message's id, when both signatures hold.
pub fn verify_signatures(key: &hmac::Key, headers: &HeaderMap, body: &[u8]) -> Result<String, String> {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| format!("no {name}"))
    };
    let (id, at) = (header("webhook-id")?, header("webhook-timestamp")?);
    // While a secret rotates there are several, of which one must hold.
    let message = [id.as_bytes(), b".", at.as_bytes(), b".", body].concat();
    let mut standard = header("webhook-signature")?.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    let holds = |one| STANDARD.decode(one).is_ok_and(|tag| hmac::verify(key, &message, &tag).is_ok());
    standard.any(holds).then_some(()).ok_or("webhook-signature does not hold")?;
    let (stamp, tags) =
        header("x-webhook-signature")?.split_once(",v1=").ok_or("X-Webhook-Signature has no v1")?;
    let stamp = stamp.strip_prefix("t=").ok_or("X-Webhook-Signature has no t")?;
    let message = [stamp.as_bytes(), b".", body].concat();
    let holds = |hex| unhex(hex).is_some_and(|tag| hmac::verify(key, &message, &tag).is_ok());
    tags.split(",v1=").any(holds).then_some(()).ok_or("X-Webhook-Signature does not hold")?;
    Ok(id.to_owned())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
