//! Payments and their receipts.

use super::link::{Link, Statement};
use super::orders;
use super::row::{Fields, Row, Value};
use crate::domain::{
    Amount, Currency, Order, OrderId, Payment, PaymentId, PaymentStatus, Receipt, ReceiptId, Result, Tenant,
};
use crate::wire::payment::PaymentSource;

pub(super) const COLUMNS: &str = "payments.id, payments.tenant, payments.order_id, payments.amount, payments.currency, \
                       payments.source, payments.status, payments.failure_code, payments.created_at";

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Payment> {
    Ok(Payment {
        id: PaymentId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        order_id: OrderId(fields.take()?),
        amount: Amount::from_minor(fields.take()?),
        currency: fields.named(Currency::from_name)?,
        source: fields.json::<PaymentSource>()?.restore()?,
        status: fields.named(PaymentStatus::from_name)?,
        failure_code: fields.take()?,
        created_at: fields.time()?,
    })
}

/// The columns that [`read_receipt`] reads.
pub(super) const RECEIPT_COLUMNS: &str =
    "receipts.id, receipts.payment_id, receipts.url, receipts.generated_at";

pub(super) fn read_receipt(fields: &mut Fields<'_>) -> Result<Receipt> {
    Ok(Receipt {
        id: ReceiptId(fields.take()?),
        payment_id: PaymentId(fields.take()?),
        url: fields.take()?,
        generated_at: fields.time()?,
    })
}

fn read_row(row: &Row) -> Result<Payment> {
    read(&mut Fields::of(row))
}

/// Of one order, newest first.
pub(super) async fn of_order(link: &mut Link<'_>, tenant: Tenant, order: OrderId) -> Result<Vec<Payment>> {
    let select = Statement::read(format!(
        "SELECT {COLUMNS} FROM payments WHERE order_id = ? AND tenant = ? ORDER BY created_at DESC, id DESC"
    ));
    link.rows(select.bind(order.0).bind(tenant.as_uuid())).await?.iter().map(read_row).collect()
}

/// The payment of the order that SUCCEEDED.
pub(super) async fn captured(link: &mut Link<'_>, tenant: Tenant, order: OrderId) -> Result<Option<Payment>> {
    let select = Statement::read(format!(
        "SELECT {COLUMNS} FROM payments WHERE order_id = ? AND tenant = ? AND status = 'SUCCEEDED'"
    ));
    link.row(select.bind(order.0).bind(tenant.as_uuid()), read_row).await
}

pub(super) async fn insert(link: &mut Link<'_>, payment: &Payment) -> Result<()> {
    let insert = Statement::write(
        "INSERT INTO payments (id, tenant, order_id, amount, currency, source, status, failure_code, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
        .bind(payment.id.0)
        .bind(payment.tenant.as_uuid())
        .bind(payment.order_id.0)
        .bind(payment.amount.minor())
        .bind(payment.currency.name())
        .bind(Value::json(&PaymentSource::from(&payment.source))?)
        .bind(payment.status.name())
        .bind(payment.failure_code.as_ref())
        .bind(payment.created_at);
    link.queue(insert).await
}

pub(super) async fn update(link: &mut Link<'_>, payment: &Payment) -> Result<()> {
    let update = Statement::write_one(
        "payment",
        "UPDATE payments SET status = ?, failure_code = ? WHERE id = ? AND tenant = ?",
    )
    .bind(payment.status.name())
    .bind(payment.failure_code.as_ref())
    .bind(payment.id.0)
    .bind(payment.tenant.as_uuid());
    link.queue(update).await
}

pub(super) async fn insert_receipt(link: &mut Link<'_>, tenant: Tenant, receipt: &Receipt) -> Result<()> {
    let insert = Statement::write(
        "INSERT INTO receipts (id, tenant, payment_id, url, generated_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(receipt.id.0)
    .bind(tenant.as_uuid())
    .bind(receipt.payment_id.0)
    .bind(&receipt.url)
    .bind(receipt.generated_at);
    link.queue(insert).await
}

/// With its payment and the order that was paid.
pub(super) async fn find_receipt(
    link: &mut Link<'_>,
    tenant: Tenant,
    id: ReceiptId,
) -> Result<Option<(Receipt, Payment, Order)>> {
    let select = Statement::read(format!(
        "SELECT {RECEIPT_COLUMNS}, {COLUMNS}, {} FROM receipts \
         JOIN payments ON payments.id = receipts.payment_id JOIN orders ON orders.id = payments.order_id \
         WHERE receipts.id = ? AND receipts.tenant = ?",
        orders::COLUMNS
    ));
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        Ok((read_receipt(&mut fields)?, read(&mut fields)?, orders::read(&mut fields)?))
    };
    link.row(select.bind(id.0).bind(tenant.as_uuid()), read).await
}
