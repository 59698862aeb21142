//! Failures on purpose: a store that fails at its n-th statement, so that tests can prove that nothing is left
//! half-written. Off unless a test turns it on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::{Error, Result};

/// Counts the statements of the writer and fails the one that was chosen.
#[derive(Clone, Debug)]
pub struct Faults(Arc<AtomicI64>);

impl Default for Faults {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MAX)))
    }
}

impl Faults {
    /// Fails the statement after `n` more, once.
    pub fn fail_after(&self, n: u32) {
        self.0.store(i64::from(n), Ordering::SeqCst);
    }

    /// Whether the chosen statement has failed.
    pub fn struck(&self) -> bool {
        self.0.load(Ordering::SeqCst) < 0
    }

    /// Called before each statement of the writer.
    ///
    /// # Errors
    /// [`Error::Unavailable`] at the chosen statement.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) == i64::MAX {
            return Ok(());
        }
        match self.0.fetch_sub(1, Ordering::SeqCst) {
            0 => Err(Error::unavailable("a fault that a test asked for")),
            _ => Ok(()),
        }
    }
}
