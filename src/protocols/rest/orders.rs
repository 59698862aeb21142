//! `/orders` and `/receipts`.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::IntoResponse;

use super::extract::{By, Id, Json, Params};
use super::once::once;
use super::users::not_stored;
use super::{Rest, Told, collection, created, json};
use crate::domain;
use crate::domain::order::OrderFilter;
use crate::domain::{Error, OrderId, OrderStatus, PetId, ReceiptId, UserId};
use crate::wire::callback::{CallbackInput, CallbackSecret};
use crate::wire::order::{Order, OrderInput};
use crate::wire::payment::{Payment, PaymentInput, Receipt};

/// createOrder
pub async fn place(State(rest): State<Rest>, By(caller): By, Json(input): Json<OrderInput>) -> Told {
    let pet_id = input.pet_id()?;
    let encode = |order: &domain::Order| created(&format!("/v1/orders/{}", order.id), &Order::from(order));
    once(&rest, caller, encode, async |caller| rest.app.place_order(caller, pet_id).await).await
}

/// listOrders
pub async fn list(State(rest): State<Rest>, By(caller): By, mut params: Params) -> Told {
    let filter = filter(&mut params);
    let (request, query) = params.page()?;
    let page = rest.app.list_orders(&caller.principal, filter, request).await?;
    Ok(collection(&page, "/v1/orders", &query, |order| Order::from(order)))
}

/// Which orders a list is to show.
pub fn filter(params: &mut Params) -> OrderFilter {
    OrderFilter {
        status: params.read("status", |text| OrderStatus::parse("status", text)),
        user_id: params.read("userId", |text| UserId::parse("userId", text)),
        pet_id: params.read("petId", |text| PetId::parse("petId", text)),
        created_from: params.time("createdFrom"),
        created_to: params.time("createdTo"),
    }
}

/// getOrder
pub async fn get(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let order = rest.app.get_order(&caller.principal, order_id(&id)?).await?;
    Ok(json(StatusCode::OK, &Order::from(&order)))
}

/// "Callback Example"
pub async fn request_callback(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    Json(input): Json<CallbackInput>,
) -> Told {
    let id = order_id(&id)?;
    let encode = |(): &()| json(StatusCode::CREATED, &serde_json::json!({}));
    once(&rest, caller, encode, async |caller| rest.app.request_callback(caller, id, input.into()).await)
        .await
}

/// getCallbackSecret (ours)
pub async fn callback_secret(State(rest): State<Rest>, By(caller): By) -> Told {
    let secret = rest.app.callback_secret(&caller.principal)?;
    Ok(not_stored(json(StatusCode::OK, &CallbackSecret { secret })))
}

/// cancelOrder
pub async fn cancel(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    rest.app.cancel_order(&caller, order_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// shipOrder
pub async fn ship(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let order = rest.app.ship_order(&caller, order_id(&id)?).await?;
    Ok(json(StatusCode::OK, &Order::from(&order)))
}

/// deliverOrder
pub async fn deliver(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let order = rest.app.deliver_order(&caller, order_id(&id)?).await?;
    Ok(json(StatusCode::OK, &Order::from(&order)))
}

/// payOrder
pub async fn pay(State(rest): State<Rest>, By(caller): By, id: Id, Json(input): Json<PaymentInput>) -> Told {
    let (id, draft) = (order_id(&id)?, input.into_draft()?);
    let encode = |payment: &domain::Payment| json(StatusCode::CREATED, &Payment::from(payment));
    once(&rest, caller, encode, async |caller| rest.app.pay_order(caller, id, draft).await).await
}

/// getReceipt
pub async fn receipt(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let id = ReceiptId::parse_address("id", &id.0)?;
    let (receipt, payment, order) = rest.app.get_receipt(&caller.principal, id).await?;
    let body = serde_json::json!({
        "receipt": Receipt::from(&receipt),
        "payment": Payment::from(&payment),
        "order": Order::from(&order),
    });
    Ok(json(StatusCode::OK, &body))
}

pub(super) fn order_id(id: &Id) -> Result<OrderId, Error> {
    OrderId::parse_address("id", &id.0)
}
