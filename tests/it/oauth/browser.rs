//! A browser without scripts: it keeps cookies, and sends the forms of the pages.

use http::Method;

use crate::support::channel::query_of;
use crate::support::{Answer, Api};

/// One browser.
pub struct Browser {
    api: Api,
    cookie: Option<String>,
}

/// A page, or where it sends the browser.
pub struct Page {
    pub status: u16,
    pub text: String,
    pub location: Option<String>,
    pub answer: Answer,
    /// Where its form goes.
    pub action: String,
    /// What follows from the cookie.
    pub token: String,
}

impl Page {
    /// The parameters that the browser is sent away with.
    pub fn sent(&self) -> Vec<(String, String)> {
        let location =
            self.location.as_deref().unwrap_or_else(|| panic!("stays: {} {}", self.status, self.text));
        let query = location.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    pub fn sent_one(&self, name: &str) -> String {
        let sent = self.sent();
        let found = sent.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.clone());
        found.unwrap_or_else(|| panic!("no {name} in {sent:?}"))
    }

    fn between(&self, before: &str) -> String {
        let rest = self.text.split_once(before).map_or("", |(_, rest)| rest);
        rest.split('"').next().unwrap_or_default().replace("&amp;", "&")
    }
}

impl Browser {
    pub fn new(api: &Api) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self { api: Api { http, token: None, ..api.clone() }, cookie: None }
    }

    async fn send(&mut self, mut request: reqwest::RequestBuilder) -> Page {
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let answer = self.api.send(request).await;
        if let Some(set) = answer.headers.get("set-cookie") {
            let set = set.to_str().unwrap();
            assert!(
                set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"),
                "{set}"
            );
            self.cookie = Some(set.split(';').next().unwrap().to_owned());
        }
        let text = answer.body.as_str().unwrap_or_default().to_owned();
        let location = answer.headers.get("location").map(|location| location.to_str().unwrap().to_owned());
        let mut page = Page {
            status: answer.status,
            text,
            location,
            answer,
            action: String::new(),
            token: String::new(),
        };
        if page.location.is_none() {
            let policy = page.answer.header("content-security-policy").to_owned();
            assert!(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{policy}"
            );
            assert!(!policy.contains("unsafe"), "{policy}");
            assert_eq!(page.answer.header("x-frame-options"), "DENY");
            assert_eq!(page.answer.header("cache-control"), "no-store");
            assert!(!page.text.contains("<script"), "it works without");
        }
        page.action = page.between("action=\"");
        page.token = page.between("name=\"form_token\" value=\"");
        page
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(self.api.request(Method::GET, path).header("accept", "text/html")).await
    }

    /// Sends the form of `page` with what the user does.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let mut pairs = vec![("form_token", page.token.clone())];
        pairs.extend(fields.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.post(&page.action, &pairs).await
    }

    pub async fn post(&mut self, path: &str, pairs: &[(&str, String)]) -> Page {
        let request = self.api.request(Method::POST, path).body(query_of(pairs));
        self.send(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    /// Logs in on the page, and comes to the one that is next.
    pub async fn log_in(&mut self, page: &Page, username: &str) -> Page {
        let before = self.cookie.clone();
        let fields =
            [("session", "login"), ("username", username), ("password", crate::support::api::DEMO_PASSWORD)];
        let sent = self.submit(page, &fields).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        assert_ne!(self.cookie, before, "a login is another cookie than the one before it");
        self.get(&sent.location.expect("a location")).await
    }
}
