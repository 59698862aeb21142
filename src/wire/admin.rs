//! What only the Admin API shows (contract §2): the dashboard, audit logs, and its requests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::domain::audit::AuditRecord;
use crate::domain::stats::{DAY_MS, Dashboard, OrderTally, Total};
use crate::domain::user::UserStatus;
use crate::domain::{Error, PetStatus, Timestamp, Violation};

/// A row of the audit log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditLog {
    pub id: String,
    pub action: String,
    pub user_id: Option<String>,
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    pub before: Option<Box<RawValue>>,
    pub after: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub channel: String,
    pub request_id: Option<String>,
    pub created_at: String,
    pub tenant_id: Option<Uuid>,
}

impl From<&AuditRecord> for AuditLog {
    fn from(record: &AuditRecord) -> Self {
        // What was written by `wire::snapshot` is JSON.
        let json = |text: &Option<String>| text.clone().and_then(|text| RawValue::from_string(text).ok());
        Self {
            id: record.id.to_string(),
            action: record.action.to_string(),
            user_id: record.user_id.map(|id| id.to_string()),
            entity_type: record.entity_type.clone(),
            entity_id: record.entity_id.clone(),
            before: json(&record.before),
            after: json(&record.after),
            reason: record.reason.clone(),
            ip_address: record.ip_address.clone(),
            user_agent: record.user_agent.clone(),
            channel: record.channel.to_string(),
            request_id: record.request_id.clone(),
            created_at: record.at.to_string(),
            tenant_id: record.tenant.id(),
        }
    }
}

/// The body of updateUserStatus.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserStatusInput {
    pub status: Option<String>,
    pub reason: Option<String>,
}

impl UserStatusInput {
    /// The status, and why.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the status is missing or none that there is.
    pub fn read(self) -> Result<(UserStatus, Option<String>), Error> {
        let text = self.status.ok_or_else(|| Error::invalid(Violation::required("status")))?;
        Ok((UserStatus::parse("status", &text).map_err(Error::invalid)?, self.reason))
    }
}

/// The body of forceCancelOrder.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForceCancelInput {
    pub reason: Option<String>,
}

/// Sums by currency, as decimal strings.
type Sums = BTreeMap<String, String>;

/// Orders that were counted together.
#[derive(Debug, Serialize)]
pub struct OrderCount {
    pub count: u64,
    pub amounts: Sums,
}

/// The orders of all time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderStats {
    pub total: u64,
    pub by_status: BTreeMap<String, OrderCount>,
    /// The last 30 days, today's last, by the day (UTC) on which the order was placed.
    pub by_day: Vec<DayStats>,
}

/// The orders of one day.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DayStats {
    /// `YYYY-MM-DD`.
    pub date: String,
    pub count: u64,
    pub amounts: Sums,
    pub by_status: BTreeMap<String, u64>,
}

/// Money of one currency.
#[derive(Debug, Serialize)]
pub struct RevenueStats {
    pub captured: String,
    pub refunded: String,
    /// What stayed.
    pub net: String,
}

/// How many there are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    pub total: u64,
    pub by_status: BTreeMap<String, u64>,
}

/// How deliveries fare.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryStats {
    /// Counted up to 100,000.
    pub pending: u64,
    pub oldest_pending_age_seconds: Option<i64>,
    #[serde(rename = "succeededLast24h")]
    pub succeeded: u64,
    #[serde(rename = "deadLast24h")]
    pub dead: u64,
}

/// The answer of getDashboardStats.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DashboardStats {
    pub orders: OrderStats,
    pub revenue: BTreeMap<String, RevenueStats>,
    pub pets: Counted,
    pub users: Counted,
    /// Of the whole server; null in a tenant.
    pub live_connections: Option<BTreeMap<&'static str, u64>>,
    pub webhooks: DeliveryStats,
    pub generated_at: String,
}

fn add(sums: &mut BTreeMap<String, i64>, tally: &OrderTally) {
    *sums.entry(tally.currency.to_string()).or_default() += tally.amount.0;
}

fn written(sums: BTreeMap<String, i64>) -> Sums {
    sums.into_iter().map(|(currency, sum)| (currency, Total(sum).to_string())).collect()
}

fn by_status(tallies: &[OrderTally]) -> BTreeMap<String, OrderCount> {
    let mut found: BTreeMap<String, (u64, BTreeMap<String, i64>)> = BTreeMap::new();
    for status in crate::domain::OrderStatus::ALL {
        found.insert(status.to_string(), Default::default());
    }
    for tally in tallies {
        let (count, sums) = found.entry(tally.status.to_string()).or_default();
        *count += tally.count;
        add(sums, tally);
    }
    let counted = |(status, (count, sums))| (status, OrderCount { count, amounts: written(sums) });
    found.into_iter().map(counted).collect()
}

fn by_day(dashboard: &Dashboard) -> Vec<DayStats> {
    let today = dashboard.at.as_ms() / DAY_MS;
    let day = |day: i64| {
        let mut stats = DayStats {
            date: Timestamp::from_ms(day * DAY_MS).to_string()[..10].to_owned(),
            count: 0,
            amounts: Sums::new(),
            by_status: BTreeMap::new(),
        };
        let mut sums = BTreeMap::new();
        for tally in dashboard.store.days.iter().filter(|tally| tally.day == day).map(|tally| tally.orders) {
            stats.count += tally.count;
            *stats.by_status.entry(tally.status.to_string()).or_default() += tally.count;
            add(&mut sums, &tally);
        }
        stats.amounts = written(sums);
        stats
    };
    (dashboard.first_day..=today).map(day).collect()
}

impl From<&Dashboard> for DashboardStats {
    fn from(dashboard: &Dashboard) -> Self {
        let store = &dashboard.store;
        let mut pets: BTreeMap<String, u64> =
            PetStatus::ALL.iter().map(|status| (status.to_string(), 0)).collect();
        for stock in &store.pets {
            for status in PetStatus::ALL {
                *pets.entry(status.to_string()).or_default() += stock.counts.clone().of(*status).to_owned();
            }
        }
        let mut users: BTreeMap<String, u64> =
            UserStatus::ALL.iter().map(|status| (status.to_string(), 0)).collect();
        users.extend(store.users.iter().map(|(status, count)| (status.to_string(), *count)));
        let counted =
            |by_status: BTreeMap<String, u64>| Counted { total: by_status.values().sum(), by_status };
        let revenue = store.revenue.iter().map(|revenue| {
            let stats = RevenueStats {
                captured: revenue.captured.to_string(),
                refunded: revenue.refunded.to_string(),
                net: Total(revenue.captured.0 - revenue.refunded.0).to_string(),
            };
            (revenue.currency.to_string(), stats)
        });
        let deliveries = &store.deliveries;
        let age = |at: Timestamp| (dashboard.at.as_secs() - at.as_secs()).max(0);
        Self {
            orders: OrderStats {
                total: store.orders.iter().map(|tally| tally.count).sum(),
                by_status: by_status(&store.orders),
                by_day: by_day(dashboard),
            },
            revenue: revenue.collect(),
            pets: counted(pets),
            users: counted(users),
            live_connections: dashboard.connections.as_ref().map(|all| all.iter().copied().collect()),
            webhooks: DeliveryStats {
                pending: deliveries.pending,
                oldest_pending_age_seconds: deliveries.oldest_pending_at.map(age),
                succeeded: deliveries.succeeded,
                dead: deliveries.dead,
            },
            generated_at: dashboard.at.to_string(),
        }
    }
}
