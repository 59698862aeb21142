//! The chunks of a streamed answer, as leniently as services differ.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::chat::count_tokens;

/// Most tools of one answer.
const MAX_CALLS: usize = 8;
/// Longest arguments of one, in bytes.
const MAX_ARGUMENTS: usize = 16 * 1024;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    pub choices: Vec<Choice>,
    pub usage: Option<Told>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    pub delta: Delta,
    pub finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta {
    pub content: Option<String>,
    pub tool_calls: Option<Vec<CallPart>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CallPart {
    index: usize,
    id: Option<String>,
    function: Option<FunctionPart>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct FunctionPart {
    name: Option<String>,
    arguments: Option<String>,
}

/// What the service says that it counted.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Told {
    pub prompt_tokens: u32,
    pub completion_tokens: u32,
}

/// A tool that the model wants to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Call {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

/// Puts the parts of calls together, which come bit by bit.
pub(super) fn gather(calls: &mut Vec<Call>, parts: Option<Vec<CallPart>>) {
    for part in parts.into_iter().flatten() {
        if part.index >= MAX_CALLS {
            continue;
        }
        if calls.len() <= part.index {
            calls.resize_with(part.index + 1, Call::default);
        }
        let call = &mut calls[part.index];
        if let Some(id) = part.id {
            call.id = id;
        }
        let function = part.function.unwrap_or_default();
        call.name.push_str(&function.name.unwrap_or_default());
        let arguments = function.arguments.unwrap_or_default();
        if call.arguments.len() + arguments.len() <= MAX_ARGUMENTS {
            call.arguments.push_str(&arguments);
        }
    }
}

/// The message of the model that asked for `calls`.
pub(super) fn assistant_calls(calls: &[Call]) -> Value {
    let calls = calls.iter().map(|call| {
        let function = json!({ "name": call.name, "arguments": call.arguments });
        json!({ "id": call.id, "type": "function", "function": function })
    });
    json!({ "role": "assistant", "content": null, "tool_calls": calls.collect::<Vec<_>>() })
}

/// About how many tokens a prompt has, until the service tells: its words, or a quarter of its characters where they are
/// longer.
pub(super) fn estimate(messages: &[Value]) -> u32 {
    const CHARS: usize = 4;
    let each = messages.iter().map(|message| {
        let text = message["content"].as_str().unwrap_or_default();
        count_tokens(text).max(u32::try_from(text.len() / CHARS).unwrap_or(u32::MAX))
    });
    each.fold(0, u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_bit_by_bit() {
        let mut calls = Vec::new();
        for text in [
            r#"[{"index":0,"id":"c1","function":{"name":"search_pets","arguments":"{\"spe"}}]"#,
            r#"[{"index":0,"function":{"arguments":"cies\":\"DOG\"}"}}, {"index":99}]"#,
        ] {
            gather(&mut calls, serde_json::from_str(text).unwrap());
        }
        let arguments = r#"{"species":"DOG"}"#.to_owned();
        assert_eq!(calls, [Call { id: "c1".into(), name: "search_pets".into(), arguments }]);
    }

    #[test]
    fn chunks_of_other_services_are_read() {
        for text in ["{}", r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null,"x":1}"#] {
            assert!(serde_json::from_str::<Chunk>(text).is_ok(), "{text}");
        }
    }
}
