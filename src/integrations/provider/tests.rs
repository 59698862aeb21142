use super::*;

fn provider() -> Provider {
    Provider::new("shared secret", Tenant::PUBLIC)
}

fn order(payload: &str) -> InboundDraft {
    let body = format!(r#"{{"id":"e1","type":"order_updated","date":"2026-01-01","payload":{payload}}}"#);
    provider().read("order-updated", &body).unwrap()
}

#[test]
fn every_kind_is_known_in_every_spelling() {
    for (kind, told) in KINDS {
        for spelt in [kind.to_owned(), kind.replace('_', "-"), kind.replace('_', ".")] {
            assert_eq!(event_type(&spelt), told, "{spelt}");
        }
    }
    assert_eq!(event_type("user_payout.initiated"), EventType::ProviderUserPayoutInitiated);
    assert_eq!(event_type("order_eaten"), EventType::ProviderUnknown);
}

#[test]
fn only_the_signature_of_the_raw_body_is_taken() {
    // Computed with Python's hmac module: HMAC-SHA256 of `{"id":"1"}` under `shared secret`.
    let hex = "22a6fcdc4316578e5dd849c1fe2a41d64c53b9428c7b84f12e12863b99bae8a0".to_owned();
    assert!(provider().verify(Some(&hex), br#"{"id":"1"}"#).is_ok());
    for (signature, body) in [
        (Some(hex.to_uppercase()), r#"{"id":"1"}"#),
        (Some(hex.clone()), r#"{"id": "1"}"#),
        (Some(format!("{hex}00")), r#"{"id":"1"}"#),
        (Some(String::new()), r#"{"id":"1"}"#),
        (None, r#"{"id":"1"}"#),
    ] {
        assert!(provider().verify(signature.as_deref(), body.as_bytes()).is_err(), "{signature:?}");
    }
}

#[test]
fn a_paid_order_is_settled_with_its_exact_price() {
    let draft = order(
        r#"{"id":"o1","referenceId":"r1","status":"paid","price":{"total":125.50,"currency":"EUR"},"updatedAt":"2026-01-01T10:00:00Z",
        "payerFinancialAddress":{"type":"iban","iban":{"accountHolderName":"Jane Doe","iban":"DE89 3704 0044 0532 0130 00"}},
        "statusHistoryList":[{"previousStatus":"processing","currentStatus":"paid","reason":"X"}],"paymentMethodType":"sepa_debit"}"#,
    );
    let money = Money { amount: Amount::from_minor(12_550), currency: Currency::Eur };
    let settlement = Settlement {
        paid: Paid::Money(money),
        payer: "Jane Doe".into(),
        bank: "payment provider, sepa_debit".into(),
        last4: "3000".into(),
    };
    assert_eq!((draft.effect, draft.reference.as_deref()), (Effect::Settle(settlement), Some("r1")));
    let told = draft.source_order.unwrap();
    assert_eq!((told.external_id.as_str(), told.status.as_str()), ("o1", "paid"));
}

#[test]
fn what_cannot_be_acted_on_is_told_apart() {
    let effect = |payload: &str| match order(payload).effect {
        Effect::None => "none",
        Effect::Ignore(_) => "ignore",
        Effect::Review(_) => "review",
        Effect::Settle(_) => "settle",
        Effect::Refund(_) => "refund",
        Effect::Unpaid(_) => "unpaid",
    };
    assert_eq!(effect(r#"{"status":"processing"}"#), "none");
    assert_eq!(effect(r#"{"status":"paid","price":{"total":1e2,"currency":"EUR"}}"#), "review", "no float");
    assert_eq!(effect(r#"{"status":"paid","price":{"total":1.001,"currency":"EUR"}}"#), "review");
    assert_eq!(effect(r#"{"status":"paid","price":{"total":1,"currency":"XXX"}}"#), "review");
    assert_eq!(effect(r#"{"status":"paid"}"#), "review");
    assert_eq!(effect(r#"{"status":"processing","statusHistoryList":[{"currentStatus":"paid"}]}"#), "review");
    let timed = |status: &str| {
        format!(
            r#"{{"status":"{status}","price":{{"total":125.5,"currency":"USD"}},"statusHistoryList":[
            {{"currentStatus":"paid","createdAt":"2026-01-02T00:00:00Z"}},
            {{"currentStatus":"processing","createdAt":"2026-01-01T00:00:00Z"}}]}}"#
        )
    };
    assert_eq!((effect(&timed("paid")), effect(&timed("processing"))), ("settle", "ignore"), "newest first");
    let paid = |payment: &str| {
        format!(
            r#"{{"status":"paid","paymentStatus":"{payment}","price":{{"total":1,"currency":"USD"}},
            "lineItems":null,"refunds":null,"statusHistoryList":null,"impactOffsetProjects":null}}"#
        )
    };
    for payment in ["not_settled", "processing", "succeeded", "something new"] {
        assert_eq!(effect(&paid(payment)), "settle", "{payment}");
    }
    for payment in CONTRARY {
        assert_eq!(effect(&paid(payment)), "review", "{payment}");
    }
    assert_eq!(effect(r#"{"status":"refunded"}"#), "refund");
    assert_eq!(effect(r#"{"status":"partially_refunded"}"#), "review");
    assert_eq!(effect(r#"{"status":"disputed"}"#), "review");
    assert_eq!(effect(r#"{"status":"eaten"}"#), "review");
    assert_eq!(effect(r#"{"status":7}"#), "review", "another form");
    assert!(provider().read("test", "[]").is_err());
    assert!(provider().read("test", r#"{"type":"test"}"#).is_err(), "without an id");
}

#[test]
fn times_come_in_three_forms() {
    for text in ["\"2026-01-01T10:00:00Z\"", "1767261600", "1767261600000"] {
        let value = serde_json::from_str(text).unwrap();
        assert_eq!(read_time(&value), Timestamp::parse("2026-01-01T10:00:00Z"), "{text}");
    }
    assert_eq!(read_time(&serde_json::Value::Null), None);
}
