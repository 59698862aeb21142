//! Tokens that were taken back before their time, and whoever is connected with one of them.
//!
//! The table is the truth and is read at start; what every request asks is in memory, and is forgotten when the tokens
//! concerned have expired anyway. A connection waits on the one [`Notify`] of its user: it costs nothing while it waits.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use uuid::Uuid;

use super::App;
use super::change::Change;
use super::logins::stand_in;
use crate::domain::principal::Identity;
use crate::domain::{Error, Principal, Result, SessionId, Timestamp, UserId};
use crate::store::Revocation;

/// Ends with the reason when the token that a connection was opened with ends.
pub type Ending = Pin<Box<dyn Future<Output = Error> + Send + Sync>>;

/// What was revoked; clones share it.
#[derive(Clone, Default)]
pub struct Revocations(Arc<State>);

#[derive(Default)]
struct State {
    ended: RwLock<Ended>,
    connected: Mutex<HashMap<UserId, Weak<Notify>>>,
}

#[derive(Default)]
struct Ended {
    sessions: HashMap<SessionId, Timestamp>,
    /// The newest token that is revoked, and until when that matters.
    users: HashMap<UserId, (Uuid, Timestamp)>,
}

impl Revocations {
    /// With what the table holds.
    pub fn new(kept: Vec<Revocation>) -> Self {
        let own = Self::default();
        kept.iter().for_each(|revocation| own.apply(revocation));
        own
    }

    /// Refuses the tokens from now on, and wakes whoever is connected as that user.
    pub(super) fn apply(&self, revocation: &Revocation) {
        let Revocation { id, user, session, until } = *revocation;
        let mut ended = self.0.ended.write();
        match session {
            Some(session) => drop(ended.sessions.insert(session, until)),
            None => {
                let newest = ended.users.get(&user).map_or(id, |(known, _)| id.max(*known));
                ended.users.insert(user, (newest, until));
            }
        }
        drop(ended);
        let connected = self.0.connected.lock();
        if session.is_none() {
            // Perhaps a client's, whose users are all others; it happens seldom enough to let everyone look.
            connected.values().filter_map(Weak::upgrade).for_each(|all| all.notify_waiters());
        } else if let Some(notify) = connected.get(&user).and_then(Weak::upgrade) {
            notify.notify_waiters();
        }
    }

    /// Whether the token was revoked.
    pub(super) fn cover(&self, identity: &Identity) -> bool {
        let ended = self.0.ended.read();
        let before =
            |subject: &UserId| ended.users.get(subject).is_some_and(|(newest, _)| identity.token <= *newest);
        ended.sessions.contains_key(&identity.session)
            || before(&identity.user_id)
            || (!ended.users.is_empty()
                && identity.client.as_deref().is_some_and(|client| before(&client_subject(client))))
    }

    /// Forgets what concerns no living token.
    pub(super) fn purge(&self, now: Timestamp) {
        let mut ended = self.0.ended.write();
        ended.sessions.retain(|_, until| *until > now);
        ended.users.retain(|_, (_, until)| *until > now);
    }

    fn watch(&self, user: UserId) -> Watched {
        let mut connected = self.0.connected.lock();
        let notify = connected.get(&user).and_then(Weak::upgrade).unwrap_or_else(|| {
            let notify = Arc::new(Notify::new());
            connected.insert(user, Arc::downgrade(&notify));
            notify
        });
        Watched { notify, user, state: self.0.clone() }
    }
}

/// The subject that stands for an OAuth2 client: of the tokens that it has in its own right, and of the revocation of all
/// that it was given.
pub(super) fn client_subject(client_id: &str) -> UserId {
    stand_in(&format!("oauth client {client_id}"))
}

/// A connection's share in the bell of its user, which goes with the last of them.
struct Watched {
    notify: Arc<Notify>,
    user: UserId,
    state: Arc<State>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut connected = self.state.connected.lock();
        // Under the lock nobody can join meanwhile.
        if Arc::strong_count(&self.notify) == 1 {
            connected.remove(&self.user);
        }
    }
}

impl App {
    /// Ends when the token of `principal` does: when it expires, or is revoked. For those without one it never ends.
    pub fn ending(&self, principal: &Principal) -> Ending {
        let Some(identity) = principal.identity.clone() else { return Box::pin(std::future::pending()) };
        let (revocations, clock) = (self.0.revocations.clone(), self.0.clock.clone());
        let watched = revocations.watch(identity.user_id);
        Box::pin(async move {
            let revoked = async {
                loop {
                    let mut rung = std::pin::pin!(watched.notify.notified());
                    // Before the look, so that nothing is missed between the two.
                    rung.as_mut().enable();
                    if revocations.cover(&identity) {
                        return;
                    }
                    rung.await;
                }
            };
            tokio::select! {
                biased;
                () = revoked => Error::TokenRevoked,
                () = clock.sleep_until(identity.expires_at.as_ms()) => Error::TokenExpired,
            }
        })
    }

    /// Forgets revocations of tokens that have expired, in memory and in the table.
    ///
    /// # Errors
    /// The store's failures.
    pub(super) async fn purge_revocations(&self) -> Result<()> {
        let now = self.now();
        self.0.revocations.purge(now);
        self.0.store.write(async move |writes| writes.purge_credentials(now).await).await
    }
}

impl Change<'_> {
    /// Ends every login of `user`, with its refresh tokens, access tokens and open connections: for a new password, a
    /// suspension, a deletion. Effective at once when the change is kept.
    pub async fn end_sessions_of(&mut self, user: UserId) -> Result<()> {
        self.end(user, None).await
    }

    /// Ends everything that an OAuth2 client was given.
    pub async fn end_sessions_of_client(&mut self, client_id: &str) -> Result<()> {
        self.writes.revoke_oauth_client(client_id, self.now).await?;
        self.end(client_subject(client_id), None).await
    }

    /// Ends one login of `user`.
    pub async fn end_session(&mut self, user: UserId, session: SessionId) -> Result<()> {
        self.end(user, Some(session)).await
    }

    async fn end(&mut self, user: UserId, session: Option<SessionId>) -> Result<()> {
        let until = self.now.plus_ms(self.login_ttl_ms);
        let revocation = Revocation { id: self.ids.uuid_v7(), user, session, until };
        self.writes.revoke(&revocation, self.now).await?;
        self.revoked.push(revocation);
        Ok(())
    }
}
