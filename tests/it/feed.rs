//! The feed's promise: every subscriber sees every event that it may see, in order, by presenting the last cursor.

mod deliveries;
mod lag;
mod refusals;
mod resume;
