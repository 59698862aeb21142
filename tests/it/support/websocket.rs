//! WebSocket: the handshake, and the store's own protocol on `/v1/ws`.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::channel::{Listener, query_of};
use super::inbox::Sender;
use super::{Api, Envelope, Refusal, within};

/// An open WebSocket.
pub type Stream = WebSocketStream<TcpStream>;

/// How a connection is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening<'o> {
    pub subprotocol: Option<&'o str>,
    /// Sends the token in the `Authorization` header.
    pub bearer: bool,
    /// Size of the client's receive buffer in the kernel, bytes.
    pub receive_buffer: Option<u32>,
}

/// Opens a WebSocket at `path` as `api`.
pub async fn open(api: &Api, path: &str, opening: Opening<'_>) -> Result<Stream, Refusal> {
    let host = api.url.strip_prefix("http://").expect("an http URL");
    let mut request = format!("ws://{host}{path}").into_client_request().unwrap();
    let headers = request.headers_mut();
    if let (true, Some(token)) = (opening.bearer, &api.token) {
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    if let Some(tenant) = &api.tenant {
        headers.insert("x-tenant-id", tenant.parse().unwrap());
    }
    if let Some(subprotocol) = opening.subprotocol {
        headers.insert("sec-websocket-protocol", subprotocol.parse().unwrap());
    }
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(bytes) = opening.receive_buffer {
        socket.set_recv_buffer_size(bytes).unwrap();
    }
    let closed = |error: std::io::Error| Refusal::closed(None, error.to_string());
    let tcp = within("a TCP connection", socket.connect(host.parse().unwrap())).await.map_err(closed)?;
    match within("a WebSocket", tokio_tungstenite::client_async(request, tcp)).await {
        Ok((stream, _)) => Ok(stream),
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            let problem: Value = serde_json::from_slice(body).unwrap_or_default();
            Err(Refusal { status: Some(response.status().as_u16()), ..Refusal::of_problem(&problem) })
        }
        Err(error) => Err(Refusal::closed(None, error.to_string())),
    }
}

/// The next text message; pings are answered by the library, once something is read.
pub async fn text(stream: &mut Stream) -> Result<String, Refusal> {
    loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
            Some(Ok(Message::Close(frame))) => {
                let (code, reason) = frame.map_or((None, String::new()), |frame| {
                    (Some(u16::from(frame.code)), frame.reason.to_string())
                });
                return Err(Refusal::closed(code, reason));
            }
            Some(Ok(Message::Binary(bytes))) => panic!("a binary frame: {bytes:?}"),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => return Err(Refusal::closed(None, error.to_string())),
            None => return Err(Refusal::closed(None, "the connection is gone")),
        }
    }
}

/// A connection to `/v1/ws`.
pub struct Connection(pub Stream);

impl Connection {
    /// With the token in the URL, where there is one.
    pub async fn open(api: &Api) -> Result<Self, Refusal> {
        Self::open_with(api, Opening::default()).await
    }

    pub async fn open_with(api: &Api, opening: Opening<'_>) -> Result<Self, Refusal> {
        let path = match &api.token {
            Some(token) if !opening.bearer => format!("/v1/ws?{}", query_of(&[("token", token.clone())])),
            _ => "/v1/ws".to_owned(),
        };
        open(api, &path, opening).await.map(Self)
    }

    pub async fn send(&mut self, message: impl Into<Message>) {
        within("a frame to be sent", self.0.send(message.into())).await.unwrap();
    }

    /// The next frame.
    pub async fn frame(&mut self) -> Result<Value, Refusal> {
        Ok(serde_json::from_str(&text(&mut self.0).await?).expect("frames are JSON"))
    }

    /// Sends a frame and returns the next one.
    pub async fn ask(&mut self, frame: impl Into<Message>) -> Result<Value, Refusal> {
        self.send(frame).await;
        within("the answer to a frame", self.frame()).await
    }

    /// Subscribes; the cursor from which events follow.
    pub async fn subscribe(
        &mut self,
        id: &str,
        topics: &[&str],
        after: Option<&str>,
    ) -> Result<String, Refusal> {
        let mut frame = json!({ "op": "subscribe", "id": id, "topics": topics });
        if let Some(after) = after {
            frame["after"] = after.into();
        }
        let answer = self.ask(frame.to_string()).await?;
        if answer["op"] == "error" {
            assert_eq!(answer["id"], id, "the error names its subscription: {answer}");
            return Err(Refusal::of_problem(&answer["error"]));
        }
        assert_eq!((&answer["op"], &answer["id"]), (&json!("subscribed"), &json!(id)), "{answer}");
        Ok(super::api::text(&answer, "cursor").to_owned())
    }
}

/// The position of the log now, as anyone may learn it.
pub async fn position(api: &Api) -> Result<String, Refusal> {
    Connection::open(api).await?.subscribe("now", &["pets"], None).await
}

/// Subscribes on a connection of its own.
pub async fn listen(api: &Api, topics: &[&str], after: Option<&str>) -> Result<Listener, Refusal> {
    let mut connection = Connection::open(api).await?;
    let cursor = connection.subscribe("s1", topics, after).await?;
    Ok(listener(cursor, connection))
}

/// Reads the events of the subscription `s1`.
pub fn listener(cursor: String, mut connection: Connection) -> Listener {
    Listener::start(Some(cursor), move |sender| async move { read(&mut connection, &sender).await })
}

async fn read(connection: &mut Connection, sender: &Sender) -> Refusal {
    loop {
        let frame = match connection.frame().await {
            Ok(frame) => frame,
            Err(refusal) => return refusal,
        };
        match frame["op"].as_str() {
            Some("event") => {
                assert_eq!(frame["id"], "s1");
                sender.push(Envelope::read(&frame["event"]));
            }
            Some("error") => return Refusal::of_problem(&frame["error"]),
            _ => panic!("unexpected frame {frame}"),
        }
    }
}
