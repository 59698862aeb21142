//! `/v1/ws/chat`: conversations over WebSocket.
//!
//! Client to server: the types of [`super::ask::KINDS`]. Server to client: `connected`, `joined`, `left`, `sent`, `history`,
//! `done`, `message`, `delta`, `typing`, `receipt`, `assigned`, `pong`, `error`. The `id` of a frame comes back with its
//! answer. A frame that cannot be understood gets an `error`, and the connection lives.

use std::sync::Arc;
use std::time::Duration;

use ::http::Request;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_stream::StreamMap;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use super::ask::Input;
use super::watch::{FromRoom, RoomWatch};
use super::{Done, Talk, frames};
use crate::app::Caller;
use crate::app::policy::{Operation, authorize};
use crate::chat::Desk;
use crate::domain::audit::Channel;
use crate::domain::{Error, Result, RoomId, Timestamp};
use crate::protocols::http::{self, Query};
use crate::protocols::rest::Refusal;
use crate::protocols::upgrade::{self, Socket};
use crate::protocols::websocket::{WebSocketSettings, close_code};
use crate::tasks::Tasks;
use crate::telemetry::{ChannelMetrics, Metrics};
use crate::wire::Problem;

/// Answers that may wait to be written; beyond it the client is not read.
const REPLIES: usize = 16;
/// Longest `id` of a frame, in bytes.
const MAX_ID: usize = 64;
/// How long the closing frame may take.
const FAREWELL: Duration = Duration::from_secs(1);

type Sink = SplitSink<Socket, Message>;

/// What connections work with.
#[derive(Clone)]
pub struct ChatSocket(Arc<Parts>);

struct Parts {
    desk: Desk,
    settings: WebSocketSettings,
    max_joined: usize,
    metrics: Metrics,
    channel: Arc<ChannelMetrics>,
    tasks: Tasks,
}

impl ChatSocket {
    /// With the server's parts; a connection can be in `max_joined` rooms.
    pub fn new(
        desk: Desk,
        settings: WebSocketSettings,
        max_joined: usize,
        metrics: Metrics,
        tasks: Tasks,
    ) -> Self {
        let channel = metrics.channel(crate::telemetry::Channel::WebSocket);
        Self(Arc::new(Parts { desk, settings, max_joined, metrics, channel, tasks }))
    }
}

/// The route below `/v1`.
pub fn router(socket: ChatSocket) -> Router {
    Router::new().route("/ws/chat", get(open)).with_state(socket)
}

async fn open(State(chat): State<ChatSocket>, request: Request<Body>) -> Result<Response, Refusal> {
    if let Some(refused) = upgrade::refuse(request.headers()) {
        return Ok(refused);
    }
    let (parts, body) = request.into_parts();
    let token = Query::of(&parts.uri).take("token");
    let caller = http::caller(chat.0.desk.app(), &parts, token.as_deref(), Channel::WebSocket)?;
    authorize(Operation::Chat, &caller.principal)?;
    let mut request = Request::from_parts(parts, body);
    let accepted = upgrade::accept(&mut request, &[], chat.0.settings.limits)?;
    let (response, socket) = accepted.split();
    let tasks = chat.0.tasks.clone();
    tasks.spawn_connection("chat socket", async move {
        if let Some(socket) = socket.await {
            run(chat, caller, socket).await;
        }
    });
    Ok(response)
}

/// What the reading side tells the writing side.
enum Told {
    Frame(Value),
    Joined(RoomId, Box<RoomWatch>, Value),
    Left(RoomId, Value),
}

/// Two tasks, as on `/v1/ws`: a wake-up for an event does not poll the socket's read half.
async fn run(chat: ChatSocket, caller: Caller, socket: Socket) {
    let _open = chat.0.channel.connection();
    let (sink, stream) = socket.split();
    let (tell, told) = mpsc::channel(REPLIES);
    let expires_at = caller.principal.expires_at();
    let user = caller.principal.user_id().map(|id| id.to_string());
    let writer = Writer { chat: chat.clone(), told, rooms: StreamMap::new(), expires_at };
    let (done, stop) = (CancellationToken::new(), CancellationToken::new());
    let talk = Talk::new(chat.0.desk.clone(), caller, chat.0.channel.clone(), chat.0.max_joined);
    let reading = read(chat.clone(), talk, tell, stream);
    let ended = done.clone();
    chat.0.tasks.spawn_connection("chat socket reader", async move {
        tokio::select! {
            () = reading => {}
            () = ended.cancelled() => {}
        }
    });
    writer.run(sink, json!({ "type": "connected", "userId": user }), stop).await;
    done.cancel();
}

async fn read(chat: ChatSocket, mut talk: Talk, tell: mpsc::Sender<Told>, mut stream: SplitStream<Socket>) {
    while let Some(Ok(message)) = stream.next().await {
        let told = match message {
            Message::Text(text) => answer(&chat, &mut talk, &text).await,
            Message::Binary(_) => {
                let error = Error::malformed("frame", "must be a text frame of JSON");
                Told::Frame(refused(None, &error))
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            Message::Close(_) => break,
        };
        if tell.send(told).await.is_err() {
            break;
        }
    }
}

async fn answer(chat: &ChatSocket, talk: &mut Talk, text: &str) -> Told {
    let max_bytes = chat.0.settings.limits.max_message_bytes;
    if text.len() > max_bytes {
        chat.0.metrics.limit_hit("websocket.max_frame_bytes");
        return Told::Frame(refused(None, &Error::TooLarge { field: "frame", max_bytes }));
    }
    let input = match Input::read(text.as_bytes()) {
        Ok(input) => input,
        Err(error) => return Told::Frame(refused(None, &error)),
    };
    let id = input.id.clone().filter(|id| id.len() <= MAX_ID);
    let kind = match input.kind.as_deref() {
        Some("ping") => return Told::Frame(json!({ "type": "pong", "id": id })),
        Some("message" | "edit" | "delete") => "sent",
        Some("history") => "history",
        _ => "done",
    };
    let handled = match input.ask() {
        Ok(ask) => talk.handle(ask).await,
        Err(error) => Err(error),
    };
    match handled {
        Ok(Done::Told(answer)) => Told::Frame(typed(kind, id, answer)),
        Ok(Done::Joined { room, watch, answer }) => Told::Joined(room, watch, typed("joined", id, answer)),
        Ok(Done::Left { room, answer }) => Told::Left(room, typed("left", id, answer)),
        Err(error) => {
            if let Error::RateLimited { limit, .. } | Error::LimitReached { limit, .. } = &error {
                chat.0.metrics.limit_hit(limit);
            }
            Told::Frame(refused(id, &error))
        }
    }
}

fn typed(kind: &str, id: Option<String>, mut frame: Value) -> Value {
    frame["type"] = kind.into();
    if let Some(id) = id {
        frame["id"] = id.into();
    }
    frame
}

fn refused(id: Option<String>, error: &Error) -> Value {
    tracing::debug!(code = error.code(), cause = ?std::error::Error::source(error), "{error}");
    typed("error", id, json!({ "error": Problem::from(error) }))
}

struct Writer {
    chat: ChatSocket,
    told: mpsc::Receiver<Told>,
    rooms: StreamMap<RoomId, RoomWatch>,
    expires_at: Option<Timestamp>,
}

/// Why the writing side ends: with a close code, or because the other side is gone.
struct End(Option<(u16, &'static str)>);

impl Writer {
    async fn run(mut self, mut sink: Sink, greeting: Value, stop: CancellationToken) {
        let end = match self.write(&mut sink, [greeting]).await {
            Ok(()) => self.serve(&mut sink, &stop).await,
            Err(end) => end,
        };
        let Some((code, reason)) = end.0 else { return };
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) };
        let close = async {
            let _ = sink.send(Message::Close(Some(frame))).await;
            let _ = sink.close().await;
        };
        let _ = timeout(FAREWELL, close).await;
    }

    async fn serve(&mut self, sink: &mut Sink, stop: &CancellationToken) -> End {
        let parts = self.chat.0.clone();
        let period = parts.settings.ping_interval;
        let mut pings = interval_at(Instant::now() + period, period);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let expires_at = self.expires_at;
            let expiry = async {
                match expires_at {
                    Some(at) => parts.desk.app().clock().sleep_until(at.as_ms()).await,
                    None => std::future::pending().await,
                }
            };
            let written = tokio::select! {
                biased;
                () = parts.tasks.shutdown().cancelled() => {
                    return End(Some((close_code::RESTART, "the server restarts; come back")));
                }
                () = stop.cancelled() => return End(None),
                () = expiry => return End(Some((close_code::UNAUTHENTICATED, "the token has expired"))),
                told = self.told.recv() => match told {
                    Some(told) => self.obey(told, sink).await,
                    None => return End(Some((1000, ""))),
                },
                Some((room, from)) = self.rooms.next() => self.forward(room, from, sink).await,
                _ = pings.tick() => self.send(sink, vec![Message::Ping(bytes::Bytes::new())]).await,
            };
            if let Err(end) = written {
                return end;
            }
        }
    }

    async fn obey(&mut self, told: Told, sink: &mut Sink) -> Result<(), End> {
        let frame = match told {
            Told::Frame(frame) => frame,
            Told::Joined(room, watch, frame) => {
                self.rooms.insert(room, *watch);
                frame
            }
            Told::Left(room, frame) => {
                self.rooms.remove(&room);
                frame
            }
        };
        self.write(sink, [frame]).await
    }

    async fn forward(&mut self, room: RoomId, from: FromRoom, sink: &mut Sink) -> Result<(), End> {
        match from {
            FromRoom::Events(events) => {
                self.chat.0.channel.delivered(events.len() as u64);
                let told = events.iter().filter_map(|published| frames::of_event(&published.event));
                let told: Vec<Value> = told.map(|(kind, frame)| typed(kind.frame(), None, frame)).collect();
                self.write(sink, told).await
            }
            FromRoom::Whisper(whisper) => {
                let (kind, frame) = frames::of_whisper(room, &whisper);
                self.write(sink, [typed(kind.frame(), None, frame)]).await
            }
            FromRoom::Ended(error) => {
                self.rooms.remove(&room);
                let left = typed("left", None, json!({ "room": room.to_string() }));
                self.write(sink, [refused(None, &error), left]).await
            }
        }
    }

    async fn write(&mut self, sink: &mut Sink, frames: impl IntoIterator<Item = Value>) -> Result<(), End> {
        let frames = frames.into_iter().map(|frame| Message::text(frame.to_string())).collect();
        self.send(sink, frames).await
    }

    /// Everything in one write, within the time that a write may take.
    async fn send(&mut self, sink: &mut Sink, frames: Vec<Message>) -> Result<(), End> {
        let write = async {
            for frame in frames {
                sink.feed(frame).await?;
            }
            sink.flush().await
        };
        match timeout(self.chat.0.settings.write_timeout, write).await {
            Ok(written) => written.map_err(|_| End(None)),
            Err(_) => {
                self.chat.0.metrics.limit_hit("websocket.write_timeout_ms");
                Err(End(Some((close_code::SLOW, "reads too slowly; resume from the last cursor"))))
            }
        }
    }
}
