//! Publish and subscribe inside the process: one shared ring of recent events and an index of who waits for what.

mod bells;
mod hub;
mod published;
mod signals;
mod versions;

pub use bells::Bells;
pub use hub::{Capacity, Hub, Joined, Looked, Subscription, Taken};
pub use published::{Form, Published};
pub use signals::{Signal, Signals, Watch};
