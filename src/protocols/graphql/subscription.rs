//! Subscriptions. As in the GraphQL specification (§6.2.3) a subscription has two steps, and its resolver is run for
//! each: once to open its source, which it puts into the request's [`Slot`]; then for each event, which it finds as the
//! [`Root`] of the request and turns into the one item of that execution. So an idle subscription is a feed and nothing
//! else, and equal subscriptions can share what an event became (see [`super::live`]).

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Result};
use futures_util::stream;
use parking_lot::Mutex;

use super::operation::Pure;
use super::schema::{app, caller};
use super::types::event::{InventoryChange, OrderStatusChange, OrderUpdate, PaymentSuccess, PetChange};
use super::types::event_objects::Event;
use super::types::scalars::Cursor;
use crate::app::{App, AttemptFeed, Feed};
use crate::bus::Published;
use crate::domain::webhook::RecordedAttempt;
use crate::domain::{self, EventType, OrderId, PetId, Seq, Topic};

/// Where a resolver puts the source that it opened.
#[derive(Clone, Default)]
pub struct Slot(Arc<Mutex<Option<Source>>>);

impl Slot {
    /// What was put in.
    pub fn take(&self) -> Option<Source> {
        self.0.lock().take()
    }
}

/// The source of a subscription.
pub struct Source {
    pub supply: Supply,
    /// Whether what an event becomes may depend on who asks.
    pub personal: bool,
}

/// Where its items come from.
pub enum Supply {
    Events {
        feed: Box<Feed>,
        /// The only type of event that it yields; all when there is none.
        only: Option<EventType>,
    },
    Attempts(AttemptFeed),
}

/// What an item of a subscription is about.
#[derive(Clone)]
pub enum Item {
    Event(Arc<Published>),
    Attempt(Arc<RecordedAttempt>),
}

impl Item {
    /// Where a subscription goes on behind it.
    pub fn cursor(&self) -> domain::Cursor {
        match self {
            Self::Event(published) => published.event.position.to_cursor(),
            Self::Attempt(recorded) => recorded.position.to_attempts_cursor(),
        }
    }

    /// Its position; two items of one supply never have the same.
    pub fn seq(&self) -> Seq {
        match self {
            Self::Event(published) => published.event.position.seq,
            Self::Attempt(recorded) => recorded.position.seq,
        }
    }
}

impl From<Arc<RecordedAttempt>> for Item {
    fn from(recorded: Arc<RecordedAttempt>) -> Self {
        Self::Attempt(recorded)
    }
}

/// The item that an execution is for.
pub struct Root(pub Item);

/// A cursor that the transport brought; it wins over the argument.
pub struct ResumeAfter(pub domain::Cursor);

/// The items of one execution: one, or none when it only opened the source.
pub(super) type Items<T> = stream::Iter<std::option::IntoIter<T>>;

/// What can be watched. Every item has a cursor; give it back as `after` and nothing is missed.
#[derive(Description)]
pub struct Subscription;

#[async_graphql::Subscription(use_type_description, name = "StoreSubscription")]
impl Subscription {
    /// Events of some topics, in the order in which they happened, each at least once.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "orders, orders/{id}, payments, pets, pets/{id}, inventory, users, users/{id}, endpoints, provider, chat or chat/{room}."
        )]
        topics: Vec<String>,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<Cursor>,
    ) -> Result<Items<Event>> {
        let topics =
            |app: &App| Topic::parse_list(topics.iter().map(String::as_str), app.settings().max_topics);
        on_events(ctx, None, topics, after, Event::of).await
    }

    /// Steps in the life of one order, or of all orders that may be seen.
    async fn order_status_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id; all orders when it is left out.")] order_id: Option<ID>,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<Cursor>,
    ) -> Result<Items<OrderStatusChange>> {
        let topics = |_: &App| {
            Ok(vec![match &order_id {
                Some(id) => Topic::Order(OrderId::parse_address("orderId", id)?),
                None => Topic::Orders,
            }])
        };
        run(ctx, Some(EventType::OrderStatusChanged), topics, after, OrderStatusChange::of).await
    }

    /// Everything that happens to one order.
    async fn order_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id.")] id: ID,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<Cursor>,
    ) -> Result<Items<OrderUpdate>> {
        let topics = |_: &App| Ok(vec![Topic::Order(OrderId::parse_address("id", &id)?)]);
        let item = |published: &Arc<Published>| OrderUpdate::of(&published.event);
        on_events(ctx, None, topics, after, item).await
    }

    /// Everything that happens to one pet, or to all pets.
    async fn pet_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The pet's id; all pets when it is left out.")] id: Option<ID>,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<Cursor>,
    ) -> Result<Items<PetChange>> {
        let topics = |_: &App| {
            Ok(vec![match &id {
                Some(id) => Topic::Pet(PetId::parse_address("id", id)?),
                None => Topic::Pets,
            }])
        };
        let item = |published: &Arc<Published>| PetChange::of(&published.event);
        on_events(ctx, None, topics, after, item).await
    }

    /// Changes of the stock.
    async fn inventory_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<Cursor>,
    ) -> Result<Items<InventoryChange>> {
        let topics = |_: &App| Ok(vec![Topic::Inventory]);
        let item = |published: &Arc<Published>| InventoryChange::of(&published.event);
        on_events(ctx, None, topics, after, item).await
    }

    /// Payments that were captured.
    async fn payment_succeeded(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<Cursor>,
    ) -> Result<Items<PaymentSuccess>> {
        let topics = |_: &App| Ok(vec![Topic::Payments]);
        run(ctx, Some(EventType::PaymentSucceeded), topics, after, PaymentSuccess::of).await
    }
}

/// One of the two steps of a subscription: `item` of the root, or the opening of the source.
pub(super) async fn run<T>(
    ctx: &Context<'_>,
    only: Option<EventType>,
    topics: impl FnOnce(&App) -> domain::Result<Vec<Topic>>,
    after: Option<Cursor>,
    item: impl FnOnce(&domain::Event) -> Option<T>,
) -> Result<Items<T>> {
    on_events(ctx, only, topics, after, |published| item(&published.event)).await
}

/// As [`run`], for items that are made of more than the event.
async fn on_events<T>(
    ctx: &Context<'_>,
    only: Option<EventType>,
    topics: impl FnOnce(&App) -> domain::Result<Vec<Topic>>,
    after: Option<Cursor>,
    item: impl FnOnce(&Arc<Published>) -> Option<T>,
) -> Result<Items<T>> {
    let item = |of: &Item| match of {
        Item::Event(published) => item(published),
        Item::Attempt(_) => None,
    };
    open_or(ctx, after, item, async |after| {
        let app = app(ctx)?;
        let feed = app.subscribe(&caller(ctx)?.principal, &topics(app)?, after).await?;
        Ok(Supply::Events { feed: Box::new(feed), only })
    })
    .await
}

/// As [`run`], for whatever supply.
pub(super) async fn open_or<T>(
    ctx: &Context<'_>,
    given: Option<Cursor>,
    item: impl FnOnce(&Item) -> Option<T>,
    open: impl AsyncFnOnce(Option<&str>) -> Result<Supply>,
) -> Result<Items<T>> {
    if let Some(Root(root)) = ctx.data_opt::<Root>() {
        return Ok(stream::iter(item(root)));
    }
    let after = ctx.data_opt::<ResumeAfter>().map(|resume| &resume.0);
    let after = after.or(given.as_ref().map(|given| &given.0));
    let supply = open(after.map(String::as_str)).await?;
    let personal = ctx.data_opt::<Pure>().is_none();
    *ctx.data::<Slot>()?.0.lock() = Some(Source { supply, personal });
    Ok(stream::iter(None))
}
