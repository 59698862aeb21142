//! What connects the store with other systems: OAuth2 clients, and what was sent here.

use async_graphql::{Enum, ID, SimpleObject};
use uuid::Uuid;

use super::scalars::DateTime;
use super::user::User;
use crate::app::Grant;
use crate::domain::{inbound, oauth};

/// A client of the OAuth2 server.
#[derive(Clone, SimpleObject)]
#[graphql(name = "OAuthClient")]
pub struct OAuthClient {
    /// The client's id.
    pub(super) id: ID,
    /// Shown to users who are asked for their consent.
    name: String,
    /// Whether it has a secret.
    confidential: bool,
    /// Where users may be sent back to.
    redirect_uris: Vec<String>,
    /// The ways in which it may get tokens.
    grant_types: Vec<&'static str>,
    /// The scopes that it may have.
    scopes: Vec<&'static str>,
    /// When it was registered.
    created_at: DateTime,
    /// When it last changed.
    updated_at: DateTime,
    /// The tenant that it belongs to; null in the public pool.
    tenant_id: Option<Uuid>,
}

impl From<oauth::Client> for OAuthClient {
    fn from(client: oauth::Client) -> Self {
        Self {
            tenant_id: client.tenant.id(),
            grant_types: client.grant_types.iter().map(|grant| grant.name()).collect(),
            scopes: client.scopes.iter().map(|scope| scope.name()).collect(),
            id: client.id.into(),
            name: client.name,
            confidential: client.confidential,
            redirect_uris: client.redirect_uris,
            created_at: client.created_at.into(),
            updated_at: client.updated_at.into(),
        }
    }
}

/// What was made of something that another system sent.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::inbound::InboundStatus")]
pub enum InboundStatus {
    /// It was understood, and did what it means.
    Processed,
    /// It changes nothing: late, or nothing of ours.
    Ignored,
    /// Someone must look at it.
    Review,
}

/// One delivery of another system, and what was done with it (`Execution` in REST).
#[derive(Clone, SimpleObject)]
pub struct InboundDelivery {
    /// The delivery's id; told to its sender as `executionId`.
    pub(super) id: ID,
    /// Told to its sender beside it.
    run_id: ID,
    /// Who sent it: `provider` or `anyspend`.
    source: &'static str,
    /// What kind of message it is, as its source spells it.
    kind: String,
    /// What makes a repetition known.
    external_id: String,
    /// The order of ours that it names.
    order_id: Option<ID>,
    /// What was made of it.
    status: InboundStatus,
    /// Why.
    note: Option<String>,
    /// What was done, step by step.
    steps: Vec<InboundStep>,
    /// It, as it came.
    body: String,
    /// When it came.
    received_at: DateTime,
    /// When it was last processed.
    processed_at: DateTime,
    /// The tenant that it belongs to; null in the public pool.
    tenant_id: Option<Uuid>,
}

/// One step of what was done.
#[derive(Clone, SimpleObject)]
pub struct InboundStep {
    /// Its name.
    name: String,
    /// Whether it could be done.
    succeeded: bool,
    /// What came of it.
    detail: String,
}

impl From<inbound::Inbound> for InboundDelivery {
    fn from(inbound: inbound::Inbound) -> Self {
        let step = |inbound::Step { name, succeeded, detail }| InboundStep { name, succeeded, detail };
        Self {
            id: inbound.id.into(),
            run_id: inbound.run_id.into(),
            source: inbound.source.name(),
            kind: inbound.kind,
            external_id: inbound.external_id,
            order_id: inbound.order_id.map(Into::into),
            status: inbound.status.into(),
            note: inbound.note,
            steps: inbound.steps.into_iter().map(step).collect(),
            body: inbound.body,
            received_at: inbound.received_at.into(),
            processed_at: inbound.processed_at.into(),
            tenant_id: inbound.tenant.id(),
        }
    }
}

/// What a login brings.
#[derive(SimpleObject)]
pub struct Token {
    /// The token for `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// How long it is good for, seconds.
    expires_in: i64,
    /// Until when it is good.
    expires_at: DateTime,
    /// What it is renewed with, once.
    refresh_token: String,
    /// What it may be used for, with spaces between.
    scope: String,
    /// Whom it stands for.
    user: User,
}

impl From<Grant> for Token {
    fn from(grant: Grant) -> Self {
        Self {
            access_token: grant.access_token,
            token_type: "Bearer",
            expires_in: grant.expires_in_s,
            expires_at: grant.expires_at.into(),
            refresh_token: grant.refresh_token,
            scope: oauth::scope_text(&grant.scopes),
            user: grant.user.into(),
        }
    }
}
