//! What streaming connections stand on: one TCP connection that a reader and a writer share, and the writers of all
//! connections, which are driven together.
//!
//! A task for each connection that waits for events costs more than the events: the wake-up, its queue, the timers and
//! tokens that it waits for besides. So a connection's task only reads, and keeps time; what goes out is an [`Outbox`],
//! which holds [`Lane`]s, one for each subscription. The hub's wake-up puts the outbox on the list of a [`Pump`], and the
//! pump asks its lanes for everything that waits, and writes that at once, straight to the socket.

mod comeback;
mod frame;
mod half;
mod lane;
mod outbox;
mod pulse;
mod pump;
mod socket;
mod takeover;

pub use comeback::Comeback;
pub use frame::{CloseReason, Payload, close, ping, put_message, put_text};
pub use half::{Half, Through};
pub use lane::{Filled, Lane, ROOM_BYTES};
pub use outbox::{Outbox, Sender};
pub use pulse::{Due, Pulse, PulseSettings, stalled, together};
pub use pump::Pump;
pub use socket::{Carried, Counted, Duplex, OpenSocket, Socket, Stream, Wire};
pub use takeover::{Handover, LAST_CHUNK, Takeable, Takeover, put_chunk};
