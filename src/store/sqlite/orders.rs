//! Orders.

use super::link::{Link, Statement};
use super::list::{Filter, Sort};
use super::row::{Fields, Row};
use crate::domain::order::OrderFilter;
use crate::domain::page::{Page, PageRequest};
use crate::domain::{Amount, Currency, Order, OrderId, OrderStatus, PetId, Result, Tenant, UserId};

macro_rules! columns {
    () => {
        "orders.id, orders.tenant, orders.pet_id, orders.user_id, orders.status, orders.total_amount, \
         orders.currency, orders.created_at, orders.updated_at"
    };
}
pub(super) const COLUMNS: &str = columns!();

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Order> {
    Ok(Order {
        id: OrderId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        pet_id: PetId(fields.take()?),
        user_id: fields.take::<Option<_>>()?.map(UserId),
        status: fields.named(OrderStatus::from_name)?,
        total_amount: Amount::from_minor(fields.take()?),
        currency: fields.named(Currency::from_name)?,
        created_at: fields.time()?,
        updated_at: fields.time()?,
    })
}

fn read_row(row: &Row) -> Result<Order> {
    read(&mut Fields::of(row))
}

pub(super) async fn find(link: &mut Link<'_>, tenant: Tenant, id: OrderId) -> Result<Option<Order>> {
    let select = Statement::read(concat!("SELECT ", columns!(), " FROM orders WHERE id = ? AND tenant = ?"));
    link.row(select.bind(id.0).bind(tenant.as_uuid()), read_row).await
}

pub(super) async fn list(
    link: &mut Link<'_>,
    tenant: Tenant,
    filter: &OrderFilter,
    request: PageRequest,
) -> Result<Page<Order>> {
    Filter::tenant("tenant = ?", tenant)
        .and("status = ?", filter.status.map(OrderStatus::name))
        .and("user_id = ?", filter.user_id.map(|id| id.0))
        .and("pet_id = ?", filter.pet_id.map(|id| id.0))
        .and("created_at >= ?", filter.created_from)
        .and("created_at <= ?", filter.created_to)
        .page(link, (COLUMNS, "orders", Sort::NEWEST), request, read_row)
        .await
}

/// Whether an order of the pet is PLACED, APPROVED or SHIPPED ([`OrderStatus::is_open`]).
pub(super) async fn open_of_pet(link: &mut Link<'_>, tenant: Tenant, pet: PetId) -> Result<bool> {
    // In the words of the partial index that answers this.
    let select = Statement::read(
        "SELECT EXISTS (SELECT 1 FROM orders WHERE pet_id = ? AND tenant = ? \
         AND status <> 'DELIVERED' AND status <> 'CANCELLED')",
    );
    let exists = link.row(select.bind(pet.0).bind(tenant.as_uuid()), |row| Fields::of(row).take()).await?;
    Ok(exists.unwrap_or(false))
}

/// Whether the pet was ordered again after `order`, by someone who still has it or waits for it.
pub(super) async fn ordered_again(link: &mut Link<'_>, order: &Order) -> Result<bool> {
    let select = Statement::read(
        "SELECT EXISTS (SELECT 1 FROM orders WHERE tenant = ? AND pet_id = ? AND (created_at, id) > (?, ?) \
         AND status <> 'CANCELLED')",
    )
    .bind(order.tenant.as_uuid())
    .bind(order.pet_id.0)
    .bind(order.created_at)
    .bind(order.id.0);
    Ok(link.row(select, |row| Fields::of(row).take()).await?.unwrap_or(false))
}

pub(super) async fn insert(link: &mut Link<'_>, order: &Order) -> Result<()> {
    let insert = Statement::write(
        "INSERT INTO orders (id, tenant, pet_id, user_id, status, total_amount, currency, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(order.id.0)
        .bind(order.tenant.as_uuid())
        .bind(order.pet_id.0)
        .bind(order.user_id.map(|id| id.0))
        .bind(order.status.name())
        .bind(order.total_amount.minor())
        .bind(order.currency.name())
        .bind(order.created_at)
        .bind(order.updated_at);
    link.queue(insert).await
}

pub(super) async fn update(link: &mut Link<'_>, order: &Order) -> Result<()> {
    let update = Statement::write_one(
        "order",
        "UPDATE orders SET status = ?, updated_at = ? WHERE id = ? AND tenant = ?",
    )
    .bind(order.status.name())
    .bind(order.updated_at)
    .bind(order.id.0)
    .bind(order.tenant.as_uuid());
    link.queue(update).await
}
