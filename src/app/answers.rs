//! Answers that are kept under an idempotency key, so that the same request gets the same answer.
//!
//! The answer is written in the transaction of the change: there is no moment, and no crash, between them. It may hold
//! tokens, so it is sealed with AES-256-GCM under a key that stays in the data directory:
//! `version (1 byte) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`, bound to the tenant, the key and the request.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use super::change::Change;
use super::terms::Claim;
use super::{App, Caller};
use crate::clock::Ids;
use crate::domain::{Error, Result};
use crate::keyfile;
use crate::store::KeptAnswer;

/// The key's file in the data directory.
const KEY_FILE: &str = "answers.key";
/// Length of the key, in bytes.
const KEY_BYTES: usize = 32;
/// The form of a sealed answer that is written today.
const VERSION: u8 = 1;

/// Seals and opens kept answers. Not `Debug`.
#[derive(Clone)]
pub struct Answers(Arc<RandomizedNonceKey>);

impl Answers {
    /// With the key in `data_dir`, which is made, readable by its owner alone, when there is none yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the key file cannot be read or written, or is not a key.
    pub fn open_in(data_dir: &Path, ids: &Ids) -> Result<Self> {
        let bytes = keyfile::load_or_create(&data_dir.join(KEY_FILE), || {
            Ok(ids.random_bytes::<KEY_BYTES>().to_vec())
        })?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes)
            .map_err(|_| Error::unavailable(format!("{KEY_FILE} must hold {KEY_BYTES} bytes")))?;
        Ok(Self(Arc::new(key)))
    }

    fn seal(&self, claim: &Claim, mut answer: Vec<u8>) -> Result<Vec<u8>> {
        let nonce = self.0.seal_in_place_append_tag(bound_to(claim), &mut answer).map_err(Error::internal)?;
        Ok([&[VERSION], nonce.as_ref().as_slice(), &answer].concat())
    }

    fn open(&self, claim: &Claim, sealed: &[u8]) -> Result<Vec<u8>> {
        let open = || {
            let (nonce, ciphertext) = sealed.strip_prefix(&[VERSION])?.split_first_chunk::<NONCE_LEN>()?;
            let mut buffer = ciphertext.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let answer = self.0.open_in_place(nonce, bound_to(claim), &mut buffer).ok()?;
            Some(answer.to_vec())
        };
        open().ok_or_else(|| Error::internal("a kept answer cannot be opened"))
    }
}

fn bound_to(claim: &Claim) -> Aad<Vec<u8>> {
    Aad::from([claim.tenant.as_uuid().as_bytes(), &claim.id[..], &claim.fingerprint[..]].concat())
}

impl App {
    /// The answer that was kept under the claim's key, when there is one.
    ///
    /// # Errors
    /// [`Error::IdempotencyKeyReused`] when the key was used for another request.
    pub async fn recall(&self, claim: &Claim) -> Result<Option<Vec<u8>>> {
        let kept = self.0.store.read().find_answer(claim.tenant, &claim.id).await?;
        let Some(kept) = kept.filter(|kept| kept.expires_at > self.now()) else { return Ok(None) };
        if kept.fingerprint != claim.fingerprint {
            return Err(Error::IdempotencyKeyReused);
        }
        self.0.answers.open(claim, &kept.sealed).map(Some)
    }

    /// The claim under which the change is to be kept, if its key is free: a twin that committed after this one looked
    /// for an answer takes it.
    pub(super) async fn claimed(&self, caller: &Caller, change: &mut Change<'_>) -> Result<Option<Claim>> {
        let claim = caller.terms.claim.as_ref().filter(|claim| claim.keep.is_some());
        let Some(claim) = claim else { return Ok(None) };
        match change.writes.answer(claim.tenant, &claim.id).await? {
            Some(kept) if kept.expires_at > change.now => Err(if kept.fingerprint == claim.fingerprint {
                Error::IdempotencyConflict
            } else {
                Error::IdempotencyKeyReused
            }),
            _ => Ok(Some(claim.clone())),
        }
    }

    /// Keeps the answer that `value` makes.
    pub(super) async fn keep(&self, change: &mut Change<'_>, claim: Claim, value: &dyn Any) -> Result<()> {
        let Some(keep) = &claim.keep else { return Ok(()) };
        let sealed = self.0.answers.seal(&claim, keep(value)?)?;
        let ttl_ms = i64::try_from(self.0.settings.idempotency_ttl_s.saturating_mul(1000));
        let expires_at = change.now.plus_ms(ttl_ms.unwrap_or(i64::MAX / 2));
        let Claim { tenant, id, fingerprint, .. } = claim;
        change.writes.keep_answer(&KeptAnswer { tenant, id, fingerprint, sealed, expires_at }).await
    }
}
