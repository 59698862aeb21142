//! Where questions of conversations come in and the advisor's answers go out.

mod line;
mod slots;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::{Advisor, Consultation, Grounds, Piece, Pieces, Role, Turn};
use crate::app::chat::Advice;
use crate::app::{App, Caller};
use crate::clock::Ids;
use crate::domain::audit::{Channel, Origin};
use crate::domain::chat::{Author, Message, MessageDraft, Room, Span};
use crate::domain::{Error, MessageId, Principal, Result, RoomId};
use crate::tasks::Tasks;
use line::{Asked, Lines};
use slots::Slots;

/// Conversations that are looked at together after a start.
const LEFT_OVER: u32 = 1000;
/// The first pause before an answer is tried again that could not be written down, and the longest; each is twice as long
/// as the one before.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Tokens of an answer in a conversation at most.
const ANSWER_TOKENS: u32 = 1024;

/// Pieces of an answer in one signal at most.
const SIGNALLED: usize = 16;

const NO_ANSWER: &str = "I cannot answer just now. Please ask again, or call the staff.";

/// Limits of the desk.
#[derive(Clone, Copy, Debug)]
pub struct DeskSettings {
    /// Answers under way at the same time; more wait.
    pub max_answers: usize,
    /// Of those, answers to one user.
    pub max_answers_per_user: usize,
    /// Messages of a conversation that the advisor is told.
    pub history_messages: u32,
}

/// The desk; cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Parts>);

struct Parts {
    app: App,
    advisor: Arc<dyn Advisor>,
    ids: Ids,
    tasks: Tasks,
    settings: DeskSettings,
    slots: Slots,
    lines: Lines,
}

impl Desk {
    /// Opens the desk.
    pub fn new(
        app: App,
        advisor: Arc<dyn Advisor>,
        (ids, tasks): (Ids, Tasks),
        settings: DeskSettings,
    ) -> Self {
        Self(Arc::new(Parts {
            app,
            advisor,
            ids,
            tasks,
            slots: Slots::new(settings.max_answers, settings.max_answers_per_user),
            settings,
            lines: Lines::default(),
        }))
    }

    /// The use cases behind it.
    pub fn app(&self) -> &App {
        &self.0.app
    }

    /// Asks the advisor outside of any conversation.
    ///
    /// # Errors
    /// As [`App::admit_question`]; [`Error::Unavailable`].
    pub async fn consult(&self, consultation: Consultation) -> Result<Pieces> {
        self.0.app.admit_question(&consultation.caller.principal)?;
        let closed = || Error::unavailable("the desk of the advisor is closed");
        let slot = self.0.slots.take(&consultation.caller.principal).await.ok_or_else(closed)?;
        let pieces = self.0.advisor.advise(consultation).await?;
        // The place is held for as long as somebody reads.
        Ok(Box::pin(pieces.inspect(move |_| {
            let _held = &slot;
        })))
    }

    /// Writes a message and has the advisor answer it, unless the staff has taken over.
    ///
    /// # Errors
    /// As [`App::post_message`].
    pub async fn post(&self, caller: &Caller, room: RoomId, draft: MessageDraft) -> Result<(Room, Message)> {
        let (room, message) = self.0.app.post_message(caller, room, draft).await?;
        if room.unanswered == Some(message.id) {
            let asker = Caller::new(caller.principal.clone(), caller.origin.clone());
            self.answer_later(asker, room.clone(), message.id);
        }
        Ok((room, message))
    }

    /// Takes a message away; an answer to it that is under way stops.
    ///
    /// # Errors
    /// As [`App::delete_message`].
    pub async fn delete(&self, caller: &Caller, room: RoomId, id: MessageId) -> Result<Message> {
        let message = self.0.app.delete_message(caller, room, id).await?;
        self.0.lines.stop(message.room_id, id);
        Ok(message)
    }

    /// Takes a conversation over; an answer that is under way stops.
    ///
    /// # Errors
    /// As [`App::join_room`].
    pub async fn join(&self, caller: &Caller, room: RoomId) -> Result<Room> {
        let room = self.0.app.join_room(caller, room).await?;
        self.0.lines.stop_all(room.id);
        Ok(room)
    }

    /// Says that somebody types, or stops to.
    ///
    /// # Errors
    /// As [`App::get_room`]; [`Error::RateLimited`].
    pub async fn typing(&self, principal: &Principal, room: RoomId, on: bool) -> Result<()> {
        self.0.app.admit_sign(principal)?;
        let room = self.0.app.get_room(principal, room).await?;
        self.0.app.tell_typing(&room, principal.user_id(), on);
        Ok(())
    }

    /// Answers what a crash left unanswered.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn resume(&self) -> Result<()> {
        let mut after = None;
        loop {
            let rooms = self.0.app.unanswered_rooms(after, LEFT_OVER).await?;
            let Some(last) = rooms.last() else { return Ok(()) };
            after = Some(last.id);
            for room in rooms {
                for question in self.0.app.owed_messages(&room).await? {
                    // The asker's token is gone: the store is asked with the rights of nobody.
                    let caller = Caller::new(Principal::anonymous(room.tenant), system());
                    self.answer_later(caller, room.clone(), question);
                }
            }
        }
    }

    /// Has a question answered after those that were asked before it in its conversation.
    fn answer_later(&self, caller: Caller, room: Room, question: MessageId) {
        if !self.0.lines.join(room.id, Asked { caller, question }) {
            return;
        }
        let (desk, shutdown) = (self.clone(), self.0.tasks.shutdown().clone());
        self.0.tasks.spawn_connection("chat answers", async move {
            while let Some((asked, stop)) = desk.0.lines.next(room.id) {
                tokio::select! {
                    () = desk.answer(&asked.caller, &room, asked.question) => {}
                    () = stop.cancelled() => {}
                    // It stands unanswered in the database, and is answered after the restart.
                    () = shutdown.cancelled() => return,
                }
                desk.0.app.tell_typing(&room, None, false);
            }
        });
    }

    async fn answer(&self, caller: &Caller, room: &Room, question: MessageId) {
        let Some(slot) = self.0.slots.take(&caller.principal).await else { return };
        self.0.app.tell_typing(room, None, true);
        let id = MessageId(self.0.ids.uuid_v7());
        let (grounds, text) = match self.listen(caller, room, question, id).await {
            Ok(answer) => answer,
            Err(Error::NotFound(_)) => return,
            Err(error) => {
                tracing::error!(code = error.code(), cause = ?std::error::Error::source(&error), "no advice");
                (Grounds::default(), NO_ANSWER.to_owned())
            }
        };
        // To write it down may take long when the disk is full; others are answered meanwhile.
        drop(slot);
        let advice = Advice { id, answers: question, text, citations: grounds.citations };
        let author = Caller::new(Principal::anonymous(room.tenant), system());
        let mut pause = PAUSE;
        loop {
            match self.0.app.post_advice(&author, room.id, advice.clone()).await {
                Ok(_) => return,
                // The staff has taken over, or the question is gone: the advisor is silent.
                Err(Error::NotFound(_)) => return,
                Err(error) => {
                    tracing::error!(code = error.code(), "the advisor's answer could not be written")
                }
            }
            self.0.app.clock().sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The whole answer, told on as it comes.
    async fn listen(
        &self,
        caller: &Caller,
        room: &Room,
        question: MessageId,
        id: MessageId,
    ) -> Result<(Grounds, String)> {
        let turns = self.turns(room, question).await?;
        let consultation =
            Consultation { caller: caller.clone(), turns, max_tokens: ANSWER_TOKENS, temperature: 1.0 };
        // Words that are there together are told together: each signal is a frame for each who listens.
        let mut pieces = self.0.advisor.advise(consultation).await?.ready_chunks(SIGNALLED);
        let (mut grounds, mut text) = (Grounds::default(), String::new());
        while let Some(pieces) = pieces.next().await {
            let mut said = String::new();
            for piece in pieces {
                match piece? {
                    Piece::Grounds(known) => grounds = known,
                    Piece::Text(words) => said.push_str(&words),
                    Piece::End { .. } => {}
                }
            }
            if !said.is_empty() {
                text.push_str(&said);
                self.0.app.tell_words(room, id, said);
                // Others come between two signals.
                tokio::task::yield_now().await;
            }
        }
        Ok((grounds, text))
    }

    /// What was said before the question, and the question, for the advisor. Answers to earlier questions may have been
    /// written after it.
    async fn turns(&self, room: &Room, question: MessageId) -> Result<Vec<Turn>> {
        let (app, limit) = (&self.0.app, self.0.settings.history_messages);
        let asked = app.asked_message(room, question).await?;
        let mut messages = app.room_history(room, Span::Before(Some(question)), limit).await?;
        let later = app.room_history(room, Span::After(question), limit).await?;
        messages.extend(later.into_iter().filter(|message| message.author == Author::Advisor));
        messages.push(asked);
        let said = messages.into_iter().filter(|m| m.deleted_at.is_none() && m.author != Author::System);
        let turns = said.map(|message| Turn {
            role: if message.author == Author::User { Role::User } else { Role::Assistant },
            text: message.text,
        });
        Ok(turns.collect())
    }
}

fn system() -> Origin {
    Origin { channel: Channel::System, ip_address: None, user_agent: None, request_id: None }
}
