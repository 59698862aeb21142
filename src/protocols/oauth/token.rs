//! The endpoints that clients call: token, device authorization, introspection, revocation.

use ::http::{Request, StatusCode};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::error::Refused;
use super::form::Form;
use super::{OAuth, json_answer, origin};
use crate::app::oauth::{Inspected, TokenRequest};
use crate::domain::oauth::{GrantType, scope_text};

type Answer = Result<Response, Refused>;

/// The token endpoint (RFC 6749 §3.2).
pub async fn token(State(oauth): State<OAuth>, request: Request<Body>) -> Answer {
    issue(oauth, request, None).await
}

/// The same for refresh tokens alone, which need not say so.
pub async fn refresh(State(oauth): State<OAuth>, request: Request<Body>) -> Answer {
    issue(oauth, request, Some(GrantType::RefreshToken)).await
}

async fn issue(oauth: OAuth, request: Request<Body>, default: Option<GrantType>) -> Answer {
    let (parts, mut form) = Form::of_body(request).await?;
    let request = TokenRequest {
        client: form.client(&parts)?,
        grant_type: form.take("grant_type").or_else(|| default.map(|grant| grant.name().to_owned())),
        scope: form.take("scope"),
        code: form.take("code"),
        redirect_uri: form.take("redirect_uri"),
        code_verifier: form.take("code_verifier"),
        refresh_token: form.take("refresh_token"),
        device_code: form.take("device_code"),
    };
    let issued = oauth.app.issue_tokens(&origin(&parts), request).await?;
    let mut body = json!({
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in_s,
        "scope": scope_text(&issued.scopes),
    });
    if let Some(token) = issued.refresh_token {
        body["refresh_token"] = token.into();
    }
    Ok(json_answer(StatusCode::OK, &body, "no-store"))
}

/// Device authorization (RFC 8628 §3.1).
pub async fn begin_device(State(oauth): State<OAuth>, request: Request<Body>) -> Answer {
    let (parts, mut form) = Form::of_body(request).await?;
    let client = form.client(&parts)?;
    let code = oauth.app.begin_device(&client, form.take("scope").as_deref()).await?;
    let page = format!("{}/oauth/device", oauth.app.settings().public_url);
    let body = json!({
        "device_code": code.device_code,
        "verification_uri_complete": format!("{page}?user_code={}", code.user_code),
        "verification_uri": page,
        "user_code": code.user_code,
        "expires_in": code.expires_in_s,
        "interval": code.interval_s,
    });
    Ok(json_answer(StatusCode::OK, &body, "no-store"))
}

/// Introspection (RFC 7662).
pub async fn introspect(State(oauth): State<OAuth>, request: Request<Body>) -> Answer {
    let (parts, mut form) = Form::of_body(request).await?;
    let client = form.client(&parts)?;
    let inspected = oauth.app.introspect(&client, form.take("token").as_deref()).await?;
    let body = match inspected {
        None => json!({ "active": false }),
        Some(inspected) => active(&oauth, &inspected),
    };
    Ok(json_answer(StatusCode::OK, &body, "no-store"))
}

fn active(oauth: &OAuth, inspected: &Inspected) -> Value {
    let Inspected {
        access,
        subject,
        username,
        tenant,
        role,
        scopes,
        client,
        token_id,
        issued_at,
        expires_at,
        ..
    } = inspected;
    let mut body = json!({
        "active": true,
        "iss": oauth.app.issuer(),
        "aud": oauth.app.settings().token_audience,
        "sub": subject.to_string(),
        "tenant": tenant.id(),
        "scope": scope_text(scopes),
        "exp": expires_at.as_secs(),
    });
    let optional = [
        // The type of RFC 6749 §7.1, which a refresh token has none of.
        ("token_type", access.then(|| "Bearer".into())),
        ("username", username.clone().map(Value::from)),
        ("client_id", client.as_deref().map(Value::from)),
        ("jti", token_id.map(|id| id.to_string().into())),
        ("iat", issued_at.map(|at| at.as_secs().into())),
        ("roles", role.map(|role| json!([role.name()]))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    body
}

/// Revocation (RFC 7009).
pub async fn revoke(State(oauth): State<OAuth>, request: Request<Body>) -> Answer {
    let (parts, mut form) = Form::of_body(request).await?;
    let client = form.client(&parts)?;
    oauth.app.revoke_token(&client, &origin(&parts), form.take("token").as_deref()).await?;
    Ok(StatusCode::OK.into_response())
}
