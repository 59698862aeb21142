//! The payment provider of seed 003: 21 kinds of webhook events, signed over the raw body.
//!
//! The signature (`X-Ivy-Signature`, lower-case hex HMAC-SHA256) carries no time, so the event's `id` is what makes a
//! repetition known. `referenceId` is our order's id. What arrives late is told by `updatedAt` and by the end of the
//! status history.

pub mod payload;

use aws_lc_rs::hmac;

use self::payload::{Envelope, OrderPayload, StatusChange};
use crate::domain::inbound::{
    Effect, InboundDraft, InboundSource, Money, Paid, Refunded, Settlement, SourceOrder,
};
use crate::domain::{Amount, Currency, Error, EventType, Result, Tenant, Timestamp};
use crate::wire;

/// Longest end of an account number that is kept.
const LAST: usize = 4;

/// The kinds, as types spell them with underscores; paths have hyphens, and some types dots.
const KINDS: [(&str, EventType); 21] = [
    ("test", EventType::ProviderTest),
    ("order_created", EventType::ProviderOrderCreated),
    ("order_updated", EventType::ProviderOrderUpdated),
    ("merchant_updated", EventType::ProviderMerchantUpdated),
    ("refund_succeeded", EventType::ProviderRefundSucceeded),
    ("refund_failed", EventType::ProviderRefundFailed),
    ("user_payout_initiated", EventType::ProviderUserPayoutInitiated),
    ("user_payout_paid", EventType::ProviderUserPayoutPaid),
    ("user_payout_failed", EventType::ProviderUserPayoutFailed),
    ("payout_report_requested", EventType::ProviderPayoutReportRequested),
    ("data_session_completed", EventType::ProviderDataSessionCompleted),
    ("checkout_session_created", EventType::ProviderCheckoutSessionCreated),
    ("checkout_session_updated", EventType::ProviderCheckoutSessionUpdated),
    ("checkout_session_expired", EventType::ProviderCheckoutSessionExpired),
    ("checkout_session_completed", EventType::ProviderCheckoutSessionCompleted),
    ("payout_created", EventType::ProviderPayoutCreated),
    ("payout_updated", EventType::ProviderPayoutUpdated),
    ("mandate_setup_started", EventType::ProviderMandateSetupStarted),
    ("mandate_setup_succeeded", EventType::ProviderMandateSetupSucceeded),
    ("mandate_setup_failed", EventType::ProviderMandateSetupFailed),
    ("mandate_revoked", EventType::ProviderMandateRevoked),
];

/// The type of event that a kind is told as, whichever way it is spelt.
pub fn event_type(kind: &str) -> EventType {
    let plain: String = kind.chars().map(|c| if matches!(c, '.' | '-') { '_' } else { c }).collect();
    KINDS.iter().find(|(name, _)| *name == plain).map_or(EventType::ProviderUnknown, |(_, kind)| *kind)
}

/// The provider, known by its secret.
pub struct Provider {
    key: hmac::Key,
    /// Whose orders it settles.
    pub tenant: Tenant,
}

impl Provider {
    /// With the secret that it shows.
    pub fn new(secret: &str, tenant: Tenant) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), tenant }
    }

    /// Whether it sent `body`, compared in constant time.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`].
    pub fn verify(&self, signature: Option<&str>, body: &[u8]) -> Result<()> {
        let tag = signature.and_then(read_hex);
        let verified = tag.is_some_and(|tag| hmac::verify(&self.key, body, &tag).is_ok());
        let refused =
            Error::Unauthenticated("X-Ivy-Signature must be the lower-case hex HMAC-SHA256 of the body");
        verified.then_some(()).ok_or(refused)
    }

    /// What a body means that came in on the path of `kind`.
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::Invalid`] when it is no envelope at all.
    pub fn read(&self, kind: &str, body: &str) -> Result<InboundDraft> {
        let envelope: Envelope = wire::json::read(body.as_bytes())?;
        let kind = envelope.kind.unwrap_or_else(|| kind.to_owned());
        let event_type = event_type(&kind);
        let payload = envelope.payload.as_deref().map_or("{}", |payload| payload.get());
        let mut draft = InboundDraft {
            source: InboundSource::Provider,
            kind,
            event_type,
            external_id: envelope.id,
            reference: None,
            source_order: None,
            effect: Effect::None,
            body: body.to_owned(),
            payload: wire::inbound::payload(body),
        };
        match serde_json::from_str::<OrderPayload>(payload) {
            Ok(order) => {
                draft.reference = order.reference_id.clone();
                draft.effect = effect(event_type, &order);
                if matches!(event_type, EventType::ProviderOrderCreated | EventType::ProviderOrderUpdated) {
                    draft.source_order = source_order(&order);
                }
            }
            Err(error) if acts(event_type) => {
                let why = format!("the payload has another form: {}", first_line(&error.to_string()));
                draft.effect = Effect::Review(why);
            }
            // It is only told, so its form does not matter.
            Err(_) => {}
        }
        Ok(draft)
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// Whether events of this type do something to an order of ours.
fn acts(kind: EventType) -> bool {
    use EventType as E;
    matches!(kind, E::ProviderOrderCreated | E::ProviderOrderUpdated | E::ProviderRefundSucceeded)
}

fn source_order(order: &OrderPayload) -> Option<SourceOrder> {
    let updated_at = order.updated_at.as_ref().and_then(read_time)?;
    Some(SourceOrder { external_id: order.id.clone()?, status: order.status.clone()?, updated_at })
}

/// A time as text (RFC 3339) or as a number of seconds or milliseconds since 1970.
fn read_time(value: &serde_json::Value) -> Option<Timestamp> {
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    match value {
        serde_json::Value::String(text) => Timestamp::parse(text),
        value => {
            let number = value.as_i64()?;
            let ms = if number < MILLISECONDS_FROM { number.saturating_mul(1000) } else { number };
            Some(Timestamp::from_ms(ms))
        }
    }
}

/// What an event means for the order that it names.
fn effect(kind: EventType, order: &OrderPayload) -> Effect {
    match kind {
        EventType::ProviderOrderCreated | EventType::ProviderOrderUpdated => of_status(order),
        EventType::ProviderRefundSucceeded => {
            let amount = order.amount.as_ref().or(order.refund_amount.as_ref());
            match amount.map(|amount| Amount::parse("amount", amount.get())).transpose() {
                Ok(amount) => Effect::Refund(amount.map(Refunded::Amount)),
                Err(_) => Effect::Review("the amount that was given back cannot be read".into()),
            }
        }
        _ => Effect::None,
    }
}

/// States of a payment (`not_settled`, `processing` and `succeeded` are the others) that a paid order cannot have.
const CONTRARY: [&str; 8] = [
    "failed",
    "canceled",
    "requires_action",
    "in_refund",
    "refunded",
    "refund_failed",
    "partially_refunded",
    "disputed",
];

fn of_status(order: &OrderPayload) -> Effect {
    let status = order.status.as_deref().unwrap_or_default();
    if let Some((last, known)) = newest(&order.status_history_list).filter(|(last, _)| *last != status) {
        let why = format!("its status history goes on to {last}");
        // Without times it is not known which end of the list is the newer.
        return if known { Effect::Ignore(why) } else { Effect::Review(why) };
    }
    match status {
        "paid" if CONTRARY.contains(&order.payment_status.as_deref().unwrap_or_default()) => {
            let payment = order.payment_status.as_deref().unwrap_or_default();
            Effect::Review(format!("the order is paid, and its payment {payment}"))
        }
        "paid" => match total(order) {
            Some(money) => Effect::Settle(settlement(order, money)),
            None => Effect::Review("its price cannot be read".into()),
        },
        "refunded" => {
            let refunded =
                order.refund_amount.as_ref().map(|amount| Amount::parse("refundAmount", amount.get()));
            match refunded.transpose() {
                Ok(amount) => Effect::Refund(amount.map(Refunded::Amount)),
                Err(_) => Effect::Review("the amount that was given back cannot be read".into()),
            }
        }
        "partially_refunded" => Effect::Review("a part of the money was given back".into()),
        "in_dispute" | "disputed" => Effect::Review("the payer disputes it".into()),
        "failed" | "canceled" | "refused" => Effect::Unpaid(status.to_owned()),
        "processing"
        | "waiting_for_payment"
        | "waiting_for_bank_confirmation"
        | "in_refund"
        | "refund_failed"
        | "finalizing" => Effect::None,
        other => Effect::Review(format!(
            "its status {:?} is not known",
            other.chars().take(40).collect::<String>()
        )),
    }
}

/// The newest status of a history, and whether its times say so: without them it is the last of the list.
fn newest(history: &[StatusChange]) -> Option<(&str, bool)> {
    let at = |step: &StatusChange| step.updated_at.as_ref().or(step.created_at.as_ref()).and_then(read_time);
    let times: Option<Vec<Timestamp>> = history.iter().map(at).collect();
    let known = times.is_some();
    let newest = match times {
        // The last of those that are equally late.
        Some(times) => {
            times.iter().enumerate().max_by_key(|(place, at)| (**at, *place)).map(|(place, _)| place)?
        }
        None => history.len().checked_sub(1)?,
    };
    history.get(newest)?.current_status.as_deref().map(|status| (status, known))
}

fn total(order: &OrderPayload) -> Option<Money> {
    let price = order.price.as_ref()?;
    Some(Money {
        amount: Amount::parse("price.total", price.total.as_ref()?.get()).ok()?,
        currency: Currency::from_name(price.currency.as_deref()?)?,
    })
}

fn settlement(order: &OrderPayload, money: Money) -> Settlement {
    let (payer, number) =
        order.payer_financial_address.as_ref().and_then(|address| address.payer()).unwrap_or_default();
    let digits: Vec<char> = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let last4 = digits[digits.len().saturating_sub(LAST)..].iter().collect();
    let payer = if payer.is_empty() { "not told".to_owned() } else { payer.chars().take(100).collect() };
    let method = order.payment_method_type.as_deref().unwrap_or("bank transfer");
    let bank = format!("payment provider, {}", method.chars().take(40).collect::<String>());
    Settlement { paid: Paid::Money(money), payer, bank, last4 }
}

/// Lower-case hex of 32 bytes.
fn read_hex(text: &str) -> Option<[u8; 32]> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests;
