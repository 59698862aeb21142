//! `/pets/{id}/images`: multipart in, files out.

use ::http::{HeaderValue, StatusCode, header};
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use tokio_util::io::ReaderStream;

use super::extract::{By, Id};
use super::once::once;
use super::{Rest, Told, created};
use crate::app::{App, Upload};
use crate::domain::image::{MAX_METADATA, PetImage};
use crate::domain::{Error, ImageId, PetId, Result, Tenant, Violation};
use crate::wire::image::ApiResponse;

/// What a multipart body has beside the file, in bytes: the note, and what parts it from the file.
const OVERHEAD_BYTES: usize = 65_536;
/// Bytes that are read from a file at a time.
const PIECE_BYTES: usize = 65_536;
/// An image never changes: its id is all that there is to know.
const FOREVER: &str = "max-age=31536000, immutable";

/// uploadPetImage, with a limit of its own for the body.
pub fn upload_route(app: &App) -> MethodRouter<Rest> {
    let limit = app.max_image_bytes().saturating_add(OVERHEAD_BYTES);
    axum::routing::post(upload).layer(DefaultBodyLimit::max(limit))
}

async fn upload(State(rest): State<Rest>, By(mut caller): By, id: Id, request: Request) -> Told {
    let pet = PetId::parse_address("id", &id.0)?;
    // Who may not, or not here, is told before anything is read.
    let mut upload = rest.app.begin_image(&caller, pet).await?;
    let mut parts = Multipart::from_request(request, &rest).await.map_err(|error| unreadable(&error))?;
    let max_bytes = rest.app.max_image_bytes();
    let (mut has_file, mut metadata) = (false, None);
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error, max_bytes))? {
        match part.name() {
            Some("file") if !has_file => {
                has_file = true;
                take_file(part, &mut upload, max_bytes).await?;
            }
            Some("additionalMetadata") if metadata.is_none() => {
                metadata = Some(take_note(part, max_bytes).await?);
            }
            name => return Err(refuse_part(name).into()),
        }
    }
    if !has_file {
        return Err(Error::invalid(Violation::required("file")).into());
    }
    let public_url = rest.app.settings().public_url.clone();
    let encode = move |image: &PetImage| {
        let url = format!("{public_url}{}", image.path());
        let mut response = created(&image.path(), &ApiResponse::image_stored(image, &url));
        // What is at the address is the image, which has a tag of its own.
        response.headers_mut().remove(header::ETAG);
        response
    };
    // Another image is another request.
    let claim = caller.terms.claim.take();
    caller.terms.claim = claim.map(|claim| claim.to(&upload.digest(metadata.as_deref())));
    once(&rest, caller, encode, async |caller| rest.app.keep_image(caller, upload, metadata).await).await
}

async fn take_file(mut part: Field<'_>, upload: &mut Upload, max_bytes: usize) -> Result<()> {
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error, max_bytes))? {
        upload.write(&piece).await?;
    }
    Ok(())
}

/// The one file of a form that has nothing else, up to `max_bytes`.
pub(super) async fn one_file(request: Request, max_bytes: usize) -> Result<Vec<u8>> {
    let mut parts = Multipart::from_request(request, &()).await.map_err(|error| unreadable(&error))?;
    let mut file = None;
    while let Some(mut part) = parts.next_field().await.map_err(|error| broken(&error, max_bytes))? {
        if part.name() != Some("file") || file.is_some() {
            let shown = part.name().unwrap_or("body").chars().filter(|c| !c.is_control()).take(40);
            let shown: String = shown.collect();
            return Err(Error::invalid(Violation::new(
                shown,
                "unknown_field",
                "must be one part, named file",
            )));
        }
        let mut bytes = Vec::new();
        while let Some(piece) = part.chunk().await.map_err(|error| broken(&error, max_bytes))? {
            if bytes.len() + piece.len() > max_bytes {
                return Err(Error::TooLarge { field: "file", max_bytes });
            }
            bytes.extend_from_slice(&piece);
        }
        file = Some(bytes);
    }
    file.ok_or_else(|| Error::invalid(Violation::required("file")))
}

async fn take_note(mut part: Field<'_>, max_bytes: usize) -> Result<String> {
    let mut note = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|error| broken(&error, max_bytes))? {
        // Four bytes are the longest character.
        if note.len() + piece.len() > MAX_METADATA * 4 {
            let message = format!("must be at most {MAX_METADATA} characters long");
            return Err(Error::invalid(Violation::new("additionalMetadata", "length", message)));
        }
        note.extend_from_slice(&piece);
    }
    String::from_utf8(note).map_err(|_| Error::malformed("additionalMetadata", "must be UTF-8"))
}

/// A part that is not known here, or was there before.
fn refuse_part(name: Option<&str>) -> Error {
    let shown: String = name.unwrap_or_default().chars().filter(|c| !c.is_control()).take(40).collect();
    Error::invalid(match name {
        Some("file" | "additionalMetadata") => Violation::new(shown, "duplicate_field", "is given twice"),
        Some(_) => {
            Violation::new(shown, "unknown_field", "is not known here; allowed: file, additionalMetadata")
        }
        None => Violation::new(
            "body",
            "unnamed_part",
            "must have parts with a name; allowed: file, additionalMetadata",
        ),
    })
}

fn unreadable(rejection: &MultipartRejection) -> Error {
    match rejection {
        MultipartRejection::InvalidBoundary(_) => {
            Error::UnsupportedMediaType("multipart/form-data with a boundary")
        }
        _ => Error::malformed("body", "must be multipart/form-data"),
    }
}

fn broken(error: &MultipartError, max_bytes: usize) -> Error {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Error::TooLarge { field: "file", max_bytes }
    } else {
        Error::malformed("body", "must be whole, and multipart/form-data (RFC 7578)")
    }
}

/// getPetImage
pub async fn get(State(rest): State<Rest>, By(caller): By, Id((pet, id)): Id<(String, String)>) -> Told {
    let (pet, id) = (PetId::parse_address("id", &pet)?, ImageId::parse_address("imageId", &id)?);
    let (image, file) = rest.app.get_image(&caller.principal, pet, id).await?;
    let audience = if image.tenant == Tenant::PUBLIC { "public" } else { "private" };
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(file, PIECE_BYTES)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(image.info.media_type.name()));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(image.info.bytes));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in [
        (header::CACHE_CONTROL, format!("{audience}, {FOREVER}")),
        (header::ETAG, format!("\"{}\"", image.id)),
        (header::VARY, "authorization, x-tenant-id".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Ok(response.into_response())
}
