//! Signatures of a delivery, in two schemes over one secret.
//!
//! `X-Webhook-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">` is the contract's (§4). `webhook-id`,
//! `webhook-timestamp` and `webhook-signature: v1,<base64 HMAC-SHA256 of "id.timestamp.body">` are those of Standard
//! Webhooks, so that its published verifiers work unchanged. The key of both is the same: the bytes that the base64
//! after `whsec_` stands for. While a secret rotates there are several, and each adds a signature to both headers. An
//! endpoint that asks for it gets `v1a,<base64 Ed25519 of "id.timestamp.body">` in `webhook-signature` as well, which a
//! receiver verifies with a public key (`whpk_` and base64) and cannot forge.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};

/// What the text of every secret begins with.
const PREFIX: &str = "whsec_";
/// Length of a new secret, in bytes; Standard Webhooks asks for 24 to 64.
pub const SECRET_BYTES: usize = 24;

/// A signing secret. Not `Debug`, and never logged.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl Secret {
    /// The secret that `text` (`whsec_` and base64) stands for; nothing when it is no such text.
    pub fn parse(text: &str) -> Option<Self> {
        let key = STANDARD.decode(text.strip_prefix(PREFIX)?).ok().filter(|key| !key.is_empty())?;
        Some(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    fn sign(&self, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        context.sign()
    }
}

/// What the text of every private key begins with, and that of every public one.
const KEY_PREFIX: &str = "whsk_";
const PUBLIC_PREFIX: &str = "whpk_";
/// Length of the seed of a private key, in bytes.
pub const SEED_BYTES: usize = 32;

/// A private key. Not `Debug`, and never logged.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key that `text` (`whsk_` and base64 of the seed) stands for; nothing when it is no such text.
    pub fn parse(text: &str) -> Option<Self> {
        let seed = STANDARD.decode(text.strip_prefix(KEY_PREFIX)?).ok()?;
        Ed25519KeyPair::from_seed_unchecked(&seed).ok().map(Self)
    }

    /// The text of a key of this seed.
    pub fn text(seed: &[u8; SEED_BYTES]) -> String {
        format!("{KEY_PREFIX}{}", STANDARD.encode(seed))
    }

    /// The text of its public half.
    pub fn public_text(&self) -> String {
        format!("{PUBLIC_PREFIX}{}", STANDARD.encode(self.0.public_key()))
    }
}

/// What an endpoint's deliveries are signed with.
pub struct Keys {
    pub secret: Secret,
    pub key: Option<SigningKey>,
}

impl Keys {
    /// From the texts of a secret and, after a space, of a key.
    pub fn parse(text: &str) -> Option<Self> {
        let (secret, key) = text.split_once(' ').map_or((text, None), |(secret, key)| (secret, Some(key)));
        let key = key.map(|key| SigningKey::parse(key).ok_or(())).transpose().ok()?;
        Some(Self { secret: Secret::parse(secret)?, key })
    }
}

/// The text of a secret of these bytes.
pub fn secret_text(bytes: &[u8; SECRET_BYTES]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(bytes))
}

/// The four signature headers of a message `id` with this `body`, signed at `at_s` (unix seconds) with each of
/// `secrets` and `keys`.
pub fn headers<'k>(
    secrets: impl IntoIterator<Item = &'k Secret>,
    keys: impl IntoIterator<Item = &'k SigningKey>,
    (id, at_s): (&str, i64),
    body: &[u8],
) -> HeaderMap {
    let at = at_s.to_string();
    let mut contract = format!("t={at}");
    let mut standard = Vec::new();
    for secret in secrets {
        contract.push_str(",v1=");
        push_hex(&mut contract, secret.sign(&[at.as_bytes(), b".", body]).as_ref());
        let tag = secret.sign(&[id.as_bytes(), b".", at.as_bytes(), b".", body]);
        standard.push(format!("v1,{}", STANDARD.encode(tag)));
    }
    for SigningKey(key) in keys {
        let signed = key.sign(&[id.as_bytes(), b".", at.as_bytes(), b".", body].concat());
        standard.push(format!("v1a,{}", STANDARD.encode(signed)));
    }
    let named = [
        (HeaderName::from_static("x-webhook-signature"), contract),
        (HeaderName::from_static("webhook-id"), id.to_owned()),
        (HeaderName::from_static("webhook-timestamp"), at),
        (HeaderName::from_static("webhook-signature"), standard.join(" ")),
    ];
    // Ids, numbers and signatures are visible ASCII, which every header value may be.
    named.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?))).collect()
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    text.extend(bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit));
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn secret() -> Secret {
        Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
    }

    #[test]
    fn holds_the_vector_of_standard_webhooks() {
        let headers = headers(&[secret()], [], (ID, 1_614_265_330), BODY);
        assert_eq!(headers["webhook-id"], ID);
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        // Computed with OpenSSL: HMAC-SHA256 of `1614265330.{"test": 2432232314}` under the same key bytes.
        assert_eq!(
            headers["x-webhook-signature"],
            "t=1614265330,v1=e96203c6de850e7dc1fde7489ef6140b402d3a5a64fe250cd2eef9830fac1cef"
        );
    }

    #[test]
    fn signs_with_each_secret_of_a_rotation() {
        let other = Secret::parse(&secret_text(&[7; SECRET_BYTES])).unwrap();
        let headers = headers(&[other, secret()], [], (ID, 1_614_265_330), BODY);
        let standard = headers["webhook-signature"].to_str().unwrap();
        assert_eq!(standard.split(' ').count(), 2);
        assert!(standard.ends_with(" v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(headers["x-webhook-signature"].to_str().unwrap().matches(",v1=").count(), 2);
    }

    #[test]
    fn signs_with_a_private_key_that_the_public_one_verifies() {
        use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
        let key = SigningKey::parse(&SigningKey::text(&[9; SEED_BYTES])).unwrap();
        let public = STANDARD.decode(key.public_text().strip_prefix("whpk_").unwrap()).unwrap();
        let headers = headers(&[secret()], [&key], (ID, 1_614_265_330), BODY);
        let standard = headers["webhook-signature"].to_str().unwrap();
        let (hmac, signed) = standard.split_once(" v1a,").unwrap();
        assert_eq!(hmac, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let message = [ID.as_bytes(), b".1614265330.", BODY].concat();
        let verified =
            UnparsedPublicKey::new(&ED25519, public).verify(&message, &STANDARD.decode(signed).unwrap());
        assert!(verified.is_ok());
    }

    #[test]
    fn a_secret_is_whsec_and_base64() {
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", "whsec-MfKQ"] {
            assert!(Secret::parse(bad).is_none(), "{bad}");
        }
    }
}
