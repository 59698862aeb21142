//! Signing secrets at rest: sealed with AES-256-GCM under a key that stays in the data directory.
//!
//! A sealed secret is `version (1 byte) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`, with the endpoint's id as associated
//! data, so that one endpoint's secret cannot be put in another's place. A stolen database alone signs nothing.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;

use super::signature::{self, Keys, SECRET_BYTES, SEED_BYTES, SigningKey};
use crate::clock::Ids;
use crate::domain::webhook::IssuedSecret;
use crate::domain::{EndpointId, Error, Result, Tenant, UserId};
use crate::keyfile;

/// The key's file in the data directory.
const KEY_FILE: &str = "webhook.key";
/// Length of the key, in bytes.
const KEY_BYTES: usize = 32;
/// The form of a sealed secret that is written today.
const VERSION: u8 = 1;

/// Sets the key of callbacks apart from all others.
const CALLBACKS: &[u8] = b"petstore callback secrets v1";

/// Seals and opens signing secrets. Not `Debug`.
pub struct Vault {
    key: RandomizedNonceKey,
    /// What the secrets of callbacks are derived with; itself derived from the key, which thus does one thing only.
    callbacks: hmac::Key,
    ids: Ids,
}

impl Vault {
    /// With the key in `data_dir`, which is made, readable by its owner alone, when there is none yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the key file cannot be read or written, or is not a key.
    pub fn open_in(data_dir: &Path, ids: Ids) -> Result<Self> {
        let bytes = keyfile::load_or_create(&data_dir.join(KEY_FILE), || {
            Ok(ids.random_bytes::<KEY_BYTES>().to_vec())
        })?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes)
            .map_err(|_| Error::unavailable(format!("{KEY_FILE} must hold {KEY_BYTES} bytes")))?;
        let callbacks = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), CALLBACKS);
        let callbacks = hmac::Key::new(hmac::HMAC_SHA256, callbacks.as_ref());
        Ok(Self { key, callbacks, ids })
    }

    /// A new secret and key for `endpoint`.
    ///
    /// # Errors
    /// [`Error::Internal`] when they cannot be sealed.
    pub fn issue(&self, endpoint: EndpointId) -> Result<IssuedSecret> {
        let text = signature::secret_text(&self.ids.random_bytes::<SECRET_BYTES>());
        let key = SigningKey::text(&self.ids.random_bytes::<SEED_BYTES>());
        let public_key = SigningKey::parse(&key).map(|key| key.public_text());
        let public_key = public_key.ok_or_else(|| Error::internal("no key can be made from the seed"))?;
        let sealed = self.seal(endpoint, &format!("{text} {key}"))?;
        Ok(IssuedSecret { text, public_key, sealed })
    }

    /// The text of the secret that signs the callbacks of `user`: always the same under the same key.
    pub fn callback_secret(&self, tenant: Tenant, user: UserId) -> String {
        let mut context = hmac::Context::with_key(&self.callbacks);
        context.update(tenant.as_uuid().as_bytes());
        context.update(user.0.as_bytes());
        let mut bytes = [0; SECRET_BYTES];
        bytes.copy_from_slice(&context.sign().as_ref()[..SECRET_BYTES]);
        signature::secret_text(&bytes)
    }

    /// `secret`, sealed for `endpoint`.
    ///
    /// # Errors
    /// [`Error::Internal`] when the cipher fails.
    pub fn seal(&self, endpoint: EndpointId, secret: &str) -> Result<Vec<u8>> {
        let mut sealed = secret.as_bytes().to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(endpoint.0.as_bytes()), &mut sealed)
            .map_err(Error::internal)?;
        Ok([&[VERSION], nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// The secret and key that were sealed for `endpoint`.
    ///
    /// # Errors
    /// [`Error::Internal`] when they were sealed for another endpoint or under another key, or are damaged.
    pub fn open(&self, endpoint: EndpointId, sealed: &[u8]) -> Result<Keys> {
        let keys = self.open_text(endpoint, sealed).and_then(|text| Keys::parse(&text));
        keys.ok_or_else(|| Error::internal("the endpoint's signing secret cannot be opened"))
    }

    /// The text that was sealed for `endpoint`; nothing when it was not, or is damaged.
    pub fn open_text(&self, endpoint: EndpointId, sealed: &[u8]) -> Option<String> {
        let (nonce, ciphertext) = sealed.strip_prefix(&[VERSION])?.split_first_chunk::<NONCE_LEN>()?;
        let mut buffer = ciphertext.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.key.open_in_place(nonce, Aad::from(endpoint.0.as_bytes()), &mut buffer).ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use uuid::Uuid;

    const ENDPOINT: EndpointId = EndpointId(Uuid::from_u128(7));

    fn vault(directory: &Path) -> Vault {
        Vault::open_in(directory, Ids::new(Clock::system())).unwrap()
    }

    fn sign(keys: &Keys) -> http::HeaderMap {
        signature::headers([&keys.secret], &keys.key, ("id", 1), b"body")
    }

    #[test]
    fn opens_what_it_sealed_also_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let first = vault(directory.path());
        let IssuedSecret { text, public_key, sealed } = first.issue(ENDPOINT).unwrap();
        assert_ne!(
            first.seal(ENDPOINT, &text).unwrap(),
            first.seal(ENDPOINT, &text).unwrap(),
            "the nonce is random"
        );
        let shown = String::from_utf8_lossy(&sealed).into_owned();
        assert!(!shown.contains(&text[6..]), "the secret must not be readable");
        let opened = vault(directory.path()).open(ENDPOINT, &sealed).unwrap();
        assert_eq!(opened.key.as_ref().unwrap().public_text(), public_key);
        let told = Keys { secret: signature::Secret::parse(&text).unwrap(), key: None };
        assert_eq!(sign(&opened)["x-webhook-signature"], sign(&told)["x-webhook-signature"]);
        let older = first.seal(ENDPOINT, &text).unwrap();
        assert!(first.open(ENDPOINT, &older).unwrap().key.is_none(), "from before there were keys");
    }

    #[test]
    fn opens_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let ours = vault(directory.path());
        let sealed = ours.issue(ENDPOINT).unwrap().sealed;
        assert!(ours.open(EndpointId(Uuid::from_u128(8)), &sealed).is_err(), "another endpoint");
        assert!(vault(tempfile::tempdir().unwrap().path()).open(ENDPOINT, &sealed).is_err(), "another key");
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(ours.open(ENDPOINT, &damaged).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(ours.open(ENDPOINT, &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn the_key_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        vault(directory.path());
        let mode = std::fs::metadata(directory.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(directory.path().join(KEY_FILE), b"short").unwrap();
        assert!(Vault::open_in(directory.path(), Ids::new(Clock::system())).is_err());
    }
}
