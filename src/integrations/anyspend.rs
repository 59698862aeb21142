//! AnySpend (seed 004): it reports that an order was paid in tokens.
//!
//! Amounts are base units as decimal digits; they are compared as digits, since no integer of ours holds them all.

use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::domain::inbound::{
    AcceptedToken, Effect, InboundDraft, InboundSource, Paid, Refunded, Settlement,
};
use crate::domain::{Error, EventType, Result, Tenant};
use crate::wire;

/// The callback.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Callback {
    pub event: Option<String>,
    pub order_id: String,
    pub status: String,
    pub tx_hash: Option<String>,
    /// Our order's id.
    pub client_reference_id: Option<String>,
    pub callback_metadata: Option<Value>,
    pub payment: Option<PaymentTold>,
}

/// What arrived where.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PaymentTold {
    pub dst_amount: Option<String>,
    pub dst_chain: Option<u64>,
    pub dst_token_address: Option<String>,
    pub dst_token_decimals: Option<u32>,
    pub dst_token_symbol: Option<String>,
    pub recipient_address: Option<String>,
}

/// AnySpend, known by its keys.
pub struct AnySpend {
    keys: Vec<String>,
    tokens: Vec<AcceptedToken>,
    /// In lower case.
    recipients: Vec<String>,
    /// Whose orders it settles.
    pub tenant: Tenant,
}

impl AnySpend {
    /// With the keys that it may send, the tokens that are taken, and who may have received them.
    pub fn new(keys: Vec<String>, tokens: &[String], recipients: &[String], tenant: Tenant) -> Self {
        Self {
            keys,
            tokens: tokens.iter().filter_map(|token| AcceptedToken::parse(token)).collect(),
            recipients: recipients.iter().map(|address| address.to_ascii_lowercase()).collect(),
            tenant,
        }
    }

    /// Whether `key` is one of its keys, compared in constant time.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`].
    pub fn verify(&self, key: Option<&str>) -> Result<()> {
        let given = key.unwrap_or_default().as_bytes();
        let known =
            self.keys.iter().fold(subtle::Choice::from(0), |known, own| known | own.as_bytes().ct_eq(given));
        bool::from(known).then_some(()).ok_or(Error::Unauthenticated("x-api-key must be a key of this store"))
    }

    /// What a body means: the callback itself, or an object that holds it as `data`, `order` or `payload`.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is neither.
    pub fn read(&self, body: &str) -> Result<InboundDraft> {
        let whole: Value =
            serde_json::from_str(body).map_err(|_| Error::malformed("body", "must be a JSON object"))?;
        let wrapped = ["data", "order", "payload"].into_iter().find_map(|name| {
            whole.get(name).filter(|inner| whole.get("orderId").is_none() && inner.get("orderId").is_some())
        });
        let callback = Callback::deserialize(wrapped.unwrap_or(&whole)).map_err(|_| {
            Error::malformed("body", "must have orderId and status as texts, and payment as an object if any")
        })?;
        let tx_hash = callback.tx_hash.clone().unwrap_or_default();
        Ok(InboundDraft {
            source: InboundSource::AnySpend,
            kind: callback.event.clone().unwrap_or_else(|| "order-completed".to_owned()),
            event_type: EventType::ProviderAnyspendOrderCompleted,
            external_id: format!("{}|{tx_hash}|{}", callback.order_id, callback.status),
            reference: callback.client_reference_id.clone(),
            source_order: None,
            effect: self.effect(&callback, &tx_hash),
            body: body.to_owned(),
            payload: wire::inbound::payload(body),
        })
    }

    fn effect(&self, callback: &Callback, tx_hash: &str) -> Effect {
        match callback.status.as_str() {
            "executed" => self.settlement(callback, tx_hash).map_or_else(Effect::Review, Effect::Settle),
            "refunded" => match &callback.payment {
                Some(told) if told.dst_amount.is_some() => match self.paid(told) {
                    Ok((_, paid)) => Effect::Refund(Some(Refunded::Paid(paid))),
                    Err(why) => Effect::Review(why),
                },
                _ => Effect::Refund(None),
            },
            "failure" | "failed" | "expired" => Effect::Unpaid(callback.status.clone()),
            _ => Effect::None,
        }
    }

    fn settlement(&self, callback: &Callback, tx_hash: &str) -> Result<Settlement, String> {
        let told = callback.payment.as_ref().ok_or("it tells of no payment")?;
        let (token, paid) = self.paid(told)?;
        let recipient = told.recipient_address.as_deref().unwrap_or_default().to_ascii_lowercase();
        if !self.recipients.contains(&recipient) {
            return Err("it went to an address that is not ours".into());
        }
        let symbol: String = told.dst_token_symbol.as_deref().unwrap_or("token").chars().take(20).collect();
        let hash: Vec<char> = tx_hash.chars().filter(char::is_ascii_alphanumeric).collect();
        Ok(Settlement {
            paid,
            payer: "AnySpend".into(),
            bank: format!("AnySpend, {symbol} on chain {}", token.chain),
            last4: hash[hash.len().saturating_sub(4)..].iter().collect(),
        })
    }

    /// The amount that is told, in a token that is taken.
    fn paid(&self, told: &PaymentTold) -> Result<(&AcceptedToken, Paid), String> {
        let address = told.dst_token_address.as_deref().unwrap_or_default().to_ascii_lowercase();
        let is_told =
            |token: &&AcceptedToken| Some(token.chain) == told.dst_chain && token.address == address;
        let token = self.tokens.iter().find(is_told).ok_or("its token or chain is not one that is taken")?;
        if told.dst_token_decimals != Some(token.decimals) {
            return Err("its token has other decimals than it should".into());
        }
        let base_units = told.dst_amount.clone().ok_or("it tells of no amount")?;
        Ok((token, Paid::Token { base_units, decimals: token.decimals, currency: token.currency }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Currency;

    fn anyspend() -> AnySpend {
        let keys = vec!["key-number-one-1".to_owned(), "key-number-two-2".to_owned()];
        AnySpend::new(keys, &["8453:0xAbC:6:USD".to_owned()], &["0xOurs".to_owned()], Tenant::PUBLIC)
    }

    fn body(change: impl FnOnce(&mut Value)) -> String {
        let mut body = serde_json::json!({
            "event": "order.completed", "orderId": "a1", "status": "executed", "txHash": "0xfeed99",
            "clientReferenceId": "r1", "callbackMetadata": { "any": 1 },
            "payment": { "dstAmount": "125500000", "dstChain": 8453, "dstTokenAddress": "0xaBc",
                "dstTokenDecimals": 6, "dstTokenSymbol": "USDC", "recipientAddress": "0xours" },
        });
        change(&mut body);
        body.to_string()
    }

    #[test]
    fn either_key_opens_and_nothing_else_does() {
        assert!(anyspend().verify(Some("key-number-one-1")).is_ok());
        assert!(anyspend().verify(Some("key-number-two-2")).is_ok());
        for key in
            [None, Some(""), Some("key-number-one"), Some("key-number-one-11"), Some("KEY-NUMBER-ONE-1")]
        {
            assert!(anyspend().verify(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn an_executed_payment_is_settled_when_everything_is_as_expected() {
        let draft = anyspend().read(&body(|_| {})).unwrap();
        let Effect::Settle(settlement) = draft.effect else { panic!("{draft:?}") };
        let paid = Paid::Token { base_units: "125500000".into(), decimals: 6, currency: Currency::Usd };
        assert_eq!((settlement.paid, settlement.last4.as_str()), (paid, "ed99"));
        assert_eq!(
            (draft.external_id.as_str(), draft.reference.as_deref()),
            ("a1|0xfeed99|executed", Some("r1"))
        );
        for (field, value) in [
            ("dstChain", serde_json::json!(1)),
            ("dstTokenAddress", serde_json::json!("0xabd")),
            ("dstTokenDecimals", serde_json::json!(18)),
            ("recipientAddress", serde_json::json!("0xtheirs")),
            ("dstAmount", Value::Null),
        ] {
            let draft = anyspend().read(&body(|body| body["payment"][field] = value)).unwrap();
            assert!(matches!(draft.effect, Effect::Review(_)), "{field}: {draft:?}");
        }
    }

    #[test]
    fn both_forms_of_the_body_are_read() {
        let wrapped = format!(r#"{{"data":{}}}"#, body(|_| {}));
        assert_eq!(anyspend().read(&wrapped).unwrap().external_id, "a1|0xfeed99|executed");
        let status =
            |status: &str| anyspend().read(&body(|body| body["status"] = status.into())).unwrap().effect;
        assert_eq!(status("failure"), Effect::Unpaid("failure".into()));
        assert_eq!(status("sending"), Effect::None);
        let Effect::Refund(Some(Refunded::Paid(paid))) = status("refunded") else {
            panic!("the amount is told")
        };
        assert_eq!(
            paid,
            Paid::Token { base_units: "125500000".into(), decimals: 6, currency: Currency::Usd }
        );
        let untold = body(|body| (body["status"], body["payment"]) = ("refunded".into(), Value::Null));
        assert_eq!(anyspend().read(&untold).unwrap().effect, Effect::Refund(None));
        for bad in ["", "[]", "{}", "7", r#"{"orderId":"x"}"#] {
            assert!(anyspend().read(bad).is_err(), "{bad}");
        }
    }
}
