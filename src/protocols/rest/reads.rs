//! Answers to reads of pets, kept until what they show changes. Pets are the same for everyone who may see them, and every
//! change of one is an event, so an answer is as good as new while no event about what it shows was published since.

use std::hash::{BuildHasher as _, RandomState};

use ::http::{HeaderMap, StatusCode, Uri};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::FutureExt as _;
use hashlink::LruCache;
use http_body_util::BodyExt as _;
use parking_lot::Mutex;

use super::Told;
use crate::app::App;
use crate::app::policy::{Operation, authorize};
use crate::domain::event::Key;
use crate::domain::{Principal, Seq, Tenant};

/// Each has a lock of its own.
const SHARDS: usize = 16;

/// Whose answer, and to what.
type Question = (Tenant, String);

/// An answer as of `version`.
struct Kept {
    version: Seq,
    headers: HeaderMap,
    body: Bytes,
}

struct Shard {
    answers: LruCache<Question, Kept>,
    bytes: usize,
}

/// The answers that were asked for last, up to a number of bytes.
pub struct Reads {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    shard_bytes: usize,
}

impl Reads {
    /// Keeps up to `max_bytes`; with 0 nothing.
    pub fn new(max_bytes: usize) -> Self {
        let shard = || Mutex::new(Shard { answers: LruCache::new_unbounded(), bytes: 0 });
        Self {
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            hasher: RandomState::new(),
            shard_bytes: max_bytes / SHARDS,
        }
    }

    /// The answer to `uri`, kept or made by `make`; it shows nothing but what events of `key` are about.
    ///
    /// # Errors
    /// [`crate::domain::Error::Forbidden`] for who may not read pets, and what `make` refuses.
    pub async fn answer(
        &self,
        app: &App,
        principal: &Principal,
        (key, uri): (Key, &Uri),
        make: impl AsyncFnOnce() -> Told,
    ) -> Told {
        authorize(Operation::ReadPets, principal)?;
        let text = uri.path_and_query().map_or("", |path| path.as_str());
        let question = (principal.tenant, text.to_owned());
        // Asked before the store is: what changes in between makes the answer look older than it is.
        let version = app.version(&key);
        if let Some(kept) = self.find(&question, version) {
            return Ok(kept);
        }
        let response = make().await?;
        if response.status() != StatusCode::OK {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        // What is encoded here is in memory as a whole.
        let body = body.collect().now_or_never().and_then(Result::ok).map(|body| body.to_bytes());
        let body = body.unwrap_or_default();
        self.keep(question, Kept { version, headers: parts.headers.clone(), body: body.clone() });
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    fn shard(&self, question: &Question) -> &Mutex<Shard> {
        // The remainder is below the length, which fits.
        &self.shards[(self.hasher.hash_one(question) % SHARDS as u64) as usize]
    }

    fn find(&self, question: &Question, version: Seq) -> Option<Response> {
        let mut shard = self.shard(question).lock();
        let kept = shard.answers.get(question).filter(|kept| kept.version == version)?;
        let mut response = Response::new(Body::from(kept.body.clone()));
        *response.headers_mut() = kept.headers.clone();
        Some(response)
    }

    fn keep(&self, question: Question, kept: Kept) {
        let bytes = question.1.len() + kept.body.len();
        // One answer does not push out all others.
        if bytes > self.shard_bytes / 4 {
            return;
        }
        let mut shard = self.shard(&question).lock();
        shard.bytes += bytes;
        if let Some(old) = shard.answers.insert(question.clone(), kept) {
            shard.bytes -= question.1.len() + old.body.len();
        }
        while shard.bytes > self.shard_bytes {
            let Some((oldest, kept)) = shard.answers.remove_lru() else { return };
            shard.bytes -= oldest.1.len() + kept.body.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(version: u64, bytes: usize) -> Kept {
        Kept { version: Seq(version), headers: HeaderMap::new(), body: Bytes::from(vec![b'x'; bytes]) }
    }

    #[test]
    fn what_is_older_is_not_given_and_what_is_too_much_makes_room() {
        let reads = Reads::new(SHARDS * 1_000);
        let question = |number: u32| (Tenant::PUBLIC, format!("/pets/{number}"));
        reads.keep(question(1), kept(7, 100));
        assert!(reads.find(&question(1), Seq(7)).is_some());
        assert!(reads.find(&question(1), Seq(8)).is_none());
        reads.keep(question(2), kept(7, 300));
        assert!(reads.find(&question(2), Seq(7)).is_none(), "larger than a quarter of its shard");
        for number in 0..1_000 {
            reads.keep(question(number), kept(7, 100));
        }
        let bytes: usize = reads.shards.iter().map(|shard| shard.lock().bytes).sum();
        assert!(bytes <= SHARDS * 1_000, "{bytes}");
        assert!(Reads::new(0).find(&question(1), Seq(7)).is_none());
    }
}
