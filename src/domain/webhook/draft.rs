//! What a caller says of an endpoint.

use super::{Endpoint, EndpointSecrets, EventPattern, Filter, Health, IssuedSecret, Ordering};
use crate::domain::pet::check_text;
use crate::domain::{EndpointId, Error, Result, Tenant, Timestamp, UserId, Violation};

/// Longest URL, in bytes.
pub const MAX_URL: usize = 2048;
/// Most event types of one endpoint.
pub const MAX_EVENT_TYPES: usize = 50;
/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = 500;
/// Most headers of one endpoint.
pub const MAX_HEADERS: usize = 20;
/// Most attempts in a second that an endpoint can ask for.
pub const MAX_PER_SECOND: u32 = 1000;
/// Shortest time-out that an endpoint can ask for, in milliseconds.
pub const MIN_TIMEOUT_MS: u32 = 1000;
/// Longest time that two secrets sign beside each other, in seconds: a week.
pub const MAX_OVERLAP_S: u32 = 604_800;

/// What a caller says of an endpoint; what is left out keeps its value (or gets the default when the endpoint is new).
#[derive(Clone, Default)]
pub struct EndpointDraft {
    pub url: Option<String>,
    /// An empty text takes the description away.
    pub description: Option<String>,
    pub event_types: Option<Vec<String>>,
    /// The whole filter; an empty one lets everything pass.
    pub filter: Option<Filter>,
    /// All headers; none takes them away.
    pub headers: Option<Vec<(String, String)>>,
    pub ordering: Option<Ordering>,
    /// Zero takes the limit away.
    pub max_per_second: Option<u32>,
    /// Zero: the server's own.
    pub timeout_ms: Option<u32>,
    pub ed25519: Option<bool>,
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
        let mut blank = Endpoint::blank(id, tenant, owner, now);
        let IssuedSecret { text, public_key, sealed } = secrets.issue(id)?;
        (blank.sealed_secret, blank.public_key) = (sealed, Some(public_key));
        match self.apply(&blank, now, secrets) {
            Ok(endpoint) if violations.is_empty() => Ok((endpoint, text)),
            Ok(_) => Err(Error::Invalid(violations)),
            Err(Error::Invalid(more)) => {
                violations.extend(more);
                Err(Error::Invalid(violations))
            }
            Err(other) => Err(other),
        }
    }

    /// `endpoint` with the values of this draft in place of its own. One that is enabled again forgets why it was
    /// disabled, and its failures.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every value that is not allowed.
    pub fn apply(
        self,
        endpoint: &Endpoint,
        now: Timestamp,
        secrets: &dyn EndpointSecrets,
    ) -> Result<Endpoint> {
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
        if let Some(filter) = self.filter {
            found.extend(filter.violations());
            next.filter = filter;
        }
        let within = |field, value: u32, min, max| {
            let message = format!("must be between {min} and {max}, or 0 for none of its own");
            (value != 0 && !(min..=max).contains(&value))
                .then(|| Violation::new(field, "out_of_range", message))
        };
        if let Some(rate) = self.max_per_second {
            found.extend(within("maxPerSecond", rate, 1, MAX_PER_SECOND));
            next.max_per_second = Some(rate).filter(|rate| *rate > 0);
        }
        if let Some(timeout_ms) = self.timeout_ms {
            found.extend(within("timeoutMs", timeout_ms, MIN_TIMEOUT_MS, secrets.max_timeout_ms()));
            next.timeout_ms = Some(timeout_ms).filter(|timeout_ms| *timeout_ms > 0);
        }
        if let Some(ed25519) = self.ed25519 {
            if ed25519 && endpoint.public_key.is_none() {
                found.push(Violation::new("ed25519", "no_key", "needs a key: rotate the secret first"));
            }
            next.ed25519 = ed25519;
        }
        next.ordering = self.ordering.unwrap_or(next.ordering);
        if let Some(enabled) = self.enabled {
            if enabled && !next.enabled {
                (next.disabled_reason, next.health) = (None, Health::default());
            }
            next.enabled = enabled;
        }
        if let Some(headers) = self.headers {
            let violations = check_headers(&headers, secrets);
            if violations.is_empty() {
                next.sealed_headers = secrets.seal_headers(endpoint.id, &headers)?;
                next.header_names = headers.into_iter().map(|(name, _)| name).collect();
            }
            found.extend(violations);
        }
        next.updated_at = now;
        if found.is_empty() { Ok(next) } else { Err(Error::Invalid(found)) }
    }
}

fn check_headers(headers: &[(String, String)], secrets: &dyn EndpointSecrets) -> Vec<Violation> {
    if headers.len() > MAX_HEADERS {
        return vec![Violation::new("headers", "length", format!("must have at most {MAX_HEADERS} items"))];
    }
    let check = |(name, value): &(String, String)| {
        // A name that is none must not become a field of the answer.
        let shown: String = name.chars().filter(char::is_ascii_graphic).take(40).collect();
        secrets.check_header(&format!("headers.{shown}"), name, value).err()
    };
    headers.iter().filter_map(check).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    struct OnlyHttps;

    impl EndpointSecrets for OnlyHttps {
        fn issue(&self, _: EndpointId) -> Result<IssuedSecret> {
            let (text, public_key) = ("whsec_shown".into(), "whpk_shown".into());
            Ok(IssuedSecret { text, public_key, sealed: b"sealed".to_vec() })
        }

        fn seal_headers(&self, _: EndpointId, headers: &[(String, String)]) -> Result<Vec<u8>> {
            Ok(vec![u8::try_from(headers.len()).unwrap()])
        }

        fn check_header(&self, field: &str, _: &str, value: &str) -> Result<(), Violation> {
            let broken = || Violation::new(field, "invalid_header", "must not be empty");
            (!value.is_empty()).then_some(()).ok_or_else(broken)
        }

        fn max_timeout_ms(&self) -> u32 {
            30_000
        }

        fn changed(&self, _: EndpointId) {}

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
            ..EndpointDraft::default()
        };
        assert_eq!(
            fields(&create(draft).unwrap_err()),
            ["url", "description", "eventTypes[1]", "eventTypes[2]"]
        );
        let more = EndpointDraft {
            url: Some("https://x/".into()),
            event_types: Some(vec!["*".into()]),
            headers: Some(vec![("X-One".into(), "1".into()), ("X-Two".into(), String::new())]),
            max_per_second: Some(MAX_PER_SECOND + 1),
            timeout_ms: Some(999),
            ..EndpointDraft::default()
        };
        assert_eq!(fields(&create(more).unwrap_err()), ["maxPerSecond", "timeoutMs", "headers.X-Two"]);
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
            ..EndpointDraft::default()
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
