//! Server-sent events, read by the rules of WHATWG HTML §9.2.6.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use http::{HeaderMap, Method};
use serde_json::Value;

use super::channel::{Listener, query_of};
use super::inbox::Sender;
use super::{Answer, Api, Envelope, Refusal, within};

/// One block: what stands between two blank lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: Option<String>,
    pub retry: Option<u64>,
    pub comments: Vec<String>,
}

/// An event stream.
pub struct Stream {
    bytes: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: Vec<u8>,
    pub headers: HeaderMap,
}

impl Stream {
    /// Opens the stream that `request` asks for.
    pub async fn open(request: reqwest::RequestBuilder) -> Result<Self, Refusal> {
        let request =
            request.header("accept", "text/event-stream").timeout(std::time::Duration::from_secs(60));
        let response = within("the head of an event stream", request.send()).await;
        let response = response.map_err(|error| Refusal::closed(None, error.to_string()))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let kind = headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
        if !kind.starts_with("text/event-stream") {
            let text = response.text().await.map_err(|error| Refusal::closed(None, error.to_string()))?;
            let body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            return Err(match &body["errors"] {
                errors if errors[0]["extensions"].is_object() => Refusal::of_graphql(errors),
                _ => Answer { status, headers, body }.refusal(),
            });
        }
        // A completion that is streamed is created, too.
        assert!(matches!(status, 200 | 201), "{status}");
        Ok(Self { bytes: response.bytes_stream().boxed(), buffer: Vec::new(), headers })
    }

    /// The next block; `Ok(None)` at the end of the stream, an error when it was cut off.
    pub async fn block(&mut self) -> Result<Option<Block>, Refusal> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let text = String::from_utf8(self.buffer.drain(..end + 2).collect()).expect("UTF-8");
                return Ok(Some(parse(&text)));
            }
            match self.bytes.next().await {
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                Some(Err(error)) => return Err(Refusal::closed(None, error.to_string())),
                None => {
                    assert!(self.buffer.is_empty(), "the stream ended inside a block");
                    return Ok(None);
                }
            }
        }
    }
}

fn parse(text: &str) -> Block {
    let mut block = Block::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match field {
            "" => block.comments.push(value),
            "id" => block.id = Some(value),
            "event" => block.event = Some(value),
            "data" => block.data = Some(block.data.map_or(value.clone(), |data| format!("{data}\n{value}"))),
            "retry" => block.retry = Some(value.parse().expect("a number")),
            _ => panic!("unknown field in {line:?}"),
        }
    }
    block
}

/// The path of a subscription.
pub fn path(topics: &[&str], after: Option<&str>) -> String {
    let mut pairs = vec![("topics", topics.join(","))];
    pairs.extend(after.map(|after| ("after", after.to_owned())));
    format!("/v1/events?{}", query_of(&pairs))
}

/// Subscribes; the stream's greeting tells from where.
pub async fn listen(api: &Api, topics: &[&str], after: Option<&str>) -> Result<Listener, Refusal> {
    let mut stream = Stream::open(api.request(Method::GET, &path(topics, after))).await?;
    let greeting = within("the greeting of an event stream", stream.block()).await?.expect("a greeting");
    assert!(greeting.retry.is_some(), "{greeting:?} says when to come back");
    let cursor = greeting.id.expect("the greeting says from where");
    Ok(listener(Some(cursor), stream))
}

/// Reads the events of a stream.
pub fn listener(cursor: Option<String>, mut stream: Stream) -> Listener {
    Listener::start(cursor, move |sender| async move { read(&mut stream, &sender).await })
}

async fn read(stream: &mut Stream, sender: &Sender) -> Refusal {
    loop {
        let block = match stream.block().await {
            Ok(Some(block)) => block,
            Ok(None) => return Refusal::closed(None, "the stream ended"),
            Err(refusal) => return refusal,
        };
        let Some(data) = block.data else { continue };
        let value: Value = serde_json::from_str(&data).expect("JSON");
        if block.event.as_deref() == Some("stream.closed") {
            return Refusal::of_problem(&value);
        }
        let envelope = Envelope::read(&value);
        assert_eq!(block.id.as_deref(), Some(envelope.cursor.as_str()), "the id is the cursor");
        assert_eq!(block.event.as_deref(), Some(envelope.event_type.as_str()), "the event is its type");
        sender.push(envelope);
    }
}
