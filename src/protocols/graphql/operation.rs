//! A request, from its parameters to its answer: what HTTP, event streams and WebSockets share.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::parser::{self, parse_query};
use async_graphql::{Request, ServerError, Value, Variables};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::GraphQlSettings;
use super::error::refusal;
use super::limits;
use super::positions;
use super::pure;
use super::types::upload::Files;
use crate::app::{Caller, Received};
use crate::domain::{Error, Violation};
use crate::protocols::http::Query;
use crate::wire;

/// The mutations that show or make credentials.
const LOGINS: [&str; 2] = ["createUser", "createToken"];

/// The parameters of a request (GraphQL over HTTP §4.1, and the payload of `subscribe`).
#[derive(Default)]
pub struct Params {
    /// Empty when the document is named by its hash alone.
    pub query: String,
    pub operation_name: Option<String>,
    pub variables: Variables,
    /// The hash of the document, or its name in the list of those that may be run.
    pub hash: Option<String>,
    /// The operation's name on an event stream that has several.
    pub operation_id: Option<String>,
    /// The files that come with it.
    pub files: Vec<Received>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireParams {
    query: Option<String>,
    operation_name: Option<String>,
    #[serde(default)]
    variables: Variables,
    document_id: Option<String>,
    extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

type Extensions = Option<serde_json::Map<String, serde_json::Value>>;

impl Params {
    /// Reads the JSON text of a request.
    ///
    /// # Errors
    /// [`Error::Malformed`] and [`Error::Invalid`], naming the parameter.
    pub fn read(json: &[u8]) -> Result<Self, Error> {
        if json.trim_ascii_start().first() == Some(&b'[') {
            let message = "batches are not taken: send one request, an object, at a time";
            return Err(Error::invalid(Violation::new("body", "invalid_type", message)));
        }
        let WireParams { query, operation_name, variables, document_id, extensions } =
            read_json("body", json)?;
        Self::new((query, document_id), operation_name, variables, extensions)
    }

    /// Reads the query string of a request.
    ///
    /// # Errors
    /// As [`Params::read`].
    pub fn of_query(query: &mut Query) -> Result<Self, Error> {
        let text = query.take("query");
        let operation_name = query.take("operationName");
        let mut object = |name: &str| query.take(name).filter(|json| !json.is_empty());
        let variables =
            object("variables").map(|json| read_json("variables", json.as_bytes())).transpose()?;
        let extensions = object("extensions").map(|json| read_json("extensions", json.as_bytes()));
        let extensions: Extensions = extensions.transpose()?.flatten();
        let document_id = query.take("documentId");
        if let Some(name) = query.rest().next() {
            return Err(Error::malformed(
                name,
                "is not known here; allowed: query, documentId, operationName, variables, extensions",
            ));
        }
        Self::new((text, document_id), operation_name, variables.unwrap_or_default(), extensions)
    }

    fn new(
        (query, document_id): (Option<String>, Option<String>),
        operation_name: Option<String>,
        variables: Variables,
        extensions: Extensions,
    ) -> Result<Self, Error> {
        let extension = |name: &str| extensions.as_ref().and_then(|extensions| extensions.get(name));
        let text =
            |value: Option<&serde_json::Value>| value.and_then(|value| value.as_str()).map(str::to_owned);
        let persisted = extension("persistedQuery").and_then(|persisted| persisted.get("sha256Hash"));
        let document_id = document_id.map(|id| id.strip_prefix("sha256:").map_or(id.clone(), str::to_owned));
        let hash = document_id.or(text(persisted));
        let missing = || Error::malformed("query", "is required: the text of a GraphQL document");
        let query = match query {
            None if hash.is_none() => return Err(missing()),
            query => query.unwrap_or_default(),
        };
        // An empty name is what some clients send for none.
        let operation_name = operation_name.filter(|name| !name.is_empty());
        let operation_id = text(extension("operationId"));
        Ok(Self { query, operation_name, variables, hash, operation_id, files: Vec::new() })
    }
}

/// Reads JSON; a refusal of the whole names it `name`.
fn read_json<T: DeserializeOwned>(name: &str, json: &[u8]) -> Result<T, Error> {
    let named = |field: String| if field == "body" { name.to_owned() } else { field };
    wire::json::read(json).map_err(|error| match error {
        Error::Malformed { field, message } => Error::malformed(named(field), message),
        Error::Invalid(violations) => {
            Error::Invalid(violations.into_iter().map(|v| Violation { field: named(v.field), ..v }).collect())
        }
        other => other,
    })
}

/// A request whose document was parsed and measured, and whose operation was chosen.
pub struct Operation {
    pub query: String,
    pub name: Option<String>,
    pub kind: OperationType,
    pub document: ExecutableDocument,
    pub variables: Variables,
    files: Vec<Received>,
    /// Whether what it shows does not depend on who asks.
    pure: bool,
}

/// What a request carries whose result does not depend on who asks.
pub struct Pure;

impl Operation {
    /// Parses the document, within the limits, and chooses its operation (GraphQL §6.1).
    ///
    /// # Errors
    /// What is wrong with the request; nothing was executed.
    pub fn parse(params: Params, settings: &GraphQlSettings) -> Result<Self, Vec<ServerError>> {
        let text = settings.documents.resolve(&params).map_err(|error| vec![error])?;
        limits::check_text(&text, settings.max_complexity).map_err(|error| vec![refusal(error)])?;
        let document = parse_query(&*text).map_err(|error| vec![syntax(&error)])?;
        settings.documents.keep(params.hash.as_ref(), &text);
        let Params { operation_name: name, variables, files, .. } = params;
        let query = text.as_ref().to_owned();
        limits::check_document(&document, settings).map_err(|error| vec![refusal(error)])?;
        let operation = choose(&document.operations, name.as_deref())?;
        let kind = operation.ty;
        check_variables(operation, &variables)?;
        positions::check(&document)?;
        let mut pure = false;
        if kind == OperationType::Subscription {
            check_root(operation)?;
            pure = pure::is_pure(&document, operation);
        }
        Ok(Self { query, name, kind, document, variables, files, pure })
    }

    /// Whether what it shows does not depend on who asks.
    pub fn is_pure(&self) -> bool {
        self.pure
    }

    /// The operation that was chosen.
    pub fn definition(&self) -> Option<&OperationDefinition> {
        choose(&self.document.operations, self.name.as_deref()).ok()
    }

    /// How many logins and sign-ups the operation is. As often as they are written, whatever `@skip` says.
    pub fn logins(&self) -> usize {
        self.definition().map_or(0, |operation| self.logins_in(&operation.selection_set.node))
    }

    fn logins_in(&self, set: &SelectionSet) -> usize {
        let logins = set.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => usize::from(LOGINS.contains(&field.node.name.node.as_str())),
            Selection::InlineFragment(inline) => self.logins_in(&inline.node.selection_set.node),
            // Fragments do not spread themselves, and how much they select was checked.
            Selection::FragmentSpread(spread) => {
                let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                fragment.map_or(0, |fragment| self.logins_in(&fragment.node.selection_set.node))
            }
        });
        logins.sum()
    }

    /// The same, in the least memory: a clone has no room to spare, and the text is not needed any more.
    pub fn compact(self) -> Self {
        Self { document: self.document.clone(), query: String::new(), ..self }
    }

    /// The executor's form of the request.
    pub fn request(&self, caller: Caller) -> Request {
        let mut request = Request::new(String::new()).variables(self.variables.clone()).data(caller);
        if self.pure {
            request = request.data(Pure);
        }
        request.operation_name.clone_from(&self.name);
        request.set_parsed_query(self.document.clone());
        request
    }

    /// As [`Operation::request`], for a request that is made once.
    pub fn into_request(self, caller: Caller) -> Request {
        let mut request = Request::new(String::new()).variables(self.variables).data(caller);
        request = request.data(Files(self.files));
        request.operation_name = self.name;
        request.set_parsed_query(self.document);
        request
    }
}

fn choose<'d>(
    operations: &'d DocumentOperations,
    name: Option<&str>,
) -> Result<&'d OperationDefinition, Vec<ServerError>> {
    let mut named = operations.iter().filter(|(own, _)| match (name, own) {
        (None, _) => true,
        (Some(name), Some(own)) => own.as_str() == name,
        (Some(_), None) => false,
    });
    match (named.next(), named.next()) {
        (Some((_, operation)), None) => Ok(&operation.node),
        (Some(_), Some(_)) => {
            Err(refused("operationName", "is required: the document has more than one operation"))
        }
        (None, _) => Err(refused("operationName", "names no operation of the document")),
    }
}

/// A required variable that is not there is a request error (GraphQL §6.1.2); the executor would take it for one of the
/// field that uses it.
fn check_variables(operation: &OperationDefinition, variables: &Variables) -> Result<(), Vec<ServerError>> {
    let missing = operation.variable_definitions.iter().filter(|definition| {
        let definition = &definition.node;
        let given = variables.get(&definition.name.node);
        let absent = match given {
            None => definition.default_value.is_none(),
            Some(value) => *value == Value::Null,
        };
        absent && !definition.var_type.node.nullable
    });
    let errors: Vec<ServerError> = missing
        .map(|definition| {
            let (name, of_type) = (&definition.node.name.node, &definition.node.var_type.node);
            let error =
                Error::malformed(format!("variables.{name}"), format!("is required, of type {of_type}"));
            ServerError { locations: vec![definition.pos], ..refusal(error) }
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// GraphQL §5.2.4.1, which the executor does not check; it also would pass over a fragment at the root in silence.
fn check_root(operation: &OperationDefinition) -> Result<(), Vec<ServerError>> {
    match operation.selection_set.node.items.as_slice() {
        [only] if matches!(only.node, Selection::Field(_)) && only.node.directives().is_empty() => Ok(()),
        _ => Err(refused(
            "query",
            "a subscription selects exactly one field at its root, and not by a fragment",
        )),
    }
}

fn refused(field: &str, message: &str) -> Vec<ServerError> {
    vec![refusal(Error::malformed(field, message))]
}

/// The parser's message shows the whole line that it stumbled over; the place and what it expected are enough.
fn syntax(error: &parser::Error) -> ServerError {
    let locations = error.positions().collect();
    let text = error.to_string();
    let message = text.rsplit_once("= ").map_or(text.as_str(), |(_, expected)| expected).trim();
    ServerError { locations, ..refusal(Error::malformed("query", message)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Operation, String> {
        let field = |error: Error| error.violations()[0].field.clone();
        let params = Params::read(json.as_bytes()).map_err(field)?;
        Operation::parse(params, &crate::protocols::graphql::tests::settings())
            .map_err(|errors| errors[0].message.clone())
    }

    #[test]
    fn a_parameter_of_the_wrong_form_is_named() {
        for (json, field) in [
            (r#"{"query":1}"#, "query"),
            (r#"{"query":"{a}","operationName":[]}"#, "operationName"),
            (r#"{"query":"{a}","variables":[]}"#, "variables"),
            (r#"{"query":"{a}","variables":"x"}"#, "variables"),
            (r#"{"query":"{a}","extensions":0}"#, "extensions"),
            (r#"{"query":"{a}","extensions":[1]}"#, "extensions"),
            (r#"{"qeury":"{a}"}"#, "qeury"),
            (r#"{"variables":null}"#, "query"),
            (r#"[{"query":"{a}"}]"#, "body"),
            (r#"["{a}"]"#, "body"),
            ("", "body"),
        ] {
            let error = parse(json).err().unwrap_or_else(|| panic!("{json} was taken"));
            assert_eq!(error, field, "{json}");
        }
        for json in [
            r#"{"query":"{a}"}"#,
            r#"{"query":"{a}","variables":null,"operationName":null,"extensions":null}"#,
            r#"{"query":"{a}","variables":{},"operationName":"","extensions":{"x":1}}"#,
        ] {
            assert!(parse(json).is_ok(), "{json}");
        }
    }

    #[test]
    fn the_operation_is_chosen_by_name() {
        let two = r#""query":"query A{a} mutation B{b}""#;
        assert_eq!(
            parse(&format!(r#"{{{two},"operationName":"B"}}"#)).unwrap().kind,
            OperationType::Mutation
        );
        assert!(parse(&format!("{{{two}}}")).is_err());
        assert!(parse(&format!(r#"{{{two},"operationName":"C"}}"#)).is_err());
        assert!(parse(r#"{"query":"{a}","operationName":"A"}"#).is_err());
    }

    #[test]
    fn a_required_variable_is_required() {
        let with =
            |variables: &str| parse(&format!(r#"{{"query":"query($id:ID!){{a}}","variables":{variables}}}"#));
        assert!(with("{}").is_err() && with(r#"{"id":null}"#).is_err() && with(r#"{"id":"1"}"#).is_ok());
        assert!(parse(r#"{"query":"query($id:ID!=\"1\"){a}"}"#).is_ok());
        assert!(parse(r#"{"query":"query($id:ID){a}"}"#).is_ok());
    }

    #[test]
    fn logins_are_counted_wherever_they_are_written() {
        let query = "mutation A { a: createUser { x } ...F ...F ... on Mutation { createToken } placeOrder }
            mutation B { createToken } fragment F on Mutation { b: createToken createTokens }";
        let of = |name: &str| {
            let json = serde_json::json!({ "query": query, "operationName": name });
            parse(&json.to_string()).unwrap().logins()
        };
        assert_eq!((of("A"), of("B")), (4, 1));
    }

    #[test]
    fn a_subscription_has_one_root_field() {
        assert!(parse(r#"{"query":"subscription{events}"}"#).is_ok());
        for query in
            ["subscription{a b}", "subscription{...F} fragment F on S{a}", "subscription{a @skip(if:true)}"]
        {
            assert!(parse(&serde_json::json!({ "query": query }).to_string()).is_err(), "{query}");
        }
    }

    #[test]
    fn a_syntax_error_does_not_repeat_the_query() {
        let query = format!("{{ {} ", "secret ".repeat(50));
        let message = parse(&serde_json::json!({ "query": query }).to_string()).err().unwrap();
        assert!(message.starts_with("query: expected") && !message.contains("secret"), "{message}");
    }
}
