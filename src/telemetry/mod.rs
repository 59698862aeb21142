//! What the server says about itself: metrics and logs.

pub mod logging;
pub mod metrics;
mod stopwatch;

pub use metrics::{Channel, ChannelMetrics, GaugeGuard, Metrics};
pub use stopwatch::Stopwatch;
