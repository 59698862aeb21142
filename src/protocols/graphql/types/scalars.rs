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

/// An instant.
#[derive(Clone)]
pub struct DateTime(Timestamp);

/// An instant in UTC, written as RFC 3339 with milliseconds: "2026-01-31T12:00:00.000Z".
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => match Timestamp::parse(text) {
                Some(at) => Ok(Self(at)),
                None => Err(InputValueError::custom("must be an RFC 3339 date and time")),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl DateTime {
    /// The instant.
    pub fn at(&self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

/// A position in the event log.
#[derive(Clone)]
pub struct Cursor(pub crate::domain::Cursor);

/// A position in the event log: opaque text. Give it back as `after` and the next events follow, without a gap.
#[Scalar(name = "Cursor", specified_by_url = "https://relay.dev/graphql/connections.htm#sec-Cursor")]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(text)),
            other => Err(InputValueError::expected_type(other)),
        }
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
