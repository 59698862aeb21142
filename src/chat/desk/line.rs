//! Who waits for an answer in which conversation: one answer at a time in each, in the order of the questions.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::app::Caller;
use crate::domain::{MessageId, RoomId};

/// A question that waits.
pub struct Asked {
    pub caller: Caller,
    pub question: MessageId,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Asked>,
    under_way: Option<(MessageId, CancellationToken)>,
}

/// The lines of all conversations in which something is to be answered.
#[derive(Default)]
pub struct Lines(Mutex<HashMap<RoomId, Line>>);

impl Lines {
    /// Puts a question at the end of its line. True when the line is new: somebody must work it off.
    pub fn join(&self, room: RoomId, asked: Asked) -> bool {
        let mut lines = self.0.lock();
        let is_new = !lines.contains_key(&room);
        lines.entry(room).or_default().waiting.push_back(asked);
        is_new
    }

    /// The next question of a room, with what stops its answer; the line ends when there is none.
    pub fn next(&self, room: RoomId) -> Option<(Asked, CancellationToken)> {
        let mut lines = self.0.lock();
        let line = lines.get_mut(&room)?;
        let Some(asked) = line.waiting.pop_front() else {
            lines.remove(&room);
            return None;
        };
        let stop = CancellationToken::new();
        line.under_way = Some((asked.question, stop.clone()));
        Some((asked, stop))
    }

    /// Nothing of the room is answered any more, neither what is under way nor what waits.
    pub fn stop_all(&self, room: RoomId) {
        if let Some(line) = self.0.lock().get_mut(&room) {
            line.waiting.clear();
            if let Some((_, stop)) = line.under_way.take() {
                stop.cancel();
            }
        }
    }

    /// A question is not answered any more.
    pub fn stop(&self, room: RoomId, question: MessageId) {
        if let Some(line) = self.0.lock().get_mut(&room) {
            line.waiting.retain(|asked| asked.question != question);
            if let Some((_, stop)) = line.under_way.take_if(|(known, _)| *known == question) {
                stop.cancel();
            }
        }
    }
}
