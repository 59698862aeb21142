//! Where what is written comes from.

use std::task::{Context, Poll};

/// Bytes after which lanes are not asked for more before what they gave is written.
pub const ROOM_BYTES: usize = 32 * 1024;

/// One source of what is written: a subscription.
pub trait Lane: Send {
    /// Appends what there is to `out`, which has room while it is shorter than [`ROOM_BYTES`]. Ready when it appended
    /// something; it is asked again until it has nothing.
    fn poll_fill(&mut self, cx: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<Filled>;

    /// Appends what is written when nothing happened for a while.
    fn idle(&mut self, _out: &mut Vec<u8>) {}
}

/// How a lane goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// There may be more.
    More,
    /// Its last words are said.
    Over,
}

/// The lanes of a connection, by name.
pub(super) type Lanes = Vec<(u64, Box<dyn Lane>)>;

/// Asks the lanes for what they have. Gives back whether there may be more, and the lanes that are over.
pub(super) fn fill(lanes: &mut Lanes, cx: &mut Context<'_>, out: &mut Vec<u8>) -> (bool, Vec<Box<dyn Lane>>) {
    let (mut more, mut over) = (false, Vec::new());
    let mut at = 0;
    while let Some((_, lane)) = lanes.get_mut(at) {
        if out.len() >= ROOM_BYTES {
            more = true;
            break;
        }
        match lane.poll_fill(cx, out) {
            // Again, until it waits: only then it will wake us.
            Poll::Ready(Filled::More) => {}
            Poll::Ready(Filled::Over) => over.push(lanes.remove(at).1),
            Poll::Pending => at += 1,
        }
    }
    if more && lanes.len() > 1 {
        // So that one that always has something does not keep the others from being asked.
        lanes.rotate_left(1);
    }
    (more, over)
}
