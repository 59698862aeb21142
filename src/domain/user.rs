//! Users: customers and staff.

use super::pet::check_text;
use super::{Role, Tenant, Timestamp, UserId, Violation, named_enum};

named_enum! {
    /// Whether a user may act.
    UserStatus { Active => "ACTIVE", Suspended => "SUSPENDED" }
}

/// What a user likes to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    pub newsletter: bool,
    pub notifications: bool,
}

/// Preferences that are to be set; those that are left out stay as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PreferencesDraft {
    pub newsletter: Option<bool>,
    pub notifications: Option<bool>,
}

impl PreferencesDraft {
    fn apply(self, known: Preferences) -> Preferences {
        Preferences {
            newsletter: self.newsletter.unwrap_or(known.newsletter),
            notifications: self.notifications.unwrap_or(known.notifications),
        }
    }
}

/// A user as the store knows it; the password's hash is kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub tenant: Tenant,
    pub username: String,
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    pub preferences: Preferences,
    pub status: UserStatus,
    pub role: Role,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What someone who signs up, or changes their account, sends. Not `Debug`: it holds the password.
#[derive(Default)]
pub struct UserDraft {
    pub username: Option<String>,
    pub email: Option<String>,
    pub password: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
    pub preferences: Option<PreferencesDraft>,
}

impl UserDraft {
    /// The user, and the password to hash.
    ///
    /// # Errors
    /// Every violation, by field.
    pub fn create(
        self,
        id: UserId,
        tenant: Tenant,
        role: Role,
        now: Timestamp,
    ) -> Result<(User, String), Vec<Violation>> {
        let mut found = Vec::new();
        for (field, missing) in [
            ("username", self.username.is_none()),
            ("email", self.email.is_none()),
            ("password", self.password.is_none()),
        ] {
            if missing {
                found.push(Violation::required(field));
            }
        }
        found.extend(self.violations(None));
        let (Some(username), Some(email), Some(password), true) =
            (self.username, self.email, self.password, found.is_empty())
        else {
            return Err(found);
        };
        let user = User {
            id,
            tenant,
            username,
            email,
            first_name: self.first_name,
            last_name: self.last_name,
            phone: self.phone,
            preferences: self.preferences.unwrap_or_default().apply(Preferences::default()),
            status: UserStatus::Active,
            role,
            created_at: now,
            updated_at: now,
        };
        Ok((user, password))
    }

    /// Whether the values that are there are allowed for `user`.
    ///
    /// # Errors
    /// Every violation, by field.
    pub fn check(&self, user: &User) -> Result<(), Vec<Violation>> {
        let found = self.violations(Some(user));
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    /// `user` with the values of this draft, which was [`UserDraft::check`]ed, in place of its own; what is left out
    /// keeps its value. The password is not the user's to keep.
    pub fn apply(self, user: &User, now: Timestamp) -> User {
        let mut next = user.clone();
        next.username = self.username.unwrap_or(next.username);
        next.email = self.email.unwrap_or(next.email);
        next.first_name = self.first_name.or(next.first_name);
        next.last_name = self.last_name.or(next.last_name);
        next.phone = self.phone.or(next.phone);
        next.preferences = self.preferences.unwrap_or_default().apply(next.preferences);
        next.updated_at = now;
        next
    }

    /// What is wrong with the values that are there.
    /// `user` is whose new values they are.
    fn violations(&self, user: Option<&User>) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.username.as_deref().is_some_and(|name| !is_username(name)) {
            found.push(Violation::new(
                "username",
                "invalid_username",
                "must be 3 to 50 characters of letters, digits, '.', '_' and '-'",
            ));
        }
        if self.email.as_deref().is_some_and(|email| !is_email(email)) {
            found.push(Violation::new(
                "email",
                "invalid_email",
                "must be an e-mail address such as jane@example.com",
            ));
        }
        if let Some(password) = &self.password {
            let name = self.username.as_deref().or(user.map(|user| &*user.username)).unwrap_or_default();
            let email = self.email.as_deref().or(user.map(|user| &*user.email)).unwrap_or_default();
            found.extend(super::password::check(password, name, email));
        }
        for (field, name) in [("firstName", &self.first_name), ("lastName", &self.last_name)] {
            found.extend(name.as_ref().and_then(|name| check_text(field, name, 1, 100)));
        }
        if self.phone.as_deref().is_some_and(|phone| !is_e164(phone)) {
            found.push(Violation::new("phone", "invalid_phone", "must be E.164, for example +14155550123"));
        }
        found
    }
}

/// Which users a list shows.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of the user name, the e-mail address or the name, in any letter case (ASCII).
    pub text: Option<String>,
    pub status: Option<UserStatus>,
    pub role: Option<Role>,
}

impl UserFilter {
    /// Longest text that is searched for, in characters.
    pub const MAX_TEXT: usize = 100;
}

fn is_username(text: &str) -> bool {
    (3..=50).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    // Atoms and dots (RFC 5321 §4.1.2), without the quoted forms that nobody has.
    let atom = |part: &str| {
        let special = |b: u8| b"!#$%&'*+/=?^_`{|}~-".contains(&b);
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || special(b))
    };
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 254
        && local.len() <= 64
        && local.split('.').all(atom)
        && host.contains('.')
        && host.split('.').all(label)
        && host.rsplit('.').next().is_some_and(|top| top.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}
