//! HTTP as it is meant: what holds for every answer, whichever resource it is about.

mod conditional;
mod kept;
mod limits;
mod negotiation;
mod once;
mod tls;

use http::Method;

use crate::support::{Answer, Api};

/// Sends a request without a body, with more headers.
async fn ask(api: &Api, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = headers
        .iter()
        .fold(api.request(method, path), |request, (name, value)| request.header(*name, *value));
    api.send(request).await
}
