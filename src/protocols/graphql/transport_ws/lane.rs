//! A subscription's way out: its results as messages.

use std::collections::VecDeque;
use std::sync::Weak;
use std::task::{Context, Poll, ready};

use super::Session;
use super::message::Outgoing;
use super::operations::Ticket;
use crate::protocols::graphql::error::refusal;
use crate::protocols::graphql::live::{Live, Outcome};
use crate::protocols::graphql::subscription::Item;
use crate::protocols::link::{Filled, Lane, ROOM_BYTES};

/// A subscription that runs.
pub(super) struct Results {
    /// Not kept alive: the session holds the lanes.
    session: Weak<Session>,
    ticket: Ticket,
    outgoing: Outgoing,
    live: Box<Live>,
    /// Items whose results are not written yet; the first one's may be on its way.
    waiting: VecDeque<Item>,
    first: Option<Outcome>,
}

impl Results {
    pub fn new(session: Weak<Session>, ticket: Ticket, outgoing: Outgoing, live: Box<Live>) -> Self {
        Self { session, ticket, outgoing, live, waiting: VecDeque::new(), first: None }
    }

    /// Appends the results of items that wait, as far as they are there and there is room. Gives back how many.
    fn write(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> u64 {
        let mut count = 0;
        while let Some(item) = self.waiting.front() {
            if out.len() >= ROOM_BYTES {
                break;
            }
            let outcome = self.first.get_or_insert_with(|| self.live.result(item));
            let Poll::Ready(result) = outcome.poll(cx) else { break };
            self.outgoing.next(out, &result);
            self.first = None;
            self.waiting.pop_front();
            count += 1;
        }
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        count
    }
}

impl Lane for Results {
    fn poll_fill(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Filled> {
        if self.waiting.is_empty()
            && let Err(error) = ready!(self.live.poll_next(cx, &mut self.waiting))
        {
            if let Some(session) = self.session.upgrade()
                && session.running.lock().end(&self.ticket)
            {
                session.put_error(&self.outgoing, vec![refusal(error)], out);
            }
            return Poll::Ready(Filled::Over);
        }
        match self.write(cx, out) {
            0 if !self.waiting.is_empty() => Poll::Pending,
            count => {
                self.live.delivered(count);
                Poll::Ready(Filled::More)
            }
        }
    }
}
