//! `petstore listen`: brings a store's events to a receiver on the developer's own machine, which no store could reach.
//!
//! It follows the live stream by its cursor, so nothing is lost while the connection is, signs each event with a secret of
//! its own as the store signs webhooks, checks that signature as a receiver should, and posts it.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};

use super::ToolError;
use super::remote::{Login, Remote};
use super::verify::{Captured, Key, verify};
use crate::clock::{Clock, Ids};
use crate::domain::webhook::EventPattern;
use crate::domain::{EventType, Timestamp};
use crate::telemetry::Stopwatch;
use crate::webhook::signature::{self, SECRET_BYTES, Secret};

/// Between two tries to connect.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest time for the receiver to answer.
const FORWARD: Duration = Duration::from_secs(30);
/// The topics of the staff, and of everyone else.
const TOPICS: [&str; 2] = [
    "orders,payments,pets,inventory,users,endpoints,chat,provider",
    "orders,payments,pets,inventory,users,endpoints,chat",
];

/// What is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub login: Login,
    /// Where events are posted.
    pub forward: String,
    /// Which events, as endpoints name them.
    pub events: Vec<String>,
}

/// A line of what happened.
type Report<'r> = &'r (dyn Fn(String) + Send + Sync);

/// Forwards events until it is dropped; tells `report` the secret and then each event with its answer.
///
/// # Errors
/// [`ToolError`] when the store refuses it; a connection that is lost is made again.
pub async fn listen(asked: &Listen, clock: &Clock, report: Report<'_>) -> Result<(), ToolError> {
    let patterns = asked.events.iter().map(|text| EventPattern::parse("--events", text));
    let patterns: Vec<EventPattern> =
        patterns.collect::<Result<_, _>>().map_err(|violation| ToolError::Refused(violation.message))?;
    let remote = Remote::open(&asked.login).await?;
    let secret = signature::secret_text(&Ids::new(clock.clone()).random_bytes::<SECRET_BYTES>());
    report(format!("forwarding to {}\nsigning secret {secret}", asked.forward));
    let secret =
        Secret::parse(&secret).ok_or_else(|| ToolError::Refused("no secret could be made".into()))?;
    let forwarder = Forwarder { asked, remote: &remote, secret, patterns, clock, report };
    let mut cursor = None;
    loop {
        let lost = match forwarder.connect(cursor.as_deref()).await {
            Ok(stream) => forwarder.follow(stream, &mut cursor).await,
            Err(ToolError::Unreachable(_, error)) => error.to_string(),
            Err(refused) => return Err(refused),
        };
        report(format!("connection lost ({lost}); connecting again"));
        clock.sleep(PAUSE).await;
    }
}

struct Forwarder<'f> {
    asked: &'f Listen,
    remote: &'f Remote,
    secret: Secret,
    patterns: Vec<EventPattern>,
    clock: &'f Clock,
    report: Report<'f>,
}

impl Forwarder<'_> {
    async fn connect(&self, cursor: Option<&str>) -> Result<Response, ToolError> {
        let mut status = StatusCode::FORBIDDEN;
        for topics in TOPICS {
            let mut request = self.remote.request(Method::GET, &format!("/v1/events?topics={topics}"));
            request = request.header("accept", "text/event-stream");
            if let Some(cursor) = cursor {
                request = request.header("last-event-id", cursor);
            }
            let answer = self.remote.send(request).await?;
            status = answer.status();
            if status.is_success() {
                return Ok(answer);
            }
            if status != StatusCode::FORBIDDEN {
                break;
            }
        }
        Err(ToolError::Refused(format!("the store answered {status} to /v1/events")))
    }

    /// Forwards what comes until the stream ends, and says why it did.
    async fn follow(&self, mut stream: Response, cursor: &mut Option<String>) -> String {
        let mut pending = Vec::new();
        loop {
            let chunk = match stream.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return "the store closed it".into(),
                Err(error) => return error.to_string(),
            };
            pending.extend_from_slice(&chunk);
            while let Some(end) = pending.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = pending.drain(..end + 2).collect();
                self.take(&String::from_utf8_lossy(&block), cursor).await;
            }
        }
    }

    async fn take(&self, block: &str, cursor: &mut Option<String>) {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let (kind, data) = (field("event:").and_then(EventType::from_name), field("data:"));
        if let (Some(kind), Some(data)) = (kind, data)
            && self.patterns.iter().any(|pattern| pattern.matches(kind))
        {
            self.forward(kind, data).await;
        }
        // After it was forwarded: a connection that is lost meanwhile brings it again, and never past it.
        if let Some(id) = field("id:") {
            *cursor = Some(id.to_owned());
        }
    }

    async fn forward(&self, kind: EventType, envelope: &str) {
        // Webhooks leave the cursor out; the store writes it last.
        let body = envelope
            .rsplit_once(",\"cursor\":")
            .map_or_else(|| envelope.to_owned(), |(body, _)| format!("{body}}}"));
        let parsed: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let id = parsed["eventId"].as_str().unwrap_or_default().to_owned();
        let now = Timestamp::from_ms(self.clock.now_ms());
        let mut headers = signature::headers([&self.secret], [], (&id, now.as_secs()), body.as_bytes());
        let captured = Captured::new(&headers, body.as_bytes());
        if let Err(error) = verify(&captured, &Key::Secret(Box::new(self.secret.clone())), now.as_secs(), 0) {
            return (self.report)(format!("{kind} {id} was not forwarded: {error}"));
        }
        headers.insert("content-type", http::HeaderValue::from_static("application/json"));
        headers.insert("x-webhook-event", http::HeaderValue::from_static(kind.name()));
        let watch = Stopwatch::start();
        let request =
            self.remote.client.post(&self.asked.forward).headers(headers).body(body).timeout(FORWARD);
        let answer = match request.send().await {
            Ok(answer) => answer.status().to_string(),
            Err(error) => format!("no answer ({})", error.without_url()),
        };
        (self.report)(format!("{now} {kind} {id} -> {answer} in {} ms", watch.elapsed().as_millis()));
    }
}
