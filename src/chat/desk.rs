//! Where questions of conversations come in and the advisor's answers go out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{Advisor, Consultation, Grounds, Piece, Pieces, Role, Turn};
use crate::app::chat::Advice;
use crate::app::{App, Caller};
use crate::clock::Ids;
use crate::domain::audit::{Channel, Origin};
use crate::domain::chat::{Author, Message, MessageDraft, Room, Span};
use crate::domain::{Error, MessageId, Principal, Result, RoomId};
use crate::tasks::Tasks;

/// Conversations that are looked at together after a start.
const LEFT_OVER: u32 = 1000;
/// Pause before a conversation's answer is tried again that could not be written down.
const PAUSE: Duration = Duration::from_secs(1);
/// How often that is tried.
const TRIES: u32 = 5;
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
    slots: Semaphore,
    /// The answer that is under way in a room, to be stopped when the staff takes over.
    answering: Mutex<HashMap<RoomId, (MessageId, CancellationToken)>>,
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
            slots: Semaphore::new(settings.max_answers),
            settings,
            answering: Mutex::default(),
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
        self.0.advisor.advise(consultation).await
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

    /// Takes a conversation over; an answer that is under way stops.
    ///
    /// # Errors
    /// As [`App::join_room`].
    pub async fn join(&self, caller: &Caller, room: RoomId) -> Result<Room> {
        let room = self.0.app.join_room(caller, room).await?;
        if let Some((_, answer)) = self.0.answering.lock().remove(&room.id) {
            answer.cancel();
        }
        Ok(room)
    }

    /// Says that somebody types, or stops to.
    ///
    /// # Errors
    /// As [`App::get_room`].
    pub async fn typing(&self, principal: &Principal, room: RoomId, on: bool) -> Result<()> {
        let room = self.0.app.get_room(principal, room).await?;
        self.0.app.tell_typing(&room, principal.user_id(), on);
        Ok(())
    }

    /// Answers what a crash left unanswered.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn resume(&self) -> Result<()> {
        for room in self.0.app.unanswered_rooms(LEFT_OVER).await? {
            let Some(question) = room.unanswered else { continue };
            // The asker's token is gone: the store is asked with the rights of nobody.
            let caller = Caller::new(Principal::anonymous(room.tenant), system());
            self.answer_later(caller, room, question);
        }
        Ok(())
    }

    fn answer_later(&self, caller: Caller, room: Room, question: MessageId) {
        let (desk, stop) = (self.clone(), CancellationToken::new());
        self.0.answering.lock().insert(room.id, (question, stop.clone()));
        let shutdown = self.0.tasks.shutdown().clone();
        self.0.tasks.spawn_connection("chat answer", async move {
            tokio::select! {
                () = desk.answer(&caller, &room, question) => {}
                () = stop.cancelled() => {}
                // It stands unanswered in the database, and is answered after the restart.
                () = shutdown.cancelled() => {}
            }
            desk.0.app.tell_typing(&room, None, false);
            let mut answering = desk.0.answering.lock();
            if answering.get(&room.id).is_some_and(|(known, _)| *known == question) {
                answering.remove(&room.id);
            }
        });
    }

    async fn answer(&self, caller: &Caller, room: &Room, question: MessageId) {
        let Ok(_slot) = self.0.slots.acquire().await else { return };
        self.0.app.tell_typing(room, None, true);
        let id = MessageId(self.0.ids.uuid_v7());
        let (grounds, text) = match self.listen(caller, room, question, id).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(code = error.code(), cause = ?std::error::Error::source(&error), "no advice");
                (Grounds::default(), NO_ANSWER.to_owned())
            }
        };
        let advice = Advice { id, answers: question, text, citations: grounds.citations };
        let author = Caller::new(Principal::anonymous(room.tenant), system());
        for _ in 0..TRIES {
            match self.0.app.post_advice(&author, room.id, advice.clone()).await {
                Ok(_) => return,
                // The staff has taken over: the advisor is silent.
                Err(Error::NotFound(_)) => return,
                Err(error) => {
                    tracing::error!(code = error.code(), "the advisor's answer could not be written")
                }
            }
            self.0.app.clock().sleep(PAUSE).await;
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

    /// What was said up to the question, for the advisor.
    async fn turns(&self, room: &Room, question: MessageId) -> Result<Vec<Turn>> {
        let limit = self.0.settings.history_messages;
        let messages = self.0.app.room_history(room, Span::Before(None), limit).await?;
        let asked = messages.iter().position(|message| message.id == question);
        let upto = asked.map_or(messages.len(), |at| at + 1);
        let said =
            messages.into_iter().take(upto).filter(|m| m.deleted_at.is_none() && m.author != Author::System);
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
