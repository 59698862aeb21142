//! Bounds on a document that are checked before the executor sees it: its parser takes a second for a megabyte, and its
//! validation follows every fragment wherever it is spread, which can double with each line of a query.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

use super::GraphQlSettings;
use crate::domain::{Error, Result};

/// Brackets within brackets; what the parser follows without a refusal of its own.
const MAX_NESTING: usize = 60;
/// Fragments spread within fragments.
const MAX_FRAGMENT_NESTING: usize = 30;
/// Tokens that each allowed field may take, with its alias, arguments and directives.
const TOKENS_PER_FIELD: usize = 10;
/// Tokens that a document may have whatever it is allowed to select.
const MIN_TOKENS: usize = 1_000;
/// Lists of the schema that lead from one type to others: one within another grows with each step.
const SCHEMA_LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];
/// What is selected of every type counts so often. One copy of what tools ask passes by default, and two do not.
const TYPES_COST: usize = 8;

/// Checks the text: its nesting, and its number of tokens, which follows from `max_complexity`.
///
/// # Errors
/// [`Error::LimitReached`] naming the limit.
pub fn check_text(query: &str, max_complexity: usize) -> Result<()> {
    let max_tokens = max_complexity.saturating_mul(TOKENS_PER_FIELD).saturating_add(MIN_TOKENS);
    let Scanned { tokens, nesting } = scan(query.as_bytes(), max_tokens);
    if nesting > MAX_NESTING {
        return Err(limit(
            "graphql.max_depth",
            format!("the query nests deeper than {MAX_NESTING} brackets"),
        ));
    }
    if tokens > max_tokens {
        return Err(too_complex(format!("the query has more than {max_tokens} tokens")));
    }
    Ok(())
}

/// What a text has, as far as it was read.
#[derive(Debug, PartialEq, Eq)]
struct Scanned {
    tokens: usize,
    /// The deepest brackets.
    nesting: usize,
}

/// Counts, and stops at the first that is one too many.
fn scan(mut rest: &[u8], max_tokens: usize) -> Scanned {
    let (mut found, mut open) = (Scanned { tokens: 0, nesting: 0 }, 0_usize);
    while let Some(&byte) = rest.first()
        && found.tokens <= max_tokens
        && found.nesting <= MAX_NESTING
    {
        let length = match byte {
            b'#' => rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len()),
            b'"' => string_length(rest),
            b'{' | b'[' | b'(' => {
                open += 1;
                1
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                1
            }
            _ => rest.iter().position(|b| !is_name(*b)).unwrap_or(rest.len()).max(1),
        };
        if !matches!(byte, b'#' | b' ' | b'\t' | b',' | b'\n' | b'\r') {
            found.tokens += 1;
        }
        found.nesting = found.nesting.max(open);
        rest = &rest[length..];
    }
    found
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The length of the string that `text` begins with, to its closing quotes or the end (GraphQL §2.9.4): in a block, a
/// backslash means something before three quotes only.
fn string_length(text: &[u8]) -> usize {
    const BLOCK: &[u8] = b"\"\"\"";
    let (quotes, escape): (&[u8], &[u8]) =
        if text.starts_with(BLOCK) { (BLOCK, b"\\\"\"\"") } else { (b"\"", b"\\") };
    let mut at = quotes.len();
    while at < text.len() {
        if text[at..].starts_with(escape) {
            // Of a backslash alone, with what it stands before.
            at += escape.len().max(2);
        } else if text[at..].starts_with(quotes) {
            return at + quotes.len();
        } else {
            at += 1;
        }
    }
    text.len()
}

/// Checks how much the document selects once its fragments are put in where they are spread.
///
/// # Errors
/// [`Error::LimitReached`] when that is more than `max_complexity`, fragments nest too deeply, or there are too many aliases
/// or directives; [`Error::Malformed`] when a fragment spreads itself; [`Error::Forbidden`] when it asks for the schema and
/// that is switched off.
pub fn check_document(document: &ExecutableDocument, settings: &GraphQlSettings) -> Result<()> {
    let GraphQlSettings { max_complexity, max_aliases, max_directives, introspection, .. } = *settings;
    let mut sizes = Sizes { document, introspection, known: HashMap::new(), aliases: 0, directives: 0 };
    let mut selected = 0_usize;
    for (_, operation) in document.operations.iter() {
        selected = selected.saturating_add(sizes.of(&operation.node.selection_set.node, 0, Place::Store)?);
    }
    if sizes.aliases > max_aliases {
        let message = format!("the query has more than {max_aliases} aliases");
        return Err(limit("graphql.max_aliases", message));
    }
    if sizes.directives > max_directives {
        let message = format!("the query has more than {max_directives} directives");
        return Err(limit("graphql.max_directives", message));
    }
    if selected > max_complexity {
        return Err(too_complex(format!("the query selects more than {max_complexity} fields")));
    }
    Ok(())
}

/// Where in an answer a selection is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    /// In what the store holds; the executor knows what that costs.
    Store,
    /// In the schema, not yet in one of its lists.
    Schema,
    /// In a list of the schema, in which there may not be another.
    SchemaList,
}

struct Sizes<'d> {
    document: &'d ExecutableDocument,
    introspection: bool,
    /// As they are written; a fragment counts once for each place.
    aliases: usize,
    directives: usize,
    /// Selections of each fragment; nothing while it is being counted.
    known: HashMap<(&'d Name, Place), Option<usize>>,
}

impl<'d> Sizes<'d> {
    fn of(&mut self, set: &'d SelectionSet, depth: usize, place: Place) -> Result<usize> {
        let mut size = 0_usize;
        for selection in &set.items {
            self.directives += selection.node.directives().len();
            let inner = match &selection.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    let name = field.node.name.node.as_str();
                    let below = self.below(name, place)?;
                    let inner = self.of(&field.node.selection_set.node, depth, below)?;
                    if place == Place::Schema && name == "types" {
                        inner.saturating_mul(TYPES_COST)
                    } else {
                        inner
                    }
                }
                Selection::InlineFragment(inline) => {
                    self.of(&inline.node.selection_set.node, depth, place)?
                }
                Selection::FragmentSpread(spread) => {
                    self.of_fragment(&spread.node.fragment_name.node, depth, place)?
                }
            };
            size = size.saturating_add(inner).saturating_add(1);
        }
        Ok(size)
    }

    /// Where what a field leads to is.
    fn below(&self, field: &str, place: Place) -> Result<Place> {
        let asks_for_schema = matches!(field, "__schema" | "__type");
        if !self.introspection && (asks_for_schema || field == "_service") {
            return Err(Error::Forbidden("the schema cannot be queried here (graphql.introspection)"));
        }
        match place {
            Place::Store if asks_for_schema => Ok(Place::Schema),
            Place::Schema if SCHEMA_LISTS.contains(&field) => Ok(Place::SchemaList),
            Place::SchemaList if SCHEMA_LISTS.contains(&field) => {
                let lists = SCHEMA_LISTS.join(", ");
                let message = format!("of {lists}, a query of the schema cannot have one within another");
                Err(limit("graphql.max_depth", message))
            }
            place => Ok(place),
        }
    }

    fn of_fragment(&mut self, name: &'d Name, depth: usize, place: Place) -> Result<usize> {
        match self.known.get(&(name, place)) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(Error::malformed("query", format!("the fragment {name} spreads itself")));
            }
            None => {}
        }
        if depth >= MAX_FRAGMENT_NESTING {
            let message = format!("fragments nest deeper than {MAX_FRAGMENT_NESTING}");
            return Err(limit("graphql.max_depth", message));
        }
        // One that does not exist is told by validation.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(0) };
        self.known.insert((name, place), None);
        let size = self.of(&fragment.node.selection_set.node, depth + 1, place)?;
        self.known.insert((name, place), Some(size));
        Ok(size)
    }
}

fn too_complex(message: String) -> Error {
    limit("graphql.max_complexity", message)
}

fn limit(limit: &'static str, message: String) -> Error {
    Error::LimitReached { limit, message: format!("{message} ({limit})") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::Value;
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::DocumentOperations;

    fn document(query: &str) -> Result<()> {
        let settings =
            GraphQlSettings { max_complexity: 100, ..crate::protocols::graphql::tests::settings() };
        check_document(&parse_query(query).unwrap(), &settings)
    }

    #[test]
    fn strings_and_comments_do_not_count() {
        let text = format!(
            r#"{{ a(x: "{}", y: """{} \""" " """) }} # {}"#,
            "{".repeat(99),
            "[".repeat(99),
            "(".repeat(99)
        );
        assert!(check_text(&text, 0).is_ok());
        assert!(check_text(&"{a".repeat(61), 100).is_err());
        assert!(check_text(&"a ".repeat(1_000), 0).is_ok());
        assert!(check_text(&"a ".repeat(1_001), 0).is_err());
        assert!(
            check_text("\"", 0).is_ok() && check_text("\"\\", 0).is_ok() && check_text("\"\"\"", 0).is_ok()
        );
    }

    #[test]
    fn fragments_count_where_they_are_spread() {
        assert!(document("{ ...A ...A } fragment A on Query { a b c }").is_ok());
        let mut doubling = String::from("{ ...F0 ...F0 }");
        for level in 0..25 {
            doubling += &format!(" fragment F{level} on Query {{ ...F{0} ...F{0} }}", level + 1);
        }
        doubling += " fragment F25 on Query { a }";
        assert_eq!(document(&doubling).unwrap_err().code(), "limit_reached");
        assert_eq!(
            document("{ ...A } fragment A on Query { ...A }").unwrap_err().code(),
            "malformed_request"
        );
        assert!(document("{ ...Unknown }").is_ok(), "validation tells it");
        assert!(document(&format!("{{ {} }}", "a ".repeat(101))).is_err());
        let many = |field: &str| document(&format!("{{ {} }}", field.repeat(60))).unwrap_err().to_string();
        assert!(many("x: a ").contains("graphql.max_aliases"));
        assert!(many("a @skip(if: true) ").contains("graphql.max_directives"));
    }

    #[test]
    fn a_query_of_the_schema_has_no_list_within_another() {
        for lists in [
            "fields { type { fields { name } } }",
            "possibleTypes { interfaces { name } }",
            "inputFields { type { ofType { inputFields { name } } } }",
            "fields { ...A } ",
        ] {
            for root in ["__type(name: \"Event\")", "__schema { types"] {
                let close = if root.starts_with("__schema") { "}" } else { "" };
                let query = format!(
                    "{{ {root} {{ {lists} }} {close} }} fragment A on __Field {{ type {{ interfaces {{ name }} }} }}"
                );
                assert_eq!(document(&query).unwrap_err().code(), "limit_reached", "{query}");
            }
        }
        assert!(document("{ __type(name: \"Event\") { fields { name } possibleTypes { name } } }").is_ok());
        let types =
            |fields: usize| document(&format!("{{ __schema {{ types {{ {} }} }} }}", "a ".repeat(fields)));
        assert!(types(10).is_ok() && types(13).is_err(), "what is asked of every type counts more");
        assert!(
            document(&format!("{{ fields {{ fields {{ {} }} }} }}", "a ".repeat(13))).is_ok(),
            "not the schema"
        );
    }

    /// Whatever a string holds: where the parser sees its end, the scan does.
    #[test]
    fn strings_end_where_the_parser_sees_their_end() {
        let pieces = ["\"", "\\", "\"\"\"", "\\\"\"\"", "{", "[", "n", " ", "\n", "\\\\", "#"];
        let mut taken = 0;
        for number in 0..pieces.len().pow(4) {
            let mut inner = String::new();
            let mut left = number;
            while left > 0 {
                inner += pieces[left % pieces.len()];
                left /= pieces.len();
            }
            for quotes in ["\"", "\"\"\""] {
                let string = format!("{quotes}{inner}{quotes}");
                let text = format!("{{p(x:{string})a{{b}}}}");
                let Ok(parsed) = parse_query(&text) else { continue };
                let DocumentOperations::Single(operation) = parsed.operations else { continue };
                let fields = &operation.node.selection_set.node.items;
                let Selection::Field(first) = &fields[0].node else { continue };
                let one_string = first.node.arguments.len() == 1 && fields.len() == 2;
                if one_string
                    && matches!(first.node.arguments[0].1.node.clone().into_const(), Some(Value::String(_)))
                {
                    taken += 1;
                    let expected = Scanned { tokens: 12, nesting: 2 };
                    assert_eq!(scan(text.as_bytes(), 1_000), expected, "{text}");
                }
            }
        }
        assert!(taken > 1_000, "only {taken} strings were compared");
    }

    #[test]
    fn the_scan_ends_on_any_text() {
        for text in ["", "é", "\u{0}", "\\", "\"\\\"", "# no end", "}}}}", "\u{feff}{a}"] {
            let _ = check_text(text, 1);
        }
    }
}
