//! Which passwords are taken: by length, by a list of those that everyone tries first, and none that says whose it is
//! (NIST SP 800-63B §5.1.1.2).

use std::sync::LazyLock;

use super::Violation;

/// Shortest and longest password, in characters (argon2 reads it whole; the bound keeps the work bounded).
pub const LENGTH: std::ops::RangeInclusive<usize> = 8..=256;

/// Names shorter than this are found in too many good passwords.
const SHORTEST_NAME: usize = 4;

/// The most common passwords of the leaks of the past, of at least 8 characters, in lower case and sorted: the list of
/// Royce Williams that Django carries.
static COMMON: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// What is wrong with `password` for the user of that name and e-mail address; it is not repeated.
pub fn check(password: &str, username: &str, email: &str) -> Option<Violation> {
    if !LENGTH.contains(&password.chars().count()) {
        return Some(Violation::new("password", "length", "must be 8 to 256 characters long"));
    }
    let lower = password.to_lowercase();
    if COMMON.binary_search(&lower.as_str()).is_ok() {
        return Some(Violation::new(
            "password",
            "too_common",
            "is one of the passwords that everyone tries first",
        ));
    }
    let local = email.split('@').next().unwrap_or_default();
    let tells = |name: &str| name.len() >= SHORTEST_NAME && lower.contains(&name.to_lowercase());
    [username, local].into_iter().any(tells).then(|| {
        Violation::new("password", "contains_name", "must not contain the user name or the e-mail address")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_long() {
        assert!(COMMON.len() >= 1000 && COMMON.is_sorted());
    }

    #[test]
    fn what_everyone_tries_first_is_refused() {
        let code =
            |password: &str| check(password, "alice", "a.nguyen@example.com").map(|violation| violation.code);
        assert_eq!(code("short"), Some("length"));
        assert_eq!(code(&"x".repeat(257)), Some("length"));
        assert_eq!(code("password1"), Some("too_common"));
        assert_eq!(code("QWERTYUIOP"), Some("too_common"));
        assert_eq!(code("1-Alice-1"), Some("contains_name"));
        assert_eq!(code("my a.nguyen pass"), Some("contains_name"));
        assert_eq!(code("petstore-demo"), None);
        assert_eq!(code("пароль-для-всех"), None);
    }
}
