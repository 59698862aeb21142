//! Chat completions: the shape that OpenAI's clients send and read, with the contract's own spellings beside it
//! (contract §1, createChatCompletion).

use serde::{Deserialize, Serialize};

use super::Violations;
use super::json::whole;
use crate::domain::{Error, Violation};

/// Models, in the contract's spelling; any letter case and `-` for `_` are taken.
pub const MODELS: [&str; 2] = ["PET_ADVISOR_1", "PET_ADVISOR_TURBO"];
const ROLES: [&str; 5] = ["SYSTEM", "DEVELOPER", "USER", "ASSISTANT", "TOOL"];
/// Most messages of one request.
const MAX_MESSAGES: usize = 200;
/// How much longer than a user's message one of another role may be: what was answered is given back.
const OTHERS: usize = 8;

/// The body of createChatCompletion. What OpenAI's clients send beside it has no meaning here and is passed over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompletionInput {
    messages: Option<Vec<MessageInput>>,
    model: Option<String>,
    stream: Option<bool>,
    #[serde(
        default,
        deserialize_with = "whole",
        alias = "max_tokens",
        alias = "max_completion_tokens",
        alias = "maxCompletionTokens"
    )]
    max_tokens: Option<i64>,
    temperature: Option<f32>,
    #[serde(default, deserialize_with = "whole")]
    n: Option<i64>,
    #[serde(alias = "stream_options")]
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default, alias = "includeUsage")]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct MessageInput {
    role: Option<String>,
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

impl Content {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().map(|part| part.text).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// Who said something, as the advisor needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    Instructions,
    User,
    Assistant,
}

/// A request that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    pub turns: Vec<(Speaker, String)>,
    /// As the client wrote it.
    pub model: String,
    pub stream: bool,
    pub include_usage: bool,
    pub max_tokens: u32,
    pub temperature: f32,
}

impl CompletionInput {
    /// Checks everything; user messages may have `max_chars` characters.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation.
    pub fn read(self, max_chars: usize) -> Result<Completion, Error> {
        let mut found = Violations::default();
        let turns = turns(self.messages.unwrap_or_default(), max_chars, &mut found);
        let model = self.model.unwrap_or_else(|| MODELS[0].to_owned());
        let known = model.to_ascii_uppercase().replace('-', "_");
        if !MODELS.contains(&known.as_str()) {
            found.take::<()>(Err(Violation::one_of("model", &model, &MODELS)));
        }
        let max_tokens = self.max_tokens.unwrap_or(1024);
        let max_tokens = found.take(
            u32::try_from(max_tokens)
                .ok()
                .filter(|tokens| (1..=4096).contains(tokens))
                .ok_or_else(|| Violation::new("maxTokens", "out_of_range", "must be between 1 and 4096")),
        );
        let temperature = self.temperature.unwrap_or(1.0);
        if !(0.0..=2.0).contains(&temperature) {
            let violation = Violation::new("temperature", "out_of_range", "must be between 0 and 2");
            found.take::<()>(Err(violation));
        }
        if self.n.is_some_and(|n| n != 1) {
            found.take::<()>(Err(Violation::new("n", "out_of_range", "must be 1: there is one answer")));
        }
        found.finish(Completion {
            turns,
            model,
            stream: self.stream.unwrap_or(false),
            include_usage: self.stream_options.is_some_and(|options| options.include_usage),
            max_tokens: max_tokens.unwrap_or(1),
            temperature,
        })
    }
}

fn turns(messages: Vec<MessageInput>, max_chars: usize, found: &mut Violations) -> Vec<(Speaker, String)> {
    let mut refuse = |violation| {
        found.take::<()>(Err(violation));
    };
    if messages.is_empty() {
        refuse(Violation::new("messages", "required", "needs at least one message"));
        return Vec::new();
    }
    if messages.len() > MAX_MESSAGES {
        refuse(Violation::new("messages", "too_many", format!("must be at most {MAX_MESSAGES}")));
        return Vec::new();
    }
    let mut turns = Vec::with_capacity(messages.len());
    for (at, message) in messages.into_iter().enumerate() {
        let role = message.role.unwrap_or_default();
        let speaker = match role.to_ascii_uppercase().as_str() {
            "SYSTEM" | "DEVELOPER" => Speaker::Instructions,
            "USER" => Speaker::User,
            // What tools returned elsewhere is something that was said before.
            "ASSISTANT" | "TOOL" => Speaker::Assistant,
            _ => {
                refuse(Violation::one_of(&format!("messages[{at}].role"), &role, &ROLES));
                continue;
            }
        };
        let text = message.content.map(Content::text).unwrap_or_default();
        let most = if speaker == Speaker::User { max_chars } else { max_chars.saturating_mul(OTHERS) };
        let field = format!("messages[{at}].content");
        if let Some(violation) = crate::domain::pet::check_text(&field, &text, 0, most) {
            refuse(violation);
        } else if speaker == Speaker::User && text.trim().is_empty() {
            refuse(Violation::required(field));
        }
        turns.push((speaker, text));
    }
    if !turns.iter().any(|(speaker, _)| *speaker == Speaker::User) {
        refuse(Violation::new("messages", "required", "needs a message of the role USER"));
    }
    turns
}

/// What an answer cost, in both spellings.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usage {
    prompt_tokens: u32,
    completion_tokens: u32,
    total_tokens: u32,
    #[serde(rename = "promptTokens")]
    prompt: u32,
    #[serde(rename = "completionTokens")]
    completion: u32,
    #[serde(rename = "totalTokens")]
    total: u32,
}

impl Usage {
    /// Of that many tokens.
    pub fn new(prompt: u32, completion: u32) -> Self {
        let total = prompt.saturating_add(completion);
        Self {
            prompt_tokens: prompt,
            completion_tokens: completion,
            total_tokens: total,
            prompt,
            completion,
            total,
        }
    }
}

/// What stands at the head of an answer and of each chunk.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    pub id: String,
    pub object: &'static str,
    /// Unix seconds.
    pub created: i64,
    pub model: String,
}

/// The answer.
#[derive(Debug, Serialize)]
pub struct Answer {
    #[serde(flatten)]
    pub head: Head,
    pub choices: [Choice; 1],
    pub usage: Usage,
    /// What the answer rests on; ours.
    pub grounds: Grounds,
}

/// The one answer of an answer.
#[derive(Debug, Serialize)]
pub struct Choice {
    pub index: u32,
    pub message: Message,
    #[serde(rename = "finishReason")]
    pub finish: &'static str,
    pub finish_reason: &'static str,
}

/// What the advisor said.
#[derive(Debug, Serialize)]
pub struct Message {
    pub role: &'static str,
    pub content: String,
    pub refusal: Option<String>,
}

/// What an answer rests on.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Grounds {
    pub citations: Vec<super::chat::Citation>,
    pub red_flags: Vec<String>,
    pub pets: Vec<String>,
}

/// A part of a streamed answer.
#[derive(Debug, Serialize)]
pub struct Chunk<'c> {
    #[serde(flatten)]
    pub head: &'c Head,
    pub choices: Vec<ChunkChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grounds: Option<Grounds>,
}

/// The one answer of a chunk.
#[derive(Debug, Serialize)]
pub struct ChunkChoice {
    pub index: u32,
    pub delta: Delta,
    #[serde(rename = "finishReason")]
    pub finish: Option<&'static str>,
    pub finish_reason: Option<&'static str>,
}

/// What a chunk adds.
#[derive(Debug, Default, Serialize)]
pub struct Delta {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Completion, Vec<String>> {
        let input: CompletionInput = crate::wire::json::read(body.as_bytes()).unwrap();
        input.read(100).map_err(|error| error.violations().into_iter().map(|v| v.field).collect())
    }

    #[test]
    fn roles_and_models_come_in_any_case() {
        let body = r#"{"model":"pet-advisor-turbo","messages":[{"role":"System","content":"be kind"},
            {"role":"USER","content":[{"type":"text","text":"hello"}]}],"max_tokens":5.0,"top_p":1}"#;
        let completion = read(body).unwrap();
        assert_eq!(completion.turns[1], (Speaker::User, "hello".to_owned()));
        assert_eq!((completion.max_tokens, completion.stream), (5, false));
    }

    #[test]
    fn every_violation_is_named() {
        let refused = |body: &str| read(body).unwrap_err();
        assert_eq!(refused("{}"), ["messages"]);
        assert_eq!(
            refused(r#"{"messages":[{"role":"pirate","content":"x"}]}"#),
            ["messages[0].role", "messages"]
        );
        assert_eq!(refused(r#"{"messages":[{"role":"user","content":" "}]}"#), ["messages[0].content"]);
        assert_eq!(
            refused(
                r#"{"messages":[{"role":"user","content":"x"}],"model":"gpt","maxTokens":0,"temperature":3,"n":2}"#
            ),
            ["model", "maxTokens", "temperature", "n"]
        );
        let long = format!(r#"{{"messages":[{{"role":"user","content":"{}"}}]}}"#, "x".repeat(101));
        assert_eq!(refused(&long), ["messages[0].content"]);
    }
}
