//! Uploaded images.

use serde::Serialize;

use crate::domain::image::PetImage;

/// How an operation without a resource of its own went (contract §3).
#[derive(Clone, Debug, Serialize)]
pub struct ApiResponse {
    pub code: u16,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub message: String,
    pub success: bool,
}

impl ApiResponse {
    /// An image was stored, and is served at `url`.
    pub fn image_stored(image: &PetImage, url: &str) -> Self {
        let info = &image.info;
        let message =
            format!("{} of {} bytes, {}×{}: {url}", info.media_type, info.bytes, info.width, info.height);
        Self { code: 201, kind: "success", message, success: true }
    }
}
