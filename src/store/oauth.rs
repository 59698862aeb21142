//! What the OAuth2 server keeps: clients, authorization codes and device codes; of every secret only the SHA-256.

use async_trait::async_trait;

use crate::domain::oauth::Client;
use crate::domain::page::{Page, PageRequest};
use crate::domain::{Result, Scope, SessionId, Tenant, Timestamp, UserId, named_enum};

/// A client and the SHA-256 of its secret, when it has one.
#[derive(Clone)]
pub struct RegisteredClient {
    pub client: Client,
    pub secret_hash: Option<[u8; 32]>,
}

/// An authorization code (RFC 6749 §4.1.2).
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    pub hash: [u8; 32],
    pub client_id: String,
    pub user_id: UserId,
    pub tenant: Tenant,
    /// As the request gave it; empty when it gave none.
    pub redirect_uri: String,
    pub scopes: Vec<Scope>,
    /// The S256 code challenge (RFC 7636 §4.2).
    pub challenge: String,
    /// The login that it begins, and that ends should it be used again.
    pub session: SessionId,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

named_enum! {
    /// What became of a device's request.
    DeviceStatus { Pending => "PENDING", Approved => "APPROVED", Denied => "DENIED", Used => "USED" }
}

/// A device's request for a token (RFC 8628).
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceRequest {
    /// Of the device code.
    pub hash: [u8; 32],
    /// What the user types in, as [`crate::domain::oauth::user_code`] reads it.
    pub user_code: String,
    pub client_id: String,
    pub tenant: Tenant,
    pub scopes: Vec<Scope>,
    pub status: DeviceStatus,
    /// Who approved it.
    pub user_id: Option<UserId>,
    pub interval_s: u32,
    pub polled_at: Option<Timestamp>,
    pub expires_at: Timestamp,
}

/// What can be read of it.
#[async_trait]
pub trait OAuthReads {
    /// In whatever tenant: a client names itself by its id alone.
    async fn find_oauth_client(&self, id: &str) -> Result<Option<RegisteredClient>>;
    /// Newest first.
    async fn list_oauth_clients(&self, tenant: Tenant, page: PageRequest) -> Result<Page<Client>>;
    async fn find_device_request(&self, user_code: &str) -> Result<Option<DeviceRequest>>;
}

/// What can be done to it inside one transaction.
#[async_trait(?Send)]
pub trait OAuthWrites {
    async fn insert_oauth_client(&mut self, registered: &RegisteredClient) -> Result<()>;
    async fn oauth_client(&mut self, tenant: Tenant, id: &str) -> Result<Option<Client>>;
    /// Replaces what can be changed; the secret stays.
    async fn update_oauth_client(&mut self, client: &Client) -> Result<()>;
    async fn delete_oauth_client(&mut self, tenant: Tenant, id: &str) -> Result<()>;
    /// Deletes its codes and device requests, and revokes its refresh tokens.
    async fn revoke_oauth_client(&mut self, id: &str, at: Timestamp) -> Result<()>;

    async fn insert_code(&mut self, code: &AuthorizationCode) -> Result<()>;
    async fn code(&mut self, hash: &[u8; 32]) -> Result<Option<AuthorizationCode>>;
    async fn mark_code_used(&mut self, hash: &[u8; 32], at: Timestamp) -> Result<()>;

    async fn insert_device_request(&mut self, request: &DeviceRequest) -> Result<()>;
    async fn device_request(&mut self, hash: &[u8; 32]) -> Result<Option<DeviceRequest>>;
    async fn device_request_of(&mut self, user_code: &str) -> Result<Option<DeviceRequest>>;
    /// Replaces status, user, interval and the time of the last question.
    async fn update_device_request(&mut self, request: &DeviceRequest) -> Result<()>;
    /// Those that have not expired.
    async fn count_device_requests(&mut self, now: Timestamp) -> Result<u64>;
}
