//! `/orders/{id}/watchers` and `/chat/rooms/{id}/watchers`: who watches at this moment, as a list, or live.

use std::convert::Infallible;
use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};

use super::chat::room_id;
use super::extract::{By, Id};
use super::orders::order_id;
use super::{Rest, Told, json};
use crate::app::{Caller, Ending, Watched};
use crate::bus::Signal;
use crate::domain::{Principal, Result, UserId};

/// Time between comments while nothing happens.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Everyone who watches.
#[derive(Serialize)]
struct Watchers {
    data: Vec<Watcher>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Watcher {
    user_id: String,
}

/// Somebody who has come or gone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Watching {
    user_id: String,
    watching: bool,
}

impl Watchers {
    fn new(users: &[UserId]) -> Self {
        Self { data: users.iter().map(|user| Watcher { user_id: user.to_string() }).collect() }
    }
}

/// listOrderWatchers
pub async fn of_order(State(rest): State<Rest>, By(caller): By, id: Id, headers: HeaderMap) -> Told {
    list(rest, caller, Watched::Order(order_id(&id)?), &headers).await
}

/// listRoomWatchers
pub async fn of_room(State(rest): State<Rest>, By(caller): By, id: Id, headers: HeaderMap) -> Told {
    list(rest, caller, Watched::Room(room_id(&id.0)?), &headers).await
}

async fn list(rest: Rest, caller: Caller, watched: Watched, headers: &HeaderMap) -> Told {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/event-stream")) {
        return Ok(live(rest, caller.principal, watched).await?);
    }
    let watchers = rest.app.list_watchers(&caller.principal, watched).await?;
    Ok(json(StatusCode::OK, &Watchers::new(&watchers)))
}

/// Where a stream stands.
struct Stream {
    rest: Rest,
    principal: Principal,
    watched: Watched,
    signals: broadcast::Receiver<Signal>,
    /// What is said next, if that is known.
    next: Option<Bytes>,
    ending: Ending,
}

async fn live(rest: Rest, principal: Principal, watched: Watched) -> Result<Response> {
    let (signals, watchers) = rest.app.listen_to(&principal, watched).await?;
    let (ending, next) = (rest.app.ending(&principal), Some(block("watchers", &Watchers::new(&watchers))));
    let stream = Stream { rest, principal, watched, signals, next, ending };
    let body = stream::unfold(stream, |mut stream| async {
        let bytes = stream.step().await?;
        Some((Ok::<_, Infallible>(bytes), stream))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

impl Stream {
    /// The next bytes; nothing when the stream is over.
    async fn step(&mut self) -> Option<Bytes> {
        if let Some(next) = self.next.take() {
            return Some(next);
        }
        loop {
            let heard = tokio::select! {
                biased;
                () = self.rest.shutdown.cancelled() => return None,
                _ = &mut self.ending => return None,
                heard = self.signals.recv() => heard,
                () = tokio::time::sleep(KEEP_ALIVE) => return Some(Bytes::from_static(b": keep-alive\n\n")),
            };
            match heard {
                Ok(Signal::Watching { user, on }) => {
                    let watching = Watching { user_id: user.to_string(), watching: on };
                    return Some(block("watching", &watching));
                }
                Ok(_) => {}
                Err(RecvError::Closed) => return None,
                // Some were missed: all are told anew.
                Err(RecvError::Lagged(_)) => {
                    let listed = self.rest.app.list_watchers(&self.principal, self.watched).await;
                    return Some(block("watchers", &Watchers::new(&listed.ok()?)));
                }
            }
        }
    }
}

fn block<T: Serialize>(event: &str, told: &T) -> Bytes {
    // Plain structs of strings have nothing that JSON cannot say.
    let json = serde_json::to_string(told).unwrap_or_default();
    format!("event: {event}\ndata: {json}\n\n").into()
}
