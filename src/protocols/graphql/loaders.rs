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

use super::schema::{app, caller};
use crate::app::App;
use crate::domain::{
    Error, Order, OrderId, Payment, PaymentId, Pet, PetId, Principal, Receipt, Result, User, UserId,
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
    match ctx.data_opt::<DataLoader<Batches>>() {
        Some(loader) => Ok(loader.load_one(key).await?),
        // The items of a subscription come one at a time, so there is nothing to put together.
        None => {
            let batches = Batches { app: app(ctx)?.clone(), principal: caller(ctx)?.principal.clone() };
            Ok(batches.load(std::slice::from_ref(&key)).await?.remove(&key))
        }
    }
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
/// The payments of an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PaymentsOf(pub OrderId);
/// The receipt of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReceiptOf(pub PaymentId);

impl Loader<PetId> for Batches {
    type Value = Pet;
    type Error = Error;

    async fn load(&self, ids: &[PetId]) -> Result<HashMap<PetId, Pet>> {
        let pets = self.app.pets_by_id(&self.principal, ids).await?;
        Ok(pets.into_iter().map(|pet| (pet.id, pet)).collect())
    }
}

impl Loader<UserId> for Batches {
    /// And whether more than what is public may be seen.
    type Value = (User, bool);
    type Error = Error;

    async fn load(&self, ids: &[UserId]) -> Result<HashMap<UserId, (User, bool)>> {
        let users = self.app.users_by_id(&self.principal, ids).await?;
        Ok(users.into_iter().map(|(user, whole)| (user.id, (user, whole))).collect())
    }
}

impl Loader<OrderId> for Batches {
    type Value = Order;
    type Error = Error;

    async fn load(&self, ids: &[OrderId]) -> Result<HashMap<OrderId, Order>> {
        let orders = self.app.orders_by_id(&self.principal, ids).await?;
        Ok(orders.into_iter().map(|order| (order.id, order)).collect())
    }
}

impl Loader<PaymentId> for Batches {
    type Value = Payment;
    type Error = Error;

    async fn load(&self, ids: &[PaymentId]) -> Result<HashMap<PaymentId, Payment>> {
        let payments = self.app.payments_by_id(&self.principal, ids).await?;
        Ok(payments.into_iter().map(|payment| (payment.id, payment)).collect())
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
        let orders: Vec<OrderId> = keys.iter().map(|PaymentsOf(order)| *order).collect();
        let payments = self.app.payments_of_orders(&self.principal, &orders).await?;
        Ok(group(payments, |payment| Some(PaymentsOf(payment.order_id))))
    }
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
