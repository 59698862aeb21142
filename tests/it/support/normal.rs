//! Answers, events and audit rows with what differs from run to run taken out, so that two runs can be compared.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

/// Gives ids their number of first appearance. One for all values of a run: the same id stays the same.
#[derive(Default)]
pub struct Normal(HashMap<String, usize>);

impl Normal {
    /// `value` with numbered ids and without times.
    pub fn of(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.clone(), self.of(value)));
                Value::Object(fields.collect())
            }
            Value::Array(items) => items.iter().map(|item| self.of(item)).collect(),
            Value::String(text) => Value::String(self.text(text)),
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if let Some((path, last)) = text.rsplit_once('/') {
            return format!("{path}/{}", self.text(last));
        }
        let (prefix, id) = match text.split_once('_') {
            Some((prefix @ ("evt" | "rcp"), id)) => (prefix, id),
            _ => ("", text),
        };
        if id.len() == 36 && Uuid::try_parse(id).is_ok() {
            let next = self.0.len();
            return format!("{prefix}#{}", self.0.entry(id.to_owned()).or_insert(next));
        }
        if petstore::domain::Timestamp::parse(text).is_some() { "a time".to_owned() } else { text.to_owned() }
    }
}

/// What `whole` says of the fields that `part` has. GraphQL answers with the fields that were asked for, REST with all.
pub fn projected(whole: &Value, part: &Value) -> Value {
    match (whole, part) {
        (Value::Object(whole), Value::Object(fields)) => {
            let pick = |(name, part): (&String, &Value)| {
                (name.clone(), projected(whole.get(name).unwrap_or(&Value::Null), part))
            };
            Value::Object(fields.iter().map(pick).collect())
        }
        _ => whole.clone(),
    }
}
