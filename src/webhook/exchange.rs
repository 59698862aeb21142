//! One HTTP attempt of a delivery: what is sent, how long it may take, and what is kept of the answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use super::address_guard::Refused;
use super::{AddressGuard, Setup, Vault, schedule, signature};
use crate::clock::{Clock, Ids};
use crate::config::WebhookSettings;
use crate::domain::webhook::{Attempt, Endpoint, Headers};
use crate::domain::{AttemptId, Error, Result, Timestamp};
use crate::store::ClaimedDelivery;
use crate::telemetry::Stopwatch;
use crate::wire;

const USER_AGENT: &str = concat!("PetstoreLive/", env!("CARGO_PKG_VERSION"));

/// How long an idle connection is kept. Many servers close theirs after 5 s (Node's default); one that is closed while
/// the next request is on its way costs a failed attempt.
const IDLE: Duration = Duration::from_secs(4);

/// Flow-control window of an HTTP/2 stream, in bytes: how much of an answer can arrive before it is read.
const H2_WINDOW: u32 = 65_535;

/// Sends deliveries. One for the process: it holds the pool of connections.
pub(super) struct Sender {
    client: reqwest::Client,
    guard: AddressGuard,
    vault: Arc<Vault>,
    clock: Clock,
    ids: Ids,
    timeout: Duration,
    max_response_bytes: usize,
}

/// Most headers of an answer that are kept, and how much of the value of each, in bytes.
const KEPT_HEADERS: usize = 50;
const KEPT_VALUE: usize = 512;

/// What came of one attempt.
#[derive(Debug)]
pub(super) struct Exchange {
    pub attempt: Attempt,
    /// How long the receiver asked to wait, in milliseconds.
    pub retry_after_ms: Option<i64>,
    /// Whether the address guard forbade it.
    pub refused: bool,
}

impl Exchange {
    /// Whether the receiver has the event.
    pub fn succeeded(&self) -> bool {
        self.attempt.error.is_none()
    }
}

/// Why an exchange did not come to its end.
enum Fault {
    Refused(String),
    Broken(String),
}

/// What has arrived of an answer; kept apart from the exchange, so that it outlives one that is cut off.
#[derive(Default)]
struct Seen {
    sent: Headers,
    address: Option<IpAddr>,
    status: Option<u16>,
    headers: Headers,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Sender {
    /// # Errors
    /// [`Error::Unavailable`] when the HTTP client cannot be built.
    pub fn new(setup: &Setup) -> Result<Self> {
        let settings = &setup.settings;
        let guard = setup.guard.clone();
        let timeout = Duration::from_millis(settings.timeout_ms);
        let longest = Duration::from_millis(settings.max_timeout_ms).max(timeout);
        Ok(Self {
            client: client(settings, guard.clone(), longest)?,
            guard,
            vault: Arc::clone(&setup.vault),
            clock: setup.clock.clone(),
            ids: setup.ids.clone(),
            timeout,
            max_response_bytes: settings.max_response_bytes,
        })
    }

    /// Sends `claimed` once. The time-out is over everything: name, connection, TLS, request, head and body.
    pub async fn send(&self, claimed: &ClaimedDelivery) -> Exchange {
        let started_at = Timestamp::from_ms(self.clock.now_ms());
        let watch = Stopwatch::start();
        let number = claimed.delivery.attempts.saturating_add(1);
        let mut seen = Seen::default();
        let own = claimed.endpoint.timeout_ms.map(|timeout_ms| Duration::from_millis(timeout_ms.into()));
        let timeout = own.unwrap_or(self.timeout);
        let ended = tokio::select! {
            biased;
            ended = self.exchange(claimed, number, started_at, &mut seen) => ended,
            () = self.clock.sleep(timeout) => {
                Err(Fault::Broken(format!("no complete answer within {} ms", timeout.as_millis())))
            }
        };
        let refused = matches!(ended, Err(Fault::Refused(_)));
        let error = match ended {
            Ok(()) => seen.status.and_then(complaint),
            Err(Fault::Refused(why) | Fault::Broken(why)) => Some(why),
        };
        let now = Timestamp::from_ms(self.clock.now_ms());
        let asked = seen.retry_after.as_deref().zip(seen.status);
        let address = seen.address.or_else(|| self.guard.meaning(&claimed.endpoint.url));
        Exchange {
            retry_after_ms: asked.and_then(|(header, status)| schedule::retry_after_ms(status, header, now)),
            refused,
            attempt: Attempt {
                id: AttemptId(self.ids.uuid_v7()),
                delivery_id: claimed.delivery.id,
                number,
                started_at,
                duration_ms: u32::try_from(watch.elapsed().as_millis()).unwrap_or(u32::MAX),
                address: address.map(|address| address.to_string()),
                request_headers: seen.sent,
                status_code: seen.status,
                response_headers: seen.headers,
                error,
                response_body: seen.status.map(|_| String::from_utf8_lossy(&seen.body).into_owned()),
            },
        }
    }

    async fn exchange(
        &self,
        claimed: &ClaimedDelivery,
        number: u32,
        started_at: Timestamp,
        seen: &mut Seen,
    ) -> Result<(), Fault> {
        // The text in the database may be older than the rule, and an address in it meets no resolver.
        let url = self
            .guard
            .check_url(&claimed.endpoint.url)
            .map_err(|violation| Fault::Refused(violation.message))?;
        let body = super::callback::body(claimed);
        let headers = self.headers(claimed, number, started_at, body.as_bytes())?;
        seen.sent = record(&headers, &claimed.endpoint.header_names);
        let request = self.client.post(url).headers(headers).body(body);
        let mut answer = request.send().await.map_err(|error| fault(&error))?;
        seen.address = answer.remote_addr().map(|address| address.ip());
        seen.status = Some(answer.status().as_u16());
        seen.headers = record(answer.headers(), &[]);
        seen.retry_after =
            answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // What is beyond the cap is not read: dropping the answer closes its connection.
        while seen.body.len() < self.max_response_bytes {
            let Some(chunk) = answer.chunk().await.map_err(|error| fault(&error))? else { break };
            let room = self.max_response_bytes - seen.body.len();
            seen.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        Ok(())
    }

    /// Every header of an attempt: the owner's own, those of the delivery, and the signatures.
    fn headers(
        &self,
        claimed: &ClaimedDelivery,
        number: u32,
        at: Timestamp,
        body: &[u8],
    ) -> Result<HeaderMap, Fault> {
        let endpoint = &claimed.endpoint;
        let damaged = |_| Fault::Broken("the endpoint's signing secret cannot be opened".into());
        let mut keys = vec![self.vault.open(endpoint.id, &endpoint.sealed_secret).map_err(damaged)?];
        if let Some(previous) = endpoint.previous.as_ref().filter(|previous| at < previous.until) {
            keys.push(self.vault.open(endpoint.id, &previous.sealed).map_err(damaged)?);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in self.own_headers(endpoint)? {
            headers.append(name, value);
        }
        headers.extend(delivery_headers(claimed, number));
        let private = keys.iter().filter_map(|keys| keys.key.as_ref()).filter(|_| endpoint.ed25519);
        let id = claimed.event.id.to_string();
        let secrets = keys.iter().map(|keys| &keys.secret);
        headers.extend(signature::headers(secrets, private, (&id, at.as_secs()), body));
        Ok(headers)
    }

    /// The owner's own headers; they were checked when they were given.
    fn own_headers(&self, endpoint: &Endpoint) -> Result<Vec<(HeaderName, HeaderValue)>, Fault> {
        if endpoint.sealed_headers.is_empty() {
            return Ok(Vec::new());
        }
        let read = || {
            let text = self.vault.open_text(endpoint.id, &endpoint.sealed_headers)?;
            let headers: Vec<(String, String)> = serde_json::from_str(&text).ok()?;
            let header = |(name, value): (String, String)| {
                Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
            };
            headers.into_iter().map(header).collect::<Option<Vec<_>>>()
        };
        read().ok_or_else(|| Fault::Broken("the endpoint's headers cannot be opened".into()))
    }
}

/// Headers as they are kept: the values of those in `masked` are not.
fn record(headers: &HeaderMap, masked: &[String]) -> Headers {
    let kept = headers.iter().take(KEPT_HEADERS).map(|(name, value)| {
        let secret = masked.iter().any(|masked| masked.eq_ignore_ascii_case(name.as_str()));
        let value = &value.as_bytes()[..value.len().min(KEPT_VALUE)];
        let shown = if secret { wire::webhook::MASK.into() } else { String::from_utf8_lossy(value) };
        (name.as_str().to_owned(), shown.into_owned())
    });
    kept.collect()
}

/// Why an answer with this status is a failure.
fn complaint(status: u16) -> Option<String> {
    match status {
        200..=299 => None,
        300..=399 => Some(format!("the receiver answered {status}; redirects are not followed")),
        _ => Some(format!("the receiver answered {status}")),
    }
}

/// The delivery's headers beside the signatures.
fn delivery_headers(claimed: &ClaimedDelivery, number: u32) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-webhook-event", HeaderValue::from_static(claimed.event.kind.name()));
    headers.insert("x-webhook-attempt", HeaderValue::from(number));
    let mut insert = |name, value: String| {
        // A UUID is visible ASCII, which every header value may be.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    insert("x-webhook-delivery", claimed.delivery.id.to_string());
    if let Some(tenant) = claimed.event.tenant.id() {
        insert("x-tenant-id", tenant.to_string());
    }
    headers
}

/// The reason of a failed exchange, without the URL, which may hold a token of the owner.
fn fault(error: &reqwest::Error) -> Fault {
    let chain = || std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    if let Some(refused) = chain().find_map(|error| error.downcast_ref::<Refused>()) {
        return Fault::Refused(refused.to_string());
    }
    let root = chain().skip(1).last().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let stage = if error.is_connect() { "no connection" } else { "the exchange broke off" };
    Fault::Broken(format!("{stage}: {root}"))
}

fn client(settings: &WebhookSettings, guard: AddressGuard, timeout: Duration) -> Result<reqwest::Client> {
    let builder = || {
        reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would connect in our place, to addresses that the guard never sees.
            .no_proxy()
            // Each attempt is recorded as one, so it must not be two.
            .retry(reqwest::retry::never())
            .dns_resolver(guard.clone())
            .connect_timeout(timeout)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(settings.per_endpoint_concurrency)
            .http2_initial_stream_window_size(H2_WINDOW)
            .http2_initial_connection_window_size(H2_WINDOW)
    };
    // The certificates are the system's. A machine without any can still send over http; over https every attempt then
    // fails with an unknown issuer until they are installed and the server is started again.
    builder().build().or_else(|error| {
        tracing::warn!(cause = ?error, "no certificate authorities found; webhooks over https will fail");
        builder().tls_certs_only([]).build().map_err(Error::unavailable)
    })
}
