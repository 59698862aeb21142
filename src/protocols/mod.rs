//! The protocols: each decodes a request, makes one call of `app`, and encodes the answer. Nothing is decided here.

pub mod batches;
pub mod chat;
pub mod deflate;
pub mod documents;
pub mod echo;
pub mod edge;
pub mod etag;
pub mod graphql;
pub mod health;
pub mod http;
pub mod link;
pub mod oauth;
pub mod pages;
pub mod rest;
pub mod socketio;
pub mod sse;
pub mod upgrade;
pub mod websocket;
