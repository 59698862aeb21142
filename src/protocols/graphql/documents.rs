//! Documents that are known by their hash: those that clients registered (automatic persisted queries), and those of a list
//! besides which nothing may be run (trusted documents).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use async_graphql::ServerError;
use aws_lc_rs::digest::{SHA256, digest};
use hashlink::LruCache;
use parking_lot::Mutex;
use serde::Deserialize;

use super::error::{protocol_refusal, refusal};
use super::operation::Params;
use crate::domain::{Error, Violation};

/// Longest document that is kept for its hash, in bytes.
const MAX_KEPT_BYTES: usize = 32_768;

/// The known documents; cheap to clone.
#[derive(Clone, Default)]
pub struct Documents(Arc<Known>);

#[derive(Default)]
struct Known {
    /// Those that clients registered, by hash; nothing when they may not.
    kept: Option<Mutex<LruCache<String, Arc<str>>>>,
    /// All that may be run, by hash and by whatever other name the list has; nothing for any document.
    listed: Option<HashMap<String, Arc<str>>>,
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let listed = self.0.listed.as_ref().map(HashMap::len);
        f.debug_struct("Documents").field("listed", &listed).finish_non_exhaustive()
    }
}

/// The forms of a list: Apollo's manifest, or a map from names to documents.
#[derive(Deserialize)]
#[serde(untagged)]
enum List {
    Manifest { operations: Vec<Listed> },
    Map(HashMap<String, String>),
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    body: String,
}

impl Documents {
    /// With room for `kept` registered documents (none: they may not be registered), and with the list in a file.
    ///
    /// # Errors
    /// [`Error::Unavailable`] naming the file that cannot be read or is no list.
    pub fn open(kept: usize, list: Option<&Path>) -> Result<Self, Error> {
        let kept = (kept > 0).then(|| Mutex::new(LruCache::new(kept)));
        let listed = list.map(read_list).transpose()?;
        Ok(Self(Arc::new(Known { kept, listed })))
    }

    /// The text of the document that is to be run.
    ///
    /// # Errors
    /// When the hash is of no known document or not of the text, and when the document is not on the list.
    pub fn resolve(&self, params: &Params) -> Result<Arc<str>, ServerError> {
        let given = !params.query.is_empty();
        let hash = match &params.hash {
            Some(hash) if given && *hash != hash_of(&params.query) => {
                let message = "is not the SHA-256 of the query";
                let field = "extensions.persistedQuery.sha256Hash";
                return Err(refusal(Error::invalid(Violation::new(field, "hash_mismatch", message))));
            }
            hash => hash,
        };
        if let Some(listed) = &self.0.listed {
            let name = hash.clone().unwrap_or_else(|| hash_of(&params.query));
            return listed.get(&name).cloned().ok_or_else(|| {
                let message = "only the documents of the server's list may be run (graphql.allow_list)";
                protocol_refusal("PERSISTED_QUERY_NOT_IN_LIST", 403, message)
            });
        }
        match (hash, &self.0.kept) {
            (None, _) | (Some(_), Some(_)) if given => Ok(params.query.as_str().into()),
            (None, _) => Ok("".into()),
            (Some(_), None) if given => Ok(params.query.as_str().into()),
            (Some(_), None) => {
                Err(protocol_refusal("PERSISTED_QUERY_NOT_SUPPORTED", 400, "PersistedQueryNotSupported"))
            }
            (Some(hash), Some(kept)) => {
                kept.lock().get(hash).cloned().ok_or_else(|| {
                    protocol_refusal("PERSISTED_QUERY_NOT_FOUND", 404, "PersistedQueryNotFound")
                })
            }
        }
    }

    /// Keeps a document that could be read under the hash that came with it.
    pub fn keep(&self, hash: Option<&String>, text: &Arc<str>) {
        if let (Some(hash), Some(kept), None) = (hash, &self.0.kept, &self.0.listed)
            && text.len() <= MAX_KEPT_BYTES
        {
            kept.lock().insert(hash.clone(), text.clone());
        }
    }
}

fn read_list(path: &Path) -> Result<HashMap<String, Arc<str>>, Error> {
    let refused =
        |cause: String| Error::unavailable(format!("graphql.allow_list {}: {cause}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let list: List = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
    let entries: Vec<(String, String)> = match list {
        List::Manifest { operations } => operations.into_iter().map(|one| (one.id, one.body)).collect(),
        List::Map(map) => map.into_iter().collect(),
    };
    let mut listed = HashMap::new();
    for (name, body) in entries {
        let body: Arc<str> = body.into();
        listed.insert(hash_of(&body), body.clone());
        listed.insert(name, body);
    }
    Ok(listed)
}

/// The SHA-256 of a document, in hexadecimal digits.
fn hash_of(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str, hash: Option<&str>) -> Params {
        Params { query: query.to_owned(), hash: hash.map(str::to_owned), ..Params::default() }
    }

    fn code(refused: &ServerError) -> String {
        let code = refused.extensions.as_ref().and_then(|extensions| extensions.get("code").cloned());
        code.map(|code| code.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_registered_document_is_found_until_it_is_pushed_out() {
        let documents = Documents::open(2, None).unwrap();
        let hash = hash_of("{a}");
        let refused = documents.resolve(&asked("", Some(&hash))).unwrap_err();
        assert_eq!(code(&refused), "\"PERSISTED_QUERY_NOT_FOUND\"");
        let text = documents.resolve(&asked("{a}", Some(&hash))).unwrap();
        documents.keep(Some(&hash), &text);
        assert_eq!(&*documents.resolve(&asked("", Some(&hash))).unwrap(), "{a}");
        assert!(documents.resolve(&asked("{b}", Some(&hash))).is_err(), "the hash is of another text");
        for other in ["{b}", "{c}"] {
            documents.keep(Some(&hash_of(other)), &other.into());
        }
        assert!(documents.resolve(&asked("", Some(&hash))).is_err());
        assert!(Documents::open(0, None).unwrap().resolve(&asked("", Some(&hash))).is_err());
    }

    #[test]
    fn with_a_list_nothing_else_is_run() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list.json");
        let manifest = r#"{"format":"apollo-persisted-query-manifest","version":1,
            "operations":[{"id":"one","name":"A","type":"query","body":"query A{a}"}]}"#;
        for list in [manifest, r#"{"one":"query A{a}"}"#] {
            std::fs::write(&path, list).unwrap();
            let documents = Documents::open(8, Some(&path)).unwrap();
            for known in
                [asked("query A{a}", None), asked("", Some("one")), asked("", Some(&hash_of("query A{a}")))]
            {
                assert_eq!(&*documents.resolve(&known).unwrap(), "query A{a}");
            }
            let refused = documents.resolve(&asked("{b}", None)).unwrap_err();
            assert_eq!(code(&refused), "\"PERSISTED_QUERY_NOT_IN_LIST\"");
            documents.keep(Some(&hash_of("{b}")), &"{b}".into());
            assert!(documents.resolve(&asked("", Some(&hash_of("{b}")))).is_err(), "none can be registered");
        }
        std::fs::write(&path, "[]").unwrap();
        assert!(Documents::open(8, Some(&path)).is_err());
        assert!(Documents::open(8, Some(&dir.path().join("none.json"))).is_err());
    }
}
