//! The authorization endpoint: the user logs in, is asked, and is sent back to the client.

use ::http::request::Parts;
use ::http::{Request, Uri};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;

use super::error::{describe, description};
use super::form::Form;
use super::pages::{self, Login};
use super::{OAuth, here, origin, see_other};
use crate::app::App;
use crate::app::oauth::{Authorization, AuthorizationRequest, Unauthorized};
use crate::domain::Error;

const PATH: &str = "/oauth/authorize";

/// A request of a client, with what goes back as it came.
struct Asked {
    authorization: Authorization,
    state: Option<String>,
}

/// The answer in place of a page.
type Instead = Box<Response>;

/// Shows the page that is next: login, or consent.
pub async fn show(State(oauth): State<OAuth>, request: Request<Body>) -> Response {
    let (parts, _) = request.into_parts();
    match asked(&oauth, &parts.uri).await {
        Ok(asked) => page(&oauth, &parts, &asked).await,
        Err(instead) => *instead,
    }
}

async fn asked(oauth: &OAuth, uri: &Uri) -> Result<Asked, Instead> {
    let mut query = Form::of_query(uri).map_err(|error| Box::new(pages::failed(&error)))?;
    let request = AuthorizationRequest {
        response_type: query.take("response_type"),
        client_id: query.take("client_id"),
        redirect_uri: query.take("redirect_uri"),
        scope: query.take("scope"),
        code_challenge: query.take("code_challenge"),
        code_challenge_method: query.take("code_challenge_method"),
    };
    let state = query.take("state");
    match oauth.app.check_authorization(request).await {
        Ok(authorization) => Ok(Asked { authorization, state }),
        Err(Unauthorized::Told(error)) => Err(Box::new(pages::failed(&error))),
        Err(Unauthorized::Redirect { redirect_uri, error }) => {
            Err(Box::new(refuse(oauth, &redirect_uri, state.as_deref(), &error)))
        }
    }
}

async fn page(oauth: &OAuth, parts: &Parts, asked: &Asked) -> Response {
    let client = &asked.authorization.client;
    let cookie = oauth.cookie(parts);
    let action = here(PATH, &parts.uri);
    match oauth.app.visitor(cookie.as_deref(), client.tenant).await {
        Err(error) => pages::failed(&error),
        Ok(Some(visitor)) => {
            let token = App::form_token(cookie.as_deref().unwrap_or_default());
            pages::consent(&action, &token, &visitor.user, &asked.authorization)
        }
        Ok(None) => {
            login(oauth, cookie, Login { action: &action, client: &client.name, failure: None, username: "" })
        }
    }
}

/// The login page; a browser that has no cookie gets one, since the form's token follows from it.
pub(super) fn login(oauth: &OAuth, cookie: Option<String>, login: Login<'_>) -> Response {
    match cookie {
        Some(cookie) => pages::login(&App::form_token(&cookie), &login),
        None => {
            let cookie = oauth.app.new_browser();
            oauth.with_cookie(pages::login(&App::form_token(&cookie), &login), &cookie)
        }
    }
}

/// Takes what the user did on the page.
pub async fn answer(State(oauth): State<OAuth>, request: Request<Body>) -> Response {
    let (parts, mut form) = match Form::of_body(request).await {
        Ok(read) => read,
        Err(error) => return pages::failed(&error),
    };
    let asked = match asked(&oauth, &parts.uri).await {
        Ok(asked) => asked,
        Err(instead) => return *instead,
    };
    let Authorization { client, redirect_uri, .. } = &asked.authorization;
    let action = here(PATH, &parts.uri);
    let cookie =
        match entered(&oauth, &parts, &mut form, client.tenant, Login::new(&action, &client.name)).await {
            Entered::Stays(cookie) => cookie,
            Entered::Answered(response) => return *response,
        };
    let visitor = match oauth.app.visitor(Some(&cookie), client.tenant).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return see_other(&action),
        Err(error) => return pages::failed(&error),
    };
    let state = asked.state.as_deref();
    match form.take("action").as_deref() {
        Some("allow") => match oauth.app.allow(&origin(&parts), &visitor, &asked.authorization).await {
            Ok(code) => send_back(&oauth, redirect_uri, state, &[("code", &code)]),
            Err(error) => refuse(&oauth, redirect_uri, state, &error),
        },
        Some("deny") => {
            if let Err(error) = oauth.app.deny(&origin(&parts), &visitor, client).await {
                return refuse(&oauth, redirect_uri, state, &error);
            }
            let denied =
                Error::OAuth(crate::domain::oauth::Refusal::AccessDenied, "the user did not allow it");
            refuse(&oauth, redirect_uri, state, &denied)
        }
        _ => see_other(&action),
    }
}

/// What a form that was sent from one of the pages comes to.
pub(super) enum Entered {
    /// It is from the browser of that cookie, and neither a login nor a logout.
    Stays(String),
    Answered(Box<Response>),
}

/// Checks that the form came from its page, and does the logins and logouts of all pages.
pub(super) async fn entered(
    oauth: &OAuth,
    parts: &Parts,
    form: &mut Form,
    tenant: crate::domain::Tenant,
    page: Login<'_>,
) -> Entered {
    let answered = |response| Entered::Answered(Box::new(response));
    let cookie = oauth.cookie(parts);
    if let Err(error) = App::check_form_token(cookie.as_deref(), form.take("form_token").as_deref()) {
        return answered(pages::failed(&error));
    }
    let cookie = cookie.unwrap_or_default();
    match form.take("session").as_deref() {
        Some("login") => {
            let username = form.take("username").unwrap_or_default();
            let password = form.take("password").unwrap_or_default();
            match oauth.app.open_browser(&origin(parts), tenant, &username, password).await {
                // Another cookie than before, which someone else may have put there.
                Ok(cookie) => answered(oauth.with_cookie(see_other(page.action), &cookie)),
                Err(error) => {
                    let again = Login { failure: Some(&error), username: &username, ..page };
                    answered(pages::login(&App::form_token(&cookie), &again))
                }
            }
        }
        Some("logout") => {
            oauth.app.close_browser(&cookie);
            answered(oauth.with_cookie(see_other(page.action), &oauth.app.new_browser()))
        }
        _ => Entered::Stays(cookie),
    }
}

fn refuse(oauth: &OAuth, redirect_uri: &str, state: Option<&str>, error: &Error) -> Response {
    super::error::log(error);
    let (code, description) = (describe(error).0, description(error));
    send_back(oauth, redirect_uri, state, &[("error", code), ("error_description", &description)])
}

/// Sends the user back to the client, with `state` untouched and the issuer (RFC 9207), against mix-ups.
fn send_back(oauth: &OAuth, redirect_uri: &str, state: Option<&str>, answer: &[(&str, &str)]) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(answer).extend_pairs(state.map(|state| ("state", state)));
    let query = query.append_pair("iss", oauth.app.issuer()).finish();
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    see_other(&format!("{redirect_uri}{separator}{query}"))
}
