//! Reads of many things at once. The ids are one value, a JSON list of their hexadecimal digits, so that a statement has
//! one text however many there are.

use async_trait::async_trait;
use uuid::Uuid;

use super::link::{Link, Statement};
use super::list::{Filter, Sort};
use super::nested::Nested;
use super::reads::SqliteReads;
use super::row::{Fields, Row, Value};
use super::{attempts, audit, deliveries, inbound, oauth, orders, payments, pets, users, webhooks};
use crate::domain::audit::AuditRecord;
use crate::domain::inbound::Inbound;
use crate::domain::oauth::Client;
use crate::domain::page::{Page, PageRequest};
use crate::domain::payment::PaymentFilter;
use crate::domain::webhook::{Attempt, Delivery, Endpoint};
use crate::domain::{
    AuditId, DeliveryId, EndpointId, InboundId, Order, OrderId, Payment, PaymentId, PaymentStatus, Pet,
    PetId, Receipt, ReceiptId, Result, Tenant, User, UserId,
};
use crate::store::batches::{BatchReads, Bought, Owned};

/// The ids of a list as rows.
const IDS: &str = "(SELECT unhex(value) FROM json_each(?))";

/// The texts of a JSON list as rows.
const TEXTS: &str = "(SELECT value FROM json_each(?))";
/// Endpoints that there are for those who ask.
const SHOWN: &str = "webhook_endpoints.deleted = 0 AND webhook_endpoints.callback_lane IS NULL";

/// The value of the `?` in [`IDS`].
pub(super) fn ids(ids: impl Iterator<Item = Uuid>) -> Value {
    let quoted: Vec<String> = ids.map(|id| format!("\"{}\"", id.simple())).collect();
    Value::Text(format!("[{}]", quoted.join(",")))
}

async fn all<T>(link: &mut Link<'_>, select: Statement, read: impl Fn(&Row) -> Result<T>) -> Result<Vec<T>> {
    link.rows(select).await?.iter().map(read).collect()
}

/// The newest orders of each owner of the list, by the index of that column.
fn newest_orders(column: &str, more: &str) -> String {
    format!(
        "SELECT {} FROM json_each(?) AS wanted CROSS JOIN orders ON orders.id IN \
         (SELECT id FROM orders AS own WHERE own.tenant = ? AND own.{column} = unhex(wanted.value){more} \
         ORDER BY own.created_at DESC, own.id DESC LIMIT ?) ORDER BY orders.created_at DESC, orders.id DESC",
        orders::COLUMNS
    )
}

fn read_bought(row: &Row) -> Result<Bought<Payment>> {
    let mut fields = Fields::of(row);
    Ok((payments::read(&mut fields)?, fields.take::<Option<_>>()?.map(UserId)))
}

/// Receipts with the buyer of their order, of which `column` is one of the values.
fn bought_receipts(column: &str) -> String {
    format!(
        "SELECT {}, orders.user_id FROM receipts JOIN payments ON payments.id = receipts.payment_id \
         JOIN orders ON orders.id = payments.order_id WHERE {column} IN {IDS} AND receipts.tenant = ?",
        payments::RECEIPT_COLUMNS
    )
}

fn read_bought_receipt(row: &Row) -> Result<Bought<Receipt>> {
    let mut fields = Fields::of(row);
    Ok((payments::read_receipt(&mut fields)?, fields.take::<Option<_>>()?.map(UserId)))
}

fn read_order(row: &Row) -> Result<Order> {
    orders::read(&mut Fields::of(row))
}

#[async_trait]
impl BatchReads for SqliteReads {
    async fn pets_by_id(&self, tenant: Tenant, wanted: &[PetId]) -> Result<Vec<Pet>> {
        let select = format!("SELECT {} FROM pets WHERE id IN {IDS} AND tenant = ?", pets::COLUMNS);
        let select = Statement::read(select).bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        all(&mut self.reading().await?.link(), select, pets::read).await
    }

    async fn users_by_id(&self, tenant: Tenant, wanted: &[UserId]) -> Result<Vec<User>> {
        let select = format!("SELECT {} FROM users WHERE id IN {IDS} AND tenant = ?", users::COLUMNS);
        let select = Statement::read(select).bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        all(&mut self.reading().await?.link(), select, |row| users::read(&mut Fields::of(row))).await
    }

    async fn orders_by_id(&self, tenant: Tenant, wanted: &[OrderId]) -> Result<Vec<Order>> {
        let select = format!("SELECT {} FROM orders WHERE id IN {IDS} AND tenant = ?", orders::COLUMNS);
        let select = Statement::read(select).bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        all(&mut self.reading().await?.link(), select, read_order).await
    }

    async fn orders_of_pets(
        &self,
        tenant: Tenant,
        wanted: &[PetId],
        buyer: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<Order>> {
        let more = if buyer.is_some() { " AND own.user_id = ?" } else { "" };
        let mut select = Statement::read(newest_orders("pet_id", more))
            .bind(ids(wanted.iter().map(|id| id.0)))
            .bind(tenant.as_uuid());
        if let Some(buyer) = buyer {
            select = select.bind(buyer.0);
        }
        all(&mut self.reading().await?.link(), select.bind(limit), read_order).await
    }

    async fn orders_of_users(&self, tenant: Tenant, wanted: &[UserId], limit: u32) -> Result<Vec<Order>> {
        let select = Statement::read(newest_orders("user_id", " AND own.user_id IS NOT NULL"))
            .bind(ids(wanted.iter().map(|id| id.0)))
            .bind(tenant.as_uuid())
            .bind(limit);
        all(&mut self.reading().await?.link(), select, read_order).await
    }

    async fn order_pages_of_pets(
        &self,
        tenant: Tenant,
        pets: &[PetId],
        buyer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Vec<(PetId, Page<Order>)>> {
        let own = Filter::tenant("own.tenant = ?", tenant).and("own.user_id = ?", buyer.map(|id| id.0));
        let lists = Nested { columns: orders::COLUMNS, table: "orders", owner: "pet_id", own };
        let owners = pets.iter().map(|id| id.0).collect();
        let pages = lists.pages(&mut self.reading().await?.link(), owners, page, read_order).await?;
        Ok(pages.into_iter().map(|(pet, page)| (PetId(pet), page)).collect())
    }

    async fn order_pages_of_users(
        &self,
        tenant: Tenant,
        users: &[UserId],
        page: PageRequest,
    ) -> Result<Vec<(UserId, Page<Order>)>> {
        let own = Filter::tenant("own.tenant = ? AND own.user_id IS NOT NULL", tenant);
        let lists = Nested { columns: orders::COLUMNS, table: "orders", owner: "user_id", own };
        let owners = users.iter().map(|id| id.0).collect();
        let pages = lists.pages(&mut self.reading().await?.link(), owners, page, read_order).await?;
        Ok(pages.into_iter().map(|(user, page)| (UserId(user), page)).collect())
    }

    async fn payment_pages_of_orders(
        &self,
        tenant: Tenant,
        orders: &[OrderId],
        buyer: Option<UserId>,
        page: PageRequest,
    ) -> Result<Vec<(OrderId, Page<Payment>)>> {
        let bought = "EXISTS (SELECT 1 FROM orders WHERE orders.id = own.order_id AND orders.user_id = ?)";
        let own = Filter::tenant("own.tenant = ?", tenant).and(bought, buyer.map(|id| id.0));
        let lists = Nested { columns: payments::COLUMNS, table: "payments", owner: "order_id", own };
        let owners = orders.iter().map(|id| id.0).collect();
        let read = |row: &Row| payments::read(&mut Fields::of(row));
        let pages = lists.pages(&mut self.reading().await?.link(), owners, page, read).await?;
        Ok(pages.into_iter().map(|(order, page)| (OrderId(order), page)).collect())
    }

    async fn payments_by_id(&self, tenant: Tenant, wanted: &[PaymentId]) -> Result<Vec<Bought<Payment>>> {
        let select = Statement::read(format!(
            "SELECT {}, orders.user_id FROM payments JOIN orders ON orders.id = payments.order_id \
             WHERE payments.id IN {IDS} AND payments.tenant = ?",
            payments::COLUMNS
        ));
        let select = select.bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        all(&mut self.reading().await?.link(), select, read_bought).await
    }

    async fn payments_of_orders(
        &self,
        tenant: Tenant,
        wanted: &[OrderId],
        limit: u32,
    ) -> Result<Vec<Bought<Payment>>> {
        let select = Statement::read(format!(
            "SELECT {}, orders.user_id FROM json_each(?) AS wanted CROSS JOIN payments ON payments.id IN \
             (SELECT id FROM payments AS own WHERE own.order_id = unhex(wanted.value) AND own.tenant = ? \
             ORDER BY own.created_at DESC, own.id DESC LIMIT ?) \
             JOIN orders ON orders.id = payments.order_id \
             ORDER BY payments.created_at DESC, payments.id DESC",
            payments::COLUMNS
        ));
        let select = select.bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid()).bind(limit);
        all(&mut self.reading().await?.link(), select, read_bought).await
    }

    async fn receipts_of_payments(
        &self,
        tenant: Tenant,
        wanted: &[PaymentId],
    ) -> Result<Vec<Bought<Receipt>>> {
        let select = Statement::read(bought_receipts("receipts.payment_id"));
        let select = select.bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        all(&mut self.reading().await?.link(), select, read_bought_receipt).await
    }

    async fn receipts_by_id(&self, tenant: Tenant, wanted: &[ReceiptId]) -> Result<Vec<Bought<Receipt>>> {
        let select = Statement::read(bought_receipts("receipts.id"));
        let select = select.bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        all(&mut self.reading().await?.link(), select, read_bought_receipt).await
    }

    async fn endpoints_by_id(&self, tenant: Tenant, wanted: &[EndpointId]) -> Result<Vec<Endpoint>> {
        let select = Statement::read(format!(
            "SELECT {} FROM webhook_endpoints WHERE id IN {IDS} AND tenant = ? AND {SHOWN}",
            webhooks::COLUMNS
        ));
        let select = select.bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        all(&mut self.reading().await?.link(), select, webhooks::read_row).await
    }

    async fn deliveries_by_id(&self, tenant: Tenant, wanted: &[DeliveryId]) -> Result<Vec<Owned<Delivery>>> {
        let select = Statement::read(format!(
            "SELECT {}, webhook_endpoints.owner FROM deliveries \
             JOIN webhook_endpoints ON webhook_endpoints.id = deliveries.endpoint_id \
             WHERE deliveries.id IN {IDS} AND deliveries.tenant = ? AND {SHOWN}",
            deliveries::COLUMNS
        ));
        let select = select.bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        let read = |row: &Row| {
            let mut fields = Fields::of(row);
            Ok((deliveries::read(&mut fields)?, fields.take::<Option<_>>()?.map(UserId)))
        };
        all(&mut self.reading().await?.link(), select, read).await
    }

    async fn attempts_of_deliveries(
        &self,
        tenant: Tenant,
        wanted: &[DeliveryId],
        limit: u32,
    ) -> Result<Vec<Owned<Attempt>>> {
        let select = Statement::read(format!(
            "SELECT {}, webhook_endpoints.owner FROM json_each(?) AS wanted \
             CROSS JOIN deliveries ON deliveries.id = unhex(wanted.value) \
             JOIN webhook_endpoints ON webhook_endpoints.id = deliveries.endpoint_id \
             JOIN attempts ON attempts.rowid IN (SELECT own.rowid FROM attempts AS own \
             WHERE own.delivery_id = deliveries.id ORDER BY own.number DESC LIMIT ?) \
             WHERE deliveries.tenant = ? AND {SHOWN} ORDER BY number",
            attempts::ATTEMPT_COLUMNS
        ));
        let select = select.bind(ids(wanted.iter().map(|id| id.0))).bind(limit).bind(tenant.as_uuid());
        let read = |row: &Row| {
            let mut fields = Fields::of(row);
            Ok((attempts::read(&mut fields)?, fields.take::<Option<_>>()?.map(UserId)))
        };
        all(&mut self.reading().await?.link(), select, read).await
    }

    async fn audit_by_id(&self, tenant: Tenant, wanted: &[AuditId]) -> Result<Vec<AuditRecord>> {
        let select = format!("SELECT {} FROM audit WHERE id IN {IDS} AND tenant = ?", audit::COLUMNS);
        let select = Statement::read(select).bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        all(&mut self.reading().await?.link(), select, audit::read_row).await
    }

    async fn inbound_by_id(&self, tenant: Tenant, wanted: &[InboundId]) -> Result<Vec<Inbound>> {
        let select =
            format!("SELECT {} FROM inbound_deliveries WHERE id IN {IDS} AND tenant = ?", inbound::COLUMNS);
        let select = Statement::read(select).bind(ids(wanted.iter().map(|id| id.0))).bind(tenant.as_uuid());
        all(&mut self.reading().await?.link(), select, inbound::read).await
    }

    async fn oauth_clients_by_id(&self, tenant: Tenant, wanted: &[String]) -> Result<Vec<Client>> {
        let select =
            format!("SELECT {} FROM oauth_clients WHERE id IN {TEXTS} AND tenant = ?", oauth::CLIENT);
        let select = Statement::read(select).bind(Value::json(&wanted)?).bind(tenant.as_uuid());
        let read = |row: &Row| Ok(oauth::read_client(row)?.client);
        all(&mut self.reading().await?.link(), select, read).await
    }

    async fn list_payments(
        &self,
        tenant: Tenant,
        buyer: Option<UserId>,
        filter: &PaymentFilter,
        page: PageRequest,
    ) -> Result<Page<Payment>> {
        let mut list = Filter::tenant("tenant = ?", tenant)
            .and("status = ?", filter.status.map(PaymentStatus::name))
            .and("order_id = ?", filter.order_id.map(|id| id.0))
            .and("created_at >= ?", filter.created_from)
            .and("created_at <= ?", filter.created_to);
        if let Some(buyer) = buyer {
            let own = "order_id IN (SELECT id FROM orders WHERE tenant = ? AND user_id = ?)";
            list = list.and_all(own, [tenant.as_uuid().into(), buyer.0.into()]);
        }
        // Ids rise with time, so the primary key is the order.
        let read = |row: &Row| payments::read(&mut Fields::of(row));
        let from = (payments::COLUMNS, "payments", Sort::BY_ID);
        list.page(&mut self.reading().await?.link(), from, page, read).await
    }
}
