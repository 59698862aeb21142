//! Positions in the event log, and the opaque cursor that names one on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Error, Result};

/// The position of an event in the log; the order of seq is the order of commit. The first event has 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    /// The position before the first event.
    pub const START: Seq = Seq(0);

    /// The position after this one.
    pub const fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

/// Names a database's life, so that a cursor from another one is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

/// An epoch and a position in it: what a cursor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub epoch: Epoch,
    pub seq: Seq,
}

/// The opaque text of a [`Position`]: unpadded base64url of epoch and seq, big-endian.
pub type Cursor = String;

/// What the cursors of a webhook endpoint's attempts begin with, so that none is taken for one of the log.
const ATTEMPTS: &str = "a.";

impl Position {
    /// The text that clients see and send back.
    pub fn to_cursor(self) -> Cursor {
        let mut bytes = [0u8; 16];
        bytes[..8].copy_from_slice(&self.epoch.0.to_be_bytes());
        bytes[8..].copy_from_slice(&self.seq.0.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position that `cursor` names.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming `field` when it is no cursor at all.
    pub fn parse(field: &str, cursor: &str) -> Result<Self> {
        let read = || -> Option<Self> {
            let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
            let (epoch, seq) = bytes.split_at(8);
            Some(Self {
                epoch: Epoch(u64::from_be_bytes(epoch.try_into().ok()?)),
                seq: Seq(u64::from_be_bytes(seq.try_into().ok()?)),
            })
        };
        read().ok_or_else(|| Error::malformed(field, "must be a cursor that this store gave out, unchanged"))
    }

    /// The text for a place among the attempts of webhooks, which are counted apart from the log.
    pub fn to_attempts_cursor(self) -> Cursor {
        ATTEMPTS.to_owned() + &self.to_cursor()
    }

    /// The place among the attempts of webhooks that `cursor` names.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming `field` when it is no cursor of attempts.
    pub fn parse_attempts(field: &str, cursor: &str) -> Result<Self> {
        let text = cursor.strip_prefix(ATTEMPTS).ok_or_else(|| {
            Error::malformed(field, "must be a cursor of a webhook endpoint's attempts, unchanged")
        })?;
        Self::parse(field, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_what_it_writes(epoch: u64, seq: u64) {
            let position = Position { epoch: Epoch(epoch), seq: Seq(seq) };
            prop_assert_eq!(Position::parse("after", &position.to_cursor()).unwrap(), position);
            let of_attempts = position.to_attempts_cursor();
            prop_assert_eq!(Position::parse_attempts("after", &of_attempts).unwrap(), position);
            prop_assert!(Position::parse("after", &of_attempts).is_err());
            prop_assert!(Position::parse_attempts("after", &position.to_cursor()).is_err());
        }

        #[test]
        fn refuses_everything_else(text in ".{0,40}") {
            if let Ok(position) = Position::parse("after", &text) {
                prop_assert_eq!(position.to_cursor(), text);
            }
        }
    }
}
