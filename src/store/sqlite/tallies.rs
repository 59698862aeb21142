//! What the open transaction changes in the dashboard's numbers: added up change by change, written once at its end.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::link::{Link, Statement, places};
use super::row::Value;
use crate::domain::stats::DAY_MS;
use crate::domain::{Currency, Order, OrderStatus, Payment, PaymentStatus, Result};

/// A count and an amount for each of [`OrderStatus::ALL`].
const COLUMNS: usize = OrderStatus::ALL.len() * 2;

/// One row's part in a sum.
enum Note {
    Order { tenant: Uuid, day: i64, currency: Currency, status: OrderStatus, count: i64, amount: i64 },
    Payment { tenant: Uuid, currency: Currency, captured: i64, refunded: i64 },
}

/// The notes of the open transaction.
#[derive(Default)]
pub(super) struct Tallies {
    notes: Vec<Note>,
    /// How many of them belong to changes that were kept.
    kept: usize,
}

impl Tallies {
    /// An order came.
    pub fn order(&mut self, order: &Order) {
        self.note(order, order.status, 1);
    }

    /// An order is no longer in the status `before`.
    pub fn order_moved(&mut self, before: OrderStatus, order: &Order) {
        self.note(order, before, -1);
        self.note(order, order.status, 1);
    }

    fn note(&mut self, order: &Order, status: OrderStatus, count: i64) {
        let (tenant, day) = (order.tenant.as_uuid(), order.created_at.as_ms() / DAY_MS);
        let amount = count * order.total_amount.minor();
        self.notes.push(Note::Order { tenant, day, currency: order.currency, status, count, amount });
    }

    /// A payment came, or was in the status `before`.
    pub fn payment(&mut self, before: Option<PaymentStatus>, payment: &Payment) {
        let taken =
            |status: PaymentStatus| matches!(status, PaymentStatus::Succeeded | PaymentStatus::Refunded);
        let given_back = |status: PaymentStatus| status == PaymentStatus::Refunded;
        let amount = |now: bool, then: bool| (i64::from(now) - i64::from(then)) * payment.amount.minor();
        let captured = amount(taken(payment.status), before.is_some_and(taken));
        let refunded = amount(given_back(payment.status), before.is_some_and(given_back));
        if captured != 0 || refunded != 0 {
            let (tenant, currency) = (payment.tenant.as_uuid(), payment.currency);
            self.notes.push(Note::Payment { tenant, currency, captured, refunded });
        }
    }

    /// Keeps what was noted.
    pub fn keep(&mut self) {
        self.kept = self.notes.len();
    }

    /// Forgets what was noted since.
    pub fn take_back(&mut self) {
        self.notes.truncate(self.kept);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.notes.clear();
        self.kept = 0;
    }

    /// Writes the sums.
    pub async fn write(&mut self, link: &mut Link<'_>) -> Result<()> {
        let mut days: BTreeMap<(Uuid, i64, &'static str), [i64; COLUMNS]> = BTreeMap::new();
        let mut totals: BTreeMap<(Uuid, &'static str), (i64, i64)> = BTreeMap::new();
        for note in self.notes.drain(..) {
            match note {
                Note::Order { tenant, day, currency, status, count, amount } => {
                    let sums = days.entry((tenant, day, currency.name())).or_insert([0; COLUMNS]);
                    let at = OrderStatus::ALL.iter().position(|known| *known == status).unwrap_or_default();
                    sums[at * 2] += count;
                    sums[at * 2 + 1] += amount;
                }
                Note::Payment { tenant, currency, captured, refunded } => {
                    let sums = totals.entry((tenant, currency.name())).or_default();
                    (sums.0, sums.1) = (sums.0 + captured, sums.1 + refunded);
                }
            }
        }
        self.kept = 0;
        for ((tenant, day, currency), sums) in days {
            let add = Statement::write(add_to_day()).bind(tenant).bind(day).bind(currency);
            link.queue(add.bind_all(sums.map(Value::from))).await?;
        }
        for ((tenant, currency), (captured, refunded)) in totals {
            let add = Statement::write(
                "INSERT INTO payment_totals (tenant, currency, captured, refunded) VALUES (?, ?, ?, ?) \
                 ON CONFLICT (tenant, currency) DO UPDATE \
                 SET captured = captured + excluded.captured, refunded = refunded + excluded.refunded",
            );
            link.queue(add.bind(tenant).bind(currency).bind(captured).bind(refunded)).await?;
        }
        Ok(())
    }
}

fn add_to_day() -> String {
    let add = |status: &OrderStatus| {
        let name = status.name().to_ascii_lowercase();
        format!(
            "{name}_count = {name}_count + excluded.{name}_count, {name}_amount = {name}_amount + excluded.{name}_amount"
        )
    };
    let sums: Vec<String> = OrderStatus::ALL.iter().map(add).collect();
    format!(
        "INSERT INTO order_days VALUES {} ON CONFLICT (tenant, day, currency) DO UPDATE SET {}",
        places(COLUMNS + 3, 1),
        sums.join(", ")
    )
}
