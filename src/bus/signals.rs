//! What is of the moment: who watches a resource, who types, an advisor's words as they come. None of it is kept, and none goes through the log: who was not
//! there, or read too slowly, asks who is there now.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::domain::event::Key;
use crate::domain::{MessageId, UserId};

/// Signals that may wait for one listener; who is slower misses some.
const WAITING: usize = 256;

/// Something of the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Somebody begins to watch, or has stopped.
    Watching { user: UserId, on: bool },
    /// Somebody types, or stops to; the advisor when there is no user.
    Typing { user: Option<UserId>, on: bool },
    /// Words of the chat message that is to come under that id.
    Delta { message: MessageId, text: Arc<str> },
}

/// The places that somebody watches or listens to, in this process. A place is a resource.
#[derive(Clone, Default)]
pub struct Signals(Arc<Mutex<HashMap<Key, Place>>>);

struct Place {
    listeners: broadcast::Sender<Signal>,
    /// How often each user is here: with as many connections and subscriptions.
    watchers: HashMap<UserId, usize>,
}

/// A user's stay at a place, until it is dropped.
#[must_use]
pub struct Watch {
    signals: Signals,
    place: Key,
    user: UserId,
}

impl Place {
    fn new() -> Self {
        Self { listeners: broadcast::channel(WAITING).0, watchers: HashMap::new() }
    }

    fn is_deserted(&self) -> bool {
        self.watchers.is_empty() && self.listeners.receiver_count() == 0
    }

    /// Nobody listens any more: nothing is lost by that.
    fn say(&self, signal: Signal) {
        let _ = self.listeners.send(signal);
    }
}

impl Signals {
    /// Listens at a place.
    pub fn listen(&self, place: Key) -> broadcast::Receiver<Signal> {
        let mut places = self.0.lock();
        // A look at the others now and then costs less than a task that waits for listeners to leave.
        places.retain(|_, place| !place.is_deserted());
        places.entry(place).or_insert_with(Place::new).listeners.subscribe()
    }

    /// Says something to all who listen there.
    pub fn say(&self, place: Key, signal: Signal) {
        if let Some(place) = self.0.lock().get(&place) {
            place.say(signal);
        }
    }

    /// Notes that a user watches the place. The listeners are told when it is the user's only stay there.
    pub fn watch(&self, place: Key, user: UserId) -> Watch {
        let mut places = self.0.lock();
        let at = places.entry(place).or_insert_with(Place::new);
        let stays = at.watchers.entry(user).or_default();
        *stays += 1;
        if *stays == 1 {
            at.say(Signal::Watching { user, on: true });
        }
        drop(places);
        Watch { signals: self.clone(), place, user }
    }

    /// Who watches the place, in the order of their ids.
    pub fn watchers(&self, place: Key) -> Vec<UserId> {
        let places = self.0.lock();
        let mut users: Vec<UserId> =
            places.get(&place).map(|place| place.watchers.keys().copied().collect()).unwrap_or_default();
        users.sort_unstable_by_key(|user| user.0);
        users
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut places = self.signals.0.lock();
        let Some(at) = places.get_mut(&self.place) else { return };
        let Some(stays) = at.watchers.get_mut(&self.user) else { return };
        *stays -= 1;
        if *stays > 0 {
            return;
        }
        at.watchers.remove(&self.user);
        at.say(Signal::Watching { user: self.user, on: false });
        if at.is_deserted() {
            places.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::Tenant;
    use crate::domain::event::Collection;

    fn place(number: u128) -> Key {
        Key::Resource(Tenant::PUBLIC, Collection::Orders, Uuid::from_u128(number))
    }

    fn user(number: u128) -> UserId {
        UserId(Uuid::from_u128(number))
    }

    #[test]
    fn only_the_place_hears() {
        let signals = Signals::default();
        let (mut one, mut other) = (signals.listen(place(1)), signals.listen(place(2)));
        let typing = Signal::Typing { user: None, on: true };
        signals.say(place(1), typing.clone());
        assert_eq!(one.try_recv().unwrap(), typing);
        assert!(other.try_recv().is_err());
        drop(one);
        drop(signals.listen(place(2)));
        assert_eq!(signals.0.lock().len(), 1, "places without listeners are forgotten");
    }

    #[test]
    fn a_user_comes_once_and_goes_once_whatever_the_connections() {
        let signals = Signals::default();
        let mut heard = signals.listen(place(1));
        let (first, second) = (signals.watch(place(1), user(7)), signals.watch(place(1), user(7)));
        let other = signals.watch(place(1), user(3));
        assert_eq!(signals.watchers(place(1)), [user(3), user(7)]);
        drop(first);
        assert_eq!(signals.watchers(place(1)), [user(3), user(7)]);
        drop((second, other));
        assert!(signals.watchers(place(1)).is_empty() && signals.watchers(place(9)).is_empty());
        let told: Vec<_> = std::iter::from_fn(|| heard.try_recv().ok()).collect();
        let of = |number, on| Signal::Watching { user: user(number), on };
        assert_eq!(told, [of(7, true), of(3, true), of(7, false), of(3, false)]);
        drop(heard);
        drop(signals.watch(place(1), user(7)));
        assert!(signals.0.lock().is_empty());
    }
}
