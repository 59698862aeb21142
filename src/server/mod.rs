//! The server: the only place that knows all concrete types.

pub mod accept;
