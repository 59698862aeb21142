//! The attempts of a webhook endpoint as they are made.
//!
//! Attempts are no events: an endpoint that wants every event would get one for each delivery of one. Each has a position
//! in the table instead, in the order of the commits. A follower is the last position it has seen: woken by the endpoint's
//! bell, it reads what came after it in pages, so nothing is queued for it, and it goes on where it was after a restart.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use tokio::sync::watch;

use super::App;
use super::change::found;
use crate::domain::webhook::RecordedAttempt;
use crate::domain::{Cursor, EndpointId, Error, Position, Principal, Result, Seq};
use crate::store::LogBounds;

/// Attempts that are read at a time: each holds as much of an answer as is kept, some 16 KiB.
const PAGE: u32 = 16;

/// The attempts of one endpoint, in the order in which they were recorded, each at least once.
pub struct AttemptFeed {
    endpoint: EndpointId,
    pages: BoxStream<'static, Result<Vec<RecordedAttempt>>>,
}

struct Follower {
    app: App,
    principal: Principal,
    endpoint: EndpointId,
    after: Seq,
    bell: watch::Receiver<()>,
}

impl App {
    /// Follows the attempts that are made for an endpoint, after `after` or from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another's endpoint; [`Error::Malformed`] for what is no cursor of attempts,
    /// [`Error::CursorExpired`] and [`Error::CursorForeign`] for one that cannot be gone on after.
    pub async fn follow_attempts(
        &self,
        principal: &Principal,
        endpoint: EndpointId,
        after: Option<&str>,
    ) -> Result<AttemptFeed> {
        let bell = self.0.bells.listen(endpoint);
        let bounds = self.attempt_bounds(principal, endpoint).await?;
        let after = match after {
            Some(cursor) => resolve(cursor, &bounds)?,
            None => bounds.head,
        };
        let (app, principal) = (self.clone(), principal.clone());
        let follower = Follower { app, principal, endpoint, after, bell };
        let pages = stream::try_unfold(follower, |mut follower| async move {
            let page = follower.next().await?;
            Ok(Some((page, follower)))
        });
        Ok(AttemptFeed { endpoint, pages: pages.boxed() })
    }

    /// The cursor after which the next attempt of an endpoint follows.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another's endpoint.
    pub async fn attempts_cursor(&self, principal: &Principal, endpoint: EndpointId) -> Result<Cursor> {
        let LogBounds { epoch, head, .. } = self.attempt_bounds(principal, endpoint).await?;
        Ok(Position { epoch, seq: head }.to_attempts_cursor())
    }

    async fn attempt_bounds(&self, principal: &Principal, endpoint: EndpointId) -> Result<LogBounds> {
        let endpoint = self.get_endpoint(principal, endpoint).await?.id;
        found(self.0.store.read().attempt_bounds(principal.tenant, endpoint).await?, "webhook endpoint")
    }
}

fn resolve(cursor: &str, bounds: &LogBounds) -> Result<Seq> {
    let position = Position::parse_attempts("after", cursor)?;
    if position.epoch != bounds.epoch || position.seq > bounds.head {
        return Err(Error::CursorForeign);
    }
    if position.seq < bounds.floor {
        return Err(Error::CursorExpired);
    }
    Ok(position.seq)
}

impl AttemptFeed {
    /// Whose attempts they are.
    pub fn endpoint(&self) -> EndpointId {
        self.endpoint
    }

    /// Appends attempts, at least one. Nothing is lost when the waiting is given up.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the endpoint is gone, or no longer the principal's; [`Error::CursorExpired`] when attempts
    /// that were not handed out yet were purged; the store's failures. There is nothing to ask for after an error.
    pub fn poll_next<T: From<Arc<RecordedAttempt>>>(
        &mut self,
        cx: &mut Context<'_>,
        attempts: &mut VecDeque<T>,
    ) -> Poll<Result<()>> {
        self.pages.try_next().poll_unpin(cx).map_ok(|page| {
            attempts.extend(page.into_iter().flatten().map(|recorded| Arc::new(recorded).into()));
        })
    }
}

impl Follower {
    async fn next(&mut self) -> Result<Vec<RecordedAttempt>> {
        loop {
            // Before the read, so that nothing is missed between the two.
            self.bell.mark_unchanged();
            let page = self.read().await?;
            if let Some(last) = page.last() {
                self.after = last.position.seq;
                return Ok(page);
            }
            self.bell.changed().await.map_err(Error::internal)?;
        }
    }

    async fn read(&self) -> Result<Vec<RecordedAttempt>> {
        let (store, tenant) = (self.app.0.store.read(), self.principal.tenant);
        let attempts = store.attempts_after(tenant, self.endpoint, self.after, PAGE).await?;
        // Asked after the read: whether it may still be seen, and what was purged before the read, which would be a gap.
        if self.app.attempt_bounds(&self.principal, self.endpoint).await?.floor > self.after {
            return Err(Error::CursorExpired);
        }
        Ok(attempts)
    }
}
