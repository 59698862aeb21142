//! The store as its users meet it: the real server, over its real channels (design §9).
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests start tasks and make ids on their own, outside the server"
)]

mod access;
mod admin;
mod bad_input;
mod callbacks;
mod chat;
mod crash;
mod documents;
mod echo;
mod faults;
mod feed;
mod hooks;
mod hooks_soak;
mod http;
mod inbound;
mod lifecycle;
mod listeners;
mod oauth;
mod orders;
mod parity;
mod pets;
mod presence;
mod resume_soak;
mod speech;
mod store;
mod store_attempt_cases;
mod store_cases;
mod store_list_cases;
mod store_log_cases;
mod store_resource_cases;
mod store_webhook_cases;
mod storm;
mod support;
mod tenancy;
mod tidy;
mod tools;
mod users;
