//! The refusals: one response for each status, with examples that the error itself was asked for.

use super::node::Node;
use crate::domain::{Error, Result, Violation};
use crate::wire::Problem;

/// An error of each kind that a REST client can meet.
fn samples() -> Vec<Error> {
    let id = uuid::uuid!("019b4139-1234-7abc-8def-123456789abc");
    vec![
        Error::malformed("body", "must be valid JSON in UTF-8: EOF while parsing a value at line 1 column 1"),
        Error::Unauthenticated("this needs a valid bearer token; get one from POST /v1/auth/tokens"),
        Error::WrongCredentials,
        Error::PaymentDeclined { reason: "insufficient_funds", payment_id: crate::domain::PaymentId(id) },
        Error::Forbidden("only the staff may do this"),
        Error::NotFound("pet"),
        Error::PageUnknown,
        Error::CursorForeign,
        Error::NotAcceptable("application/json"),
        Error::PetNotAvailable("PENDING"),
        Error::AlreadyPaid,
        Error::Taken("username"),
        Error::CursorExpired,
        Error::PreconditionFailed,
        Error::TooLarge { field: "body", max_bytes: 1_048_576 },
        Error::UnsupportedMediaType("application/json"),
        Error::invalid(Violation::new("ageMonths", "out_of_range", "must be between 0 and 2400")),
        Error::RateLimited { limit: "auth.hash_queue", retry_after_s: 1 },
        Error::internal("an example"),
        Error::Unavailable(None),
    ]
}

/// `components.responses` of the document, by name.
///
/// # Errors
/// [`Error::Internal`] when a sample cannot be encoded.
pub fn responses() -> Result<Node> {
    let mut responses = Node::map();
    for sample in samples() {
        let mut problem = Problem::from(&sample);
        problem.instance = Some("/v1/pets".to_owned());
        problem.request_id = Some("019b4139-5678-7abc-8def-123456789abc".to_owned());
        let text = serde_json::to_string(&problem).map_err(Error::internal)?;
        let value: Node = serde_json::from_str(&text).map_err(Error::internal)?;
        let response = responses.at(&name(&problem));
        response.set_default("description", problem.title);
        let headers = response.at("headers");
        for header in super::compose::COMMON_HEADERS {
            headers.set_default(header, Node::reference(&format!("components/headers/{header}")));
        }
        for (status, header) in [(401, "WWW-Authenticate"), (429, "Retry-After"), (503, "Retry-After")] {
            if problem.status == status {
                headers.set_default(header, Node::reference(&format!("components/headers/{header}")));
            }
        }
        let media = response.at("content").at("application/problem+json");
        media.set("schema", Node::reference("components/schemas/Problem"));
        let mut example = Node::entries([("value", value)]);
        example.set("summary", problem.detail.as_str());
        media.at("examples").set(problem.code, example);
    }
    Ok(responses)
}

/// A reference to the response of `status`, with what it means here.
///
/// # Errors
/// [`Error::Internal`] when there is no refusal of that status.
pub fn reference(status: &str, meaning: Option<&str>) -> Result<Node> {
    let sample = samples().into_iter().map(|sample| Problem::from(&sample));
    let problem = sample.into_iter().find(|problem| problem.status.to_string() == status);
    let problem =
        problem.ok_or_else(|| Error::internal(format!("there is no refusal of status {status}")))?;
    let mut reference = Node::reference(&format!("components/responses/{}", name(&problem)));
    if let Some(meaning) = meaning {
        reference.set("description", meaning);
    }
    Ok(reference)
}

/// `NotFound` for the type URI that ends in `not-found`.
fn name(problem: &Problem) -> String {
    let slug = problem.type_uri.rsplit('/').next().unwrap_or_default();
    slug.split('-').map(super::capitalized).collect()
}
