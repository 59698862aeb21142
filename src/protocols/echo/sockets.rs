//! `/v1/echo/ws`: a WebSocket that answers each message with itself, text and binary alike.

use ::http::Request;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;

use super::Echo;
use crate::protocols::deflate::Deflate;
use crate::protocols::http;
use crate::protocols::rest::Refusal;
use crate::protocols::upgrade::{self, Socket, SocketLimits};
use crate::protocols::websocket::close_code;

/// What is read at once: large messages come here.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// Why a connection ends.
type End = Option<(u16, &'static str)>;

pub(super) async fn open(State(echo): State<Echo>, mut request: Request<Body>) -> Result<Response, Refusal> {
    if let Some(refused) = upgrade::refuse(request.headers()) {
        return Ok(refused);
    }
    http::charge(request.extensions(), None)?;
    let limits = SocketLimits {
        max_message_bytes: echo.0.settings.max_message_bytes,
        read_buffer_bytes: READ_BUFFER_BYTES,
        deflate: true,
    };
    let accepted = upgrade::accept(&mut request, &[], limits)?;
    let deflate = accepted.deflate;
    let (response, opened) = accepted.split();
    let tasks = echo.0.tasks.clone();
    tasks.spawn_connection("echo websocket", async move {
        if let Some(opened) = opened.await {
            run(&echo, deflate, opened.socket().await).await;
        }
    });
    Ok(response)
}

async fn run(echo: &Echo, deflate: Option<Deflate>, mut socket: Socket) {
    let shutdown = echo.0.tasks.shutdown().clone();
    let end = shutdown.run_until_cancelled(answer(echo, deflate, &mut socket)).await;
    let end = end.unwrap_or(Some((close_code::RESTART, "the server restarts; come back")));
    let Some((code, reason)) = end else { return };
    let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) };
    let _ = timeout(echo.0.settings.write_timeout, socket.close(Some(frame))).await;
}

async fn answer(echo: &Echo, deflate: Option<Deflate>, socket: &mut Socket) -> End {
    let settings = &echo.0.settings;
    let pace = echo.pace();
    let mut asked = false;
    loop {
        let message = match timeout(settings.ping_interval, socket.next()).await {
            Ok(None) => return None,
            Ok(Some(Err(error))) => return upgrade::unreadable(&error),
            Err(_) if asked => return Some((close_code::SILENT, "no pong came in time")),
            Err(_) => {
                asked = true;
                Message::Ping(Bytes::new())
            }
            Ok(Some(Ok(message @ (Message::Text(_) | Message::Binary(_))))) => {
                if message.len() > settings.max_message_bytes {
                    echo.0.metrics.limit_hit("echo.max_message_bytes");
                    return Some((1009, "the message is too large"));
                }
                asked = false;
                if pace.step().await {
                    echo.0.metrics.limit_hit("echo.messages_per_s");
                }
                match deflate {
                    Some(deflate) => deflate.message(message),
                    None => message,
                }
            }
            // Pings and closes are answered by the library, with the next read.
            Ok(Some(Ok(_))) => {
                asked = false;
                continue;
            }
        };
        match timeout(settings.write_timeout, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return upgrade::unreadable(&error),
            Err(_) => return Some((close_code::SLOW, "reads too slowly")),
        }
    }
}
