//! Users. The hash of the password is selected by nobody but [`credentials`].

use super::link::{Link, Statement, places};
use super::list::{Filter, Sort};
use super::row::{Fields, Row};
use crate::domain::page::{Page, PageRequest};
use crate::domain::user::{Preferences, UserFilter, UserStatus};
use crate::domain::{Result, Role, Tenant, User, UserId};
use crate::store::Credentials;

pub(super) const COLUMNS: &str = "id, tenant, username, email, first_name, last_name, phone, newsletter, notifications, status, \
                       role, created_at, updated_at";

pub(super) fn read(fields: &mut Fields<'_>) -> Result<User> {
    Ok(User {
        id: UserId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        username: fields.take()?,
        email: fields.take()?,
        first_name: fields.take()?,
        last_name: fields.take()?,
        phone: fields.take()?,
        preferences: Preferences { newsletter: fields.take()?, notifications: fields.take()? },
        status: fields.named(UserStatus::from_name)?,
        role: fields.named(Role::from_name)?,
        created_at: fields.time()?,
        updated_at: fields.time()?,
    })
}

pub(super) async fn find(link: &mut Link<'_>, tenant: Tenant, id: UserId) -> Result<Option<User>> {
    let select = Statement::read(format!("SELECT {COLUMNS} FROM users WHERE id = ? AND tenant = ?"));
    link.row(select.bind(id.0).bind(tenant.as_uuid()), |row| read(&mut Fields::of(row))).await
}

/// By user name or e-mail address; only the latter has an `@` in it.
pub(super) async fn credentials(
    link: &mut Link<'_>,
    tenant: Tenant,
    login: &str,
) -> Result<Option<Credentials>> {
    let column = if login.contains('@') { "email" } else { "username" };
    let select =
        format!("SELECT {COLUMNS}, password_hash FROM users WHERE tenant = ? AND lower({column}) = lower(?)");
    let select = Statement::read(select).bind(tenant.as_uuid()).bind(login.to_owned());
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        Ok(Credentials { user: read(&mut fields)?, password_hash: fields.take()? })
    };
    link.row(select, read).await
}

pub(super) async fn any(link: &mut Link<'_>) -> Result<bool> {
    let select = Statement::read("SELECT EXISTS (SELECT 1 FROM users)");
    Ok(link.row(select, |row| Fields::of(row).take()).await?.unwrap_or(false))
}

/// # Errors
/// [`crate::domain::Error::Taken`] naming `username` or `email`; at once, so that the caller can act on it.
pub(super) async fn insert(
    link: &mut Link<'_>,
    Credentials { user, password_hash }: &Credentials,
) -> Result<()> {
    let insert = format!("INSERT INTO users ({COLUMNS}, password_hash) VALUES {}", places(14, 1));
    let insert = Statement::write(insert)
        .bind(user.id.0)
        .bind(user.tenant.as_uuid())
        .bind(&user.username)
        .bind(&user.email)
        .bind(user.first_name.as_ref())
        .bind(user.last_name.as_ref())
        .bind(user.phone.as_ref())
        .bind(user.preferences.newsletter)
        .bind(user.preferences.notifications)
        .bind(user.status.name())
        .bind(user.role.name())
        .bind(user.created_at)
        .bind(user.updated_at)
        .bind(password_hash);
    link.queue(insert).await?;
    link.flush().await.map(drop)
}

/// Newest first.
pub(super) async fn list(
    link: &mut Link<'_>,
    tenant: Tenant,
    filter: &UserFilter,
    request: PageRequest,
) -> Result<Page<User>> {
    let names = "lower(username || char(10) || email || char(10) || ifnull(first_name, '') || ' ' \
                 || ifnull(last_name, ''))";
    Filter::tenant("tenant = ?", tenant)
        .and("status = ?", filter.status.map(UserStatus::name))
        .and("role = ?", filter.role.map(Role::name))
        .and(&format!("instr({names}, lower(?)) > 0"), filter.text.as_ref())
        .page(link, (COLUMNS, "users", Sort::NEWEST), request, |row| read(&mut Fields::of(row)))
        .await
}

/// Replaces everything but the password.
///
/// # Errors
/// [`crate::domain::Error::Taken`] naming `username` or `email`; at once, so that the caller can act on it.
pub(super) async fn update(link: &mut Link<'_>, user: &User) -> Result<()> {
    let update = Statement::write_one(
        "user",
        "UPDATE users SET username = ?, email = ?, first_name = ?, last_name = ?, phone = ?, newsletter = ?, \
         notifications = ?, status = ?, role = ?, updated_at = ? WHERE id = ? AND tenant = ?",
    )
    .bind(&user.username)
    .bind(&user.email)
    .bind(user.first_name.as_ref())
    .bind(user.last_name.as_ref())
    .bind(user.phone.as_ref())
    .bind(user.preferences.newsletter)
    .bind(user.preferences.notifications)
    .bind(user.status.name())
    .bind(user.role.name())
    .bind(user.updated_at)
    .bind(user.id.0)
    .bind(user.tenant.as_uuid());
    link.queue(update).await?;
    link.flush().await.map(drop)
}

pub(super) async fn password_hash(link: &mut Link<'_>, tenant: Tenant, id: UserId) -> Result<Option<String>> {
    let select = Statement::read("SELECT password_hash FROM users WHERE id = ? AND tenant = ?");
    link.row(select.bind(id.0).bind(tenant.as_uuid()), |row| Fields::of(row).take()).await
}

pub(super) async fn set_password_hash(
    link: &mut Link<'_>,
    tenant: Tenant,
    id: UserId,
    hash: &str,
) -> Result<()> {
    let update =
        Statement::write_one("user", "UPDATE users SET password_hash = ? WHERE id = ? AND tenant = ?");
    link.queue(update.bind(hash.to_owned()).bind(id.0).bind(tenant.as_uuid())).await
}

/// With the refresh tokens; orders stay.
pub(super) async fn delete(link: &mut Link<'_>, tenant: Tenant, id: UserId) -> Result<()> {
    let delete = Statement::write_one("user", "DELETE FROM users WHERE id = ? AND tenant = ?");
    link.queue(delete.bind(id.0).bind(tenant.as_uuid())).await
}
