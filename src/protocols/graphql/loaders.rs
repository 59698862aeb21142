//! Batches: what the fields of one request ask for by id is read together, one statement for each step from list to list,
//! however long the lists are.
//!
//! The loader is async-graphql's. It wants someone to run its reads: that is the request itself ([`drive`]), so no read
//! outlives its request, none is started before every field of the step has said what it needs, and none is a task.

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::hash::Hash;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::{Context, Request};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use parking_lot::Mutex;

use super::connection::Part;
use super::schema::{app, caller};
use crate::app::App;
use crate::domain::audit::AuditRecord;
use crate::domain::inbound::Inbound;
use crate::domain::oauth::Client;
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Attempt, Delivery, Endpoint};
use crate::domain::{
    AuditId, DeliveryId, EndpointId, Error, InboundId, Order, OrderId, Payment, PaymentId, Pet, PetId,
    Principal, Receipt, ReceiptId, Result, User, UserId,
};

/// Reads that were asked for and not begun.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

/// `request` with a loader of its own; what that is asked for comes out of the other half.
pub fn with_loader(request: Request, app: &App, principal: &Principal) -> (Request, Asked) {
    let asked = Asked::default();
    let queue = asked.clone();
    let batches = Batches { app: app.clone(), principal: principal.clone() };
    let loader = DataLoader::new(batches, move |read| queue.0.lock().push(read)).delay(Duration::ZERO);
    (request.data(loader), asked)
}

/// Runs `execution`, and the reads that it asks for whenever it cannot go on without them.
pub async fn drive<T>(asked: Asked, execution: impl Future<Output = T>) -> T {
    let mut execution = pin!(execution);
    let mut running = FuturesUnordered::new();
    poll_fn(|context| {
        loop {
            if let Poll::Ready(output) = execution.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            let new = std::mem::take(&mut *asked.0.lock());
            let mut goes_on = !new.is_empty();
            running.extend(new);
            while let Poll::Ready(Some(())) = running.poll_next_unpin(context) {
                goes_on = true;
            }
            if !goes_on {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// What `key` stands for, read together with what else is asked for at this step.
pub async fn load<K, V>(ctx: &Context<'_>, key: K) -> async_graphql::Result<Option<V>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    V: Send + Sync + Clone + 'static,
    Batches: Loader<K, Value = V, Error = Error>,
{
    Ok(find(ctx, key).await?)
}

/// As [`load`], with the refusal as it is.
///
/// # Errors
/// What the use case refuses.
pub async fn find<K, V>(ctx: &Context<'_>, key: K) -> Result<Option<V>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    V: Send + Sync + Clone + 'static,
    Batches: Loader<K, Value = V, Error = Error>,
{
    if let Some(loader) = ctx.data_opt::<DataLoader<Batches>>() {
        return loader.load_one(key).await;
    }
    // The items of a subscription come one at a time, so there is nothing to put together.
    let missing = |error: async_graphql::Error| Error::internal(error.message);
    let (app, caller) = (app(ctx).map_err(missing)?, caller(ctx).map_err(missing)?);
    let batches = Batches { app: app.clone(), principal: caller.principal.clone() };
    Ok(batches.load(std::slice::from_ref(&key)).await?.remove(&key))
}

/// The reads of one request.
pub struct Batches {
    app: App,
    principal: Principal,
}

/// The newest so many orders of a pet.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrdersOfPet(pub PetId, pub u32);
/// The newest so many orders of a user.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrdersOfUser(pub UserId, pub u32);
/// The newest so many payments of an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PaymentsOf(pub OrderId, pub u32);
/// The receipt of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReceiptOf(pub PaymentId);

/// A page of what belongs to one of many: the orders of a pet or a user, the payments of an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageOf<K>(pub K, pub PageRequest);

/// The id of an OAuth2 client, which is a text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientKey(pub String);
/// The newest so many attempts of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttemptsOf(pub DeliveryId, pub u32);

/// Declares loaders of things by their ids: the use case that reads them, and the id of one.
macro_rules! by_id {
    ($($id:ty => $thing:ty: $read:ident, $key:expr;)+) => {$(
        impl Loader<$id> for Batches {
            type Value = $thing;
            type Error = Error;

            async fn load(&self, ids: &[$id]) -> Result<HashMap<$id, $thing>> {
                let found = self.app.$read(&self.principal, ids).await?;
                let key: fn(&$thing) -> $id = $key;
                Ok(found.into_iter().map(|thing| (key(&thing), thing)).collect())
            }
        }
    )+};
}

by_id! {
    PetId => Pet: pets_by_id, |pet| pet.id;
    // And whether more than what is public may be seen.
    UserId => (User, bool): users_by_id, |(user, _)| user.id;
    OrderId => Order: orders_by_id, |order| order.id;
    PaymentId => Payment: payments_by_id, |payment| payment.id;
    ReceiptId => Receipt: receipts_by_id, |receipt| receipt.id;
    EndpointId => Endpoint: endpoints_by_id, |endpoint| endpoint.id;
    DeliveryId => Delivery: deliveries_by_id, |delivery| delivery.id;
    AuditId => AuditRecord: audit_by_id, |row| row.id;
    InboundId => Inbound: inbound_by_id, |inbound| inbound.id;
}

impl Loader<ClientKey> for Batches {
    type Value = Client;
    type Error = Error;

    async fn load(&self, keys: &[ClientKey]) -> Result<HashMap<ClientKey, Client>> {
        let ids: Vec<String> = keys.iter().map(|ClientKey(id)| id.clone()).collect();
        let clients = self.app.oauth_clients_by_id(&self.principal, &ids).await?;
        Ok(clients.into_iter().map(|client| (ClientKey(client.id.clone()), client)).collect())
    }
}

/// Puts the items of a batch together again, by whom they belong to.
fn group<K: Hash + Eq, T>(items: Vec<T>, owner: impl Fn(&T) -> Option<K>) -> HashMap<K, Vec<T>> {
    let mut groups: HashMap<K, Vec<T>> = HashMap::new();
    for item in items {
        if let Some(owner) = owner(&item) {
            groups.entry(owner).or_default().push(item);
        }
    }
    groups
}

impl Loader<OrdersOfPet> for Batches {
    type Value = Vec<Order>;
    type Error = Error;

    async fn load(&self, keys: &[OrdersOfPet]) -> Result<HashMap<OrdersOfPet, Vec<Order>>> {
        let mut by_limit: BTreeMap<u32, Vec<PetId>> = BTreeMap::new();
        keys.iter().for_each(|OrdersOfPet(pet, limit)| by_limit.entry(*limit).or_default().push(*pet));
        let mut found = HashMap::new();
        for (limit, pets) in by_limit {
            let orders = self.app.orders_of_pets(&self.principal, &pets, limit).await?;
            found.extend(group(orders, |order| Some(OrdersOfPet(order.pet_id, limit))));
        }
        Ok(found)
    }
}

impl Loader<OrdersOfUser> for Batches {
    type Value = Vec<Order>;
    type Error = Error;

    async fn load(&self, keys: &[OrdersOfUser]) -> Result<HashMap<OrdersOfUser, Vec<Order>>> {
        let mut by_limit: BTreeMap<u32, Vec<UserId>> = BTreeMap::new();
        keys.iter().for_each(|OrdersOfUser(user, limit)| by_limit.entry(*limit).or_default().push(*user));
        let mut found = HashMap::new();
        for (limit, users) in by_limit {
            let orders = self.app.orders_of_users(&self.principal, &users, limit).await?;
            found.extend(group(orders, |order| order.user_id.map(|user| OrdersOfUser(user, limit))));
        }
        Ok(found)
    }
}

impl Loader<PaymentsOf> for Batches {
    type Value = Vec<Payment>;
    type Error = Error;

    async fn load(&self, keys: &[PaymentsOf]) -> Result<HashMap<PaymentsOf, Vec<Payment>>> {
        let mut by_limit: BTreeMap<u32, Vec<OrderId>> = BTreeMap::new();
        keys.iter().for_each(|PaymentsOf(order, limit)| by_limit.entry(*limit).or_default().push(*order));
        let mut found = HashMap::new();
        for (limit, orders) in by_limit {
            let payments = self.app.payments_of_orders(&self.principal, &orders, limit).await?;
            found.extend(group(payments, |payment| Some(PaymentsOf(payment.order_id, limit))));
        }
        Ok(found)
    }
}

/// Declares loaders of pages: the use case that reads those of many owners.
macro_rules! pages_of {
    ($($owner:ty => $thing:ty: $read:ident;)+) => {$(
        impl Loader<PageOf<$owner>> for Batches {
            type Value = Page<$thing>;
            type Error = Error;

            async fn load(
                &self,
                keys: &[PageOf<$owner>],
            ) -> Result<HashMap<PageOf<$owner>, Page<$thing>>> {
                let mut by_page: HashMap<PageRequest, Vec<$owner>> = HashMap::new();
                keys.iter().for_each(|PageOf(owner, page)| by_page.entry(*page).or_default().push(*owner));
                let mut found = HashMap::new();
                for (page, owners) in by_page {
                    let pages = self.app.$read(&self.principal, &owners, page).await?;
                    found.extend(pages.into_iter().map(|(owner, read)| (PageOf(owner, page), read)));
                }
                Ok(found)
            }
        }
    )+};
}

pages_of! {
    PetId => Order: order_pages_of_pets;
    UserId => Order: order_pages_of_users;
    OrderId => Payment: payment_pages_of_orders;
}

/// The page that a connection within another thing is, read together with those of the others of its list.
///
/// # Errors
/// [`Error::PageUnknown`] when the cursor is of another list; what the use case refuses.
pub async fn page_of<K, T>(ctx: &Context<'_>, owner: K, part: Part) -> Result<Page<T>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    T: Send + Sync + Clone + 'static,
    Batches: Loader<PageOf<K>, Value = Page<T>, Error = Error>,
{
    find(ctx, PageOf(owner, part.page()?)).await?.ok_or(Error::PageUnknown)
}

impl Loader<ReceiptOf> for Batches {
    type Value = Receipt;
    type Error = Error;

    async fn load(&self, keys: &[ReceiptOf]) -> Result<HashMap<ReceiptOf, Receipt>> {
        let payments: Vec<PaymentId> = keys.iter().map(|ReceiptOf(payment)| *payment).collect();
        let receipts = self.app.receipts_of_payments(&self.principal, &payments).await?;
        Ok(receipts.into_iter().map(|receipt| (ReceiptOf(receipt.payment_id), receipt)).collect())
    }
}

impl Loader<AttemptsOf> for Batches {
    type Value = Vec<Attempt>;
    type Error = Error;

    async fn load(&self, keys: &[AttemptsOf]) -> Result<HashMap<AttemptsOf, Vec<Attempt>>> {
        let mut by_limit: BTreeMap<u32, Vec<DeliveryId>> = BTreeMap::new();
        keys.iter().for_each(|AttemptsOf(one, limit)| by_limit.entry(*limit).or_default().push(*one));
        let mut found = HashMap::new();
        for (limit, deliveries) in by_limit {
            let attempts = self.app.attempts_of_deliveries(&self.principal, &deliveries, limit).await?;
            found.extend(group(attempts, |attempt| Some(AttemptsOf(attempt.delivery_id, limit))));
        }
        Ok(found)
    }
}
