//! `/users` and `/auth/tokens`.

use ::http::{HeaderValue, StatusCode, header};
use axum::extract::State;
use axum::response::Response;

use super::extract::{Anyone, By, Id, Json};
use super::{Rest, Told, created, json};
use crate::app::Grant;
use crate::domain::{Scope, UserId};
use crate::wire::user::{SignUpAnswer, TokenAnswer, TokenInput, User, UserInput};

/// createUser
pub async fn sign_up(
    State(rest): State<Rest>,
    Anyone(caller, _): Anyone,
    Json(input): Json<UserInput>,
) -> Told {
    let grant = rest.app.sign_up(&caller, input.into()).await?;
    let created_user = User::from(&grant.user);
    let location = format!("/v1/users/{}", created_user.id);
    let answer = SignUpAnswer { created: created_user, token: token_answer(grant) };
    Ok(not_stored(created(&location, &answer)))
}

/// getUser
pub async fn get(State(rest): State<Rest>, By(caller): By, id: Id) -> Told {
    let id = UserId::parse_address("id", &id.0)?;
    let (user, all) = rest.app.get_user(&caller.principal, id).await?;
    Ok(json(StatusCode::OK, &if all { User::from(&user) } else { User::public(&user) }))
}

/// createToken: by user name and password, or by a refresh token.
pub async fn create_token(
    State(rest): State<Rest>,
    Anyone(caller, tenant): Anyone,
    Json(input): Json<TokenInput>,
) -> Told {
    let grant = match input.refresh_token {
        Some(token) => rest.app.refresh(&caller, tenant, &token).await?,
        None => rest.app.log_in(&caller, input.username, input.password).await?,
    };
    Ok(not_stored(json(StatusCode::OK, &token_answer(grant))))
}

fn token_answer(grant: Grant) -> TokenAnswer {
    let scopes: Vec<&str> = grant.scopes.iter().map(|scope: &Scope| scope.name()).collect();
    TokenAnswer {
        token: grant.access_token.clone(),
        access_token: grant.access_token,
        token_type: "Bearer",
        expires_in: grant.expires_in_s,
        expires_at: grant.expires_at.to_string(),
        refresh_token: grant.refresh_token,
        scope: scopes.join(" "),
        user: User::from(&grant.user),
    }
}

/// Tokens are not for caches (RFC 6749 §5.1).
fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
