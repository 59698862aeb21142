//! The types of the schema: the domain's, under the names that REST uses.

pub mod chat;
pub mod enums;
pub mod event;
pub mod order;
pub mod payment;
pub mod pet;
pub mod scalars;
pub mod user;
