//! Deliveries, attempts, and jobs that send again.

use crate::domain::{
    AttemptId, DeliveryId, EndpointId, EventId, EventType, JobId, Position, Seq, Tenant, Timestamp,
    named_enum,
};
use uuid::Uuid;

named_enum! {
    /// Where a delivery stands.
    DeliveryStatus { Pending => "PENDING", Succeeded => "SUCCEEDED", Dead => "DEAD_LETTER" }
}
named_enum! {
    /// What a job sends again.
    JobKind { ResendFailed => "RESEND_FAILED", Replay => "REPLAY" }
}

/// One event for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub tenant: Tenant,
    pub endpoint_id: EndpointId,
    pub event_id: EventId,
    pub event_seq: Seq,
    pub event_type: EventType,
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: u32,
    /// Those of them after which the schedule began anew, when it was sent again by hand.
    pub schedule_from: u32,
    /// When the next try is due; nothing when it is settled, or waits for an earlier one of its resource.
    pub next_attempt_at: Option<Timestamp>,
    /// What the last try was answered.
    pub last_status_code: Option<u16>,
    /// The resource whose deliveries follow one another, for an endpoint that asks for that.
    pub order_key: Option<Uuid>,
    pub created_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

/// Which deliveries a list shows.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    pub status: Option<DeliveryStatus>,
    pub event_type: Option<EventType>,
    /// Of the last attempt's answer.
    pub status_code: Option<u16>,
    /// Made at or after.
    pub since: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
}

/// Which attempts a list shows.
#[derive(Clone, Debug, Default)]
pub struct AttemptFilter {
    /// Whether the receiver took the event.
    pub succeeded: Option<bool>,
    pub event_type: Option<EventType>,
    pub status_code: Option<u16>,
    /// Started at or after.
    pub since: Option<Timestamp>,
    /// Started before.
    pub until: Option<Timestamp>,
}

/// One HTTP try of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub delivery_id: DeliveryId,
    /// Counted from 1.
    pub number: u32,
    pub started_at: Timestamp,
    pub duration_ms: u32,
    /// The address that was connected to, or that the name meant when no connection came about.
    pub address: Option<String>,
    /// In the order sent; the values of the owner's own headers are masked.
    pub request_headers: Headers,
    /// What the receiver answered; nothing when it did not.
    pub status_code: Option<u16>,
    /// Those of the answer.
    pub response_headers: Headers,
    /// Why there was no answer, or why it counts as failed.
    pub error: Option<String>,
    /// The first bytes of the answer's body.
    pub response_body: Option<String>,
}

/// An attempt, where it stands among all that were recorded, and its delivery as it was when this was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAttempt {
    /// In the order of the commits; not that of an event.
    pub position: Position,
    pub attempt: Attempt,
    pub delivery: Delivery,
}

/// Names and values of headers.
pub type Headers = Vec<(String, String)>;

/// What a job is asked to begin from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStart {
    /// Events that occurred (or deliveries that were made) at or after.
    Since(Timestamp),
    /// Events after that position of the log.
    After(Seq),
}

/// Sending again in bulk, a bounded step at a time; it goes on where it was after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    pub tenant: Tenant,
    pub endpoint_id: EndpointId,
    pub kind: JobKind,
    pub since: Option<Timestamp>,
    /// It walks the log from after `first` to `upto`, and has come to `cursor`.
    pub first: Seq,
    pub cursor: Seq,
    pub upto: Seq,
    /// Deliveries that it made due.
    pub queued: u64,
    pub created_at: Timestamp,
    /// When it came to its end, or was cancelled.
    pub finished_at: Option<Timestamp>,
    pub cancelled: bool,
}

impl Job {
    /// The job without what it has not done yet; one that has ended stays as it is.
    #[must_use]
    pub fn cancelled(&self, now: Timestamp) -> Self {
        let ended = self.finished_at.is_some();
        Self {
            finished_at: self.finished_at.or(Some(now)),
            cancelled: self.cancelled || !ended,
            ..self.clone()
        }
    }

    /// How much is done, in percent.
    pub fn progress_percent(&self) -> u64 {
        let (whole, done) =
            (self.upto.0.saturating_sub(self.first.0), self.cursor.0.saturating_sub(self.first.0));
        match self.finished_at {
            Some(_) if !self.cancelled => 100,
            _ => (done * 100).checked_div(whole).unwrap_or(0),
        }
    }
}
