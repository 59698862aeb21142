//! The use cases: one public function for each thing that can be asked of the store.
//!
//! Cast: a protocol decodes a request into one call here, with a [`Caller`]. The use case asks [`policy`] whether the
//! caller may, checks the input, and changes the store inside one transaction ([`change`]) that also holds the audit
//! row and the events. The [`feed`] is the only thing that a streaming protocol talks to.
//!
//! Guarantees: what returned `Ok` is on disk with its events, and they are published; what returned `Err` left nothing
//! behind (a declined payment is the one exception: it is a result that is kept and then told as an error).

pub mod admin;
mod answers;
mod attempts;
mod batches;
mod callbacks;
pub mod change;
pub mod chat;
pub mod feed;
mod guard;
mod images;
mod inbound;
pub mod keys;
mod logins;
pub mod oauth;
mod orders;
mod passwords;
mod payments;
mod pets;
pub mod policy;
mod presence;
mod recent;
mod revocation;
mod terms;
mod tokens;
mod users;
mod webhook_actions;
mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;

use crate::bus::{Bells, Hub, Signals};
use crate::clock::{Clock, Ids};
use crate::domain::audit::Origin;
use crate::domain::callback::CallbackDesk;
use crate::domain::webhook::EndpointSecrets;
use crate::domain::{Epoch, Principal, Result, Timestamp};
use crate::images::Images;
use crate::store::{Store, Writes};

pub use answers::Answers;
pub use attempts::AttemptFeed;
pub use feed::{Feed, Past, Replays};
pub use guard::{Guard, GuardSettings};
pub use images::{Received, Upload};
pub use logins::Grant;
pub use passwords::Passwords;
pub use presence::Watched;
pub use revocation::{Ending, Revocations};
pub use terms::{Claim, Condition, Terms};
pub use tokens::Tokens;

/// Who calls, and from where.
#[derive(Clone, Debug)]
pub struct Caller {
    pub principal: Principal,
    pub origin: Origin,
    /// What the caller makes the change depend on.
    pub terms: Terms,
}

impl Caller {
    /// A caller without terms.
    pub fn new(principal: Principal, origin: Origin) -> Self {
        Self { principal, origin, terms: Terms::default() }
    }
}

/// Settings of the use cases.
#[derive(Clone, Debug)]
pub struct AppSettings {
    /// Where the store is reached from outside, without a trailing slash; in receipts.
    pub public_url: String,
    /// Where keys are kept.
    pub data_dir: PathBuf,
    /// Whether any bearer text is taken for staff (compatibility mode).
    pub open_auth: bool,
    pub token_issuer: String,
    pub token_audience: String,
    pub token_ttl_s: u64,
    pub refresh_ttl_s: u64,
    /// Tokens whose signature is remembered as good.
    pub verified_tokens: usize,
    pub guard: GuardSettings,
    pub oauth: oauth::OAuthSettings,
    pub argon2: ArgonCost,
    /// Passwords hashed at once.
    pub hash_concurrency: usize,
    /// Passwords that may wait to be hashed.
    pub hash_queue: usize,
    /// Most topics of one subscription.
    pub max_topics: usize,
    /// Events in one page from the log.
    pub page_events: u32,
    /// Most events in one answer to a poll.
    pub max_poll_events: u32,
    /// Most webhook endpoints of the staff of one tenant.
    pub max_endpoints: u64,
    /// Most webhook endpoints of one user.
    pub max_endpoints_per_user: u64,
    /// Most webhook endpoints of all users of one tenant.
    pub max_user_endpoints: u64,
    /// Most jobs of one webhook endpoint that are under way at the same time.
    pub max_jobs_per_endpoint: u32,
    /// How long the answer to a request with an idempotency key is kept, seconds.
    pub idempotency_ttl_s: u64,
    /// How long dead letters are kept, seconds.
    pub dead_letter_retention_s: u64,
    /// How long what other systems sent is kept, seconds.
    pub inbound_retention_s: u64,
    /// Most callbacks of one order that wait to be delivered.
    pub max_callbacks_per_order: u32,
    /// Most callbacks of one user that wait to be delivered.
    pub max_callbacks_per_user: u32,
    /// Most declined payments of one order.
    pub max_failed_payments: usize,
    /// Most callbacks of one tenant that wait to be delivered.
    pub max_callbacks: u32,
}

impl AppSettings {
    /// Life of an access token, milliseconds.
    pub(crate) fn token_ttl_ms(&self) -> i64 {
        logins::seconds(self.token_ttl_s)
    }
}

/// Cost of argon2id (RFC 9106).
#[derive(Clone, Copy, Debug)]
pub struct ArgonCost {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
}

/// The open live connections of the server, by channel.
pub type LiveConnections = Arc<dyn Fn() -> Vec<(&'static str, u64)> + Send + Sync>;

/// The store's use cases; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What the use cases work with.
pub struct Parts {
    pub store: Store,
    pub hub: Hub,
    pub epoch: Epoch,
    pub clock: Clock,
    pub ids: Ids,
    pub tokens: Tokens,
    pub revocations: Revocations,
    pub guard: Guard,
    pub oauth: oauth::Desk,
    pub passwords: Passwords,
    pub endpoint_secrets: Arc<dyn EndpointSecrets>,
    pub answers: Answers,
    pub images: Images,
    pub replays: Replays,
    pub callback_desk: Arc<dyn CallbackDesk>,
    pub live_connections: LiveConnections,
    pub moderation: chat::Moderation,
    /// What is of the moment.
    pub signals: Signals,
    /// Rung when an attempt was made.
    pub bells: Bells,

    pub settings: AppSettings,
}

impl App {
    /// From its parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Settings that protocols need too.
    pub fn settings(&self) -> &AppSettings {
        &self.0.settings
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.clock.now_ms())
    }

    /// The position of the newest event of `key`, or a later one: what was read after asking this still holds while this
    /// is the answer.
    pub fn version(&self, key: &crate::domain::event::Key) -> crate::domain::Seq {
        self.0.hub.version(key)
    }

    /// A new id, for what is not kept.
    pub fn new_id(&self) -> uuid::Uuid {
        self.0.ids.uuid_v7()
    }

    /// The clock that everything runs by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What wakes those who follow the deliveries of an endpoint.
    pub fn bells(&self) -> &Bells {
        &self.0.bells
    }

    /// The hasher of passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Takes away what is older than `retention_s` seconds, a bounded number of rows at a time: events (what a pending
    /// webhook delivery needs stays), settled deliveries, those that wait for an endpoint which sends nothing (for as long as
    /// a dead letter is kept), refresh tokens and idempotency keys that expired, and what other systems sent; dead letters
    /// and the latter have times of their own. Pictures that no message names go after a day.
    ///
    /// # Errors
    /// The store's failures.
    pub async fn purge(&self, retention_s: u64) -> Result<()> {
        self.purge_revocations().await?;
        const AT_A_TIME: u32 = 1000;
        const PICTURE_WAITS_S: u64 = 86_400;
        let now = self.now();
        let ago = |retention_s: u64| {
            let retention_ms = i64::try_from(retention_s.saturating_mul(1000)).unwrap_or(i64::MAX);
            Timestamp::from_ms(now.as_ms().saturating_sub(retention_ms))
        };
        let (settings, before) = (&self.0.settings, ago(retention_s));
        let unused = ago(PICTURE_WAITS_S);
        let (dead, inbound) = (ago(settings.dead_letter_retention_s), ago(settings.inbound_retention_s));
        loop {
            let purge = async move |writes: &mut dyn Writes| {
                let events = writes.purge_events(before, AT_A_TIME).await?;
                let answers = writes.purge_answers(now, AT_A_TIME).await?;
                let inbound = writes.purge_inbound(inbound, AT_A_TIME).await?;
                let given_up = writes.give_up_deliveries(dead, now, AT_A_TIME).await?;
                let settled = writes.purge_settled(before, dead, AT_A_TIME).await?;
                let pictures = writes.purge_pictures(unused, AT_A_TIME).await?;
                Ok(events.max(answers).max(inbound).max(given_up).max(settled).max(pictures))
            };
            let purged = self.0.store.write(purge).await?;
            self.0.replays.purged_to(self.0.store.read().log_bounds().await?.floor);
            if purged < u64::from(AT_A_TIME) {
                return Ok(());
            }
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`crate::domain::Error::Unavailable`] when it does not.
    pub async fn check_ready(&self) -> Result<()> {
        self.0.store.read().ping().await
    }
}
