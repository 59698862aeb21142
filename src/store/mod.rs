//! The database behind traits: what can be read, and what can be done inside one transaction.
//!
//! All SQL lives below this module, one folder for each database with the same file names. A change, its events and its
//! audit row are written in one transaction ([`Writes`]), and many callers' transactions share one commit
//! ([`writer`]). Everything that is looked up is looked up inside a tenant.

pub mod batches;
mod chat;
pub mod faults;
pub mod oauth;
pub mod sqlite;
mod webhooks;
pub mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::audit::{AuditEntry, AuditFilter, AuditRecord};
use crate::domain::callback::{Callback, Waiting};
use crate::domain::event::{Fact, Key};
use crate::domain::image::PetImage;
use crate::domain::inventory::SpeciesStock;
use crate::domain::order::OrderFilter;
use crate::domain::page::{Page, PageRequest};
use crate::domain::pet::PetFilter;
use crate::domain::stats::StoreStats;
use crate::domain::user::UserFilter;
use crate::domain::webhook::{Attempt, Delivery, DeliveryFilter, Endpoint};
use crate::domain::{
    AuditId, DeliveryId, EndpointId, Epoch, Event, EventId, ImageId, Order, OrderId, OrderStatus, Payment,
    PaymentStatus, Pet, PetId, PetStatus, Receipt, ReceiptId, Result, Scope, Seq, SessionId, Species, Tenant,
    Timestamp, User, UserId,
};

use batches::BatchReads;
pub use chat::{ChatReads, ChatWrites, Picture};
use oauth::{OAuthReads, OAuthWrites};
pub use sqlite::knowledge;
pub use webhooks::{Owners, WebhookReads, WebhookWrites};
pub use writer::{Committed, Writer};

/// A user and the hash of the password (PHC string). Not `Debug`.
#[derive(Clone)]
pub struct Credentials {
    pub user: User,
    pub password_hash: String,
}

/// One refresh token of a login; only its SHA-256 is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub hash: [u8; 32],
    pub session: SessionId,
    pub user_id: UserId,
    pub tenant: Tenant,
    /// The OAuth2 client that it was given to, which alone may use it.
    pub client: Option<String>,
    /// What its user allowed the client; empty without one.
    pub scopes: Vec<Scope>,
    pub expires_at: Timestamp,
    /// When it was exchanged for its successor; a second use is a theft.
    pub used_at: Option<Timestamp>,
    /// When the login ended.
    pub revoked_at: Option<Timestamp>,
}

/// Access tokens that were taken back before their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Rises with time in one sequence with the ids of tokens: concerns those up to it.
    pub id: Uuid,
    pub user: UserId,
    /// Only those of this login.
    pub session: Option<SessionId>,
    /// When the last of them expires by itself.
    pub until: Timestamp,
}

/// An answer that is kept under an idempotency key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    pub tenant: Tenant,
    /// SHA-256 of tenant, principal and key.
    pub id: [u8; 32],
    /// SHA-256 of the request that was answered.
    pub fingerprint: [u8; 32],
    /// The answer, sealed.
    pub sealed: Vec<u8>,
    pub expires_at: Timestamp,
}

/// Where the log begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogBounds {
    pub epoch: Epoch,
    /// Events at or below this are no longer served.
    pub floor: Seq,
    /// The newest committed event; equal to `floor` for an empty log.
    pub head: Seq,
}

/// A delivery that the deliverer took under a lease, with everything that it needs to send it.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    pub delivery: Delivery,
    pub endpoint: Arc<Endpoint>,
    pub event: Arc<Event>,
    /// Names this claim: a result is recorded only while the claim is the row's newest.
    pub claim: u64,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Succeeded,
    /// Try again then.
    Retry {
        at: Timestamp,
    },
    /// No further try.
    Dead,
}

/// Everything that can be read. Reads see committed data only.
#[async_trait]
pub trait Reads: OAuthReads + WebhookReads + ChatReads + BatchReads + Send + Sync {
    async fn find_pet(&self, tenant: Tenant, id: PetId) -> Result<Option<Pet>>;
    /// In the order of the filter; a text without one: the most relevant first, or the newest when it is in too many.
    async fn list_pets(&self, tenant: Tenant, filter: &PetFilter, page: PageRequest) -> Result<Page<Pet>>;
    /// One entry for each species that the tenant has, in the order of [`Species::ALL`].
    async fn inventory(&self, tenant: Tenant) -> Result<Vec<SpeciesStock>>;
    async fn find_pet_image(&self, tenant: Tenant, pet: PetId, id: ImageId) -> Result<Option<PetImage>>;
    /// Those of `ids` that no pet of any tenant has.
    async fn unknown_images(&self, ids: &[ImageId]) -> Result<Vec<ImageId>>;

    async fn find_user(&self, tenant: Tenant, id: UserId) -> Result<Option<User>>;
    /// Newest first.
    async fn list_users(&self, tenant: Tenant, filter: &UserFilter, page: PageRequest) -> Result<Page<User>>;
    async fn find_audit(&self, tenant: Tenant, id: AuditId) -> Result<Option<AuditRecord>>;
    /// Newest first.
    async fn list_audit(
        &self,
        tenant: Tenant,
        filter: &AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>>;
    /// The numbers of the dashboard; those of the days since `first_day` (days since 1970) one by one. Its work does
    /// not grow with the number of orders, payments, users or settled deliveries.
    async fn stats(&self, tenant: Tenant, first_day: i64, now: Timestamp) -> Result<StoreStats>;
    /// By user name or e-mail address, in any letter case.
    async fn find_credentials(&self, tenant: Tenant, login: &str) -> Result<Option<Credentials>>;
    /// Every revocation that is kept.
    async fn revocations(&self) -> Result<Vec<Revocation>>;
    /// Whether the store has any user at all.
    async fn has_users(&self) -> Result<bool>;

    /// Also one that has expired, until it is purged.
    async fn find_answer(&self, tenant: Tenant, id: &[u8; 32]) -> Result<Option<KeptAnswer>>;

    async fn find_order(&self, tenant: Tenant, id: OrderId) -> Result<Option<Order>>;
    /// Newest first.
    async fn list_orders(
        &self,
        tenant: Tenant,
        filter: &OrderFilter,
        page: PageRequest,
    ) -> Result<Page<Order>>;
    /// Of one order, newest first.
    async fn payments_of(&self, tenant: Tenant, order: OrderId) -> Result<Vec<Payment>>;
    /// With the payment and the order that it belongs to.
    async fn find_receipt(&self, tenant: Tenant, id: ReceiptId) -> Result<Option<(Receipt, Payment, Order)>>;

    async fn find_endpoint(&self, tenant: Tenant, id: EndpointId) -> Result<Option<Endpoint>>;
    /// Newest first; only those of `owner` when given.
    async fn list_endpoints(
        &self,
        tenant: Tenant,
        owner: Option<UserId>,
        page: PageRequest,
    ) -> Result<Page<Endpoint>>;
    /// Every enabled endpoint of these tenants, for the dispatcher.
    async fn enabled_endpoints(&self, tenants: &[Tenant]) -> Result<Vec<Endpoint>>;
    async fn find_delivery(&self, tenant: Tenant, id: DeliveryId) -> Result<Option<Delivery>>;
    /// Newest first.
    async fn list_deliveries(
        &self,
        tenant: Tenant,
        endpoint: EndpointId,
        filter: &DeliveryFilter,
        page: PageRequest,
    ) -> Result<Page<Delivery>>;
    /// In the order they were made.
    async fn list_attempts(&self, tenant: Tenant, delivery: DeliveryId) -> Result<Vec<Attempt>>;
    /// When the next delivery that nobody holds is due, over all enabled endpoints that are not paused; where a lane rests,
    /// when it ends that.
    async fn next_due(&self) -> Result<Option<Timestamp>>;

    async fn log_bounds(&self) -> Result<LogBounds>;
    /// The first `limit` events with `after < seq <= upto` that belong to any of `keys`, in order, each once. All keys
    /// are of one tenant. No keys: the events of everyone (for the dispatcher and for filling the ring).
    ///
    /// # Errors
    /// [`crate::domain::Error::CursorExpired`] when, with keys, the log begins after `after`: a purge that came in
    /// between never makes a silent gap.
    async fn read_events(&self, keys: &[Key], after: Seq, upto: Seq, limit: u32) -> Result<Vec<Event>>;

    /// Whether the database answers and changes are taken, for readiness; costs no write.
    async fn ping(&self) -> Result<()>;

    /// Closes the connections that read, and gives the database to whoever opens it next.
    async fn close(&self);
}

/// What can be done inside one transaction, on the one writer. What it reads includes its own changes.
#[async_trait(?Send)]
pub trait Writes: ChatWrites + OAuthWrites + WebhookWrites {
    async fn pet(&mut self, tenant: Tenant, id: PetId) -> Result<Option<Pet>>;
    async fn insert_pet(&mut self, pet: &Pet) -> Result<()>;
    /// Replaces the row and keeps the stock in step.
    async fn update_pet(&mut self, pet: &Pet) -> Result<()>;
    /// Replaces nothing but status, which was `before`, and `updated_at`: that costs less.
    async fn update_pet_status(&mut self, before: PetStatus, pet: &Pet) -> Result<()>;
    /// Deletes the pet, and what is known of its images.
    async fn delete_pet(&mut self, tenant: Tenant, id: PetId, at: Timestamp) -> Result<()>;
    /// Whether an order of it is PLACED, APPROVED or SHIPPED.
    async fn pet_has_open_order(&mut self, tenant: Tenant, id: PetId) -> Result<bool>;
    async fn stock(&mut self, tenant: Tenant, species: Species) -> Result<SpeciesStock>;
    /// In the order in which they came.
    async fn pet_images(&mut self, tenant: Tenant, pet: PetId) -> Result<Vec<PetImage>>;
    async fn insert_pet_image(&mut self, image: &PetImage) -> Result<()>;
    async fn delete_pet_image(&mut self, tenant: Tenant, id: ImageId) -> Result<()>;

    /// # Errors
    /// [`crate::domain::Error::Taken`] naming `username` or `email`.
    async fn insert_user(&mut self, credentials: &Credentials) -> Result<()>;
    async fn user(&mut self, tenant: Tenant, id: UserId) -> Result<Option<User>>;

    /// Replaces everything but the password.
    ///
    /// # Errors
    /// [`crate::domain::Error::Taken`] naming `username` or `email`.
    async fn update_user(&mut self, user: &User) -> Result<()>;
    /// Deletes the user with their refresh tokens; their orders stay.
    async fn delete_user(&mut self, tenant: Tenant, id: UserId) -> Result<()>;
    async fn password_hash(&mut self, tenant: Tenant, id: UserId) -> Result<Option<String>>;
    async fn set_password_hash(&mut self, tenant: Tenant, id: UserId, hash: &str) -> Result<()>;
    /// Deletes the user's webhook endpoints and callbacks, as [`Writes::delete_endpoint`].
    /// The ids of a user's endpoints, and of their lanes of callbacks.
    async fn endpoint_ids_of(&mut self, tenant: Tenant, owner: UserId) -> Result<Vec<EndpointId>>;
    async fn delete_endpoints_of(&mut self, tenant: Tenant, owner: UserId) -> Result<()>;

    async fn insert_refresh_token(&mut self, token: &RefreshToken) -> Result<()>;
    async fn refresh_token(&mut self, hash: &[u8; 32]) -> Result<Option<RefreshToken>>;
    async fn mark_refresh_token_used(&mut self, hash: &[u8; 32], at: Timestamp) -> Result<()>;
    /// Ends a login, or all of a user: its refresh tokens, and the access tokens up to now.
    async fn revoke(&mut self, revocation: &Revocation, at: Timestamp) -> Result<()>;
    /// Takes away what concerns tokens, codes and the like that have expired.
    async fn purge_credentials(&mut self, now: Timestamp) -> Result<()>;

    /// Also one that has expired, until it is purged.
    async fn answer(&mut self, tenant: Tenant, id: &[u8; 32]) -> Result<Option<KeptAnswer>>;
    /// Keeps it in place of one of the same id.
    async fn keep_answer(&mut self, answer: &KeptAnswer) -> Result<()>;

    async fn order(&mut self, tenant: Tenant, id: OrderId) -> Result<Option<Order>>;
    async fn insert_order(&mut self, order: &Order) -> Result<()>;
    /// Replaces status, which was `before`, and `updated_at`.
    async fn update_order(&mut self, before: OrderStatus, order: &Order) -> Result<()>;
    /// Whether the pet was ordered again after `order`, by someone who still has it or waits for it.
    async fn pet_ordered_again(&mut self, order: &Order) -> Result<bool>;
    /// Of one order, newest first.
    async fn payments_of(&mut self, tenant: Tenant, order: OrderId) -> Result<Vec<Payment>>;
    /// How many callbacks wait; each counted up to `at_most`.
    async fn pending_callbacks(
        &mut self,
        tenant: Tenant,
        order: OrderId,
        user: UserId,
        at_most: u32,
    ) -> Result<Waiting>;
    /// Queues the delivery of the event that was appended last to the callback's address.
    async fn insert_callback(&mut self, callback: &Callback) -> Result<()>;
    async fn insert_payment(&mut self, payment: &Payment) -> Result<()>;
    /// Replaces status, which was `before`, and failure code.
    async fn update_payment(&mut self, before: PaymentStatus, payment: &Payment) -> Result<()>;
    /// The payment of the order that SUCCEEDED, when there is one.
    async fn captured_payment(&mut self, tenant: Tenant, order: OrderId) -> Result<Option<Payment>>;
    async fn insert_receipt(&mut self, tenant: Tenant, receipt: &Receipt) -> Result<()>;

    async fn endpoint(&mut self, tenant: Tenant, id: EndpointId) -> Result<Option<Endpoint>>;
    /// Sets where it begins in the log: the events from now on are for it.
    async fn insert_endpoint(&mut self, endpoint: &Endpoint) -> Result<()>;
    async fn update_endpoint(&mut self, endpoint: &Endpoint) -> Result<()>;
    /// Deletes it with its deliveries and attempts.
    async fn delete_endpoint(&mut self, tenant: Tenant, id: EndpointId) -> Result<()>;
    async fn count_endpoints(&mut self, tenant: Tenant, of: Owners) -> Result<u64>;

    /// Puts the event into the log, at the next position.
    async fn append_event(&mut self, id: EventId, at: Timestamp, fact: Fact) -> Result<()>;
    async fn insert_audit(&mut self, entry: &AuditEntry) -> Result<()>;

    /// How far the dispatcher has read the log.
    async fn dispatched(&mut self) -> Result<Seq>;
    /// Delivery rows for events up to `upto`, and that position: together or not at all. A delivery of the same event
    /// to the same endpoint exists once.
    async fn insert_deliveries(&mut self, deliveries: &[Delivery], upto: Seq) -> Result<()>;
    /// Takes up to `limit` due deliveries, oldest due first and at most `per_endpoint` (less those already held) of one
    /// endpoint, until `lease_until`. Only of endpoints that are enabled, not paused and do not rest; one of an endpoint
    /// whose circuit is half-open, and of a throttled one no more than it can send in half that time.
    async fn claim_deliveries(
        &mut self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
        per_endpoint: u32,
    ) -> Result<Vec<ClaimedDelivery>>;
    /// Records an attempt and what follows from it. False, and nothing written, when `claim` is no longer the row's
    /// newest claim or the row is gone.
    async fn settle_delivery(
        &mut self,
        delivery: DeliveryId,
        claim: u64,
        attempt: &Attempt,
        verdict: Verdict,
    ) -> Result<bool>;
    /// Gives back what was claimed and not sent, unless it has been claimed again.
    async fn release_claims(&mut self, claims: &[(DeliveryId, u64)]) -> Result<()>;
    /// Makes due at `now` what waits until after `latest`, deliveries and the rests of endpoints.
    async fn end_long_waits(&mut self, now: Timestamp, latest: Timestamp) -> Result<()>;
    /// Gives back all leases: at start no attempt of an earlier process is under way.
    async fn release_leases(&mut self) -> Result<u64>;

    /// Raises the log's floor past up to `limit` events that occurred before `before` (and were dispatched), and deletes
    /// those that no pending delivery needs; takes away up to `limit` deliveries of deleted endpoints. Returns the
    /// greater of the two numbers: less than `limit` when there is no more to do.
    async fn purge_events(&mut self, before: Timestamp, limit: u32) -> Result<u64>;
    /// Makes dead letters of up to `limit` pending deliveries from before `before` of endpoints that send nothing; returns
    /// how many.
    async fn give_up_deliveries(&mut self, before: Timestamp, now: Timestamp, limit: u32) -> Result<u64>;
    /// Deletes up to `limit` deliveries that succeeded before `before` or died before it and `dead_before`, with their
    /// attempts, and up to `limit` refresh tokens that expired before `before`. Returns how many rows of either kind there
    /// were at most.
    async fn purge_settled(&mut self, before: Timestamp, dead_before: Timestamp, limit: u32) -> Result<u64>;
    /// Deletes up to `limit` kept answers that expired by `now`; returns how many.
    async fn purge_answers(&mut self, now: Timestamp, limit: u32) -> Result<u64>;
}

/// A store: reads from a pool, writes through the one writer.
#[derive(Clone)]
pub struct Store {
    reads: Arc<dyn Reads>,
    writer: Writer,
}

impl Store {
    /// From its two sides.
    pub fn new(reads: Arc<dyn Reads>, writer: Writer) -> Self {
        Self { reads, writer }
    }

    /// What can be read.
    pub fn read(&self) -> &dyn Reads {
        &*self.reads
    }

    /// Runs `change` in a transaction of its own; when this returns, it is on disk and its events are published.
    ///
    /// # Errors
    /// What `change` returns, with nothing written; [`crate::domain::Error::Unavailable`] when the queue is full, the
    /// database fails, or the store is closing.
    pub async fn write<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut dyn Writes) -> Result<T> + Send + 'static,
    {
        self.writer.submit(writer::Commit::Synced, change).await
    }

    /// As [`Store::write`], for what would be done again with the same result: it does not wait for the disk, so a power
    /// failure may take it back (a process that is killed does not) until the next change that waits. It cannot state
    /// events.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_unsynced<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut dyn Writes) -> Result<T> + Send + 'static,
    {
        self.writer.submit(writer::Commit::Unsynced, change).await
    }

    /// Finishes what is queued and closes the database, whoever still has a handle on it.
    pub async fn close(&self) {
        self.writer.close().await;
        self.reads.close().await;
    }
}
