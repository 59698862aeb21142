//! `/users` and `/auth/tokens`.

use ::http::{HeaderValue, StatusCode, header};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::extract::{Anyone, By, Id, Json, Params};
use super::once::once;
use super::{Rest, Told, created, json};
use crate::app::{Caller, Grant};
use crate::domain::{Scope, UserId};
use crate::wire::user::{SignUpAnswer, TokenAnswer, TokenInput, User, UserInput};

/// createUser
pub async fn sign_up(
    State(rest): State<Rest>,
    Anyone(caller, _): Anyone,
    Json(input): Json<UserInput>,
) -> Told {
    let draft = input.into();
    once(&rest, caller, signed_up, async |caller| rest.app.sign_up(caller, draft).await).await
}

fn signed_up(grant: &Grant) -> Response {
    let created_user = User::from(&grant.user);
    let location = format!("/v1/users/{}", created_user.id);
    let answer = SignUpAnswer { created: created_user, token: token_answer(grant) };
    not_stored(created(&location, &answer))
}

/// getUser
pub async fn get(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let id = UserId::parse_address("id", &id.0)?;
    let (user, all) = rest.app.get_user(&caller.principal, id).await?;
    Ok(json(StatusCode::OK, &if all { User::from(&user) } else { User::public(&user) }))
}

/// updateUser
pub async fn update(State(rest): State<Rest>, By(caller): By, id: Id, Json(input): Json<UserInput>) -> Told {
    let id = UserId::parse_address("id", &id.0)?;
    let user = rest.app.update_user(&caller, id, input.into()).await?;
    Ok(json(StatusCode::OK, &User::from(&user)))
}

/// deleteUser
pub async fn delete(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    rest.app.delete_user(&caller, UserId::parse_address("id", &id.0)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// createToken: by user name and password, or by a refresh token.
pub async fn create_token(
    State(rest): State<Rest>,
    Anyone(caller, tenant): Anyone,
    Json(input): Json<TokenInput>,
) -> Told {
    let encode = |grant: &Grant| not_stored(json(StatusCode::OK, &token_answer(grant)));
    let act = async |caller: &Caller| match input.refresh_token {
        Some(token) => rest.app.refresh(caller, tenant, &token).await,
        None => rest.app.log_in(caller, input.username, input.password).await,
    };
    once(&rest, caller, encode, act).await
}

/// revokeToken: ends the login that the token of the request comes from, or with `all=true` every login of its user.
pub async fn log_out(State(rest): State<Rest>, By(caller): By, mut params: Params) -> Told {
    let all = params.flag("all").unwrap_or_default();
    params.done()?;
    rest.app.log_out(&caller, all).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn token_answer(grant: &Grant) -> TokenAnswer {
    let scopes: Vec<&str> = grant.scopes.iter().map(|scope: &Scope| scope.name()).collect();
    TokenAnswer {
        token: grant.access_token.clone(),
        access_token: grant.access_token.clone(),
        token_type: "Bearer",
        expires_in: grant.expires_in_s,
        expires_at: grant.expires_at.to_string(),
        refresh_token: grant.refresh_token.clone(),
        scope: scopes.join(" "),
        user: User::from(&grant.user),
    }
}

/// Tokens and secrets are not for caches (RFC 6749 §5.1), and no later GET answers with them.
pub fn not_stored(mut response: Response) -> Response {
    response.headers_mut().remove(header::ETAG);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
