//! Entity tags and conditional requests (RFC 9110 §8.8.3, §13). A tag is a hash of the representation, so it is strong
//! and the same after a restart. A coded representation has a tag of its own, the tag with the coding as its ending.

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::app::Condition;
use crate::domain::{Error, Result};
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
    /// Without quotes and coding; whether it is weak.
    Listed(Vec<(&'h str, bool)>),
}

impl<'h> Tags<'h> {
    fn read(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<Self>> {
        let mut listed = Vec::new();
        for value in headers.get_all(name) {
            let refused = || {
                let message = "must be * or a list of entity tags such as \"abc\"";
                Error::malformed(if name == header::IF_MATCH { "If-Match" } else { "If-None-Match" }, message)
            };
            let mut text = value.to_str().map_err(|_| refused())?.trim();
            if text == "*" {
                return Ok(Some(Self::Any));
            }
            while !text.is_empty() {
                let (tag, weak) = text.strip_prefix("W/").map_or((text, false), |tag| (tag, true));
                let (tag, rest) =
                    tag.strip_prefix('"').and_then(|tag| tag.split_once('"')).ok_or_else(refused)?;
                listed.push((plain(tag), weak));
                text = rest.trim_start();
                if !text.is_empty() {
                    text = text.strip_prefix(',').ok_or_else(refused)?.trim_start();
                }
            }
        }
        Ok((!listed.is_empty()).then_some(Self::Listed(listed)))
    }

    fn matches(&self, tag: &HeaderValue, weakly: bool) -> bool {
        let Some(tag) = tag.to_str().ok().map(|tag| plain(tag.trim_matches('"'))) else { return false };
        match self {
            Self::Any => true,
            Self::Listed(listed) => listed.iter().any(|(own, weak)| *own == tag && (weakly || !weak)),
        }
    }
}

/// The tag without its coding.
fn plain(tag: &str) -> &str {
    CODED.iter().find_map(|coding| tag.strip_suffix(coding)).unwrap_or(tag)
}

/// Whether the client has the representation with that tag (`If-None-Match`, weak comparison). A header that cannot be
/// read asks for nothing.
pub fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    matches!(Tags::read(headers, &header::IF_NONE_MATCH), Ok(Some(tags)) if tags.matches(tag, true))
}

/// The condition that `If-Match` (strong comparison) and `If-None-Match` put on a change of a resource.
///
/// # Errors
/// [`Error::Malformed`] naming the header that cannot be read.
pub fn condition(headers: &HeaderMap) -> Result<Option<Condition>> {
    if !headers.contains_key(header::IF_MATCH) && !headers.contains_key(header::IF_NONE_MATCH) {
        return Ok(None);
    }
    // Read here, so that what is malformed is told, and again when the resource is known.
    Tags::read(headers, &header::IF_MATCH)?;
    Tags::read(headers, &header::IF_NONE_MATCH)?;
    let conditions: HeaderMap = [header::IF_MATCH, header::IF_NONE_MATCH]
        .iter()
        .flat_map(|name| headers.get_all(name).iter().map(move |value| (name.clone(), value.clone())))
        .collect();
    Ok(Some(Condition::new(move |before| {
        let tag = of(snapshot::to_json(before).as_bytes());
        let tags = |name| Tags::read(&conditions, &name).ok().flatten();
        tags(header::IF_MATCH).is_none_or(|tags| tags.matches(&tag, false))
            && tags(header::IF_NONE_MATCH).is_none_or(|tags| !tags.matches(&tag, true))
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

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
        for (values, weakly, strongly) in [
            (&["\"a-b\""][..], true, true),
            (&["*"], true, true),
            (&["W/\"a-b\""], true, false),
            (&["\"x\", \"a-b\""], true, true),
            (&["\"x\" ,W/\"a,b\"", "\"a-b-gzip\""], true, true),
            (&["\"a-b-br\""], true, true),
            (&["\"x\""], false, false),
            (&["\"A-B\""], false, false),
        ] {
            let headers = headers(header::IF_MATCH, values);
            let tags = Tags::read(&headers, &header::IF_MATCH).unwrap().unwrap();
            assert_eq!(
                (tags.matches(&tag, true), tags.matches(&tag, false)),
                (weakly, strongly),
                "{values:?}"
            );
        }
        for value in ["a", "\"a", "\"a\" \"b\"", "W\"a\"", "\"a\"*"] {
            assert!(condition(&headers(header::IF_MATCH, &[value])).is_err(), "{value}");
            assert!(!has(&headers(header::IF_NONE_MATCH, &[value]), &tag), "{value}");
        }
    }
}
