//! A webhook receiver on loopback that answers as it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a test waits for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Request {
    pub line: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A status and header lines, without a body.
    Status(u16, &'static str),
    /// 200 with a body of that many bytes.
    Body(usize),
    /// The head of a 200, and then nothing more.
    HeadThenStall,
    /// Nothing at all.
    Silence,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// Bytes that are no HTTP.
    Garbage,
    /// The head of a 200, one byte each 20 ms.
    SlowHead,
    /// 204, half a second late.
    Late,
}

type Script = Box<dyn Fn(usize, &Request) -> Answer + Send + Sync>;

pub struct Receiver {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    changed: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

impl Receiver {
    /// Answers the n-th request (from 0) with `script(n, request)`.
    pub async fn start(script: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (seen, changed) = watch::channel(0);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (address, kept) = (listener.local_addr().unwrap(), Arc::clone(&requests));
        let script: Arc<Script> = Arc::new(Box::new(script));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&script), Arc::clone(&kept), seen.clone()));
            }
        });
        Self { address, requests, changed, _tasks: tasks }
    }

    /// Answers 204 to everything.
    pub async fn accepting() -> Self {
        Self::start(|_, _| Answer::Status(204, "")).await
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().clone()
    }

    /// Waits until there were `count` requests, and returns them.
    pub async fn until(&self, count: usize) -> Vec<Request> {
        let mut changed = self.changed.clone();
        let enough = changed.wait_for(|seen| *seen >= count);
        if tokio::time::timeout(PATIENCE, enough).await.is_err() {
            panic!("{count} requests expected, got {:#?}", self.requests());
        }
        self.requests()
    }
}

async fn serve(
    stream: TcpStream,
    script: Arc<Script>,
    requests: Arc<Mutex<Vec<Request>>>,
    seen: watch::Sender<usize>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        let answer = {
            let mut requests = requests.lock();
            requests.push(request.clone());
            script(requests.len() - 1, &request)
        };
        seen.send_modify(|count| *count += 1);
        let text = match answer {
            Answer::Status(status, headers) => {
                let body = if status == 204 { "" } else { "content-length: 0\r\n" };
                format!("HTTP/1.1 {status} x\r\n{body}{headers}\r\n")
            }
            Answer::Body(length) => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                let chunk = vec![b'x'; 65_536];
                for at in (0..length).step_by(chunk.len()) {
                    if stream.write_all(&chunk[..chunk.len().min(length - at)]).await.is_err() {
                        return;
                    }
                }
                continue;
            }
            Answer::HeadThenStall => "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n".to_owned(),
            Answer::Silence => String::new(),
            Answer::Close => return,
            Answer::Reset => {
                // Closing with a linger of zero sends a reset.
                let _ = stream.get_ref().set_zero_linger();
                return;
            }
            Answer::Garbage => "this is no HTTP\r\n\r\n".to_owned(),
            Answer::Late => {
                tokio::time::sleep(Duration::from_millis(500)).await;
                "HTTP/1.1 204 x\r\n\r\n".to_owned()
            }
            Answer::SlowHead => {
                for byte in "HTTP/1.1 200 OK\r\nx-slow: ".bytes().chain(std::iter::repeat(b'x')) {
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                return;
            }
        };
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    let mut headers = HeaderMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok().filter(|read| *read > 0)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    let length = headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { line: line.trim_end().to_owned(), headers, body: String::from_utf8(body).unwrap() })
}
