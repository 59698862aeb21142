//! Webhooks: endpoints, deliveries and attempts.

mod delivery;
mod draft;
mod filter;
mod health;

use super::{EndpointId, Event, EventType, Result, Seq, Tenant, Timestamp, UserId, Violation, named_enum};

pub use delivery::{
    Attempt, AttemptFilter, Delivery, DeliveryFilter, DeliveryStatus, Headers, Job, JobKind, JobStart,
    RecordedAttempt,
};
pub use draft::{EndpointDraft, MAX_DESCRIPTION, MAX_EVENT_TYPES, MAX_OVERLAP_S, MAX_URL};
pub use filter::{Condition, Filter, Operator};
pub use health::{Disabled, Health, HealthRules, Outcome};

named_enum! {
    /// In which order deliveries are sent.
    Ordering {
        /// That of the log while the receiver keeps up.
        None => "none",
        /// An event waits until the one before it of its resource is delivered or dead.
        PerResource => "perResource",
    }
}

/// Which events an endpoint wants: one type, all of a resource (`order.*`), or all (`*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventPattern {
    All,
    /// With the trailing dot: `order.`.
    Prefix(String),
    Exact(EventType),
}

impl EventPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A violation of `field` that lists what exists, when it matches no type.
    pub fn parse(field: &str, text: &str) -> Result<Self, Violation> {
        if text == "*" {
            return Ok(Self::All);
        }
        if let Some(prefix) = text.strip_suffix('*').filter(|prefix| prefix.ends_with('.'))
            && EventType::ALL.iter().any(|kind| kind.name().starts_with(prefix))
        {
            return Ok(Self::Prefix(prefix.to_owned()));
        }
        EventType::parse(field, text).map(Self::Exact).map_err(|mut violation| {
            violation.message.push_str("; \"*\" and \"order.*\" are allowed too");
            violation
        })
    }

    /// Whether events of `kind` are wanted.
    pub fn matches(&self, kind: EventType) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => kind.name().starts_with(prefix.as_str()),
            Self::Exact(exact) => *exact == kind,
        }
    }
}

impl std::fmt::Display for EventPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
            Self::Exact(kind) => write!(f, "{kind}"),
        }
    }
}

/// A place that events are sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: EndpointId,
    pub tenant: Tenant,
    /// The user who made it and gets only what is theirs; nobody for one made by the staff, which gets the tenant's all.
    pub owner: Option<UserId>,
    pub url: String,
    pub description: Option<String>,
    pub event_types: Vec<EventPattern>,
    pub filter: Filter,
    /// The names of the owner's own headers; the values are in `sealed_headers`.
    pub header_names: Vec<String>,
    pub sealed_headers: Vec<u8>,
    pub ordering: Ordering,
    /// Attempts that are begun in a second; nothing for as many as the receiver takes.
    pub max_per_second: Option<u32>,
    /// Longest time for one attempt; nothing for the server's own.
    pub timeout_ms: Option<u32>,
    /// Whether deliveries are signed with the private key too.
    pub ed25519: bool,
    /// `whpk_` and base64; nothing for one whose secret is older than keys.
    pub public_key: Option<String>,
    /// The signing secret and the private key, encrypted with the key of the data directory.
    pub sealed_secret: Vec<u8>,
    /// Those before the last rotation, for as long as they sign too.
    pub previous: Option<PreviousSecret>,
    pub enabled: bool,
    pub disabled_reason: Option<String>,
    /// Deliveries are made but not sent.
    pub paused: bool,
    pub health: Health,
    /// Where the log stood when it was made; the events after that are for it. The store sets it.
    pub since: Seq,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A secret that was rotated out.
#[derive(Clone, PartialEq, Eq)]
pub struct PreviousSecret {
    pub sealed: Vec<u8>,
    /// It signs until then.
    pub until: Timestamp,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("id", &self.id).field("url", &self.url).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// One with nothing but its names: enabled, for no event, without a secret.
    pub fn blank(id: EndpointId, tenant: Tenant, owner: Option<UserId>, now: Timestamp) -> Self {
        Self {
            id,
            tenant,
            owner,
            url: String::new(),
            description: None,
            event_types: Vec::new(),
            filter: Filter::default(),
            header_names: Vec::new(),
            sealed_headers: Vec::new(),
            ordering: Ordering::None,
            max_per_second: None,
            timeout_ms: None,
            ed25519: false,
            public_key: None,
            sealed_secret: Vec::new(),
            previous: None,
            enabled: true,
            disabled_reason: None,
            paused: false,
            health: Health::default(),
            since: Seq::START,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether `event` is to be sent here: made after it, and wanted.
    pub fn wants(&self, event: &Event) -> bool {
        self.enabled && event.position.seq > self.since && self.is_for(event)
    }

    /// Whether `event` is one of those that are for it, whenever it was made: its tenant, its type, its filter as far as
    /// ids go, and for a user's endpoint that user's own events and those that everyone may see.
    pub fn is_for(&self, event: &Event) -> bool {
        use super::event::Collection as C;
        if event.kind == EventType::EndpointTest {
            return event.resource() == Some(self.id.0) && event.tenant == self.tenant;
        }
        let theirs = match (self.owner, event.kind.collection()) {
            (None, _) | (Some(_), C::Pets | C::Inventory) => true,
            (Some(owner), C::Orders | C::Payments | C::Users | C::Endpoints | C::Chat) => {
                event.owner() == Some(owner)
            }
            (Some(_), C::Provider) => false,
        };
        theirs
            && self.tenant == event.tenant
            && self.event_types.iter().any(|pattern| pattern.matches(event.kind))
            && self.filter.admits(event)
    }

    /// Turns it off; what is pending stays, and is sent when it is enabled again.
    #[must_use]
    pub fn disabled(&self, reason: String, now: Timestamp) -> Self {
        Self { enabled: false, disabled_reason: Some(reason), updated_at: now, ..self.clone() }
    }

    /// Stops sending, or goes on; a lane that rested after failures tries again at once.
    #[must_use]
    pub fn paused(&self, paused: bool, now: Timestamp) -> Self {
        let hold_until = self.health.hold_until.filter(|_| paused);
        Self { paused, health: Health { hold_until, ..self.health.clone() }, updated_at: now, ..self.clone() }
    }

    /// Takes a new secret; the one before signs too for `overlap_s` seconds.
    #[must_use]
    pub fn rotated(&self, issued: &IssuedSecret, overlap_s: u32, now: Timestamp) -> Self {
        let until = now.plus_ms(i64::from(overlap_s) * 1000);
        let previous = (overlap_s > 0).then(|| PreviousSecret { sealed: self.sealed_secret.clone(), until });
        Self {
            sealed_secret: issued.sealed.clone(),
            public_key: Some(issued.public_key.clone()),
            previous,
            updated_at: now,
            ..self.clone()
        }
    }
}

/// A new secret of an endpoint.
#[derive(Clone)]
pub struct IssuedSecret {
    /// `whsec_…`, to be shown once.
    pub text: String,
    /// `whpk_…`
    pub public_key: String,
    /// To be kept.
    pub sealed: Vec<u8>,
}

/// What endpoints need from outside the domain: secrets, the judgement of addresses, and to be noticed.
pub trait EndpointSecrets: Send + Sync {
    /// A new signing secret and key pair for `endpoint`.
    ///
    /// # Errors
    /// [`super::Error::Internal`] when it cannot be sealed.
    fn issue(&self, endpoint: EndpointId) -> Result<IssuedSecret>;

    /// The owner's own headers for `endpoint`, sealed.
    ///
    /// # Errors
    /// [`super::Error::Internal`] when they cannot be sealed.
    fn seal_headers(&self, endpoint: EndpointId, headers: &[(String, String)]) -> Result<Vec<u8>>;

    /// Whether events may be sent to `url`, as far as the text tells; names are resolved, and judged again, each time
    /// that something is sent.
    ///
    /// # Errors
    /// A violation of `url` that says what is allowed.
    fn check_url(&self, url: &str) -> Result<(), Violation>;

    /// Whether `name: value` can be a header of a delivery.
    ///
    /// # Errors
    /// A violation of `field` that says what is allowed.
    fn check_header(&self, field: &str, name: &str, value: &str) -> Result<(), Violation>;

    /// Longest time that an endpoint may ask for, in milliseconds.
    fn max_timeout_ms(&self) -> u32;

    /// Tells the deliverer, after the commit, that `endpoint` or its deliveries have changed. Without it, it notices at
    /// its next look.
    fn changed(&self, endpoint: EndpointId);
}
