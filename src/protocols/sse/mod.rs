//! `GET /v1/events`: server-sent events (WHATWG HTML §9.2), and the poll form of the same for REST clients.

mod live;
mod stream;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use ::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::Extension;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::App;
use crate::bus::{Form, Published};
use crate::domain::audit::Channel;
use crate::domain::{Error, Principal, Result, Topic, Violation};
use crate::protocols::http::{self, Query};
use crate::protocols::link::{Pump, Takeable, Takeover};
use crate::protocols::rest::{Refusal, Told};
use crate::tasks::Tasks;
use crate::telemetry::{ChannelMetrics, Metrics};
use crate::wire;

/// Settings of event streams.
#[derive(Clone, Copy, Debug)]
pub struct SseSettings {
    /// Time between comments while nothing happens.
    pub keep_alive: Duration,
    /// How long clients are told to wait before they come back.
    pub retry: Duration,
    /// Longest time that a client may take nothing of what waits for it.
    pub write_timeout: Duration,
}

/// What the handler works with.
#[derive(Clone)]
pub struct Sse {
    app: App,
    settings: SseSettings,
    streams: Arc<ChannelMetrics>,
    polls: Arc<ChannelMetrics>,
    limits: Metrics,
    tasks: Tasks,
    pump: Pump,
}

impl Sse {
    /// With the server's parts.
    pub fn new(app: App, settings: SseSettings, metrics: &Metrics, tasks: Tasks, pump: Pump) -> Self {
        use crate::telemetry::Channel as C;
        let (streams, polls) = (metrics.channel(C::Sse), metrics.channel(C::Poll));
        Self { app, settings, streams, polls, limits: metrics.clone(), tasks, pump }
    }
}

/// The route below `/v1`.
pub fn router(sse: Sse) -> Router {
    Router::new().route("/events", get(events)).with_state(sse)
}

/// What a client asked for.
struct Asked {
    principal: Principal,
    topics: Vec<Topic>,
    after: Option<String>,
    limit: u32,
}

async fn events(State(sse): State<Sse>, request: Request<Body>) -> Told {
    let (parts, _) = request.into_parts();
    let form = negotiate(&parts.headers).ok_or(Error::NotAcceptable("text/event-stream or application/json"));
    let asked = read(&sse.app, &parts)?;
    match form? {
        Answer::Stream => {
            let feed = sse.app.subscribe(&asked.principal, &asked.topics, asked.after.as_deref()).await?;
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                // Reverse proxies must not hold events back (nginx).
                (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
            ];
            if parts.extensions.get::<Takeable>().is_none() {
                return Ok((headers, stream::body(&sse, feed, &asked.principal)).into_response());
            }
            let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(sse.app.now().as_ms()).unwrap_or(0));
            let date = HeaderValue::from_str(&httpdate::fmt_http_date(now)).map_err(Error::internal)?;
            let takeover = Takeover::new(move |wire, head| live::run(sse, feed, asked.principal, wire, head));
            Ok((headers, [(header::DATE, date)], Extension(takeover)).into_response())
        }
        Answer::Json => poll(&sse, &asked).await.map_err(Refusal),
    }
}

fn read(app: &App, parts: &::http::request::Parts) -> Result<Asked> {
    let mut query = Query::of(&parts.uri);
    let token = query.take("access_token");
    let principal = http::caller(app, parts, token.as_deref(), Channel::Sse)?.principal;
    let topics = query.take_list("topics").unwrap_or_default();
    let listed = topics.split(',').map(str::trim).filter(|topic| !topic.is_empty());
    let topics = Topic::parse_list(listed, app.settings().max_topics)?;
    // A browser that comes back sends the header, and it is newer than the URL that the page once made.
    let last = parts.headers.get("last-event-id");
    let last = last.map(|value| value.to_str().map(str::to_owned).unwrap_or_else(|_| "not ASCII".to_owned()));
    // Some clients send an empty one before they saw any.
    let last = last.filter(|last| !last.is_empty());
    let after = query.take("after");
    let max = app.settings().max_poll_events;
    let limit = match query.take("limit") {
        None => max.min(100),
        Some(text) => text.parse().ok().filter(|limit| (1..=max).contains(limit)).ok_or_else(|| {
            Error::invalid(Violation::new(
                "limit",
                "out_of_range",
                format!("must be a whole number between 1 and {max}"),
            ))
        })?,
    };
    let unknown: Vec<Violation> = query
        .rest()
        .map(|name| Violation::new(name, "unknown_parameter", "is not known here, or given twice"))
        .collect();
    if !unknown.is_empty() {
        return Err(Error::Invalid(unknown));
    }
    Ok(Asked { principal, topics, after: last.or(after), limit })
}

enum Answer {
    Stream,
    Json,
}

/// Which form the client wants: the stream unless it asks for JSON; nothing when it wants neither.
fn negotiate(headers: &HeaderMap) -> Option<Answer> {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let wanted: Vec<String> = accept
        .flat_map(|value| value.split(','))
        .filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next()?.to_ascii_lowercase();
            let refused = parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            (!refused).then_some(kind)
        })
        .filter(|range| !range.is_empty())
        .collect();
    let first = wanted.iter().find_map(|range| match range.as_str() {
        "text/event-stream" | "text/*" => Some(Answer::Stream),
        "application/json" | "application/*" => Some(Answer::Json),
        _ => None,
    });
    let silent = !headers.contains_key(header::ACCEPT);
    first.or_else(|| (silent || wanted.iter().any(|range| range == "*/*")).then_some(Answer::Stream))
}

/// The answer to a poll.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PollAnswer<'e> {
    data: Vec<&'e RawValue>,
    next_cursor: String,
}

async fn poll(sse: &Sse, asked: &Asked) -> Result<Response> {
    let _open = sse.polls.connection();
    let past =
        sse.app.past_events(&asked.principal, &asked.topics, asked.after.as_deref(), asked.limit).await?;
    let envelopes: Vec<&bytes::Bytes> =
        past.events.iter().map(|published| published.form(Form::Envelope, wire::event::envelope)).collect();
    let data = envelopes.iter().map(|bytes| serde_json::from_slice(bytes)).collect::<Result<_, _>>();
    let answer = PollAnswer { data: data.map_err(Error::internal)?, next_cursor: past.next };
    sse.polls.delivered(envelopes.len() as u64);
    let body = serde_json::to_vec(&answer).map_err(Error::internal)?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::OK, headers, body).into_response())
}

/// The block of an event: its cursor as `id`, its type as `event`, the envelope as `data`.
fn block(published: &Published) -> &bytes::Bytes {
    published.form(Form::Sse, |event| {
        let (cursor, kind) = (event.position.to_cursor(), event.kind);
        format!("id: {cursor}\nevent: {kind}\ndata: {}\n\n", wire::event::envelope(event))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_decides_the_form() {
        let form = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            negotiate(&headers).map(|answer| matches!(answer, Answer::Stream))
        };
        assert_eq!(form("text/event-stream"), Some(true));
        assert_eq!(form("*/*"), Some(true));
        assert_eq!(form("application/json"), Some(false));
        assert_eq!(form("application/json, text/event-stream"), Some(false));
        assert_eq!(form("application/json;q=0.9, */*;q=0.1"), Some(false));
        assert_eq!(form("application/json;q=0, text/event-stream"), Some(true));
        assert_eq!(form("image/png"), None);
        assert!(negotiate(&HeaderMap::new()).is_some());
    }
}
