//! Reading JSON from outside so that every refusal names the field.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::domain::{Error, Violation};

/// An object within a body. serde would take an array as well, its items for the fields in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        reader.deserialize_map(Members(PhantomData))
    }
}

/// Reads a request body.
///
/// # Errors
/// [`Error::Malformed`] when it is not JSON (RFC 8259) in UTF-8; [`Error::Invalid`] naming the field when a value has
/// the wrong type or is unknown.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // Everything that is read here is an object. serde would take an array as well, its items for the fields in order.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => Error::invalid(Violation::new("body", "invalid_type", "must be a JSON object")),
            Err(error) => refusal("", &error),
        });
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        refusal(&path, &error.into_inner())
    })?;
    reader.end().map_err(|error| refusal("", &error))?;
    Ok(value)
}

fn refusal(path: &str, error: &serde_json::Error) -> Error {
    use serde_json::error::Category;
    let message = error.to_string();
    let path = if path == "." { "" } else { path };
    match error.classify() {
        Category::Data if message.starts_with("recursion limit") => {
            Error::malformed("body", "is nested too deeply")
        }
        Category::Data => Error::invalid(violation(path, &message)),
        Category::Syntax | Category::Eof | Category::Io => {
            Error::malformed("body", format!("must be valid JSON in UTF-8: {message}"))
        }
    }
}

/// serde words its refusals for programmers; the name of the field in them is what the caller needs.
fn violation(path: &str, message: &str) -> Violation {
    let text = message.split(" at line ").next().unwrap_or(message);
    let named = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
    let join = |name: &str| {
        // For an unknown field the path may end in the field itself already.
        if path.is_empty() {
            name.to_owned()
        } else if path == name || path.ends_with(&format!(".{name}")) {
            path.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    if let Some(name) = named("unknown field `") {
        let allowed = text.split_once("expected ").map_or("", |(_, allowed)| allowed).replace('`', "");
        return Violation::new(join(name), "unknown_field", format!("is not known here; allowed: {allowed}"));
    }
    if let Some(name) = named("duplicate field `") {
        return Violation::new(join(name), "duplicate_field", "is given twice");
    }
    if let Some(name) = named("missing field `") {
        return Violation::new(join(name), "required", "is required");
    }
    let field = if path.is_empty() { "body" } else { path };
    // Never the value that was given: it may be a card's number or a password.
    let wanted = text.rsplit_once("expected ").map_or("another value", |(_, wanted)| wanted);
    Violation::new(field, "invalid_type", format!("must be {wanted}"))
}

/// A whole number, however it is written: JSON (and JSON Schema) knows no difference between 5 and 5.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeReader)
    }
}

struct WholeReader;

impl Visitor<'_> for WholeReader {
    type Value = Whole;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E>(self, value: i64) -> Result<Whole, E> {
        Ok(Whole(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Whole, E> {
        i64::try_from(value).map(Whole).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Whole, E> {
        // Up to here every whole number has a float of its own.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.fract() != 0.0 || value.abs() >= EXACT {
            return Err(E::invalid_value(Unexpected::Float(value), &self));
        }
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
        Ok(Whole(value as i64))
    }
}

/// For fields of 32 bits: a [`Whole`] that fits.
///
/// # Errors
/// What is no whole number, or does not fit.
pub fn whole_u32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(Whole(number)) = Option::deserialize(deserializer)? else { return Ok(None) };
    u32::try_from(number).map(Some).map_err(|_| {
        serde::de::Error::invalid_value(Unexpected::Signed(number), &"a whole number from 0 to 4294967295")
    })
}

/// For fields that may hold any [`Whole`].
///
/// # Errors
/// What is no whole number.
pub fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(|Whole(number)| number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        inner: Inner,
    }
    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        number: u8,
    }

    fn first(body: &str) -> (String, &'static str) {
        let violation = read::<Outer>(body.as_bytes()).unwrap_err().violations().remove(0);
        (violation.field, violation.code)
    }

    #[test]
    fn every_refusal_names_its_field() {
        assert_eq!(first(r#"{"inner":{"number":1,"colour":2}}"#), ("inner.colour".into(), "unknown_field"));
        assert_eq!(first(r#"{"inner":{"number":"x"}}"#), ("inner.number".into(), "invalid_type"));
        assert_eq!(first(r#"{"inner":{}}"#), ("inner.number".into(), "required"));
        assert_eq!(first(r#"{"inner":{"number":300}}"#), ("inner.number".into(), "invalid_type"));
        let whole = |text: &str| read::<Option<Whole>>(text.as_bytes()).ok().flatten();
        assert_eq!(
            (whole("5.0"), whole("-3"), whole("5.5"), whole("1e300")),
            (Some(Whole(5)), Some(Whole(-3)), None, None)
        );
        assert_eq!(first("[]"), ("body".into(), "invalid_type"));
        assert_eq!(first(r#" [{"number":1}]"#), ("body".into(), "invalid_type"));
        assert_eq!(first("[1"), ("body".into(), "malformed"));
        assert_eq!(first("{"), ("body".into(), "malformed"));
        assert_eq!(first(r#"{"inner":{"number":1}} x"#), ("body".into(), "malformed"));
        assert_eq!(first("\u{0}"), ("body".into(), "malformed"));
    }
}
