//! What a developer of a receiver works with, from the command line: `petstore listen`, `petstore webhook verify` and
//! `petstore trigger`. They talk to a running store as any client does.

mod listen;
mod remote;
mod trigger;
mod verify;

pub use listen::{Listen, listen};
pub use remote::Login;
pub use trigger::{kinds, trigger};
pub use verify::{Captured, Key, verify};

/// Why a tool could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error("{0}")]
    Refused(String),
    #[error("{0} cannot be reached")]
    Unreachable(String, #[source] reqwest::Error),
    #[error("cannot read {0}")]
    Unreadable(String, #[source] std::io::Error),
}
