//! Subscriptions. As in the GraphQL specification (§6.2.3) a subscription has two steps, and its resolver is run for
//! each: once to open its source, which it puts into the request's [`Slot`]; then for each event, which it finds as the
//! [`Root`] of the request and turns into the one item of that execution. So an idle subscription is a feed and nothing
//! else, and equal subscriptions can share what an event became (see [`super::live`]).

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Result};
use futures_util::stream;
use parking_lot::Mutex;

use super::schema::{app, caller};
use super::types::event::{Event, OrderStatusChange, PaymentSuccess};
use crate::app::{App, Feed};
use crate::bus::Published;
use crate::domain::{self, EventType, OrderId, Topic};

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
    pub feed: Feed,
    /// The only type of event that it yields; all when there is none.
    pub only: Option<EventType>,
    /// Whether what an event becomes depends on who asks, because its fields ask the store again.
    pub personal: bool,
}

/// The event that an execution is for.
pub struct Root(pub Arc<Published>);

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
        #[graphql(desc = "orders, orders/{id}, payments, pets, pets/{id}, inventory or users/{id}.")] topics: Vec<
            String,
        >,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<String>,
    ) -> Result<Items<Event>> {
        let topics =
            |app: &App| Topic::parse_list(topics.iter().map(String::as_str), app.settings().max_topics);
        run(ctx, None, topics, after, |event| Some(Event::from(event))).await
    }

    /// Steps in the life of one order, or of all orders that may be seen.
    async fn order_status_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order's id; all orders when it is left out.")] order_id: Option<ID>,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<String>,
    ) -> Result<Items<OrderStatusChange>> {
        let topics = |_: &App| {
            Ok(vec![match &order_id {
                Some(id) => Topic::Order(OrderId::parse_address("orderId", id)?),
                None => Topic::Orders,
            }])
        };
        run(ctx, Some(EventType::OrderStatusChanged), topics, after, OrderStatusChange::of).await
    }

    /// Payments that were captured.
    async fn payment_succeeded(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cursor of the last event that was seen; from now on when it is left out.")]
        after: Option<String>,
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
    after: Option<String>,
    item: impl FnOnce(&domain::Event) -> Option<T>,
) -> Result<Items<T>> {
    if let Some(Root(published)) = ctx.data_opt::<Root>() {
        return Ok(stream::iter(item(&published.event)));
    }
    let app = app(ctx)?;
    let after = ctx.data_opt::<ResumeAfter>().map(|resume| &resume.0).or(after.as_ref());
    let feed = app.subscribe(&caller(ctx)?.principal, &topics(app)?, after.map(String::as_str)).await?;
    // The fields of a typed event lead on into the store; the data of a plain one is all in the event.
    let source = Source { feed, only, personal: only.is_some() };
    *ctx.data::<Slot>()?.0.lock() = Some(source);
    Ok(stream::iter(None))
}
