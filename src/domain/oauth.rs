//! OAuth2 (RFC 6749): clients, what they may do, and the words in which they are refused.

use super::{Scope, Tenant, Timestamp, Violation, named_enum};

named_enum! {
    /// Why a client is refused: the error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 7009 and RFC 8628 §3.5.
    Refusal {
        InvalidRequest => "invalid_request",
        InvalidClient => "invalid_client",
        InvalidGrant => "invalid_grant",
        UnauthorizedClient => "unauthorized_client",
        UnsupportedGrantType => "unsupported_grant_type",
        UnsupportedResponseType => "unsupported_response_type",
        InvalidScope => "invalid_scope",
        AccessDenied => "access_denied",
        AuthorizationPending => "authorization_pending",
        SlowDown => "slow_down",
        ExpiredToken => "expired_token",
        ServerError => "server_error",
        TemporarilyUnavailable => "temporarily_unavailable",
    }
}
named_enum! {
    /// The ways to get a token.
    GrantType {
        AuthorizationCode => "authorization_code",
        DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        RefreshToken => "refresh_token",
        ClientCredentials => "client_credentials",
    }
}

/// Most redirect URIs of one client.
const MAX_REDIRECT_URIS: usize = 20;
/// Longest redirect URI, in bytes.
const MAX_REDIRECT_URI: usize = 1000;
/// Shortest and longest id of a client, in bytes.
const ID_LENGTH: std::ops::RangeInclusive<usize> = 3..=64;

/// A registered client. What is kept of its secret is apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub id: String,
    pub tenant: Tenant,
    /// Shown to users who are asked for their consent.
    pub name: String,
    /// Whether it can keep a secret, and so has one.
    pub confidential: bool,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<GrantType>,
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What someone who registers a client sends; for a change, what is left out keeps its value.
#[derive(Clone, Debug, Default)]
pub struct ClientDraft {
    pub name: Option<String>,
    pub confidential: Option<bool>,
    pub redirect_uris: Option<Vec<String>>,
    pub grant_types: Option<Vec<String>>,
    pub scopes: Option<Vec<String>>,
}

impl ClientDraft {
    /// The client.
    ///
    /// # Errors
    /// Every violation, by field.
    pub fn create(self, id: String, tenant: Tenant, now: Timestamp) -> Result<Client, Vec<Violation>> {
        let blank = Client {
            id,
            tenant,
            name: String::new(),
            confidential: true,
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            scopes: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let missing = [
            ("name", self.name.is_none()),
            ("grantTypes", self.grant_types.is_none()),
            ("scopes", self.scopes.is_none()),
        ];
        let missing: Vec<Violation> = missing
            .into_iter()
            .filter(|(_, missing)| *missing)
            .map(|(field, _)| Violation::required(field))
            .collect();
        if missing.is_empty() { self.change(blank, now) } else { Err(missing) }
    }

    /// `client` with what the draft says.
    ///
    /// # Errors
    /// Every violation, by field.
    pub fn change(self, client: Client, now: Timestamp) -> Result<Client, Vec<Violation>> {
        let mut found = Vec::new();
        let mut client = Client { updated_at: now, ..client };
        if !is_client_id(&client.id) {
            let message = "must be 3 to 64 characters of letters, digits, '.', '_' and '-'";
            found.push(Violation::new("id", "invalid_id", message));
        }
        if let Some(name) = self.name {
            found.extend(super::pet::check_text("name", &name, 1, 100));
            client.name = name;
        }
        client.confidential = self.confidential.unwrap_or(client.confidential);
        if let Some(names) = self.grant_types {
            client.grant_types = named("grantTypes", &names, GrantType::parse, &mut found);
        }
        if let Some(names) = self.scopes {
            client.scopes = named("scopes", &names, Scope::parse, &mut found);
        }
        if let Some(uris) = self.redirect_uris {
            if uris.len() > MAX_REDIRECT_URIS {
                let message = format!("must be at most {MAX_REDIRECT_URIS}");
                found.push(Violation::new("redirectUris", "too_many", message));
            }
            for (index, uri) in uris.iter().enumerate().filter(|(_, uri)| !is_redirect_uri(uri)) {
                let message = format!(
                    "must be an absolute URI without a fragment: https, http on this machine, or a scheme of the \
                     application's own such as com.example.app; got {} bytes",
                    uri.len()
                );
                found.push(Violation::new(format!("redirectUris[{index}]"), "invalid_uri", message));
            }
            client.redirect_uris = uris;
        }
        let has = |grant| client.grant_types.contains(&grant);
        if has(GrantType::AuthorizationCode) && client.redirect_uris.is_empty() {
            found.push(Violation::new("redirectUris", "required", "is required for authorization_code"));
        }
        if has(GrantType::ClientCredentials) && !client.confidential {
            let message = "client_credentials is for a client that has a secret";
            found.push(Violation::new("grantTypes", "not_confidential", message));
        }
        if found.is_empty() { Ok(client) } else { Err(found) }
    }
}

fn named<T: PartialEq>(
    field: &str,
    names: &[String],
    parse: impl Fn(&str, &str) -> Result<T, Violation>,
    found: &mut Vec<Violation>,
) -> Vec<T> {
    let mut values = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match parse(&format!("{field}[{index}]"), name) {
            Ok(value) if !values.contains(&value) => values.push(value),
            Ok(_) => {}
            Err(violation) => found.push(violation),
        }
    }
    values
}

impl Client {
    /// The redirect URI to answer to: `given` when it is registered to the letter, but for the port of a loopback
    /// address, which an application on the user's machine cannot know before (RFC 8252 §7.3); the only one that there
    /// is when none is given.
    pub fn redirect_uri(&self, given: Option<&str>) -> Option<String> {
        match given {
            Some(given) => {
                let known = self.redirect_uris.iter().any(|known| {
                    known == given
                        || loopback_without_port(known)
                            .is_some_and(|known| Some(known) == loopback_without_port(given))
                });
                known.then(|| given.to_owned())
            }
            None => match self.redirect_uris.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            },
        }
    }
}

/// The scopes of a list that is separated by spaces (RFC 6749 §3.3); nothing when one is not known.
pub fn scopes(text: &str) -> Option<Vec<Scope>> {
    let mut scopes = Vec::new();
    for name in text.split(' ').filter(|name| !name.is_empty()) {
        let scope = Scope::from_name(name)?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Some(scopes)
}

/// Scopes as a list that is separated by spaces.
pub fn scope_text(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ")
}

/// Whether `text` can be the id of a client.
pub fn is_client_id(text: &str) -> bool {
    ID_LENGTH.contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// The code that users type in (RFC 8628 §6.1), as it is kept: capitals without what people put between them.
pub fn user_code(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).take(32).collect()
}

/// Scheme and rest of an absolute URI of printable ASCII.
fn split(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let first = scheme.bytes().next()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    (first.is_ascii_alphabetic() && scheme.bytes().all(plain) && uri.bytes().all(|b| b.is_ascii_graphic()))
        .then_some((scheme, rest))
}

fn is_redirect_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = split(uri) else { return false };
    if uri.len() > MAX_REDIRECT_URI || uri.contains(['#', '\\', '"', '<', '>', '*', ';', ',', '\'']) {
        return false;
    }
    let authority = rest.strip_prefix("//").map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
    match scheme {
        "https" => authority.is_some_and(|host| !host.is_empty() && !host.contains('@')),
        "http" => loopback_without_port(uri).is_some() || authority.is_some_and(is_localhost),
        // Private-use schemes are reversed domain names (RFC 8252 §7.1), which keeps javascript: and the like out.
        _ => scheme.contains('.'),
    }
}

fn is_localhost(authority: &str) -> bool {
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    authority == "localhost" || authority.strip_prefix("localhost:").is_some_and(is_port)
}

/// An http URI on a loopback address, in two parts around its port.
fn loopback_without_port(uri: &str) -> Option<(&str, &str)> {
    ["http://127.0.0.1", "http://[::1]"].into_iter().find_map(|host| {
        let rest = uri.strip_prefix(host)?;
        let rest = match rest.strip_prefix(':') {
            Some(after) => {
                let digits = after.bytes().take_while(u8::is_ascii_digit).count();
                (1..=5).contains(&digits).then(|| &after[digits..])?
            }
            None => rest,
        };
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(uris: &[&str]) -> Result<Client, Vec<Violation>> {
        let texts = |texts: &[&str]| Some(texts.iter().map(|&text| text.to_owned()).collect());
        let draft = ClientDraft {
            name: Some("App".to_owned()),
            confidential: Some(false),
            redirect_uris: texts(uris),
            grant_types: texts(&["authorization_code"]),
            scopes: texts(&["read:pets"]),
        };
        draft.create("app".to_owned(), Tenant::PUBLIC, Timestamp::from_ms(0))
    }

    #[test]
    fn a_redirect_uri_matches_to_the_letter_but_for_a_loopback_port() {
        let client = client(&["https://app.example/cb", "http://127.0.0.1/cb"]).unwrap();
        for good in ["https://app.example/cb", "http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"] {
            assert_eq!(client.redirect_uri(Some(good)).as_deref(), Some(good));
        }
        for bad in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example:443/cb",
            "https://app.example.evil.example/cb",
            "https://app.example@evil.example/cb",
            "HTTPS://app.example/cb",
            "http://127.0.0.1:49152/other",
            "http://127.0.0.1:1@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://localhost/cb",
        ] {
            assert_eq!(client.redirect_uri(Some(bad)), None, "{bad}");
        }
        assert_eq!(client.redirect_uri(None), None, "there are two");
    }

    #[test]
    fn only_uris_that_an_answer_may_go_to_are_registered() {
        for good in [
            "https://a.example/cb?x=1",
            "http://[::1]:8/cb",
            "http://localhost:3000/cb",
            "com.example.app:/cb",
        ] {
            assert!(client(&[good]).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "javascript:alert(1)",
            "http://a.example/cb",
            "https://a.example/#f",
            "https://a@b.example/",
            "http://localhost:x@b.example/",
            "http://localhost:@b.example/",
            "http://localhost:123456/",
            "http://localhost:/",
            "http://localhost.b.example/",
            "https:///cb",
            "data:text/html,x",
        ] {
            let found = client(&[bad]).unwrap_err();
            assert!(found.iter().all(|violation| violation.field == "redirectUris[0]"), "{bad}: {found:?}");
        }
        assert_eq!(client(&[]).unwrap_err()[0].field, "redirectUris");
    }

    #[test]
    fn scopes_and_codes_are_read() {
        assert_eq!(scopes("read:pets  write:pets read:pets").unwrap().len(), 2);
        assert!(scopes("read:pets root").is_none());
        assert_eq!(user_code(" bcdf-ghjk "), "BCDFGHJK");
    }
}
