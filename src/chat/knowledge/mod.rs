//! The advisor that needs nobody else: it finds what the knowledge base says and puts it together. It makes nothing up;
//! what it does not find it does not know.

mod animals;
mod compose;
mod entry;
mod retrieval;
mod shop;
mod signs;
mod wish;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream;

use super::{Advisor, Consultation, Finish, Grounds, Piece, Pieces, Usage, count_tokens, tokens};
use crate::app::App;
use crate::domain::Result;

pub use compose::{Shelf, pet_line};
pub use entry::{Entry, RedFlag, Topic};
pub use retrieval::{Finding, Library, Question};
pub use shop::{orders, pets};
pub use wish::{Errand, Wish, errand};

/// Longest question that is read, in characters; what is behind it says no more.
const READ_CHARS: usize = 4000;

/// The advisor of the built-in knowledge base.
#[derive(Clone)]
pub struct Knowledge {
    app: App,
    library: Arc<Library>,
}

impl Knowledge {
    /// With the library that is built in.
    pub fn new(app: App, library: Arc<Library>) -> Self {
        Self { app, library }
    }

    /// What the library and the store say to a question.
    ///
    /// # Errors
    /// The failures of the index and of the store.
    pub async fn shelf(&self, consultation: &Consultation) -> Result<Shelf<'_>> {
        let question: String = consultation.question().chars().take(READ_CHARS).collect();
        let earlier = consultation.earlier();
        let finding = self.library.look_up(&Question { text: &question, before: &earlier, species: None })?;
        let mut shelf = Shelf { finding, pets: None, orders: None, only_store: false };
        match errand(&question, &earlier) {
            Some(Errand::Pets(mut wish, beside)) => {
                wish.species = wish.species.or(shelf.finding.species);
                shelf.only_store = !self.library.says_anything(&beside);
                shelf.pets = Some(pets(&self.app, &consultation.caller, &wish).await?);
            }
            // Who may not see orders gets no word of them.
            Some(Errand::Orders) => {
                shelf.orders = orders(&self.app, &consultation.caller).await.ok();
                shelf.only_store = shelf.orders.is_some();
            }
            None => {}
        }
        Ok(shelf)
    }

    /// The whole answer.
    ///
    /// # Errors
    /// As [`Knowledge::shelf`].
    pub async fn answer(&self, consultation: &Consultation) -> Result<(Grounds, String)> {
        let shelf = self.shelf(consultation).await?;
        Ok((shelf.grounds(), shelf.text()))
    }
}

#[async_trait]
impl Advisor for Knowledge {
    async fn advise(&self, consultation: Consultation) -> Result<Pieces> {
        let (grounds, text) = self.answer(&consultation).await?;
        let prompt_tokens = consultation.turns.iter().map(|turn| count_tokens(&turn.text)).sum();
        let all = count_tokens(&text);
        let told = all.min(consultation.max_tokens);
        let words: Vec<String> =
            tokens(&text).take(usize::try_from(told).unwrap_or(usize::MAX)).map(str::to_owned).collect();
        let finish = if told < all { Finish::Length } else { Finish::Stop };
        let end = Piece::End { finish, usage: Usage { prompt_tokens, completion_tokens: told } };
        let pieces = std::iter::once(Piece::Grounds(grounds))
            .chain(words.into_iter().map(Piece::Text))
            .chain(std::iter::once(end));
        Ok(Box::pin(stream::iter(pieces.map(Ok))))
    }
}
