//! Pages of the log, shared by those who stand at the same position.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::Shared;
use parking_lot::Mutex;

use crate::bus::Published;
use crate::domain::event::Key;
use crate::domain::{Result, Seq};

/// Pages of the log that were read for those who are behind. Clients that come back together stand at the same position, and
/// get the same page: it is read once, and so are the forms that its events are encoded into. What a page says stays true,
/// since the log only grows at its end; that what was purged is not asked for again is seen to before it is read.
///
/// A page that is on its way belongs to nobody: whoever still waits for it drives it on, so one that stops to ask (it does not
/// read what it got) keeps no other waiting.
#[derive(Default)]
pub struct Replays {
    pages: Mutex<VecDeque<(Place, SharedPage)>>,
    /// Where the log begins since it was last purged by this process; what was purged before its start is not in the ring.
    floor: AtomicU64,
    /// Called at each page that is read.
    counted: Option<Box<dyn Fn() + Send + Sync>>,
}

/// Events of the log, and the position that they reach.
pub(super) type Page = (Arc<[Arc<Published>]>, Seq);
/// A page on its way.
pub(super) type Reading = Pin<Box<dyn Future<Output = Result<Page>> + Send>>;
pub(super) type SharedPage = Shared<Reading>;
/// Whose events, after which, and how many.
pub(super) type Place = (Vec<Key>, Seq, u32);

/// Pages that are kept; each is as long as what is written at once.
const KEPT_PAGES: usize = 64;

impl Replays {
    /// Calls `counted` at each page that is read.
    pub fn counted_by(counted: impl Fn() + Send + Sync + 'static) -> Self {
        Self { counted: Some(Box::new(counted)), ..Self::default() }
    }

    /// Notes where the log begins now.
    pub(in crate::app) fn purged_to(&self, floor: Seq) {
        self.floor.fetch_max(floor.0, Ordering::AcqRel);
    }

    /// Whether a position was not purged by this process.
    pub(super) fn keeps(&self, position: Seq) -> bool {
        position.0 >= self.floor.load(Ordering::Acquire)
    }

    /// The page at that place; the first who asks says how it is read.
    pub(super) fn page(&self, place: Place, read: impl FnOnce() -> Reading) -> SharedPage {
        let mut pages = self.pages.lock();
        // One that could not be read is read again.
        pages.retain(|(_, page)| !matches!(page.peek(), Some(Err(_))));
        if let Some((_, page)) = pages.iter().find(|(of, _)| *of == place) {
            return page.clone();
        }
        if pages.len() == KEPT_PAGES {
            pages.pop_front();
        }
        if let Some(counted) = &self.counted {
            counted();
        }
        let page = read().shared();
        pages.push_back((place, page.clone()));
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Collection;
    use crate::domain::{Error, Tenant};

    #[derive(Clone, Default)]
    struct Log(Arc<AtomicU64>);

    impl Log {
        /// A read that says how many there were.
        fn read(&self) -> Reading {
            let reads = self.0.clone();
            Box::pin(async move {
                let reached = 1 + reads.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Ok::<Page, Error>((Arc::new([]), Seq(reached)))
            })
        }
    }

    fn place(after: u64) -> Place {
        (vec![Key::Collection(Tenant::PUBLIC, Collection::Pets)], Seq(after), 10)
    }

    #[tokio::test]
    async fn those_at_the_same_position_share_a_page_that_is_read_once() {
        let (replays, log) = (Replays::default(), Log::default());
        let ask = async |after| replays.page(place(after), || log.read()).await.unwrap().1;
        assert_eq!(tokio::join!(ask(5), ask(5), ask(6)), (Seq(1), Seq(1), Seq(2)));
        assert_eq!(ask(5).await, Seq(1));
        for other in 100..100 + KEPT_PAGES as u64 {
            ask(other).await;
        }
        assert_eq!(replays.pages.lock().len(), KEPT_PAGES, "the oldest are let go");
    }

    #[tokio::test]
    async fn who_no_longer_asks_keeps_nobody_waiting() {
        let (replays, log) = (Replays::default(), Log::default());
        let mut first = replays.page(place(5), || log.read());
        assert!(futures_util::poll!(&mut first).is_pending());
        let second = replays.page(place(5), || log.read());
        let read = tokio::time::timeout(std::time::Duration::from_secs(5), second).await;
        assert_eq!(read.unwrap().unwrap().1, Seq(1), "the same read, driven on by another");
    }

    #[tokio::test]
    async fn a_page_that_could_not_be_read_is_read_by_the_next() {
        let (replays, log) = (Replays::default(), Log::default());
        let failed = replays.page(place(1), || Box::pin(async { Err(Error::CursorExpired) }));
        assert!(failed.await.is_err());
        assert!(replays.page(place(1), || log.read()).await.is_ok());
    }
}
