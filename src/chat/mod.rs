//! The advisor, and the desk that brings it into conversations.
//!
//! Cast: an [`Advisor`] turns a [`Consultation`] into [`Piece`]s, word by word. There are two: [`knowledge`] answers from
//! the entries that ship with the source, [`openai`] asks a language model and falls back to the first. The [`Desk`] hands
//! the questions of conversations to the advisor, signals its words to those who watch, and writes the answer down as a
//! message.
//!
//! Guarantees: what the knowledge advisor says stands in an entry or in the database, read with the caller's own rights.
//! A question that was written down is answered, if need be after a restart, unless the staff has taken over. Signals are
//! of the moment: who misses one has the message.

mod allowance;
pub mod desk;
pub mod knowledge;
pub mod openai;

use std::ops::Add;
use std::pin::Pin;

use async_trait::async_trait;
use futures_util::Stream;

use crate::app::Caller;
use crate::domain::chat::Citation;
use crate::domain::{PetId, Result};

pub use allowance::{Allowance, Reserved};
pub use desk::Desk;

/// Who said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions of a program that calls; they bind the advisor's manner, never its rights.
    System,
    User,
    Assistant,
}

/// One thing that was said.
#[derive(Clone, Debug)]
pub struct Turn {
    pub role: Role,
    pub text: String,
}

/// What the advisor is asked.
#[derive(Clone, Debug)]
pub struct Consultation {
    /// On whose behalf, and with whose rights, the store is asked.
    pub caller: Caller,
    /// What was said so far, the question last.
    pub turns: Vec<Turn>,
    /// Longest answer, in tokens.
    pub max_tokens: u32,
    /// How freely a language model words its answer, 0 to 2.
    pub temperature: f32,
}

impl Consultation {
    /// The question: what the user said last.
    pub fn question(&self) -> &str {
        self.turns.iter().rev().find(|turn| turn.role == Role::User).map_or("", |turn| turn.text.as_str())
    }

    /// What the user asked before, the oldest first.
    pub fn earlier(&self) -> Vec<&str> {
        let mut asked: Vec<&str> =
            self.turns.iter().filter(|turn| turn.role == Role::User).map(|turn| turn.text.as_str()).collect();
        asked.pop();
        asked
    }
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Stop,
    /// It was longer than was asked for.
    Length,
}

/// What an answer cost, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub prompt_tokens: u32,
    pub completion_tokens: u32,
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(other.completion_tokens),
        }
    }
}

/// What an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grounds {
    pub citations: Vec<Citation>,
    /// Entries whose red flag the question shows.
    pub red_flags: Vec<String>,
    /// Pets of the store that it names.
    pub pets: Vec<PetId>,
}

/// A part of an answer.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Comes first, when it is known by then.
    Grounds(Grounds),
    /// About a token.
    Text(String),
    /// Comes last.
    End { finish: Finish, usage: Usage },
}

/// An answer as it comes.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Piece>> + Send>>;

/// Answers questions.
#[async_trait]
pub trait Advisor: Send + Sync {
    /// Begins an answer. Dropping it stops the work.
    ///
    /// # Errors
    /// [`crate::domain::Error::Unavailable`] when nothing can be said now.
    async fn advise(&self, consultation: Consultation) -> Result<Pieces>;
}

/// The tokens of a text: words with the space behind them, which is what streams are cut into and answers are counted in.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}

/// How many tokens a text has.
pub fn count_tokens(text: &str) -> u32 {
    u32::try_from(tokens(text).count()).unwrap_or(u32::MAX)
}
