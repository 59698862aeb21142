//! The numbers of the dashboard. The writer keeps them ([`super::tallies`], and triggers for users and deliveries); nothing here walks orders, payments, users or settled deliveries.

use super::link::{Link, Statement};
use super::pets;
use super::row::{Fields, Row};
use crate::domain::stats::{
    DAY_MS, DayTally, DeliveryHealth, MAX_PENDING, OrderTally, Revenue, StoreStats, Total,
};
use crate::domain::user::UserStatus;
use crate::domain::webhook::DeliveryStatus;
use crate::domain::{Currency, OrderStatus, Result, Tenant, Timestamp};

const HOUR_MS: i64 = 3_600_000;

/// The columns of `order_days` in the order of [`OrderStatus::ALL`], each inside `of`, such as `sum`.
fn columns(of: &str) -> String {
    let pair = |status: &OrderStatus| {
        let name = status.name().to_ascii_lowercase();
        format!("{of}({name}_count), {of}({name}_amount)")
    };
    OrderStatus::ALL.iter().map(pair).collect::<Vec<_>>().join(", ")
}

/// What those columns tell: one tally for each status that an order has.
fn tallies(fields: &mut Fields<'_>, currency: Currency) -> Result<Vec<OrderTally>> {
    let mut found = Vec::new();
    for status in OrderStatus::ALL {
        let (count, amount) = (fields.int()?, Total(fields.take()?));
        if count > 0 {
            found.push(OrderTally { status: *status, currency, count, amount });
        }
    }
    Ok(found)
}

fn revenue(row: &Row) -> Result<Revenue> {
    let mut fields = Fields::of(row);
    Ok(Revenue {
        currency: fields.named(Currency::from_name)?,
        captured: Total(fields.take()?),
        refunded: Total(fields.take()?),
    })
}

/// Everything at `now`; the days from `first_day` on one by one.
pub(super) async fn all(
    link: &mut Link<'_>,
    tenant: Tenant,
    first_day: i64,
    now: Timestamp,
) -> Result<StoreStats> {
    // As many rows as there are days with orders and currencies, however many orders there are.
    let orders =
        format!("SELECT currency, {} FROM order_days WHERE tenant = ? GROUP BY currency", columns("sum"));
    let orders = link.rows(Statement::read(orders).bind(tenant.as_uuid())).await?;
    let days = format!(
        "SELECT currency, day, {} FROM order_days WHERE tenant = ? AND day >= ? AND day <= ?",
        columns("")
    );
    let days = Statement::read(days).bind(tenant.as_uuid()).bind(first_day).bind(now.as_ms() / DAY_MS);
    let days = link.rows(days).await?;
    let totals = Statement::read("SELECT currency, captured, refunded FROM payment_totals WHERE tenant = ?");
    let totals = link.rows(totals.bind(tenant.as_uuid())).await?;
    let users = Statement::read("SELECT status, count FROM user_totals WHERE tenant = ?");
    let users = link.rows(users.bind(tenant.as_uuid())).await?;
    let user = |row: &Row| {
        let mut fields = Fields::of(row);
        Ok((fields.named(UserStatus::from_name)?, fields.int()?))
    };
    let mut stats = StoreStats::default();
    for row in &orders {
        let mut fields = Fields::of(row);
        let currency = fields.named(Currency::from_name)?;
        stats.orders.extend(tallies(&mut fields, currency)?);
    }
    for row in &days {
        let mut fields = Fields::of(row);
        let (currency, day) = (fields.named(Currency::from_name)?, fields.take()?);
        stats.days.extend(tallies(&mut fields, currency)?.into_iter().map(|orders| DayTally { day, orders }));
    }
    Ok(StoreStats {
        revenue: totals.iter().map(revenue).collect::<Result<_>>()?,
        users: users.iter().map(user).collect::<Result<_>>()?,
        pets: pets::inventory(link, tenant).await?,
        deliveries: deliveries(link, tenant, now).await?,
        ..stats
    })
}

async fn deliveries(link: &mut Link<'_>, tenant: Tenant, now: Timestamp) -> Result<DeliveryHealth> {
    let pending = Statement::read(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE tenant = ? AND status = 'PENDING' LIMIT ?)), \
         (SELECT min(created_at) FROM deliveries WHERE tenant = ? AND status = 'PENDING')",
    );
    let pending = pending.bind(tenant.as_uuid()).bind(MAX_PENDING).bind(tenant.as_uuid());
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        Ok((fields.int()?, fields.time_or_none()?))
    };
    let (pending, oldest_pending_at) = link.row(pending, read).await?.unwrap_or_default();
    let settled = Statement::read(
        "SELECT status, sum(count) FROM delivery_hours WHERE tenant = ? AND hour >= ? GROUP BY status",
    );
    let settled = link.rows(settled.bind(tenant.as_uuid()).bind(now.as_ms() / HOUR_MS - 24)).await?;
    let mut health = DeliveryHealth { pending, oldest_pending_at, ..DeliveryHealth::default() };
    for row in &settled {
        let mut fields = Fields::of(row);
        match fields.named(DeliveryStatus::from_name)? {
            DeliveryStatus::Succeeded => health.succeeded = fields.int()?,
            DeliveryStatus::Dead => health.dead = fields.int()?,
            DeliveryStatus::Pending => {}
        }
    }
    Ok(health)
}

/// Forgets the hours before `before`.
pub(super) async fn purge_hours(link: &mut Link<'_>, before: Timestamp) -> Result<()> {
    // What the dashboard shows stays, however short the retention.
    let delete = Statement::write("DELETE FROM delivery_hours WHERE hour < ?");
    link.queue(delete.bind(before.as_ms() / HOUR_MS - 24)).await
}
