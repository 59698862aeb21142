//! A store with webhooks, and what tests do to it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use super::receiver::PATIENCE;
use crate::bus::{Bells, Capacity, Hub};
use crate::clock::{Clock, Ids};
use crate::config::{Settings, WebhookSettings};
use crate::domain::event::{Event, Fact};
use crate::domain::inventory::{Counts, SpeciesStock};
use crate::domain::page::PageRequest;
use crate::domain::webhook::{Attempt, Delivery, DeliveryFilter, Endpoint, EndpointDraft, Job, JobKind};
use crate::domain::{
    Amount, Currency, EndpointId, EventId, JobId, Order, OrderId, OrderStatus, PetId, Seq, Species, Tenant,
    Timestamp,
};
use crate::store::faults::Faults;
use crate::store::sqlite::{self, SqliteSettings};
use crate::store::{Store, Writes};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::webhook::{self, AddressGuard, Allowed, Doorbell, EndpointDesk, Setup, Vault};

/// The default `[webhook]` section, with loopback allowed and no jitter.
pub fn settings() -> WebhookSettings {
    let defaults = Settings::load(None, std::iter::empty(), Vec::new()).unwrap().webhook;
    WebhookSettings { allow_private_addresses: true, retry_jitter_percent: 0, ..defaults }
}

pub struct World {
    pub settings: WebhookSettings,
    pub clock: Clock,
    pub faults: Faults,
    directory: tempfile::TempDir,
    ids: Ids,
    tasks: Tasks,
    vault: Arc<Vault>,
    pub doorbell: Arc<Doorbell>,
    /// The one that is allowed by the settings, unless a test puts its own here before the start.
    pub guard: AddressGuard,
    /// Nothing while it is stopped: the store gives its directory free when the last handle is gone.
    store: Option<Store>,
    hub: Hub,
    committed: watch::Receiver<u64>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings; on a clock that stands still.
    pub async fn with(change: impl FnOnce(&mut WebhookSettings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::manual(1_700_000_000_000);
        let ids = Ids::new(clock.clone());
        let vault = Arc::new(Vault::open_in(directory.path(), ids.clone()).unwrap());
        let faults = Faults::default();
        let (store, hub, committed) = open(directory.path(), &faults).await;
        let allowed = if settings.allow_private_addresses { Allowed::Private } else { Allowed::Public };
        Self {
            settings,
            doorbell: Arc::default(),
            guard: AddressGuard::new(allowed),
            clock,
            faults,
            directory,
            ids,
            tasks: Tasks::new(),
            vault,
            store: Some(store),
            hub,
            committed,
        }
    }

    /// Starts the webhooks.
    pub fn start(&mut self) {
        self.start_on(self.hub.clone(), self.committed.clone());
    }

    /// Starts the webhooks, which are then told of no commit.
    pub fn start_deaf(&mut self) {
        self.start_on(hub(), watch::channel(0).1);
    }

    fn start_on(&mut self, hub: Hub, committed: watch::Receiver<u64>) {
        webhook::start(&Setup {
            store: self.store().clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            tasks: self.tasks.clone(),
            metrics: Metrics::new(self.tasks.clone()),
            settings: self.settings.clone(),
            guard: self.guard.clone(),
            vault: Arc::clone(&self.vault),
            doorbell: Arc::clone(&self.doorbell),
            bells: Bells::default(),
            hub,
            committed,
        })
        .unwrap();
    }

    /// Ends the webhooks and the store, in order, and fails when a task panicked or hangs.
    pub async fn stop(&mut self) {
        assert!(self.tasks.drain(PATIENCE).await, "tasks hang: {:?}", self.tasks.running_services());
        assert_eq!((self.tasks.panics(), self.tasks.early_ends()), (0, 0));
        if let Some(store) = self.store.take() {
            store.close().await;
        }
    }

    /// Stops, and starts anew on the same files.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.reopen().await;
        self.start();
    }

    /// Opens the same files anew, after a stop.
    pub async fn reopen(&mut self) {
        self.tasks = Tasks::new();
        let (store, hub, committed) = open(self.directory.path(), &self.faults).await;
        (self.store, self.hub, self.committed) = (Some(store), hub, committed);
    }

    /// A secret alone, sealed for an endpoint.
    pub fn reseal(&self, endpoint: EndpointId, secret: &str) -> Vec<u8> {
        self.vault.seal(endpoint, secret).unwrap()
    }

    pub fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.clock.now_ms())
    }

    /// An endpoint for every event, and its secret. Its URL is not checked: that is for the deliverer to do.
    pub async fn endpoint(&self, url: &str) -> (Endpoint, String) {
        self.endpoint_with(url, |_| {}).await
    }

    /// The same, with other settings.
    pub async fn endpoint_with(
        &self,
        url: &str,
        change: impl FnOnce(&mut EndpointDraft),
    ) -> (Endpoint, String) {
        let guard = AddressGuard::new(Allowed::Private);
        let desk = EndpointDesk::new(Arc::clone(&self.vault), guard, Arc::clone(&self.doorbell), 30_000);
        let mut draft = EndpointDraft {
            url: Some(url.to_owned()),
            event_types: Some(vec!["*".to_owned()]),
            ..EndpointDraft::default()
        };
        change(&mut draft);
        let id = EndpointId(self.ids.uuid_v7());
        let (endpoint, secret) = draft.create(id, Tenant::PUBLIC, None, self.now(), &desk).unwrap();
        let row = endpoint.clone();
        self.store()
            .write(async move |writes: &mut dyn Writes| writes.insert_endpoint(&row).await)
            .await
            .unwrap();
        (self.found(endpoint.id).await, secret)
    }

    /// An endpoint as it is now.
    pub async fn found(&self, id: EndpointId) -> Endpoint {
        self.store().read().find_endpoint(Tenant::PUBLIC, id).await.unwrap().unwrap()
    }

    /// Replaces an endpoint, and rings for it.
    pub async fn alter(&self, endpoint: Endpoint) {
        let id = endpoint.id;
        self.store()
            .write(async move |writes: &mut dyn Writes| writes.update_endpoint(&endpoint).await)
            .await
            .unwrap();
        self.doorbell.ring_for(id);
    }

    /// Commits `count` events together, and returns them.
    pub async fn happen(&self, count: usize) -> Vec<Event> {
        let before = self.store().read().log_bounds().await.unwrap().head;
        let (ids, now) = (self.ids.clone(), self.now());
        self.store()
            .write(async move |writes: &mut dyn Writes| {
                for _ in 0..count {
                    let stock =
                        SpeciesStock { species: Species::Dog, counts: Counts::default(), updated_at: now };
                    let fact = Fact::inventory_changed(Tenant::PUBLIC, stock);
                    writes.append_event(EventId(ids.uuid_v7()), now, fact).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let head = self.store().read().log_bounds().await.unwrap().head;
        let events = self.store().read().read_events(&[], before, head, 10_000).await.unwrap();
        assert_eq!(events.len(), count);
        events
    }

    /// Commits an event for each of the orders that the numbers name, in that order.
    pub async fn happen_to(&self, orders: &[u128]) {
        let (ids, now, orders) = (self.ids.clone(), self.now(), orders.to_owned());
        self.store()
            .write(async move |writes: &mut dyn Writes| {
                for number in orders {
                    let order = Order {
                        id: OrderId(Uuid::from_u128(number)),
                        tenant: Tenant::PUBLIC,
                        pet_id: PetId(Uuid::from_u128(number)),
                        user_id: None,
                        status: OrderStatus::Placed,
                        total_amount: Amount::from_minor(100 * i64::try_from(number).unwrap()),
                        currency: Currency::Usd,
                        created_at: now,
                        updated_at: now,
                    };
                    writes.append_event(EventId(ids.uuid_v7()), now, Fact::order_created(&order)).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
    }

    /// A job that begins where the log does.
    pub async fn job(&self, endpoint: EndpointId, kind: JobKind) -> Job {
        let (id, now) = (JobId(self.ids.uuid_v7()), self.now());
        let upto = self.store().read().log_bounds().await.unwrap().head;
        let (tenant, first) = (Tenant::PUBLIC, Seq::START);
        let job = Job {
            id,
            tenant,
            endpoint_id: endpoint,
            kind,
            since: None,
            first,
            cursor: first,
            upto,
            queued: 0,
            created_at: now,
            finished_at: None,
            cancelled: false,
        };
        let row = job.clone();
        self.store().write(async move |writes: &mut dyn Writes| writes.insert_job(&row).await).await.unwrap();
        self.doorbell.ring_for(endpoint);
        job
    }

    /// Waits until a job is finished, and returns it.
    pub async fn until_finished(&self, job: &Job) -> Job {
        let wait = async {
            loop {
                let now = self.store().read().find_job(job.tenant, job.id).await.unwrap().unwrap();
                if now.finished_at.is_some() {
                    return now;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the job finishes")
    }

    /// The deliveries to an endpoint that are done with, one way or the other.
    pub async fn settled(&self, endpoint: EndpointId) -> Vec<Delivery> {
        let mut deliveries = self.deliveries(endpoint).await;
        deliveries.retain(|delivery| delivery.settled_at.is_some());
        deliveries
    }

    async fn deliveries(&self, endpoint: EndpointId) -> Vec<Delivery> {
        let mut all = Vec::new();
        loop {
            let page = u32::try_from(all.len() / 100 + 1).unwrap();
            let request = PageRequest::numbered(page, 100);
            let found = self
                .store()
                .read()
                .list_deliveries(Tenant::PUBLIC, endpoint, &DeliveryFilter::default(), request)
                .await
                .unwrap();
            let full = found.items.len() == 100;
            all.extend(found.items);
            if !full {
                return all;
            }
        }
    }

    /// Waits until `count` deliveries to the endpoint are settled, and returns them.
    pub async fn until_settled(&self, endpoint: EndpointId, count: usize) -> Vec<Delivery> {
        self.until(endpoint, |deliveries| {
            let settled: Vec<&Delivery> = deliveries.iter().filter(|one| one.settled_at.is_some()).collect();
            (settled.len() >= count).then(|| settled.into_iter().cloned().collect())
        })
        .await
    }

    /// Waits until a delivery to the endpoint has had that many attempts, and returns it.
    pub async fn until_attempts(&self, endpoint: EndpointId, attempts: u32) -> Delivery {
        self.until(endpoint, |deliveries| deliveries.iter().find(|one| one.attempts == attempts).cloned())
            .await
    }

    async fn until<T>(&self, endpoint: EndpointId, found: impl Fn(&[Delivery]) -> Option<T>) -> T {
        let wait = async {
            loop {
                if let Some(found) = found(&self.deliveries(endpoint).await) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(found) => found,
            Err(_) => panic!("it did not come to that: {:#?}", self.deliveries(endpoint).await),
        }
    }

    pub async fn attempts(&self, delivery: &Delivery) -> Vec<Attempt> {
        self.store().read().list_attempts(delivery.tenant, delivery.id).await.unwrap()
    }
}

/// Of a few events, so that those before them are read from the log.
fn hub() -> Hub {
    Hub::new(Capacity { events: 8, bytes: 1_000_000 })
}

/// Opens the store, and says how far its log reaches after each commit.
async fn open(directory: &Path, faults: &Faults) -> (Store, Hub, watch::Receiver<u64>) {
    let settings = SqliteSettings {
        data_dir: directory.to_owned(),
        read_connections: 2,
        busy_timeout_ms: 5_000,
        cache_kib: 2_048,
        write_queue: 1_024,
        max_batch: 64,
    };
    let (newest, committed) = watch::channel(0);
    let hub = hub();
    let published = hub.clone();
    let hook = move |events: Vec<Event>, _, _| {
        if let Some(newest_seq) = events.last().map(|event| event.position.seq.0) {
            published.publish(events);
            newest.send_replace(newest_seq);
        }
    };
    (sqlite::open(settings, faults.clone(), Box::new(hook)).await.unwrap(), hub, committed)
}
