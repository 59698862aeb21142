//! Clients, authorization codes and device requests of the OAuth2 server.

use super::engine::SqliteEngine;
use super::link::{Link, Statement, places};
use super::list::{Filter, Sort};
use super::reads::SqliteReads;
use super::row::{Fields, Row, Value};
use crate::domain::oauth::{Client, GrantType, scope_text, scopes};
use crate::domain::page::{Page, PageRequest};
use crate::domain::{Error, Result, SessionId, Tenant, Timestamp, UserId};
use crate::store::oauth::{
    AuthorizationCode, DeviceRequest, DeviceStatus, OAuthReads, OAuthWrites, RegisteredClient,
};
use async_trait::async_trait;

pub(super) const CLIENT: &str =
    "id, tenant, name, redirect_uris, grant_types, scope, created_at, updated_at, secret_hash";
const CODE: &str =
    "hash, client_id, user_id, tenant, redirect_uri, scope, challenge, session, expires_at, used_at";
const DEVICE: &str =
    "hash, user_code, client_id, tenant, scope, status, user_id, interval_s, polled_at, expires_at";

fn hash(bytes: &[u8]) -> Result<[u8; 32]> {
    bytes.try_into().map_err(Error::internal)
}

pub(super) fn read_client(row: &Row) -> Result<RegisteredClient> {
    let mut fields = Fields::of(row);
    let mut client = Client {
        id: fields.take()?,
        tenant: Tenant::from_uuid(fields.take()?),
        name: fields.take()?,
        confidential: false,
        redirect_uris: fields.json()?,
        grant_types: fields.named(|names| names.split_whitespace().map(GrantType::from_name).collect())?,
        scopes: fields.named(scopes)?,
        created_at: fields.time()?,
        updated_at: fields.time()?,
    };
    let secret_hash = fields.take::<Option<&[u8]>>()?.map(hash).transpose()?;
    client.confidential = secret_hash.is_some();
    Ok(RegisteredClient { client, secret_hash })
}

fn read_code(row: &Row) -> Result<AuthorizationCode> {
    let mut fields = Fields::of(row);
    Ok(AuthorizationCode {
        hash: hash(fields.take()?)?,
        client_id: fields.take()?,
        user_id: UserId(fields.take()?),
        tenant: Tenant::from_uuid(fields.take()?),
        redirect_uri: fields.take()?,
        scopes: fields.named(scopes)?,
        challenge: fields.take()?,
        session: SessionId(fields.take()?),
        expires_at: fields.time()?,
        used_at: fields.time_or_none()?,
    })
}

fn read_device(row: &Row) -> Result<DeviceRequest> {
    let mut fields = Fields::of(row);
    Ok(DeviceRequest {
        hash: hash(fields.take()?)?,
        user_code: fields.take()?,
        client_id: fields.take()?,
        tenant: Tenant::from_uuid(fields.take()?),
        scopes: fields.named(scopes)?,
        status: fields.named(DeviceStatus::from_name)?,
        user_id: fields.take::<Option<uuid::Uuid>>()?.map(UserId),
        interval_s: fields.int()?,
        polled_at: fields.time_or_none()?,
        expires_at: fields.time()?,
    })
}

fn grant_names(client: &Client) -> String {
    client.grant_types.iter().map(|grant| grant.name()).collect::<Vec<_>>().join(" ")
}

async fn device_by(link: &mut Link<'_>, column: &str, value: Value) -> Result<Option<DeviceRequest>> {
    let select = Statement::read(format!("SELECT {DEVICE} FROM oauth_devices WHERE {column} = ?"));
    link.row(select.bind(value), read_device).await
}

#[async_trait]
impl OAuthReads for SqliteReads {
    async fn find_oauth_client(&self, id: &str) -> Result<Option<RegisteredClient>> {
        let select = Statement::read(format!("SELECT {CLIENT} FROM oauth_clients WHERE id = ?"));
        self.reading().await?.link().row(select.bind(id.to_owned()), read_client).await
    }

    async fn list_oauth_clients(&self, tenant: Tenant, page: PageRequest) -> Result<Page<Client>> {
        // The ids are texts, but each of a UUID.
        let (table, order) =
            ("oauth_clients", Sort::descending("created_at", "unhex(replace(id, '-', ''))").gathered());
        Filter::tenant("tenant = ?", tenant)
            .page(&mut self.reading().await?.link(), (CLIENT, table, order), page, |row| {
                Ok(read_client(row)?.client)
            })
            .await
    }

    async fn find_device_request(&self, user_code: &str) -> Result<Option<DeviceRequest>> {
        device_by(&mut self.reading().await?.link(), "user_code", user_code.to_owned().into()).await
    }
}

#[async_trait(?Send)]
impl OAuthWrites for SqliteEngine {
    async fn insert_oauth_client(&mut self, registered: &RegisteredClient) -> Result<()> {
        let RegisteredClient { client, secret_hash } = registered;
        let insert = format!("INSERT INTO oauth_clients ({CLIENT}) VALUES {}", places(9, 1));
        let insert = Statement::write(insert)
            .bind(&client.id)
            .bind(client.tenant.as_uuid())
            .bind(&client.name)
            .bind(Value::json(&client.redirect_uris)?)
            .bind(grant_names(client))
            .bind(scope_text(&client.scopes))
            .bind(client.created_at)
            .bind(client.updated_at)
            .bind(secret_hash.as_ref().map(|hash| &hash[..]));
        self.link().queue(insert).await
    }

    async fn oauth_client(&mut self, tenant: Tenant, id: &str) -> Result<Option<Client>> {
        let select = format!("SELECT {CLIENT} FROM oauth_clients WHERE id = ? AND tenant = ?");
        let select = Statement::read(select).bind(id.to_owned()).bind(tenant.as_uuid());
        Ok(self.link().row(select, read_client).await?.map(|registered| registered.client))
    }

    async fn update_oauth_client(&mut self, client: &Client) -> Result<()> {
        let update = Statement::write_one(
            "OAuth2 client",
            "UPDATE oauth_clients SET name = ?, redirect_uris = ?, grant_types = ?, scope = ?, updated_at = ? \
             WHERE id = ? AND tenant = ?",
        )
        .bind(&client.name)
        .bind(Value::json(&client.redirect_uris)?)
        .bind(grant_names(client))
        .bind(scope_text(&client.scopes))
        .bind(client.updated_at)
        .bind(&client.id)
        .bind(client.tenant.as_uuid());
        self.link().queue(update).await
    }

    async fn delete_oauth_client(&mut self, tenant: Tenant, id: &str) -> Result<()> {
        let delete =
            Statement::write_one("OAuth2 client", "DELETE FROM oauth_clients WHERE id = ? AND tenant = ?");
        self.link().queue(delete.bind(id.to_owned()).bind(tenant.as_uuid())).await
    }

    async fn revoke_oauth_client(&mut self, id: &str, at: Timestamp) -> Result<()> {
        let mut link = self.link();
        for table in ["oauth_codes", "oauth_devices"] {
            let delete = Statement::write(format!("DELETE FROM {table} WHERE client_id = ?"));
            link.queue(delete.bind(id.to_owned())).await?;
        }
        let revoke = "UPDATE refresh_tokens SET revoked_at = ? WHERE client_id = ? AND revoked_at IS NULL";
        link.queue(Statement::write(revoke).bind(at).bind(id.to_owned())).await
    }

    async fn insert_code(&mut self, code: &AuthorizationCode) -> Result<()> {
        let insert = format!("INSERT INTO oauth_codes ({CODE}) VALUES {}", places(10, 1));
        let insert = Statement::write(insert)
            .bind(&code.hash[..])
            .bind(&code.client_id)
            .bind(code.user_id.0)
            .bind(code.tenant.as_uuid())
            .bind(&code.redirect_uri)
            .bind(scope_text(&code.scopes))
            .bind(&code.challenge)
            .bind(code.session.0)
            .bind(code.expires_at)
            .bind(code.used_at);
        self.link().queue(insert).await
    }

    async fn code(&mut self, hash: &[u8; 32]) -> Result<Option<AuthorizationCode>> {
        let select = Statement::read(format!("SELECT {CODE} FROM oauth_codes WHERE hash = ?"));
        self.link().row(select.bind(&hash[..]), read_code).await
    }

    async fn mark_code_used(&mut self, hash: &[u8; 32], at: Timestamp) -> Result<()> {
        let update = Statement::write_one("code", "UPDATE oauth_codes SET used_at = ? WHERE hash = ?");
        self.link().queue(update.bind(at).bind(&hash[..])).await
    }

    async fn insert_device_request(&mut self, request: &DeviceRequest) -> Result<()> {
        let insert = format!("INSERT INTO oauth_devices ({DEVICE}) VALUES {}", places(10, 1));
        let insert = Statement::write(insert)
            .bind(&request.hash[..])
            .bind(&request.user_code)
            .bind(&request.client_id)
            .bind(request.tenant.as_uuid())
            .bind(scope_text(&request.scopes))
            .bind(request.status.name())
            .bind(request.user_id.map(|id| id.0))
            .bind(request.interval_s)
            .bind(request.polled_at)
            .bind(request.expires_at);
        self.link().queue(insert).await
    }

    async fn device_request(&mut self, hash: &[u8; 32]) -> Result<Option<DeviceRequest>> {
        device_by(&mut self.link(), "hash", (&hash[..]).into()).await
    }

    async fn device_request_of(&mut self, user_code: &str) -> Result<Option<DeviceRequest>> {
        device_by(&mut self.link(), "user_code", user_code.to_owned().into()).await
    }

    async fn update_device_request(&mut self, request: &DeviceRequest) -> Result<()> {
        let update = Statement::write_one(
            "device request",
            "UPDATE oauth_devices SET status = ?, user_id = ?, interval_s = ?, polled_at = ? WHERE hash = ?",
        )
        .bind(request.status.name())
        .bind(request.user_id.map(|id| id.0))
        .bind(request.interval_s)
        .bind(request.polled_at)
        .bind(&request.hash[..]);
        self.link().queue(update).await
    }

    async fn count_device_requests(&mut self, now: Timestamp) -> Result<u64> {
        let count = Statement::read("SELECT count(*) FROM oauth_devices WHERE expires_at > ?").bind(now);
        Ok(self.link().row(count, |row| Fields::of(row).int()).await?.unwrap_or(0))
    }
}
