//! Checks a captured request as a receiver should.

use std::path::Path;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ToolError;
use crate::webhook::signature::{self, Secret};

/// What a signature is checked with.
pub enum Key {
    /// `whsec_…`
    Secret(Box<Secret>),
    /// `whpk_…`
    Public(Vec<u8>),
}

impl Key {
    /// Reads either.
    ///
    /// # Errors
    /// [`ToolError::Refused`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, ToolError> {
        let public = || {
            STANDARD.decode(text.strip_prefix("whpk_")?).ok().filter(|key| key.len() == 32).map(Self::Public)
        };
        Secret::parse(text)
            .map(|secret| Self::Secret(Box::new(secret)))
            .or_else(public)
            .ok_or_else(|| ToolError::Refused("the key must be whsec_ or whpk_ and base64".to_owned()))
    }
}

/// A request as it came in.
#[derive(Debug)]
pub struct Captured {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Captured {
    /// Reads a file of header lines (a request line before them is passed over), an empty line, and the body; `-` is the
    /// standard input.
    ///
    /// # Errors
    /// [`ToolError::Unreadable`]; [`ToolError::Refused`] without an empty line.
    pub fn read(path: &Path) -> Result<Self, ToolError> {
        let unreadable = |error| ToolError::Unreadable(path.display().to_string(), error);
        let bytes = if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes).map_err(unreadable)?;
            bytes
        } else {
            std::fs::read(path).map_err(unreadable)?
        };
        Self::parse(&bytes).ok_or_else(|| {
            ToolError::Refused("the request must be header lines, an empty line, and the body".to_owned())
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut headers = Vec::new();
        let mut rest = bytes;
        loop {
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            let (line, after) = (&rest[..end], &rest[end + 1..]);
            let line = std::str::from_utf8(line).ok()?.trim_end();
            rest = after;
            if line.is_empty() {
                return Some(Self { headers, body: rest.to_vec() });
            }
            if let Some((name, value)) = line.split_once(':').filter(|(name, _)| !name.contains(' ')) {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
    }

    /// From parts.
    pub(in crate::webhook) fn new(headers: &http::HeaderMap, body: &[u8]) -> Self {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        Self { headers, body: body.to_vec() }
    }

    fn header(&self, name: &str) -> Result<&str, ToolError> {
        let found = self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        found.ok_or_else(|| ToolError::Refused(format!("the header {name} is missing")))
    }
}

/// Checks the signatures of a request that was signed at most `tolerance_s` seconds from `now_s` (unix seconds). Returns
/// what was verified.
///
/// # Errors
/// [`ToolError::Refused`] with what does not fit.
pub fn verify(
    captured: &Captured,
    key: &Key,
    now_s: i64,
    tolerance_s: i64,
) -> Result<&'static str, ToolError> {
    let refuse = |why: &str| Err(ToolError::Refused(why.to_owned()));
    let (id, at) = (captured.header("webhook-id")?, captured.header("webhook-timestamp")?);
    let Ok(at_s) = at.parse::<i64>() else { return refuse("webhook-timestamp is no number") };
    if at_s.abs_diff(now_s) > tolerance_s.unsigned_abs() {
        return Err(ToolError::Refused(format!("it was signed {} s from now", at_s.abs_diff(now_s))));
    }
    // Editors end a file with a line break that the body did not have.
    let bare = captured.body.strip_suffix(b"\n").unwrap_or(&captured.body);
    let bodies = [&captured.body[..], bare, bare.strip_suffix(b"\r").unwrap_or(bare)];
    let given = captured.header("webhook-signature")?;
    match key {
        Key::Public(key) => {
            let fits = |body: &[u8]| {
                let message = [id.as_bytes(), b".", at.as_bytes(), b".", body].concat();
                let signed =
                    given.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1a,")?).ok());
                signed
                    .into_iter()
                    .any(|signed| UnparsedPublicKey::new(&ED25519, key).verify(&message, &signed).is_ok())
            };
            if !bodies.into_iter().any(fits) {
                return refuse("no v1a signature of webhook-signature fits the key and the body");
            }
            Ok("webhook-signature (v1a)")
        }
        Key::Secret(secret) => {
            let expected = |body| signature::headers([&**secret], [], (id, at_s), body);
            let Some(headers) = bodies.into_iter().map(expected).find(|headers| {
                given.split(' ').any(|one| headers.get("webhook-signature").is_some_and(|own| own == one))
            }) else {
                return refuse("no v1 signature of webhook-signature fits the secret and the body");
            };
            let Ok(contract) = captured.header("x-webhook-signature") else {
                return Ok("webhook-signature (v1)");
            };
            let own =
                headers.get("x-webhook-signature").and_then(|own| own.to_str().ok()).unwrap_or_default();
            let fields: Vec<&str> = contract.split(',').map(str::trim).collect();
            if !own.split(',').all(|part| fields.contains(&part)) {
                return refuse("X-Webhook-Signature does not fit the secret and the body");
            }
            Ok("webhook-signature (v1) and X-Webhook-Signature")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "POST /hook HTTP/1.1\r\nHost: x\r\nwebhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n\
        webhook-timestamp: 1614265330\r\nwebhook-signature: v1,other v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n\
        \r\n{\"test\": 2432232314}";
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn check(request: &str, key: &str, now_s: i64) -> Result<&'static str, String> {
        let captured = Captured::parse(request.as_bytes()).unwrap();
        verify(&captured, &Key::parse(key).unwrap(), now_s, 300).map_err(|error| error.to_string())
    }

    #[test]
    fn holds_the_vector_and_refuses_what_differs() {
        assert_eq!(check(REQUEST, SECRET, 1_614_265_400), Ok("webhook-signature (v1)"));
        assert!(check(&format!("{REQUEST}\n"), SECRET, 1_614_265_400).is_ok(), "an editor's last line break");
        assert_eq!(check(REQUEST, SECRET, 1_614_266_000), Err("it was signed 670 s from now".into()));
        assert!(check(&REQUEST.replace("2432", "2433"), SECRET, 1_614_265_330).is_err());
        assert!(check(REQUEST, "whsec_AAAA", 1_614_265_330).is_err());
        let missing = check(&REQUEST.replace("webhook-id", "webhook-no"), SECRET, 1_614_265_330);
        assert_eq!(missing, Err("the header webhook-id is missing".into()));
        let wrong = REQUEST.replace("Host: x", "X-Webhook-Signature: t=1614265330,v1=00");
        assert!(check(&wrong, SECRET, 1_614_265_330).is_err());
        let right = "X-Webhook-Signature: t=1614265330,v1=e96203c6de850e7dc1fde7489ef6140b402d3a5a64fe250cd2eef9830fac1cef";
        let both = check(&REQUEST.replace("Host: x", right), SECRET, 1_614_265_330);
        assert_eq!(both, Ok("webhook-signature (v1) and X-Webhook-Signature"));
        assert!(Key::parse("secret").is_err() && Captured::parse(b"no empty line").is_none());
    }
}
