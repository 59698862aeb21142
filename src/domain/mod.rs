//! The store's language: pure types, state machines, money, errors and the one list of events.
//!
//! Nothing here is asynchronous, does I/O or knows how it is encoded; every other layer may use it and it uses
//! none of them.

pub mod amount;
pub mod audit;
pub mod callback;
pub mod chat;
pub mod cursor;
pub mod error;
pub mod event;
pub mod id;
pub mod image;
pub mod inbound;
pub mod inventory;
pub mod network;
pub mod oauth;
pub mod order;
pub mod page;
pub mod password;
pub mod payment;
pub mod pet;
pub mod principal;
pub mod stats;
pub mod timestamp;
pub mod topic;
pub mod user;
pub mod webhook;

pub use amount::{Amount, Currency};
pub use cursor::{Cursor, Epoch, Position, Seq};
pub use error::{Error, Kind, Result, Violation};
pub use event::{Event, EventType};
pub use id::*;
pub use network::Network;
pub use order::{Order, OrderStatus};
pub use payment::{Payment, PaymentStatus, Receipt};
pub use pet::{Pet, PetStatus, Species};
pub use principal::{Principal, Role, Scope};
pub use timestamp::Timestamp;
pub use topic::Topic;
pub use user::User;

/// Declares an enum whose values have one upper-case name each, the same in every protocol and in the database.
macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The value's name, as every protocol and the database write it.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The value of that exact name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some($name::$variant),)+ _ => None }
            }

            /// The value of that name, or a violation of `field` that lists what is allowed.
            pub fn parse(field: &str, name: &str) -> std::result::Result<Self, $crate::domain::Violation> {
                Self::from_name(name).ok_or_else(|| $crate::domain::Violation::one_of(field, name, &[$($text),+]))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use named_enum;
