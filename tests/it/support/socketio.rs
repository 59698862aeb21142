//! Socket.IO protocol 5 over Engine.IO protocol 4, spoken by hand, over WebSocket and over long-polling.

use std::collections::VecDeque;

use futures_util::SinkExt as _;
use http::Method;
use serde_json::{Value, json};

use super::channel::Listener;
use super::inbox::Sender;
use super::{Api, Envelope, Refusal, websocket, within};

const PATH: &str = "/socket.io/?EIO=4&transport=";
/// Between the packets of a polling payload.
const SEPARATOR: char = '\u{1e}';

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    WebSocket,
    Polling,
    /// Polling until it has subscribed, as the official client begins.
    Upgrade,
}

enum Line {
    WebSocket(Box<websocket::Stream>),
    Polling { api: Api, path: String, waiting: VecDeque<String> },
}

/// A client of the default namespace.
pub struct Socket {
    line: Line,
    /// Once it has subscribed.
    upgrades: bool,
    acks: u64,
    /// Events that came while an acknowledgement was waited for.
    early: VecDeque<(String, Value)>,
    pub sid: String,
}

impl Socket {
    /// Connects; the token, where there is one, goes into the handshake.
    pub async fn connect(api: &Api, transport: Transport) -> Result<Self, Refusal> {
        Self::connect_with(api, transport, None).await
    }

    /// As [`Socket::connect`], with a receive buffer in the kernel of that many bytes.
    pub async fn connect_with(api: &Api, transport: Transport, buffer: Option<u32>) -> Result<Self, Refusal> {
        let auth = api.token.as_ref().map_or(json!({}), |token| json!({ "token": token }));
        Self::connect_raw(api, transport, buffer, &auth.to_string()).await
    }

    /// As [`Socket::connect_with`], with that payload in the connect packet.
    pub async fn connect_raw(
        api: &Api,
        transport: Transport,
        buffer: Option<u32>,
        auth: &str,
    ) -> Result<Self, Refusal> {
        let line = match transport {
            Transport::WebSocket => {
                let opening = websocket::Opening { receive_buffer: buffer, ..Default::default() };
                Line::WebSocket(Box::new(websocket::open(api, &format!("{PATH}websocket"), opening).await?))
            }
            Transport::Polling | Transport::Upgrade => {
                let (api, path) = (api.clone(), format!("{PATH}polling"));
                Line::Polling { api, path, waiting: VecDeque::new() }
            }
        };
        let upgrades = transport == Transport::Upgrade;
        let mut socket = Self { line, upgrades, acks: 0, early: VecDeque::new(), sid: String::new() };
        let open = socket.packet().await?;
        let open: Value = serde_json::from_str(open.strip_prefix('0').expect("an open packet")).unwrap();
        socket.sid = super::api::text(&open, "sid").to_owned();
        if let Line::Polling { path, .. } = &mut socket.line {
            path.push_str(&format!("&sid={}", socket.sid));
        }
        socket.join(auth).await?;
        Ok(socket)
    }

    /// Joins the default namespace with that payload.
    pub async fn join(&mut self, auth: &str) -> Result<(), Refusal> {
        self.send(&format!("40{auth}")).await?;
        let answer = within("the answer to a connect", self.packet()).await?;
        match answer.get(..2) {
            Some("40") => Ok(()),
            Some("44") => {
                let refused: Value = serde_json::from_str(&answer[2..]).unwrap();
                let message = super::api::text(&refused, "message");
                let code = message.split(':').next().unwrap_or_default().to_owned();
                Err(Refusal { code, text: message.to_owned(), ..Refusal::default() })
            }
            _ => panic!("unexpected packet {answer}"),
        }
    }

    /// Goes on over a WebSocket. What comes meanwhile waits for it.
    async fn upgrade(&mut self) -> Result<(), Refusal> {
        let Line::Polling { api, .. } = &self.line else { panic!("it polls") };
        let path = format!("{PATH}websocket&sid={}", self.sid);
        let mut stream = websocket::open(api, &path, websocket::Opening::default()).await?;
        let probe = |error| Refusal::closed(None, format!("{error}"));
        stream.send("2probe".into()).await.map_err(probe)?;
        assert_eq!(within("the answer to a probe", websocket::text(&mut stream)).await?, "3probe");
        stream.send("5".into()).await.map_err(probe)?;
        let line = std::mem::replace(&mut self.line, Line::WebSocket(Box::new(stream)));
        let Line::Polling { waiting, .. } = line else { return Ok(()) };
        let events = waiting.iter().filter(|packet| packet.starts_with("42")).map(|packet| event(packet));
        self.early.extend(events);
        Ok(())
    }

    /// Sends an Engine.IO packet.
    pub async fn send(&mut self, packet: &str) -> Result<(), Refusal> {
        match &mut self.line {
            Line::WebSocket(stream) => {
                let sent = within("a packet to be sent", stream.send(packet.into())).await;
                sent.map_err(|error| Refusal::closed(None, error.to_string()))
            }
            Line::Polling { api, path, .. } => {
                let request =
                    api.request(Method::POST, path).header("content-type", "text/plain;charset=UTF-8");
                let answer =
                    within("a packet to be posted", api.try_send(request.body(packet.to_owned()))).await;
                match answer {
                    Ok(answer) if answer.status == 200 => Ok(()),
                    Ok(answer) => Err(Refusal::closed(Some(answer.status), answer.body.to_string())),
                    Err(error) => Err(Refusal::closed(None, error.to_string())),
                }
            }
        }
    }

    /// The next Engine.IO packet that is no ping.
    async fn packet(&mut self) -> Result<String, Refusal> {
        loop {
            let packet = self.any_packet().await?;
            match packet.as_str() {
                "2" => self.send("3").await?,
                "1" | "41" => return Err(Refusal::closed(None, "the server disconnected")),
                "6" => {}
                _ => return Ok(packet),
            }
        }
    }

    async fn any_packet(&mut self) -> Result<String, Refusal> {
        match &mut self.line {
            Line::WebSocket(stream) => websocket::text(stream).await,
            Line::Polling { api, path, waiting } => {
                while waiting.is_empty() {
                    let answer = api.try_send(api.request(Method::GET, path)).await;
                    let answer = answer.map_err(|error| Refusal::closed(None, error.to_string()))?;
                    let payload = match answer.body {
                        Value::String(text) => text,
                        // A lone packet such as `2` reads as JSON.
                        other => other.to_string(),
                    };
                    if answer.status != 200 {
                        return Err(Refusal::closed(Some(answer.status), payload));
                    }
                    waiting.extend(payload.split(SEPARATOR).map(str::to_owned));
                }
                Ok(waiting.pop_front().expect("not empty"))
            }
        }
    }

    /// Emits an event and waits for its acknowledgement.
    pub async fn call(&mut self, name: &str, arguments: &[Value]) -> Result<Value, Refusal> {
        let mut parts = vec![Value::from(name)];
        parts.extend_from_slice(arguments);
        self.call_raw(&Value::Array(parts).to_string()).await
    }

    /// As [`Socket::call`], with the text of the packet's array.
    pub async fn call_raw(&mut self, array: &str) -> Result<Value, Refusal> {
        self.acks += 1;
        let id = self.acks;
        self.send(&format!("42{id}{array}")).await?;
        within("an acknowledgement", async {
            loop {
                let packet = self.packet().await?;
                if let Some(arguments) = packet.strip_prefix(&format!("43{id}")) {
                    let arguments: Vec<Value> = serde_json::from_str(arguments).unwrap();
                    return Ok(arguments.into_iter().next().unwrap_or_default());
                }
                self.early.push_back(event(&packet));
            }
        })
        .await
    }

    /// Subscribes; the cursor from which events follow.
    pub async fn subscribe(&mut self, topics: &[&str], after: Option<&str>) -> Result<String, Refusal> {
        let mut argument = json!({ "topics": topics });
        if let Some(after) = after {
            argument["after"] = after.into();
        }
        let answer = self.call("subscribe", &[argument]).await?;
        match &answer["error"] {
            Value::Null => {
                if std::mem::take(&mut self.upgrades) {
                    self.upgrade().await?;
                }
                Ok(super::api::text(&answer, "cursor").to_owned())
            }
            problem => Err(Refusal::of_problem(problem)),
        }
    }

    /// The next event: its name and its argument.
    pub async fn event(&mut self) -> Result<(String, Value), Refusal> {
        match self.early.pop_front() {
            Some(early) => Ok(early),
            None => Ok(event(&self.packet().await?)),
        }
    }
}

/// An event packet.
fn event(packet: &str) -> (String, Value) {
    let array = packet.strip_prefix("42").unwrap_or_else(|| panic!("no event: {packet}"));
    let parts: Vec<Value> = serde_json::from_str(array).unwrap_or_else(|error| panic!("{error}: {packet}"));
    let [Value::String(name), argument] = &parts[..] else { panic!("a name and one argument: {packet}") };
    (name.clone(), argument.clone())
}

/// Subscribes on a socket of its own.
pub async fn listen(
    api: &Api,
    transport: Transport,
    topics: &[&str],
    after: Option<&str>,
) -> Result<Listener, Refusal> {
    let mut socket = Socket::connect(api, transport).await?;
    let cursor = socket.subscribe(topics, after).await?;
    Ok(listener(cursor, socket))
}

/// Reads the events of a socket's subscription.
pub fn listener(cursor: String, mut socket: Socket) -> Listener {
    Listener::start(Some(cursor), move |sender| async move { read(&mut socket, &sender).await })
}

async fn read(socket: &mut Socket, sender: &Sender) -> Refusal {
    loop {
        match socket.event().await {
            Ok((name, problem)) if name == "problem" => return Refusal::of_problem(&problem),
            Ok((name, envelope)) => {
                let envelope = Envelope::read(&envelope);
                assert_eq!(name, envelope.event_type, "an event is named by its type");
                sender.push(envelope);
            }
            Err(refusal) => return refusal,
        }
    }
}
