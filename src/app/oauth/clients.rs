//! Clients: registered, changed and taken away by administrators.

use super::super::change::{Audited, found};
use super::super::logins::{fingerprint, secret};
use super::super::policy::{Operation, authorize};
use super::super::{App, Caller};
use crate::domain::audit::{Action, Snapshot};
use crate::domain::oauth::{Client, ClientDraft};
use crate::domain::page::{Page, PageRequest};
use crate::domain::{Error, Principal, Result};
use crate::store::oauth::RegisteredClient;

const CLIENT: &str = "OAuth2 client";

impl App {
    /// Registers a client in the caller's tenant; its secret, when it has one, is told this once.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], [`Error::Forbidden`], [`Error::Invalid`].
    pub async fn create_oauth_client(
        &self,
        caller: &Caller,
        draft: ClientDraft,
    ) -> Result<(Client, Option<String>)> {
        authorize(Operation::ManageOAuthClients, &caller.principal)?;
        self.change(caller, async move |change| {
            let id = change.ids.uuid_v7().to_string();
            let client = draft.create(id, change.tenant, change.now).map_err(Error::Invalid)?;
            let secret = client.confidential.then(|| secret(change));
            let secret_hash = secret.as_deref().map(fingerprint);
            change
                .writes
                .insert_oauth_client(&RegisteredClient { client: client.clone(), secret_hash })
                .await?;
            let after = Some(Snapshot::Client(client.clone()));
            Ok(((client, secret), Audited::new(Action::OAuthClientCreated, None, after)))
        })
        .await
    }

    /// The clients of the caller's tenant that were registered here, newest first; those of the settings are not listed.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], [`Error::Forbidden`].
    pub async fn list_oauth_clients(&self, principal: &Principal, page: PageRequest) -> Result<Page<Client>> {
        authorize(Operation::ManageOAuthClients, principal)?;
        self.0.store.read().list_oauth_clients(principal.tenant, page).await
    }

    /// One of them.
    ///
    /// # Errors
    /// As [`App::list_oauth_clients`]; [`Error::NotFound`].
    pub async fn get_oauth_client(&self, principal: &Principal, id: &str) -> Result<Client> {
        authorize(Operation::ManageOAuthClients, principal)?;
        let known = self.0.store.read().find_oauth_client(id).await?.map(|registered| registered.client);
        found(known.filter(|client| client.tenant == principal.tenant), CLIENT)
    }

    /// Changes what the draft names. Whether it has a secret stays as it is. With fewer scopes or grants it loses everything
    /// that it was given.
    ///
    /// # Errors
    /// As [`App::get_oauth_client`]; [`Error::Invalid`].
    pub async fn update_oauth_client(
        &self,
        caller: &Caller,
        id: String,
        draft: ClientDraft,
    ) -> Result<Client> {
        authorize(Operation::ManageOAuthClients, &caller.principal)?;
        self.change(caller, async move |change| {
            let before = found(change.writes.oauth_client(change.tenant, &id).await?, CLIENT)?;
            let draft = ClientDraft { confidential: None, ..draft };
            let client = draft.change(before.clone(), change.now).map_err(Error::Invalid)?;
            change.writes.update_oauth_client(&client).await?;
            let kept = before.scopes.iter().all(|scope| client.scopes.contains(scope))
                && before.grant_types.iter().all(|grant| client.grant_types.contains(grant));
            if !kept {
                // What it was given goes further than what it may have now.
                change.end_sessions_of_client(&id).await?;
            }
            let (before, after) = (Some(Snapshot::Client(before)), Some(Snapshot::Client(client.clone())));
            Ok((client, Audited::new(Action::OAuthClientUpdated, before, after)))
        })
        .await
    }

    /// Takes a client away, with everything that was given to it.
    ///
    /// # Errors
    /// As [`App::get_oauth_client`].
    pub async fn delete_oauth_client(&self, caller: &Caller, id: String) -> Result<()> {
        authorize(Operation::ManageOAuthClients, &caller.principal)?;
        self.change(caller, async move |change| {
            let before = found(change.writes.oauth_client(change.tenant, &id).await?, CLIENT)?;
            change.writes.delete_oauth_client(change.tenant, &id).await?;
            change.end_sessions_of_client(&id).await?;
            Ok(((), Audited::new(Action::OAuthClientDeleted, Some(Snapshot::Client(before)), None)))
        })
        .await
    }
}
