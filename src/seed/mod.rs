//! The demo store, and the first administrator of an empty one.
//!
//! The demo is a store that has been open for ninety days: what the tables in this module hold is put together by a
//! small generator with a fixed sequence and fixed times, so that every run gives the same store, id by id. (The one
//! thing that differs is where receipts say they are, since that is where the server is.)
//!
//! The seeded past has no events and no audit rows. An event tells those who listen what just happened, and a row of
//! the audit log who did it through which channel; nobody was there to listen, and nobody did it. The log begins after
//! the seed: whoever subscribes reads the present state first, as every subscriber does, and whoever adds a webhook
//! endpoint is not sent thousands of things that never happened.

mod generator;
mod orders;
mod payments;
mod people;
mod pets;
mod web_client;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use self::web_client::web_client;

use self::generator::Random;
use self::orders::Ledger;
use crate::app::Passwords;
use crate::clock::Ids;
use crate::domain::inventory::Counts;
use crate::domain::user::UserDraft;
use crate::domain::{Error, Pet, Result, Role, Tenant, Timestamp, User, UserId};
use crate::store::{Credentials, Store, Writes};

/// The password of every account of the demo store.
pub const DEMO_PASSWORD: &str = "petstore-demo";

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The end of the seeded past, 2026-01-01T00:00:00Z.
const CLOSED_MS: i64 = 1_767_225_600_000;
/// Its beginning.
const OPENED_MS: i64 = CLOSED_MS - 90 * DAY_MS;

/// How much the demo store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedSummary {
    pub pets: Counts,
    pub users: usize,
    pub orders: usize,
    pub payments: usize,
    pub receipts: usize,
}

impl std::fmt::Display for SeedSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pets, users, orders, payments, receipts } = self;
        let Counts { available, pending, adopted, not_available } = pets;
        write!(
            f,
            "{} pets ({available} available, {pending} pending, {adopted} adopted, {not_available} not available), \
             {users} users, {orders} orders, {payments} payments, {receipts} receipts",
            pets.total()
        )
    }
}

/// Fills an empty store with the demo.
///
/// # Errors
/// [`Error::Taken`] when there are demo users already, and nothing is written: ask [`crate::store::Reads::has_users`]
/// first. [`Error::Unavailable`] when the database fails.
pub async fn demo(store: &Store, passwords: &Passwords, public_url: &str) -> Result<SeedSummary> {
    let past = Past::generate(public_url)?;
    let summary = past.summary();
    // One hash for all: the demo's password is public, and fifty hashes would take seconds.
    let password_hash = passwords.hash(DEMO_PASSWORD.to_owned()).await?;
    // One transaction for all of some 2,000 rows: after a crash the store is either empty, and seeded at the next
    // start, or complete. Nobody else writes yet, so nobody waits for it.
    store.write(async move |writes| past.write(writes, password_hash).await).await?;
    Ok(summary)
}

/// Makes the user `admin` with a random password when the store has no user at all, and returns the password, to be
/// told once; nothing otherwise. It has no event and no audit row: nobody asked for it through any channel.
///
/// # Errors
/// [`Error::Unavailable`] when the database fails.
pub async fn first_admin(
    store: &Store,
    passwords: &Passwords,
    ids: &Ids,
    now: Timestamp,
) -> Result<Option<String>> {
    if store.read().has_users().await? {
        return Ok(None);
    }
    let draft = UserDraft {
        username: Some("admin".to_owned()),
        email: Some("admin@example.com".to_owned()),
        // 24 characters with 144 random bits.
        password: Some(URL_SAFE_NO_PAD.encode(ids.random_bytes::<18>())),
        ..UserDraft::default()
    };
    let id = UserId(ids.uuid_v7());
    let (user, password) = draft.create(id, Tenant::PUBLIC, Role::Admin, now).map_err(Error::Invalid)?;
    let password_hash = passwords.hash(password.clone()).await?;
    store.write(async move |writes| writes.insert_user(&Credentials { user, password_hash }).await).await?;
    Ok(Some(password))
}

/// Everything that the demo store holds.
#[derive(Debug, PartialEq, Eq)]
struct Past {
    pets: Vec<Pet>,
    users: Vec<User>,
    ledger: Ledger,
}

impl Past {
    fn generate(public_url: &str) -> Result<Self> {
        let mut pets = pets::pets(&mut Random::new(1))?;
        let users = people::people(&mut Random::new(2))?;
        let ledger = orders::orders(&mut Random::new(3), &mut pets, &users, public_url)?;
        Ok(Self { pets, users, ledger })
    }

    fn summary(&self) -> SeedSummary {
        let mut pets = Counts::default();
        for pet in &self.pets {
            *pets.of(pet.status) += 1;
        }
        let Ledger { orders, payments, receipts } = &self.ledger;
        SeedSummary {
            pets,
            users: self.users.len(),
            orders: orders.len(),
            payments: payments.len(),
            receipts: receipts.len(),
        }
    }

    async fn write(self, writes: &mut dyn Writes, password_hash: String) -> Result<()> {
        for user in self.users {
            writes.insert_user(&Credentials { user, password_hash: password_hash.clone() }).await?;
        }
        for pet in &self.pets {
            writes.insert_pet(pet).await?;
        }
        for order in &self.ledger.orders {
            writes.insert_order(order).await?;
        }
        for payment in &self.ledger.payments {
            writes.insert_payment(payment).await?;
        }
        for receipt in &self.ledger.receipts {
            writes.insert_receipt(Tenant::PUBLIC, receipt).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
