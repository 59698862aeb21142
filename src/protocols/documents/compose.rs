//! The OpenAPI document, put together from what is written (`openapi/*.yaml`) and what the code knows.

use super::node::Node;
use super::{access, events, problems, vocabulary};
use crate::domain::{Error, Result};

/// The written parts, one for each area.
const PARTS: &[(&str, &str)] = &[
    ("info.yaml", include_str!("openapi/info.yaml")),
    ("shared.yaml", include_str!("openapi/shared.yaml")),
    ("pets.yaml", include_str!("openapi/pets.yaml")),
    ("pet-schemas.yaml", include_str!("openapi/pet-schemas.yaml")),
    ("search.yaml", include_str!("openapi/search.yaml")),
    ("images.yaml", include_str!("openapi/images.yaml")),
    ("orders.yaml", include_str!("openapi/orders.yaml")),
    ("callbacks.yaml", include_str!("openapi/callbacks.yaml")),
    ("payments.yaml", include_str!("openapi/payments.yaml")),
    ("users.yaml", include_str!("openapi/users.yaml")),
    ("endpoints.yaml", include_str!("openapi/endpoints.yaml")),
    ("endpoint-actions.yaml", include_str!("openapi/endpoint-actions.yaml")),
    ("inbound.yaml", include_str!("openapi/inbound.yaml")),
    ("chat.yaml", include_str!("openapi/chat.yaml")),
    ("chat-schemas.yaml", include_str!("openapi/chat-schemas.yaml")),
    ("events.yaml", include_str!("openapi/events.yaml")),
    ("admin.yaml", include_str!("openapi/admin.yaml")),
    ("admin-schemas.yaml", include_str!("openapi/admin-schemas.yaml")),
    ("oauth-clients.yaml", include_str!("openapi/oauth-clients.yaml")),
    ("echo.yaml", include_str!("openapi/echo.yaml")),
    ("health.yaml", include_str!("openapi/health.yaml")),
];

/// What a path item calls its operations.
pub const METHODS: &[&str] = &["get", "put", "post", "delete", "patch", "query"];

/// The headers of every answer.
pub const COMMON_HEADERS: &[&str] = &[
    "X-Request-ID",
    "Access-Control-Allow-Origin",
    "RateLimit",
    "RateLimit-Policy",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
];

/// The whole document (OpenAPI 3.2).
///
/// # Errors
/// [`Error::Internal`] when a part cannot be read or names what the code does not know; a unit test sees to it that
/// this does not happen.
pub fn openapi() -> Result<Node> {
    let mut document = read(PARTS)?;
    document.at("components").at("responses").merge(problems::responses()?);
    events::describe(&mut document);
    vocabulary::fill(&mut document)?;
    for (path, item) in document.at("paths").pairs_mut() {
        for (method, operation) in item.pairs_mut() {
            if METHODS.contains(&method.as_str()) {
                complete(method, path, operation)
                    .map_err(|error| Error::internal(format!("{method} {path}: {error:?}")))?;
            }
        }
    }
    Ok(document)
}

/// The parts as one.
///
/// # Errors
/// [`Error::Internal`] naming the part that is no YAML.
pub fn read(parts: &[(&str, &str)]) -> Result<Node> {
    let mut whole = Node::map();
    for (name, text) in parts {
        let part: Node = serde_saphyr::from_str(text)
            .map_err(|error| Error::internal(format!("{name} cannot be read: {error}")))?;
        whole.merge(part);
    }
    Ok(whole)
}

/// Fills in what an operation has in common with others.
fn complete(method: &str, path: &str, operation: &mut Node) -> Result<()> {
    access::apply(operation)?;
    let mut conditional = operation.remove("x-conditional");
    if operation.get("x-use-case").is_some() {
        conditional = conditional.or_else(|| condition(method, path, operation).map(Into::into));
        parameter(operation, "X-Tenant-ID");
        operation.at("x-problems").set_default("406", "`Accept` takes no type that this can be given in.");
        operation
            .at("x-problems")
            .set_default("400", "The request cannot be read, or its `X-Tenant-ID` is no UUID.");
    }
    if operation.remove("x-idempotent").is_some() {
        offered(operation, "Idempotency-Key");
        operation.at("x-problems").set_default("409", "A request with this idempotency key is under way.");
    }
    match conditional.as_ref().and_then(Node::as_text) {
        Some("read") => {
            offered(operation, "If-None-Match");
            operation.at("responses").set("304", Node::reference("components/responses/NotModified"));
        }
        Some("write") => {
            offered(operation, "If-Match");
            operation.at("x-problems").set_default("412", "The resource has changed since that version.");
        }
        _ => {}
    }
    let pages = Node::reference("components/parameters/PageCursor");
    if operation.get("parameters").is_some_and(|parameters| parameters.items().contains(&pages)) {
        operation
            .at("x-problems")
            .set_default("422", "A value is not allowed, or the cursor is of another list.");
    }
    if operation.get("requestBody").is_some() {
        let problems = operation.at("x-problems");
        problems.set_default("413", "The body is too large.");
        problems.set_default("415", "The body is of a type that is not read here.");
        problems.set_default("422", "A value is not allowed; `errors` names each field.");
    }
    answers(operation, conditional.is_some())
}

/// What an operation may be made to depend on, as the handlers have it: every JSON has a tag, and what changes something of
/// that id takes a condition.
fn condition(method: &str, path: &str, operation: &Node) -> Option<&'static str> {
    let json = || operation.get("responses")?.get("200")?.get("content")?.get("application/json");
    match method {
        "get" => json().map(|_| "read"),
        "put" | "patch" | "delete" => Some("write"),
        "post" if path.contains("{id}") => Some("write"),
        _ => None,
    }
}

fn parameter(operation: &mut Node, name: &str) {
    operation.push("parameters", Node::reference(&format!("components/parameters/{name}")));
}

/// A header that a client may send with what it got from an earlier answer. It stands apart from the parameters, since
/// no value can be made up for it: tools that do would only meet refusals.
fn offered(operation: &mut Node, name: &str) {
    operation.push("x-headers", Node::reference(&format!("components/parameters/{name}")));
    let description = operation.at("description");
    let text = description.as_text().unwrap_or_default().trim_end();
    let told = format!("{text}\n\nTakes the header `{name}`; see the introduction.");
    *description = told.into();
}

/// The responses: those that are written get their common headers, the refusals are added, and all are put in order.
fn answers(operation: &mut Node, tagged: bool) -> Result<()> {
    let mut problems = operation.remove("x-problems").unwrap_or(Node::map());
    for status in ["429", "500", "503"] {
        problems.set_default(status, Node::Null);
    }
    let mut responses = operation.remove("responses").unwrap_or(Node::map());
    for (status, response) in responses.pairs_mut() {
        if response.get("$ref").is_some() {
            continue;
        }
        let tag = (tagged && status != "204").then_some("ETag");
        let common = COMMON_HEADERS.iter().copied().chain(tag);
        for header in common {
            response
                .at("headers")
                .set_default(header, Node::reference(&format!("components/headers/{header}")));
        }
    }
    for (status, meaning) in problems.pairs() {
        responses.set(status, problems::reference(status, meaning.as_text())?);
    }
    if let Node::Map(entries) = &mut responses {
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    operation.set("responses", responses);
    Ok(())
}
