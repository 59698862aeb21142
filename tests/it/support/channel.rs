//! Every way in which an event reaches a client, behind one function.

use std::time::Duration;

use http::Method;
use petstore::telemetry::Channel as Counted;
use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;

use super::inbox::{Inbox, Sender, inbox};
use super::{Answer, Api, Envelope, Refusal, graphql, socketio, sse, websocket};

/// A channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Sse,
    WebSocket,
    SocketIo,
    SocketIoPolling,
    SocketIoUpgrade,
    GraphQlWs,
    GraphQlSse,
    Poll,
}

/// A subscription that is open until it is dropped.
pub struct Listener {
    inbox: Inbox,
    /// The position from which the server said that it serves, on the channels that say so.
    pub cursor: Option<String>,
    _reader: AbortOnDropHandle<()>,
}

impl Listener {
    /// Runs `read`, which fills the inbox and returns why it ended.
    pub fn start<R>(cursor: Option<String>, read: impl FnOnce(Sender) -> R) -> Self
    where
        R: Future<Output = Refusal> + Send + 'static,
    {
        let (sender, inbox) = inbox();
        let reading = read(sender.clone());
        let reader = tokio::spawn(async move { sender.end(reading.await) });
        Self { inbox, cursor, _reader: AbortOnDropHandle::new(reader) }
    }
}

impl std::ops::Deref for Listener {
    type Target = Inbox;

    fn deref(&self) -> &Inbox {
        &self.inbox
    }
}

impl Channel {
    pub const ALL: [Self; 8] = [
        Self::Sse,
        Self::WebSocket,
        Self::SocketIo,
        Self::SocketIoPolling,
        Self::SocketIoUpgrade,
        Self::GraphQlWs,
        Self::GraphQlSse,
        Self::Poll,
    ];

    /// Those that keep a subscription open.
    pub const STREAMING: [Self; 7] = [
        Self::Sse,
        Self::WebSocket,
        Self::SocketIo,
        Self::SocketIoPolling,
        Self::SocketIoUpgrade,
        Self::GraphQlWs,
        Self::GraphQlSse,
    ];

    /// The channel's name in the metrics.
    pub fn counted(self) -> Counted {
        match self {
            Self::Sse => Counted::Sse,
            Self::WebSocket => Counted::WebSocket,
            Self::SocketIo | Self::SocketIoPolling | Self::SocketIoUpgrade => Counted::SocketIo,
            Self::GraphQlWs | Self::GraphQlSse => Counted::GraphQl,
            Self::Poll => Counted::Poll,
        }
    }

    /// Subscribes, after `after` or from now on.
    pub async fn listen(self, api: &Api, topics: &[&str], after: Option<&str>) -> Result<Listener, Refusal> {
        // These do not tell when they have joined, so "now" is named.
        let unconfirmed = matches!(self, Self::GraphQlWs | Self::GraphQlSse | Self::Poll);
        let now = if unconfirmed && after.is_none() { Some(websocket::position(api).await?) } else { None };
        let after = after.or(now.as_deref());
        match self {
            Self::Sse => sse::listen(api, topics, after).await,
            Self::WebSocket => websocket::listen(api, topics, after).await,
            Self::SocketIo => socketio::listen(api, socketio::Transport::WebSocket, topics, after).await,
            Self::SocketIoPolling => socketio::listen(api, socketio::Transport::Polling, topics, after).await,
            Self::SocketIoUpgrade => socketio::listen(api, socketio::Transport::Upgrade, topics, after).await,
            Self::GraphQlWs => graphql::listen_ws(api, topics, after).await,
            Self::GraphQlSse => graphql::listen_sse(api, topics, after).await,
            Self::Poll => poll(api, topics, after).await,
        }
    }

    /// Subscribes where it must be refused, at once or by an error on the subscription.
    pub async fn refusal(self, api: &Api, topics: &[&str], after: Option<&str>) -> Refusal {
        match self.listen(api, topics, after).await {
            Ok(listener) => listener.ended(&format!("refusal on {self:?}")).await,
            Err(refusal) => refusal,
        }
    }
}

/// A query string.
pub fn query_of(pairs: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// One page of the poll form.
pub async fn poll_page(api: &Api, topics: &[&str], after: Option<&str>, limit: u32) -> Answer {
    api.get(&poll_path(topics, after, limit)).await
}

fn poll_path(topics: &[&str], after: Option<&str>, limit: u32) -> String {
    let mut pairs = vec![("topics", topics.join(",")), ("limit", limit.to_string())];
    pairs.extend(after.map(|after| ("after", after.to_owned())));
    format!("/v1/events?{}", query_of(&pairs))
}

/// The events of a page, and where the next begins.
pub fn page_of(body: &Value) -> (Vec<Envelope>, String) {
    let events = body["data"].as_array().expect("a page has data").iter().map(Envelope::read).collect();
    (events, super::api::text(body, "nextCursor").to_owned())
}

/// Every event that there is after `after`, or from the oldest that is kept, read page by page.
pub async fn past(api: &Api, topics: &[&str], after: Option<&str>, limit: u32) -> Vec<Envelope> {
    let (mut all, mut cursor) = (Vec::new(), after.map(str::to_owned));
    loop {
        let page = poll_page(api, topics, cursor.as_deref(), limit).await.result().unwrap();
        let (events, next) = page_of(&page);
        let full = events.len() == limit as usize;
        all.extend(events);
        cursor = Some(next);
        if !full {
            return all;
        }
    }
}

/// The poll form, asked again and again.
async fn poll(api: &Api, topics: &[&str], after: Option<&str>) -> Result<Listener, Refusal> {
    const LIMIT: u32 = 500;
    let first = poll_page(api, topics, after, LIMIT).await.result()?;
    let (api, topics) = (api.clone(), topics.iter().map(|&topic| topic.to_owned()).collect::<Vec<_>>());
    Ok(Listener::start(None, move |sender| async move {
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let mut body = first;
        loop {
            let (events, next) = page_of(&body);
            let quiet = events.is_empty();
            events.into_iter().for_each(|event| sender.push(event));
            if quiet {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let request = api.request(Method::GET, &poll_path(&topics, Some(&next), LIMIT));
            let answer = api.try_send(request.header("accept", "application/json")).await;
            let answer = answer.map_err(|error| Refusal::closed(None, error.to_string()));
            body = match answer.and_then(Answer::result) {
                Ok(body) => body,
                Err(refusal) => return refusal,
            };
        }
    }))
}
