//! What a subscriber has received, in order of arrival, with a way to wait for more.

use serde_json::Value;
use tokio::sync::watch;

use super::{Refusal, within};

/// An event as a channel carried it.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    pub event_id: String,
    pub event_type: String,
    pub timestamp: String,
    pub data: Value,
    pub cursor: String,
}

impl Envelope {
    /// Reads an envelope: exactly its five fields.
    pub fn read(value: &Value) -> Self {
        let object = value.as_object().unwrap_or_else(|| panic!("no envelope: {value}"));
        assert_eq!(object.len(), 5, "an envelope has five fields: {value}");
        let text =
            |name: &str| object[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}")).to_owned();
        Self {
            event_id: text("eventId"),
            event_type: text("eventType"),
            timestamp: text("timestamp"),
            data: object["data"].clone(),
            cursor: text("cursor"),
        }
    }
}

/// The ids of events, in their order.
pub fn ids(events: &[Envelope]) -> Vec<&str> {
    events.iter().map(|event| event.event_id.as_str()).collect()
}

/// The types of events, in their order.
pub fn types(events: &[Envelope]) -> Vec<&str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}

/// What came so far.
#[derive(Debug, Default)]
pub struct Received {
    pub events: Vec<Envelope>,
    /// Why nothing more comes.
    pub end: Option<Refusal>,
}

/// The writing side of an inbox; clones write to the same one.
#[derive(Clone, Debug)]
pub struct Sender(watch::Sender<Received>);

/// The reading side of an inbox.
#[derive(Clone, Debug)]
pub struct Inbox(watch::Receiver<Received>);

/// An empty inbox.
pub fn inbox() -> (Sender, Inbox) {
    let (sender, receiver) = watch::channel(Received::default());
    (Sender(sender), Inbox(receiver))
}

impl Sender {
    pub fn push(&self, event: Envelope) {
        self.0.send_modify(|received| received.events.push(event));
    }

    /// Nothing more comes, and why; the first reason counts.
    pub fn end(&self, why: Refusal) {
        self.0.send_modify(|received| {
            received.end.get_or_insert(why);
        });
    }
}

impl Inbox {
    /// The events so far.
    pub fn events(&self) -> Vec<Envelope> {
        self.0.borrow().events.clone()
    }

    /// Waits until `done` holds of the events, and returns them.
    pub async fn until(&self, what: &str, done: impl Fn(&[Envelope]) -> bool) -> Vec<Envelope> {
        let mut receiver = self.0.clone();
        let waited = receiver.wait_for(|received| done(&received.events) || received.end.is_some());
        // What comes back holds the lock, which is taken again below.
        let in_time = tokio::time::timeout(super::PATIENCE, waited).await.is_ok();
        let received = self.0.borrow();
        let so_far =
            || format!("{} events, last {:?}", received.events.len(), types(&received.events).last());
        assert!(in_time, "{what}: not in time; got {}", so_far());
        assert!(done(&received.events), "{what}: ended with {:?}; got {}", received.end, so_far());
        received.events.clone()
    }

    /// Waits until the event `id` has come, and returns all events.
    pub async fn until_id(&self, what: &str, id: &str) -> Vec<Envelope> {
        self.until(what, |events| events.iter().rev().any(|event| event.event_id == id)).await
    }

    /// Whether nothing more comes.
    pub fn has_ended(&self) -> bool {
        self.0.borrow().end.is_some()
    }

    /// Waits until something changes, at most that long.
    pub async fn changed_within(&self, time: std::time::Duration) {
        let mut receiver = self.0.clone();
        let _ = tokio::time::timeout(time, receiver.changed()).await;
    }

    /// Waits for the end.
    pub async fn ended(&self, what: &str) -> Refusal {
        let mut receiver = self.0.clone();
        let ended = within(what, receiver.wait_for(|received| received.end.is_some())).await;
        // The sender is dropped with its task, after it told the end.
        ended.expect("a reader tells its end").end.clone().expect("waited for")
    }
}
