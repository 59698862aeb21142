//! The settings of conversations and the advisor.

use serde::Deserialize;

use super::Secret;

/// Which engine advises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AdvisorEngine {
    /// The built-in knowledge base.
    Knowledge,
    /// A language model behind an OpenAI-compatible service.
    OpenAi,
}

/// `[chat]`: conversations and the advisor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatSettings {
    /// Who advises: the built-in knowledge base, or a language model (which falls back to it).
    pub engine: AdvisorEngine,
    /// Where the language model is: any service that speaks OpenAI's chat completions.
    pub openai_base_url: String,
    /// The key of that service.
    pub openai_api_key: Secret,
    /// The model to ask for.
    pub openai_model: String,
    /// Longest time to connect to it, milliseconds.
    pub openai_connect_timeout_ms: u64,
    /// Longest silence before its first words and between two, milliseconds.
    pub openai_stall_timeout_ms: u64,
    /// Longest time for one answer, milliseconds.
    pub openai_total_timeout_ms: u64,
    /// Further tries of a request that brought no word.
    pub openai_retries: u32,
    /// Tokens of the service that one user may use in a day; then the knowledge base answers.
    pub openai_tokens_per_user_day: u64,
    /// Longest message of a user, characters.
    pub max_message_chars: usize,
    /// Messages and questions of one user in a minute; one more is answered with 429.
    pub messages_per_minute: u32,
    /// Receipts, typing, calls and comings into conversations of one user in a minute; one more is answered with 429.
    pub signs_per_minute: u32,
    /// Conversations of one user.
    pub max_rooms: usize,
    /// Pictures in one conversation.
    pub max_pictures: usize,
    /// Largest picture, bytes.
    pub max_picture_bytes: usize,
    /// Answers under way at the same time, in conversations and outside of them; more wait.
    pub max_answers: usize,
    /// Of those, answers to one user.
    pub max_answers_per_user: usize,
    /// Messages of a conversation that the advisor is told.
    pub history_messages: u32,
    /// Conversations that one connection can be in.
    pub max_joined: usize,
}
