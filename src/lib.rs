//! Petstore Live: one store, every protocol, every change live, nothing lost.
//!
//! ARCHITECTURE.md tells how the layers fit; `tests/it/tidy.rs` holds them to it.

pub mod app;
pub mod bus;
pub mod chat;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod images;
pub mod integrations;
pub mod keyfile;
pub mod protocols;
pub mod schema;
pub mod seed;
pub mod server;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod webhook;
pub mod wire;
