//! Entity tags and conditional requests (RFC 9110 §8.8.3, §13). A tag is a hash of the representation, so it is strong
//! and the same after a restart. A coded representation has a tag of its own, the tag with the coding as its ending.

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::app::Condition;
use crate::domain::{Error, Result};
use crate::protocols::http::joined;
use crate::wire::snapshot;

/// What is kept of the hash, in bytes: 24 characters.
const HASH_BYTES: usize = 18;
/// The endings of tags of coded representations.
const CODED: [&str; 2] = ["-gzip", "-br"];

/// The tag of a representation.
pub fn of(representation: &[u8]) -> HeaderValue {
    let hash = digest(&SHA256, representation);
    let mut tag = [b'"'; HASH_BYTES / 3 * 4 + 2];
    let end = tag.len() - 1;
    // It always fits: three bytes are four characters.
    let _ = URL_SAFE_NO_PAD.encode_slice(&hash.as_ref()[..HASH_BYTES], &mut tag[1..end]);
    HeaderValue::from_bytes(&tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The tag of the same representation in a content coding.
pub fn coded(tag: &HeaderValue, coding: &str) -> Option<HeaderValue> {
    let tag = tag.to_str().ok()?.strip_suffix('"')?;
    HeaderValue::from_str(&format!("{tag}-{coding}\"")).ok()
}

/// The entity tags of `If-Match` or `If-None-Match`.
enum Tags<'h> {
    Any,
    /// Without quotes; whether it is weak.
    Listed(Vec<(&'h str, bool)>),
}

impl<'h> Tags<'h> {
    fn read(value: &'h HeaderValue) -> Option<Self> {
        let mut text = value.to_str().ok()?.trim();
        if text == "*" {
            return Some(Self::Any);
        }
        let mut listed = Vec::new();
        while !text.is_empty() {
            let (tag, weak) = text.strip_prefix("W/").map_or((text, false), |tag| (tag, true));
            let (tag, rest) = tag.strip_prefix('"')?.split_once('"')?;
            listed.push((tag, weak));
            text = rest.trim_start();
            if !text.is_empty() {
                text = text.strip_prefix(',')?.trim_start();
            }
        }
        Some(Self::Listed(listed))
    }

    fn matches(&self, tag: &HeaderValue, weakly: bool) -> bool {
        let Some(tag) = tag.to_str().ok().map(|tag| plain(tag.trim_matches('"'))) else { return false };
        match self {
            Self::Any => true,
            Self::Listed(listed) => listed.iter().any(|(own, weak)| plain(own) == tag && (weakly || !weak)),
        }
    }
}

/// The tag without its coding.
fn plain(tag: &str) -> &str {
    CODED.iter().find_map(|coding| tag.strip_suffix(coding)).unwrap_or(tag)
}

/// The tag by which the client that sent `if_none_match` has the representation with that tag, in whichever coding (weak
/// comparison). A header that cannot be read asks for nothing.
pub fn held(if_none_match: &HeaderValue, tag: &HeaderValue) -> Option<HeaderValue> {
    let tags = Tags::read(if_none_match).filter(|tags| tags.matches(tag, true))?;
    let known = tag.to_str().ok()?.trim_matches('"');
    let Tags::Listed(listed) = tags else { return Some(tag.clone()) };
    let own = listed.iter().find(|(own, _)| plain(own) == plain(known))?.0;
    HeaderValue::from_str(&format!("\"{own}\"")).ok()
}

/// The condition that `If-Match` (strong comparison) and `If-None-Match` put on a change of a resource.
///
/// # Errors
/// [`Error::Malformed`] naming the header that cannot be read.
pub fn condition(headers: &HeaderMap) -> Result<Option<Condition>> {
    let read = |name: HeaderName, shown: &str| match joined(headers, &name) {
        Some(value) if Tags::read(&value).is_none() => {
            Err(Error::malformed(shown, "must be * or a list of entity tags such as \"abc\""))
        }
        value => Ok(value),
    };
    let required = read(header::IF_MATCH, "If-Match")?;
    let excluded = read(header::IF_NONE_MATCH, "If-None-Match")?;
    if required.is_none() && excluded.is_none() {
        return Ok(None);
    }
    Ok(Some(Condition::new(move |before| {
        let tag = of(snapshot::to_json(before).as_bytes());
        let matches = |value: &Option<HeaderValue>, weakly| {
            value.as_ref().and_then(Tags::read).map(|tags| tags.matches(&tag, weakly))
        };
        matches(&required, false).unwrap_or(true) && !matches(&excluded, true).unwrap_or(false)
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_hash_of_the_representation() {
        let tag = of(b"{}");
        assert_eq!(tag, "\"RBNvo1WzZ4oRRq0W9-hknpT7\"", "the first 18 bytes of SHA-256");
        assert_ne!(of(b"{ }"), tag);
        assert_eq!(coded(&tag, "gzip").unwrap(), "\"RBNvo1WzZ4oRRq0W9-hknpT7-gzip\"");
    }

    #[test]
    fn comparison_is_weak_for_reading_and_strong_for_changing() {
        let tag = HeaderValue::from_static("\"a-b\"");
        for (value, weakly, strongly) in [
            ("\"a-b\"", true, true),
            ("*", true, true),
            ("W/\"a-b\"", true, false),
            ("\"x\", \"a-b\"", true, true),
            ("\"x\" ,W/\"a,b\", \"a-b-gzip\"", true, true),
            ("\"a-b-br\"", true, true),
            ("\"x\"", false, false),
            ("\"A-B\"", false, false),
            ("", false, false),
        ] {
            let value = HeaderValue::from_static(value);
            let tags = Tags::read(&value).unwrap();
            assert_eq!(
                (tags.matches(&tag, true), tags.matches(&tag, false)),
                (weakly, strongly),
                "{value:?}"
            );
        }
        for value in ["a", "\"a", "\"a\" \"b\"", "W\"a\"", "\"a\"*"] {
            let value = HeaderValue::from_static(value);
            let headers = HeaderMap::from_iter([(header::IF_MATCH, value.clone())]);
            assert!(condition(&headers).is_err() && held(&value, &tag).is_none(), "{value:?}");
        }
        let coded = HeaderValue::from_static("\"x\", W/\"a-b-gzip\"");
        assert_eq!(held(&coded, &tag).unwrap(), "\"a-b-gzip\"", "the tag that the client has");
    }
}
