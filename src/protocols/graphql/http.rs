//! GraphQL over HTTP (the working draft of 2025): POST with JSON, GET for queries, and the answer in the form that
//! `Accept` asks for.

use ::http::request::Parts;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use async_graphql::parser::types::OperationType;
use async_graphql::{Response as Execution, ServerError};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::error::{Answer, encode, protocol_refusal, refusal};
use super::loaders::{drive, with_loader};
use super::media::{Form, negotiate, sends_json};
use super::operation::{Operation, Params};
use super::{GraphQl, ms, multipart, sse};
use crate::app::Caller;
use crate::domain::Error;
use crate::domain::audit::Channel;
use crate::protocols::etag;
use crate::protocols::http::{self, Query, RequestId};
use crate::wire::problem;

const ALLOWED: &str = "GET, HEAD, POST, PUT, DELETE";

/// A request that was refused before there was an operation to run.
pub(super) struct Refusal {
    status: StatusCode,
    /// Boxed, because most answers are none of these.
    error: Box<ServerError>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = StatusCode::from_u16(problem::describe(error.kind()).0)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let header = http::challenge(&error).map(|challenge| (header::WWW_AUTHENTICATE, challenge));
        Self { status, error: Box::new(refusal(error)), header }
    }
}

impl Refusal {
    /// Of parameters that cannot be read, for which GraphQL over HTTP has one status.
    fn of_params(error: Error) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: Box::new(refusal(error)), header: None }
    }

    fn method(message: &str, allowed: &'static str) -> Self {
        let error = protocol_refusal("method_not_allowed", 405, message);
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            error: Box::new(error),
            header: Some((header::ALLOW, HeaderValue::from_static(allowed))),
        }
    }

    /// One that only this protocol knows.
    pub(super) fn of_protocol(status: StatusCode, error: ServerError) -> Self {
        Self { status, error: Box::new(error), header: None }
    }

    fn not_acceptable() -> Self {
        let message = "Accept must allow application/graphql-response+json, application/json, text/event-stream or multipart/mixed";
        let error = protocol_refusal("not_acceptable", 406, message);
        Self { status: StatusCode::NOT_ACCEPTABLE, error: Box::new(error), header: None }
    }

    /// The answer that says so.
    pub(super) fn answer(self, form: Form, request_id: Option<&str>) -> Response {
        // Before its stream has begun, a client of streams is told as others are.
        let form = if form == Form::GraphQlResponse { form } else { Form::Json };
        let Answer { json, .. } = encode(Execution::from_errors(vec![*self.error]), request_id);
        let mut response = reply(self.status, form, json.into());
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// The id of the request, for those who read the logs.
pub(super) fn request_id(parts: &Parts) -> Option<String> {
    parts.extensions.get::<RequestId>().map(|id| id.0.clone())
}

/// Answers a request that is no WebSocket.
pub async fn answer(graphql: &GraphQl, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = request_id(&parts);
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if !reads && parts.method != Method::POST {
        return Refusal::method("use POST, or GET for a query", ALLOWED)
            .answer(Form::Json, request_id.as_deref());
    }
    let page = graphql.0.settings.page.filter(|_| reads && Query::of(&parts.uri).take("query").is_none());
    let offered = [Form::GraphQlResponse, Form::Json, Form::Stream, Form::Html];
    let offered = if page.is_some() { &offered[..] } else { &offered[..3] };
    let only_streams = || negotiate(&parts.headers, &[Form::Multipart]);
    let Some(form) = negotiate(&parts.headers, offered).or_else(only_streams) else {
        return Refusal::not_acceptable().answer(Form::Json, request_id.as_deref());
    };
    if let (Form::Html, Some(page)) = (form, page) {
        let mut page = page();
        page.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
        return page;
    }
    let answered = respond(graphql, &parts, body, form, request_id.as_deref()).await;
    answered.unwrap_or_else(|refusal| refusal.answer(form, request_id.as_deref()))
}

async fn respond(
    graphql: &GraphQl,
    parts: &Parts,
    body: Body,
    form: Form,
    request_id: Option<&str>,
) -> Result<Response, Refusal> {
    let posted = parts.method == Method::POST;
    // How a subscription would be answered.
    let stream = negotiate(&parts.headers, &[Form::Stream, Form::Multipart]).filter(|form| form.streams());
    let streams = stream.is_some();
    let mut query = Query::of(&parts.uri);
    // For EventSource, which cannot send headers.
    let token = if posted || !streams { None } else { query.take("access_token") };
    let caller = http::caller(&graphql.0.app, parts, token.as_deref(), Channel::GraphQl)?;
    let params = if posted {
        posted_params(graphql, parts, &caller, body).await?
    } else {
        Params::of_query(&mut query).map_err(Refusal::of_params)?
    };
    let operation = Operation::parse(params, &graphql.0.settings);
    if let Ok(operation) = &operation {
        if operation.kind == OperationType::Mutation {
            if !posted {
                return Err(Refusal::method("a mutation needs POST", "POST"));
            }
            admit_mutation(parts, operation)?;
        }
        if operation.kind == OperationType::Subscription && !streams {
            let message = "must allow text/event-stream or multipart/mixed for a subscription, or use the WebSocket at this path";
            return Err(Error::malformed("Accept", message).into());
        }
    }
    let subscribes = operation.as_ref().is_ok_and(|operation| operation.kind == OperationType::Subscription);
    if form.streams() || subscribes {
        let form = stream.filter(|_| subscribes).unwrap_or(form);
        return Ok(sse::respond(graphql, parts, caller, operation, form).await);
    }
    let Answer { json, refused, unavailable } = encode(execute(graphql, caller, operation).await, request_id);
    let status = match form {
        _ if unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Form::GraphQlResponse if refused => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let tag = (!posted && status == StatusCode::OK).then(|| etag::of(json.as_bytes()));
    let mut response = reply(status, form, json.into());
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Checks what came with a mutation, and charges the logins that are in it.
pub(super) fn admit_mutation(parts: &Parts, operation: &Operation) -> Result<(), Error> {
    refuse_terms(&parts.headers)?;
    http::charge_logins(&parts.extensions, operation.logins())
}

/// Refuses what makes a change of REST depend on something: a mutation can have many changes, and what is selected of them
/// is read after they were made. To pass such a header over in silence would be to promise what is not kept.
fn refuse_terms(headers: &HeaderMap) -> Result<(), Error> {
    const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
    for (name, title) in [
        (IDEMPOTENCY_KEY, "Idempotency-Key"),
        (header::IF_MATCH, "If-Match"),
        (header::IF_UNMODIFIED_SINCE, "If-Unmodified-Since"),
    ] {
        if headers.contains_key(name) {
            return Err(Error::malformed(title, "is not honoured for mutations: leave it out, or use REST"));
        }
    }
    Ok(())
}

pub(super) async fn posted_params(
    graphql: &GraphQl,
    parts: &Parts,
    caller: &Caller,
    body: Body,
) -> Result<Params, Refusal> {
    if multipart::is_form(&parts.headers) {
        return Ok(multipart::read(graphql, parts, caller, body).await?);
    }
    if !sends_json(&parts.headers) {
        return Err(Error::UnsupportedMediaType(
            "application/json, in UTF-8, or multipart/form-data with files",
        )
        .into());
    }
    if let Some(name) = Query::of(&parts.uri).rest().next() {
        return Err(Error::malformed(name, "is not known here: a POST has its parameters in the body").into());
    }
    let max_bytes = graphql.0.settings.max_body_bytes;
    let body = Limited::new(body, max_bytes).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Error::TooLarge { field: "body", max_bytes }
        } else {
            Error::malformed("body", "ended before it was whole")
        }
    })?;
    Params::read(&body.to_bytes()).map_err(Refusal::of_params)
}

/// Runs a query or a mutation.
pub(super) async fn execute(
    graphql: &GraphQl,
    caller: Caller,
    operation: Result<Operation, Vec<ServerError>>,
) -> Execution {
    match operation {
        Ok(operation) => {
            let principal = caller.principal.clone();
            let request = operation.into_request(caller);
            let (request, asked) = with_loader(request, &graphql.0.app, &principal);
            let execution = drive(asked, graphql.0.schema.execute(request));
            match tokio::time::timeout(ms(graphql.0.settings.timeout_ms), execution).await {
                Ok(response) => response,
                Err(_) => Execution::from_errors(vec![timed_out(graphql)]),
            }
        }
        Err(errors) => Execution::from_errors(errors),
    }
}

/// What an execution is answered that took too long.
pub(super) fn timed_out(graphql: &GraphQl) -> ServerError {
    graphql.0.metrics.limit_hit("graphql.timeout_ms");
    let message = format!("took longer than {} ms (graphql.timeout_ms)", graphql.0.settings.timeout_ms);
    protocol_refusal("timeout", 503, &message)
}

fn reply(status: StatusCode, form: Form, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    response
}
