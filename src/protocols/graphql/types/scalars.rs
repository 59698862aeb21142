//! Scalars beyond those of the GraphQL specification.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

use crate::domain::stats::Total;
use crate::domain::{Amount, Timestamp, Violation};

/// An exact decimal number as text.
#[derive(Clone)]
pub struct Decimal(String);

/// An exact decimal number, written as a string such as "75.00": an amount of money never passes through a float.
#[Scalar(name = "Decimal", specified_by_url = "https://www.w3.org/TR/xmlschema-2/#decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            // What the digits may be is the domain's rule, so that the refusal is the same in every protocol.
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

impl From<Total> for Decimal {
    fn from(total: Total) -> Self {
        Self(total.to_string())
    }
}

impl From<Amount> for Decimal {
    fn from(amount: Amount) -> Self {
        Self(amount.to_string())
    }
}

impl Decimal {
    /// The amount of money that it says.
    ///
    /// # Errors
    /// As [`Amount::parse`].
    pub fn amount(&self, field: &str) -> Result<Amount, Violation> {
        Amount::parse(field, &self.0)
    }
}

/// An instant, or a text that should be one.
#[derive(Clone)]
pub struct DateTime(Result<Timestamp, String>);

/// An instant in UTC, written as RFC 3339 with milliseconds: "2026-01-31T12:00:00.000Z".
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            // Refused by whoever reads it, who knows the field.
            Value::String(text) => Ok(Self(Timestamp::parse(&text).ok_or(text))),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(match &self.0 {
            Ok(at) => at.to_string(),
            Err(text) => text.clone(),
        })
    }
}

impl DateTime {
    /// The instant.
    ///
    /// # Errors
    /// A violation of `field` when it is none.
    pub fn at(&self, field: &str) -> Result<Timestamp, Violation> {
        let message = "must be a time as in RFC 3339, for example 2026-11-22T10:00:00Z";
        self.0.as_ref().copied().map_err(|_| Violation::new(field, "invalid_time", message))
    }
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(Ok(at))
    }
}

/// A position in the event log.
#[derive(Clone)]
pub struct Cursor(pub crate::domain::Cursor);

/// A position in the event log: opaque text, the same on every channel. Give it back as `after` and the next events follow,
/// without a gap. The cursors of connections are places in a list, and no positions of the log.
#[Scalar(name = "Cursor")]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Any JSON value.
#[derive(Clone)]
pub struct Json(Value);

/// Any JSON value; here what an event or an audit row carries, in the same shape as REST and webhooks send it.
#[Scalar(name = "JSON", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

impl Json {
    /// The value that a JSON text of ours stands for.
    pub fn from_text(text: &str) -> Self {
        // Written by the wire layer a moment ago, so it can be read.
        Self(serde_json::from_str(text).unwrap_or_default())
    }
}
