//! Pets over REST: patched, searched, paged, and shown.

mod images;
mod lists;
mod patch;
