//! The OAuth2 client that the demo page is.

use crate::domain::oauth::{Client, ClientDraft};
use crate::domain::{Error, Result, Tenant, Timestamp};

/// Its id, which web-demo/src/api/session.ts knows.
const ID: &str = "petstore-web-demo";
const CALLBACK: &str = "/sign-in/callback";

/// The demo page as a public client (PKCE), at the addresses where this server can be opened on its own machine, and at
/// `public_url` when that is https. It is not stored: the port may be another one at the next start.
///
/// # Errors
/// [`Error::Invalid`] when the domain refuses it.
pub fn web_client(public_url: &str) -> Result<Client> {
    // Loopback addresses match with any port (RFC 8252 §7.3); the name of this machine does not.
    let mut uris = vec![format!("http://127.0.0.1{CALLBACK}"), format!("http://[::1]{CALLBACK}")];
    let port =
        public_url.strip_prefix("http://").and_then(|rest| rest.rsplit_once(':')).map(|(_, port)| port);
    let port = port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    uris.push(format!("http://localhost:{}{CALLBACK}", port.unwrap_or("80")));
    if public_url.starts_with("https://") {
        uris.push(format!("{public_url}{CALLBACK}"));
    }
    let names = |list: &[&str]| Some(list.iter().map(|&name| name.to_owned()).collect());
    let draft = ClientDraft {
        name: Some("Petstore Live demo page".to_owned()),
        confidential: Some(false),
        redirect_uris: Some(uris),
        grant_types: names(&["authorization_code", "refresh_token"]),
        scopes: names(&[
            "read:pets",
            "write:pets",
            "read:orders",
            "write:orders",
            "read:user",
            "write:user",
            "chat:write",
        ]),
    };
    draft.create(ID.to_owned(), Tenant::PUBLIC, Timestamp::from_ms(0)).map_err(Error::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_comes_back_to_wherever_it_was_opened() {
        let client = web_client("http://127.0.0.1:8411").unwrap();
        for known in ["http://127.0.0.1:9/sign-in/callback", "http://localhost:8411/sign-in/callback"] {
            assert_eq!(client.redirect_uri(Some(known)).as_deref(), Some(known));
        }
        assert_eq!(client.redirect_uri(Some("http://127.0.0.1:9/elsewhere")), None);
        assert!(!client.confidential);
        for (url, known) in [("https://pets.example", true), ("http://pets.example", false)] {
            let uri = format!("{url}{CALLBACK}");
            assert_eq!(web_client(url).unwrap().redirect_uri(Some(&uri)).is_some(), known, "{url}");
        }
        assert!(web_client("http://[::1]").is_ok());
    }
}
