//! `/admin`: for administrators, each in their own tenant.

use ::http::StatusCode;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, patch, post};

use super::extract::{By, Id, Json, Params};
use super::once::once;
use super::orders::filter;
use super::{Rest, Told, collection, json};
use crate::domain;
use crate::domain::audit::{Action, AuditFilter, Channel, Snapshot};
use crate::domain::pet::check_text;
use crate::domain::user::{UserFilter, UserStatus};
use crate::domain::{AuditId, OrderId, Role, UserId, Violation};
use crate::wire::admin::{AuditLog, DashboardStats, ForceCancelInput, UserStatusInput};
use crate::wire::order::Order;
use crate::wire::user::User;

/// The routes below `/v1`.
pub fn router() -> Router<Rest> {
    Router::new()
        .route("/admin/dashboard/stats", get(stats))
        .route("/admin/users", get(users))
        .route("/admin/users/{id}", get(user))
        .route("/admin/users/{id}/status", patch(set_user_status))
        .route("/admin/orders", get(orders))
        .route("/admin/orders/{id}/cancel", post(force_cancel))
        .route("/admin/audit-logs", get(audit_logs))
        .route("/admin/audit-logs/{id}", get(audit_log))
}

/// getDashboardStats
pub async fn stats(State(rest): State<Rest>, By(caller): By, params: Params) -> Told {
    params.done()?;
    let dashboard = rest.app.dashboard(&caller.principal).await?;
    Ok(json(StatusCode::OK, &DashboardStats::from(&dashboard)))
}

/// listUsers
pub async fn users(State(rest): State<Rest>, By(caller): By, mut params: Params) -> Told {
    let filter = UserFilter {
        text: params.read("q", |text| searched("q", text, UserFilter::MAX_TEXT)),
        status: params.read("status", |text| UserStatus::parse("status", text)),
        role: params.read("role", |text| Role::parse("role", text)),
    };
    let (request, query) = params.page()?;
    let page = rest.app.list_users(&caller.principal, filter, request).await?;
    Ok(collection(&page, "/v1/admin/users", &query, |user| User::from(user)))
}

/// getUserDetails
pub async fn user(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let user = rest.app.inspect_user(&caller.principal, UserId::parse_address("id", &id.0)?).await?;
    Ok(json(StatusCode::OK, &User::from(&user)))
}

/// updateUserStatus
pub async fn set_user_status(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    Json(input): Json<UserStatusInput>,
) -> Told {
    let id = UserId::parse_address("id", &id.0)?;
    let (status, reason) = input.read()?;
    let user = rest.app.set_user_status(&caller, id, status, reason).await?;
    Ok(json(StatusCode::OK, &User::from(&user)))
}

/// listAllOrders
pub async fn orders(State(rest): State<Rest>, By(caller): By, mut params: Params) -> Told {
    let filter = filter(&mut params);
    let (request, query) = params.page()?;
    let page = rest.app.list_all_orders(&caller.principal, filter, request).await?;
    Ok(collection(&page, "/v1/admin/orders", &query, |order| Order::from(order)))
}

/// forceCancelOrder
pub async fn force_cancel(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    Json(input): Json<ForceCancelInput>,
) -> Told {
    let id = OrderId::parse_address("id", &id.0)?;
    let encode = |order: &domain::Order| json(StatusCode::OK, &Order::from(order));
    once(&rest, caller, encode, async |caller| rest.app.force_cancel_order(caller, id, input.reason).await)
        .await
}

/// listAuditLogs (ours)
pub async fn audit_logs(State(rest): State<Rest>, By(caller): By, mut params: Params) -> Told {
    let filter = AuditFilter {
        action: params.read("action", |text| Action::parse("action", text)),
        user_id: params.read("userId", |text| UserId::parse("userId", text)),
        entity_type: params.read("entityType", entity_type),
        entity_id: params.read("entityId", |text| searched("entityId", text, AuditFilter::MAX_ENTITY_ID)),
        channel: params.read("channel", |text| Channel::parse("channel", text)),
        from: params.time("from"),
        to: params.time("to"),
    };
    let (request, query) = params.page()?;
    let page = rest.app.list_audit(&caller.principal, filter, request).await?;
    Ok(collection(&page, "/v1/admin/audit-logs", &query, |record| AuditLog::from(record)))
}

/// getAuditLog
pub async fn audit_log(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let record = rest.app.get_audit(&caller.principal, AuditId::parse_address("id", &id.0)?).await?;
    Ok(json(StatusCode::OK, &AuditLog::from(&record)))
}

fn searched(field: &str, text: &str, max: usize) -> Result<String, Violation> {
    check_text(field, text, 1, max).map_or_else(|| Ok(text.to_owned()), Err)
}

fn entity_type(text: &str) -> Result<&'static str, Violation> {
    let found = Snapshot::ENTITY_TYPES.iter().find(|name| **name == text);
    found.copied().ok_or_else(|| Violation::one_of("entityType", text, Snapshot::ENTITY_TYPES))
}
