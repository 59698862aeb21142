//! GraphQL over event streams: the single connection mode of the graphql-sse protocol. A client reserves a stream (PUT),
//! opens it (GET), and then runs as many operations over it as it likes (POST, answered with 202), each under a name of its
//! own, until it ends them (DELETE) or closes the stream.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use ::http::request::Parts;
use ::http::{HeaderValue, StatusCode, header};
use async_graphql::Response as Execution;
use async_graphql::parser::types::OperationType;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error::{encode, protocol_refusal, refusal};
use super::http::{Refusal, admit_mutation, execute, posted_params, request_id};
use super::live::{Live, Opening};
use super::media::Form;
use super::operation::Operation;
use super::{GraphQl, ms};
use crate::app::{Caller, Ending};
use crate::domain::audit::Channel;
use crate::domain::{Error, Principal};
use crate::protocols::http::{self, Query};
use crate::telemetry::GaugeGuard;

/// The header that names a stream.
const TOKEN: &str = "x-graphql-event-stream-token";
/// Messages that wait to be written to a stream; whoever has more waits.
const WAITING: usize = 16;
const COMMENT: &str = ":\n\n";

/// The streams that are reserved or open, by their tokens.
#[derive(Clone, Default)]
pub struct Reservations(Arc<Mutex<HashMap<String, Arc<Reserved>>>>);

/// A stream.
struct Reserved {
    /// Whose it is, and with whose token it ends.
    owner: Principal,
    /// Until when it must be opened.
    until: Instant,
    messages: mpsc::Sender<Bytes>,
    /// What is to be written to it; nothing once it was opened.
    outgoing: Mutex<Option<mpsc::Receiver<Bytes>>>,
    /// Operations under way, by the names that the client gave them; nothing once the stream is gone.
    running: Mutex<Option<HashMap<String, AbortHandle>>>,
}

impl Reserved {
    /// Whether nobody opened it in time.
    fn is_forfeit(&self) -> bool {
        self.until <= Instant::now() && self.outgoing.lock().is_some()
    }

    /// Ends what runs over it; nothing is begun any more.
    fn end(&self) {
        let running = self.running.lock().take();
        running.into_iter().flatten().for_each(|(_, operation)| operation.abort());
    }
}

/// The token in a request, if it is about a stream.
pub fn token(parts: &Parts) -> Option<String> {
    let header = parts.headers.get(TOKEN).and_then(|value| value.to_str().ok()).map(str::to_owned);
    header.or_else(|| Query::of(&parts.uri).take("token"))
}

/// Answers a request about the stream that `token` names; without one it is to be reserved.
pub async fn answer(graphql: &GraphQl, request: Request, token: Option<String>) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = request_id(&parts);
    let answered = match (parts.method.as_str(), token) {
        ("PUT", _) => reserve(graphql, &parts),
        ("GET", Some(token)) => open(graphql, &token),
        ("POST", Some(token)) => operate(graphql, &parts, body, &token).await,
        ("DELETE", Some(token)) => stop(graphql, &parts, &token),
        _ => Err(Error::malformed(TOKEN, "must name a stream that was reserved by PUT").into()),
    };
    answered.unwrap_or_else(|refusal| refusal.answer(Form::Json, request_id.as_deref()))
}

fn reserve(graphql: &GraphQl, parts: &Parts) -> Result<Response, Refusal> {
    let caller = http::caller(&graphql.0.app, parts, None, Channel::GraphQl)?;
    let mut random = [0; 24];
    SystemRandom::new().fill(&mut random).map_err(|_| Error::internal("no random number could be had"))?;
    let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let (messages, outgoing) = mpsc::channel(WAITING);
    let reserved = Reserved {
        owner: caller.principal,
        until: Instant::now() + ms(graphql.0.settings.init_timeout_ms),
        messages,
        outgoing: Mutex::new(Some(outgoing)),
        running: Mutex::new(Some(HashMap::new())),
    };
    let mut streams = graphql.0.reservations.0.lock();
    let max = graphql.0.settings.max_streams;
    if streams.len() >= max {
        graphql.0.metrics.limit_hit("graphql.max_streams");
        let message = format!("at most {max} streams can be reserved or open (graphql.max_streams)");
        return Err(Error::LimitReached { limit: "graphql.max_streams", message }.into());
    }
    let reserved = Arc::new(reserved);
    streams.insert(token.clone(), reserved.clone());
    let forfeit = forfeit(graphql.clone(), token.clone(), reserved);
    graphql.0.tasks.spawn_connection("graphql reservation", forfeit);
    Ok(plain(StatusCode::CREATED, token))
}

/// Takes a stream away that nobody has opened when its time is over, and what runs over it.
async fn forfeit(graphql: GraphQl, token: String, reserved: Arc<Reserved>) {
    let over = tokio::time::sleep_until(reserved.until);
    let shutdown = graphql.0.tasks.shutdown();
    if shutdown.run_until_cancelled(over).await.is_none() || reserved.is_forfeit() {
        graphql.0.reservations.0.lock().remove(&token);
        reserved.end();
    }
}

fn plain(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Reservations {
    fn find(&self, token: &str) -> Result<Arc<Reserved>, Refusal> {
        let found = self.0.lock().get(token).cloned().filter(|stream| !stream.is_forfeit());
        Ok(found.ok_or(Error::NotFound("event stream"))?)
    }
}

/// Takes a stream away, and what runs over it, when its connection ends.
struct Open {
    graphql: GraphQl,
    token: String,
    reserved: Arc<Reserved>,
    outgoing: mpsc::Receiver<Bytes>,
    ending: Ending,
    _connected: GaugeGuard,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.graphql.0.reservations.0.lock().remove(&self.token);
        self.reserved.end();
    }
}

fn open(graphql: &GraphQl, token: &str) -> Result<Response, Refusal> {
    let reserved = graphql.0.reservations.find(token)?;
    let outgoing = reserved.outgoing.lock().take();
    let Some(outgoing) = outgoing else {
        return Err(Refusal::conflict("stream_open", "this event stream is open already"));
    };
    let (graphql, token) = (graphql.clone(), token.to_owned());
    let _connected = graphql.0.channel.connection();
    let ending = graphql.0.app.ending(&reserved.owner);
    let open = Open { graphql, token, reserved, outgoing, ending, _connected };
    let beginning = stream::iter([Bytes::from_static(COMMENT.as_bytes())]);
    let rest = stream::unfold(open, |mut open| async move {
        let chunk = tokio::select! {
            biased;
            () = open.graphql.0.tasks.shutdown().cancelled() => return None,
            _ = &mut open.ending => return None,
            chunk = open.outgoing.recv() => chunk?,
            () = tokio::time::sleep(ms(open.graphql.0.settings.keep_alive_ms)) => {
                Bytes::from_static(COMMENT.as_bytes())
            }
        };
        Some((chunk, open))
    });
    let mut response = Response::new(Body::from_stream(beginning.chain(rest).map(Ok::<_, Infallible>)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Form::Stream.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The stream, when it is the caller's.
fn own(graphql: &GraphQl, caller: &Caller, token: &str) -> Result<Arc<Reserved>, Refusal> {
    let reserved = graphql.0.reservations.find(token)?;
    let (owner, asker) = (&reserved.owner, &caller.principal);
    if (owner.tenant, owner.user_id()) != (asker.tenant, asker.user_id()) {
        return Err(Error::NotFound("event stream").into());
    }
    Ok(reserved)
}

async fn operate(graphql: &GraphQl, parts: &Parts, body: Body, token: &str) -> Result<Response, Refusal> {
    let caller = http::caller(&graphql.0.app, parts, None, Channel::GraphQl)?;
    let reserved = own(graphql, &caller, token)?;
    let params = posted_params(graphql, parts, &caller, body).await?;
    let needed = || Error::malformed("extensions.operationId", "is required, and names the operation");
    let id = params.operation_id.clone().filter(|id| !id.is_empty()).ok_or_else(needed)?;
    let operation = Operation::parse(params, &graphql.0.settings);
    if let Some(mutation) = operation.as_ref().ok().filter(|one| one.kind == OperationType::Mutation) {
        admit_mutation(parts, mutation)?;
    }
    let max = graphql.0.settings.max_subscriptions;
    let (abort, registration) = AbortHandle::new_pair();
    {
        let mut running = reserved.running.lock();
        let running = running.as_mut().ok_or(Error::NotFound("event stream"))?;
        if running.contains_key(&id) {
            return Err(Refusal::conflict("operation_exists", "an operation of this name is under way"));
        }
        if running.len() >= max {
            graphql.0.metrics.limit_hit("graphql.max_subscriptions");
            let message = format!("at most {max} operations at a time (graphql.max_subscriptions)");
            return Err(Error::LimitReached { limit: "graphql.max_subscriptions", message }.into());
        }
        running.insert(id.clone(), abort);
    }
    let running = Running { graphql: graphql.clone(), reserved, id, request_id: request_id(parts) };
    let work = async move {
        match operation {
            Ok(operation) if operation.kind == OperationType::Subscription => {
                running.subscribe(operation, caller).await;
            }
            operation => {
                let response = execute(&running.graphql, caller, operation).await;
                running.next(&encode(response, running.request_id.as_deref()).json).await;
            }
        }
        running.end().await;
    };
    graphql.0.tasks.spawn_connection("graphql operation", Abortable::new(work, registration).map(|_| ()));
    Ok(plain(StatusCode::ACCEPTED, String::new()))
}

fn stop(graphql: &GraphQl, parts: &Parts, token: &str) -> Result<Response, Refusal> {
    let caller = http::caller(&graphql.0.app, parts, None, Channel::GraphQl)?;
    let reserved = own(graphql, &caller, token)?;
    let needed = || Error::malformed("operationId", "is required, and names the operation");
    let id = Query::of(&parts.uri).take("operationId").ok_or_else(needed)?;
    let stopped = reserved.running.lock().as_mut().and_then(|running| running.remove(&id));
    if let Some(operation) = stopped {
        operation.abort();
    }
    Ok(plain(StatusCode::OK, String::new()))
}

/// One operation under way.
struct Running {
    graphql: GraphQl,
    reserved: Arc<Reserved>,
    id: String,
    request_id: Option<String>,
}

impl Running {
    async fn subscribe(&self, operation: Operation, caller: Caller) {
        let mut ending = self.graphql.0.app.ending(&caller.principal);
        let opened = Live::open(&self.graphql, Opening { operation, caller, resume_after: None }).await;
        let mut live = match opened {
            Ok(live) => live,
            Err(errors) => return self.fail(Execution::from_errors(errors)).await,
        };
        loop {
            let taken = tokio::select! {
                biased;
                reason = &mut ending => Err(reason),
                taken = live.next() => taken,
            };
            match taken {
                Ok(items) => {
                    for item in &items {
                        self.next(&live.result(item).get().await).await;
                    }
                    self.graphql.0.channel.delivered(items.len() as u64);
                }
                Err(error) => return self.fail(Execution::from_errors(vec![refusal(error)])).await,
            }
        }
    }

    async fn fail(&self, response: Execution) {
        self.next(&encode(response, self.request_id.as_deref()).json).await;
    }

    async fn next(&self, payload: &str) {
        let id = serde_json::Value::from(self.id.as_str());
        self.send(format!("event: next\ndata: {{\"id\":{id},\"payload\":{payload}}}\n\n")).await;
    }

    async fn end(&self) {
        if let Some(running) = self.reserved.running.lock().as_mut() {
            running.remove(&self.id);
        }
        let id = serde_json::Value::from(self.id.as_str());
        self.send(format!("event: complete\ndata: {{\"id\":{id}}}\n\n")).await;
    }

    async fn send(&self, message: String) {
        // Nobody reads it any more: then this operation is about to be stopped.
        let _ = self.reserved.messages.send(message.into()).await;
    }
}

impl Refusal {
    fn conflict(code: &'static str, message: &str) -> Self {
        Self::of_protocol(StatusCode::CONFLICT, protocol_refusal(code, 409, message))
    }
}
