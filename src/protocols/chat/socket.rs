//! `/v1/ws/chat`: conversations over WebSocket.
//!
//! Client to server: the types of [`super::ask::KINDS`]. Server to client: `connected`, `authenticated`, `joined`, `left`,
//! `sent`, `history`, `done`, `message`, `delta`, `typing`, `receipt`, `assigned`, `pong`, `error`. The `id` of a frame comes back with its
//! answer. A frame that cannot be understood gets an `error`, and the connection lives.

mod session;

use std::sync::Arc;

use ::http::Request;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::ask::Input;
use super::watch::RoomWatch;
use super::{Done, Talk};
use crate::app::policy::{Operation, authorize};
use crate::chat::Desk;
use crate::domain::audit::Channel;
use crate::domain::{Error, Principal, Result, RoomId};
use crate::protocols::http::{self, Query};
use crate::protocols::link::Pump;
use crate::protocols::rest::Refusal;
use crate::protocols::upgrade;
use crate::protocols::websocket::WebSocketSettings;
use crate::tasks::Tasks;
use crate::telemetry::{ChannelMetrics, Metrics};
use crate::wire::Problem;

/// Longest `id` of a frame, in bytes.
const MAX_ID: usize = 64;

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
    pump: Pump,
}

impl ChatSocket {
    /// With the server's parts; a connection can be in `max_joined` rooms.
    pub fn new(
        desk: Desk,
        settings: WebSocketSettings,
        max_joined: usize,
        metrics: Metrics,
        tasks: Tasks,
        pump: Pump,
    ) -> Self {
        let channel = metrics.channel(crate::telemetry::Channel::WebSocket);
        Self(Arc::new(Parts { desk, settings, max_joined, metrics, channel, tasks, pump }))
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
    let (response, opened) = accepted.split();
    let tasks = chat.0.tasks.clone();
    tasks.spawn_connection("chat socket", async move {
        if let Some(opened) = opened.await {
            session::run(chat, caller, opened).await;
        }
    });
    Ok(response)
}

/// What a frame led to.
enum Told {
    Frame(Value),
    Joined(RoomId, Box<RoomWatch>, Value),
    Left(RoomId, Value),
    /// The principal of the connection is another now.
    Renewed(Box<Principal>, Value),
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
        Some("auth") => {
            return match talk.renew(input.token.as_deref()) {
                Ok(principal) => {
                    let expires_at = principal.expires_at().map(|at| at.to_string());
                    let frame = typed("authenticated", id, json!({ "expiresAt": expires_at }));
                    Told::Renewed(Box::new(principal), frame)
                }
                Err(error) => Told::Frame(refused(id, &error)),
            };
        }
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
