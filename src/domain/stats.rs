//! The numbers of the dashboard.

use super::inventory::SpeciesStock;
use super::user::UserStatus;
use super::{Currency, OrderStatus, Timestamp};

/// A sum of amounts, in minor units; it may be more than one amount can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total(pub i64);

impl std::fmt::Display for Total {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, minor) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

/// How many orders stand at a status, in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderTally {
    pub status: OrderStatus,
    pub currency: Currency,
    pub count: u64,
    pub amount: Total,
}

/// The orders that were placed on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTally {
    /// Days since 1970, UTC.
    pub day: i64,
    pub orders: OrderTally,
}

/// What came in and went back, in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revenue {
    pub currency: Currency,
    pub captured: Total,
    pub refunded: Total,
}

/// How webhook deliveries and callbacks fare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryHealth {
    /// Counted up to [`MAX_PENDING`].
    pub pending: u64,
    pub oldest_pending_at: Option<Timestamp>,
    /// In the last 24 full hours and the one that runs.
    pub succeeded: u64,
    /// Given up in that time.
    pub dead: u64,
}

/// How far pending deliveries are counted, so that a backlog of millions does not hold up the dashboard.
pub const MAX_PENDING: u32 = 100_000;

/// What the store knows for the dashboard of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Of all time.
    pub orders: Vec<OrderTally>,
    /// Of the days that were asked for.
    pub days: Vec<DayTally>,
    pub revenue: Vec<Revenue>,
    pub users: Vec<(UserStatus, u64)>,
    pub pets: Vec<SpeciesStock>,
    pub deliveries: DeliveryHealth,
}

/// The whole dashboard.
#[derive(Clone, Debug)]
pub struct Dashboard {
    pub at: Timestamp,
    /// The first of the days that are told one by one.
    pub first_day: i64,
    pub store: StoreStats,
    /// Open live connections by channel; nothing for those who see one tenant of many.
    pub connections: Option<Vec<(&'static str, u64)>>,
}

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
