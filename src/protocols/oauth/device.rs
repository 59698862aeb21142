//! The page on which a user enters the code that a device shows (RFC 8628 §3.3).

use ::http::Request;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;

use super::authorize::{Entered, entered, login};
use super::form::Form;
use super::pages::{self, Login};
use super::{OAuth, origin, see_other};
use crate::app::App;
use crate::domain::{Error, Kind};

const PATH: &str = "/oauth/device";

fn at(user_code: &str) -> String {
    form_urlencoded::Serializer::new(format!("{PATH}?")).append_pair("user_code", user_code).finish()
}

/// Shows the page that is next: where the code is entered, login, or the question.
pub async fn show(State(oauth): State<OAuth>, request: Request<Body>) -> Response {
    let (parts, _) = request.into_parts();
    let typed = match Form::of_query(&parts.uri) {
        Ok(mut query) => query.take("user_code"),
        Err(error) => return pages::failed(&error),
    };
    let cookie = oauth.cookie(&parts);
    let Some(typed) = typed else { return enter(&oauth, cookie, None) };
    let question = match oauth.app.device_question(&origin(&parts), &typed).await {
        Ok(question) => question,
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::RateLimited) => {
            return enter(&oauth, cookie, Some(&error));
        }
        Err(error) => return pages::failed(&error),
    };
    let action = at(&question.user_code);
    match oauth.app.visitor(cookie.as_deref(), question.client.tenant).await {
        Err(error) => pages::failed(&error),
        Ok(None) => login(&oauth, cookie, Login::new(&action, &question.client.name)),
        Ok(Some(visitor)) => {
            let token = App::form_token(cookie.as_deref().unwrap_or_default());
            pages::device(&action, &token, &visitor.user, &question)
        }
    }
}

fn enter(oauth: &OAuth, cookie: Option<String>, failure: Option<&Error>) -> Response {
    match cookie {
        Some(cookie) => pages::enter_code(PATH, &App::form_token(&cookie), failure),
        None => {
            let cookie = oauth.app.new_browser();
            oauth.with_cookie(pages::enter_code(PATH, &App::form_token(&cookie), failure), &cookie)
        }
    }
}

/// Takes what the user did on the page.
pub async fn answer(State(oauth): State<OAuth>, request: Request<Body>) -> Response {
    let (parts, mut form) = match Form::of_body(request).await {
        Ok(read) => read,
        Err(error) => return pages::failed(&error),
    };
    // The form on which the code is entered has it as a field, the others in their address.
    if let Some(typed) = form.take("user_code") {
        return see_other(&at(&typed));
    }
    let typed = Form::of_query(&parts.uri).ok().and_then(|mut query| query.take("user_code"));
    let Some(typed) = typed else { return see_other(PATH) };
    let question = match oauth.app.device_question(&origin(&parts), &typed).await {
        Ok(question) => question,
        Err(error) => return enter(&oauth, oauth.cookie(&parts), Some(&error)),
    };
    let (action, client) = (at(&question.user_code), &question.client);
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
    let approved = match form.take("action").as_deref() {
        Some("allow") => true,
        Some("deny") => false,
        _ => return see_other(&action),
    };
    match oauth.app.answer_device(&origin(&parts), &visitor, &question, approved).await {
        Ok(()) => pages::done(&client.name, approved),
        Err(error) => enter(&oauth, Some(cookie), Some(&error)),
    }
}
