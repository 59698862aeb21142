//! The pages: plain HTML that works without scripts, and refuses to run any.

use ::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, html};

use super::error::{describe, log};
use crate::app::oauth::{Authorization, Question};
use crate::domain::oauth::Refusal;
use crate::domain::{Error, Kind, Scope, User};
use crate::protocols::rest::LimitHit;

/// The login page.
#[derive(Clone, Copy)]
pub(super) struct Login<'l> {
    /// Where its form goes: back to the page that wanted the login.
    pub action: &'l str,
    pub client: &'l str,
    pub failure: Option<&'l Error>,
    pub username: &'l str,
}

impl<'l> Login<'l> {
    /// For the first time.
    pub fn new(action: &'l str, client: &'l str) -> Self {
        Self { action, client, failure: None, username: "" }
    }
}

/// The style sheet of the pages.
pub async fn style() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, include_str!("pages.css")).into_response()
}

/// A page. `redirects_to` is where the answer to its form may lead, beside here: browsers hold redirects to it too.
fn page(status: StatusCode, title: &str, redirects_to: &str, content: &Markup) -> Response {
    let text = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " – Petstore Live" }
                link rel="stylesheet" href="/oauth/style.css";
            }
            body {
                main {
                    p.brand { "Petstore Live" }
                    h1 { (title) }
                    (content)
                }
            }
        }
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self'{redirects_to}; base-uri 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let headers: [(HeaderName, HeaderValue); 6] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, text.into_string()).into_response()
}

fn form_token(token: &str) -> Markup {
    html! { input type="hidden" name="form_token" value=(token); }
}

fn alert(failure: Option<&Error>, words: impl Fn(&Error) -> String) -> Markup {
    html! {
        @if let Some(error) = failure {
            p.alert #failure role="alert" { (words(error)) }
        }
    }
}

/// Where a user logs in.
pub(super) fn login(token: &str, login: &Login<'_>) -> Response {
    let Login { action, client, failure, username } = *login;
    let status = failure.map_or(StatusCode::OK, |error| {
        log(error);
        match error.kind() {
            Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        }
    });
    let content = html! {
        p { "to go on to " strong { (client) } }
        (alert(failure, |error| match error {
            Error::WrongCredentials => "The user name or the password is wrong.".to_owned(),
            Error::RateLimited { retry_after_s, .. } => {
                format!("Too many attempts. Try again in {} minutes.", retry_after_s.div_ceil(60))
            }
            _ => "That did not work. Try again.".to_owned(),
        }))
        form method="post" action=(action) {
            (form_token(token))
            label for="username" { "User name or e-mail" }
            input #username name="username" value=(username) autocomplete="username" autocapitalize="none"
                spellcheck="false" maxlength="254" required autofocus[username.is_empty()]
                aria-describedby=[failure.map(|_| "failure")];
            label for="password" { "Password" }
            input #password name="password" type="password" autocomplete="current-password" maxlength="256" required
                autofocus[!username.is_empty()];
            button type="submit" name="session" value="login" { "Log in" }
        }
    };
    limited(page(status, "Log in", "", &content), failure)
}

/// Tells the metrics which limit was reached.
fn limited(mut response: Response, failure: Option<&Error>) -> Response {
    if let Some(Error::RateLimited { limit, .. }) = failure {
        response.extensions_mut().insert(LimitHit(limit));
    }
    response
}

fn scope_list(scopes: &[Scope]) -> Markup {
    html! {
        ul.scopes {
            @for scope in scopes {
                li { (words(*scope)) " " code { (scope) } }
            }
        }
    }
}

fn choice(action: &str, token: &str, user: &User) -> Markup {
    html! {
        form method="post" action=(action) {
            (form_token(token))
            div.choice {
                button type="submit" name="action" value="allow" { "Allow" }
                button.quiet type="submit" name="action" value="deny" { "Deny" }
            }
            p.who {
                "Logged in as " strong { (user.username) } ". "
                button.link type="submit" name="session" value="logout" { "Use another account" }
            }
        }
    }
}

/// Where a user is asked what a client may do.
pub(super) fn consent(action: &str, token: &str, user: &User, authorization: &Authorization) -> Response {
    let Authorization { client, redirect_uri, scopes, .. } = authorization;
    let own = user.role.scopes();
    let given: Vec<Scope> = scopes.iter().copied().filter(|scope| own.contains(scope)).collect();
    let content = html! {
        p { strong { (client.name) } " asks to:" }
        (scope_list(&given))
        p.fine { "You will be sent to " code { (redirect_uri.split('?').next().unwrap_or_default()) } "." }
        (choice(action, token, user))
    };
    page(StatusCode::OK, "Allow access?", &source(redirect_uri), &content)
}

/// Where a user enters the code of a device.
pub(super) fn enter_code(action: &str, token: &str, failure: Option<&Error>) -> Response {
    let status = failure.map_or(StatusCode::OK, |error| {
        log(error);
        if error.kind() == Kind::RateLimited {
            StatusCode::TOO_MANY_REQUESTS
        } else {
            StatusCode::BAD_REQUEST
        }
    });
    let content = html! {
        p { "Enter the code that your device shows." }
        (alert(failure, |error| match error {
            Error::RateLimited { retry_after_s, .. } => {
                format!("Too many attempts. Try again in {} minutes.", retry_after_s.div_ceil(60))
            }
            _ => "No device waits with this code. It may have expired: look at the device again.".to_owned(),
        }))
        form method="post" action=(action) {
            (form_token(token))
            label for="user_code" { "Code" }
            input.code #user_code name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false"
                maxlength="20" placeholder="BCDF-GHJK" required autofocus aria-describedby=[failure.map(|_| "failure")];
            button type="submit" { "Continue" }
        }
    };
    limited(page(status, "Connect a device", "", &content), failure)
}

/// Where a user is asked what a device may do.
pub(super) fn device(action: &str, token: &str, user: &User, question: &Question) -> Response {
    let Question { user_code, client, scopes } = question;
    let own = user.role.scopes();
    let given: Vec<Scope> = scopes.iter().copied().filter(|scope| own.contains(scope)).collect();
    let (left, right) = user_code.split_at_checked(4).unwrap_or((user_code, ""));
    let content = html! {
        p { "Does your device show this code?" }
        p.code { (left) "-" (right) }
        p { strong { (client.name) } " on it asks to:" }
        (scope_list(&given))
        p.fine { "If you did not begin this on a device of yours, deny it." }
        (choice(action, token, user))
    };
    page(StatusCode::OK, "Connect a device", "", &content)
}

/// The end of the device's page.
pub(super) fn done(client: &str, approved: bool) -> Response {
    let content = html! {
        @if approved {
            p { strong { (client) } " is connected. You can close this page and go back to your device." }
        } @else {
            p { strong { (client) } " was not given access. You can close this page." }
        }
    };
    page(StatusCode::OK, if approved { "Connected" } else { "Denied" }, "", &content)
}

/// What went wrong, when nobody but the user can be told.
pub(super) fn failed(error: &Error) -> Response {
    log(error);
    let (code, status) = describe(error);
    let status = if error.kind() == Kind::Forbidden { StatusCode::FORBIDDEN } else { status };
    let content = html! {
        p.alert role="alert" { (error) }
        @if !matches!(error, Error::OAuth(Refusal::ServerError, _)) {
            p.fine { "Go back to the application that sent you here. It may tell its makers this: " code { (code) } }
        }
    };
    page(status, "This did not work", "", &content)
}

const fn words(scope: Scope) -> &'static str {
    match scope {
        Scope::ReadPets => "see pets and the inventory",
        Scope::WritePets => "add, change and remove pets",
        Scope::ReadOrders => "see your orders and payments",
        Scope::WriteOrders => "order, pay and cancel for you",
        Scope::ReadUser => "see your profile",
        Scope::WriteUser => "change your profile",
        Scope::ChatWrite => "chat for you",
        Scope::Admin => "administer the store",
    }
}

/// A redirect URI as a source of a content security policy, with a space before it.
fn source(redirect_uri: &str) -> String {
    let (scheme, rest) = redirect_uri.split_once(':').unwrap_or_default();
    let authority = rest.strip_prefix("//").map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
    match authority {
        // The grammar of sources has no IPv6 addresses.
        Some(host) if !host.is_empty() && !host.starts_with('[') => format!(" {scheme}://{host}"),
        _ => format!(" {scheme}:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_is_a_source() {
        assert_eq!(source("https://app.example:8443/cb?x=1"), " https://app.example:8443");
        assert_eq!(source("http://[::1]:80/cb"), " http:");
        assert_eq!(source("com.example.app:/cb"), " com.example.app:");
    }

    #[test]
    fn what_users_type_is_text() {
        let login = Login { username: "\"><script>", ..Login::new("/oauth/authorize?a=\"b", "<b>App</b>") };
        let response = super::login("token", &login);
        let body = futures_util::FutureExt::now_or_never(axum::body::to_bytes(response.into_body(), 65_536));
        let text = String::from_utf8(body.unwrap().unwrap().to_vec()).unwrap();
        assert!(
            !text.contains("<script") && !text.contains("<b>") && text.contains("&lt;b&gt;App"),
            "{text}"
        );
    }
}
