//! Webhooks: endpoints, deliveries and attempts.

use super::pet::check_text;
use super::{
    AttemptId, DeliveryId, EndpointId, Error, Event, EventId, EventType, Result, Seq, Tenant, Timestamp,
    UserId, Violation, named_enum,
};

named_enum! {
    /// Where a delivery stands.
    DeliveryStatus { Pending => "PENDING", Succeeded => "SUCCEEDED", Dead => "DEAD_LETTER" }
}

/// Longest URL, in bytes.
pub const MAX_URL: usize = 2048;
/// Most event types of one endpoint.
pub const MAX_EVENT_TYPES: usize = 50;
/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = 500;

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
    /// The signing secret, encrypted with the key of the data directory.
    pub sealed_secret: Vec<u8>,
    pub enabled: bool,
    pub disabled_reason: Option<String>,
    /// Where the log stood when it was made; the events after that are for it. The store sets it.
    pub since: Seq,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("id", &self.id).field("url", &self.url).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Whether `event` is to be sent here: made after it, its tenant, its type, and for a user's endpoint that user's own events and
    /// those that everyone may see.
    pub fn wants(&self, event: &Event) -> bool {
        use super::event::Collection as C;
        let theirs = match (self.owner, event.kind.collection()) {
            (None, _) | (Some(_), C::Pets | C::Inventory) => true,
            (Some(owner), C::Orders | C::Payments | C::Users) => event.owner() == Some(owner),
        };
        self.enabled
            && event.position.seq > self.since
            && theirs
            && self.tenant == event.tenant
            && self.event_types.iter().any(|pattern| pattern.matches(event.kind))
    }
}

/// What endpoints need from outside the domain: secrets, and the judgement of addresses.
pub trait EndpointSecrets: Send + Sync {
    /// A new signing secret for `endpoint`: its text (`whsec_…`), to be shown once, and its sealed form, to be kept.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be sealed.
    fn issue(&self, endpoint: EndpointId) -> Result<(String, Vec<u8>)>;

    /// Whether events may be sent to `url`, as far as the text tells; names are resolved, and judged again, each time
    /// that something is sent.
    ///
    /// # Errors
    /// A violation of `url` that says what is allowed.
    fn check_url(&self, url: &str) -> Result<(), Violation>;
}

/// What a caller says of an endpoint; what is left out keeps its value (or gets the default when the endpoint is new).
#[derive(Clone, Debug, Default)]
pub struct EndpointDraft {
    pub url: Option<String>,
    /// An empty text takes the description away.
    pub description: Option<String>,
    pub event_types: Option<Vec<String>>,
    pub enabled: Option<bool>,
}

impl EndpointDraft {
    /// A new endpoint from this draft, and its secret, to be shown once.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation: missing `url` or `eventTypes`, and every value that is not allowed.
    pub fn create(
        self,
        id: EndpointId,
        tenant: Tenant,
        owner: Option<UserId>,
        now: Timestamp,
        secrets: &dyn EndpointSecrets,
    ) -> Result<(Endpoint, String)> {
        let mut violations = Vec::new();
        for (field, missing) in [("url", self.url.is_none()), ("eventTypes", self.event_types.is_none())] {
            if missing {
                violations.push(Violation::required(field));
            }
        }
        let blank = Endpoint {
            id,
            tenant,
            owner,
            url: String::new(),
            description: None,
            event_types: Vec::new(),
            sealed_secret: Vec::new(),
            enabled: true,
            disabled_reason: None,
            since: Seq::START,
            created_at: now,
            updated_at: now,
        };
        let applied = self.checked(&blank, now, secrets).map_err(|more| violations.extend(more));
        let Some(mut endpoint) = applied.ok().filter(|_| violations.is_empty()) else {
            return Err(Error::Invalid(violations));
        };
        let (secret, sealed) = secrets.issue(id)?;
        endpoint.sealed_secret = sealed;
        Ok((endpoint, secret))
    }

    /// `endpoint` with the values of this draft in place of its own. One that is enabled again forgets why it was
    /// disabled.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every value that is not allowed.
    pub fn apply(
        self,
        endpoint: &Endpoint,
        now: Timestamp,
        secrets: &dyn EndpointSecrets,
    ) -> Result<Endpoint> {
        self.checked(endpoint, now, secrets).map_err(Error::Invalid)
    }

    fn checked(
        self,
        endpoint: &Endpoint,
        now: Timestamp,
        secrets: &dyn EndpointSecrets,
    ) -> Result<Endpoint, Vec<Violation>> {
        let mut found = Vec::new();
        let mut next = endpoint.clone();
        if let Some(url) = self.url {
            let length = (url.len() > MAX_URL)
                .then(|| Violation::new("url", "length", format!("must be at most {MAX_URL} bytes long")));
            found.extend(length.or_else(|| secrets.check_url(&url).err()));
            next.url = url;
        }
        if let Some(description) = self.description {
            found.extend(check_text("description", &description, 0, MAX_DESCRIPTION));
            next.description = Some(description).filter(|text| !text.is_empty());
        }
        if let Some(patterns) = self.event_types {
            match parse_patterns(&patterns) {
                Ok(patterns) => next.event_types = patterns,
                Err(violations) => found.extend(violations),
            }
        }
        if let Some(enabled) = self.enabled {
            next.enabled = enabled;
            if enabled {
                next.disabled_reason = None;
            }
        }
        next.updated_at = now;
        if found.is_empty() { Ok(next) } else { Err(found) }
    }
}

fn parse_patterns(patterns: &[String]) -> Result<Vec<EventPattern>, Vec<Violation>> {
    if patterns.is_empty() || patterns.len() > MAX_EVENT_TYPES {
        let message = format!("must have 1 to {MAX_EVENT_TYPES} items");
        return Err(vec![Violation::new("eventTypes", "length", message)]);
    }
    let mut parsed = Vec::with_capacity(patterns.len());
    let mut found = Vec::new();
    for (index, pattern) in patterns.iter().enumerate() {
        match EventPattern::parse(&format!("eventTypes[{index}]"), pattern) {
            Ok(pattern) => parsed.push(pattern),
            Err(violation) => found.push(violation),
        }
    }
    if found.is_empty() { Ok(parsed) } else { Err(found) }
}

/// One event for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub tenant: Tenant,
    pub endpoint_id: EndpointId,
    pub event_id: EventId,
    pub event_seq: Seq,
    pub event_type: EventType,
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: u32,
    /// When the next try is due; nothing when it is settled.
    pub next_attempt_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

/// One HTTP try of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub delivery_id: DeliveryId,
    /// Counted from 1.
    pub number: u32,
    pub started_at: Timestamp,
    pub duration_ms: u32,
    /// What the receiver answered; nothing when it did not.
    pub status_code: Option<u16>,
    /// Why there was no answer, or why it counts as failed.
    pub error: Option<String>,
    /// The first bytes of the answer's body.
    pub response_body: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    struct OnlyHttps;

    impl EndpointSecrets for OnlyHttps {
        fn issue(&self, _: EndpointId) -> Result<(String, Vec<u8>)> {
            Ok(("whsec_shown".into(), b"sealed".to_vec()))
        }

        fn check_url(&self, url: &str) -> Result<(), Violation> {
            url.starts_with("https://")
                .then_some(())
                .ok_or_else(|| Violation::new("url", "invalid_url", "must be https"))
        }
    }

    fn create(draft: EndpointDraft) -> Result<(Endpoint, String)> {
        draft.create(EndpointId(Uuid::nil()), Tenant::PUBLIC, None, Timestamp::from_ms(1), &OnlyHttps)
    }

    fn fields(error: &Error) -> Vec<String> {
        error.violations().into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn a_new_endpoint_names_each_breach() {
        assert_eq!(fields(&create(EndpointDraft::default()).unwrap_err()), ["url", "eventTypes"]);
        let draft = EndpointDraft {
            url: Some("gopher://x".into()),
            description: Some("x".repeat(MAX_DESCRIPTION + 1)),
            event_types: Some(vec!["order.*".into(), "order.eaten".into(), "ord*".into()]),
            enabled: None,
        };
        assert_eq!(
            fields(&create(draft).unwrap_err()),
            ["url", "description", "eventTypes[1]", "eventTypes[2]"]
        );
        let long = EndpointDraft {
            url: Some("https://x/".repeat(300)),
            event_types: Some(vec![]),
            ..Default::default()
        };
        assert_eq!(fields(&create(long).unwrap_err()), ["url", "eventTypes"]);
    }

    #[test]
    fn what_is_left_out_keeps_its_value() {
        let draft = EndpointDraft {
            url: Some("https://x/".into()),
            description: Some("mine".into()),
            event_types: Some(vec!["order.*".into()]),
            enabled: None,
        };
        let (endpoint, secret) = create(draft).unwrap();
        assert_eq!(
            (secret.as_str(), endpoint.sealed_secret.as_slice()),
            ("whsec_shown", b"sealed".as_slice())
        );
        let gone = Endpoint { enabled: false, disabled_reason: Some("410".into()), ..endpoint.clone() };
        let draft = EndpointDraft { enabled: Some(true), ..Default::default() };
        let back = draft.apply(&gone, Timestamp::from_ms(2), &OnlyHttps).unwrap();
        assert_eq!(back, Endpoint { updated_at: Timestamp::from_ms(2), ..endpoint });
        let draft = EndpointDraft { description: Some(String::new()), ..Default::default() };
        assert_eq!(draft.apply(&back, Timestamp::from_ms(3), &OnlyHttps).unwrap().description, None);
    }
}
