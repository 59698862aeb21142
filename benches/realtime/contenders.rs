//! The servers: how each is started, subscribed to and made to send.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::client::{self, Received, Way};
use crate::http::Connection;

/// Where Debian keeps nginx and its modules.
const NGINX: &str = "/usr/sbin/nginx";
const NCHAN: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// A server under comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    Floor,
    WebSocket,
    Sse,
    SocketIo,
    GraphQl,
    NpmWs,
    NpmSocketIo,
    NpmGraphQlWs,
    NchanWebSocket,
    NchanSse,
}

impl Contender {
    pub const ALL: [Contender; 10] = [
        Contender::Floor,
        Contender::WebSocket,
        Contender::Sse,
        Contender::SocketIo,
        Contender::GraphQl,
        Contender::NpmWs,
        Contender::NpmSocketIo,
        Contender::NpmGraphQlWs,
        Contender::NchanWebSocket,
        Contender::NchanSse,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Contender::Floor => "floor",
            Contender::WebSocket => "our WebSocket",
            Contender::Sse => "our SSE",
            Contender::SocketIo => "our Socket.IO",
            Contender::GraphQl => "our GraphQL",
            Contender::NpmWs => "npm ws",
            Contender::NpmSocketIo => "npm socket.io",
            Contender::NpmGraphQlWs => "npm graphql-ws",
            Contender::NchanWebSocket => "nchan WebSocket",
            Contender::NchanSse => "nchan SSE",
        }
    }

    pub const fn is_ours(self) -> bool {
        matches!(self, Self::WebSocket | Self::Sse | Self::SocketIo | Self::GraphQl)
    }

    fn way(self, pet: &str) -> Way {
        let websocket = |path: &str, headers: &str, dialogue: Vec<(String, &'static str)>| Way::WebSocket {
            path: path.to_owned(),
            headers: headers.to_owned(),
            dialogue,
        };
        let say = |said: &str, heard| (said.to_owned(), heard);
        let protocol = "Sec-WebSocket-Protocol: graphql-transport-ws\r\n";
        let fields = "eventId eventType timestamp data";
        match self {
            Self::Floor => Way::Raw,
            Self::Sse => Way::EventStream(format!("/v1/events?topics=pets/{pet}")),
            Self::NchanSse => Way::EventStream("/sub".to_owned()),
            Self::NchanWebSocket => websocket("/sub", "", Vec::new()),
            Self::NpmWs => websocket("/", "", Vec::new()),
            Self::WebSocket => {
                let subscribe = format!(r#"{{"op":"subscribe","id":"s","topics":["pets/{pet}"]}}"#);
                websocket("/v1/ws", "", vec![(subscribe, "subscribed")])
            }
            Self::SocketIo => {
                let subscribe = format!(r#"420["subscribe",{{"topics":["pets/{pet}"]}}]"#);
                let path = "/socket.io/?EIO=4&transport=websocket";
                websocket(path, "", vec![say("40", "40{"), (subscribe, "430[")])
            }
            Self::NpmSocketIo => {
                websocket("/socket.io/?EIO=4&transport=websocket", "", vec![say("40", "40{")])
            }
            Self::GraphQl => {
                let query =
                    format!(r#"subscription {{ events(topics: [\"pets/{pet}\"]) {{ {fields} cursor }} }}"#);
                let subscribe = format!(r#"{{"id":"s","type":"subscribe","payload":{{"query":"{query}"}}}}"#);
                let init = say(r#"{"type":"connection_init"}"#, "connection_ack");
                // Answered after the subscription stands, since both are in the order of the connection.
                websocket("/v1/graphql", protocol, vec![init, (subscribe, "")])
            }
            Self::NpmGraphQlWs => {
                let query = format!("subscription {{ events {{ {fields} }} }}");
                let subscribe = format!(r#"{{"id":"s","type":"subscribe","payload":{{"query":"{query}"}}}}"#);
                let init = say(r#"{"type":"connection_init"}"#, "connection_ack");
                websocket("/graphql", protocol, vec![init, (subscribe, "")])
            }
        }
    }

    fn command(self, binary: &str, data: &Path) -> Option<Command> {
        let mut command = match self {
            Self::Floor => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.arg("--floor");
                command
            }
            _ if self.is_ours() => petstore(binary, data),
            Self::NpmWs | Self::NpmSocketIo | Self::NpmGraphQlWs => {
                let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/realtime/peers");
                if !peers.join("node_modules").exists() {
                    return None;
                }
                let mut command = Command::new("node");
                let kind = self.name().trim_start_matches("npm ");
                command.arg(peers.join("peer.mjs")).arg(kind).env("NODE_ENV", "production");
                command
            }
            _ => return nginx(data),
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        Some(command)
    }
}

fn petstore(binary: &str, data: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--seed", "demo", "--data"])
        .arg(data)
        // All of the load comes from one address.
        .env("PETSTORE_RATE_LIMIT_ENABLED", "false");
    command
}

/// nginx with one worker and nchan, with the settings of its documentation.
fn nginx(data: &Path) -> Option<Command> {
    if !Path::new(NGINX).exists() || !Path::new(NCHAN).exists() {
        return None;
    }
    // Free a moment ago; nginx cannot be asked for any free port.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = format!(
        "load_module {NCHAN};\ndaemon off;\nmaster_process off;\npid {0}/pid;\nerror_log {0}/errors;\n\
         events {{ worker_connections 20000; }}\n\
         http {{\n  access_log off;\n  client_body_temp_path {0}/body;\n  proxy_temp_path {0}/proxy;\n\
         fastcgi_temp_path {0}/fastcgi;\n  uwsgi_temp_path {0}/uwsgi;\n  scgi_temp_path {0}/scgi;\n\
         keepalive_requests 1000000;\n\
         server {{\n    listen 127.0.0.1:{port};\n    location = /pub {{ nchan_publisher; nchan_channel_id bench; \
         nchan_message_buffer_length 1000; }}\n\
         location = /sub {{ nchan_subscriber; nchan_channel_id bench; nchan_subscriber_first_message newest; }}\n  }}\n}}\n",
        data.display()
    );
    let file = data.join("nginx.conf");
    std::fs::write(&file, settings).unwrap();
    std::fs::write(data.join("port"), port.to_string()).unwrap();
    let mut command = Command::new(NGINX);
    command.arg("-c").arg(&file).arg("-p").arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    Some(command)
}

/// A server that runs.
pub struct Running {
    contender: Contender,
    child: Child,
    pid: u32,
    address: SocketAddr,
    message: String,
    way: Way,
    /// Where ours is written to: one connection for each message of a burst.
    writers: Vec<Connection>,
    token: String,
    pet: String,
    sent: u64,
    _data: TempDir,
}

impl Running {
    /// Starts it; nothing when it is not installed.
    pub async fn start(contender: Contender, binary: &str, message: &str) -> Option<Self> {
        let data = tempfile::tempdir().unwrap();
        let mut child = contender.command(binary, data.path())?.spawn().expect("a server that starts");
        let address = match child.stdout.take() {
            Some(stdout) => {
                let mut lines = BufReader::new(stdout).lines();
                loop {
                    let line = lines.next_line().await.unwrap().expect("it ended before it listened");
                    if let Some(address) = line.strip_prefix("listening on http://") {
                        break address.parse().unwrap();
                    }
                }
            }
            None => {
                let port = std::fs::read_to_string(data.path().join("port")).unwrap().parse().unwrap();
                let address = SocketAddr::from(([127, 0, 0, 1], port));
                while TcpStream::connect(address).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                address
            }
        };
        let pid = child.id().unwrap();
        let (mut token, mut pet) = (String::new(), String::new());
        if contender.is_ours() {
            let mut connection = Connection::open(address).await;
            let login = r#"{"username":"staff","password":"petstore-demo"}"#;
            token = connection.post("/v1/auth/tokens", "", login).await.field("accessToken");
            let watched = r#"{"name":"Watched","species":"CAT","ageMonths":5,"price":"50.00"}"#;
            pet = connection.post("/v1/pets", &token, watched).await.field("id");
        }
        let way = contender.way(&pet);
        let (message, writers) = (message.to_owned(), Vec::new());
        Some(Self { contender, child, pid, address, message, way, writers, token, pet, sent: 0, _data: data })
    }

    /// A new subscriber, which counts what it gets.
    pub async fn subscribe(&self, received: &Arc<Received>) -> JoinHandle<()> {
        client::subscribe(&self.way, self.address, received.clone()).await
    }

    /// A new subscriber, which reads nothing.
    pub async fn subscribe_and_sleep(&self) -> TcpStream {
        client::subscribe_and_sleep(&self.way, self.address).await
    }

    /// Connects those who write, anew: servers close what was idle for long.
    pub async fn open_writers(&mut self, at_once: u64) {
        self.writers.clear();
        let count = match self.contender {
            Contender::Floor => 0,
            contender if contender.is_ours() => at_once,
            _ => 1,
        };
        for _ in 0..count {
            self.writers.push(Connection::open(self.address).await);
        }
    }

    /// Sends the message to everyone, that many times at once.
    pub async fn publish(&mut self, times: u64) {
        if self.contender.is_ours() {
            return self.change(times).await;
        }
        match self.contender {
            Contender::Floor => {
                let line = format!("{times} {}\n{}", self.message.len(), self.message);
                self.child.stdin.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
            }
            Contender::NchanWebSocket | Contender::NchanSse => {
                for _ in 0..times {
                    self.writers[0].post("/pub", "", &self.message).await;
                }
            }
            _ => drop(self.writers[0].post(&format!("/?n={times}"), "", &self.message).await),
        }
    }

    /// Ours sends what changes: that many changes of one pet at the same time.
    async fn change(&mut self, times: u64) {
        let path = format!("/v1/pets/{}", self.pet);
        let changes = self.writers.iter_mut().take(usize::try_from(times).unwrap()).map(|writer| {
            self.sent += 1;
            let body = format!("{{\"ageMonths\":{}}}", self.sent % 100);
            let (path, token) = (&path, &self.token);
            async move { writer.put(path, token, &body).await }
        });
        futures_util::future::join_all(changes).await;
    }

    /// CPU time that it has used: all, and of the user.
    pub fn cpu_seconds(&self) -> (f64, f64) {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        // utime and stime, in ticks of 1/100 s (proc(5); USER_HZ is 100 on every Linux).
        let ticks = |field: usize| fields[field].parse::<f64>().unwrap() / 100.0;
        (ticks(11) + ticks(12), ticks(11))
    }

    /// Resident memory, in KiB.
    pub fn resident_kib(&self) -> i64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// A message as ours sends it, for the others to send: what one event of a pet looks like.
pub async fn sample(binary: &str) -> String {
    let running = Running::start(Contender::WebSocket, binary, "").await.unwrap();
    let mut connection = Connection::open(running.address).await;
    connection.put(&format!("/v1/pets/{}", running.pet), &running.token, r#"{"ageMonths":6}"#).await;
    let answer = connection.get(&format!("/v1/events?topics=pets/{}&limit=1", running.pet)).await;
    let start = answer.body.find('[').unwrap() + 1;
    let end = answer.body.rfind(']').unwrap();
    answer.body[start..end].to_owned()
}
