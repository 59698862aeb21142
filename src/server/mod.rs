//! The server: the only place that knows all concrete types. Here the parts are put together, started, and stopped.

pub mod accept;
mod banner;
mod chat;
mod compose;
mod front;
mod janitor;
mod layers;
mod protocol_settings;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;
use crate::bus::{Capacity, Hub};
use crate::clock::{Clock, Ids};
use crate::config::{Seed, Settings};
use crate::domain::{Error, Event, Result, Seq};
use crate::protocols::documents::Address;
use crate::seed;
use crate::store::faults::Faults;
use crate::store::{Committed, Store, sqlite};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::webhook::Doorbell;

/// Events in one read while the ring is filled.
const PREFILL_PAGE: u32 = 1000;

/// A server that runs.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its use cases.
    pub app: App,
    pub metrics: Metrics,
    pub tasks: Tasks,
    /// The password of the first administrator, when one was made; told this once.
    pub first_admin_password: Option<String>,
    pub settings: Settings,
    store: Store,
    tls: Option<accept::Tls>,
}

impl Server {
    /// Opens the store, starts every service and begins to listen.
    ///
    /// # Errors
    /// [`Error::Unavailable`] with the cause, when the address, the data directory or the database cannot be had.
    pub async fn start(mut settings: Settings, clock: Clock, faults: Faults) -> Result<Self> {
        let tls = accept::Tls::load(&settings.tls)?;
        settings.server.max_connections = accept::raise_descriptors(settings.server.max_connections)?;
        let listener =
            accept::bind(settings.server.listen, settings.server.accept_backlog).map_err(|error| {
                Error::unavailable(format!(
                    "server.listen {} cannot be bound: {error}",
                    settings.server.listen
                ))
            })?;
        let address = listener.local_addr().map_err(Error::unavailable)?;
        let configured = Some(settings.server.public_url.clone()).filter(|url| !url.is_empty());
        if settings.server.public_url.is_empty() {
            // Where every interface is listened on, this machine's own name for itself is as good as any.
            let host =
                if address.ip().is_unspecified() { "localhost".to_owned() } else { address.ip().to_string() };
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            let scheme = if tls.is_some() { "https" } else { "http" };
            settings.server.public_url = format!("{scheme}://{host}:{}", address.port());
        }
        let (ids, tasks) = (Ids::new(clock.clone()), Tasks::new());
        let metrics = Metrics::new(tasks.clone());
        let hub = Hub::new(Capacity { events: settings.feed.ring_events, bytes: settings.feed.ring_bytes });
        let (newest, committed) = watch::channel(0);
        let on_commit = publisher(hub.clone(), metrics.clone(), newest);
        let store = sqlite::open(compose::store_settings(&settings), faults, on_commit).await?;
        let bounds = store.read().log_bounds().await?;
        prefill(&store, &hub, bounds.floor, bounds.head, settings.feed.ring_events).await?;

        let doorbell = Arc::new(Doorbell::default());
        let app = {
            let revocations = store.read().revocations().await?;
            let parts = (clock.clone(), ids.clone(), metrics.clone());
            compose::app(
                &settings,
                store.clone(),
                hub.clone(),
                bounds,
                revocations,
                parts,
                Arc::clone(&doorbell),
            )?
        };
        if settings.server.seed == Seed::Demo && !store.read().has_users().await? {
            let summary = seed::demo(&store, app.passwords(), &settings.server.public_url).await?;
            tracing::info!("seeded: {summary}");
        }
        let parts =
            compose::Parts { app: app.clone(), clock, ids, metrics: metrics.clone(), tasks: tasks.clone() };
        compose::start_webhooks(&settings, &parts, store.clone(), (hub, committed), doorbell)?;
        janitor::start(&settings, &parts);
        let desk = chat::open_desk(&settings, &parts).await?;
        let own = Address { configured, secure: tls.is_some() };
        let front = compose::front(&settings, &parts, &desk, own)?;
        // Last of what can fail: the password is told once, and must not be lost with a start that fails after it.
        let first_admin_password = match settings.server.seed {
            Seed::Demo => None,
            Seed::None => seed::first_admin(&store, app.passwords(), &parts.ids, app.now()).await?,
        };
        let limits = accept::AcceptSettings { tls: tls.clone(), ..(&settings.server).into() };
        let accept = accept::serve(listener, front, limits, tasks.clone(), metrics.clone());
        tasks.spawn("accept loop", accept);
        Ok(Self { address, app, metrics, tasks, first_admin_password, settings, store, tls })
    }

    /// The table of every protocol's address.
    pub fn banner(&self) -> String {
        banner::table(self)
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Reads the certificate and its key anew, for new connections; those that stand go on.
    ///
    /// # Errors
    /// [`Error::Unavailable`] naming the file that cannot be used; the certificate from before then stays.
    pub fn reload_certificate(&self) -> Result<()> {
        self.tls.as_ref().map_or(Ok(()), accept::Tls::reload)
    }

    /// Stops: no new connections, streaming clients are told to come back, requests and attempts under way finish, the
    /// store closes. False when something did not end in time.
    pub async fn stop(self) -> bool {
        let limit = Duration::from_millis(self.settings.server.shutdown_timeout_ms);
        // A little longer than connections get, which are cut at their limit.
        let drained = self.tasks.drain(limit + Duration::from_millis(500)).await;
        // Clients that had to be cut off are no fault.
        let ended = drained || self.tasks.running_services().is_empty();
        self.store.close().await;
        ended
    }
}

/// What the writer does after each commit, in the order of the log.
fn publisher(hub: Hub, metrics: Metrics, newest: watch::Sender<u64>) -> Committed {
    Box::new(move |events: Vec<Event>, changes, took| {
        metrics.commit(took, changes);
        let Some(last) = events.last().map(|event| event.position.seq) else { return };
        for event in &events {
            metrics.event_published(event.kind.name());
        }
        hub.publish(events);
        newest.send_replace(last.0);
    })
}

/// Fills the ring with the end of the log.
async fn prefill(store: &Store, hub: &Hub, floor: Seq, head: Seq, capacity: usize) -> Result<()> {
    let mut after = floor.max(Seq(head.0.saturating_sub(capacity as u64)));
    hub.start_at(after);
    while after < head {
        let events = store.read().read_events(&[], after, head, PREFILL_PAGE).await?;
        let Some(last) = events.last() else { break };
        after = last.position.seq;
        hub.publish(events);
    }
    hub.start_at(head);
    Ok(())
}
