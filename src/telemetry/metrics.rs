//! Counters, gauges and histograms of one server, in the `OpenMetrics` text form.
//!
//! The registry belongs to the server and not to the process: tests run several servers side by side. Hot paths
//! hold a handle ([`ChannelMetrics`]) and pay one atomic addition.

mod channel;
mod process;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

pub use channel::{Channel, ChannelMetrics, GaugeGuard};

use crate::tasks::Tasks;
use channel::register_channels;
use process::Process;

/// The content type of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TypeLabel {
    r#type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabel {
    limit: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    protocol: &'static str,
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    protocol: &'static str,
    method: &'static str,
    route: String,
}

/// Every metric of one server. Clones are handles on the same numbers.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    channels: [Arc<ChannelMetrics>; Channel::ALL.len()],
    sockets: Gauge,
    published: Family<TypeLabel, Counter>,
    deliveries: Family<OutcomeLabel, Counter>,
    commit_seconds: Histogram,
    commit_writes: Histogram,
    limit_hits: Family<LimitLabel, Counter>,
    log_pages: Counter,
}

impl Metrics {
    /// Metrics that start at zero; those of the tasks are read from `tasks`.
    #[must_use]
    pub fn new(tasks: Tasks) -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Process { tasks }));
        let ours = registry.sub_registry_with_prefix("petstore");
        Self(Arc::new(Inner {
            requests: register(ours, "http_requests", "Requests answered", Family::default()),
            request_seconds: register_seconds(ours, "http_request_duration", "Time to answer a request", {
                Family::new_with_constructor(|| latency(0.000_5))
            }),
            channels: register_channels(ours),
            sockets: register(ours, "open_sockets", "Open TCP connections", Gauge::default()),
            published: register(ours, "events_published", "Events committed to the log", Family::default()),
            deliveries: register(
                ours,
                "webhook_deliveries",
                "Webhook attempts by outcome",
                Family::default(),
            ),
            commit_seconds: register_seconds(ours, "commit_duration", "Time of one commit", latency(0.000_1)),
            commit_writes: register(ours, "commit_writes", "Writes that shared one commit", {
                Histogram::new(exponential_buckets(1.0, 2.0, 10))
            }),
            limit_hits: register(ours, "limit_hits", "Times that a configured limit was reached", {
                Family::default()
            }),
            log_pages: register(
                ours,
                "log_pages_read",
                "Pages of the log read for subscribers",
                Counter::default(),
            ),
            registry,
        }))
    }

    /// Counts an answered request. `protocol` and `route` (the pattern such as `/v1/pets/{id}`, never the path
    /// that was asked for) become labels and so must be few.
    pub fn request(
        &self,
        protocol: &'static str,
        method: &http::Method,
        route: &str,
        status: u16,
        took: Duration,
    ) {
        let (method, route) = (method_label(method), route.to_owned());
        let by_route = RouteLabels { protocol, method, route: route.clone() };
        self.0.request_seconds.get_or_create(&by_route).observe(took.as_secs_f64());
        self.0.requests.get_or_create(&RequestLabels { protocol, method, route, status }).inc();
    }

    /// The handle of one channel.
    #[must_use]
    pub fn channel(&self, channel: Channel) -> Arc<ChannelMetrics> {
        Arc::clone(&self.0.channels[channel as usize])
    }

    /// Counts an open TCP connection until the guard is dropped.
    pub fn socket(&self) -> GaugeGuard {
        GaugeGuard::new(&self.0.sockets)
    }

    /// Counts one event that was committed, by its type.
    pub fn event_published(&self, event_type: &'static str) {
        self.0.published.get_or_create(&TypeLabel { r#type: event_type }).inc();
    }

    /// Counts one webhook attempt by what came of it, for example `succeeded`, `retried` or `dead`.
    pub fn delivery(&self, outcome: &'static str) {
        self.0.deliveries.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Records one commit: its time and how many writes shared it.
    pub fn commit(&self, took: Duration, writes: usize) {
        self.0.commit_seconds.observe(took.as_secs_f64());
        self.0.commit_writes.observe(f64::from(u32::try_from(writes).unwrap_or(u32::MAX)));
    }

    /// Counts that a limit was reached; `limit` is the full name of its key, such as `feed.max_topics`, or
    /// `os.accept` where the operating system has set it.
    pub fn limit_hit(&self, limit: &'static str) {
        self.0.limit_hits.get_or_create(&LimitLabel { limit }).inc();
    }

    /// Counts a page of the log that was read for subscribers who are behind.
    pub fn log_page_read(&self) {
        self.0.log_pages.inc();
    }

    /// How often a limit was reached.
    #[must_use]
    pub fn limit_hits(&self, limit: &'static str) -> u64 {
        self.0.limit_hits.get(&LimitLabel { limit }).map_or(0, |counter| counter.get())
    }

    /// Everything in the `OpenMetrics` text form, of the type [`CONTENT_TYPE`].
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        if let Err(error) = prometheus_client::encoding::text::encode(&mut text, &self.0.registry) {
            tracing::error!(%error, "metrics could not be encoded");
        }
        text
    }
}

fn register<M>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M
where
    M: prometheus_client::registry::Metric + Clone,
{
    registry.register(name, help, metric.clone());
    metric
}

fn register_seconds<M>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M
where
    M: prometheus_client::registry::Metric + Clone,
{
    registry.register_with_unit(name, help, Unit::Seconds, metric.clone());
    metric
}

/// Fifteen buckets, each twice the one before.
fn latency(shortest_s: f64) -> Histogram {
    Histogram::new(exponential_buckets(shortest_s, 2.0, 15))
}

/// Methods outside the list share one label, so that a client cannot make labels.
fn method_label(method: &http::Method) -> &'static str {
    const KNOWN: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests;
