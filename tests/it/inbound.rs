//! What the payment provider (seed 003) and AnySpend (seed 004) send, and what it does.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::support::api::{id, text, with_json};
use crate::support::inbox::ids;
use crate::support::story::GOOD_CARD;
use crate::support::{Answer, Api, Channel, Driver, Receiver, Setup, TestServer};

const SECRET: &str = "the provider's secret";
const KEY: &str = "anyspend-key-number-1";

async fn start() -> TestServer {
    let setup = Setup::demo().set("provider.enabled", true).set("provider.secret", SECRET);
    let setup =
        setup.set("anyspend.enabled", true).set("anyspend.api_keys", format!("{KEY},anyspend-key-number-2"));
    setup.set("anyspend.tokens", "8453:0xAbCd:6:USD").set("anyspend.recipients", "0xShop").start().await
}

/// What the provider posts, signed.
async fn tell(server: &TestServer, path: &str, body: &Value) -> Answer {
    let anyone = server.anonymous();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), body.to_string().as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let request = anyone.request(http::Method::POST, &format!("/api/service/webhook-event/{path}"));
    anyone.send(with_json(request, body).header("x-ivy-signature", hex)).await
}

fn order_event(event: &str, order: &Value, status: &str, minute: u32, total: &str) -> Value {
    let total: Value = serde_json::from_str(total).unwrap();
    json!({ "id": event, "type": "order_updated", "date": "2026-01-01", "payload": {
        "id": format!("provider-{}", id(order)), "referenceId": id(order), "status": status,
        "price": { "total": total, "currency": "USD" }, "updatedAt": format!("2026-01-01T10:{minute:02}:00Z"),
        "payerFinancialAddress": { "type": "iban", "iban": { "accountHolderName": "Jane Doe", "iban": "DE89370400440532013000" } },
    }})
}

async fn order_of(staff: &Api, buyer: &Api) -> Value {
    buyer.place_order_of(&staff.create_pet("Rex").await).await
}

async fn status(staff: &Api, order: &Value) -> String {
    text(&staff.get(&format!("/v1/orders/{}", id(order))).await.result().unwrap(), "status").to_owned()
}

async fn kept(admin: &Api, query: &str) -> Vec<Value> {
    let list = admin.get(&format!("/v1/admin/inbound-deliveries?{query}")).await.result().unwrap();
    list["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_order_is_settled_once_and_refunded_once() {
    let server = start().await;
    let (staff, alice, admin) =
        (server.user("staff").await, server.user("alice").await, server.user("admin").await);
    let order = order_of(&staff, &alice).await;
    let total = text(&order, "totalAmount").to_owned();
    let mut database = server.database().await;
    let (events, audits) = (database.head().await, database.audit_count().await);

    let paid = order_event("e-paid", &order, "paid", 5, &total);
    for _ in 0..2 {
        assert_eq!(tell(&server, "order-updated", &paid).await.status, 200);
    }
    assert_eq!(status(&staff, &order).await, "APPROVED");
    let kinds: Vec<String> =
        database.events(events).await.into_iter().map(|event| event.event_type).collect();
    let expected = [
        "payment.succeeded",
        "order.statusChanged",
        "pet.statusChanged",
        "pet.adopted",
        "inventory.changed",
        "provider.orderUpdated",
    ];
    assert_eq!(kinds, expected, "as by a card, and told to the staff");
    assert_eq!(database.audit_count().await, audits + 1, "one row, and none for the repetition");

    let told_again = order_event("e-paid-2", &order, "paid", 6, &total);
    assert_eq!(tell(&server, "order-updated", &told_again).await.status, 200);
    assert_eq!(kept(&admin, "status=IGNORED").await.len(), 1, "it paid it itself");

    let late = order_event("e-late", &order, "processing", 1, &total);
    assert_eq!(tell(&server, "order-updated", &late).await.status, 200);
    assert_eq!(status(&staff, &order).await, "APPROVED", "what arrives late takes nothing back");
    assert_eq!(kept(&admin, "status=IGNORED").await.len(), 2);

    let refund =
        json!({ "id": "e-refund", "type": "refund_succeeded", "payload": { "referenceId": id(&order) } });
    assert_eq!(tell(&server, "refund-succeeded", &refund).await.status, 200);
    assert_eq!(status(&staff, &order).await, "CANCELLED");
    let again = order_event("e-again", &order, "paid", 9, &total);
    assert_eq!(tell(&server, "order-updated", &again).await.status, 200);
    assert_eq!(status(&staff, &order).await, "CANCELLED", "a final state stays");
    let review = kept(&admin, "status=REVIEW").await;
    assert_eq!((review.len(), &review[0]["externalId"]), (1, &json!("e-again")));
    assert_eq!(alice.get("/v1/events?topics=provider").await.status, 403, "for the staff only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_differs_is_kept_for_review_and_done_again_by_an_admin() {
    let server = start().await;
    let (staff, alice, admin) =
        (server.user("staff").await, server.user("alice").await, server.user("admin").await);
    let order = order_of(&staff, &alice).await;
    let wrong = order_event("e-wrong", &order, "paid", 5, "0.01");
    assert_eq!(tell(&server, "order-updated", &wrong).await.status, 200);
    assert_eq!(status(&staff, &order).await, "PLACED");
    let review = kept(&admin, &format!("orderId={}", id(&order))).await;
    assert_eq!(review[0]["status"], "REVIEW");
    assert!(text(&review[0], "note").contains("0.01 USD was paid"), "{review:?}");
    let raw = admin.get(&format!("/v1/admin/inbound-deliveries/{}", id(&review[0]))).await.result().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text(&raw, "body")).unwrap(), wrong);
    let again = admin.command(&format!("/v1/admin/inbound-deliveries/{}/reprocess", id(&review[0]))).await;
    assert_eq!(
        (again.status, &again.body["status"]),
        (200, &json!("REVIEW")),
        "still not what was to be paid"
    );
    assert_eq!(staff.get("/v1/admin/inbound-deliveries").await.status, 403);
    assert_eq!(server.anonymous().get("/v1/admin/inbound-deliveries").await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_is_answered_200_and_a_wrong_signature_401() {
    let server = start().await;
    let admin = server.user("admin").await;
    for (number, kind) in
        ["test", "user_payout.paid", "mandate_revoked", "something_new"].into_iter().enumerate()
    {
        let body =
            json!({ "id": format!("k{number}"), "type": kind, "date": "today", "payload": { "any": [1] } });
        let answer = tell(&server, &kind.replace(['_', '.'], "-"), &body).await;
        assert_eq!((answer.status, answer.body), (200, json!({ "received": true })), "{kind}");
    }
    assert_eq!(kept(&admin, "source=provider").await.len(), 4);
    let anyone = server.anonymous();
    let forged = anyone.request(http::Method::POST, "/api/service/webhook-event/test");
    let forged = with_json(forged, &json!({ "id": "f" })).header("x-ivy-signature", "00".repeat(32));
    assert_eq!(anyone.send(forged).await.status, 401);
    assert_eq!(tell(&server, "test", &json!({ "type": "test" })).await.status, 422, "without an id");
    let off = TestServer::demo().await;
    assert_eq!(tell(&off, "test", &json!({ "id": "x" })).await.status, 404, "off by default");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_channel_tells_the_staff_and_nobody_else() {
    let server = start().await;
    let (staff, alice) = (server.user("staff").await, server.user("alice").await);
    let (of_staff, of_alice) =
        (Receiver::subscribed(&staff, &["provider.*"]).await, Receiver::subscribed(&alice, &["*"]).await);
    let mut open = Vec::new();
    for channel in Channel::STREAMING {
        open.push((channel, channel.listen(&staff, &["provider"], None).await.unwrap()));
        let refused = channel.refusal(&alice, &["provider"], None).await;
        assert_eq!(refused.code, "forbidden", "{channel:?} {refused:?}");
    }
    let body = json!({ "id": "c1", "type": "payout_created", "payload": { "any": 1 } });
    assert_eq!(tell(&server, "payout-created", &body).await.status, 200);
    let sent = of_staff.until("the webhook", |events| !events.is_empty()).await;
    assert_eq!(text(&sent[0], "eventType"), "provider.payoutCreated");
    for (channel, listener) in &open {
        let heard = listener.until("the provider's event", |events| !events.is_empty()).await;
        assert_eq!(ids(&heard), [text(&sent[0], "eventId")], "{channel:?}");
    }
    server.quiet().await;
    assert_eq!(of_alice.messages(), 0);
}

async fn callback(server: &TestServer, key: &str, body: &Value) -> Answer {
    let anyone = server.anonymous();
    let request = anyone.request(http::Method::POST, "/v1/internal/anyspend/order-completed");
    anyone.send(with_json(request, body).header("x-api-key", key)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anyspend_settles_what_matches_and_answers_the_same_again() {
    let server = start().await;
    let (staff, alice, admin) =
        (server.user("staff").await, server.user("alice").await, server.user("admin").await);
    let order = order_of(&staff, &alice).await;
    let cents: u128 = text(&order, "totalAmount").replace('.', "").parse().unwrap();
    let body = |amount: u128, hash: &str| {
        json!({
            "event": "order.completed", "orderId": "any-1", "status": "executed", "txHash": hash,
            "clientReferenceId": id(&order), "callbackMetadata": {},
            "payment": { "dstAmount": amount.to_string(), "dstChain": 8453, "dstTokenAddress": "0xabcd",
                "dstTokenDecimals": 6, "dstTokenSymbol": "USDC", "recipientAddress": "0xshop" },
        })
    };
    assert_eq!(callback(&server, "wrong-key-wrong-key", &body(1, "0x1")).await.status, 401);
    assert_eq!(callback(&server, KEY, &json!({})).await.status, 400);
    let short = callback(&server, KEY, &body(cents * 10_000 - 1, "0x1")).await;
    assert_eq!((short.status, status(&staff, &order).await.as_str()), (200, "PLACED"));
    let right = callback(&server, "anyspend-key-number-2", &body(cents * 10_000, "0x2")).await;
    assert_eq!((right.status, status(&staff, &order).await.as_str()), (200, "APPROVED"));
    let again = callback(&server, KEY, &body(cents * 10_000, "0x2")).await;
    assert_eq!(again.body, right.body, "the same executionId and runId");
    let execution = format!("/v1/admin/executions/{}", text(&right.body, "executionId"));
    let execution = admin.get(&execution).await.result().unwrap();
    assert_eq!((&execution["status"], &execution["runId"]), (&json!("PROCESSED"), &right.body["runId"]));
    let steps: Vec<&str> =
        execution["steps"].as_array().unwrap().iter().map(|step| text(step, "name")).collect();
    assert_eq!(steps, ["receive", "find the order", "compare the money", "settle"]);
    assert_eq!(kept(&admin, "source=anyspend").await.len(), 2);

    // Whoever paid twice wants something back.
    assert_eq!(callback(&server, KEY, &body(cents * 10_000, "0x3")).await.status, 200);
    let twice = order_event("p-twice", &order, "paid", 5, text(&order, "totalAmount"));
    assert_eq!(tell(&server, "order-updated", &twice).await.status, 200);
    let review = kept(&admin, &format!("status=REVIEW&orderId={}", id(&order))).await;
    let again = review.iter().filter(|kept| text(kept, "note").contains("in another way")).count();
    assert_eq!(again, 2, "{review:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_gives_back_what_it_has_settled_and_nothing_else() {
    let server = start().await;
    let (staff, alice, admin) =
        (server.user("staff").await, server.user("alice").await, server.user("admin").await);
    let (by_card, early) = (order_of(&staff, &alice).await, order_of(&staff, &alice).await);
    let total = text(&by_card, "totalAmount").to_owned();
    Driver::Rest.pay(&alice, id(&by_card), &total, GOOD_CARD).await.unwrap();
    let refunded = |order: &Value| {
        json!({ "event": "order.completed", "orderId": format!("any-{}", id(order)), "status": "refunded",
            "txHash": "0x9", "clientReferenceId": id(order) })
    };
    assert_eq!(callback(&server, KEY, &refunded(&by_card)).await.status, 200);
    let refund =
        json!({ "id": "r1", "type": "refund_succeeded", "payload": { "referenceId": id(&by_card) } });
    assert_eq!(tell(&server, "refund-succeeded", &refund).await.status, 200);
    assert_eq!(status(&staff, &by_card).await, "APPROVED", "it was paid by card");

    let refund = json!({ "id": "r2", "type": "refund_succeeded", "payload": { "referenceId": id(&early) } });
    assert_eq!(tell(&server, "refund-succeeded", &refund).await.status, 200);
    let paid = order_event("p2", &early, "paid", 5, &total);
    assert_eq!(tell(&server, "order-updated", &paid).await.status, 200);
    assert_eq!(status(&staff, &early).await, "PLACED", "the money had been given back before");
    assert_eq!(kept(&admin, "status=REVIEW").await.len(), 4);

    let settled = order_of(&staff, &alice).await;
    let paid = order_event("p3", &settled, "paid", 5, &total);
    assert_eq!(tell(&server, "order-updated", &paid).await.status, 200);
    let failed = order_event("p4", &settled, "failed", 6, &total);
    assert_eq!(tell(&server, "order-updated", &failed).await.status, 200);
    assert_eq!(status(&staff, &settled).await, "APPROVED");
    assert_eq!(kept(&admin, "status=REVIEW").await.len(), 5, "paid and failed: someone must look");
}
