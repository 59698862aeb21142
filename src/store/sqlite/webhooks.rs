//! Webhook endpoints.

use super::link::{Link, Statement, places};
use super::list::{Filter, Sort};
use super::row::{Fields, Row, Value};
use crate::domain::page::{Page, PageRequest};
use crate::domain::webhook::{Endpoint, EventPattern, Health, Ordering, PreviousSecret};
use crate::domain::{EndpointId, Error, Result, Tenant, UserId};
use crate::store::Owners;
use crate::wire::webhook as wire;

pub(super) const COLUMNS: &str = "webhook_endpoints.id, webhook_endpoints.tenant, webhook_endpoints.owner, webhook_endpoints.created_at, \
     webhook_endpoints.since, \
     webhook_endpoints.url, webhook_endpoints.description, webhook_endpoints.event_types, \
     webhook_endpoints.sealed_secret, webhook_endpoints.enabled, webhook_endpoints.disabled_reason, \
     webhook_endpoints.updated_at, webhook_endpoints.filter, webhook_endpoints.header_names, \
     webhook_endpoints.sealed_headers, webhook_endpoints.ordering, webhook_endpoints.max_per_second, \
     webhook_endpoints.timeout_ms, webhook_endpoints.ed25519, webhook_endpoints.public_key, \
     webhook_endpoints.sealed_previous, webhook_endpoints.previous_until, webhook_endpoints.paused, \
     webhook_endpoints.failures, webhook_endpoints.failing_since, webhook_endpoints.hold_until, \
     webhook_endpoints.circuit";

/// The columns that can change, in the order of [`COLUMNS`] and of [`changeable`].
const CHANGEABLE: [&str; 22] = [
    "url",
    "description",
    "event_types",
    "sealed_secret",
    "enabled",
    "disabled_reason",
    "updated_at",
    "filter",
    "header_names",
    "sealed_headers",
    "ordering",
    "max_per_second",
    "timeout_ms",
    "ed25519",
    "public_key",
    "sealed_previous",
    "previous_until",
    "paused",
    "failures",
    "failing_since",
    "hold_until",
    "circuit",
];

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Endpoint> {
    Ok(Endpoint {
        id: EndpointId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        owner: fields.take::<Option<_>>()?.map(UserId),
        created_at: fields.time()?,
        since: fields.seq()?,
        url: fields.take()?,
        description: fields.take()?,
        event_types: patterns(&fields.json::<Vec<String>>()?),
        sealed_secret: fields.take()?,
        enabled: fields.take()?,
        disabled_reason: fields.take()?,
        updated_at: fields.time()?,
        filter: fields.json::<wire::Filter>()?.read().map_err(|_| Error::internal("a filter is damaged"))?,
        header_names: fields.json()?,
        sealed_headers: fields.take()?,
        ordering: fields.named(Ordering::from_name)?,
        max_per_second: fields.take()?,
        timeout_ms: fields.take()?,
        ed25519: fields.take()?,
        public_key: fields.take()?,
        previous: match (fields.take()?, fields.time_or_none()?) {
            (Some(sealed), Some(until)) => Some(PreviousSecret { sealed, until }),
            _ => None,
        },
        paused: fields.take()?,
        health: Health {
            failures: fields.int()?,
            failing_since: fields.time_or_none()?,
            hold_until: fields.time_or_none()?,
            circuit: fields.int()?,
        },
    })
}

/// What this version does not know, as a newer one may have written, matches nothing.
fn patterns(texts: &[String]) -> Vec<EventPattern> {
    texts.iter().filter_map(|text| EventPattern::parse("event_types", text).ok()).collect()
}

pub(super) fn read_row(row: &Row) -> Result<Endpoint> {
    read(&mut Fields::of(row))
}

/// The values of [`CHANGEABLE`].
fn changeable(endpoint: &Endpoint) -> Result<[Value; CHANGEABLE.len()]> {
    let patterns: Vec<String> = endpoint.event_types.iter().map(ToString::to_string).collect();
    let (previous, health) = (endpoint.previous.as_ref(), &endpoint.health);
    Ok([
        (&endpoint.url).into(),
        endpoint.description.as_ref().into(),
        Value::json(&patterns)?,
        endpoint.sealed_secret[..].into(),
        endpoint.enabled.into(),
        endpoint.disabled_reason.as_ref().into(),
        endpoint.updated_at.into(),
        Value::json(&wire::Filter::from(&endpoint.filter))?,
        Value::json(&endpoint.header_names)?,
        endpoint.sealed_headers[..].into(),
        endpoint.ordering.name().into(),
        endpoint.max_per_second.into(),
        endpoint.timeout_ms.into(),
        endpoint.ed25519.into(),
        endpoint.public_key.as_ref().into(),
        previous.map(|previous| &previous.sealed[..]).into(),
        previous.map(|previous| previous.until).into(),
        endpoint.paused.into(),
        health.failures.into(),
        health.failing_since.into(),
        health.hold_until.into(),
        health.circuit.into(),
    ])
}

pub(super) async fn find(link: &mut Link<'_>, tenant: Tenant, id: EndpointId) -> Result<Option<Endpoint>> {
    let select = Statement::read(format!(
        "SELECT {COLUMNS} FROM webhook_endpoints WHERE id = ? AND tenant = ? AND deleted = 0 AND callback_lane IS NULL"
    ));
    link.row(select.bind(id.0).bind(tenant.as_uuid()), read_row).await
}

/// Also a lane of callbacks.
pub(super) async fn find_any(
    link: &mut Link<'_>,
    tenant: Tenant,
    id: EndpointId,
) -> Result<Option<Endpoint>> {
    let select = Statement::read(format!(
        "SELECT {COLUMNS} FROM webhook_endpoints WHERE id = ? AND tenant = ? AND deleted = 0"
    ));
    link.row(select.bind(id.0).bind(tenant.as_uuid()), read_row).await
}

pub(super) async fn list(
    link: &mut Link<'_>,
    tenant: Tenant,
    owner: Option<UserId>,
    request: PageRequest,
) -> Result<Page<Endpoint>> {
    Filter::tenant("tenant = ? AND deleted = 0 AND callback_lane IS NULL", tenant)
        .and("owner = ?", owner.map(|owner| owner.0))
        .page(link, (COLUMNS, "webhook_endpoints", Sort::NEWEST), request, read_row)
        .await
}

/// A condition on endpoints: nothing is sent for a user who is suspended.
pub(super) const OWNER_MAY_ACT: &str =
    "NOT EXISTS (SELECT 1 FROM users WHERE users.id = webhook_endpoints.owner AND users.status <> 'ACTIVE')";

/// Of these tenants; those whose owner is suspended are left out, and so is one that cannot be read: the others must not
/// suffer for it.
pub(super) async fn enabled(link: &mut Link<'_>, tenants: &[Tenant]) -> Result<Vec<Endpoint>> {
    let select = Statement::read(format!(
        "SELECT {COLUMNS} FROM webhook_endpoints WHERE tenant IN {} AND deleted = 0 AND enabled = 1 AND callback_lane IS NULL \
         AND {OWNER_MAY_ACT} ORDER BY id",
        places(tenants.len(), 1)
    ));
    let select = select.bind_all(tenants.iter().map(|tenant| tenant.as_uuid().into()));
    let rows = link.rows(select).await?;
    Ok(rows.iter().filter_map(|row| readable(read_row(row), "webhook endpoint")).collect())
}

/// What could be read; the rest is told to who runs the server.
pub(super) fn readable<T>(read: Result<T>, what: &'static str) -> Option<T> {
    read.inspect_err(|error| {
        tracing::error!(cause = ?std::error::Error::source(error), "a {what} is damaged and left out");
    })
    .ok()
}

pub(super) async fn count(link: &mut Link<'_>, tenant: Tenant, of: Owners) -> Result<u64> {
    let (whose, owner) = match of {
        Owners::Staff => ("IS", None),
        Owners::User(owner) => ("IS", Some(owner.0)),
        Owners::Users => ("IS NOT", None),
    };
    let select = Statement::read(format!(
        "SELECT count(*) FROM webhook_endpoints WHERE tenant = ? AND owner {whose} ? AND deleted = 0 AND callback_lane IS NULL"
    ))
    .bind(tenant.as_uuid())
    .bind(owner);
    Ok(link.row(select, |row| Fields::of(row).int()).await?.unwrap_or(0))
}

pub(super) async fn insert(link: &mut Link<'_>, endpoint: &Endpoint) -> Result<()> {
    let insert = format!(
        "INSERT INTO webhook_endpoints (id, tenant, owner, created_at, {}, since) \
         SELECT {}, max(floor, ifnull((SELECT max(seq) FROM events), 0)) FROM meta",
        CHANGEABLE.join(", "),
        places(4 + CHANGEABLE.len(), 1).trim_matches(['(', ')'])
    );
    let insert = Statement::write(insert)
        .bind(endpoint.id.0)
        .bind(endpoint.tenant.as_uuid())
        .bind(endpoint.owner.map(|owner| owner.0))
        .bind(endpoint.created_at)
        .bind_all(changeable(endpoint)?);
    link.queue(insert).await
}

pub(super) async fn update(link: &mut Link<'_>, endpoint: &Endpoint) -> Result<()> {
    let update = Statement::write_one(
        "webhook endpoint",
        format!(
            "UPDATE webhook_endpoints SET {} = ? WHERE id = ? AND tenant = ? AND deleted = 0",
            CHANGEABLE.join(" = ?, ")
        ),
    )
    .bind_all(changeable(endpoint)?)
    .bind(endpoint.id.0)
    .bind(endpoint.tenant.as_uuid());
    link.queue(update).await
}

/// What an endpoint becomes that is gone.
const WIPED: &str = "deleted = 1, enabled = 0, url = '', sealed_secret = x'', sealed_previous = NULL, \
                     sealed_headers = x''";

/// Its deliveries and their attempts are gone with it at once, but their rows are taken away in bounded steps
/// ([`super::deliveries::purge_deleted`]): a million of them would hold up the one writer for half a minute.
pub(super) async fn delete(link: &mut Link<'_>, tenant: Tenant, id: EndpointId) -> Result<()> {
    let delete = Statement::write_one(
        "webhook endpoint",
        format!("UPDATE webhook_endpoints SET {WIPED} WHERE id = ? AND tenant = ? AND deleted = 0"),
    );
    link.queue(delete.bind(id.0).bind(tenant.as_uuid())).await?;
    // Who holds one can no longer settle it.
    let release =
        "UPDATE deliveries SET lease_until = NULL WHERE endpoint_id = ? AND lease_until IS NOT NULL";
    link.queue(Statement::write(release).bind(id.0)).await
}

/// The endpoints and lanes of a user.
pub(super) async fn ids_of(link: &mut Link<'_>, tenant: Tenant, owner: UserId) -> Result<Vec<EndpointId>> {
    let select =
        Statement::read("SELECT id FROM webhook_endpoints WHERE tenant = ? AND owner = ? AND deleted = 0");
    let rows = link.rows(select.bind(tenant.as_uuid()).bind(owner.0)).await?;
    rows.iter().map(|row| Fields::of(row).take().map(EndpointId)).collect()
}

/// All endpoints and lanes of a user who is no more, as [`delete`].
pub(super) async fn delete_of(link: &mut Link<'_>, tenant: Tenant, owner: UserId) -> Result<()> {
    let release = "UPDATE deliveries SET lease_until = NULL WHERE lease_until IS NOT NULL AND endpoint_id IN \
                   (SELECT id FROM webhook_endpoints WHERE tenant = ? AND owner = ? AND deleted = 0)";
    link.queue(Statement::write(release).bind(tenant.as_uuid()).bind(owner.0)).await?;
    let delete = Statement::write(format!(
        "UPDATE webhook_endpoints SET {WIPED} WHERE tenant = ? AND owner = ? AND deleted = 0"
    ));
    link.queue(delete.bind(tenant.as_uuid()).bind(owner.0)).await
}
