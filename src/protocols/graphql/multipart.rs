//! Requests with files: the form graphql-multipart-request. `operations` comes first, then `map`, then the files that it
//! names, which go to the disk as they come.

use ::http::HeaderMap;
use ::http::request::Parts;
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};

use super::GraphQl;
use super::operation::Params;
use super::types::upload::Upload;
use crate::app::{App, Caller, Received};
use crate::domain::{Error, Result, Violation};

/// Most files of one request.
const MAX_FILES: usize = 4;
/// Longest part that tells where the files belong, in bytes.
const MAX_MAP_BYTES: usize = 4_096;

/// Whether the body is a form with files.
pub fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("multipart/form-data")
}

/// Reads the form. A browser sends forms for any page, so it must be certain that the page was asked first: by a header
/// that no plain form has.
///
/// # Errors
/// [`Error::Forbidden`] without such a header; [`Error::Unauthenticated`] for strangers, whose files nobody wants;
/// [`Error::Malformed`], [`Error::Invalid`] and [`Error::TooLarge`] naming the part.
pub async fn read(graphql: &GraphQl, parts: &Parts, caller: &Caller, body: Body) -> Result<Params> {
    let asked =
        ["authorization", "graphql-require-preflight", "apollo-require-preflight", "x-requested-with"];
    if !asked.iter().any(|name| parts.headers.get(*name).is_some_and(|value| !value.is_empty())) {
        return Err(Error::Forbidden("a form needs the header GraphQL-Require-Preflight, with any value"));
    }
    if caller.principal.identity.is_none() {
        return Err(Error::Unauthenticated("files are taken from users only; send a bearer token"));
    }
    let app = &graphql.0.app;
    // Each mutation has a limit of its own.
    let max_file = app.max_image_bytes().max(app.moderation().limits().max_picture_bytes);
    let max_operations = graphql.0.settings.max_body_bytes;
    let mut request = Request::from_parts(parts.clone(), body);
    let whole = max_file.saturating_mul(MAX_FILES).saturating_add(max_operations).saturating_add(65_536);
    DefaultBodyLimit::max(whole).apply(&mut request);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| Error::malformed("body", "must be multipart/form-data with a boundary"))?;
    let operations = expect(&mut form, "operations", max_operations).await?;
    let mut operations: Value = crate::wire::json::read(&operations)?;
    let map = expect(&mut form, "map", MAX_MAP_BYTES).await?;
    let map: Map<String, Value> = crate::wire::json::read(&map)?;
    let mut files = Vec::new();
    let mut waiting: Vec<(&String, &Value)> = map.iter().collect();
    while let Some(part) = form.next_field().await.map_err(|error| broken(&error))? {
        let name = part.name().unwrap_or_default().to_owned();
        let place = waiting.iter().position(|(known, _)| **known == name);
        let Some(place) = place else {
            return Err(Error::malformed("map", "does not name every file once"));
        };
        if files.len() == MAX_FILES {
            let message = format!("at most {MAX_FILES} files can be sent at once");
            return Err(Error::invalid(Violation::new("map", "too_many", message)));
        }
        let (_, paths) = waiting.swap_remove(place);
        put(&mut operations, paths, files.len())?;
        files.push(receive(app, part, max_file).await?);
    }
    if !waiting.is_empty() {
        return Err(Error::malformed("map", "names files that were not sent"));
    }
    let mut params = Params::read(operations.to_string().as_bytes())?;
    params.files = files;
    Ok(params)
}

/// The next part, which must have that name.
async fn expect(form: &mut Multipart, name: &'static str, max_bytes: usize) -> Result<Bytes> {
    match form.next_field().await.map_err(|error| broken(&error))? {
        Some(part) if part.name() == Some(name) => take(part, name, max_bytes).await,
        _ => Err(Error::malformed(name, "is required: the parts are operations, map, and then the files")),
    }
}

/// Writes a file to the disk as it comes.
async fn receive(app: &App, mut part: Field<'_>, max_bytes: usize) -> Result<Received> {
    let mut file = app.receive_file(max_bytes).await?;
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error))? {
        file.write(&piece).await?;
    }
    file.end().await?;
    Ok(file)
}

async fn take(mut part: Field<'_>, name: &'static str, max_bytes: usize) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + piece.len() > max_bytes {
            return Err(Error::TooLarge { field: name, max_bytes });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// Puts the file of that number where the map says.
fn put(operations: &mut Value, paths: &Value, number: usize) -> Result<()> {
    let refused =
        || Error::malformed("map", "must have a list of paths such as [\"variables.file\"] for each file");
    for path in paths.as_array().ok_or_else(refused)? {
        let path = path.as_str().filter(|path| path.starts_with("variables.")).ok_or_else(refused)?;
        let mut place = &mut *operations;
        for step in path.split('.') {
            let inner = match place {
                Value::Object(members) => members.get_mut(step),
                Value::Array(items) => step.parse().ok().and_then(|index: usize| items.get_mut(index)),
                _ => None,
            };
            place = inner.ok_or_else(|| Error::malformed("map", "leads to no variable of the operation"))?;
        }
        if !place.is_null() {
            return Err(Error::malformed("map", "leads to a variable that is not null"));
        }
        *place = Value::String(Upload::named(number));
    }
    Ok(())
}

fn broken(error: &MultipartError) -> Error {
    if error.status() == ::http::StatusCode::PAYLOAD_TOO_LARGE {
        return Error::malformed("body", "is larger than its files may be");
    }
    Error::malformed("body", "must be whole, and multipart/form-data (RFC 7578)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_put_where_the_map_says_and_nowhere_else() {
        let operations = || json!({ "query": "x", "variables": { "a": null, "b": [null, 1] } });
        let mut found = operations();
        put(&mut found, &json!(["variables.a", "variables.b.0"]), 3).unwrap();
        assert_eq!(found["variables"], json!({ "a": "file 3", "b": ["file 3", 1] }));
        for bad in [
            json!("variables.a"),
            json!(["query"]),
            json!(["variables.c"]),
            json!(["variables.b.1"]),
            json!(["variables.b.9"]),
            json!([1]),
        ] {
            assert!(put(&mut operations(), &bad, 0).is_err(), "{bad}");
        }
    }
}
