//! Refresh tokens; only their SHA-256 is kept.

use super::link::{Link, Statement, places};
use super::row::{Fields, Row};
use crate::domain::{Error, Result, SessionId, Tenant, Timestamp, UserId};
use crate::store::RefreshToken;

const COLUMNS: &str = "hash, session, user_id, tenant, expires_at, used_at, revoked_at";

fn read(row: &Row) -> Result<RefreshToken> {
    let mut fields = Fields::of(row);
    Ok(RefreshToken {
        hash: fields.take::<&[u8]>()?.try_into().map_err(Error::internal)?,
        session: SessionId(fields.take()?),
        user_id: UserId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
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
    let insert = Statement::write(format!("INSERT INTO refresh_tokens ({COLUMNS}) VALUES {}", places(7, 1)))
        .bind(&token.hash[..])
        .bind(token.session.0)
        .bind(token.user_id.0)
        .bind(token.tenant.as_uuid())
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

pub(super) async fn revoke_session(link: &mut Link<'_>, session: SessionId, at: Timestamp) -> Result<()> {
    let update =
        Statement::write("UPDATE refresh_tokens SET revoked_at = ? WHERE session = ? AND revoked_at IS NULL");
    link.queue(update.bind(at).bind(session.0)).await
}

/// Of every login of the user.
pub(super) async fn revoke_sessions_of(
    link: &mut Link<'_>,
    tenant: Tenant,
    user: UserId,
    at: Timestamp,
) -> Result<()> {
    let update = Statement::write(
        "UPDATE refresh_tokens SET revoked_at = ? WHERE user_id = ? AND tenant = ? AND revoked_at IS NULL",
    );
    link.queue(update.bind(at).bind(user.0).bind(tenant.as_uuid())).await
}

/// Takes away up to `limit` that expired before `before`.
pub(super) async fn purge_expired(link: &mut Link<'_>, before: Timestamp, limit: u32) -> Result<u64> {
    let delete = Statement::write(
        "DELETE FROM refresh_tokens WHERE hash IN \
         (SELECT hash FROM refresh_tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ?) RETURNING 1",
    );
    Ok(link.rows(delete.bind(before).bind(limit)).await?.len() as u64)
}
