//! The protocols: each decodes a request, makes one call of `app`, and encodes the answer. Nothing is decided here.

pub mod http;
pub mod rest;
pub mod sse;
pub mod upgrade;
pub mod websocket;
