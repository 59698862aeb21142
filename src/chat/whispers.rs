//! What is of the moment in a conversation: who types, and the advisor's words as they come. None of it is kept; what
//! counts comes as a message through the log.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::domain::{MessageId, RoomId, UserId};

/// Whispers that may wait for one listener; who is slower misses some.
const WAITING: usize = 256;

/// Something of the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whisper {
    /// Somebody types, or stops to; the advisor when there is no user.
    Typing { user: Option<UserId>, on: bool },
    /// Words of the message that is to come under that id.
    Delta { message: MessageId, text: Arc<str> },
}

/// The rooms that somebody listens to, in this process.
#[derive(Clone, Default)]
pub struct Whispers(Arc<Mutex<HashMap<RoomId, broadcast::Sender<Whisper>>>>);

impl Whispers {
    /// Listens to a room.
    pub fn listen(&self, room: RoomId) -> broadcast::Receiver<Whisper> {
        let mut rooms = self.0.lock();
        // A look at the others now and then costs less than a task that waits for listeners to leave.
        rooms.retain(|_, listeners| listeners.receiver_count() > 0);
        rooms.entry(room).or_insert_with(|| broadcast::channel(WAITING).0).subscribe()
    }

    /// Says something to all who listen to the room.
    pub fn say(&self, room: RoomId, whisper: Whisper) {
        if let Some(listeners) = self.0.lock().get(&room) {
            // Nobody listens any more: nothing is lost by that.
            let _ = listeners.send(whisper);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_room_hears() {
        let whispers = Whispers::default();
        let (here, there) = (RoomId(uuid::Uuid::from_u128(1)), RoomId(uuid::Uuid::from_u128(2)));
        let (mut one, mut other) = (whispers.listen(here), whispers.listen(there));
        let typing = Whisper::Typing { user: None, on: true };
        whispers.say(here, typing.clone());
        assert_eq!(one.recv().await.unwrap(), typing);
        assert!(other.try_recv().is_err());
        drop(one);
        drop(whispers.listen(there));
        assert_eq!(whispers.0.lock().len(), 1, "rooms without listeners are forgotten");
    }
}
