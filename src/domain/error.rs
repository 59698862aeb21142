//! The one error of the store, free of any transport.
//!
//! Clients branch on [`Error::code`], which is the same in every protocol; protocols map [`Error::kind`].

use std::sync::Arc;

/// The result of everything that can be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong inside, for the log only; never sent to anyone.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// What a caller should do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request cannot be read: mend its form.
    Malformed,
    /// The request was read, but values in it are not allowed: mend the named fields.
    Invalid,
    /// Who asks is not known: authenticate.
    Unauthenticated,
    /// Who asks may not do this.
    Forbidden,
    /// There is no such thing, or it is not the caller's to see.
    NotFound,
    /// The state does not allow it now.
    Conflict,
    /// What was asked for was there and is gone for good.
    Gone,
    /// The resource is not (any more) in the state that the caller's condition names.
    PreconditionFailed,
    /// The payment was declined.
    PaymentDeclined,
    /// More than a limit allows.
    TooLarge,
    /// None of the types that there are is accepted.
    NotAcceptable,
    /// The content's type is not supported.
    UnsupportedMediaType,
    /// Too many requests, or too many of a bounded thing: slow down.
    RateLimited,
    /// Not possible at this moment: try again.
    Unavailable,
    /// A fault of the server.
    Internal,
}

/// One field's breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where: a dotted path such as `source.number`.
    pub field: String,
    /// What is allowed, in words.
    pub message: String,
    /// A stable name of the rule.
    pub code: &'static str,
}

impl Violation {
    /// A breach of the rule `code` by `field`.
    pub fn new(field: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), code }
    }

    /// `field` is missing.
    pub fn required(field: impl Into<String>) -> Self {
        Self::new(field, "required", "is required")
    }

    /// `field` has a value that is none of `allowed`.
    pub fn one_of(field: &str, given: &str, allowed: &[&str]) -> Self {
        let given: String = given.chars().take(40).collect();
        Self::new(field, "unknown_value", format!("must be one of {}; got {given:?}", allowed.join(", ")))
    }
}

/// Everything that the store refuses or fails at.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request's form is broken at `field`.
    #[error("{field}: {message}")]
    Malformed { field: String, message: String },
    /// Values that are not allowed.
    #[error("{} of the request's values are not allowed: {}", .0.len(), summary(.0))]
    Invalid(Vec<Violation>),
    /// No token where one is needed.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// A token that is not valid, and never was.
    #[error("{0}")]
    InvalidToken(&'static str),
    /// A token whose time is over.
    #[error("the bearer token has expired")]
    TokenExpired,
    /// A token that was taken back: logged out, suspended, or given another password.
    #[error("the bearer token was revoked; log in again")]
    TokenRevoked,
    /// User name or password is wrong.
    #[error("the user name or the password is wrong")]
    WrongCredentials,
    /// The principal may not do that.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The token does not have the scope that this needs.
    #[error("the token lacks the scope {0} that this needs")]
    MissingScope(super::Scope),
    /// A refusal in the words of OAuth2.
    #[error("{1}")]
    OAuth(super::oauth::Refusal, &'static str),
    /// No such resource of that kind.
    #[error("there is no {0} with this id")]
    NotFound(&'static str),
    /// No such path, operation or query field.
    #[error("{0}")]
    UnknownOperation(&'static str),
    /// The pet is not to be had.
    #[error("the pet is {0}, only an AVAILABLE pet can be ordered")]
    PetNotAvailable(&'static str),
    /// The pet has an order that is not ended.
    #[error("the pet has an open order; cancel or deliver it first")]
    PetInUse,
    /// The order's state does not allow the command.
    #[error("an order that is {status} cannot be {command}; {allowed}")]
    IllegalTransition { status: &'static str, command: &'static str, allowed: &'static str },
    /// A condition of the caller does not hold for the resource as it is.
    #[error("the resource is not in the state that the request's condition names; read it again")]
    PreconditionFailed,
    /// An idempotency key that was used for another request.
    #[error("this idempotency key was used for another request; make a new key for each new request")]
    IdempotencyKeyReused,
    /// The request under the same idempotency key is being answered, or has just been.
    #[error("a request with this idempotency key has just been taken; try again to get its answer")]
    IdempotencyConflict,
    /// The order is paid.
    #[error("the order is already paid")]
    AlreadyPaid,
    /// What an administrator may do to others, but not to themselves.
    #[error("{0}")]
    OwnAccount(&'static str),
    /// A unique value is taken.
    #[error("{0} is already taken")]
    Taken(&'static str),
    /// The bank said no; the failed payment is kept.
    #[error("the payment was declined: {reason}")]
    PaymentDeclined { reason: &'static str, payment_id: super::PaymentId },
    /// The cursor is older than the log reaches.
    #[error(
        "the cursor is older than the retained events; read the current state and subscribe without a cursor"
    )]
    CursorExpired,
    /// The cursor belongs to another database, or to the future of this one.
    #[error("the cursor was not issued by this store; read the current state and subscribe without a cursor")]
    CursorForeign,
    /// A well-formed cursor that is no place of the list that was asked for.
    #[error(
        "there is no such page: the cursor belongs to another list; filters and sort must be those that it was given out for"
    )]
    PageUnknown,
    /// The event is no longer kept.
    #[error("the event of this delivery is no longer kept, so it cannot be sent again")]
    EventExpired,
    /// The endpoint's state does not allow it.
    #[error("the webhook endpoint is disabled; enable it first")]
    EndpointDisabled,
    /// There are as many of a bounded thing as there can be; time alone does not help.
    #[error("{message}")]
    LimitReached { limit: &'static str, message: String },
    /// The body (or the frame) is larger than allowed.
    #[error("the {field} is larger than {max_bytes} bytes")]
    TooLarge { field: &'static str, max_bytes: usize },
    /// The client accepts none of the types that there are.
    #[error("Accept must allow {0}")]
    NotAcceptable(&'static str),
    /// The body is not of the type that is read here.
    #[error("the content type must be {0}")]
    UnsupportedMediaType(&'static str),
    /// A queue is full: slow down.
    #[error("too many requests wait ({limit}); try again in {retry_after_s} s")]
    RateLimited { limit: &'static str, retry_after_s: u32 },
    /// Not now.
    #[error("the store cannot take this now; try again")]
    Unavailable(#[source] Option<Cause>),
    /// A fault of the server; the cause is for the log only.
    #[error("something went wrong on our side")]
    Internal(#[source] Cause),
}

fn summary(violations: &[Violation]) -> String {
    let shown: Vec<String> =
        violations.iter().take(5).map(|v| format!("{} {}", v.field, v.message)).collect();
    shown.join("; ")
}

impl Error {
    /// The request's form is broken at `field`.
    pub fn malformed(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Malformed { field: field.into(), message: message.into() }
    }

    /// One violation alone.
    pub fn invalid(violation: Violation) -> Self {
        Self::Invalid(vec![violation])
    }

    /// A fault, with its cause.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }

    /// A passing inability, with its cause.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(Some(Arc::from(cause.into())))
    }

    /// The stable name that clients branch on, the same in every protocol.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed_request",
            Self::Invalid(_) => "validation_failed",
            Self::Unauthenticated(_) | Self::InvalidToken(_) => "unauthenticated",
            Self::TokenExpired => "token_expired",
            Self::TokenRevoked => "token_revoked",
            Self::WrongCredentials => "wrong_credentials",
            Self::Forbidden(_) | Self::MissingScope(_) => "forbidden",
            Self::OAuth(refusal, _) => refusal.name(),
            Self::NotFound(_) => "not_found",
            Self::UnknownOperation(_) => "unknown_operation",
            Self::PetNotAvailable(_) => "pet_not_available",
            Self::PetInUse => "pet_in_use",
            Self::IllegalTransition { .. } => "illegal_transition",
            Self::PreconditionFailed => "precondition_failed",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::AlreadyPaid => "already_paid",
            Self::OwnAccount(_) => "own_account",
            Self::Taken(_) => "already_taken",
            Self::PaymentDeclined { .. } => "payment_declined",
            Self::CursorExpired => "cursor_expired",
            Self::CursorForeign => "cursor_foreign",
            Self::PageUnknown => "page_unknown",
            Self::EventExpired => "event_expired",
            Self::EndpointDisabled => "endpoint_disabled",
            Self::LimitReached { .. } => "limit_reached",
            Self::TooLarge { .. } => "payload_too_large",
            Self::NotAcceptable(_) => "not_acceptable",
            Self::UnsupportedMediaType(_) => "unsupported_media_type",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// What the caller should do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Malformed { .. } => Kind::Malformed,
            Self::Invalid(_) | Self::IdempotencyKeyReused | Self::PageUnknown => Kind::Invalid,
            Self::PreconditionFailed => Kind::PreconditionFailed,
            Self::OAuth(super::oauth::Refusal::InvalidClient, _)
            | Self::Unauthenticated(_)
            | Self::InvalidToken(_)
            | Self::TokenExpired
            | Self::TokenRevoked
            | Self::WrongCredentials => Kind::Unauthenticated,
            Self::Forbidden(_) | Self::MissingScope(_) => Kind::Forbidden,
            Self::OAuth(..) => Kind::Malformed,
            Self::NotFound(_) | Self::UnknownOperation(_) | Self::CursorForeign => Kind::NotFound,
            Self::PetNotAvailable(_)
            | Self::PetInUse
            | Self::IllegalTransition { .. }
            | Self::IdempotencyConflict
            | Self::AlreadyPaid
            | Self::OwnAccount(_)
            | Self::Taken(_)
            | Self::EndpointDisabled
            | Self::LimitReached { .. } => Kind::Conflict,
            Self::PaymentDeclined { .. } => Kind::PaymentDeclined,
            Self::CursorExpired | Self::EventExpired => Kind::Gone,
            Self::RateLimited { .. } => Kind::RateLimited,
            Self::TooLarge { .. } => Kind::TooLarge,
            Self::NotAcceptable(_) => Kind::NotAcceptable,
            Self::UnsupportedMediaType(_) => Kind::UnsupportedMediaType,
            Self::Unavailable(_) => Kind::Unavailable,
            Self::Internal(_) => Kind::Internal,
        }
    }

    /// The fields that broke a rule, when it is about fields.
    pub fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            Self::Malformed { field, message } => vec![Violation::new(field, "malformed", message)],
            Self::IdempotencyKeyReused => {
                vec![Violation::new("Idempotency-Key", "reused", "was used for another request")]
            }
            Self::PageUnknown => vec![Violation::new("cursor", "foreign_cursor", "is of another list")],
            Self::Taken(field) => vec![Violation::new(*field, "taken", "is already taken")],
            Self::TooLarge { field, max_bytes } => {
                vec![Violation::new(*field, "too_large", format!("must be at most {max_bytes} bytes"))]
            }
            Self::NotAcceptable(types) => {
                vec![Violation::new("Accept", "not_acceptable", format!("must allow {types}"))]
            }
            Self::UnsupportedMediaType(types) => {
                vec![Violation::new("Content-Type", "unsupported", format!("must be {types}"))]
            }
            _ => Vec::new(),
        }
    }
}
