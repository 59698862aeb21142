//! The keys that sign access tokens: a ring in the data directory, of which the newest signs and all verify.
//!
//! A key's file has the time in its name from which it signs. It stays in the ring until the last token of its time has
//! ended, so that a rotation ends nobody's session.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};

use crate::domain::{Error, Result, Timestamp};
use crate::keyfile;

/// The first key; later ones have `-<Unix milliseconds>` before the dot.
const STEM: &str = "token-ed25519";
const SUFFIX: &str = ".der";
/// The type of access tokens (RFC 9068 §2.1), so that no other kind of token is taken for one.
pub(super) const TOKEN_TYPE: &str = "at+jwt";

/// One key.
pub(super) struct Key {
    /// Names the key in the header of its tokens.
    pub kid: String,
    /// The public half as a JWK has it (RFC 8037 §2).
    pub x: String,
    pub header: Header,
    pub sign: EncodingKey,
    pub verify: DecodingKey,
    since: Timestamp,
    path: PathBuf,
}

/// The keys, oldest first; never empty.
pub(super) struct KeyRing(Vec<Key>);

/// A key as it is told to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    pub kid: String,
    /// From when on it signs; the first has no date.
    pub since: Option<Timestamp>,
    pub signs: bool,
}

impl KeyRing {
    /// The keys of `dir`, the first of which is made when there is none. A key that was followed by another more than
    /// `token_ttl_ms` ago verifies nothing any more.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when a file cannot be read or written, [`Error::Internal`] when one holds no key.
    pub fn open(dir: &Path, token_ttl_ms: i64, now: Timestamp) -> Result<Self> {
        let mut ring = Self::all(dir)?;
        if ring.is_empty() {
            ring.push(make(dir.join(format!("{STEM}{SUFFIX}")), Timestamp::from_ms(0))?);
        }
        let retired = retired(&ring, token_ttl_ms, now);
        ring.drain(..retired);
        Ok(Self(ring))
    }

    fn all(dir: &Path) -> Result<Vec<Key>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(Error::unavailable)? {
            let path = entry.map_err(Error::unavailable)?.path();
            let since = path.file_name().and_then(|name| name.to_str()).and_then(since_of);
            files.extend(since.map(|since| (since, path)));
        }
        files.sort();
        files.into_iter().map(|(since, path)| make(path, Timestamp::from_ms(since))).collect()
    }

    /// The one that signs.
    pub fn newest(&self) -> Option<&Key> {
        self.0.last()
    }

    pub fn find(&self, kid: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }
}

/// Makes a new key that signs from now on. The older ones go on verifying until their tokens have ended, unless
/// `end_old`: then they, and every token that they signed, are gone.
///
/// # Errors
/// As [`KeyRing::open`].
pub fn rotate(dir: &Path, token_ttl_ms: i64, now: Timestamp, end_old: bool) -> Result<Vec<KeyInfo>> {
    let old = KeyRing::all(dir)?;
    make(dir.join(format!("{STEM}-{}{SUFFIX}", now.as_ms())), now)?;
    let gone = if end_old { old.len() } else { retired(&old, token_ttl_ms, now) };
    for key in &old[..gone] {
        std::fs::remove_file(&key.path).map_err(Error::unavailable)?;
    }
    list(dir)
}

/// The keys of `dir`, oldest first.
///
/// # Errors
/// As [`KeyRing::open`].
pub fn list(dir: &Path) -> Result<Vec<KeyInfo>> {
    let keys = KeyRing::all(dir)?;
    let newest = keys.len().saturating_sub(1);
    let told = keys.into_iter().enumerate().map(|(index, key)| KeyInfo {
        kid: key.kid,
        since: (key.since.as_ms() > 0).then_some(key.since),
        signs: index == newest,
    });
    Ok(told.collect())
}

/// How many of the oldest keys have no token any more.
fn retired(keys: &[Key], token_ttl_ms: i64, now: Timestamp) -> usize {
    // A minute more, for a server that learned of the new key a little later.
    let over = |next: &Key| next.since.plus_ms(token_ttl_ms.saturating_add(60_000)) < now;
    keys.iter().skip(1).take_while(|next| over(next)).count()
}

fn since_of(name: &str) -> Option<i64> {
    let middle = name.strip_prefix(STEM)?.strip_suffix(SUFFIX)?;
    if middle.is_empty() { Some(0) } else { middle.strip_prefix('-')?.parse().ok() }
}

/// Reads the key file, or makes it.
fn make(path: PathBuf, since: Timestamp) -> Result<Key> {
    let der = keyfile::load_or_create(&path, || {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| Error::internal("no Ed25519 key could be made"))?;
        Ok(key.as_ref().to_vec())
    })?;
    let pair = Ed25519KeyPair::from_pkcs8(&der)
        .map_err(|_| Error::internal(format!("{} is no Ed25519 key", path.display())))?;
    let public = pair.public_key().as_ref();
    let (kid, x) =
        (URL_SAFE_NO_PAD.encode(&digest(&SHA256, public).as_ref()[..12]), URL_SAFE_NO_PAD.encode(public));
    let mut header = Header::new(Algorithm::EdDSA);
    (header.kid, header.typ) = (Some(kid.clone()), Some(TOKEN_TYPE.to_owned()));
    let verify = DecodingKey::from_ed_components(&x).map_err(Error::internal)?;
    Ok(Key { kid, x, header, sign: EncodingKey::from_ed_der(&der), verify, since, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    #[test]
    fn an_old_key_stays_until_its_tokens_have_ended() {
        let dir = tempfile::tempdir().unwrap();
        let at = |days: i64| Timestamp::from_ms(1_790_000_000_000 + days * DAY_MS);
        let kids = |days: i64| -> Vec<String> {
            KeyRing::open(dir.path(), DAY_MS, at(days)).unwrap().iter().map(|key| key.kid.clone()).collect()
        };
        let first = kids(0);
        assert_eq!((first.len(), kids(9)), (1, first.clone()));
        let told = rotate(dir.path(), DAY_MS, at(10), false).unwrap();
        assert_eq!(told.iter().map(|key| key.signs).collect::<Vec<_>>(), [false, true]);
        assert_eq!(kids(11), [first[0].clone(), told[1].kid.clone()]);
        assert_eq!(kids(12), [told[1].kid.clone()]);
        // The next rotation takes the file away as well.
        assert_eq!(rotate(dir.path(), DAY_MS, at(12), false).unwrap().len(), 2);
        assert_eq!(rotate(dir.path(), DAY_MS, at(13), true).unwrap().len(), 1);
    }
}
