//! Answers that are kept under idempotency keys.

use super::link::{Link, Statement, places};
use super::row::{Fields, Row};
use crate::domain::{Error, Result, Tenant, Timestamp};
use crate::store::KeptAnswer;

const COLUMNS: &str = "tenant, id, fingerprint, sealed, expires_at";

fn read(row: &Row) -> Result<KeptAnswer> {
    let mut fields = Fields::of(row);
    Ok(KeptAnswer {
        tenant: Tenant::from_uuid(fields.take()?),
        id: fields.take::<&[u8]>()?.try_into().map_err(Error::internal)?,
        fingerprint: fields.take::<&[u8]>()?.try_into().map_err(Error::internal)?,
        sealed: fields.take()?,
        expires_at: fields.time()?,
    })
}

pub(super) async fn find(link: &mut Link<'_>, tenant: Tenant, id: &[u8; 32]) -> Result<Option<KeptAnswer>> {
    let select = Statement::read(format!("SELECT {COLUMNS} FROM kept_answers WHERE id = ? AND tenant = ?"));
    link.row(select.bind(&id[..]).bind(tenant.as_uuid()), read).await
}

/// In place of one that has expired.
pub(super) async fn keep(link: &mut Link<'_>, answer: &KeptAnswer) -> Result<()> {
    let insert =
        Statement::write(format!("INSERT OR REPLACE INTO kept_answers ({COLUMNS}) VALUES {}", places(5, 1)))
            .bind(answer.tenant.as_uuid())
            .bind(&answer.id[..])
            .bind(&answer.fingerprint[..])
            .bind(&answer.sealed[..])
            .bind(answer.expires_at);
    link.queue(insert).await
}

/// Takes away up to `limit` that expired by `now`.
pub(super) async fn purge_expired(link: &mut Link<'_>, now: Timestamp, limit: u32) -> Result<u64> {
    let delete = Statement::write(
        "DELETE FROM kept_answers WHERE id IN \
         (SELECT id FROM kept_answers WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) RETURNING 1",
    );
    Ok(link.rows(delete.bind(now).bind(limit)).await?.len() as u64)
}
