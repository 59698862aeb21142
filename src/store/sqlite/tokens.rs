//! Refresh tokens, of which only the SHA-256 is kept, and access tokens that were taken back.

use super::link::{Link, Statement, places};
use super::row::{Fields, Row};
use crate::domain::oauth::{scope_text, scopes};
use crate::domain::{Error, Result, SessionId, Tenant, Timestamp, UserId};
use crate::store::{RefreshToken, Revocation};

const COLUMNS: &str = "hash, session, user_id, tenant, client_id, scope, expires_at, used_at, revoked_at";

fn read(row: &Row) -> Result<RefreshToken> {
    let mut fields = Fields::of(row);
    Ok(RefreshToken {
        hash: fields.take::<&[u8]>()?.try_into().map_err(Error::internal)?,
        session: SessionId(fields.take()?),
        user_id: UserId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        client: fields.take()?,
        scopes: fields.named(scopes)?,
        expires_at: fields.time()?,
        used_at: fields.time_or_none()?,
        revoked_at: fields.time_or_none()?,
    })
}

pub(super) async fn find(link: &mut Link<'_>, hash: &[u8; 32]) -> Result<Option<RefreshToken>> {
    let select = Statement::read(format!("SELECT {COLUMNS} FROM refresh_tokens WHERE hash = ?"));
    link.row(select.bind(&hash[..]), read).await
}

pub(super) async fn insert(link: &mut Link<'_>, token: &RefreshToken) -> Result<()> {
    let insert = Statement::write(format!("INSERT INTO refresh_tokens ({COLUMNS}) VALUES {}", places(9, 1)))
        .bind(&token.hash[..])
        .bind(token.session.0)
        .bind(token.user_id.0)
        .bind(token.tenant.as_uuid())
        .bind(token.client.as_ref())
        .bind(scope_text(&token.scopes))
        .bind(token.expires_at)
        .bind(token.used_at)
        .bind(token.revoked_at);
    link.queue(insert).await
}

pub(super) async fn mark_used(link: &mut Link<'_>, hash: &[u8; 32], at: Timestamp) -> Result<()> {
    let update =
        Statement::write_one("refresh token", "UPDATE refresh_tokens SET used_at = ? WHERE hash = ?");
    link.queue(update.bind(at).bind(&hash[..])).await
}

pub(super) async fn revoke(link: &mut Link<'_>, revocation: &Revocation, at: Timestamp) -> Result<()> {
    let Revocation { id, user, session, until } = *revocation;
    let (column, value) = match session {
        Some(session) => ("session", session.0),
        None => ("user_id", user.0),
    };
    let update =
        format!("UPDATE refresh_tokens SET revoked_at = ? WHERE {column} = ? AND revoked_at IS NULL");
    link.queue(Statement::write(update).bind(at).bind(value)).await?;
    if session.is_none() {
        // What has not become a login yet must not become one any more.
        let codes = "DELETE FROM oauth_codes WHERE user_id = ? AND used_at IS NULL";
        link.queue(Statement::write(codes).bind(user.0)).await?;
        let devices = "UPDATE oauth_devices SET status = 'DENIED' WHERE user_id = ? AND status = 'APPROVED'";
        link.queue(Statement::write(devices).bind(user.0)).await?;
    }
    let insert =
        Statement::write("INSERT INTO revocations (id, user_id, session, until) VALUES (?, ?, ?, ?)");
    link.queue(insert.bind(id).bind(user.0).bind(session.map(|session| session.0)).bind(until)).await
}

pub(super) async fn revocations(link: &mut Link<'_>) -> Result<Vec<Revocation>> {
    let select = Statement::read("SELECT id, user_id, session, until FROM revocations ORDER BY id");
    let read = |row: &Row| {
        let mut fields = Fields::of(row);
        Ok(Revocation {
            id: fields.take()?,
            user: UserId(fields.take()?),
            session: fields.take::<Option<uuid::Uuid>>()?.map(SessionId),
            until: fields.time()?,
        })
    };
    link.rows(select).await?.iter().map(read).collect()
}

/// A device is told that its code has expired for so long.
const EXPIRED_DEVICE_MS: i64 = 3_600_000;

/// Takes away revocations, authorization codes and device requests that have expired.
pub(super) async fn purge_ended(link: &mut Link<'_>, now: Timestamp) -> Result<()> {
    let devices = Statement::write("DELETE FROM oauth_devices WHERE expires_at <= ?");
    link.queue(devices.bind(now.plus_ms(-EXPIRED_DEVICE_MS))).await?;
    for (table, end) in [("revocations", "until"), ("oauth_codes", "expires_at")] {
        let delete = Statement::write(format!("DELETE FROM {table} WHERE {end} <= ?"));
        link.queue(delete.bind(now)).await?;
    }
    Ok(())
}

/// Takes away up to `limit` that expired before `before`.
pub(super) async fn purge_expired(link: &mut Link<'_>, before: Timestamp, limit: u32) -> Result<u64> {
    let delete = Statement::write(
        "DELETE FROM refresh_tokens WHERE hash IN \
         (SELECT hash FROM refresh_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ?) RETURNING 1",
    );
    Ok(link.rows(delete.bind(before).bind(limit)).await?.len() as u64)
}
