//! `/admin/oauth-clients`: the clients of the OAuth2 server.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::extract::{By, Id, Json, Params};
use super::once::once;
use super::{Rest, Told, collection, created, json};
use crate::domain::oauth;
use crate::wire::oauth::{Client, ClientInput};

const PATH: &str = "/v1/admin/oauth-clients";

/// createOAuthClient
pub async fn create(State(rest): State<Rest>, By(caller): By, Json(input): Json<ClientInput>) -> Told {
    once(&rest, caller, registered, async |caller| rest.app.create_oauth_client(caller, input.into()).await)
        .await
}

fn registered((client, secret): &(oauth::Client, Option<String>)) -> Response {
    let body = Client { secret: secret.clone(), ..Client::from(client) };
    super::users::not_stored(created(&format!("{PATH}/{}", client.id), &body))
}

/// listOAuthClients
pub async fn list(State(rest): State<Rest>, By(caller): By, params: Params) -> Told {
    let (request, query) = params.page()?;
    let page = rest.app.list_oauth_clients(&caller.principal, request).await?;
    Ok(collection(&page, PATH, &query, |client| Client::from(client)))
}

/// getOAuthClient
pub async fn get(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let client = rest.app.get_oauth_client(&caller.principal, &id.0).await?;
    Ok(json(StatusCode::OK, &Client::from(&client)))
}

/// updateOAuthClient
pub async fn update(
    State(rest): State<Rest>,
    By(caller): By,
    id: Id,
    Json(input): Json<ClientInput>,
) -> Told {
    let client = rest.app.update_oauth_client(&caller, id.0, input.into()).await?;
    Ok(json(StatusCode::OK, &Client::from(&client)))
}

/// deleteOAuthClient
pub async fn delete(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    rest.app.delete_oauth_client(&caller, id.0).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
