//! The numbers of the dashboard.

use async_graphql::SimpleObject;

use super::enums::{Currency, OrderStatus, UserStatus};
use super::inventory::Inventory;
use super::scalars::{DateTime, Decimal};
use crate::domain::Timestamp;
use crate::domain::stats::{self, DAY_MS, Dashboard, Total};

/// The numbers of the tenant.
#[derive(SimpleObject)]
pub struct DashboardStats {
    /// Orders of all time, by status and currency.
    orders: Vec<OrderTally>,
    /// The last 30 days, today's last, by the day (UTC) on which the order was placed.
    days: Vec<DayTally>,
    /// What came in and went back, by currency.
    revenue: Vec<Revenue>,
    /// The stock.
    pets: Inventory,
    /// Users by status.
    users: Vec<UserTally>,
    /// Open live connections by channel; null but for the administrators of the public pool, who run the server.
    live_connections: Option<Vec<ChannelTally>>,
    /// How webhook deliveries and callbacks fare.
    webhooks: DeliveryStats,
    /// When it was counted.
    generated_at: DateTime,
}

/// How many orders stand at a status, in one currency.
#[derive(SimpleObject)]
pub struct OrderTally {
    /// The status.
    status: OrderStatus,
    /// The currency.
    currency: Currency,
    /// How many.
    count: u64,
    /// What they amount to.
    amount: Decimal,
}

/// The orders of one day.
#[derive(SimpleObject)]
pub struct DayTally {
    /// `YYYY-MM-DD`.
    date: String,
    /// How many.
    count: u64,
    /// The same by status and currency.
    orders: Vec<OrderTally>,
}

/// What came in and went back, in one currency.
#[derive(SimpleObject)]
pub struct Revenue {
    /// The currency.
    currency: Currency,
    /// What came in.
    captured: Decimal,
    /// What went back.
    refunded: Decimal,
    /// What stayed.
    net: Decimal,
}

/// How many users there are with a status.
#[derive(SimpleObject)]
pub struct UserTally {
    /// The status.
    status: UserStatus,
    /// How many.
    count: u64,
}

/// How many connections a channel has.
#[derive(SimpleObject)]
pub struct ChannelTally {
    /// The channel.
    channel: &'static str,
    /// How many.
    count: u64,
}

/// How webhook deliveries and callbacks fare.
#[derive(SimpleObject)]
pub struct DeliveryStats {
    /// Those that wait, counted up to 100,000.
    pending: u64,
    /// Since when the oldest of them waits.
    oldest_pending_at: Option<DateTime>,
    /// Delivered in the last day.
    succeeded: u64,
    /// Given up in the last day.
    dead: u64,
}

impl From<&stats::OrderTally> for OrderTally {
    fn from(tally: &stats::OrderTally) -> Self {
        Self {
            status: tally.status.into(),
            currency: tally.currency.into(),
            count: tally.count,
            amount: tally.amount.into(),
        }
    }
}

impl From<&Dashboard> for DashboardStats {
    fn from(dashboard: &Dashboard) -> Self {
        let store = &dashboard.store;
        let day = |day: i64| {
            let orders = store.days.iter().filter(|tally| tally.day == day).map(|tally| &tally.orders);
            DayTally {
                date: Timestamp::from_ms(day * DAY_MS).to_string()[..10].to_owned(),
                count: orders.clone().map(|tally| tally.count).sum(),
                orders: orders.map(Into::into).collect(),
            }
        };
        let revenue = |revenue: &stats::Revenue| Revenue {
            currency: revenue.currency.into(),
            captured: revenue.captured.into(),
            refunded: revenue.refunded.into(),
            net: Total(revenue.captured.0 - revenue.refunded.0).into(),
        };
        let channels = |all: &Vec<(&'static str, u64)>| {
            all.iter().map(|(channel, count)| ChannelTally { channel, count: *count }).collect()
        };
        let deliveries = &store.deliveries;
        Self {
            orders: store.orders.iter().map(Into::into).collect(),
            days: (dashboard.first_day..=dashboard.at.as_ms() / DAY_MS).map(day).collect(),
            revenue: store.revenue.iter().map(revenue).collect(),
            pets: store.pets.as_slice().into(),
            users: (store.users.iter())
                .map(|(status, count)| UserTally { status: (*status).into(), count: *count })
                .collect(),
            live_connections: dashboard.connections.as_ref().map(channels),
            webhooks: DeliveryStats {
                pending: deliveries.pending,
                oldest_pending_at: deliveries.oldest_pending_at.map(Into::into),
                succeeded: deliveries.succeeded,
                dead: deliveries.dead,
            },
            generated_at: dashboard.at.into(),
        }
    }
}
