//! Envelopes in the form that the Socket.IO library takes over without looking into them, one for all sockets.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::value::RawValue;

use crate::bus::{Form, Published};
use crate::domain::{Error, Result, Seq};
use crate::wire;

/// Events whose envelope is kept. Sockets that are live, or that resume together, are within a few events of each other.
const KEPT: u64 = 256;

/// The envelopes of recent events. A `RawValue` can only be made by parsing, which would otherwise be done for every
/// delivery.
pub(super) struct Envelopes(Box<[Mutex<Slot>]>);

type Slot = Option<(Seq, Arc<RawValue>)>;

impl Envelopes {
    pub fn new() -> Self {
        Self((0..KEPT).map(|_| Mutex::new(None)).collect())
    }

    /// The envelope of an event.
    ///
    /// # Errors
    /// [`Error::Internal`] when the event could not be encoded.
    pub fn of(&self, published: &Published) -> Result<Arc<RawValue>> {
        let seq = published.event.position.seq;
        // Smaller than KEPT, which fits.
        let slot = usize::try_from(seq.0 % KEPT).unwrap_or_default();
        let mut slot = self.0[slot].lock();
        if let Some((kept, envelope)) = slot.as_ref()
            && *kept == seq
        {
            return Ok(envelope.clone());
        }
        let json = published.form(Form::Envelope, wire::event::envelope);
        let envelope: Box<RawValue> = serde_json::from_slice(json).map_err(Error::internal)?;
        let envelope: Arc<RawValue> = envelope.into();
        *slot = Some((seq, envelope.clone()));
        Ok(envelope)
    }
}
