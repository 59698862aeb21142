//! Answers to reads of pets, kept until what they show changes. Pets are the same for everyone who may see them, and every
//! change of one is an event, so an answer is as good as new while no event about what it shows was published since.

use std::hash::{BuildHasher as _, RandomState};

use ::http::request::Parts;
use ::http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, OriginalUri};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use hashlink::LruCache;
use http_body_util::BodyExt as _;
use parking_lot::Mutex;

use super::{Refusal, Rest, Told};
use crate::app::App;
use crate::app::policy::{Operation, authorize};
use crate::domain::event::Key;
use crate::domain::{Error, Principal, Result, Seq, Tenant};
use crate::protocols::http;

/// Each has a lock of its own.
const SHARDS: usize = 16;

/// Headers of an answer when it leaves.
const ROOM: usize = 24;

/// Whose answer, and to what.
type Question = (Tenant, String);

fn question(principal: &Principal, uri: &Uri) -> Question {
    (principal.tenant, uri.path_and_query().map_or("", |path| path.as_str()).to_owned())
}

/// An answer about `key` as of `version`.
struct Kept {
    key: Key,
    version: Seq,
    route: MatchedPath,
    headers: HeaderMap,
    body: Bytes,
}

struct Shard {
    answers: LruCache<Question, Kept>,
    bytes: usize,
}

/// What was asked for, and its route.
pub struct Read {
    uri: Uri,
    route: MatchedPath,
}

impl FromRequestParts<Rest> for Read {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, rest: &Rest) -> Result<Self, Refusal> {
        let OriginalUri(uri) = OriginalUri::from_request_parts(parts, rest).await.map_err(Error::internal)?;
        let route = MatchedPath::from_request_parts(parts, rest).await.map_err(Error::internal)?;
        Ok(Self { uri, route })
    }
}

/// The answers to reads.
pub struct Reads {
    app: App,
    shelf: Shelf,
}

impl Reads {
    /// Keeps up to `max_bytes`; with 0 nothing.
    pub fn new(app: App, max_bytes: usize) -> Self {
        Self { app, shelf: Shelf::new(max_bytes) }
    }

    /// The kept answer to the request of someone unknown, and its route: no handler needs to be asked. Nothing when there is
    /// none, or a handler has to look at the request.
    pub fn kept(&self, request: &Request<Body>) -> Option<(MatchedPath, Response)> {
        let headers = request.headers();
        if request.method() != Method::GET || headers.contains_key(header::AUTHORIZATION) {
            return None;
        }
        let principal = Principal::anonymous(http::tenant(headers).ok()?.unwrap_or(Tenant::PUBLIC));
        authorize(Operation::ReadPets, &principal).ok()?;
        let found = self.find(&question(&principal, request.uri()))?;
        match http::charge(request.extensions(), Some(&principal)) {
            Ok(()) => Some(found),
            Err(error) => Some((found.0, Refusal(error).into_response())),
        }
    }

    /// The answer to what was asked, kept or made by `make`; it shows nothing but what events of `key` are about.
    ///
    /// # Errors
    /// [`crate::domain::Error::Forbidden`] for who may not read pets, and what `make` refuses.
    pub async fn answer(
        &self,
        principal: &Principal,
        Read { uri, route }: Read,
        key: Key,
        make: impl AsyncFnOnce() -> Told,
    ) -> Told {
        authorize(Operation::ReadPets, principal)?;
        let question = question(principal, &uri);
        if let Some((_, answer)) = self.find(&question) {
            return Ok(answer);
        }
        // Read before the store is: what changes in between makes the answer look older than it is.
        let version = self.app.version(&key);
        let response = make().await?;
        if response.status() != StatusCode::OK {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        // What is encoded here is in memory as a whole.
        let body = body.collect().now_or_never().and_then(Result::ok).map(|body| body.to_bytes());
        let body = body.unwrap_or_default();
        let kept = Kept { key, version, route, headers: parts.headers.clone(), body: body.clone() };
        self.shelf.keep(question, kept);
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    fn find(&self, question: &Question) -> Option<(MatchedPath, Response)> {
        self.shelf.find(question, |kept| kept.version == self.app.version(&kept.key))
    }
}

/// Those that were asked for last, up to a number of bytes.
struct Shelf {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    shard_bytes: usize,
}

impl Shelf {
    fn new(max_bytes: usize) -> Self {
        let shard = || Mutex::new(Shard { answers: LruCache::new_unbounded(), bytes: 0 });
        Self {
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            hasher: RandomState::new(),
            shard_bytes: max_bytes / SHARDS,
        }
    }

    fn shard(&self, question: &Question) -> &Mutex<Shard> {
        // The remainder is below the length, which fits.
        &self.shards[(self.hasher.hash_one(question) % SHARDS as u64) as usize]
    }

    fn find(
        &self,
        question: &Question,
        holds: impl FnOnce(&Kept) -> bool,
    ) -> Option<(MatchedPath, Response)> {
        let mut shard = self.shard(question).lock();
        let kept = shard.answers.get(question).filter(|kept| holds(kept))?;
        let mut response = Response::new(Body::from(kept.body.clone()));
        // With room for those that follow.
        let mut headers = HeaderMap::with_capacity(ROOM);
        headers.extend(kept.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        *response.headers_mut() = headers;
        Some((kept.route.clone(), response))
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
    use axum::Router;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;
    use crate::domain::event::Collection;

    /// Only a router makes one.
    async fn route() -> MatchedPath {
        let (told, heard) = std::sync::mpsc::channel();
        let handler = async move |route: MatchedPath| told.send(route).unwrap();
        let router = Router::new().route("/pets/{id}", get(handler));
        router.oneshot(Request::get("/pets/1").body(Body::empty()).unwrap()).await.unwrap();
        heard.recv().unwrap()
    }

    #[tokio::test]
    async fn what_is_older_is_not_given_and_what_is_too_much_makes_room() {
        let route = route().await;
        let kept = |bytes: usize| Kept {
            key: Key::Collection(Tenant::PUBLIC, Collection::Pets),
            version: Seq(7),
            route: route.clone(),
            headers: HeaderMap::new(),
            body: Bytes::from(vec![b'x'; bytes]),
        };
        let shelf = Shelf::new(SHARDS * 1_000);
        let question = |number: u32| (Tenant::PUBLIC, format!("/pets/{number}"));
        let find = |shelf: &Shelf, number, version: u64| {
            shelf.find(&question(number), |kept| kept.version == Seq(version)).is_some()
        };
        shelf.keep(question(1), kept(100));
        assert!(find(&shelf, 1, 7));
        assert!(!find(&shelf, 1, 8));
        shelf.keep(question(2), kept(300));
        assert!(!find(&shelf, 2, 7), "larger than a quarter of its shard");
        for number in 0..1_000 {
            shelf.keep(question(number), kept(100));
        }
        let bytes: usize = shelf.shards.iter().map(|shard| shard.lock().bytes).sum();
        assert!(bytes <= SHARDS * 1_000, "{bytes}");
        assert!(!find(&Shelf::new(0), 1, 7));
    }
}
