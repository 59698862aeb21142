//! What mutations answer: what was made, or why not. What the caller can mend is told as `userErrors`; what is wrong with
//! the caller or the server stays an error of the field.

use async_graphql::{ID, SimpleObject};

use crate::domain::{self, Error, Kind, Violation};
use crate::wire::Problem;

/// Why something was not done, and what to mend.
#[derive(SimpleObject)]
pub struct UserError {
    /// What clients branch on; the same in every protocol, such as `validation_failed` or `pet_not_available`.
    code: &'static str,
    /// The status that the same refusal has in REST, such as 409.
    status: u16,
    /// The same in words.
    message: String,
    /// The argument that it is about, as a path such as `source.number`; null when it is about no argument.
    field: Option<String>,
    /// The rule that the argument breaks, such as `required`.
    rule: Option<&'static str>,
    /// The declined payment, which was kept.
    payment_id: Option<ID>,
}

/// Whether the caller can mend it by asking otherwise.
const fn is_users(kind: Kind) -> bool {
    match kind {
        Kind::Malformed
        | Kind::Invalid
        | Kind::NotFound
        | Kind::Conflict
        | Kind::Gone
        | Kind::PreconditionFailed
        | Kind::PaymentDeclined
        | Kind::TooLarge
        | Kind::NotAcceptable
        | Kind::UnsupportedMediaType => true,
        Kind::Unauthenticated | Kind::Forbidden | Kind::RateLimited | Kind::Unavailable | Kind::Internal => {
            false
        }
    }
}

/// What came of a mutation, for its payload.
///
/// # Errors
/// What the caller cannot mend.
pub fn settle<T>(result: domain::Result<T>) -> async_graphql::Result<(Option<T>, Vec<UserError>)> {
    match result {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(error) if is_users(error.kind()) => Ok((None, user_errors(&error))),
        Err(error) => Err(error.into()),
    }
}

fn user_errors(error: &Error) -> Vec<UserError> {
    let Problem { status, payment_id, .. } = Problem::from(error);
    let of_field = |Violation { field, message, code }: Violation| UserError {
        code: error.code(),
        status,
        message,
        field: Some(field),
        rule: Some(code),
        payment_id: None,
    };
    let violations = error.violations();
    if violations.is_empty() {
        let message = error.to_string();
        let payment_id = payment_id.map(ID);
        return vec![UserError { code: error.code(), status, message, field: None, rule: None, payment_id }];
    }
    violations.into_iter().map(of_field).collect()
}

/// Declares payloads: what each has beside `userErrors`.
macro_rules! payloads {
    ($($name:ident = $what:literal { $($(#[doc = $doc:literal])+ $field:ident: $type:ty),+ $(,)? })+) => {$(
        #[doc = concat!("What came of ", $what, ".")]
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $($(#[doc = $doc])+ $field: Option<$type>,)+
            /// Why it was not done; empty when it was.
            user_errors: Vec<$crate::protocols::graphql::mutation::payload::UserError>,
        }

        impl $name {
            /// From what a use case returned.
            ///
            /// # Errors
            /// What the caller cannot mend.
            fn of(result: $crate::domain::Result<($($type,)+)>) -> async_graphql::Result<Self> {
                let (value, user_errors) = $crate::protocols::graphql::mutation::payload::settle(result)?;
                let ($($field,)+) = match value {
                    Some(($($field,)+)) => ($(Some($field),)+),
                    None => ($({ let $field = None; $field },)+),
                };
                Ok(Self { $($field,)+ user_errors })
            }
        }
    )+};
}
pub(super) use payloads;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_violation_is_an_error_and_what_is_not_the_callers_is_none() {
        let (value, errors) = settle::<()>(Err(Error::Invalid(vec![
            Violation::required("name"),
            Violation::required("price"),
        ])))
        .unwrap();
        let told: Vec<_> = errors.iter().map(|e| (e.code, e.field.as_deref(), e.rule)).collect();
        assert_eq!(value, None);
        assert_eq!(
            told,
            [
                ("validation_failed", Some("name"), Some("required")),
                ("validation_failed", Some("price"), Some("required"))
            ]
        );
        let (_, errors) = settle::<()>(Err(Error::NotFound("pet"))).unwrap();
        assert_eq!((errors[0].code, &errors[0].field), ("not_found", &None));
        assert!(settle::<()>(Err(Error::Forbidden("no"))).is_err());
        assert!(settle::<()>(Err(Error::internal("x"))).is_err());
    }
}
